"""Step 7: a settlement and its voucher are reported to the national chain and acknowledged."""

from collections.abc import Iterator
from functools import partial

from proto.contracts_pb2 import ReportSettlementRequest
from testnet.journey.world import SETTLEMENTS, World, expect, expect_ok
from testnet.stage import NATIONAL, PROVINCE

TITLE = "settlement and voucher reported to the national chain (结算上传, 电子结算凭证)"
SETTLEMENT_ID, BILL = SETTLEMENTS["setl_2207_bill02.json"]


def run(world: World) -> Iterator[str]:
    """Both travel with their commitment and are sealed anew on arrival."""
    reported = world.submit(
        "bureau desk",
        "settlement",
        "report",
        ReportSettlementRequest(settlement_id=SETTLEMENT_ID),
    )
    expect_ok(reported, "the report is taken")
    _, receipts = world.prepare_and_submit(
        "bureau desk",
        "voucher.report",
        b"",
        {"settlement_id": SETTLEMENT_ID, "code": BILL[0], "number": BILL[1]},
    )
    code = receipts[-1].operations[0].code
    expect(code == "OK", f"the voucher is made ({code})")
    for kind in ("settlement", "voucher"):
        key = f"{kind}/{SETTLEMENT_ID}"
        there = world.until(f"{key} is on the national chain", partial(world.record, NATIONAL, key))
        here = world.record(PROVINCE, key) or {}
        expect(here["pcommit"] == there["pcommit"], f"{key} has one commitment on both chains")
        world.until(
            f"the receipt for {key} is proved",
            partial(_is_reported, world, key),
        )
        yield f"{key} is on the national chain with the same commitment; its receipt is proved here"


def _is_reported(world: World, key: str) -> bool:
    record = world.record(PROVINCE, key)
    return record is not None and record["report"] == "confirmed"
