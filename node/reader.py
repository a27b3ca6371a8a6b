"""Reads of what is committed, as the services answer them: every state comes with its proof.

One read stands at one height: header, certificate, value, proof and trace belong together even
while the next block is committed. Safe to use from any thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.codes import OBJECT_NOT_FOUND
from contracts.state_view import StateView
from faults import Rejected
from ledger.block import Header
from ledger.certificate import Certificate
from ledger.evidence import LineageStep, StateEvidence
from ledger.limits import HASH_BYTES, STATE_KEY_BYTES_MAX, STATE_LINEAGE_MAX
from ledger.receipt import Receipt
from ledger.records import to_json
from ledger.validators import ValidatorSet
from node.block_store import StoredEvent
from node.codes import BLOCK_NOT_FOUND, RECEIPT_NOT_FOUND, REQUEST_INVALID
from node.executor import Executor
from proto import services_pb2 as pb
from proto.transaction_pb2 import Transaction


@dataclass(frozen=True, slots=True)
class Certified:
    """A committed height with what proves it."""

    height: int
    block_hash: bytes
    header: Header
    certificate: Certificate


class _AtHeight:
    """The state tree at one height, as contracts read it."""

    def __init__(self, executor: Executor, height: int) -> None:
        self._executor = executor
        self._height = height

    def get(self, key: str) -> bytes | None:
        return self._executor.tree.get(key, self._height)


class Reader:
    """The committed reads of one node."""

    def __init__(
        self, executor: Executor, node_name: str, peers: Callable[[], int] = lambda: 0
    ) -> None:
        """`peers` answers how many peers are connected."""
        self._executor = executor
        self._store = executor.store
        self._node_name = node_name
        self._peers = peers
        self.http_address = ""

    def newest(self) -> Certified | None:
        """The newest committed height; None before the first block."""
        return self._certified(self._executor.height())

    def _certified(self, height: int) -> Certified | None:
        found, certificate = self._store.header(height), self._store.certificate(height)
        if found is None or certificate is None:
            return None
        return Certified(height, found[0], found[1], certificate)

    def status(self) -> pb.StatusReply:
        """Where the node stands."""
        genesis, newest = self._executor.genesis, self.newest()
        height = newest.height if newest else 0
        return pb.StatusReply(
            chain_id=genesis.chain_id,
            suite=genesis.suite,
            height=height,
            block_hash=newest.block_hash if newest else self._executor.genesis_hash,
            state_root=newest.header.state_root if newest else self._executor.tree.root(0),
            block_time_ms=newest.header.time_ms if newest else genesis.time_ms,
            validators=len(self._executor.validators(height + 1)),
            peers=self._peers(),
            pool=self._executor.pool_size(),
            http_address=self.http_address,
            node_name=self._node_name,
        )

    def block(self, height: int) -> pb.BlockReply:
        """The block at `height` (0 = newest); Rejected(BLOCK_NOT_FOUND)."""
        wanted = height or self._executor.height()
        found, stored = self._executor.block(wanted), self._store.header(wanted)
        if found is None or stored is None:
            raise self._no_block(wanted)
        block, certificate = found
        return pb.BlockReply(
            header=block.header.encode(),
            certificate=certificate.encode(),
            transactions=[Transaction.FromString(raw) for raw in block.transactions],
            height=wanted,
            block_hash=stored[0],
        )

    def _no_block(self, height: int) -> Rejected:
        newest, base = self._executor.height(), self._store.base()
        if base is None or height >= base.height:
            return Rejected(BLOCK_NOT_FOUND, height=height, newest=newest)
        reason = f"this node began from the snapshot of height {base.height}: ask another node"
        return Rejected(
            BLOCK_NOT_FOUND, height=height, newest=newest, oldest=base.height, reason=reason
        )

    def state(self, key: str, trusted_height: int | None = None) -> pb.StateReply:
        """The leaf at `key`, or its absence, with the proof under the newest certified header.

        For a light client at `trusted_height` the proof carries the changes of validators since;
        Rejected(REQUEST_INVALID) when those are more than one proof may carry.
        """
        newest = self.newest()
        lineage: tuple[LineageStep, ...] = ()
        if newest is not None and trusted_height is not None:
            lineage = self.lineage(trusted_height, newest.height)
            if len(lineage) > STATE_LINEAGE_MAX:
                reason = f"more than {STATE_LINEAGE_MAX} changes of validators ago"
                raise Rejected(REQUEST_INVALID, trusted_height=trusted_height, reason=reason)
        return self._state_at(check_key(key), newest, lineage)

    def committed(self) -> tuple[int, StateView]:
        """The newest committed height and the state as it stands there."""
        height = self._executor.height()
        return height, StateView(_AtHeight(self._executor, height))

    def state_at(self, key: str, height: int) -> pb.StateReply:
        """The leaf at `key` at a committed height that is not long past, with its proof."""
        return self._state_at(check_key(key), self._certified(height))

    def lineage(self, trusted_height: int, height: int) -> tuple[LineageStep, ...]:
        """The changes of validators from a trusted height up to the set that decided `height`."""
        history = self._executor.validator_history
        return tuple(
            self._step(announcing, validators)
            for announcing, validators in history.announced(trusted_height, height)
        )

    def _step(self, height: int, validators: ValidatorSet) -> LineageStep:
        found, certificate = self._store.header(height), self._store.certificate(height)
        if found is None or certificate is None:
            raise Rejected(BLOCK_NOT_FOUND, height=height, newest=self._executor.height())
        return LineageStep(found[1], certificate, validators)

    def trace(self, key: str) -> pb.TraceReply:
        """All events of the object and the proof of its record; Rejected(OBJECT_NOT_FOUND)."""
        newest = self.newest()
        state = self._state_at(check_key(key), newest)
        events = self.events(key, newest.height if newest else 0)
        if not events and not state.found:
            raise Rejected(OBJECT_NOT_FOUND, object=key)
        shown = [
            pb.TraceEvent(
                index=index,
                event=one.event,
                event_json=to_json(one.event),
                height=one.height,
                tx_hash=one.tx_hash,
            )
            for index, one in enumerate(events)
        ]
        return pb.TraceReply(events=shown, state=state)

    def events(self, key: str, height: int) -> Sequence[StoredEvent]:
        """The object's events up to `height`, oldest first."""
        return [one for one in self._store.events(key) if one.height <= height]

    def receipt(self, tx_hash: bytes) -> pb.ReceiptReply:
        """The receipts of a committed transaction; Rejected(RECEIPT_NOT_FOUND)."""
        found = self.receipt_if_committed(tx_hash)
        if found is None:
            raise Rejected(RECEIPT_NOT_FOUND, tx_hash=tx_hash.hex())
        return found

    def receipt_if_committed(self, tx_hash: bytes) -> pb.ReceiptReply | None:
        """The receipts, or None while the transaction is not committed."""
        if len(tx_hash) != HASH_BYTES:
            raise Rejected(REQUEST_INVALID, tx_hash=f"{HASH_BYTES} bytes are expected")
        place, receipts = self._store.place(tx_hash), self._store.receipts(tx_hash)
        if place is None or receipts is None:
            return None
        return pb.ReceiptReply(
            tx_hash=tx_hash, height=place[0], operations=[_shown(one) for one in receipts]
        )

    def state_evidence(
        self, key: str, at: Certified, lineage: tuple[LineageStep, ...] = ()
    ) -> StateEvidence:
        """The leaf at `key` with everything that proves it at that height."""
        return StateEvidence(
            header=at.header,
            certificate=at.certificate,
            key=check_key(key),
            value=self._executor.tree.get(key, at.height),
            proof=self._executor.tree.prove(key, at.height),
            lineage=lineage,
        )

    def _state_at(
        self, key: str, newest: Certified | None, lineage: tuple[LineageStep, ...] = ()
    ) -> pb.StateReply:
        height = newest.height if newest else 0
        value = self._executor.tree.get(key, height)
        proof = self.state_evidence(key, newest, lineage).encode() if newest else b""
        return pb.StateReply(
            value=value or b"",
            found=value is not None,
            record_json=b"" if value is None else to_json(value),
            proof=proof,
            height=height,
        )


def check_key(key: str) -> str:
    """The key itself; Rejected(REQUEST_INVALID) unless it has a state key's size."""
    if not 1 <= len(key.encode()) <= STATE_KEY_BYTES_MAX:
        raise Rejected(REQUEST_INVALID, key=f"1 to {STATE_KEY_BYTES_MAX} bytes are expected")
    return key


def _shown(receipt: Receipt) -> pb.OperationReceipt:
    return pb.OperationReceipt(
        code=receipt.code, result=receipt.result, fields=dict(receipt.fields)
    )
