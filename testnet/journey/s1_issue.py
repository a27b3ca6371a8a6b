"""Step 1: finance issues the blue bills from their XML on its own chain."""

from collections.abc import Iterator

from testnet.journey.world import BILLS, World, bill_state_key, expect, expect_ok, sample, yuan
from testnet.stage import FINANCE

TITLE = "finance issues the blue bills on its chain (蓝票上链)"


def run(world: World) -> Iterator[str]:
    """XML → standard form → commitment; sealed under suite B (P-256, AES-256-GCM)."""
    for name, bill in BILLS.items():
        prepared, receipts = world.prepare_and_submit(
            "finance desk", "bill.issue_blue", sample(name)
        )
        operation = receipts[-1].operations[0]
        expect_ok(operation, f"{name} is issued")
        expect(prepared.object == bill_state_key(bill), f"{name} is {bill_state_key(bill)}")
        public = world.bill(FINANCE, bill)["public"]
        codes = sorted({f"{one.grade} {one.code}" for one in prepared.findings})
        found = f", finding: {', '.join(codes)}" if codes else ""
        yield (
            f"{bill[0]} {bill[1]}: {yuan(public['total_fen'])} yuan, {public['kind']}"
            f"{found}, height {receipts[-1].height}"
        )
