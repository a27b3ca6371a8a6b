"""Nodes that find out together whose results differ, and whose clock is wrong."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from crypto.suites import INTL
from faults import InvariantBroken
from node.why.codes import Severity
from tests.node.chains import Keys, identity_key, registration
from tests.node.why.consortium import Node, consortium, corrupt, until

KEYS = Keys(INTL)
WRONG_KEY = identity_key(KEYS, 7)


def one_wrong_byte(key: str, value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1]) if key == WRONG_KEY else value


def key_told(node: Node, code: str) -> bool:
    reason = node.reasons().get(code)
    return reason is not None and reason.fields["key"] == WRONG_KEY


def play(nodes: list[Node], scene: Callable[[], Awaitable[None]]) -> None:
    async def run() -> None:
        for node in nodes:
            node.start()
        try:
            await scene()
        finally:
            for node in nodes:
                await node.stop()

    asyncio.run(run())


def test_the_others_name_the_proposer_whose_execution_is_wrong_and_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = consortium(tmp_path)
    wrong = nodes[3]
    corrupt(wrong, monkeypatch, one_wrong_byte)

    async def scene() -> None:
        wrong.submit(registration(KEYS, 7, operations=60))  # only it can propose this
        right = nodes[:3]
        await until(lambda: all(key_told(node, "WHY_STATE_DIFFERS_THERE") for node in right))
        for node in right:
            reason = node.reasons()["WHY_STATE_DIFFERS_THERE"]
            assert reason.fields["validator"] == "d"
            assert reason.fields["part"] == "state_root"
            assert reason.fields["expected"] != reason.fields["got"]
        # three told it what they found: it knows that it is the one
        await until(lambda: key_told(wrong, "WHY_STATE_DIFFERS_HERE"))

    play(nodes, scene)


def test_a_node_with_a_wrong_execution_finds_that_it_is_the_one_and_says_so_before_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = consortium(tmp_path)
    wrong = nodes[3]
    corrupt(wrong, monkeypatch, one_wrong_byte)

    async def scene() -> None:
        for node in nodes[:3]:
            node.submit(registration(KEYS, 7))
        await until(lambda: wrong.ended is not None)
        assert isinstance(wrong.ended, InvariantBroken)
        await wrong.diagnosis.settle(5)
        reason = wrong.reasons()["WHY_STATE_DIFFERS_HERE"]
        assert reason.severity is Severity.STOPS
        assert reason.fields["key"] == WRONG_KEY
        assert set(reason.fields["agreeing"].split(", ")) <= {"a", "b", "c"}
        await until(lambda: all(node.executor.height() >= 1 for node in nodes[:3]))
        wrong.port.unplug()
        for node in nodes[:3]:  # it told them, and is gone
            told = node.reasons()
            assert told["WHY_STATE_DIFFERS_THERE"].fields["validator"] == "d"
            assert told["WHY_STATE_DIFFERS_THERE"].fields["key"] == WRONG_KEY
            assert told["WHY_VALIDATOR_UNREACHABLE"].fields["validator"] == "d"

    play(nodes, scene)


def test_a_wrong_clock_is_measured_by_the_others_and_by_its_owner(tmp_path: Path) -> None:
    nodes = consortium(tmp_path)
    nodes[1].clock.ahead_ms = 8_000

    async def scene() -> None:
        await until(lambda: all("WHY_CLOCK_PEER" in nodes[i].reasons() for i in (0, 2, 3)))
        for index in (0, 2, 3):
            fields = nodes[index].reasons()["WHY_CLOCK_PEER"].fields
            assert fields["validator"] == "b"
            assert abs(int(fields["offset_ms"]) - 8_000) < 500
        await until(lambda: "WHY_CLOCK_OWN" in nodes[1].reasons())
        own = nodes[1].reasons()["WHY_CLOCK_OWN"].fields
        assert abs(int(own["offset_ms"]) - 8_000) < 500

    play(nodes, scene)


def test_a_proposal_from_the_future_is_told_with_its_proposer(tmp_path: Path) -> None:
    nodes = consortium(tmp_path)
    fast = nodes[0]
    fast.clock.ahead_ms = 60_000

    async def scene() -> None:
        fast.submit(registration(KEYS, 7))  # only it can propose this
        await until(lambda: all("WHY_PROPOSAL_LATE" in node.reasons() for node in nodes[1:]))
        for node in nodes[1:]:
            assert node.reasons()["WHY_PROPOSAL_LATE"].fields["validator"] == "a"

    play(nodes, scene)


def test_no_quorum_names_who_is_gone_and_positions_are_known(tmp_path: Path) -> None:
    nodes = consortium(tmp_path)

    async def scene() -> None:
        me = nodes[0]
        await until(lambda: all(one.position for one in me.facts().validators))
        await until(lambda: list(me.reasons()) == ["WHY_IDLE"])
        nodes[2].port.unplug()
        nodes[3].port.unplug()
        reason = me.reasons()["WHY_NO_QUORUM"]
        assert reason.fields == {"missing": "c, d", "present": "2", "total": "4", "need": "3"}
        me.submit(registration(KEYS, 7))
        await until(lambda: me.facts().pool.oldest_ms > 0 and not me.facts().waiting)
        assert {one.label: one.power for one in me.facts().validators} == dict.fromkeys("abcd", 1)

    play(nodes, scene)


def test_a_flood_or_nonsense_of_a_peer_costs_little(tmp_path: Path) -> None:
    nodes = consortium(tmp_path)

    async def scene() -> None:
        me, other = nodes[0], nodes[1]
        me.diagnosis.on_message(other.port.key, b"\x81nonsense")
        assert len(me.port.reported) == 1
        assert "DIAGNOSIS_MALFORMED" in me.port.reported[0]
        for _ in range(1_000):
            me.diagnosis.on_message(other.port.key, b"\x81nonsense")
        assert len(me.port.reported) < 250

    play(nodes, scene)
