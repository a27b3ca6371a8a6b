"""Known bugs, put in on purpose: what a storm that finds nothing must be able to find.

Each control is a change of the real code for the length of a run, a plan that is a storm's plan
otherwise, the checkers that may notice it, and a budget of seeds within which one of them must.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import consensus.driver
import node.execution
from consensus.messages import NIL, NO_ROUND, Vote, encode
from consensus.proposer import Electorate
from consensus.signing import Notary
from tests.simulation import loop as loops
from tests.simulation import world
from tests.simulation.choice import Choice, Seeded
from tests.simulation.disk import SimDisk
from tests.simulation.fakes import SUITE
from tests.simulation.node import SimNode
from tests.simulation.plan import Plan, draw


@contextlib.contextmanager
def _patched(owner, name: str, value):
    kept = owner.__dict__[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def quorum_of_f_plus_1():
    """Two quorums no longer share an honest validator."""
    honest = Electorate.of.__func__

    def of(cls, members):
        right = honest(cls, members)
        return replace(right, quorum=right.some_honest)

    return _patched(Electorate, "of", classmethod(of))


def forgotten_lock():
    """Lines 38-39 of the paper left out: who precommitted a block may prevote another."""
    step = consensus.driver.step

    def forget(state, event):
        out = step(state, event)
        state.locked_hash, state.locked_round = NIL, NO_ROUND
        return out

    return _patched(consensus.driver, "step", forget)


def missing_fsync():
    """Appends to the log and the last-signed record are written, never synced."""
    return _patched(SimDisk, "syncs_opened", False)


def vote_before_persist():
    """What is signed leaves before it is durable."""
    sign = Notary.sign

    def hasty(self, unsigned, *args, **kwargs):
        self._log.append = self._guard.save = lambda *_: None
        try:
            signed = sign(self, unsigned, *args, **kwargs)
        finally:
            del self._log.append, self._guard.save
        if isinstance(signed, Vote):
            loops.running().node.port.broadcast(encode(signed))
        return sign(self, unsigned, *args, **kwargs)

    return _patched(Notary, "sign", hasty)


def unsorted_set():
    """Events come out in the order of a set, which every process has its own of."""
    apply_transaction = node.execution.apply_transaction

    def unsorted(*args, **kwargs):
        current = loops.running()
        salt = (current.node.name if current is not None else "replay").encode()
        return [
            replace(
                result,
                events=tuple(sorted(result.events, key=lambda e: SUITE.hash(salt + e[1]))),
            )
            for result in apply_transaction(*args, **kwargs)
        ]

    return _patched(node.execution, "apply_transaction", unsorted)


def nothing():
    return contextlib.nullcontext()


def _same(plan: Plan) -> Plan:
    return plan


def _too_many_twins(plan: Plan) -> Plan:
    return replace(_clogged(plan), twins=2, status_ms=500)


def _one_twin(plan: Plan) -> Plan:
    return replace(
        plan, nodes=max(plan.nodes, 4), twins=1, faults=plan.faults - {"flip"} | {"twin"}
    )


def _clogged(plan: Plan) -> Plan:
    """Where locks matter: single votes of single nodes go astray, and nothing else happens."""
    return replace(
        plan,
        nodes=4,
        twins=1,
        faults=frozenset({"clog", "twin"}),
        loss=0,
        duplicate=0,
        delay_ms=60,
        calm_ms=600,
        trouble_ms=1_500,
        heights=60,
        timeout_ms=150,
        status_ms=1_500,
    )


@dataclass(frozen=True)
class Control:
    """A known bug: how to put it in, under which plans, who may notice it, within how many."""

    name: str
    bug: Callable
    plan: Callable[[Plan], Plan]
    checkers: str
    budget: int


CONTROLS = (
    Control("more than f twins", nothing, _too_many_twins, "A", 100),
    Control("a quorum of f+1", quorum_of_f_plus_1, _one_twin, "A", 20),
    Control("a forgotten lock", forgotten_lock, _clogged, "A", 100),
    Control("a missing fsync", missing_fsync, _same, "SH", 20),
    Control("a vote before it is persisted", vote_before_persist, _same, "S", 200),
    Control("an unsorted set", unsorted_set, _same, "ALRH", 10),
)


def run_with(control: Control, choice: Choice) -> world.Result:
    """One storm with the bug in."""
    plan = replace(control.plan(draw(choice)), calm_budget_ms=60_000)
    with control.bug():
        return world.run(choice, plan)


def seeds_to_find(control: Control, first: int = 0) -> tuple[int, str] | None:
    """How many seeds it took, and what was said; None when the budget did not suffice."""
    for number in range(control.budget):
        found = [
            violation
            for violation in run_with(control, Seeded(first + number)).violations
            if violation.checker in control.checkers
        ]
        if found:
            return number + 1, str(found[0])
    return None


__all__ = ["CONTROLS", "Control", "SimNode", "run_with", "seeds_to_find"]
