"""The small parts: messages, clocks, write sets, troubles; malformed input at each boundary."""

import contextlib
import json
import random
from pathlib import Path

import pytest

from crypto.suites import INTL
from faults import PeerFault, StorageFault
from ledger.kv import MemoryKeyValue
from node.metrics import Metrics
from node.peer_codes import PEER_HANDSHAKE, PEER_UNKNOWN
from node.peer_troubles import WINDOW_SECONDS, Trouble, Troubles
from node.why import wire
from node.why.answer import why_json, why_reply
from node.why.clocks import PeerClock
from node.why.diagnosis import _Search
from node.why.facts import Position
from node.why.gauges import add_gauges
from node.why.stopped import FILE, last_stop, remember_stop
from node.why.wire import Ask, Finding, Ping, Pong, Subtree, decode, encode
from node.why.write_sets import LIST_MAX, WriteSet, WriteSets
from tests.node.chains import Keys, make_block, open_executor, registration
from tests.node.why.test_explain import IDLE, four

KEYS = Keys(INTL)
HASH = bytes(range(32))
MESSAGES = [
    Ping(2**64 - 1),
    Pong(7, 1_700_000_000_000, Position(9, 2, "PRECOMMIT", False)),
    Pong(7, 0, Position(0, 0, "", True)),
    Ask(HASH, "0af"),
    Subtree(HASH, ""),
    Subtree(HASH, "a", True, HASH, HASH, children=(HASH,) * 16),
    Subtree(HASH, "a", True, HASH, HASH, entries=(("bill/1-1", HASH), ("键", HASH))),
    Finding(9, HASH, b"\x04" * 65, HASH, HASH, 20, ("bill/1-1",)),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_messages_come_back_as_they_were_and_no_other_bytes_do(message):
    data = encode(message)
    assert decode(data) == message
    for broken in (data[:-1], data + b"\0", data[:1] + b"\x09" + data[2:], b"\x80" + data[1:]):
        with pytest.raises(PeerFault, match="DIAGNOSIS_MALFORMED"):
            decode(broken)


@pytest.mark.parametrize(
    "message",
    [
        Ask(HASH, "0g"),
        Ask(HASH, "0" * 65),
        Subtree(HASH, "", True, HASH, HASH, children=(HASH,) * 15),
        Subtree(HASH, "", True, HASH, HASH, entries=(("k", HASH),) * (LIST_MAX + 1)),
        Subtree(HASH, "", True, HASH, HASH, entries=(("\x1b[2J", HASH),)),
        Finding(9, HASH, b"\x04" * 65, HASH, HASH, 99, ("k",) * (wire.KEYS_MAX + 1)),
    ],
)
def test_what_no_node_says_is_refused(message):
    with pytest.raises(PeerFault, match="DIAGNOSIS_MALFORMED"):
        decode(encode(message))


def test_random_bytes_are_refused_or_read_but_nothing_else():
    draw = random.Random(3)
    for _ in range(3_000):
        data = bytes([wire.KIND, draw.randrange(7)]) + draw.randbytes(draw.randrange(120))
        with contextlib.suppress(PeerFault):
            decode(data)


# ---- clocks


def test_the_answer_with_the_shortest_round_trip_is_believed():
    clock = PeerClock()
    assert clock.offset() is None
    for token, trip in ((1, 400), (2, 20), (3, 900)):
        clock.ask(token, wall_ms=10_000, steady_ms=100)
        # their clock is 3 s ahead; a slow way back makes the estimate worse
        assert clock.answer(token, 13_000 + trip // 10, 100 + trip)
    best = clock.offset()
    assert best is not None
    assert (best.offset_ms, best.error_ms) == (2_992, 10)
    assert abs(best.offset_ms - 3_000) <= best.error_ms


def test_answers_nobody_asked_for_are_ignored():
    clock = PeerClock()
    assert not clock.answer(5, 99, 99)
    clock.ask(5, 0, 0)
    assert clock.answer(5, 99, 0)
    assert not clock.answer(5, 99, 0)
    for token in range(100):
        clock.ask(token, 0, 0)
    assert not clock.answer(0, 99, 0)  # given up long ago
    assert clock.answer(99, 2**64 - 1, 0)  # absurd, but harmless


# ---- write sets


def write_set(changes=None, count=3_000) -> WriteSet:
    executor = open_executor(MemoryKeyValue(), KEYS)
    executor.submit(registration(KEYS, 7))
    block = make_block(executor, KEYS)
    outcome = executor._outcomes[executor.write_sets._agreed.popitem()[0]]
    writes = {f"bill/{number}": b"%d" % number for number in range(count)} | (changes or {})
    object.__setattr__(outcome, "writes", writes)
    executor.close()
    return WriteSet(INTL, outcome, block.header)


def differing(ours: WriteSet, theirs: WriteSet) -> tuple[set[str], int]:
    search = _Search(ours, INTL)
    while search.open:
        prefix = search.next()
        listed = theirs.listing(prefix)
        children = theirs.children(prefix) if listed is None else ()
        answer = Subtree(HASH, prefix, True, HASH, HASH, children=children, entries=listed or ())
        search.take(decode(encode(answer)))
    return search.found, search.asked


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"bill/77": b"wrong"}, {"bill/77"}),
        ({"bill/77": None}, {"bill/77"}),
        ({"more": b"", "bill/5": b"x"}, {"more", "bill/5"}),
        ({"with\nnewline": b""}, {"with\\nnewline"}),
    ],
)
def test_the_keys_that_differ_are_found_with_few_questions(changes, expected):
    ours, theirs = write_set(), write_set(changes)
    for one, other in ((ours, theirs), (theirs, ours)):
        found, asked = differing(one, other)
        assert found == expected
        assert asked <= 1 + 3 * len(expected)


