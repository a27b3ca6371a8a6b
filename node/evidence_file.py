"""The evidence file of an object, gathered from this node's store for `yilian verify`.

The record, its whole trace and the state proof always; the transactions of the trace with their
receipts and paths as long as they fit, newest first: completeness never depends on them.
"""

from collections.abc import Iterator, Sequence

from contracts.codes import OBJECT_NOT_FOUND
from faults import Rejected, invariant
from ledger.block import Block
from ledger.evidence import TransactionPart, build_evidence, lineage_part, transaction_part
from ledger.merkle import log_path
from ledger.receipt import Receipt
from ledger.transaction import body_hash
from node.block_store import StoredEvent
from node.executor import Executor
from node.reader import Certified, Reader, check_key
from proto.transaction_pb2 import Transaction

TRANSACTIONS_MAX = 256
TRANSACTION_BYTES_MAX = 8 * 1024 * 1024
"""Bytes of all transactions in one file, before they become hexadecimal."""


def evidence_file(executor: Executor, reader: Reader, key: str, trusted_height: int = 0) -> bytes:
    """The file's bytes; Rejected REQUEST_INVALID, OBJECT_NOT_FOUND (also before block 1).

    It carries the changes of validators since the checkpoint at `trusted_height` (0 = genesis).
    """
    check_key(key)
    newest = reader.newest()
    state = reader.state_evidence(key, newest) if newest else None
    if newest is None or state is None or state.value is None:
        raise Rejected(OBJECT_NOT_FOUND, object=key)
    events = reader.events(key, newest.height)
    parts = _transactions(executor, newest, events)
    lineage = [
        lineage_part(one.header, one.certificate, one.next_validators)
        for one in reader.lineage(trusted_height, newest.height)
    ]
    return build_evidence(executor.suite, state, [one.event for one in events], parts, lineage)


def _transactions(
    executor: Executor, newest: Certified, events: Sequence[StoredEvent]
) -> list[TransactionPart]:
    """The trace's transactions, oldest first."""
    parts: list[TransactionPart] = []
    size = 0
    for tx_hash in _newest_first(events):
        place = executor.store.place(tx_hash)
        if place is None:  # older than the snapshot that this store began from
            break
        height, index = place
        block = executor.store.block(height)
        if block is None or len(parts) == TRANSACTIONS_MAX:
            break
        size += len(block.transactions[index])
        if size > TRANSACTION_BYTES_MAX:
            break
        parts.append(_part(executor, newest, block, index))
    return parts[::-1]


def _newest_first(events: Sequence[StoredEvent]) -> Iterator[bytes]:
    yield from dict.fromkeys(one.tx_hash for one in reversed(events))


def _part(executor: Executor, newest: Certified, block: Block, index: int) -> TransactionPart:
    height = block.header.height
    path = (
        log_path(executor.suite.hash, height, newest.height, executor.store.log_node)
        if height < newest.height
        else ()
    )
    receipts = block_receipts(executor, block)
    return transaction_part(executor.suite, block, receipts, index, path)


def block_receipts(executor: Executor, block: Block) -> list[Receipt]:
    """All receipts of a committed block, in the order of its receipts root."""
    found: list[Receipt] = []
    for raw in block.transactions:
        tx_hash = body_hash(executor.suite, Transaction.FromString(raw).body)
        receipts = executor.store.receipts(tx_hash)
        invariant(receipts is not None, "a committed transaction has receipts")
        found.extend(receipts or ())
    return found
