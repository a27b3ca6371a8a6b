"""Nodes that run other code than the rest: a new rule at an agreed height, or without agreement."""

from dataclasses import replace

import pytest

import node.execution
from tests.simulation import loop as loops
from tests.simulation.choice import Seeded
from tests.simulation.plan import Plan
from tests.simulation.world import World

ACTIVE = 6
PLAN = Plan(nodes=4, heights=12, storm_heights_max=12, calm_budget_ms=60_000)


def _new_rule(monkeypatch, active_at):
    """From a height on, every result has one more field; `active_at` says from which, by node."""
    apply_transaction = node.execution.apply_transaction

    def changed(view, block, parsed, *args, **kwargs):
        results = apply_transaction(view, block, parsed, *args, **kwargs)
        current = loops.running()
        name = current.node.name if current is not None else "replay"
        if block.height < active_at(name):
            return results
        return [replace(one, result=one.result + b" ") for one in results]

    monkeypatch.setattr(node.execution, "apply_transaction", changed)


@pytest.mark.covers(row=13)
def test_a_rule_that_all_have_from_a_height_on_forks_nothing(monkeypatch):
    _new_rule(monkeypatch, lambda name: ACTIVE)
    assert World(Seeded(1), PLAN).run().violations == []


@pytest.mark.covers(row=13)
def test_a_node_with_another_rule_stops_and_commits_nothing_else(monkeypatch):
    _new_rule(monkeypatch, lambda name: ACTIVE if name == "3" else 1_000)
    world = World(Seeded(1), PLAN)
    found = world.run().violations
    assert found
    assert all(one.checker == "H" and one.what.startswith("3 stopped") for one in found), found
    assert "A" not in {one.checker for one in found}
    assert world.nodes[3].height() < world.nodes[0].height() or world.nodes[3].height() < ACTIVE + 2
