"""Writes docs/reliability.md: `python -m tests.simulation.report`.

Which rows of the fault matrix which tests cover is read from the tests themselves, from the marker
`@pytest.mark.covers(row=…)`; the figures come from docs/reliability.json, which runs write:
`python -m tests.simulation.storm --record` and `python -m tests.simulation.report --controls`.
"""

import argparse
import ast
import json
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "docs" / "reliability.json"
PAGE = ROOT / "docs" / "reliability.md"

ROWS = {
    1: ("Messages lost, doubled, reordered, late, clogged", "A P O L"),
    2: ("Partitions: halves, one isolated, one-way, swizzle", "A L"),
    3: ("Crash at any step, and restart", "S D P"),
    4: ("A node pauses for seconds and goes on", "A"),
    5: ("Clocks skewed, jumping, going back", "A"),
    6: ("Up to f validators equivocate, vote twice, forget", "A"),
    7: ("Messages with changed fields, repeated, cut, too long", "A S"),
    8: ("A bad proposer: wrong roots, bad transactions, future time, censorship", "A L"),
    9: ("More than f twins (negative control)", "must be reported"),
    10: ("Bugs put into the code (negative control)", "must be found"),
    11: ("Membership changes and key rotation under faults 1–6", "A S L"),
    12: ("A node far behind; a snapshot with a bad chunk", "A R"),
    13: ("Nodes of different versions in one chain", "A"),
    14: ("Python's own nondeterminism", "R"),
    15: ("Contracts that are not pure", "R"),
    16: ("Kill at every write, fsync and rename", "D S"),
    17: ("EIO, ENOSPC, short writes", "D B"),
    18: ("Power loss: unsynced bytes lost or torn", "S D"),
    19: ("Bit flips, zeroed pages, cut tails, swapped records", "D"),
    20: ("A data directory lost", "S"),
    21: ("The log ahead of the store, or behind it", "R"),
    22: ("Kill, restart and pause of real processes under load", "A L"),
    23: ("Real latency, loss and partition between processes", "A L"),
    24: ("Descriptors, memory and threads used up; slow and greedy clients", "B L"),
}
"""Row of the fault matrix -> what goes wrong, and which invariants must hold."""

INVARIANTS = """\
A agreement: no two honest nodes commit different blocks at a height. P prefix: a committed chain
only grows. D durability: an acknowledged transaction is in every later state. S single sign: one
statement per key, height, round and step, for the life of the key. R replay: the same chain gives
the same state, byte for byte. O once: a transaction takes effect once. L liveness: when the net is
healed and at most f validators are faulty, what is pending commits. B bounds: buffers stay within
their limits.
"""

Test = tuple[str, str]


