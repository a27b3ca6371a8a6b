"""`make chaos`: the whole kill matrix, one line a journey, and a summary."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from testnet.chaos.plan import Kill, kills, never_passed, packed, passes
from testnet.chaos.trial import dry_run, try_kills


def main() -> int:
    """Count the passes, kill at each, report; 0 when every trial passed."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--only", default="", help="kill only at points that contain this")
    parser.add_argument("--together", action="store_true", help="several processes in one journey")
    parser.add_argument("--keep", action="store_true", help="leave the folders of failed trials")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yilian-chaos-logs-") as logs:
        wrong = dry_run(Path(logs))
        counted = passes(Path(logs))
    if wrong:
        print("the unharmed journey is already wrong:", *wrong, sep="\n  ")
        return 1
    if missing := never_passed(counted):
        print("no process passes these points:", ", ".join(missing))
        return 1
    wanted = [kill for kill in kills(counted) if options.only in kill.point]
    rounds = packed(wanted) if options.together else [[kill] for kill in wanted]
    print(f"{len(wanted)} kills in {len(rounds)} journeys")
    failures = sum(not _one(number, group, options.keep) for number, group in enumerate(rounds, 1))
    print(f"{len(rounds) - failures} passed, {failures} failed")
    return 1 if failures else 0


def _one(number: int, group: list[Kill], keep: bool) -> bool:
    began = time.monotonic()
    verdict = try_kills(group, keep=keep)
    names = " ".join(f"{kill.process}@{kill.armed}" for kill in group)
    word, seconds = "ok  " if verdict.passed else "FAIL", time.monotonic() - began
    print(f"{number:>4} {word} {seconds:5.1f} s  {names}")
    missed = sorted({kill.process for kill in group} - set(verdict.happened))
    for line in (*verdict.wrong, *(f"{name} was never killed" for name in missed)):
        print(f"       {line}")
    sys.stdout.flush()
    return verdict.passed


if __name__ == "__main__":
    sys.exit(main())
