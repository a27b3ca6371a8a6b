"""Parts of a snapshot: how they are read from a store, and how they are checked before use.

What a part must be is known before it is asked for: the hash of a path, the trace head in a record
that was checked, the block hashes of the head. So a wrong part is always its sender's fault, is
found before a byte of it is used, and another peer is asked for the same.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from crypto.suites import Suite
from faults import PeerFault, Rejected
from ledger.block import Block, Header, block_hash, transactions_root
from ledger.codec import Reader, Writer
from ledger.limits import BLOCK_BYTES_MAX, HASH_BYTES, STATE_KEY_BYTES_MAX, STATE_VALUE_BYTES_MAX
from ledger.receipt import Receipt, receipts_root
from ledger.records import decode, untyped
from ledger.state_parts import Branch, build_part, read_part
from ledger.state_tree import StateTree
from ledger.trace import EMPTY_HEAD, Event, next_head
from ledger.transaction import body_hash
from node.block_store import (
    Applied,
    Batch,
    BlockStore,
    StoredEvent,
    block_entries,
    decode_receipts,
    encode_receipts,
    event_entry,
    receipts_entry,
    transaction_entries,
)
from node.snapshots.codes import SNAPSHOT_UNPROVED
from node.snapshots.messages import CONTENT_BYTES_MAX, Part, PartName
from proto.transaction_pb2 import Transaction, TxBody

LEAVES_BYTES = 512 * 1024
"""About what one part holds of keys and values."""

PART_BYTES = 8 * 1024 * 1024
"""A part is closed once it is this long; a single block may be longer."""

RANGE_BLOCKS = 64
EVENT_BYTES_MAX = 1024 * 1024
_COUNT_MAX = 1_000_000
_LEAVES, _BRANCH = 1, 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """A part and what it must be: a tree hash or a trace head; the head says it of blocks."""

    part: PartName
    expected: bytes = b""

    def encode(self) -> bytes:
        """Canonical bytes: the part's name, then what is expected."""
        return self.part.encode() + Writer().lp(self.expected).done()

    @staticmethod
    def read(reader: Reader) -> "Wanted":
        """Read `encode`'s bytes; MALFORMED otherwise."""
        return Wanted(PartName.read(reader), reader.lp(HASH_BYTES))


@dataclass(frozen=True, slots=True)
class Checked:
    """A part that is what it must be: what to write, and which parts are wanted because of it."""

    batch: Batch
    follow: tuple[Wanted, ...] = ()
    branch: Branch | None = None
    is_leaf: bool = False


# ---- reading, at the peer that has the snapshot


@dataclass(slots=True)
class PartReader:
    """Reads parts of the snapshot at `height` from a store that stands there or a little above."""

    store: BlockStore
    suite: Suite
    height: int
    tree: StateTree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = StateTree(self.store.kv, self.suite.hash)

    def read(self, part: PartName) -> bytes:
        """The part's content; empty when there is no such part."""
        if part.part is Part.STATE:
            return self._state(part.name)
        if part.part is Part.TRACE:
            return self._trace(part.name, part.last)
        until = min(part.last, self.height, part.first + RANGE_BLOCKS - 1)
        heights = range(max(1, part.first), until + 1)
        each = self._blocks if part.part is Part.BLOCKS else self._receipts
        return _joined(each(heights))

    def _state(self, path: str) -> bytes:
        if path.strip("0123456789abcdef"):
            return b""
        found = read_part(self.tree, self.height, path, LEAVES_BYTES)
        if found is None:
            return b""
        if isinstance(found, Branch):
            return Writer().u8(_BRANCH).done() + found.encode()
        writer, room = Writer().u8(_LEAVES).u32(len(found)), PART_BYTES
        for key, value in found:
            events, before = self._events(key, _traced(value)[0], room)
            room -= sum(len(one) for one in events)
            writer.text(key).lp(value).lp(before).u32(len(events))
            for one in events:
                writer.lp(one)
        return writer.done()

    def _trace(self, key: str, last: int) -> bytes:
        events, before = self._events(key, last, PART_BYTES)
        if not events:
            return b""
        writer = Writer().lp(before).u32(len(events))
        for one in events:
            writer.lp(one)
        return writer.done()

    def _events(self, key: str, last: int, room: int) -> tuple[list[bytes], bytes]:
        """The newest events below number `last` that fit, oldest first, and the head before them.

        The head before is empty when they are all there are.
        """
        if not last or room <= 0:
            return [], b""
        taken: list[bytes] = []
        for one in self.store.newest_events(key, last):
            encoded = _encode_event(one)
            room -= len(encoded)
            if room < 0 and taken:
                break
            taken.append(encoded)
        start = last - len(taken)
        if start == 0:
            return taken[::-1], b""
        head = EMPTY_HEAD
        for index, one in enumerate(self.store.events(key)):
            if index == start:
                break
            head = next_head(self.suite.hash, head, one.event)
        return taken[::-1], head

    def _blocks(self, heights: range) -> Iterator[bytes]:
        for height in heights:
            block = self.store.block(height)
            if block is None:
                return
            yield block.encode()

    def _receipts(self, heights: range) -> Iterator[bytes]:
        for height in heights:
            block = self.store.block(height)
            if block is None:
                return
            found: list[Receipt] = []
            for raw in block.transactions:
                tx_hash = body_hash(self.suite, Transaction.FromString(raw).body)
                found.extend(self.store.receipts(tx_hash) or ())
            yield encode_receipts(found)


