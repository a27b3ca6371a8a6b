"""The light client: what one chain remembers of another in order to check its headers.

It follows validator sets one announced change at a time and freezes when two certified hashes of
one height are shown to it: then more than a third of the other chain's power has lied.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from crypto.suites import suite as suite_of
from faults import Rejected
from ledger.block import Header
from ledger.certificate import Certificate, verify_header
from ledger.codes import BAD_CERTIFICATE, BAD_PROOF, CLIENT_FROZEN, UNKNOWN_VALIDATORS
from ledger.lineage import LineageStep
from ledger.records import Record
from ledger.state_evidence import StateEvidence, check_state_proof
from ledger.validators import ValidatorSet


class LightClientState(Record, frozen=True, kw_only=True):
    """The newest header known of a chain, and who may sign the next one.

    validators: the encoded set that decided the newest header (at height 0: that decides block 1).
    next_validators_hash: the set announced for the block after it. recent: up to RECENT_MAX pairs
    (height, block hash) seen, ascending, against which conflicts are noticed. time_ms: block time.
    """

    chain_id: str
    suite: str
    genesis_hash: bytes
    validators: bytes
    next_validators_hash: bytes
    height: int
    block_hash: bytes
    time_ms: int
    frozen: bool
    recent: tuple[tuple[int, bytes], ...]


RECENT_MAX = 16


@dataclass(frozen=True, slots=True)
class Proved:
    """A client after evidence was shown to it, and the value proved (None: proved absent).

    When `client.frozen` is set the evidence conflicts with what was known: nothing is proved.
    """

    client: LightClientState
    value: bytes | None
    header: Header


def initial_client(
    chain_id: str, suite: str, genesis_hash: bytes, validators: ValidatorSet
) -> LightClientState:
    """A client that trusts `validators` to decide block 1 of `chain_id`."""
    return LightClientState(
        chain_id=chain_id,
        suite=suite,
        genesis_hash=genesis_hash,
        validators=validators.encode(),
        next_validators_hash=validators.hash(suite_of(suite)),
        height=0,
        block_hash=genesis_hash,
        time_ms=0,
        frozen=False,
        recent=(),
    )


def update(
    state: LightClientState,
    header: Header,
    certificate: Certificate,
    next_validators: ValidatorSet | None = None,
) -> LightClientState:
    """The client after a certified header; an older header changes nothing but `recent`.

    `next_validators` is needed for the first header of an announced new set. A conflicting hash
    gives a frozen client. Raises Rejected: CLIENT_FROZEN, BAD_CERTIFICATE, UNKNOWN_VALIDATORS.
    """
    if state.frozen:
        raise Rejected(CLIENT_FROZEN, chain=state.chain_id)
    if header.chain_id != state.chain_id:
        raise Rejected(BAD_CERTIFICATE, reason="header of another chain", chain=state.chain_id)
    suite = suite_of(state.suite)
    validators = _set_for(state, header, next_validators)
    block_hash = verify_header(suite, validators, header, certificate)
    known = dict(state.recent).get(header.height)
    if known is not None and known != block_hash:
        return msgspec.structs.replace(state, frozen=True)
    recent = state.recent if known else _remember(state.recent, header.height, block_hash)
    if header.height <= state.height:
        return msgspec.structs.replace(state, recent=recent)
    if header.time_ms <= state.time_ms:  # time rises with height, so one of the two is a lie
        return msgspec.structs.replace(state, frozen=True)
    return msgspec.structs.replace(
        state,
        validators=validators.encode(),
        next_validators_hash=header.next_validators_hash,
        height=header.height,
        block_hash=block_hash,
        time_ms=header.time_ms,
        recent=recent,
    )


def read_proved(
    state: LightClientState,
    evidence: bytes,
    key: str,
    next_validators: ValidatorSet | None = None,
) -> Proved:
    """Check StateEvidence bytes about `key` (an outbox or receipt leaf) and learn from its header.

    The evidence's lineage is followed first. Raises Rejected: MALFORMED, BAD_PROOF, and what
    `update` raises.
    """
    decoded = StateEvidence.decode(evidence)
    if decoded.key != key:
        raise Rejected(BAD_PROOF, reason="evidence is about another key")
    if state.frozen:
        raise Rejected(CLIENT_FROZEN, chain=state.chain_id)
    client, announced = follow(state, decoded.lineage, decoded.header.height)
    if not client.frozen:
        following = announced or next_validators
        client = update(client, decoded.header, decoded.certificate, following)
    if client.frozen:
        return Proved(client, None, decoded.header)
    check_state_proof(suite_of(state.suite), decoded)
    return Proved(client, decoded.value, decoded.header)


def follow(
    state: LightClientState, lineage: Sequence[LineageStep], before: int
) -> tuple[LightClientState, ValidatorSet | None]:
    """The client after the lineage's headers, and the set that the last one announced.

    Steps below the client's height tell it nothing and are passed over; all must be below height
    `before` and ascend. Raises Rejected: BAD_PROOF, and what `update` raises.
    """
    announced: ValidatorSet | None = None
    height = 0
    for step in lineage:
        if not height < step.header.height < before:
            raise Rejected(BAD_PROOF, reason="the lineage does not ascend to the header")
        height = step.header.height
        if height < state.height:
            continue
        state = update(state, step.header, step.certificate, announced)
        if state.frozen:
            return state, None
        announced = step.next_validators
        if announced.hash(suite_of(state.suite)) != step.header.next_validators_hash:
            raise Rejected(BAD_PROOF, reason="a validator set is not the announced one")
    return state, announced


def _set_for(
    state: LightClientState, header: Header, next_validators: ValidatorSet | None
) -> ValidatorSet:
    """The set to check a header with: the current one, or the announced one for a later header."""
    suite = suite_of(state.suite)
    current = ValidatorSet.decode(state.validators)
    if header.validators_hash == current.hash(suite):
        return current
    announced = header.validators_hash == state.next_validators_hash
    if not announced or header.height <= state.height or next_validators is None:
        raise Rejected(UNKNOWN_VALIDATORS, chain=state.chain_id, height=header.height)
    return next_validators


def _remember(
    recent: tuple[tuple[int, bytes], ...], height: int, block_hash: bytes
) -> tuple[tuple[int, bytes], ...]:
    return tuple(sorted((*recent, (height, block_hash)))[-RECENT_MAX:])
