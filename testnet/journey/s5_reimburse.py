"""Step 5: lock, enter, report back; a second reimbursement is refused and the refusal kept."""

from collections.abc import Iterator
from typing import Any

from proto.contracts_pb2 import EnterRequest, LockRequest
from testnet.journey.world import (
    FIRST_BILL,
    REIMBURSEMENT,
    World,
    bill_message,
    bill_state_key,
    expect,
    expect_ok,
    yuan,
)
from testnet.stage import FINANCE, PROVINCE

TITLE = "locked, entered, reported to finance (锁定, 入账, 入账反馈); a second claim is refused"
AMOUNT_FEN = 11544
HOUR_MS = 3600 * 1000


def run(world: World) -> Iterator[str]:
    """The lock is pending until the bill's home confirms it with a fencing token."""
    locked = _lock(world, "agency one")
    expect(locked == "OK", f"agency one's lock is taken ({locked})")
    yield "agency one locks the bill: pending until finance, the bill's home, has answered"
    token = world.until("finance confirms the lock", lambda: _confirmed(world, "lock"))["token"]
    home = world.bill(FINANCE, FIRST_BILL)["lock"]
    expect(home["token"] == token, "both chains hold one fencing token")
    yield f"confirmed by finance with fencing token {token}"
    second = _lock(world, "agency two")
    expect(second == "BILL_LOCKED", f"agency two is refused ({second})")
    yield "agency two wants it too: BILL_LOCKED"
    entered = world.submit(
        "agency one",
        "bill",
        "enter",
        EnterRequest(
            bill=bill_message(FIRST_BILL), amount_fen=AMOUNT_FEN, voucher_number="PZ-2024-0001"
        ),
    )
    expect_ok(entered, "the bill is entered")
    world.until("finance knows of the entry", lambda: _confirmed(world, "entry"))
    there = world.bill(FINANCE, FIRST_BILL)["entry"]
    expect(there["amount_fen"] == AMOUNT_FEN, "finance holds the entry's amount")
    yield f"entered with {yuan(AMOUNT_FEN)} yuan; finance has it on its chain (入账反馈)"
    third = _lock(world, "agency two")
    expect(third == "BILL_ENTERED", f"agency two is refused again ({third})")
    kept = [event["code"] for event in world.trace(PROVINCE, bill_state_key(FIRST_BILL))]
    expect({"BILL_LOCKED", "BILL_ENTERED"} <= set(kept), "both refusals are in the bill's trace")
    yield "agency two tries again: BILL_ENTERED; both refusals are in the bill's trace"


def _lock(world: World, agency: str) -> str:
    now_ms = world.now_ms(PROVINCE)
    request = LockRequest(
        bill=bill_message(FIRST_BILL), purpose=REIMBURSEMENT, expires_ms=now_ms + HOUR_MS
    )
    return world.submit(agency, "bill", "lock", request).code


def _confirmed(world: World, part: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = world.bill(PROVINCE, FIRST_BILL)[part]
    return found if found is not None and found["state"] == "confirmed" else None
