"""Step 3: settlements are uploaded, attribute waiting bills, are linked and compared."""

from collections.abc import Iterator

from proto.contracts_pb2 import LinkSettlementRequest
from testnet.journey.world import (
    SETTLEMENTS,
    World,
    bill_message,
    bill_state_key,
    expect,
    expect_ok,
    sample,
    yuan,
)
from testnet.stage import PROVINCE

TITLE = "settlements uploaded, linked and compared with their bills (票实核对)"


STRANGE_PAIR = ("300000900002", ("46060124", "0000000103"))


def run(world: World) -> Iterator[str]:
    """A settlement names its person in full, so its bill finds its owner; differences are shown."""
    for name, (settlement_id, bill) in SETTLEMENTS.items():
        _, receipts = world.prepare_and_submit("bureau desk", "settlement.upload", sample(name))
        codes = [operation.code for receipt in receipts for operation in receipt.operations]
        expect(set(codes) == {"OK"}, f"{name} is uploaded ({codes})")
        owner = world.bill(PROVINCE, bill)["account_id"]
        expect(owner != "", f"{bill_state_key(bill)} has its owner")
        world.accounts[settlement_id] = owner
        linked = world.submit(
            "bureau desk",
            "bill",
            "link_settlement",
            LinkSettlementRequest(bill=bill_message(bill), settlement_id=settlement_id),
        )
        expect_ok(linked, f"{settlement_id} is linked")
        yield from _compare(world, settlement_id, bill)
    yield "on purpose, the unbound bill against a settlement that isn't its own:"
    yield from _compare(world, *STRANGE_PAIR)
    waiting = world.unbound()
    expect(
        [item.object for item in waiting] == ["bill/46060124-0000000103"], "one bill stays unbound"
    )
    yield f"0000000103 stays unbound: {waiting[0].reason}"
    yield f"{len(SETTLEMENTS)} settlements linked and compared; 1 bill stays unbound"


def _compare(world: World, settlement_id: str, bill: tuple[str, str]) -> Iterator[str]:
    _, receipts = world.prepare_and_submit(
        "bureau desk",
        "bill.verify",
        b"",
        {"code": bill[0], "number": bill[1], "settlement_id": settlement_id},
    )
    expect_ok(receipts[-1].operations[0], f"{settlement_id} is compared")
    settlement = world.record(PROVINCE, f"settlement/{settlement_id}") or {}
    differences = (world.bill(PROVINCE, bill)["verification"] or {})["differences"]
    total = yuan(settlement["public"]["total_fen"])
    found = f"{len(differences)} differences" if differences else "no difference"
    yield f"settlement {settlement_id} ({total} yuan) ↔ bill {bill[1]}: {found}"
    for one in differences:
        yield f"  {one['grade']}: {one['code']} {one['field']} {one['detail']}"
