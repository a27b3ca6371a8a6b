"""Step 0: a digital account for the person of the archive sample."""

from collections.abc import Iterator

from testnet.journey.world import World, expect, expect_ok, sample
from testnet.stage import PROVINCE

TITLE = "digital account from the archive (数字账户)"


def run(world: World) -> Iterator[str]:
    """The custodian draws a random account id and a key pair; the chain learns only those."""
    prepared, receipts = world.prepare_and_submit(
        "bureau desk", "account.open", sample("archive_01_record.json")
    )
    expect_ok(receipts[-1].operations[0], "the account is opened")
    record = world.record(PROVINCE, f"account/{prepared.account_id}")
    expect(record is not None, "the account's leaf is on the chain")
    world.accounts["archive"] = prepared.account_id
    yield f"account {prepared.account_id} opened at height {receipts[-1].height}, with its own key"
    again = world.prepare("bureau desk", "account.open", sample("archive_01_record.json"))
    expect(
        again.account_id == prepared.account_id and not again.bodies,
        "the same person never gets a second account",
    )
    yield "asked a second time, the custodian answers with the same account and nothing to sign"
