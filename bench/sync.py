"""How fast a node catches up: `python -m bench.sync [rejoin|behind] ...` prints figures as JSON.

`rejoin`: validators make blocks under load, four of them at first, then three while the fourth is
down; then it comes back. Its rate on those blocks against the better of the two live rates.
`behind`: a new node 10,000 blocks behind one validator, by block sync and by snapshot sync; seconds
from its process's start until it has the newest block.
"""

import argparse
import datetime
import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from testnet.faults.cluster import Cluster, lay_out
from testnet.faults.load import Load
from tests.node.following import Following, following

SETTLE_SECONDS = 1.0


def committed(log: Path, first: int, last: int = 2**63) -> list[tuple[float, int, int]]:
    """Time, height and transactions of the blocks that a node's log says it committed."""
    found = []
    for line in log.read_text().splitlines():
        if '"block.committed"' not in line:
            continue
        entry = json.loads(line)
        if first <= entry["height"] <= last:
            when = datetime.datetime.fromisoformat(entry["time"]).timestamp()
            found.append((when, entry["height"], entry["transactions"]))
    return found


def rate(blocks: list[tuple[float, int, int]]) -> dict[str, float]:
    """Blocks and transactions a second over a list of committed blocks."""
    seconds = max(blocks[-1][0] - blocks[0][0], 0.001)
    return {
        "blocks": len(blocks),
        "seconds": round(seconds, 2),
        "blocks_per_second": round((len(blocks) - 1) / seconds, 1),
        "transactions_per_second": round(sum(one[2] for one in blocks[1:]) / seconds, 1),
    }


def rejoin(folder: Path, seconds: float, threads: int) -> dict[str, object]:
    """Live rates under load, and the rate at which a validator that was down makes it up."""
    cluster = lay_out(folder)
    with cluster.running():
        whole = under_load(cluster, 4, seconds, threads, first=0)
        cluster.members[3].kill()
        cluster.grows((0, 1, 2), 3)
        first, last = under_load(cluster, 3, seconds, threads, first=1_000_000)
        time.sleep(SETTLE_SECONDS)
        cluster.members[3].start()
        cluster.until("it has caught up", lambda: cluster.height(3) >= last, 600)
    live = rate(committed(cluster.members[0].log, *whole))
    short = rate(committed(cluster.members[0].log, first, last))
    caught_up = rate(committed(cluster.members[3].log, first, last))
    figures: dict[str, object] = {"live": live, "live_one_down": short, "block_sync": caught_up}
    for unit in ("blocks", "transactions"):
        best = max(live[f"{unit}_per_second"], short[f"{unit}_per_second"])
        figures[f"times_live_{unit}"] = round(caught_up[f"{unit}_per_second"] / best, 1)
    return figures


def under_load(
    cluster: Cluster, members: int, seconds: float, threads: int, *, first: int
) -> tuple[int, int]:
    """Hand transactions in to the first `members` validators; the heights between which."""
    addresses = [cluster.members[n].addresses()["grpc"] for n in range(members)]
    begin = max(cluster.heights(range(members)))
    with Load(addresses, threads=threads, first=first).running():
        time.sleep(seconds)
        end = min(cluster.heights(range(members)))
    return begin + 1, end


def behind(folder: Path, blocks: int, transactions: int) -> dict[str, object]:
    """Seconds that a new node needs for a chain of so many blocks, in both ways."""
    figures: dict[str, object] = {"blocks": blocks, "transactions_per_block": transactions}
    with following(folder) as nodes:
        began = time.monotonic()
        nodes.make_chain(blocks, transactions)
        figures["making_it_seconds"] = round(time.monotonic() - began, 1)
        every = blocks + 5  # the validator takes it while it goes on
        nodes.configure("validator", every=every)
        nodes.start("validator")
        nodes.until(lambda: nodes.height("validator") > every + 1, "validator", 120)
        for way, far in (("block_sync", 0), ("snapshot_sync", blocks // 2)):
            nodes.configure("follower", every=0, take_when_behind=far)
            target = nodes.height("validator")
            began = time.monotonic()
            nodes.start("follower")
            nodes.until(partial(_reached, nodes, target), "follower", 1200)
            figures[f"{way}_seconds"] = round(time.monotonic() - began, 1)
            nodes.stop("follower")
            nodes.data("follower").rename(folder / way)
        log = folder / "follower" / "log"
        figures["block_sync"] = rate(committed(log, 1)[:blocks])
    return figures


def _reached(nodes: Following, target: int) -> bool:
    return nodes.height("follower") >= target


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="bench.sync", description=__doc__)
    parser.add_argument("what", choices=("rejoin", "behind"), nargs="?", default="rejoin")
    parser.add_argument("--seconds", type=float, default=15.0, help="of load (rejoin)")
    parser.add_argument("--threads", type=int, default=8, help="that hand in transactions (rejoin)")
    parser.add_argument("--blocks", type=int, default=10_000, help="behind")
    parser.add_argument("--transactions", type=int, default=1, help="in each block (behind)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="yilian-bench-") as folder:
        if options.what == "rejoin":
            figures = rejoin(Path(folder), options.seconds, options.threads)
        else:
            figures = behind(Path(folder), options.blocks, options.transactions)
    sys.stdout.write(json.dumps({options.what: figures}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
