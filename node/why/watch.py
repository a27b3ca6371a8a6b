"""Gathers the facts of one node whenever somebody asks. To be asked in the node's event loop."""

import shutil
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from consensus.messages import NIL
from consensus.settings import ConsensusSettings
from consensus.status import DriverStatus
from node.executor import BUILD_BYTES_MAX, Executor
from node.peer_troubles import Troubles
from node.why.diagnosis import Diagnosis, Divergence, Peer
from node.why.facts import (
    DivergenceFacts,
    Facts,
    PoolFacts,
    Position,
    Stopped,
    ValidatorFacts,
)
from node.why.stopped import last_stop

DIVERGENCE_SHOWN_SECONDS = 3600
HASH_DIGITS_SHOWN = 16
COMMITS_KEPT = 100


class Agreement(Protocol):
    """What is needed of the consensus driver."""

    def status(self) -> DriverStatus:
        """Where agreement stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of the node that are asked."""

    executor: Executor
    driver: Agreement
    troubles: Troubles
    diagnosis: Diagnosis
    settings: ConsensusSettings
    home: Path
    own_key: bytes
    names: Mapping[bytes, str]
    """Names of validators by key, ours included, as far as configured."""


def key_id(public_key: bytes) -> str:
    """The short form of a key that stands in logs, too."""
    return public_key[1:9].hex()


def position_of(status: DriverStatus) -> Position:
    """Where this node stands, as it tells its peers."""
    return Position(status.height, status.round, status.step, not status.not_signing)


