"""The storm would notice: each known bug, put in on purpose, is found within its budget."""

import pytest

from tests.simulation.choice import Seeded
from tests.simulation.controls import CONTROLS, run_with, seeds_to_find


@pytest.mark.slow
@pytest.mark.timeout(1_200)
@pytest.mark.covers(row=(9, 10))
@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name.replace(" ", "-"))
def test_found_within_the_budget(control):
    found = seeds_to_find(control)
    assert found is not None, f"{control.name}: not found in {control.budget} seeds"


@pytest.mark.slow
def test_the_same_plans_without_the_bug_are_quiet():
    for control in CONTROLS:
        if control.name == "more than f twins":
            continue
        honest = type(control)(control.name, _nothing, control.plan, control.checkers, 1)
        assert run_with(honest, Seeded(1)).violations == [], control.name


def _nothing():
    import contextlib

    return contextlib.nullcontext()
