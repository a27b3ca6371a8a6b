"""Blocks in parts: whatever arrives, only the block that was signed comes together."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus.messages import PART_BYTES, PARTS_MAX, PartRequest, Proposal
from consensus.parts import (
    NEXT_ROUNDS,
    OPEN_MAX,
    ROUNDS_BACK,
    WINDOW,
    Assembly,
    Shelf,
    head_of,
    split,
    wanted_of,
)
from consensus.votes import ROUNDS_AHEAD
from crypto.suites import GM, INTL
from faults import PeerFault
from ledger import merkle

KEY, HASH, SIGNATURE = b"\x04" + b"k" * 64, b"h" * 32, b"s" * 64


def bytes_of(size, seed=1):
    return random.Random(seed).randbytes(size)


def parts_of(parts, height=7):
    return [parts.part(height, index) for index in range(len(parts.paths))]


def assembly_of(parts, height=7):
    return Assembly(height, parts.name)


def head(height=7, round_number=0, parts=None, pol=-1):
    parts = parts or split(INTL.hash, bytes_of(10, seed=100 * height + round_number))
    proposal = Proposal(height, round_number, pol, HASH, parts.block, KEY, SIGNATURE)
    return head_of(proposal, parts)


@pytest.mark.parametrize("suite", [GM, INTL], ids=lambda suite: suite.name)
@pytest.mark.parametrize(
    "size", [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 5 * PART_BYTES + 7]
)
def test_a_block_comes_together_from_its_parts_in_any_order(suite, size):
    block = bytes_of(size)
    parts = split(suite.hash, block)
    pieces = [block[at : at + PART_BYTES] for at in range(0, max(size, 1), PART_BYTES)]
    assert parts.root == merkle.root(suite.hash, pieces)
    messages = parts_of(parts)
    assembly = assembly_of(parts)
    random.Random(size).shuffle(messages)
    for part in messages:
        assert assembly.whole() is None
        assert assembly.add(suite.hash, part)
    assert assembly.whole() == parts


def test_a_part_that_came_is_not_taken_again():
    parts = split(INTL.hash, bytes_of(2 * PART_BYTES))
    assembly = assembly_of(parts)
    part = parts.part(7, 0)
    assert assembly.add(INTL.hash, part)
    assert not assembly.add(INTL.hash, part)
    assert not assembly.add(INTL.hash, replace(part, data=b"other"))
    assert len(assembly.found) == 1


@given(st.data())
def test_a_damaged_part_is_a_peers_fault_and_not_kept(data):
    parts = split(INTL.hash, bytes_of(4 * PART_BYTES + 100))
    part = parts.part(7, data.draw(st.integers(0, 4)))
    place = data.draw(st.integers(0, len(part.data) - 1))
    flipped = bytes([part.data[place] ^ 1 << data.draw(st.integers(0, 7))])
    bent = data.draw(
        st.sampled_from(
            [
                replace(part, data=part.data[:place] + flipped + part.data[place + 1 :]),
                replace(part, data=part.data[:place]),
                replace(part, data=part.data + b"\0"),
                replace(part, data=b""),
                replace(part, index=(part.index + 1) % 5),
                replace(part, path=part.path[1:]),
                replace(part, path=(*part.path, HASH)),
                replace(part, path=()),
            ]
        )
    )
    assembly = assembly_of(parts)
    with pytest.raises(PeerFault):
        assembly.add(INTL.hash, bent)
    assert assembly.found == {}
    assert assembly.add(INTL.hash, part)


def test_at_most_a_window_is_on_its_way():
    parts = split(INTL.hash, bytes_of(100 * PART_BYTES))
    assembly = assembly_of(parts)
    first = wanted_of(assembly.request())
    assert first == list(range(WINDOW))
    assert assembly.request() is None
    asked = list(first)
    for index in range(100):
        assembly.add(INTL.hash, parts.part(7, index))
        assert len(assembly.coming) <= WINDOW
        request = assembly.request()
        if request is not None:
            asked += wanted_of(request)
    assert asked == list(range(100))
    assert assembly.request() is None


def test_a_request_can_not_name_more_than_a_window_or_what_is_not_there():
    everything = PartRequest(7, HASH, PARTS_MAX, b"\xff" * (PARTS_MAX // 8))
    assert wanted_of(everything) == list(range(WINDOW))
    assert wanted_of(PartRequest(7, HASH, 3, b"\xff" * 28)) == [0, 1, 2]
    assert wanted_of(PartRequest(7, HASH, 3, b"")) == []


# ---- bounds


def test_only_near_rounds_and_the_next_height_have_room():
    shelf = Shelf(INTL.hash)

    def room(height, round_number):
        return shelf.has_room(head(height, round_number), 7, 20)

    assert [r for r in range(60) if room(7, r)] == list(
        range(20 - ROUNDS_BACK, 20 + ROUNDS_AHEAD + 1)
    )
    assert [r for r in range(60) if room(8, r)] == list(range(NEXT_ROUNDS))
    assert not any(room(height, r) for height in (1, 6, 9, 2**40) for r in range(30))


def test_blocks_being_collected_are_few_and_near():
    shelf = Shelf(INTL.hash)
    for height, rounds in ((7, range(12, 25)), (8, range(NEXT_ROUNDS))):
        for round_number in rounds:
            shelf.put(head(height, round_number))
            shelf.tidy(7, 20)
            assert len(shelf.assemblies) <= OPEN_MAX
    kept = {place for place, one in shelf.heads.items()}
    assert len(kept) == OPEN_MAX
    assert (7, 20) in kept
    assert all(height == 7 for height, _ in kept)


def test_a_new_height_forgets_the_old_one():
    shelf = Shelf(INTL.hash)
    shelf.put(head(7, 0), split(INTL.hash, bytes_of(10, seed=700)))
    shelf.put(head(7, 1))
    shelf.put(head(8, 0))
    shelf.tidy(8, 0)
    assert set(shelf.heads) == {(8, 0)}
    assert shelf.wholes == {}
    assert len(shelf.assemblies) == 1


def test_a_value_proposed_again_needs_no_second_transfer():
    parts = split(INTL.hash, bytes_of(3 * PART_BYTES))
    shelf = Shelf(INTL.hash)
    assembly = shelf.put(head(7, 0, parts))
    assert shelf.put(head(7, 1, parts, pol=0)) is assembly
    for part in parts_of(parts):
        assembly.add(INTL.hash, part)
    waiting = shelf.finish(assembly, assembly.whole())
    assert [one.round for one in waiting] == [0, 1]
    assert shelf.put(head(7, 2, parts, pol=0)) is None


def test_a_false_number_of_parts_spoils_nobody_elses_collection():
    parts = split(INTL.hash, bytes_of(3 * PART_BYTES))
    shelf = Shelf(INTL.hash)
    lie = shelf.put(replace(head(7, 0, parts), parts=5))
    honest = shelf.put(head(7, 1, parts))
    assert lie is not honest
    for part in parts_of(parts):
        honest.add(INTL.hash, part)
        with pytest.raises(PeerFault):
            lie.add(INTL.hash, part)
    assert honest.whole() == parts
