"""Header and block. A header's hash commits to everything before it and to the state after it."""

from collections.abc import Sequence
from dataclasses import dataclass

from crypto.domain import tagged
from crypto.suites import Suite
from ledger import merkle
from ledger.codec import Reader, Writer
from ledger.limits import (
    BLOCK_BYTES_MAX,
    BLOCK_TRANSACTIONS_MAX,
    CHAIN_ID_BYTES_MAX,
    HASH_BYTES,
    PUBLIC_KEY_BYTES,
    TX_BYTES_MAX,
)

HEADER_BYTES_MAX = 512
TRANSACTION_OVERHEAD_BYTES_MAX = 128  # what the Transaction message adds to body and signature


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of block `height` (1 is the first) of chain `chain_id`.

    time_ms: milliseconds since 1970-01-01 UTC, the proposer's, later than the parent's.
    previous_hash: block hash of height - 1; the genesis hash at height 1.
    state_root: after this block. history_root: of the log of hashes of heights 0 to height - 1,
    where entry 0 is the genesis hash (see `history_log`).
    validators_hash: of the set that decides this block; next_validators_hash: the next block's.
    """

    chain_id: str
    height: int
    time_ms: int
    previous_hash: bytes
    transactions_root: bytes
    receipts_root: bytes
    state_root: bytes
    history_root: bytes
    validators_hash: bytes
    next_validators_hash: bytes
    proposer: bytes

    def encode(self) -> bytes:
        """Canonical bytes, in the order of the fields."""
        return (
            Writer()
            .text(self.chain_id)
            .u64(self.height)
            .u64(self.time_ms)
            .fixed(self.previous_hash, HASH_BYTES)
            .fixed(self.transactions_root, HASH_BYTES)
            .fixed(self.receipts_root, HASH_BYTES)
            .fixed(self.state_root, HASH_BYTES)
            .fixed(self.history_root, HASH_BYTES)
            .fixed(self.validators_hash, HASH_BYTES)
            .fixed(self.next_validators_hash, HASH_BYTES)
            .fixed(self.proposer, PUBLIC_KEY_BYTES)
            .done()
        )

    @staticmethod
    def decode(data: bytes) -> "Header":
        """Read `encode`'s bytes; MALFORMED otherwise."""
        reader = Reader(data, "header", limit=HEADER_BYTES_MAX)
        header = Header(
            chain_id=reader.text(CHAIN_ID_BYTES_MAX),
            height=reader.u64(),
            time_ms=reader.u64(),
            previous_hash=reader.fixed(HASH_BYTES),
            transactions_root=reader.fixed(HASH_BYTES),
            receipts_root=reader.fixed(HASH_BYTES),
            state_root=reader.fixed(HASH_BYTES),
            history_root=reader.fixed(HASH_BYTES),
            validators_hash=reader.fixed(HASH_BYTES),
            next_validators_hash=reader.fixed(HASH_BYTES),
            proposer=reader.fixed(PUBLIC_KEY_BYTES),
        )
        reader.end()
        if not header.chain_id or header.height < 1:
            raise reader.refusal("chain id is empty or height is 0")
        return header


def block_hash(suite: Suite, header: Header) -> bytes:
    """The hash that votes and certificates are about: H("yilian/header/v1" 00 header)."""
    return suite.hash(tagged("yilian/header/v1", header.encode()))


@dataclass(frozen=True, slots=True)
class Block:
    """A header and its transactions, each the serialized Transaction message."""

    header: Header
    transactions: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Canonical bytes: the header, u32 count, the transactions, each length-prefixed."""
        writer = Writer().lp(self.header.encode()).u32(len(self.transactions))
        for transaction in self.transactions:
            writer.lp(transaction)
        return writer.done()

    @staticmethod
    def decode(data: bytes) -> "Block":
        """Read `encode`'s bytes; MALFORMED otherwise. Does not compare the transactions root."""
        reader = Reader(data, "block", limit=BLOCK_BYTES_MAX)
        header = Header.decode(reader.lp(HEADER_BYTES_MAX))
        count = reader.count(BLOCK_TRANSACTIONS_MAX)
        limit = TX_BYTES_MAX + TRANSACTION_OVERHEAD_BYTES_MAX
        transactions = tuple(reader.lp(limit) for _ in range(count))
        reader.end()
        return Block(header, transactions)


def transaction_leaf(raw: bytes) -> bytes:
    """The leaf of one serialized Transaction: it covers body and signature."""
    return tagged("yilian/tx-leaf/v1", raw)


def transactions_root(suite: Suite, transactions: Sequence[bytes]) -> bytes:
    """Root over number and serialized transactions of a block, in block order."""
    return merkle.list_root(suite.hash, [transaction_leaf(raw) for raw in transactions])


def transaction_path(suite: Suite, transactions: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Inclusion path of transaction `index` under `transactions_root`."""
    return merkle.path(suite.hash, [transaction_leaf(raw) for raw in transactions], index)


def verify_transaction(
    suite: Suite, header: Header, raw: bytes, index: int, size: int, path: Sequence[bytes]
) -> bool:
    """Whether `path` shows `raw` as transaction `index` of the `size` in `header`'s block."""
    leaf = transaction_leaf(raw)
    return merkle.verify_in_list(suite.hash, leaf, index, size, path, header.transactions_root)


def history_leaf(hash_of_block: bytes) -> bytes:
    """The history log's leaf for one block hash (or, at entry 0, the genesis hash)."""
    return tagged("yilian/history/v1", hash_of_block)


def history_log(suite: Suite, genesis_hash: bytes) -> merkle.HashLog:
    """The log whose root is header 1's history_root: entry 0 is the genesis hash."""
    return merkle.HashLog().append(suite.hash, history_leaf(genesis_hash))


def verify_history(
    suite: Suite, header: Header, height: int, hash_of_block: bytes, path: Sequence[bytes]
) -> bool:
    """Whether `path` shows `hash_of_block` as entry `height` of `header`'s history log."""
    leaf = history_leaf(hash_of_block)
    return merkle.verify_path(suite.hash, leaf, height, header.height, path, header.history_root)
