"""Traces come with their records, whole or in pages from the newest event back, and are checked."""

import pytest

from faults import PeerFault
from ledger.kv import MemoryKeyValue
from ledger.records import Record, encode
from ledger.state_tree import StateTree
from ledger.trace import EMPTY_HEAD, Event, encode_event, head_of
from node.block_store import BlockStore, StoredEvent, event_entry
from node.snapshots import parts as parts_module
from node.snapshots.messages import Part, PartName
from node.snapshots.parts import PartChecker, PartReader, Wanted
from tests.node.snapshots.source import KEYS

DIGEST = KEYS.suite.hash
EVENTS = 40


class Thing(Record, frozen=True, kw_only=True):
    """A record with a trace."""

    note: str
    trace_count: int
    trace_head: bytes


def event(index: int, note: str = "") -> StoredEvent:
    made = Event(
        index=index,
        action="change",
        time_ms=index,
        height=index + 1,
        tx_hash=bytes([index]) * 32,
        actor_org="bureau",
        code="OK",
        details={"note": note or "n" * 20},
    )
    return StoredEvent(index + 1, bytes([index]) * 32, encode_event(made))


def thing(events: list[StoredEvent]) -> bytes:
    head = head_of(DIGEST, [one.event for one in events])
    return encode(Thing(note="x", trace_count=len(events), trace_head=head))


def source(count: int = EVENTS) -> tuple[PartReader, Wanted]:
    kv = MemoryKeyValue()
    events = [event(index) for index in range(count)]
    state = {"thing/a": thing(events), "thing/b": thing(events[:1]), "thing/c": thing([])}
    staged = StateTree(kv, DIGEST).stage(0, None, state)
    kv.write(staged.batch)
    for key, own in (("thing/a", events), ("thing/b", events[:1])):
        kv.write(dict(event_entry(key, number, one) for number, one in enumerate(own)))
    reader = PartReader(BlockStore(kv), KEYS.suite, 0)
    return reader, Wanted(PartName(Part.STATE), staged.root)


def checker() -> PartChecker:
    return PartChecker(KEYS.suite, 0, {}, lambda _height: None)


def fetch(reader: PartReader, first: Wanted) -> tuple[BlockStore, list[Wanted]]:
    """Take everything over; what was asked for."""
    kv, todo, asked = MemoryKeyValue(), [first], []
    while todo:
        wanted = todo.pop()
        checked = checker().check(wanted, reader.read(wanted.part))
        kv.write(checked.batch)
        todo += checked.follow
        asked.append(wanted)
    return BlockStore(kv), asked


def test_whole_traces_come_with_their_records() -> None:
    reader, first = source()
    store, asked = fetch(reader, first)
    assert asked == [first]
    assert list(store.events("thing/a")) == [event(index) for index in range(EVENTS)]
    assert list(store.events("thing/b")) == [event(0)]


@pytest.mark.parametrize("room", [1, 300, 2_000])
def test_long_traces_come_in_pages(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(parts_module, "PART_BYTES", room)
    reader, first = source()
    store, asked = fetch(reader, first)
    assert {one.part.part for one in asked} == {Part.STATE, Part.TRACE}
    assert list(store.events("thing/a")) == [event(index) for index in range(EVENTS)]
    assert list(store.events("thing/b")) == [event(0)]


@pytest.mark.parametrize("room", [600, 1 << 20])
def test_every_changed_byte_of_a_trace_is_detected(
    monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    monkeypatch.setattr(parts_module, "PART_BYTES", room)
    reader, first = source(6)
    for wanted in fetch(reader, first)[1]:
        content = reader.read(wanted.part)
        for offset in range(len(content)):
            damaged = bytearray(content)
            damaged[offset] ^= 1
            with pytest.raises(PeerFault, match="SNAPSHOT_UNPROVED"):
                checker().check(wanted, bytes(damaged))


def test_events_left_out_added_or_of_another_object_are_detected() -> None:
    wanted = Wanted(
        PartName(Part.TRACE, "thing/a", last=3),
        head_of(DIGEST, [event(index).event for index in range(3)]),
    )
    good = [event(0), event(1), event(2)]

    def content(events: list[StoredEvent], before: bytes = b"") -> bytes:
        writer = parts_module.Writer().lp(before).u32(len(events))
        for one in events:
            writer.lp(parts_module._encode_event(one))
        return writer.done()

    assert checker().check(wanted, content(good)).follow == ()
    head_one = head_of(DIGEST, [event(0).event])
    later = checker().check(wanted, content(good[1:], head_one)).follow
    assert later == (Wanted(PartName(Part.TRACE, "thing/a", last=1), head_one),)
    wrong = [
        content([]),
        content(good[:2]),
        content(good[1:]),
        content(good[1:], EMPTY_HEAD),
        content(good, head_one),
        content([*good, event(3)]),
        content([event(0), event(2), event(1)]),
        content([event(0), event(1), event(2, "other")]),
        content([event(0), event(1), StoredEvent(9, event(2).tx_hash, event(2).event)]),
        content([event(0), event(1), StoredEvent(3, bytes(32), event(2).event)]),
    ]
    for one in wrong:
        with pytest.raises(PeerFault, match="SNAPSHOT_UNPROVED"):
            checker().check(wanted, one)
