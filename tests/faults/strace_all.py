"""`make strace`: a kill and errors at every write, fsync and rename of a validator's whole run."""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.strace_harness import Bench, places

HOWS = ("signal=KILL", "error=EIO", "error=ENOSPC")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make strace", description=__doc__)
    parser.add_argument("--only", default="", help="only files and calls that contain this")
    parser.add_argument("--how", default="", help="only ways that contain this (KILL, EIO, ENOSPC)")
    options = parser.parse_args()
    hows = [how for how in HOWS if options.how in how]
    began, failures, happened, trials = time.monotonic(), 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="yilian-strace-") as folder:
        bench = Bench(Path(folder))
        wanted = [one for one in places(bench.count()) if options.only in f"{one.name} {one.call}"]
        for place in wanted:
            for how in hows:
                ran, wrong = bench.trial(place, how)
                trials, failures = trials + 1, failures + bool(wrong)
                happened += ran.code != 0
                where = f"{place.name} {place.call} {place.occurrence}"
                sys.stdout.write(f"{'FAIL' if wrong else 'ok  '} {how:<13} {where}: {ran.code}\n")
                sys.stdout.writelines(f"       {line}\n" for line in wrong)
                sys.stdout.flush()
    seconds = time.monotonic() - began
    sys.stdout.write(f"{trials} trials at {len(wanted)} calls, {happened} ended the node, ")
    sys.stdout.write(f"{failures} failed, {seconds:.0f} s\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
