"""Which kills there are: a dry run of the journey counts every pass of every process."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from consensus.failpoints import FAILPOINTS as CONSENSUS_POINTS
from node.custodian.vault import FAILPOINTS as CUSTODIAN_POINTS
from node.failpoints import FAILPOINTS as NODE_POINTS
from router.failpoints import FAILPOINTS as ROUTER_POINTS

NAMED = frozenset((*CONSENSUS_POINTS, *CUSTODIAN_POINTS, *NODE_POINTS, *ROUTER_POINTS))
# Passed only by a node that was away: the journey's own step 8 makes the last validator one.
CATCHING_UP = ("consensus.sync.before_commit", "consensus.sync.after_commit")


@dataclass(frozen=True, order=True)
class Kill:
    """Kill `process` when it passes `point` for the `occurrence`-th time."""

    process: str
    point: str
    occurrence: int

    @property
    def armed(self) -> str:
        """The value of YILIAN_FAILPOINT."""
        return f"{self.point}:{self.occurrence}"


def passes(logs: Path) -> dict[str, Counter[str]]:
    """From the dry run's logs (one file a process): how often each point was passed."""
    counted = {}
    for log in sorted(logs.iterdir()):
        counted[log.name] = Counter(log.read_text(encoding="ascii").split())
    return counted


def kills(counted: dict[str, Counter[str]]) -> list[Kill]:
    """One kill for every process and point it passes, in the middle of its passes.

    The middle of the journey is where most is under way; a first pass often is the start-up's.
    """
    return [
        Kill(process, point, 1 if point in CATCHING_UP else (times[point] + 1) // 2)
        for process, times in sorted(counted.items())
        for point in sorted(times)
        if point in NAMED
    ]


def never_passed(counted: dict[str, Counter[str]]) -> list[str]:
    """Named points that no process passed: the matrix would not cover them."""
    passed = {point for times in counted.values() for point in times}
    return sorted(NAMED - passed)


def packed(wanted: list[Kill]) -> list[list[Kill]]:
    """The kills in as few journeys as can be, at most one a process in each."""
    rounds: list[dict[str, Kill]] = []
    for kill in wanted:
        free = next((one for one in rounds if kill.process not in one), None)
        if free is None:
            free = {}
            rounds.append(free)
        free[kill.process] = kill
    return [sorted(one.values()) for one in rounds]
