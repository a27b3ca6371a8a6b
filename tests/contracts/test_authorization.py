"""Who may read what: every condition of a grant, one at a time, and the traces of it."""

import json
from typing import Any

import pytest

from contracts.account import account_key
from contracts.authorization import GRANTS_MAX, GrantIndex, grant_index_key
from contracts.bill.record import BillRecord
from contracts.grant.records import AuthorizationRecord, authorization_key
from contracts.payload import payload_hash
from crypto.suites import suite
from ledger.records import encode
from proto import contracts_pb2 as pb
from tests.contracts.harness import (
    HOUR_MS,
    START_MS,
    Chain,
    bill_name,
    key_bytes,
    settlement_form,
)

OWNER, OTHER_OWNER = f"{1:032x}", f"{2:032x}"
GRANT_ID = "a" * 32


@pytest.fixture
def chain() -> Chain:
    """Bills 1 and 2 belong to two persons, bill 3 to nobody yet."""
    made = Chain()
    made.open_account(1)
    made.open_account(2)
    made.issue(1, account=1)
    made.issue(2, account=2)
    made.issue(3)
    return made


def grant(**changes: Any) -> pb.GrantRequest:
    fields: dict[str, Any] = {
        "authorization_id": GRANT_ID,
        "account_id": OWNER,
        "grantee_org": "org-insurer",
        "object": bill_name(1),
        "compartments": ["full"],
        "purpose": "claim",
        "from_ms": 0,
        "to_ms": START_MS + 10 * HOUR_MS,
        "identity_check": "face",
        "identity_reference": "ref-1",
    }
    return pb.GrantRequest(**{**fields, **changes})


def read(**changes: Any) -> pb.ReadRequest:
    fields: dict[str, Any] = {
        "object": bill_name(1),
        "compartment": "full",
        "purpose": "claim",
        "reader_key": key_bytes("insurer"),
    }
    return pb.ReadRequest(**{**fields, **changes})


def test_the_receipt_of_a_read_is_the_custodians_ticket(chain: Chain) -> None:
    chain.ok("bureau", "authorization.grant", grant())
    ticket = json.loads(chain.ok("insurer", "authorization.read", read()).result)
    bill = chain.bill(1)
    assert ticket == {
        "object": bill_name(1),
        "authorization": GRANT_ID,
        "account": OWNER,
        "compartment": "full",
        "reader_key": key_bytes("insurer").hex(),
        "payload_hash": payload_hash(suite("intl"), b"c" * 64).hex(),
        "payload_height": bill.payload.height,
        "payload_tx": bill.payload.tx_hash.hex(),
        "payload_operation": 0,
    }
    actions = [event.action for event in chain.trace(bill_name(1))]
    assert actions == ["issue_blue", "authorize", "read"]
    used = [event.action for event in chain.trace(authorization_key(GRANT_ID))]
    assert used == ["grant", "use"]
    assert chain.trace(bill_name(1))[1].details["identity_check"] == "face"


def test_a_strangers_attempt_is_refused_and_kept(chain: Chain) -> None:
    chain.ok("bureau", "authorization.grant", grant())
    before = chain.bill(1)
    chain.refused("other_insurer", "authorization.read", read(), "NOT_AUTHORIZED")
    event = chain.trace(bill_name(1))[-1]
    assert (event.action, event.code, event.actor_org) == (
        "read",
        "NOT_AUTHORIZED",
        "org-other-insurer",
    )
    after = chain.bill(1)
    assert after.trace_count == before.trace_count + 1
    unchanged = after.changed(trace_count=before.trace_count, trace_head=before.trace_head)
    assert unchanged == before
    assert sorted(chain.writes) == [bill_name(1)]