class Watch:
    """Facts on demand."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._started = time.monotonic()
        self._commits: deque[float] = deque(maxlen=COMMITS_KEPT)
        self._stopped: Stopped | None = last_stop(parts.home, time.time_ns() // 1_000_000)
        self.fault = ""
        """Why this node is stopping."""
        parts.executor.on_commit(self._committed)

    def facts(self) -> Facts:
        """What is known now."""
        parts, status = self._parts, self._parts.driver.status()
        parameters = parts.executor.genesis.parameters
        members = parts.executor.validators(status.height)
        target_from, target = max(
            status.peers.items(), key=lambda peer: (peer[1], peer[0]), default=(b"", 0)
        )
        return Facts(
            committed=parts.executor.height(),
            round=status.round,
            step=status.step,
            waiting=status.waiting,
            proposer=self.label(status.proposer),
            has_proposal=status.has_proposal,
            late_proposal=status.late_proposal,
            refusal=status.refusal,
            validators=self._validators(status),
            quorum=members.quorum,
            block_age_ms=int(1000 * (time.monotonic() - self._last_commit())),
            interval_ms=parameters.block_interval_ms,
            patience_ms=self._patience_ms(),
            clock_drift_ms=parameters.clock_drift_ms,
            target=target,
            target_from=self.label(target_from),
            pool=self._pool(),
            divergences=self._divergences(status.height),
            not_signing=status.not_signing,
            suspects=status.suspects,
            quarantined=tuple(one.hex() for one in status.quarantined),
            double_votes=status.double_votes,
            strangers=parts.troubles.strangers(),
            disk_free_bytes=self._disk_free(),
            fault=self.fault,
            stopped=self._stopped,
        )

    def label(self, key: bytes) -> str:
        """A validator's configured name, or the short form of its key."""
        return self._parts.names.get(key) or key_id(key)

    # ---- parts of it

    def _validators(self, status: DriverStatus) -> tuple[ValidatorFacts, ...]:
        members = self._parts.executor.validators(status.height).validators
        return tuple(self._validator(one.public_key, one.power, status) for one in members)

    def _validator(self, key: bytes, power: int, status: DriverStatus) -> ValidatorFacts:
        own = key == self._parts.own_key
        known = self._parts.diagnosis.peers.get(key, Peer())
        offset = known.clock.offset() if known.connected else None
        trouble = None if own else self._parts.troubles.of(key)
        heard_ms = int(1000 * (time.monotonic() - known.heard)) if known.heard else None
        return ValidatorFacts(
            label=self.label(key),
            key_id=key_id(key),
            power=power,
            own=own,
            connected=own or known.connected,
            position=position_of(status) if own else known.position,
            heard_ms=0 if own else heard_ms,
            prevote=_vote(status.prevotes, key),
            precommit=_vote(status.precommits, key),
            offset_ms=offset.offset_ms if offset else None,
            error_ms=offset.error_ms if offset else 0,
            trouble=trouble.code if trouble else "",
            detail=trouble.detail if trouble else "",
        )

    def _pool(self) -> PoolFacts:
        executor = self._parts.executor
        pool, parameters = executor.pool, executor.genesis.parameters
        oldest = pool.oldest()
        if oldest is None:
            return PoolFacts(limit=pool.limits.max_count)
        waiting, since = oldest
        waited_ms = int(1000 * (time.monotonic() - since))
        operations_max = parameters.max_block_operations
        bytes_max = min(parameters.max_block_bytes, BUILD_BYTES_MAX)
        ahead = per_block = 0
        if waited_ms > self._patience_ms():
            next_block = [one.tx_hash for one in pool.take(operations_max, bytes_max)]
            per_block = len(next_block)
            ahead = 0 if waiting.tx_hash in next_block else per_block
        return PoolFacts(
            count=len(pool),
            limit=pool.limits.max_count,
            oldest=waiting.tx_hash.hex(),
            oldest_ms=waited_ms,
            too_large=waiting.operations > operations_max or len(waiting.raw) > bytes_max,
            ahead=ahead,
            blocks=sum(at > since for at in self._commits),
            per_block=per_block,
        )

    def _divergences(self, height: int) -> tuple[DivergenceFacts, ...]:
        """The newest with each other node that are not too old to matter."""
        since = time.monotonic() - DIVERGENCE_SHOWN_SECONDS
        kept = [one for one in self._parts.diagnosis.divergences.values() if one.at > since]
        # One whose keys are known says more than a newer one that is still being compared.
        kept.sort(key=lambda one: (one.compared, one.height, one.at))
        newest = {one.other: one for one in kept}
        members = self._parts.executor.validators(height).validators
        powers = {one.public_key: one.power for one in members}
        return tuple(self._divergence(one, kept, powers) for one in newest.values())

    def _divergence(
        self, one: Divergence, kept: Sequence[Divergence], powers: Mapping[bytes, int]
    ) -> DivergenceFacts:
        same_block = [other for other in kept if other.block_hash == one.block_hash]
        if one.told:
            # They differ from us and the proposal; all who told us something else stand together.
            against = tuple(other.other for other in same_block if other.told)
            here = 2 * _power(powers, against) > sum(powers.values())
            side = "here" if here else "there"
        else:
            against = one.agreeing
            ours = _power(powers, (*one.alike, self._parts.own_key))
            theirs = _power(powers, against)
            heard = bool(against or one.alike)
            side = "here" if theirs > ours else "there" if ours > theirs and heard else "unclear"
        part = 0 if one.theirs[0] != one.ours[0] else 1
        return DivergenceFacts(
            height=one.height,
            side=side,
            validator=self.label(one.other),
            part=("state_root", "receipts_root")[part],
            expected=one.theirs[part].hex()[:HASH_DIGITS_SHOWN],
            got=one.ours[part].hex()[:HASH_DIGITS_SHOWN],
            key=one.keys[0] if one.keys else "",
            keys=one.found,
            agreeing=tuple(self.label(peer) for peer in against),
            compared=one.compared,
        )

    # ---- helpers

    def _committed(self, height: int, tx_hashes: tuple[bytes, ...]) -> None:
        self._commits.append(time.monotonic())

    def _last_commit(self) -> float:
        return self._commits[-1] if self._commits else self._started

    def _patience_ms(self) -> int:
        """Two rounds that decide nothing, and a second for what else takes time."""
        settings = self._parts.settings
        first = (
            settings.timeout_propose_ms
            + settings.timeout_prevote_ms
            + settings.timeout_precommit_ms
        )
        growth = (
            settings.timeout_propose_delta_ms
            + settings.timeout_prevote_delta_ms
            + settings.timeout_precommit_delta_ms
        )
        return 2 * first + growth + 1000

    def _disk_free(self) -> int | None:
        try:
            return shutil.disk_usage(self._parts.home).free
        except OSError:
            return None


def _vote(votes: Mapping[bytes, bytes], key: bytes) -> str:
    vote = votes.get(key)
    if vote is None:
        return ""
    return "nil" if vote == NIL else vote.hex()[:HASH_DIGITS_SHOWN]


def _power(powers: Mapping[bytes, int], keys: Sequence[bytes]) -> int:
    return sum(powers.get(key, 0) for key in dict.fromkeys(keys))
