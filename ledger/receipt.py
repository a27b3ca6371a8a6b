"""Receipts: what became of one operation of one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.domain import tagged
from crypto.suites import Suite
from ledger import merkle
from ledger.codec import Reader, Writer
from ledger.limits import (
    HASH_BYTES,
    KIB,
    NAME_BYTES_MAX,
    OPERATIONS_MAX,
    RECEIPT_FIELD_BYTES_MAX,
    RECEIPT_FIELDS_MAX,
    RECEIPT_RESULT_BYTES_MAX,
)

RECEIPT_BYTES_MAX = RECEIPT_RESULT_BYTES_MAX + 2 * RECEIPT_FIELDS_MAX * KIB + KIB


@dataclass(frozen=True, slots=True)
class Receipt:
    """Outcome of operation number `operation` (0 is the first) of transaction `tx_hash`.

    code is "OK" or the refusal's stable code; fields ascend by name, each name once; result is the
    method's result as JSON bytes or empty; events_hash covers the operation's events (see
    `events_hash`).
    """

    tx_hash: bytes
    operation: int
    code: str
    fields: tuple[tuple[str, str], ...]
    result: bytes
    events_hash: bytes

    def encode(self) -> bytes:
        """Canonical bytes, in the order of the fields."""
        writer = Writer().fixed(self.tx_hash, HASH_BYTES).u32(self.operation).text(self.code)
        writer.u32(len(self.fields))
        for name, value in self.fields:
            writer.text(name).text(value)
        return writer.lp(self.result).fixed(self.events_hash, HASH_BYTES).done()

    @staticmethod
    def decode(data: bytes) -> "Receipt":
        """Read `encode`'s bytes; MALFORMED otherwise."""
        reader = Reader(data, "receipt", limit=RECEIPT_BYTES_MAX)
        tx_hash, operation = reader.fixed(HASH_BYTES), reader.u32()
        code = reader.text(NAME_BYTES_MAX)
        fields = tuple(
            (reader.text(NAME_BYTES_MAX), reader.text(RECEIPT_FIELD_BYTES_MAX))
            for _ in range(reader.count(RECEIPT_FIELDS_MAX))
        )
        result = reader.lp(RECEIPT_RESULT_BYTES_MAX)
        events = reader.fixed(HASH_BYTES)
        reader.end()
        names = [name for name, _ in fields]
        if names != sorted(set(names)):
            raise reader.refusal("field names do not ascend")
        if operation >= OPERATIONS_MAX or not code:
            raise reader.refusal("operation number or code")
        return Receipt(tx_hash, operation, code, fields, result, events)


def events_hash(suite: Suite, events: Sequence[tuple[str, bytes]]) -> bytes:
    """Hash over an operation's events (object key, event bytes), in the order they happened."""
    writer = Writer().u32(len(events))
    for key, event in events:
        writer.text(key).lp(event)
    return suite.hash(tagged("yilian/events/v1", writer.done()))


def receipt_leaf(receipt: Receipt) -> bytes:
    """The receipt tree's leaf of one receipt."""
    return tagged("yilian/receipt/v1", receipt.encode())


def receipts_root(suite: Suite, receipts: Sequence[Receipt]) -> bytes:
    """Root over number and content of a block's receipts: by transaction, then by operation."""
    return merkle.list_root(suite.hash, [receipt_leaf(receipt) for receipt in receipts])


def receipt_paths(
    suite: Suite, receipts: Sequence[Receipt], indexes: Sequence[int]
) -> list[tuple[bytes, ...]]:
    """Inclusion paths of receipts number `indexes` under `receipts_root`."""
    return merkle.paths(suite.hash, [receipt_leaf(receipt) for receipt in receipts], indexes)


def verify_receipt(
    suite: Suite, root: bytes, receipt: Receipt, index: int, size: int, path: Sequence[bytes]
) -> bool:
    """Whether `path` shows `receipt` as number `index` of the `size` under a header's `root`."""
    return merkle.verify_in_list(suite.hash, receipt_leaf(receipt), index, size, path, root)
