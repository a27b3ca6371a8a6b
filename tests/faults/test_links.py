"""Partitions, one-way links, slow and lossy lines between real processes (FAULTS 1, 2, 23)."""

from collections.abc import Callable, Sequence

import pytest

from testnet.faults.cluster import Cluster
from testnet.faults.load import Load
from testnet.faults.proxy import Rule
from tests.faults.conftest import ALL

pytestmark = [
    pytest.mark.usefixtures("restored"),
    pytest.mark.processes,
    pytest.mark.slow,
]


@pytest.mark.parametrize("refused", [False, True], ids=["silent", "cut"])
@pytest.mark.covers(row=(2, 23))
def test_halves_commit_nothing_and_go_on_when_healed(
    cluster: Cluster, load: Callable[[], Load], refused: bool
) -> None:
    with load().running() as under_load:
        cluster.grows(ALL, 3)
        cluster.proxies.partition([0, 1], [2, 3], refused=refused)
        assert cluster.stands_still(ALL, 1)
        cluster.proxies.heal()
        seconds = cluster.grows(ALL, 2, 20)
        told = len(under_load.acknowledged)
        cluster.until("acknowledging again", lambda: len(under_load.acknowledged) > told, 20)
    assert seconds < 10
    for number in ALL:
        assert cluster.lost(under_load.acknowledged, number) == []


@pytest.mark.parametrize(
    ("alone", "rest"), [(0, [1, 2, 3]), (3, [0, 1, 2])], ids=["the first", "the last"]
)
@pytest.mark.covers(row=(2, 23))
def test_three_go_on_without_one_which_commits_nothing(
    cluster: Cluster, alone: int, rest: Sequence[int]
) -> None:
    cluster.proxies.partition([alone], rest)
    cluster.grows(rest, 3, 30)
    assert cluster.stands_still([alone], 1)
    left_behind = cluster.height(alone)
    assert left_behind < min(cluster.heights(rest))
    cluster.proxies.heal()
    cluster.grows(ALL, 2, 30)


@pytest.mark.covers(row=(2, 23))
def test_one_way_silence_costs_nobody_the_chain(cluster: Cluster) -> None:
    """A node that hears all and is heard by none; then one that is heard and hears nothing."""
    cluster.proxies.one_way(1, [0, 2, 3])
    cluster.grows([0, 2, 3], 3, 30)
    cluster.proxies.heal()
    cluster.grows(ALL, 2, 30)
    for source in (0, 2, 3):
        cluster.proxies.one_way(source, [1])
    cluster.grows([0, 2, 3], 3, 30)
    cluster.proxies.heal()
    cluster.grows(ALL, 2, 30)


@pytest.mark.covers(row=(2, 23))
def test_a_partition_that_moves_through_the_nodes(cluster: Cluster) -> None:
    """Links go silent one by one: votes go round by others until there are only two pairs left.

    The links come back in another order.
    """
    for number in (0, 2, 1):
        cluster.proxies.partition([number], [(number + 1) % 4])
        cluster.grows([(number + 2) % 4, (number + 3) % 4], 1, 30)
    cluster.proxies.partition([3], [0])
    assert cluster.stands_still(ALL, 1)
    for number in (3, 0, 1, 2):
        for way in ((number, (number + 1) % 4), ((number + 1) % 4, number)):
            cluster.proxies.rule(*way, Rule())
    cluster.grows(ALL, 2, 30)


@pytest.mark.covers(row=(1, 23))
def test_slow_lossy_narrow_lines_are_only_slower(
    cluster: Cluster, load: Callable[[], Load]
) -> None:
    rule = Rule(delay_seconds=0.05, loss=0.1, bytes_per_second=256 * 1024)
    cluster.proxies.rule_everywhere(ALL, rule)
    with load().running() as under_load:
        cluster.grows(ALL, 4, 40)
        cluster.until("acknowledging", lambda: len(under_load.acknowledged) > 8, 20)
    cluster.proxies.heal()
    cluster.grows(ALL, 2)
    assert cluster.lost(under_load.acknowledged, 0) == []
