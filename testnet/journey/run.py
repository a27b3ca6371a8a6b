"""The steps in order."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from testnet.journey import (
    s0_accounts,
    s1_issue,
    s2_sync,
    s3_settle,
    s4_authorize,
    s5_reimburse,
    s6_red,
    s7_report,
    s8_crash,
    s9_evidence,
)
from testnet.journey.world import World

_MODULES = (
    s0_accounts,
    s1_issue,
    s2_sync,
    s3_settle,
    s4_authorize,
    s5_reimburse,
    s6_red,
    s7_report,
    s8_crash,
    s9_evidence,
)


@dataclass(frozen=True)
class Step:
    """A step of the journey: its number, what it is about, and the function that takes it."""

    number: int
    title: str
    take: Callable[[World], Iterator[str]]


@dataclass(frozen=True)
class Outcome:
    """What came of a step: its last line, and how long it took."""

    step: Step
    result: str
    seconds: float


STEPS = tuple(Step(number, module.TITLE, module.run) for number, module in enumerate(_MODULES))


def travel(
    world: World,
    *,
    steps: Sequence[Step] = STEPS,
    began: Callable[[Step], None] = lambda step: None,
    said: Callable[[str], None] = lambda line: None,
) -> list[Outcome]:
    """Take the steps one after the other; JourneyBroken at the first that comes out otherwise."""
    outcomes = []
    for step in steps:
        began(step)
        started, last = time.monotonic(), ""
        for last in step.take(world):
            said(last)
        outcomes.append(Outcome(step, last.strip(), time.monotonic() - started))
    return outcomes
