"""Step 2: the province's router asks for them; they are proved on arrival and attributed."""

from collections.abc import Iterator
from functools import partial

from testnet.journey.world import BILLS, FIRST_BILL, World, bill_state_key, expect
from testnet.stage import FINANCE, PROVINCE

TITLE = "the province's router fetches them: B → standard form → C → A, proved on arrival"


def run(world: World) -> Iterator[str]:
    """Every bill arrives with the commitment finance made; one is attributed at once, four wait."""
    for bill in BILLS.values():
        world.until(
            f"{bill_state_key(bill)} is on the province chain",
            partial(world.record, PROVINCE, bill_state_key(bill)),
        )
        here, there = world.bill(PROVINCE, bill), world.bill(FINANCE, bill)
        expect(here["pcommit"] == there["pcommit"], "both chains hold one commitment")
        expect(here["public"] == there["public"], "both chains show the same public fields")
        expect(
            here["payload"] != there["payload"], "the province sealed it anew under its own suite"
        )
    client = world.record(PROVINCE, f"bridge/client/{FINANCE}") or {}
    yield (
        f"{len(BILLS)} bills proved under finance's header {client['height']}: "
        "certificate (P-256), state proof, commitment"
    )
    owner = world.bill(PROVINCE, FIRST_BILL)["account_id"]
    expect(owner == world.accounts["archive"], "bill 01 belongs to the account of the archive")
    yield f"{FIRST_BILL[1]} → account {owner}: full certificate number"
    waiting = {item.object: item.reason for item in world.unbound()}
    expect(len(waiting) == len(BILLS) - 1, "the other four wait in the unbound queue")
    for reason in sorted(set(waiting.values())):
        numbers = [key[-10:] for key, why in sorted(waiting.items()) if why == reason]
        yield f"{', '.join(numbers)} wait: {reason}"
    yield f"{len(BILLS)} bills here: 1 attributed, {len(waiting)} in the unbound queue"
