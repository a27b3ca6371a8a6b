"""The storm of the test suite: 300 seeds, every checker, every (fault, step) pair."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation import coverage
from tests.simulation.choice import Seeded
from tests.simulation.plan import draw
from tests.simulation.storm import GUARDED, Summary, one, replay_line, storm

ROOT = Path(__file__).resolve().parents[2]
WEAK_PER_CENT_MAX = 10
MORE = GUARDED * WEAK_PER_CENT_MAX // 100
"""Seeds beyond the guarded number, in place of those that turn out too weak to count."""


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.covers(row=(1, 2, 3, 4, 5, 6, 7, 8, 11, 18, 19, 20))
def test_300_seeds_without_a_violation_and_with_every_pair():
    summary = storm(GUARDED + MORE, 0, jobs=2)
    assert summary.failures == {}, [replay_line(seed) for seed in summary.failures]
    assert summary.counted >= GUARDED
    assert summary.missing() == []


@pytest.mark.slow
@pytest.mark.covers(row=(1, 2, 3, 4, 5))
def test_a_few_seeds():
    for seed in (1, 5):
        _, result, _ = one(seed)
        assert result.violations == [], replay_line(seed)
        assert result.transactions > 0


@pytest.mark.slow
def test_a_run_is_decided_by_its_seed():
    first, again = one(5)[1], one(5)[1]
    assert (first.chain, first.coverage) == (again.chain, again.coverage)
    assert first.chain != one(1)[1].chain


_FINGERPRINT = """
import hashlib
from tests.simulation.storm import one
print(hashlib.sha256(repr([one(seed)[1].chain for seed in (5, 13)]).encode()).hexdigest())
"""


@pytest.mark.slow
@pytest.mark.covers(row=14)
def test_neither_hash_seed_nor_zone_nor_language_changes_a_byte():
    answers = set()
    for hash_seed, zone, language in (
        ("0", "UTC", "C"),
        ("1", "Asia/Shanghai", "C.UTF-8"),
        ("4711", "America/St_Johns", "zh_CN.UTF-8"),
    ):
        environment = {"PYTHONHASHSEED": hash_seed, "TZ": zone, "LC_ALL": language}
        done = subprocess.run(
            [sys.executable, "-c", _FINGERPRINT],
            cwd=ROOT,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=True,
        )
        answers.add(done.stdout)
    assert len(answers) == 1


def test_a_weak_seed_is_said_to_be_weak():
    assert draw(lambda _: 0).faults == frozenset()
    summary = Summary()
    seed, result, cpu_s = one(5)
    result.kinds = frozenset({"loss"})
    summary.add(seed, result, cpu_s)
    assert (summary.counted, summary.as_json()["too_weak"]) == (0, 1)


def test_a_missing_pair_is_named():
    seen = coverage.required() - {("halves", "PREVOTE+")}
    assert coverage.missing(seen) == [("halves", "PREVOTE+")]


def test_plans_differ_between_seeds():
    plans = [draw(Seeded(seed)) for seed in range(200)]
    assert {plan.nodes for plan in plans} == {3, 4, 5, 7}
    assert {plan.twins for plan in plans} >= {0, 1, 2}
    assert {len(plan.faults) for plan in plans} >= {5, 8, 11}
    assert all(3 * plan.twins < plan.nodes for plan in plans)
