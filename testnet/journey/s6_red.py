"""Step 6: an entered bill can't be red-flushed; after the entry's reversal it can."""

from collections.abc import Iterator

from proto.contracts_pb2 import ReverseEntryRequest
from testnet.journey.world import (
    FIRST_BILL,
    RED_BILL,
    World,
    bill_message,
    bill_state_key,
    expect,
    expect_ok,
    sample,
)
from testnet.stage import FINANCE, PROVINCE

TITLE = "red-flush refused while entered; entry reversed; red bill on both chains (冲红)"


def run(world: World) -> Iterator[str]:
    """Finance is refused on its own chain, because it holds the entry the province reported."""
    name, red = RED_BILL
    _, receipts = world.prepare_and_submit("finance desk", "bill.issue_red", sample(name))
    code = receipts[-1].operations[0].code
    expect(code == "BILL_ENTERED", f"the red bill is refused ({code})")
    kept = [event["code"] for event in world.trace(FINANCE, bill_state_key(FIRST_BILL))]
    expect("BILL_ENTERED" in kept, "finance's chain keeps the refusal")
    yield f"finance wants to red-flush the entered bill: {code}, saved in its trace there"
    reversed_entry = world.submit(
        "agency one",
        "bill",
        "reverse_entry",
        ReverseEntryRequest(bill=bill_message(FIRST_BILL), reason="refund to the patient"),
    )
    expect_ok(reversed_entry, "the reversal is taken")
    world.until("the reversal is proved", lambda: world.bill(PROVINCE, FIRST_BILL)["entry"] is None)
    for chain in (PROVINCE, FINANCE):
        expect(world.bill(chain, FIRST_BILL)["lock"] is None, f"no lock is left on {chain}'s chain")
    yield "agency one reverses the entry; finance's answer is proved, and the lock is gone on both"
    _, receipts = world.prepare_and_submit("finance desk", "bill.issue_red", sample(name))
    code = receipts[-1].operations[0].code
    expect(code == "OK", f"the red bill is issued ({code})")
    world.until(
        "the blue bill is red-flushed in the province",
        lambda: world.bill(PROVINCE, FIRST_BILL)["flush"] == "red_flushed",
    )
    expect(world.bill(PROVINCE, red)["public"]["color"] == "red", "the red bill is there too")
    yield f"red bill {red[1]} issued; the blue bill is red-flushed on both chains"
