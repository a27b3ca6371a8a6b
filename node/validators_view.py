"""Who decides blocks, and whom of them this node hears: the pre-flight of a change of validators.

A member counts as live when this node is it and signs, or when it is connected, was heard within
the last seconds, signs, and stands no more than a few blocks behind. What a node sees is put into a
proposal as its organisation's report; the contract refuses a change that the reported could stop.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from contracts.governance.records import VALIDATORS_KEY, KeyRecord, ValidatorsRecord, key_key
from ledger.records import decode
from node.executor import Executor
from node.why.diagnosis import Peer
from node.why.facts import SILENT_MS
from proto import services_pb2 as pb

BEHIND_MAX = 10
"""Blocks that a live member may stand behind us."""


class Signing(Protocol):
    """What is needed of the consensus driver."""

    @property
    def signing_record(self) -> bytes:
        """The id of this node's record of what it signed."""
        ...


class ValidatorsView:
    """Answers the rpc `Validators`; to be asked in the node's event loop."""

    def __init__(
        self,
        executor: Executor,
        node_key: bytes,
        driver: Signing,
        peers: Mapping[bytes, Peer],
        clock: Callable[[], float],
    ) -> None:
        """`peers`: what the diagnosis heard of each; `clock`: monotonic seconds, as it uses."""
        self._executor = executor
        self._node_key = node_key
        self._driver = driver
        self._peers = peers
        self._clock = clock

    def reply(self) -> pb.ValidatorsReply:
        """The members of the set in force and of the pending one, by key, and connected others."""
        executor = self._executor
        height = executor.height()
        raw = executor.tree.get(VALIDATORS_KEY)
        record = decode(ValidatorsRecord, raw) if raw is not None else None
        powers = _powers(executor, height + 1)
        pending = _powers(executor, height + 2)
        keys = sorted({*powers, *pending, self._node_key, *self._connected()})
        return pb.ValidatorsReply(
            height=height,
            version=record.version if record else 0,
            next_height=record.next_height if record else 1,
            validators=[self._status(key, height, powers, pending) for key in keys],
            node_key=self._node_key,
            signing_record=self._driver.signing_record,
            admitted=self._admitted(height + 1),
        )

    def _status(
        self, key: bytes, height: int, powers: dict[bytes, int], pending: dict[bytes, int]
    ) -> pb.ValidatorStatus:
        raw = self._executor.tree.get(key_key(key))
        return pb.ValidatorStatus(
            public_key=key,
            power=powers.get(key, 0),
            pending_power=pending.get(key, 0),
            epoch=decode(KeyRecord, raw).epoch if raw is not None else 0,
            live=self._live(key, height),
        )

    def _live(self, key: bytes, height: int) -> bool:
        if key == self._node_key:
            return self._admitted(height + 1) or self._executor.tree.get(key_key(key)) is None
        peer = self._peers.get(key)
        if peer is None or not peer.connected or peer.position is None:
            return False
        fresh = 1000 * (self._clock() - (peer.heard or 0)) <= SILENT_MS
        return fresh and peer.position.signs and peer.position.height + BEHIND_MAX > height

    def _admitted(self, height: int) -> bool:
        record = self._executor.signing_record(self._node_key, height)
        return record == self._driver.signing_record

    def _connected(self) -> list[bytes]:
        return [key for key, peer in self._peers.items() if peer.connected]


def _powers(executor: Executor, height: int) -> dict[bytes, int]:
    return {one.public_key: one.power for one in executor.validators(height).validators}