def collected(root: Path = ROOT / "tests") -> dict[int, list[Test]]:
    """Row -> (file, test) of every test marked for it, in order."""
    found: dict[int, list[Test]] = {row: [] for row in ROWS}
    for path in sorted(root.rglob("test_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        name = path.relative_to(root.parent).as_posix()
        for rows, test in _marked(tree):
            for row in rows:
                if row not in found:
                    raise SystemExit(f"{name}: {test}: there is no row {row}")
                found[row].append((name, test))
    return found


def _marked(tree: ast.Module) -> Iterator[tuple[list[int], str]]:
    """(rows, test) for marked tests; a module's `pytestmark` counts for the module as a whole."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "pytestmark":
            marks = (
                node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
            )
            rows = [row for mark in marks for row in _rows(mark)]
            if rows:
                yield rows, "every test"
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            rows = [row for mark in node.decorator_list for row in _rows(mark)]
            if rows:
                yield rows, node.name


def _rows(mark: ast.expr) -> list[int]:
    """The rows of one `pytest.mark.covers(row=…)`; row may be a number or a tuple of them."""
    if not isinstance(mark, ast.Call) or not isinstance(mark.func, ast.Attribute):
        return []
    if mark.func.attr != "covers":
        return []
    value = ast.literal_eval(next(one.value for one in mark.keywords if one.arg == "row"))
    return list(value) if isinstance(value, tuple) else [value]


def load() -> dict:
    """The figures recorded so far."""
    return json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}


def save(figures: dict) -> None:
    text = json.dumps(figures, indent=2, ensure_ascii=False, sort_keys=True)
    DATA.write_text(text + "\n", encoding="utf-8")


def record_storm(first: int, found: dict) -> None:
    """Add a storm to the figures. Seeds that were recorded before replace their old figures."""
    figures = load()
    storms = figures.setdefault("storms", {})
    kept = ("seeds", "counted", "too_weak", "violations", "heights", "deliveries")
    more = ("simulated_hours", "transactions", "highest_round", "pairs", "recovery_ms", "failures")
    last = first + found["seeds"] - 1
    storms[f"{first}-{last}"] = {name: found[name] for name in (*kept, *more)}
    save(figures)


def record(name: str, figure: dict) -> None:
    """Add or replace one measured figure: value, unit, how it was measured."""
    figures = load()
    figures.setdefault("measured", {})[name] = figure
    save(figures)


def record_controls() -> None:
    """Run every negative control and note after how many seeds it was found."""
    from tests.simulation.controls import CONTROLS, seeds_to_find

    figures = load()
    costs = {}
    for control in CONTROLS:
        found = seeds_to_find(control)
        seeds, what = found if found else (None, "not found")
        costs[control.name] = {"budget": control.budget, "seeds": seeds, "found": what}
    figures["controls"] = costs
    save(figures)


def page(figures: dict, rows: dict[int, list[Test]]) -> str:
    """The whole document."""
    parts = [
        "# Reliability: what is tested, and what was measured",
        "Generated by `python -m tests.simulation.report` from the tests' `covers` markers and from"
        " [reliability.json](reliability.json). Do not edit.",
        "## Faults and the tests that cover them",
        INVARIANTS.strip(),
        _matrix(rows),
        "## Storms",
        _storms(figures.get("storms", {})),
        "## Negative controls",
        "Bugs put in on purpose, and the seeds it took until a checker reported one. The budget is"
        " what the test suite allows.",
        _controls(figures.get("controls", {})),
        "## Measured on real processes",
        _measured(figures.get("measured", {})),
    ]
    return "\n\n".join(parts) + "\n"


def _matrix(rows: dict[int, list[Test]]) -> str:
    lines = ["| # | Fault | Must hold | Tests |", "|---|---|---|---|"]
    for row, (fault, holds) in ROWS.items():
        by_file: dict[str, list[str]] = {}
        for file, test in rows[row]:
            by_file.setdefault(file, []).append(test)
        tests = "<br>".join(
            f"`{file}`: {', '.join(names)}" for file, names in sorted(by_file.items())
        )
        lines.append(f"| {row} | {fault} | {holds} | {tests or '**none**'} |")
    return "\n".join(lines)


def _storms(storms: dict) -> str:
    if not storms:
        return "None recorded yet."
    text = (
        "A seed counts if it made at least 20 heights under at least 4 kinds of fault with at least"
        " 2,000 deliveries. `make storm SEEDS=1 FROM=<seed>` replays a seed.\n\n"
    )
    names = ("seeds", "counted", "violations", "heights", "deliveries", "transactions")
    lines = ["| Seeds | run | counted | violations | heights | deliveries | transactions |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    for span, storm in sorted(storms.items(), key=lambda item: int(item[0].split("-")[0])):
        lines.append(f"| {span} | " + " | ".join(f"{storm[name]:,}" for name in names) + " |")
    sums = [f"**{sum(storm[name] for storm in storms.values()):,}**" for name in names]
    lines.append("| **all** | " + " | ".join(sums) + " |")
    hours = sum(storm["simulated_hours"] for storm in storms.values())
    highest = max(storm["highest_round"] for storm in storms.values())
    longest = max(storm["recovery_ms"]["longest"] for storm in storms.values())
    tail = (
        f"\n\nSimulated time {hours:,.1f} hours; highest round {highest}; longest time from the end"
        f" of a storm until everything pending was committed everywhere {longest / 1000:.1f} s."
    )
    return text + "\n".join(lines) + tail


def _controls(costs: dict) -> str:
    if not costs:
        return "None recorded yet."
    lines = ["| Bug | Budget (seeds) | Found after (seeds) | First report |", "|---|---:|---:|---|"]
    for name, cost in costs.items():
        lines.append(f"| {name} | {cost['budget']} | {cost['seeds']} | {cost['found']} |")
    return "\n".join(lines)


def _measured(measured: dict) -> str:
    if not measured:
        return "None recorded yet."
    lines = ["| What | Figure | How |", "|---|---:|---|"]
    for name, figure in sorted(measured.items()):
        lines.append(f"| {name} | {figure['value']} {figure['unit']} | {figure['how']} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.report")
    parser.add_argument("--controls", action="store_true", help="run the negative controls first")
    if parser.parse_args().controls:
        record_controls()
    PAGE.write_text(page(load(), collected()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
