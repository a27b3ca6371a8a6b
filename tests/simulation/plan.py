"""The swarm: each run draws which faults it has and how hard, so that runs differ in kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.simulation.choice import Choice, between, chance, pick

NETWORK_FAULTS = ("loss", "duplicate", "delay")
NODE_FAULTS = (
    "halves",
    "isolate",
    "one-way",
    "swizzle",
    "clog",
    "crash",
    "power",
    "pause",
    "skew",
    "jump",
)
FAULTS = (*NETWORK_FAULTS, *NODE_FAULTS, "flip", "twin", "bend", "bad block", "membership")


KINDS_WANTED = 4


def kind_of(fault: str) -> str:
    """The four ways to cut a net count as one kind of fault."""
    return "partition" if fault in ("halves", "isolate", "one-way", "swizzle", "cut") else fault


@dataclass
class Plan:
    """One run's shape. Times in ms, chances per thousand."""

    nodes: int = 4
    twins: int = 0
    joiners: int = 0
    """Nodes that follow until governance makes them validators."""
    faults: frozenset[str] = frozenset()
    loss: int = 0
    duplicate: int = 0
    delay_ms: int = 20
    calm_ms: int = 1000
    """Mean time between two troubles."""
    trouble_ms: int = 1000
    """Mean length of a partition, a pause, an outage."""
    bend: int = 0
    submit_ms: int = 400
    rewrite_bytes: int = 1 << 20
    inbox: int = 2_000
    timeout_ms: int = 1_000
    """Wait for a proposal; for votes half of it. Short ones make many rounds."""
    status_ms: int = 500
    heights: int = 20
    deliveries: int = 2_000
    storm_ms: int = 150_000
    storm_heights_max: int = 60
    calm_budget_ms: int = 180_000
    fuses: Mapping[str, tuple[tuple[int, bool], ...]] = field(default_factory=dict)
    """Node -> for its first lives: (passes until it dies, whether by a power cut)."""


def draw(choice: Choice) -> Plan:
    """A storm's plan. With every answer 0: four nodes, no faults."""
    nodes = pick(choice, (4, 4, 4, 4, 4, 4, 4, 4, 3, 5, 7))
    f = (nodes - 1) // 3
    drawn = [fault for fault in (*NETWORK_FAULTS, *NODE_FAULTS) if chance(choice, 600)]
    while choice(1000) and len({kind_of(fault) for fault in drawn}) < 5:
        drawn = sorted({*drawn, pick(choice, (*NETWORK_FAULTS, *NODE_FAULTS))})
    faults = set(drawn)
    twins = between(choice, 0, f) if chance(choice, 500) else 0
    if not twins and 3 < nodes < 7 and chance(choice, 400):
        faults.add("membership")
    if twins:
        faults.add("twin")
        faults |= {fault for fault in ("bend", "bad block") if chance(choice, 600)}
    elif f and "membership" not in faults and chance(choice, 400):
        faults.add("flip")
    return Plan(
        nodes=nodes,
        twins=twins,
        joiners=between(choice, 1, 2) if "membership" in faults else 0,
        faults=frozenset(faults),
        loss=between(choice, 10, 300) if "loss" in faults else 0,
        duplicate=between(choice, 10, 500) if "duplicate" in faults else 0,
        delay_ms=between(choice, 50, 500) if "delay" in faults else 20,
        calm_ms=between(choice, 400, 3_000),
        trouble_ms=between(choice, 200, 1_500),
        bend=between(choice, 10, 200) if "bend" in faults else 0,
        submit_ms=between(choice, 150, 1_000),
        rewrite_bytes=pick(choice, (1 << 20, 8_192, 65_536)),
        inbox=pick(choice, (2_000, 2_000, 64)),
        timeout_ms=pick(choice, (1_000, 1_000, 400, 150)),
        status_ms=pick(choice, (500, 500, 1_000, 1_500)),
    )