def test_a_flood_of_differences_is_cut():
    found, asked = differing(write_set(), write_set({f"bill/{n}": b"" for n in range(2_000)}))
    assert len(found) >= wire.KEYS_MAX
    assert asked < 40


def test_write_sets_are_kept_for_a_while_and_mismatches_told_once():
    executor = open_executor(MemoryKeyValue(), KEYS)
    executor.submit(registration(KEYS, 7))
    block = make_block(executor, KEYS)
    ((hashed, outcome),) = executor._outcomes.items()
    assert executor.write_sets.find(hashed) is not None
    assert executor.write_sets.find(HASH) is None
    kept, told = WriteSets(INTL), []
    kept.on_mismatch = told.append
    import dataclasses

    for number in range(20):
        root = number.to_bytes(32, "big")
        offered = dataclasses.replace(block.header, state_root=root)
        kept.differ(offered, outcome)
        kept.differ(offered, outcome)
    assert len(told) == 20
    kept.differ(dataclasses.replace(block.header, proposer=b"\x04" + bytes(64)), outcome)
    assert len(told) == 20  # wrong, but its results are right
    assert kept.find(told[0].block_hash) is None
    last = kept.find(told[-1].block_hash)
    assert last is not None
    assert last.roots == (block.header.state_root, block.header.receipts_root)
    executor.close()


# ---- troubles


def test_the_last_trouble_of_a_peer_is_kept_until_it_is_connected():
    now = [100.0]
    troubles = Troubles(lambda: now[0])
    troubles.unreachable(b"p", ConnectionRefusedError(111, "Connection refused"))
    assert troubles.of(b"p") == Trouble("", "Connection refused")
    troubles.fault(b"p", PeerFault(PEER_HANDSHAKE, "another chain or genesis"))
    assert troubles.of(b"p") == Trouble("PEER_HANDSHAKE", "another chain or genesis")
    troubles.unreachable(b"p", TimeoutError())  # says less than what is known
    assert troubles.of(b"p") == Trouble("PEER_HANDSHAKE", "another chain or genesis")
    troubles.connected(b"p")
    assert troubles.of(b"p") is None
    troubles.unreachable(b"p", TimeoutError())
    assert troubles.of(b"p") == Trouble("", "no answer in time")
    troubles.unreachable(b"q", EOFError())
    assert troubles.of(b"q") == Trouble("", "it closed the connection")
    for _ in range(1_000):
        troubles.fault(b"", PeerFault(PEER_UNKNOWN))
    assert dict(troubles.strangers())["PEER_UNKNOWN"] <= 200
    now[0] += WINDOW_SECONDS + 1
    assert troubles.strangers() == ()


# ---- the last stop


def test_why_a_node_stopped_is_told_by_the_next_start_for_a_day(tmp_path: Path):
    assert last_stop(tmp_path, 0) is None
    remember_stop(tmp_path, StorageFault("fsync: No space left on device"))
    written = json.loads((tmp_path / FILE).read_text())["time_ms"]
    stopped = last_stop(tmp_path, written + 5_000)
    assert stopped is not None
    assert (stopped.kind, stopped.ago_ms) == ("StorageFault", 5_000)
    assert last_stop(tmp_path, written + 25 * 3_600_000) is None
    for broken in (b"", b"[]", b"{", b'{"kind": 1}', b'{"kind":"x","reason":"y","time_ms":"z"}'):
        (tmp_path / FILE).write_bytes(broken)
        assert last_stop(tmp_path, written) is None
    remember_stop(tmp_path / "missing", StorageFault("x"))  # the log has it anyway


# ---- answers and metrics


def test_the_answer_says_the_same_in_both_forms():
    facts = IDLE
    reply = why_reply(facts, "province-0")
    shown = why_json(reply)
    assert shown["verdict"] == reply.verdict == "idle"
    assert shown["reasons"][0]["code"] == "WHY_IDLE"
    assert [one["name"] for one in shown["validators"]] == ["a", "b", "c", "d"]
    assert shown["validators"][0]["own"] is True
    assert shown["validators"][1]["clock_offset_ms"] is None
    assert json.loads(json.dumps(shown)) == shown


def test_metrics_show_the_same_facts_by_validator_and_code():
    import dataclasses

    gone = {"connected": False, "offset_ms": None}
    facts = dataclasses.replace(
        IDLE, waiting=False, validators=four(c={"offset_ms": -1_500, "prevote": "nil"}, d=gone)
    )
    metrics = Metrics()
    add_gauges(metrics, lambda: facts)
    lines = metrics.expose().splitlines()
    for expected in (
        "yilian_healthy 0",
        "yilian_last_block_age_seconds 4",
        'yilian_why{code="WHY_VALIDATOR_UNREACHABLE",severity="warning"} 1',
        'yilian_vote_missing{kind="prevote",validator="c"} 0',
        'yilian_vote_missing{kind="prevote",validator="d"} 1',
        'yilian_validator_connected{validator="d"} 0',
        'yilian_validator_connected{validator="b"} 1',
        'yilian_clock_offset_seconds{validator="c"} -1.5',
        'yilian_validator_height{validator="b"} 8',
    ):
        assert expected in lines
    assert not any(line.startswith('yilian_clock_offset_seconds{validator="d"}') for line in lines)
