"""Many seeds: `python -m tests.simulation.storm --seeds 300 --from 0 --jobs 2`.

Every seed is a world of its own. Ends with 1 if a checker found something, or if a storm of
`GUARDED` seeds or more never saw a (fault, step) pair that it must see. `--record` adds what was
run to docs/reliability.json.
"""

import argparse
import json
import multiprocessing
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.simulation import coverage as covering
from tests.simulation import world
from tests.simulation.choice import Seeded
from tests.simulation.plan import draw

GUARDED = 300
_WORLDS_PER_PROCESS = 100


@dataclass
class Summary:
    """What a storm did, over all its seeds."""

    seeds: int = 0
    counted: int = 0
    """Seeds strong enough to count; the others were too weak (see world.Result.strong)."""
    heights: int = 0
    deliveries: int = 0
    simulated_ms: int = 0
    transactions: int = 0
    rounds_max: int = 0
    cpu_s: float = 0.0
    coverage: Counter = field(default_factory=Counter)
    recovery_ms: list[int] = field(default_factory=list)
    failures: dict[int, list[str]] = field(default_factory=dict)

    def add(self, seed: int, result: world.Result, cpu_s: float) -> None:
        self.seeds += 1
        self.counted += result.strong
        self.heights += result.heights
        self.deliveries += result.deliveries
        self.simulated_ms += result.simulated_ms
        self.transactions += result.transactions
        self.rounds_max = max(self.rounds_max, result.rounds)
        self.cpu_s += cpu_s
        self.coverage += result.coverage
        self.recovery_ms.append(result.recovery_ms)
        if result.violations:
            self.failures[seed] = [str(violation) for violation in result.violations]

    def missing(self) -> list[covering.Pair]:
        """Pairs that a guarded storm should have seen and did not."""
        return covering.missing(self.coverage) if self.seeds >= GUARDED else []

    def as_json(self) -> dict:
        waits = sorted(self.recovery_ms) or [0]
        return {
            "seeds": self.seeds,
            "counted": self.counted,
            "too_weak": self.seeds - self.counted,
            "violations": len(self.failures),
            "heights": self.heights,
            "deliveries": self.deliveries,
            "simulated_hours": round(self.simulated_ms / 3_600_000, 1),
            "transactions": self.transactions,
            "highest_round": self.rounds_max,
            "cpu_seconds": round(self.cpu_s),
            "pairs": len(self.coverage),
            "faults": covering.table(self.coverage),
            "recovery_ms": {
                "median": waits[len(waits) // 2],
                "p99": waits[len(waits) * 99 // 100],
                "longest": waits[-1],
            },
            "failures": {str(seed): what for seed, what in sorted(self.failures.items())},
            "missing_pairs": [" × ".join(pair) for pair in self.missing()],
        }


def one(seed: int) -> tuple[int, world.Result, float]:
    """The run of one seed."""
    choice = Seeded(seed)
    began = time.process_time()
    result = world.run(choice, draw(choice))
    return seed, result, time.process_time() - began


def replay_line(seed: int) -> str:
    """What runs a seed again."""
    return f"make storm SEEDS=1 FROM={seed}"


def storm(seeds: int, first: int = 0, jobs: int = 2, progress=lambda summary: None) -> Summary:
    """Run `seeds` seeds from `first` on, in `jobs` processes."""
    summary = Summary()
    numbers = range(first, first + seeds)
    if jobs == 1:
        for seed in numbers:
            summary.add(*one(seed))
            progress(summary)
        return summary
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, maxtasksperchild=_WORLDS_PER_PROCESS) as pool:
        for seed, result, cpu_s in pool.imap_unordered(one, numbers):
            summary.add(seed, result, cpu_s)
            progress(summary)
    return summary


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


class _Progress:
    def __init__(self) -> None:
        self._next, self._told = 0.0, set()

    def __call__(self, summary: Summary) -> None:
        for seed in summary.failures.keys() - self._told:
            self._told.add(seed)
            _say(f"VIOLATION {summary.failures[seed][0]}\n  {replay_line(seed)}")
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + 10
            _say(
                f"{summary.seeds} seeds, {summary.counted} counted, "
                f"{summary.deliveries} deliveries, {len(summary.failures)} violations"
            )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.storm")
    parser.add_argument("--seeds", type=int, default=GUARDED)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.add_argument("--record", action="store_true", help="add it to docs/reliability.json")
    options = parser.parse_args()
    jobs = 1 if options.seeds == 1 else options.jobs
    summary = storm(options.seeds, options.first, jobs, _Progress())
    found = summary.as_json()
    if options.record:
        from tests.simulation.report import record_storm

        record_storm(options.first, found)
    if options.json:
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        for name in ("seeds", "counted", "too_weak", "heights", "deliveries", "violations"):
            sys.stdout.write(f"{name.replace('_', ' ')}: {found[name]}\n")
        for seed, violations in summary.failures.items():
            sys.stdout.write(f"{violations[0]}\n  {replay_line(seed)}\n")
        for pair in found["missing_pairs"]:
            sys.stdout.write(f"never seen: {pair}\n")
    return 1 if summary.failures or summary.missing() else 0


if __name__ == "__main__":
    raise SystemExit(main())
