"""Agreement and liveness in seeded storms, and proof that the storms would notice a defect."""

import pytest

from consensus import machine
from consensus.messages import NIL, NO_ROUND
from tests.consensus.simulator import Faults, World, storm

HARD = Faults(loss=0.3, duplicate=0.3, delay_ms=300, partition=0.6, crash=0.01)
CLOGGED = Faults(loss=0.0, partition=0.0, crash=0.0, clogged=(0.0, 0.0, 1.0))
"""No loss but at single receivers, of single kinds of message: what locks are there for."""


@pytest.mark.parametrize("start", range(0, 60, 10))
def test_one_twin_of_four_breaks_neither_agreement_nor_liveness(start):
    for seed in range(start, start + 10):
        assert storm(seed, twins=1).violations == [], f"seed {seed}"


@pytest.mark.slow
def test_hard_storms():
    for seed in range(60):
        assert storm(seed, twins=1, faults=HARD).violations == [], f"seed {seed}"


@pytest.mark.slow
def test_two_twins_of_seven():
    for seed in range(15):
        assert storm(seed, nodes=7, twins=2).violations == [], f"seed {seed}"


def test_a_single_validator_only_crashes_and_goes_on():
    for seed in range(20):
        world = storm(seed, nodes=1, faults=HARD)
        assert world.violations == []
        assert world.nodes[0].height > 2


def test_storms_do_what_they_are_for():
    """A storm in which nothing bad happened proves nothing."""
    worlds = [storm(seed, twins=1) for seed in range(20)]
    assert sum(len(world.evidence) for world in worlds) > 0
    assert any(node.life > 1 for world in worlds for node in world.honest)
    rounds = [d.round for world in worlds for node in world.honest for d in node.durable.chain]
    assert max(rounds) > 0


def test_a_run_is_decided_by_its_seed():
    chains = [
        [[decision.block_hash for decision in node.durable.chain] for node in world.nodes]
        for world in (storm(7, twins=1), storm(7, twins=1))
    ]
    assert chains[0] == chains[1]


def _violation(seeds: int, **kinds) -> str | None:
    for seed in range(seeds):
        violations = [v for v in storm(seed, **kinds).violations if v.startswith("agreement")]
        if violations:
            return violations[0]
    return None


def test_control_two_twins_of_four_are_noticed():
    assert _violation(30, twins=2) is not None


def test_control_a_lower_quorum_is_noticed():
    assert _violation(30, twins=1, quorum=2) is not None


@pytest.mark.slow
def test_control_a_forgotten_lock_is_noticed(monkeypatch):
    def forget(state, out):
        fired = machine._prevotes_for_block(state, out)
        if fired:
            state.locked_hash, state.locked_round = NIL, NO_ROUND
        return fired

    rules = tuple(
        forget if rule is machine._prevotes_for_block else rule for rule in machine._RULES
    )
    monkeypatch.setattr(machine, "_RULES", rules)
    assert _violation(40, twins=1, faults=CLOGGED, storm_ms=12_000) is not None


def test_control_an_unrecorded_signature_is_noticed(monkeypatch):
    """Without the log and the record of what was signed, a restart signs twice."""
    from tests.consensus import simulator

    monkeypatch.setattr(simulator.SimNode, "boot", _forgetful(simulator.SimNode.boot), raising=True)
    assert any(
        "double signature" in violation
        for seed in range(30)
        for violation in storm(seed, faults=HARD).violations
    )


def _forgetful(boot):
    def forget_and_boot(node):
        node.durable.log.clear()
        node.durable.signed.clear()
        boot(node)

    return forget_and_boot


def test_nothing_is_decided_without_a_quorum():
    world = World(1, faults=Faults(loss=1.0, partition=0.0, crash=0.0))
    world.run_until(5_000)
    assert [node.height for node in world.nodes] == [0, 0, 0, 0]
