"""Which (fault, step) pairs a storm must have seen: what was never hit was never tested.

Steps are those of the protocol (`DriverStatus`, with + in a later round), kinds of message, and
every fail point and disk effect at which a node can die.
"""

from collections import Counter
from collections.abc import Iterable

from consensus.failpoints import FAILPOINTS as CONSENSUS
from node.failpoints import FAILPOINTS as NODE
from tests.simulation.byzantine import BAD_BLOCKS

STEPS = ("WAITING", "PROPOSE", "PREVOTE", "PRECOMMIT", "PROPOSE+", "PREVOTE+", "PRECOMMIT+")
MESSAGES = (
    "proposalhead",
    "part",
    "prevote",
    "precommit",
    "committed",
    "committedcertificate",
    "status",
    "blockrequest",
    "blockresponse",
    "transactions",
)
DISK = (
    "disk.write",
    "disk.written",
    "disk.sync",
    "disk.synced",
    "disk.create",
    "disk.rename",
    "disk.renamed",
    "disk.sync_directory",
)
NOT_PASSED = {
    "node.genesis.before": "the genesis is written before a storm begins",
    "node.genesis.after": "the genesis is written before a storm begins",
    "node.submit.before": "of the gRPC service, which is not in the simulator",
    "node.submit.after": "of the gRPC service, which is not in the simulator",
    "node.answer.before": "of the gRPC service, which is not in the simulator",
}
"""Fail points that no storm can pass, and why; the kill matrix of real processes has them."""

RARE = {
    ("power", "disk.rename"),
    ("power", "disk.renamed"),
    ("power", "disk.create"),
    ("power", "disk.sync_directory"),
    ("crash", "disk.rename"),
    ("crash", "disk.renamed"),
    ("crash", "disk.create"),
    ("crash", "disk.sync_directory"),
    ("crash", "consensus.wal.truncate.before"),
    ("crash", "consensus.wal.truncate.after"),
    ("power", "consensus.wal.truncate.before"),
    ("power", "consensus.wal.truncate.after"),
}
"""Pairs left to tests/simulation/test_exhaustive.py, which has every crash point."""

Pair = tuple[str, str]


def required() -> set[Pair]:
    """Every pair that a storm of some hundred seeds has to see."""
    pairs: set[Pair] = set()
    for fault in ("halves", "isolate", "one-way", "swizzle", "clog", "pause", "skew", "jump"):
        pairs |= {(fault, step) for step in STEPS}
    pairs |= {("twin", step) for step in STEPS}
    pairs |= {("membership", step) for step in STEPS}
    pairs |= {("membership", what) for what in ("add", "remove", "power", "rotate", "readmit")}
    for fault in ("loss", "duplicate", "delay", "cut", "bend"):
        pairs |= {(fault, message) for message in MESSAGES}
    points = {*CONSENSUS, *NODE, *DISK} - NOT_PASSED.keys()
    pairs |= {(fault, point) for fault in ("crash", "power") for point in points}
    pairs |= {("bad block", kind) for kind in BAD_BLOCKS if kind != "honest"}
    pairs |= {("power", "something lost"), ("power", "nothing lost")}
    pairs |= {("flip", "noticed in consensus.wal"), ("flip", "noticed in last-signed")}
    return pairs - RARE


def missing(seen: Iterable[Pair]) -> list[Pair]:
    """Required pairs that were not seen, in order."""
    return sorted(required() - set(seen))


def table(seen: Counter) -> dict[str, int]:
    """Passes by fault, for reports."""
    faults: Counter = Counter()
    for (fault, _), count in seen.items():
        faults[fault] += count
    return dict(sorted(faults.items()))
