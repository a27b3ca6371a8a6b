"""Step 8: a validator is killed; the chain goes on; it comes back to the same state root."""

import time
from collections.abc import Iterator
from functools import partial

from ledger.block import Header
from node.client import Client
from proto.contracts_pb2 import LockRequest, UnlockRequest
from testnet.journey.s5_reimburse import HOUR_MS
from testnet.journey.world import REIMBURSEMENT, World, bill_message, expect, expect_ok
from testnet.stage import PROVINCE

TITLE = "a validator is killed with SIGKILL; the chain goes on; it catches up"
BILL = ("46060224", "0000000202")


def run(world: World) -> Iterator[str]:
    """Three of four validators are more than two thirds."""
    if len(world.stage.nodes[PROVINCE]) < 4:
        yield "skipped: this province has fewer than four validators"
        return
    victim = world.stage.nodes[PROVINCE][-1]
    before = world.patiently(world.client(PROVINCE).status).height
    victim.kill()
    yield f"{victim.name} killed at height {before}"
    began = time.monotonic()
    locked = world.submit(
        "agency two",
        "bill",
        "lock",
        LockRequest(
            bill=bill_message(BILL),
            purpose=REIMBURSEMENT,
            expires_ms=world.now_ms(PROVINCE) + HOUR_MS,
        ),
    )
    expect_ok(locked, "the chain goes on with three of four")
    yield f"with three of four the next transaction is committed after {_seconds(began)}"
    world.until(
        "the lock is confirmed meanwhile",
        lambda: (world.bill(PROVINCE, BILL)["lock"] or {}).get("state") == "confirmed",
    )
    world.submit(
        "agency two", "bill", "unlock", UnlockRequest(bill=bill_message(BILL), reason="test")
    )
    began = time.monotonic()
    victim.start()
    height = world.patiently(world.client(PROVINCE).status).height
    with Client(victim.addresses()["grpc"]) as reborn:
        world.until(
            f"{victim.name} has reached height {height}",
            lambda: world.patiently(reborn.status).height >= height,
        )
        roots = {
            Header.decode(world.patiently(partial(client.block, height)).header).state_root
            for client in (reborn, world.client(PROVINCE))
        }
    expect(len(roots) == 1, "both have the same state root")
    root = next(iter(roots)).hex()[:16]
    yield f"restarted, it is at height {height} after {_seconds(began)}; state root {root}… as all"


def _seconds(began: float) -> str:
    return f"{time.monotonic() - began:.1f} s"
