"""Where everything of a block lies in the store, and how a block becomes part of it: `commit`.

A block's transactions, receipts, events, nonces, history log, certificate and the state tree's
nodes are ONE synced batch, so whatever instant the process is killed at, the store stands at a
block boundary. Integers in keys are 8 bytes big-endian, so that heights order as numbers.

| key | value |
|---|---|
| `M/format`, `M/chain`, `M/genesis` | format version, chain id, genesis hash |
| `M/height` | newest committed height |
| `M/log` | frontier of the log of block hashes (HashLog) |
| `B/` height | block |
| `H/` height | block hash, then header: reading a header never reads its transactions |
| `C/P/` height, `C/C/` height | PRECOMMIT and COMMITTED certificate |
| `T/` tx hash | height, index in the block |
| `R/` tx hash | receipts of its operations |
| `E/` u16 length, object key, number | height, tx hash, event |
| `N/` signer, nonce | last height: until then the pair is refused |
| `X/` last height, signer, nonce | nothing; finds what of `N/` may go |
| `Q/` state key | evidence on its way onto the chain (node/evidence_desk.py) |
| `L/` level, index | a complete node of the log of block hashes |
| `M/base` | where a store begins that was taken over from a snapshot (Base) |
| `V/` height | the validator set that decides from this height on; one entry a change |

Lower-case prefixes belong to the state tree (ledger/state_tree.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from faults import Rejected, failpoint, invariant
from ledger.block import Block, Header
from ledger.certificate import COMMITTED, Certificate
from ledger.codec import Reader, Writer
from ledger.kv import KeyValue
from ledger.limits import HASH_BYTES, NONCE_BYTES, OPERATIONS_MAX, PUBLIC_KEY_BYTES
from ledger.merkle import HashLog
from ledger.receipt import RECEIPT_BYTES_MAX, Receipt
from ledger.validators import ValidatorSet
from node.codes import STORE_FOREIGN

FORMAT_VERSION = b"1"

META_FORMAT = b"M/format"
META_CHAIN = b"M/chain"
META_GENESIS = b"M/genesis"
META_HEIGHT = b"M/height"
META_LOG = b"M/log"
META_BASE = b"M/base"
BLOCK = b"B/"
HEADER = b"H/"
PRECOMMIT_CERTIFICATE = b"C/P/"
COMMITTED_CERTIFICATE = b"C/C/"
TRANSACTION = b"T/"
RECEIPTS = b"R/"
EVENT = b"E/"
NONCE = b"N/"
NONCE_EXPIRY = b"X/"
LOG_NODE = b"L/"
VALIDATORS = b"V/"

EVENTS_READ_MAX = 100_000

Batch = dict[bytes, bytes | None]
LogNodes = Mapping[tuple[int, int], bytes]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event of an object, where it happened, and its canonical bytes."""

    height: int
    tx_hash: bytes
    event: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """One transaction of a block as executed."""

    tx_hash: bytes
    signer: bytes
    nonce: bytes
    last_height: int
    receipts: tuple[Receipt, ...]
    events: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Base:
    """Where a store begins that was taken over from a snapshot; others begin at genesis.

    height: the snapshot's. Blocks from there on are whole; those from `first` up to it are here
    without certificates, the snapshot's proves them. log: of the block hashes before `first`.
    """

    height: int
    first: int
    log: HashLog

    def encode(self) -> bytes:
        """As stored: u64 height, u64 first, log."""
        return u64(self.height) + u64(self.first) + self.log.encode()

    @staticmethod
    def decode(raw: bytes) -> "Base":
        """Undo `encode`."""
        height, first = int.from_bytes(raw[:8], "big"), int.from_bytes(raw[8:16], "big")
        return Base(height, first, HashLog.decode(raw[16:]))


@dataclass(frozen=True, slots=True)
class BlockWrite:
    """All that a block adds to the store."""

    block: Block
    block_hash: bytes
    certificate: Certificate
    applied: tuple[Applied, ...]
    log: HashLog
    log_nodes: LogNodes
    state_batch: Mapping[bytes, bytes | None]
    validators: tuple[int, ValidatorSet] | None = None
    """A change that the block brings: from which height on which set decides."""


def u64(number: int) -> bytes:
    """A height or index as it stands in keys and values."""
    return number.to_bytes(8, "big")


def nonce_key(signer: bytes, nonce: bytes) -> bytes:
    """Key under which a used (signer, nonce) is remembered."""
    return NONCE + signer + nonce


def node_entries(nodes: LogNodes) -> Batch:
    """Nodes of the log of block hashes, as they are stored."""
    return {LOG_NODE + bytes([level]) + u64(index): node for (level, index), node in nodes.items()}


def _event_prefix(object_key: str) -> bytes:
    name = object_key.encode("utf-8")
    return EVENT + len(name).to_bytes(2, "big") + name