# ---- checking, at the node that takes the snapshot over


@dataclass(frozen=True, slots=True)
class PartChecker:
    """Checks parts of one snapshot. `header_at` gives headers of blocks that were checked."""

    suite: Suite
    height: int
    window: dict[int, bytes]
    header_at: Callable[[int], Header | None]

    def check(self, wanted: Wanted, content: bytes) -> Checked:
        """What the part brings. Raises PeerFault(SNAPSHOT_UNPROVED): nothing of it may be used."""
        try:
            reader = Reader(content, "snapshot part", limit=CONTENT_BYTES_MAX)
            checked = self._check(wanted, reader)
            reader.end()
        except Rejected as refused:
            raise _unproved(wanted, refused.fields.get("reason", "")) from None
        return checked

    def _check(self, wanted: Wanted, reader: Reader) -> Checked:
        sort = wanted.part.part
        if sort is Part.STATE:
            return self._state(wanted, reader)
        if sort is Part.TRACE:
            return self._trace(wanted, reader)
        return self._blocks(wanted, reader) if sort is Part.BLOCKS else self._range(wanted, reader)

    def _state(self, wanted: Wanted, reader: Reader) -> Checked:
        path = wanted.part.name
        form = reader.u8()
        if form == _BRANCH:
            return self._branch(wanted, Branch.read(reader))
        if form != _LEAVES:
            raise reader.refusal("neither leaves nor a branch")
        pairs: list[tuple[str, bytes]] = []
        traces: list[tuple[str, bytes, bytes, list[StoredEvent]]] = []
        for _ in range(reader.count(_COUNT_MAX)):
            key, value = reader.text(STATE_KEY_BYTES_MAX), reader.lp(STATE_VALUE_BYTES_MAX)
            pairs.append((key, value))
            traces.append((key, value, reader.lp(HASH_BYTES), _read_events(reader)))
        subtree = build_part(self.suite.hash, self.height, path, pairs)
        if subtree.hash != wanted.expected:
            raise _unproved(wanted, "another hash")
        batch, follow = dict(subtree.batch), []
        for key, value, before, events in traces:
            count, head = _traced(value)
            if count and not events and not before:
                follow.append(Wanted(PartName(Part.TRACE, key, last=count), head))
                continue
            follow += self._events(wanted, key, count, head, before, events, batch)
        return Checked(batch, tuple(follow), None, subtree.is_leaf)

    def _branch(self, wanted: Wanted, branch: Branch) -> Checked:
        if branch.hash(self.suite.hash) != wanted.expected:
            raise _unproved(wanted, "another hash")
        follow = (
            Wanted(PartName(Part.STATE, wanted.part.name + digit), expected)
            for digit, expected in branch.children()
        )
        return Checked({}, tuple(follow), branch)

    def _trace(self, wanted: Wanted, reader: Reader) -> Checked:
        before, events = reader.lp(HASH_BYTES), _read_events(reader)
        if not events:
            raise _unproved(wanted, "no events")
        key, last, batch = wanted.part.name, wanted.part.last, Batch()
        follow = self._events(wanted, key, last, wanted.expected, before, events, batch)
        return Checked(batch, tuple(follow))

    def _events(
        self,
        wanted: Wanted,
        key: str,
        last: int,
        head: bytes,
        before: bytes,
        events: Sequence[StoredEvent],
        batch: Batch,
    ) -> list[Wanted]:
        """Check that these are the events up to number `last`; the part that holds earlier ones."""
        start = last - len(events)
        if start < 0 or bool(before) != bool(start):
            raise _unproved(wanted, "another number of events")
        chained = before or EMPTY_HEAD
        for index, one in enumerate(events, start):
            event = decode(Event, one.event)
            if (event.index, event.height, event.tx_hash) != (index, one.height, one.tx_hash):
                raise _unproved(wanted, "an event in another place")
            chained = next_head(self.suite.hash, chained, one.event)
            batch.update([event_entry(key, index, one)])
        if (last or events) and chained != head:
            raise _unproved(wanted, "another trace")
        return [Wanted(PartName(Part.TRACE, key, last=start), before)] if start else []

    def _blocks(self, wanted: Wanted, reader: Reader) -> Checked:
        first, batch, busy = wanted.part.first, Batch(), []
        count = _count_in(wanted, reader)
        for height in range(first, first + count):
            block = Block.decode(reader.lp(BLOCK_BYTES_MAX))
            header = block.header
            if block_hash(self.suite, header) != self.window.get(height):
                raise _unproved(wanted, "another block hash")
            if transactions_root(self.suite, block.transactions) != header.transactions_root:
                raise _unproved(wanted, "another transactions root")
            batch.update(block_entries(block, self.window[height]))
            for index, raw in enumerate(block.transactions):
                entries = transaction_entries(_applied(self.suite, raw), height, index)
                batch.update(entries)
            if block.transactions:
                busy.append(height)
        follow = _rest(wanted, count)
        if busy:
            follow += (Wanted(PartName(Part.RECEIPTS, first=busy[0], last=busy[-1])),)
        return Checked(batch, follow)

    def _range(self, wanted: Wanted, reader: Reader) -> Checked:
        first, batch = wanted.part.first, Batch()
        count = _count_in(wanted, reader)
        for height in range(first, first + count):
            header = self.header_at(height)
            receipts = decode_receipts(reader.lp(CONTENT_BYTES_MAX), _COUNT_MAX)
            if header is None or receipts_root(self.suite, receipts) != header.receipts_root:
                raise _unproved(wanted, "another receipts root")
            grouped: dict[bytes, list[Receipt]] = {}
            for receipt in receipts:
                grouped.setdefault(receipt.tx_hash, []).append(receipt)
            batch.update(receipts_entry(tx_hash, grouped[tx_hash]) for tx_hash in grouped)
        return Checked(batch, _rest(wanted, count))


