"""No part is used that does not belong to the certified header: whatever byte of it is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from faults import PeerFault
from ledger.codec import Writer
from node.snapshots import parts as parts_module
from node.snapshots.messages import Part, PartName
from node.snapshots.parts import Checked, PartReader, Wanted
from node.snapshots.staging import Staging
from tests.node.snapshots.source import KEYS, Source, fill, make_source, parts


@pytest.fixture
def source() -> Source:
    return make_source(blocks=8, after=2, operations=1)


@pytest.fixture
def staging(source: Source, tmp_path: Path) -> Iterator[Staging]:
    staging = Staging.open(tmp_path, KEYS.suite, source.checked_head())
    yield staging
    staging.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts so small that there are branches, cut ranges and cut traces."""
    monkeypatch.setattr(parts_module, "LEAVES_BYTES", 1_500)
    monkeypatch.setattr(parts_module, "PART_BYTES", 700)
    monkeypatch.setattr(parts_module, "RANGE_BLOCKS", 3)


def refused(staging: Staging, wanted: Wanted, content: bytes) -> bool:
    try:
        staging.checker.check(wanted, content)
    except PeerFault as fault:
        assert fault.code.name == "SNAPSHOT_UNPROVED"
        return True
    return False


def every_part(source: Source, staging: Staging) -> Iterator[tuple[Wanted, bytes]]:
    """Each part while it is wanted: the next ones come once the caller has seen it."""
    for wanted, content in parts(source, staging):
        yield wanted, content
        staging.take(wanted, staging.checker.check(wanted, content))


@pytest.mark.covers(row=12)
def test_every_changed_byte_is_detected_before_use(
    source: Source, staging: Staging, small: None
) -> None:
    seen = set()
    for wanted, content in every_part(source, staging):
        seen.add(wanted.part.part)
        step = max(1, len(content) // 400)
        for offset in range(0, len(content), step):
            for bit in (0x01, 0x80):
                damaged = bytearray(content)
                damaged[offset] ^= bit
                assert refused(staging, wanted, bytes(damaged)), (wanted, offset)
    assert seen == {Part.STATE, Part.BLOCKS, Part.RECEIPTS}


@pytest.mark.covers(row=12)
def test_truncated_extended_and_exchanged_parts_are_detected(
    source: Source, staging: Staging, small: None
) -> None:
    everything = list(every_part(source, staging))
    for wanted, content in everything:
        for wrong in (
            b"",
            content[:-1],
            content[: len(content) // 2],
            content + b"\0",
            content * 2,
        ):
            assert refused(staging, wanted, wrong)
        for other, foreign in everything:
            if other.part != wanted.part and foreign != content:
                assert refused(staging, wanted, foreign), (wanted.part, other.part)


def test_leaves_in_another_order_left_out_or_added_are_detected(
    source: Source, staging: Staging
) -> None:
    wanted = Wanted(PartName(Part.STATE), source.head.header.state_root)
    tree = source.reader.tree
    pairs = [
        (key, value) for key, value in parts_module.read_part(tree, source.height, "", 1 << 30)
    ]

    def content(of: list[tuple[str, bytes]]) -> bytes:
        writer = Writer().u8(1).u32(len(of))
        for key, value in of:
            writer.text(key).lp(value).lp(b"").u32(0)
        return writer.done()

    staging.checker.check(wanted, content(pairs))
    assert refused(staging, wanted, content(pairs[::-1]))
    assert refused(staging, wanted, content([*pairs, pairs[-1]]))
    assert refused(staging, wanted, content(pairs[1:]))
    assert refused(staging, wanted, content([]))
    assert refused(staging, wanted, content([*pairs, ("zz", b"\x80")]))
    assert refused(staging, wanted, content([*pairs[:-1], (pairs[-1][0], b"\x80")]))


def test_a_state_of_another_height_or_chain_is_detected(source: Source, staging: Staging) -> None:
    later = PartReader(source.executor.store, KEYS.suite, source.height + 1)
    other = make_source(blocks=7, after=2, operations=3)
    for wanted in staging.wanted():
        if wanted.part.part is Part.STATE:
            assert refused(staging, wanted, later.read(wanted.part))
        assert refused(staging, wanted, other.reader.read(wanted.part))


def test_a_branch_with_another_child_is_detected(
    source: Source, staging: Staging, small: None
) -> None:
    wanted = next(one for one in staging.wanted() if one.part.part is Part.STATE)
    content = source.reader.read(wanted.part)
    checked = staging.checker.check(wanted, content)
    assert checked.branch is not None and len(checked.follow) == checked.branch.bitmap.bit_count()
    for child in checked.follow:
        assert not refused(staging, child, source.reader.read(child.part))
        assert refused(staging, child, content)


def test_nothing_wanted_is_left_and_nothing_else_is_asked_for(
    source: Source, staging: Staging, small: None
) -> None:
    taken = fill(source, staging)
    assert len(taken) == len(set(taken)) and staging.wanted() == []
    blocks = [one.first for one in taken if one.part is Part.BLOCKS]
    assert blocks and set(blocks) <= set(range(1, source.height + 1))


@pytest.mark.parametrize(
    "part",
    [
        PartName(Part.STATE, "g"),
        PartName(Part.STATE, "0" * 64),
        PartName(Part.STATE, "../x"),
        PartName(Part.TRACE, "bill/none", last=2**63),
        PartName(Part.BLOCKS, first=10**6, last=2**64 - 1),
        PartName(Part.BLOCKS, first=5, last=1),
        PartName(Part.RECEIPTS, first=0, last=0),
    ],
)
def test_what_is_not_there_is_answered_with_nothing(source: Source, part: PartName) -> None:
    assert source.reader.read(part) == b""


def test_a_question_for_everything_is_answered_in_bounds(source: Source) -> None:
    everything = source.reader.read(PartName(Part.BLOCKS, first=0, last=2**64 - 1))
    assert 0 < len(everything) < parts_module.PART_BYTES


def test_a_checked_part_without_a_branch_is_empty_of_follow_ups(
    source: Source, staging: Staging
) -> None:
    wanted = Wanted(PartName(Part.STATE), source.head.header.state_root)
    checked = staging.checker.check(wanted, source.reader.read(wanted.part))
    assert isinstance(checked, Checked) and checked.follow == () and checked.branch is None
