"""Digital accounts: opening, attributing, and the chain of what belongs to one."""

from typing import Any

import pytest

from contracts.account import next_item_head
from crypto.suites import suite
from ledger.trace import EMPTY_HEAD
from proto import contracts_pb2 as pb
from tests.contracts.harness import (
    Chain,
    bill_name,
    person_key,
    settlement_form,
)

OWNER = f"{1:032x}"


@pytest.fixture
def chain() -> Chain:
    made = Chain()
    made.open_account(1)
    made.issue(1)
    return made


def attach(chain: Chain, **changes: Any) -> pb.AttachRequest:
    fields: dict[str, Any] = {
        "account_id": OWNER,
        "object": bill_name(1),
        "basis": "settlement",
        "payload": chain.payload(1),
    }
    return pb.AttachRequest(**{**fields, **changes})


def test_an_unbound_bill_is_attached_with_its_payload_sealed_anew(chain: Chain) -> None:
    before = chain.bill(1)
    assert before.account_id == ""
    chain.ok("custodian", "account.attach", attach(chain))
    after = chain.bill(1)
    assert after.account_id == OWNER
    assert (after.payload.height, after.pcommit) == (chain.height, before.pcommit)
    assert after.payload.tx_hash != before.payload.tx_hash
    assert chain.trace(bill_name(1))[-1].details == {"account": OWNER, "basis": "settlement"}


def test_an_object_has_one_owner_for_ever(chain: Chain) -> None:
    chain.open_account(2)
    chain.ok("custodian", "account.attach", attach(chain))
    for account in (1, 2):
        request = attach(chain, account_id=f"{account:032x}", payload=chain.payload(account))
        chain.refused("custodian", "account.attach", request, "ALREADY_ATTACHED")


def test_the_leaf_proves_the_list_of_items_complete(chain: Chain) -> None:
    chain.ok("custodian", "account.attach", attach(chain))
    chain.issue(2, account=1)
    upload = pb.UploadSettlementRequest(
        form=settlement_form(), payload=chain.payload(1), account_id=OWNER
    )
    chain.ok("hospital", "settlement.upload", upload)
    head = EMPTY_HEAD
    for name in (bill_name(1), bill_name(2), "settlement/300000900001"):
        head = next_item_head(suite("intl"), head, name)
    account = chain.account(OWNER)
    assert (account.item_count, account.item_head) == (3, head)
    told = [one.details["object"] for one in chain.trace(f"account/{OWNER}") if one.details]
    assert told == [bill_name(1), bill_name(2), "settlement/300000900001"]
    chain.check_trace(f"account/{OWNER}", account.trace_count, account.trace_head)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account_id": f"{9:032x}"}, "ACCOUNT_NOT_FOUND"),
        ({"account_id": ""}, "MALFORMED_REQUEST"),
        ({"basis": "guess"}, "MALFORMED_REQUEST"),
        ({"object": bill_name(9)}, "OBJECT_NOT_FOUND"),
        ({"object": f"account/{OWNER}"}, "OBJECT_NOT_FOUND"),
        ({"object": "bridge/channels"}, "OBJECT_NOT_FOUND"),
        ({"object": "archive/YB99-1"}, "OBJECT_NOT_FOUND"),
        ({"object": f"filing_index/{OWNER}"}, "OBJECT_NOT_FOUND"),
        ({"object": "identity/" + person_key(1).hex()}, "OBJECT_NOT_FOUND"),
        ({"object": "bill/" + "1" * 300}, "OBJECT_NOT_FOUND"),
        ({"object": ""}, "OBJECT_NOT_FOUND"),
        ({"payload": None}, "PAYLOAD_INVALID"),
    ],
)
def test_attaching_needs_all_of_it(chain: Chain, changes: dict[str, Any], code: str) -> None:
    chain.refused("custodian", "account.attach", attach(chain, **changes), code)
    assert not chain.writes


def test_the_payload_must_open_for_the_owner(chain: Chain) -> None:
    request = attach(chain, payload=chain.payload(2))
    chain.refused("custodian", "account.attach", request, "PAYLOAD_RECIPIENT")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "ACCOUNT_EXISTS"),
        ({"account_id": "469900198403129992"}, "MALFORMED_REQUEST"),
        ({"account_id": OWNER.upper().replace("1", "A")}, "MALFORMED_REQUEST"),
        ({"account_id": f"{2:032x}", "public_key": b"\x04"}, "MALFORMED_REQUEST"),
        ({"account_id": f"{2:032x}", "insured_type": "3100000"}, "MALFORMED_REQUEST"),
        ({"account_id": f"{2:032x}", "id_type": "01/"}, "MALFORMED_REQUEST"),
        ({"account_id": f"{2:032x}", "insured_type": "", "id_type": ""}, "OK"),
    ],
)
def test_an_account_is_opened_under_a_random_id(
    chain: Chain, changes: dict[str, Any], code: str
) -> None:
    fields: dict[str, Any] = {
        "account_id": OWNER,
        "public_key": person_key(1),
        "insured_type": "310",
        "id_type": "01",
    }
    request = pb.OpenAccountRequest(**{**fields, **changes})
    assert chain.call("custodian", "account.open", request).code == code