class BlockStore:
    """Blocks and what is derived from them, on a key-value store."""

    def __init__(self, kv: KeyValue) -> None:
        self.kv = kv

    def open(self, chain_id: str, genesis_hash: bytes) -> bool:
        """Check that the store is this chain's; False when it is empty and needs `begin`.

        Raises Rejected(STORE_FOREIGN) for another chain's store or another format.
        """
        found = self.kv.get_many([META_FORMAT, META_CHAIN, META_GENESIS])
        if found == [None, None, None]:
            return False
        wanted = [FORMAT_VERSION, chain_id.encode(), genesis_hash]
        for name, have, want in zip(("format", "chain", "genesis"), found, wanted, strict=True):
            if have != want:
                raise Rejected(STORE_FOREIGN, differs=name)
        return True

    def begin(
        self,
        chain_id: str,
        genesis_hash: bytes,
        log: HashLog,
        log_nodes: LogNodes,
        state: Batch,
        validators: ValidatorSet,
    ) -> None:
        """Write the empty chain with its genesis state, as one batch."""
        failpoint("node.genesis.before")
        self.kv.write(
            {
                META_FORMAT: FORMAT_VERSION,
                META_CHAIN: chain_id.encode(),
                META_GENESIS: genesis_hash,
                META_HEIGHT: u64(0),
                META_LOG: log.encode(),
                VALIDATORS + u64(1): validators.encode(),
                **node_entries(log_nodes),
                **state,
            }
        )
        failpoint("node.genesis.after")

    def height(self) -> int:
        """The newest committed height; 0 before the first block."""
        raw = self.kv.get(META_HEIGHT)
        return int.from_bytes(raw, "big") if raw else 0

    def base(self) -> Base | None:
        """Where this store begins, if not at genesis."""
        raw = self.kv.get(META_BASE)
        return Base.decode(raw) if raw else None

    def log(self) -> HashLog:
        """The log of the hashes of all committed blocks."""
        raw = self.kv.get(META_LOG)
        invariant(raw is not None, "an opened store has a log of block hashes")
        return HashLog.decode(raw or b"")

    def validator_changes(self) -> Iterator[tuple[int, ValidatorSet]]:
        """From which height on which set decides, ascending."""
        for key, raw in self.kv.scan(VALIDATORS):
            yield int.from_bytes(key[len(VALIDATORS) :], "big"), ValidatorSet.decode(raw)

    def log_node(self, level: int, index: int) -> bytes:
        """A complete node of that log, for inclusion paths; empty when it isn't stored."""
        raw = self.kv.get(LOG_NODE + bytes([level]) + u64(index))
        return raw or b""

    def block(self, height: int) -> Block | None:
        """The committed block at `height`."""
        raw = self.kv.get(BLOCK + u64(height))
        return Block.decode(raw) if raw else None

    def header(self, height: int) -> tuple[bytes, Header] | None:
        """Block hash and header at `height`."""
        raw = self.kv.get(HEADER + u64(height))
        return (raw[:HASH_BYTES], Header.decode(raw[HASH_BYTES:])) if raw else None

    def certificate(self, height: int) -> Certificate | None:
        """The best certificate at `height`: COMMITTED when it is complete, else PRECOMMIT."""
        keys = [COMMITTED_CERTIFICATE + u64(height), PRECOMMIT_CERTIFICATE + u64(height)]
        for raw in self.kv.get_many(keys):
            if raw:
                return Certificate.decode(raw)
        return None

    def certificates(self, height: int) -> list[Certificate]:
        """All stored certificates of a height."""
        keys = [PRECOMMIT_CERTIFICATE + u64(height), COMMITTED_CERTIFICATE + u64(height)]
        return [Certificate.decode(raw) for raw in self.kv.get_many(keys) if raw]

    def place(self, tx_hash: bytes) -> tuple[int, int] | None:
        """Height and index of a committed transaction."""
        raw = self.kv.get(TRANSACTION + tx_hash)
        return (int.from_bytes(raw[:8], "big"), int.from_bytes(raw[8:], "big")) if raw else None

    def receipts(self, tx_hash: bytes) -> tuple[Receipt, ...] | None:
        """Receipts of a committed transaction, by operation."""
        raw = self.kv.get(RECEIPTS + tx_hash)
        return decode_receipts(raw) if raw is not None else None

    def events(self, object_key: str) -> Iterator[StoredEvent]:
        """All events of an object, oldest first."""
        found = self.kv.scan(_event_prefix(object_key), limit=EVENTS_READ_MAX)
        for _, raw in found:
            yield _stored_event(raw)

    def newest_events(self, object_key: str, count: int) -> Iterator[StoredEvent]:
        """The object's first `count` events, the newest of them first."""
        prefix = _event_prefix(object_key)
        if count > 0:
            for _, raw in self.kv.scan(prefix, start=prefix + u64(count - 1), reverse=True):
                yield _stored_event(raw)

    def used(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        """Which of these (signer, nonce) are remembered as used."""
        found = self.kv.get_many([nonce_key(signer, nonce) for signer, nonce in pairs])
        return [raw is not None for raw in found]

    def commit(self, write: BlockWrite) -> None:
        """Make the block and all it did durable, as one synced batch."""
        batch = self._batch(write)
        failpoint("node.commit.before")
        self.kv.write(batch)
        failpoint("node.commit.after")

    def attach(self, certificate: Certificate) -> None:
        """Keep a certificate that was completed after the block was committed."""
        prefix = COMMITTED_CERTIFICATE if certificate.kind == COMMITTED else PRECOMMIT_CERTIFICATE
        failpoint("node.committed.before")
        self.kv.write({prefix + u64(certificate.height): certificate.encode()})
        failpoint("node.committed.after")

    def _batch(self, write: BlockWrite) -> Batch:
        header, height = write.block.header, u64(write.block.header.height)
        committed = write.certificate.kind == COMMITTED
        prefix = COMMITTED_CERTIFICATE if committed else PRECOMMIT_CERTIFICATE
        batch: Batch = dict(write.state_batch)
        batch[META_HEIGHT] = height
        batch[META_LOG] = write.log.encode()
        batch.update(block_entries(write.block, write.block_hash))
        batch[prefix + height] = write.certificate.encode()
        batch.update(node_entries(write.log_nodes))
        if write.validators is not None:
            first, validators = write.validators
            batch[VALIDATORS + u64(first)] = validators.encode()
        for index, one in enumerate(write.applied):
            batch.update(transaction_entries(one, header.height, index))
            batch.update([receipts_entry(one.tx_hash, one.receipts)])
        self._add_events(batch, header.height, write.applied)
        self._forget_nonces(batch, header.height)
        return batch

    def _add_events(self, batch: Batch, height: int, applied: tuple[Applied, ...]) -> None:
        """Number each object's events on from what is stored."""
        following: dict[bytes, int] = {}
        for one in applied:
            for object_key, event in one.events:
                prefix = _event_prefix(object_key)
                if prefix not in following:
                    following[prefix] = self._event_count(prefix)
                entry = StoredEvent(height, one.tx_hash, event)
                batch.update([event_entry(object_key, following[prefix], entry)])
                following[prefix] += 1

    def _event_count(self, prefix: bytes) -> int:
        for key, _ in self.kv.scan(prefix, reverse=True, limit=1):
            return int.from_bytes(key[-8:], "big") + 1
        return 0

    def _forget_nonces(self, batch: Batch, height: int) -> None:
        """Pairs whose last height is this block's or earlier can't come again: they are expired."""
        for key, _ in self.kv.scan(NONCE_EXPIRY):
            last_height = int.from_bytes(key[len(NONCE_EXPIRY) :][:8], "big")
            if last_height > height:
                return
            pair = key[-(PUBLIC_KEY_BYTES + NONCE_BYTES) :]
            batch[key] = None
            batch[NONCE + pair] = None


def block_entries(block: Block, block_hash: bytes) -> Batch:
    """A block and its header, as they are stored."""
    height = u64(block.header.height)
    return {
        BLOCK + height: block.encode(),
        HEADER + height: block_hash + block.header.encode(),
    }


def transaction_entries(one: Applied, height: int, index: int) -> Batch:
    """Where a transaction stands, and that its nonce is used until it expires, as stored."""
    return {
        TRANSACTION + one.tx_hash: u64(height) + u64(index),
        nonce_key(one.signer, one.nonce): u64(one.last_height),
        NONCE_EXPIRY + u64(one.last_height) + one.signer + one.nonce: b"",
    }


def receipts_entry(tx_hash: bytes, receipts: Sequence[Receipt]) -> tuple[bytes, bytes]:
    """A transaction's receipts, as they are stored."""
    return RECEIPTS + tx_hash, encode_receipts(receipts)


def event_entry(object_key: str, number: int, event: StoredEvent) -> tuple[bytes, bytes]:
    """Event `number` (0 is the first) of an object, as it is stored."""
    value = u64(event.height) + event.tx_hash + event.event
    return _event_prefix(object_key) + u64(number), value


def _stored_event(raw: bytes) -> StoredEvent:
    end = 8 + HASH_BYTES
    return StoredEvent(int.from_bytes(raw[:8], "big"), raw[8:end], raw[end:])


def encode_receipts(receipts: Sequence[Receipt]) -> bytes:
    """The receipts of one transaction as one value."""
    writer = Writer().u32(len(receipts))
    for receipt in receipts:
        writer.lp(receipt.encode())
    return writer.done()


def decode_receipts(raw: bytes, limit: int = OPERATIONS_MAX) -> tuple[Receipt, ...]:
    """Undo `encode_receipts`."""
    reader = Reader(raw, "receipts")
    found = tuple(Receipt.decode(reader.lp(RECEIPT_BYTES_MAX)) for _ in range(reader.count(limit)))
    reader.end()
    return found
