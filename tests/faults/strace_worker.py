"""One validator and its client in one process, so that strace sees every write of a whole run.

python -m tests.faults.strace_worker CONFIG: hands in the same few transactions on every run, says
each acknowledged one on standard output, and stops.
"""

import asyncio
import json
import os
import sys
import threading
import time
from pathlib import Path

from faults import InvariantBroken, Rejected, StorageFault
from node.addresses import forget_addresses
from node.client import Client, ClientError
from node.config import load_config
from node.runtime import EXIT_FATAL, run_node
from testnet.faults.load import transaction

TRANSACTIONS = 4
FIRST = 980_000
TOLD = "told "


def hand_in(home: Path) -> None:
    """Hand in, print what was acknowledged, end the node as an operator would."""
    while not (home / "addresses.json").exists():
        time.sleep(0.02)
    with Client(json.loads((home / "addresses.json").read_text())["grpc"]) as client:
        for number in range(TRANSACTIONS):
            try:
                reply = client.submit(transaction(FIRST + number), 20_000)
                if not reply.HasField("receipt"):
                    continue
            except ClientError as refused:
                if refused.code == "TX_REPLAYED":
                    continue
                break
            sys.stdout.write(f"{TOLD}{reply.tx_hash.hex()}\n")
            sys.stdout.flush()
    os.kill(os.getpid(), 15)


def main(config_path: Path) -> int:
    config = load_config(config_path)
    forget_addresses(Path(config.node.home))
    threading.Thread(target=hand_in, args=(Path(config.node.home),), daemon=True).start()
    try:
        asyncio.run(run_node(config))
    except (InvariantBroken, StorageFault):
        return EXIT_FATAL
    except Rejected as refused:
        sys.stderr.write(f"{refused}\n")
        return 1
    return 0


if __name__ == "__main__":
    # The client's thread may be in a call to the node that is no more.
    code = main(Path(sys.argv[1]))
    sys.stdout.flush()
    os._exit(code)