def _count_in(wanted: Wanted, reader: Reader) -> int:
    count = reader.count(RANGE_BLOCKS)
    if not 1 <= count <= wanted.part.last - wanted.part.first + 1:
        raise _unproved(wanted, "another number of blocks")
    return count


def _rest(wanted: Wanted, count: int) -> tuple[Wanted, ...]:
    """What of a range did not fit into the part."""
    part = wanted.part
    if part.first + count > part.last:
        return ()
    return (Wanted(PartName(part.part, first=part.first + count, last=part.last)),)


def _applied(suite: Suite, raw: bytes) -> Applied:
    """A transaction of a checked block as the store keeps it, without what it did."""
    raw_body = Transaction.FromString(raw).body
    body = TxBody.FromString(raw_body)
    tx_hash = body_hash(suite, raw_body)
    return Applied(tx_hash, body.signer, body.nonce, body.last_height, (), ())


def _traced(value: bytes) -> tuple[int, bytes]:
    """Number of events and trace head in a record; (0, EMPTY_HEAD) where it keeps no trace."""
    record = untyped(value)
    if not isinstance(record, dict) or "trace_head" not in record:
        return 0, EMPTY_HEAD
    return record["trace_count"], record["trace_head"]


def _encode_event(one: StoredEvent) -> bytes:
    return Writer().u64(one.height).fixed(one.tx_hash, HASH_BYTES).lp(one.event).done()


def _read_events(reader: Reader) -> list[StoredEvent]:
    events = []
    for _ in range(reader.count(_COUNT_MAX)):
        inner = Reader(reader.lp(EVENT_BYTES_MAX), "stored event")
        events.append(StoredEvent(inner.u64(), inner.fixed(HASH_BYTES), inner.lp(EVENT_BYTES_MAX)))
        inner.end()
    return events


def _joined(parts: Iterator[bytes]) -> bytes:
    """As many of the parts as fit, at least one; empty when there is none or it is too long."""
    taken: list[bytes] = []
    size = 0
    for one in parts:
        size += len(one) + 4
        if taken and size > PART_BYTES:
            break
        taken.append(one)
    if not taken or len(taken[0]) > CONTENT_BYTES_MAX - 64:
        return b""
    writer = Writer().u32(len(taken))
    for one in taken:
        writer.lp(one)
    return writer.done()


def _unproved(wanted: Wanted, reason: str) -> PeerFault:
    part = wanted.part
    return PeerFault(SNAPSHOT_UNPROVED, f"{part.part.name.lower()} {part.first}: {reason}")