@pytest.mark.parametrize(
    ("given", "asked", "hours", "code"),
    [
        ({}, {}, 0, "OK"),
        ({"grantee_org": "org-other-insurer"}, {}, 0, "NOT_AUTHORIZED"),
        ({}, {"object": bill_name(2)}, 0, "NOT_AUTHORIZED"),
        ({}, {"object": bill_name(3)}, 0, "NOT_AUTHORIZED"),
        ({}, {"object": bill_name(9)}, 0, "OBJECT_NOT_FOUND"),
        ({}, {"object": account_key(OWNER)}, 0, "OBJECT_NOT_FOUND"),
        ({}, {"object": authorization_key(GRANT_ID)}, 0, "OBJECT_NOT_FOUND"),
        ({}, {"object": "parameters/findings"}, 0, "OBJECT_NOT_FOUND"),
        ({}, {"object": "bill/" + "9" * 5000}, 0, "OBJECT_NOT_FOUND"),
        ({}, {"compartment": "fees"}, 0, "NOT_AUTHORIZED"),
        ({"compartments": ["fees", "full"]}, {"compartment": "fees"}, 0, "OK"),
        ({}, {"purpose": "marketing"}, 0, "NOT_AUTHORIZED"),
        ({"from_ms": START_MS + HOUR_MS}, {}, 0, "NOT_AUTHORIZED"),
        ({"from_ms": START_MS + HOUR_MS}, {}, 1, "OK"),
        ({}, {}, 10, "NOT_AUTHORIZED"),
        ({"object": account_key(OWNER)}, {}, 0, "OK"),
        ({"object": account_key(OWNER)}, {"object": bill_name(2)}, 0, "NOT_AUTHORIZED"),
        ({"object": account_key(OWNER)}, {"object": bill_name(3)}, 0, "NOT_AUTHORIZED"),
        ({}, {"reader_key": b""}, 0, "MALFORMED_REQUEST"),
        ({}, {"reader_key": b"\x02" + bytes(64)}, 0, "MALFORMED_REQUEST"),
        ({}, {"compartment": ""}, 0, "MALFORMED_REQUEST"),
        ({}, {"purpose": "Claim!"}, 0, "MALFORMED_REQUEST"),
    ],
)
def test_each_condition_of_a_read(
    chain: Chain, given: dict[str, Any], asked: dict[str, Any], hours: int, code: str
) -> None:
    chain.ok("bureau", "authorization.grant", grant(**given))
    chain.time_ms += hours * HOUR_MS
    assert chain.call("insurer", "authorization.read", read(**asked)).code == code


def test_the_end_of_a_grant_is_exclusive(chain: Chain) -> None:
    chain.ok("bureau", "authorization.grant", grant(to_ms=chain.time_ms + 3000))
    chain.ok("insurer", "authorization.read", read())
    chain.refused("insurer", "authorization.read", read(), "NOT_AUTHORIZED")


def test_whoever_has_only_a_role_reads_nothing(chain: Chain) -> None:
    for who in ("bureau", "custodian", "auditor", "finance", "agency_a", "hospital"):
        chain.refused(who, "authorization.read", read(), "NOT_AUTHORIZED")


def test_revocation_counts_from_its_own_operation_on(chain: Chain) -> None:
    chain.ok("bureau", "authorization.grant", grant())
    chain.ok("insurer", "authorization.read", read())
    revoke = pb.RevokeRequest(authorization_id=GRANT_ID, reason="asked by the owner")
    chain.ok("bureau", "authorization.revoke", revoke)
    chain.refused("insurer", "authorization.read", read(), "NOT_AUTHORIZED")
    chain.refused("bureau", "authorization.revoke", revoke, "AUTHORIZATION_REVOKED")
    again = pb.RevokeRequest(authorization_id="b" * 32)
    chain.refused("bureau", "authorization.revoke", again, "AUTHORIZATION_NOT_FOUND")
    # A second grant stands on its own.
    chain.ok("bureau", "authorization.grant", grant(authorization_id="c" * 32))
    chain.ok("insurer", "authorization.read", read())


def test_a_cancelled_bill_is_not_read(chain: Chain) -> None:
    chain.ok("bureau", "authorization.grant", grant())
    chain.ok("finance", "bill.issue_red", chain.red(1, account=1))
    chain.refused("insurer", "authorization.read", read(), "BILL_RED")
    chain.refused("other_insurer", "authorization.read", read(), "NOT_AUTHORIZED")
    late = grant(authorization_id="c" * 32)
    chain.refused("bureau", "authorization.grant", late, "BILL_RED")


