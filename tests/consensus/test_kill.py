"""A validator killed at every named place of this room comes back and contradicts nothing."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest

import consensus
from consensus import committing, driver, guard, wal
from consensus.failpoints import FAILPOINTS
from consensus.messages import Committed, ProposalHead, Vote, decode
from tests.consensus.test_driver import (
    FAST,
    check_chains,
    consortium,
    finish,
    heights,
    run,
    until,
)

SMALL_LOG = replace(FAST, log_bytes_max=1024)
"""The log begins anew every few heights, so that a kill in the middle of that is met."""


class Killed(BaseException):
    """The process ends here."""


def arm(monkeypatch, name):
    """Kill whoever passes `name` next, once."""
    passed = []

    def failpoint(here):
        if here == name and not passed:
            passed.append(here)
            raise Killed(here)

    for module in (committing, driver, guard, wal):
        monkeypatch.setattr(module, "failpoint", failpoint)
    return passed


def watch_signatures(hub):
    """Every statement sent, by who and where; two different ones at one place are a crime."""
    said = {}
    deliver = hub.deliver

    def watched(sender, receiver, message):
        decoded = decode(message)
        match decoded:
            case Vote():
                place = (decoded.validator, decoded.height, decoded.round, decoded.kind)
            case ProposalHead():
                place = (decoded.proposer, decoded.height, decoded.round, "proposal")
            case Committed():
                place = (decoded.validator, decoded.height, "committed")
            case _:
                place = None
        if place is not None:
            assert said.setdefault(place, decoded.block_hash) == decoded.block_hash
        deliver(sender, receiver, message)

    hub.deliver = watched
    return said


async def restart_the_killed(nodes):
    while True:
        await asyncio.sleep(0.005)
        for node in nodes:
            if node.task is not None and node.task.done() and node.task.exception() is not None:
                assert isinstance(node.task.exception(), Killed)
                node.hub.unplug(node.port)
                node.start()


@pytest.mark.parametrize("name", FAILPOINTS)
@pytest.mark.covers(row=(3, 21))
def test_killed_there_and_restarted(tmp_path, monkeypatch, name):
    async def story():
        nodes = consortium(tmp_path, settings=SMALL_LOG)
        said = watch_signatures(nodes[0].hub)
        for node in nodes[:3]:
            node.start()
        for node in nodes[:3]:
            node.submit(b"before")
        await until(lambda: min(heights(nodes[:3])) >= 1)
        passed = arm(monkeypatch, name)
        keeper = asyncio.create_task(restart_the_killed(nodes))
        for number in range(2):
            for node in nodes[:3]:
                node.submit(b"tx %d" % number)
            await until(lambda goal=number + 2: min(heights(nodes[:3])) >= goal)
        nodes[3].start()
        await until(lambda: heights(nodes)[3] >= 3)
        await until(lambda: passed)
        for node in nodes:
            node.application.pool.append(b"after")
            if not node.task.done():
                node.driver.notify_pool()
        top = max(heights(nodes))
        await until(lambda: min(heights(nodes)) > top and not any(n.task.done() for n in nodes))
        keeper.cancel()
        await finish(nodes)
        check_chains(nodes)
        assert said
        assert all(node.driver.status().double_votes == 0 for node in nodes)

    run(story())


@pytest.mark.parametrize("name", FAILPOINTS)
@pytest.mark.covers(row=(3, 21))
def test_a_single_validator_killed_there_goes_on(tmp_path, monkeypatch, name):
    async def story():
        nodes = consortium(tmp_path, 1, SMALL_LOG)
        arm(monkeypatch, name)
        keeper = asyncio.create_task(restart_the_killed(nodes))
        nodes[0].start()
        for number in range(3):
            nodes[0].application.pool.append(b"tx %d" % number)
            await until(lambda: not nodes[0].application.pool and not nodes[0].task.done())
        keeper.cancel()
        await finish(nodes)
        chain = nodes[0].application.chain
        found = [raw for block, _ in chain for raw in block.transactions]
        assert sorted(found) == [b"tx 0", b"tx 1", b"tx 2"]

    run(story())


def test_every_fail_point_in_the_code_is_listed_and_the_other_way_round():
    folder = Path(consensus.__file__).parent
    text = "".join(path.read_text() for path in sorted(folder.glob("*.py")))
    used = re.findall(r'failpoint\("([a-z_.]+)"\)', text)
    assert sorted(used) == sorted(FAILPOINTS)
