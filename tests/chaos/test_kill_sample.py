"""A sample of the kill matrix; `make chaos` runs all of it.

Each trial kills six or more processes at once, each at its own point, in the middle of the journey.
"""

from collections import Counter

import pytest

from testnet.chaos.plan import NAMED, Kill, kills, never_passed, packed
from testnet.chaos.trial import try_kills

COMMITTING = (
    Kill("finance-0", "node.commit.before", 8),
    Kill("province-0", "consensus.commit.before", 20),
    Kill("province-1", "consensus.guard.after", 60),
    Kill("province-2", "node.commit.after", 20),
    Kill("province-3", "consensus.wal.after", 50),
    Kill("national-0", "node.submit.before", 1),
    Kill("province-router", "router.submit.after", 3),
    Kill("finance-router", "router.seal.after", 3),
)
ANSWERING = (
    Kill("finance-0", "node.answer.before", 9),
    Kill("province-0", "custodian.vault.after", 9),
    Kill("province-1", "consensus.sign.after", 60),
    Kill("province-router", "router.ack.after", 3),
    Kill("finance-router", "router.submit.before", 3),
    Kill("national-router", "router.open.after", 1),
)


@pytest.mark.parametrize("group", [COMMITTING, ANSWERING], ids=["committing", "answering"])
@pytest.mark.processes
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_nothing_is_lost_and_nothing_doubled(group: tuple[Kill, ...]) -> None:
    verdict = try_kills(group)
    assert list(verdict.wrong) == []
    assert sorted(verdict.happened) == sorted(kill.process for kill in group)


def test_the_plan_kills_in_the_middle_of_the_passes() -> None:
    counted = {"province-0": Counter({"node.commit.before": 41, "not.a.named.point": 3})}
    assert kills(counted) == [Kill("province-0", "node.commit.before", 21)]


def test_a_round_holds_a_process_once() -> None:
    wanted = [Kill("a", "x", 1), Kill("a", "y", 1), Kill("b", "x", 1)]
    assert packed(wanted) == [[wanted[0], wanted[2]], [wanted[1]]]


def test_a_point_nobody_passes_is_noticed() -> None:
    assert never_passed({"a": Counter(dict.fromkeys(NAMED - {"node.commit.after"}, 1))}) == [
        "node.commit.after"
    ]
