"""`python -m testnet.faults`: lay out four validators, break things, print what it cost."""

import argparse
import json
import os
import platform
import sys
import tempfile
from functools import partial
from itertools import count
from pathlib import Path

from testnet.faults import figures
from testnet.faults.cluster import lay_out


def main() -> int:
    """Print the figures as a table and, for docs/reliability.md, as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m testnet.faults", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="how often each is measured")
    options = parser.parse_args()
    firsts = count(0, 20_000)
    measured: dict[str, object] = {}
    with tempfile.TemporaryDirectory(prefix="yilian-faults-") as folder:
        cluster = lay_out(Path(folder))
        with cluster.running():
            pairs = [figures.one_down(cluster) for _ in range(options.times)]
            measured["tx/s, all up"] = _round(sorted(whole for whole, _ in pairs))
            measured["tx/s, one of four down"] = _round(sorted(less for _, less in pairs))
            measured["share, one of four down"] = _round(sorted(b / a for a, b in pairs))
            gap = lambda: figures.leader_killed(cluster, next(firsts))  # noqa: E731
            measured["leader killed, s without a block"] = _round(figures.timed(gap, options.times))
            for seconds, refused in ((5, False), (30, False), (5, True)):
                name = f"halves {'cut' if refused else 'silent'} {seconds} s, s to recover"
                healed = partial(figures.partition_healed, cluster, seconds, refused)
                measured[name] = _round(figures.timed(healed, options.times))
            wrong = cluster.differing_heights()
        heights = cluster.check_stores()
    for name, values in measured.items():
        print(f"{name:<40} {values}")
    print(f"heights {heights}, different blocks at {wrong}")
    machine = {"cores": os.cpu_count(), "python": platform.python_version()}
    print(json.dumps({"machine": machine, **measured}))
    return 1 if wrong else 0


def _round(values: list[float]) -> list[float]:
    return [round(value, 2) for value in values]


if __name__ == "__main__":
    sys.exit(main())
