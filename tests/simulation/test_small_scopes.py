"""Small worlds gone through whole: every crash point, every power cut, every split of a twin."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consensus.failpoints import FAILPOINTS
from tests.simulation.choice import Drawn, every
from tests.simulation.coverage import DISK
from tests.simulation.plan import Plan
from tests.simulation.world import World, run

LONE = Plan(nodes=1, heights=4, storm_heights_max=4, rewrite_bytes=1_024, storm_ms=20_000)
FOUR = Plan(nodes=4, heights=3, storm_heights_max=3, rewrite_bytes=1_024, storm_ms=20_000)
TWIN = Plan(
    nodes=4,
    twins=1,
    faults=frozenset({"twin"}),
    heights=1,
    storm_heights_max=1,
    timeout_ms=150,
    storm_ms=20_000,
)


STEPS = 180
"""Passes of fail points and disk effects: the first start and three heights."""


def calm(bound: int) -> int:
    return 0


def _with_fuse(plan: Plan, node: str, fuse: int, power: bool) -> Plan:
    return Plan(**{**vars(plan), "fuses": {node: ((fuse, power),)}})


def _dies_everywhere(power: bool, fuses, depth: int) -> set[str]:
    """Where it died, over all these fuses and all fates of what a power cut finds unsynced."""
    seen = set()
    for fuse in fuses:
        for fates in every(depth if power else 0):
            result = run(calm, _with_fuse(LONE, "0", fuse, power), disk_choice=fates)
            assert result.violations == [], (fuse, result.violations)
            assert result.deaths == 1
            seen |= {point for fault, point in result.coverage if fault in ("crash", "power")}
    return seen


@pytest.mark.slow
@pytest.mark.covers(row=(3, 16, 18, 21))
@pytest.mark.parametrize("power", [False, True])
def test_a_lone_validator_dies_at_every_step(power):
    """Every fail point and every disk effect of its first heights."""
    seen = _dies_everywhere(power, range(1, STEPS + 1), depth=1)
    wanted = {point for point in FAILPOINTS if ".sync." not in point} | set(DISK)
    assert wanted - seen == set()


@pytest.mark.slow
@pytest.mark.covers(row=18)
def test_a_lone_validator_loses_every_possible_part_of_a_write():
    """Every length of every torn write of its first height."""
    _dies_everywhere(True, range(40, 46), depth=2)


@pytest.mark.slow
@pytest.mark.covers(row=18)
def test_a_killed_validator_comes_back_and_loses_power():
    """What the first life wrote and did not sync is read by the second, and gone in the third."""
    for killed in range(20, 110):
        for cut in range(1 + killed % 2, 16, 2):
            fuses = ((killed, False), (cut, True))
            plan = Plan(**{**vars(LONE), "fuses": {"0": fuses}})
            result = run(calm, plan, disk_choice=lambda bound: 1 % bound)
            assert result.violations == [], (fuses, result.violations)
            assert result.deaths == 2


@pytest.mark.slow
@pytest.mark.covers(row=(3, 18, 21))
def test_one_of_four_dies_at_every_step():
    for fuse in range(1, 200, 3):
        for fates in (calm, lambda bound: 1 % bound, lambda bound: bound - 1):
            plan = _with_fuse(FOUR, "2", fuse, power=True)
            result = run(calm, plan, disk_choice=fates)
            assert result.violations == [], (fuse, result.violations)


@pytest.mark.slow
@pytest.mark.covers(row=6)
def test_every_split_of_a_twin():
    """Who hears which mind of the twin, in all ways, for the first rounds."""
    worlds = 0
    for routes in every(7):
        result = run(calm, TWIN, route_choice=routes)
        assert result.violations == [], routes.taken
        worlds += 1
    assert worlds == 128


@pytest.mark.slow
@pytest.mark.covers(row=(1, 2, 3))
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(st.data())
def test_whatever_hypothesis_decides(data):
    plan = Plan(
        nodes=4,
        faults=frozenset({"loss", "delay", "duplicate", "halves", "crash", "power", "pause"}),
        loss=200,
        duplicate=200,
        delay_ms=200,
        calm_ms=500,
        heights=4,
        storm_heights_max=4,
        storm_ms=15_000,
    )
    world = World(Drawn(data.draw), plan)
    assert world.run().violations == []
