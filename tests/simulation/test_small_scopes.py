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


def calm(bound: int) -> int:
    return 0


def _with_fuse(plan: Plan, node: str, fuse: int, power: bool) -> Plan:
    return Plan(**{**vars(plan), "fuses": {node: (fuse, power)}})


@pytest.mark.covers(row=(3, 16, 18, 21))
@pytest.mark.parametrize("power", [False, True])
def test_a_lone_validator_dies_at_every_step(power):
    """Every fail point and every disk effect of its first heights; all fates of what is lost."""
    fuse, seen = 0, set()
    while True:
        fuse += 1
        died = False
        for fates in every(3):
            result = run(calm, _with_fuse(LONE, "0", fuse, power), disk_choice=fates)
            assert result.violations == [], (fuse, result.violations)
            died = result.deaths > 0
            seen |= {point for fault, point in result.coverage if fault in ("crash", "power")}
            if not power:
                break
        if not died:
            break
    assert fuse > 100
    wanted = {point for point in FAILPOINTS if ".sync." not in point} | set(DISK)
    assert wanted - seen <= {
        "consensus.committed.before_attach",
        "consensus.committed.after_attach",
    }


@pytest.mark.slow
@pytest.mark.covers(row=(3, 18, 21))
def test_one_of_four_dies_at_every_step():
    for fuse in range(1, 400, 3):
        for fates in (calm, lambda bound: 1 % bound, lambda bound: bound - 1):
            plan = _with_fuse(FOUR, "2", fuse, power=True)
            result = run(calm, plan, disk_choice=fates)
            assert result.violations == [], (fuse, result.violations)


@pytest.mark.covers(row=6)
def test_every_split_of_a_twin():
    """Who hears which mind of the twin, in all ways, for the first rounds."""
    worlds = 0
    for routes in every(8):
        result = run(calm, TWIN, route_choice=routes)
        assert result.violations == [], routes.taken
        worlds += 1
    assert worlds >= 128


@pytest.mark.covers(row=(1, 2, 3))
@settings(
    max_examples=25,
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