def test_a_grant_ends_when_the_object_changes_hands(chain: Chain) -> None:
    chain.ok("bureau", "authorization.grant", grant())
    moved = chain.load(BillRecord, bill_name(1)).changed(account_id=OTHER_OWNER)
    chain.state[bill_name(1)] = encode(moved)
    chain.refused("insurer", "authorization.read", read(), "NOT_AUTHORIZED")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account_id": f"{9:032x}"}, "ACCOUNT_NOT_FOUND"),
        ({"account_id": OTHER_OWNER}, "NOT_OWNER"),
        ({"object": bill_name(2)}, "NOT_OWNER"),
        ({"object": bill_name(3)}, "NOT_OWNER"),
        ({"object": bill_name(9)}, "OBJECT_NOT_FOUND"),
        ({"object": account_key(OTHER_OWNER)}, "OBJECT_NOT_FOUND"),
        ({"object": "identity/00"}, "OBJECT_NOT_FOUND"),
        ({"object": ""}, "MALFORMED_REQUEST"),
        ({"to_ms": 0}, "AUTHORIZATION_PERIOD"),
        ({"to_ms": START_MS}, "AUTHORIZATION_PERIOD"),
        ({"from_ms": START_MS + 11 * HOUR_MS}, "AUTHORIZATION_PERIOD"),
        ({"authorization_id": "A" * 32}, "MALFORMED_REQUEST"),
        ({"authorization_id": "a" * 31}, "MALFORMED_REQUEST"),
        ({"grantee_org": ""}, "MALFORMED_REQUEST"),
        ({"grantee_org": "a/b"}, "MALFORMED_REQUEST"),
        ({"compartments": []}, "MALFORMED_REQUEST"),
        ({"compartments": ["full", "full"]}, "MALFORMED_REQUEST"),
        ({"compartments": [f"c{n}" for n in range(9)]}, "MALFORMED_REQUEST"),
        ({"purpose": ""}, "MALFORMED_REQUEST"),
        ({"identity_check": "dna"}, "MALFORMED_REQUEST"),
        ({"identity_reference": ""}, "MALFORMED_REQUEST"),
        ({"identity_reference": "x\ny"}, "MALFORMED_REQUEST"),
    ],
)
def test_a_grant_says_everything(chain: Chain, changes: dict[str, Any], code: str) -> None:
    before = dict(chain.state)
    chain.refused("bureau", "authorization.grant", grant(**changes), code)
    assert chain.state == before


def test_an_authorization_id_is_used_once(chain: Chain) -> None:
    chain.ok("bureau", "authorization.grant", grant())
    chain.refused("bureau", "authorization.grant", grant(), "AUTHORIZATION_EXISTS")


def test_grants_in_force_are_bounded_and_ended_ones_make_room(chain: Chain) -> None:
    for number in range(GRANTS_MAX):
        request = grant(authorization_id=f"{number:032x}", to_ms=START_MS + HOUR_MS)
        chain.ok("bureau", "authorization.grant", request)
    chain.refused("bureau", "authorization.grant", grant(), "TOO_MANY_GRANTS")
    chain.ok("bureau", "authorization.revoke", pb.RevokeRequest(authorization_id=f"{0:032x}"))
    chain.ok("bureau", "authorization.grant", grant())
    chain.time_ms += HOUR_MS
    chain.ok("bureau", "authorization.grant", grant(authorization_id="b" * 32))
    index = chain.load(GrantIndex, grant_index_key(bill_name(1), "org-insurer"))
    assert index.authorization_ids == (GRANT_ID, "b" * 32)
    assert chain.load(AuthorizationRecord, authorization_key(f"{0:032x}")).revoked_ms > 0


def test_settlements_are_read_under_grants_too(chain: Chain) -> None:
    chain.ok(
        "bureau",
        "settlement.upload",
        pb.UploadSettlementRequest(
            form=settlement_form(), payload=chain.payload(1), account_id=OWNER
        ),
    )
    name = "settlement/300000900001"
    chain.refused("insurer", "authorization.read", read(object=name), "NOT_AUTHORIZED")
    chain.ok("bureau", "authorization.grant", grant(object=name))
    chain.ok("insurer", "authorization.read", read(object=name))
    assert [event.code for event in chain.trace(name)] == ["OK", "NOT_AUTHORIZED", "OK", "OK"]


def test_a_thousand_reads_in_one_transaction(chain: Chain) -> None:
    chain.ok("bureau", "authorization.grant", grant())
    raw = read().SerializeToString()
    stranger = read(object=bill_name(2)).SerializeToString()
    results = chain.call_raw("insurer", "authorization.read", *([raw, stranger] * 500))
    codes = [result.code for result in results]
    assert codes == ["OK", "NOT_AUTHORIZED"] * 500
    bill = chain.bill(1)
    chain.check_trace(bill_name(1), bill.trace_count, bill.trace_head)
