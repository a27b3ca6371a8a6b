"""Bills on their home chain: issuing, red bills, locks, entries."""

import json
from typing import Any

import pytest

from contracts.bill.record import NORMAL
from proto import contracts_pb2 as pb
from tests.contracts.harness import (
    BILL_AMOUNTS,
    HOUR_MS,
    PURPOSE,
    Chain,
    bill_fields,
    bill_name,
    bill_ref,
    enter,
    finding,
    red_number,
    reverse_entry,
    unlock,
)


@pytest.fixture
def chain() -> Chain:
    return Chain()


# ---- issuing


def test_a_blue_bill_goes_to_its_owner(chain: Chain) -> None:
    chain.open_account(1)
    result = chain.ok("finance", "bill.issue_blue", chain.blue(1, account=1))
    assert json.loads(result.result) == {
        "object": bill_name(1),
        "account": f"{1:032x}",
        "findings": 0,
    }
    bill = chain.bill(1)
    assert (bill.account_id, bill.home_chain, bill.flush) == (f"{1:032x}", "yl-finance", NORMAL)
    assert (bill.payload.height, bill.payload.operation) == (chain.height, 0)
    chain.check_trace(bill_name(1), bill.trace_count, bill.trace_head)
    account = chain.account(f"{1:032x}")
    assert account.item_count == 1
    chain.check_trace(f"account/{1:032x}", account.trace_count, account.trace_head)


def test_code_and_number_are_used_once(chain: Chain) -> None:
    chain.issue(1)
    before = dict(chain.state)
    chain.refused("finance", "bill.issue_blue", chain.blue(1), "BILL_EXISTS")
    chain.refused("bureau", "bill.issue_blue", chain.blue(1, total_fen=23140), "BILL_EXISTS")
    assert chain.state == before


def test_two_equal_bills_in_one_transaction(chain: Chain) -> None:
    raw = chain.blue(1).SerializeToString(deterministic=True)
    other = chain.blue(2).SerializeToString(deterministic=True)
    results = chain.call_raw("finance", "bill.issue_blue", raw, raw, other)
    assert [result.code for result in results] == ["OK", "BILL_EXISTS", "OK"]
    assert chain.bill(2).payload.operation == 2


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("code", "4606012"),
        ("code", "4606012A"),
        ("code", "４６０６０１２４"),
        ("number", "000000001"),
        ("number", "00000000011"),
        ("issue_date", "20240230"),
        ("issue_date", ""),
        ("business_date", "20241301"),
        ("total_fen", "-1"),
        ("total_fen", "231.40"),
        ("total_fen", "0023140"),
        ("total_fen", "-0"),
        ("total_fen", "1e5"),
        ("total_fen", "10000000000001"),
        ("total_fen", ""),
        ("kind", "dental"),
        ("color", "red"),
        ("color", "green"),
        ("blue__code", "46060124"),
        ("settlement_id", "a/b"),
        ("patient__name", "x"),
        ("issuer_code", "海口测试综合医院"),
    ],
)
def test_public_fields_are_well_formed(chain: Chain, path: str, value: str) -> None:
    changes: dict[str, Any] = {path: value}
    request = chain.blue(1, **changes)
    result = chain.refused("finance", "bill.issue_blue", request, "FORM_FIELDS_INVALID")
    assert result.fields["field"]
    assert not chain.writes


@pytest.mark.parametrize("missing", sorted(bill_fields(1)))
def test_every_public_field_is_needed(chain: Chain, missing: str) -> None:
    request = chain.blue(1)
    kept = [one for one in request.form.fields if one.path != missing]
    del request.form.fields[:]
    request.form.fields.extend(kept)
    result = chain.refused("finance", "bill.issue_blue", request, "FORM_FIELDS_INVALID")
    assert result.fields == {"field": missing, "reason": "missing"}


def test_the_commitment_is_recomputed_from_the_fields(chain: Chain) -> None:
    request = chain.blue(1)
    chain.ok("finance", "bill.issue_blue", request)
    other = chain.blue(2)
    other.form.public_salt = b"x" * 16
    chain.ok("finance", "bill.issue_blue", other)
    assert chain.bill(1).pcommit != chain.bill(2).pcommit
    disordered = chain.blue(3)
    first = disordered.form.fields.pop(0)
    disordered.form.fields.append(first)
    chain.refused("finance", "bill.issue_blue", disordered, "BAD_FORM")


def test_an_account_must_exist_and_be_able_to_open_the_payload(chain: Chain) -> None:
    chain.refused("finance", "bill.issue_blue", chain.blue(1, account=1), "ACCOUNT_NOT_FOUND")
    chain.open_account(1)
    chain.open_account(2)
    request = chain.blue(1, account=1)
    request.payload.CopyFrom(chain.payload(2))
    chain.refused("finance", "bill.issue_blue", request, "PAYLOAD_RECIPIENT")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda payload: payload.Clear(),
        lambda payload: setattr(payload, "suite", "gm"),
        lambda payload: setattr(payload, "ciphertext", b"c" * 28),
        lambda payload: payload.ClearField("keys"),
        lambda payload: setattr(payload.keys[0], "recipient", b"short"),
        lambda payload: setattr(payload.keys[0], "wrapped", b"w" * 1025),
        lambda payload: setattr(payload.keys[0], "compartment", ""),
        lambda payload: payload.keys.extend([payload.keys[0]] * 16),
    ],
)
def test_a_payload_of_this_suite_is_needed(chain: Chain, spoil: object) -> None:
    request = chain.blue(1)
    spoil(request.payload)  # type: ignore[operator]
    chain.refused("finance", "bill.issue_blue", request, "PAYLOAD_INVALID")
    assert not chain.writes


# ---- findings


def test_finance_is_the_authority_on_its_own_bills(chain: Chain) -> None:
    chain.issue(1, findings=[finding("BILL_WITHOUT_ITEMS", "error")], cash_fen=1)
    assert [one.code for one in chain.bill(1).findings] == [
        "BILL_WITHOUT_ITEMS",
        "BILL_TOTAL_NOT_SUM_OF_KINDS",
    ]


def test_the_bureau_is_asked_to_correct_an_error(chain: Chain) -> None:
    warned = chain.blue(1, findings=[finding("ODD_DATE", "warn", "issue_date")])
    chain.ok("bureau", "bill.issue_blue", warned)
    said = chain.blue(2, findings=[finding("WRONG_LINES", "error", "item.1.amount_fen")])
    result = chain.refused("bureau", "bill.issue_blue", said, "FINDINGS_REFUSED")
    assert (result.fields["finding"], result.fields["field"]) == (
        "WRONG_LINES",
        "item.1.amount_fen",
    )
    hidden = chain.blue(3, cash_fen=1)
    result = chain.refused("bureau", "bill.issue_blue", hidden, "FINDINGS_REFUSED")
    assert result.fields["detail"] == "total_fen=23140 sum_fen=21545"


def test_amounts_that_are_not_split_contradict_nothing(chain: Chain) -> None:
    chain.issue(1, who="bureau", fund_fen=0, account_fen=0, cash_fen=0)
    assert chain.bill(1).findings == ()


# ---- red


def test_a_red_bill_cancels_its_blue_one_for_ever(chain: Chain) -> None:
    chain.open_account(1)
    chain.issue(1, account=1)
    chain.ok("finance", "bill.issue_red", chain.red(1, account=1))
    blue, red = chain.bill(1), chain.bill(red_number(1))
    assert (blue.flush, blue.red) == ("red_flushed", bill_name(red_number(1)))
    assert (red.public.total_fen, red.account_id) == (-23140, blue.account_id)
    assert chain.account(f"{1:032x}").item_count == 2
    chain.refused("finance", "bill.issue_red", chain.red(1, account=1), "BILL_RED")
    second = chain.red(1, number="0000000990")
    chain.refused("finance", "bill.issue_red", second, "BILL_RED")


def test_a_red_bill_cannot_be_cancelled(chain: Chain) -> None:
    chain.issue(1)
    chain.ok("finance", "bill.issue_red", chain.red(1))
    again = chain.red(1, number="0000000990", blue__number=f"{red_number(1):010d}")
    chain.refused("finance", "bill.issue_red", again, "BILL_RED")


@pytest.mark.parametrize("path", BILL_AMOUNTS)
@pytest.mark.parametrize("change", [-1, 1])
def test_a_red_bill_mirrors_every_amount(chain: Chain, path: str, change: int) -> None:
    chain.issue(1)
    mirrored = -int(bill_fields(1)[path])
    changes: dict[str, Any] = {path: mirrored + change}
    request = chain.red(1, **changes)
    result = chain.refused("finance", "bill.issue_red", request, "RED_MISMATCH")
    assert result.fields["field"] == path
    assert chain.bill(1).flush == NORMAL
    assert chain.trace(bill_name(1))[-1].code == "RED_MISMATCH"


def test_a_red_bill_has_its_blue_bills_issuer_and_names_it(chain: Chain) -> None:
    chain.issue(1)
    chain.refused("finance", "bill.issue_red", chain.red(1, issuer_code="X"), "RED_MISMATCH")
    positive = chain.red(1, total_fen=23140)
    chain.refused("finance", "bill.issue_red", positive, "FORM_FIELDS_INVALID")
    nameless = chain.red(1, blue__number="")
    chain.refused("finance", "bill.issue_red", nameless, "FORM_FIELDS_INVALID")
    blue_again = pb.IssueRedRequest(form=chain.blue(2).form, payload=chain.payload())
    chain.refused("finance", "bill.issue_red", blue_again, "FORM_FIELDS_INVALID")
    taken = chain.red(1, number="0000000001")
    chain.refused("finance", "bill.issue_red", taken, "BILL_EXISTS")


# ---- locks and entries


def test_at_home_a_lock_is_confirmed_at_once_with_a_rising_token(chain: Chain) -> None:
    chain.issue(1)
    tokens = []
    for agency in ("agency_a", "agency_b", "agency_a"):
        result = json.loads(chain.ok(agency, "bill.lock", chain.lock()).result)
        assert result["lock"] == "confirmed"
        tokens.append(result["token"])
        chain.ok(agency, "bill.unlock", unlock())
    assert tokens == [1, 2, 3]


def test_two_agencies_cannot_use_one_bill(chain: Chain) -> None:
    chain.issue(1)
    chain.ok("agency_a", "bill.lock", chain.lock())
    result = chain.refused("agency_b", "bill.lock", chain.lock(), "BILL_LOCKED")
    assert result.fields["holder"] == "org-agency-a"
    chain.refused("agency_b", "bill.enter", enter(), "BILL_LOCKED")
    chain.refused("agency_b", "bill.unlock", unlock(reason="ours"), "NOT_LOCK_HOLDER")
    chain.ok("agency_a", "bill.enter", enter())
    chain.refused("agency_b", "bill.lock", chain.lock(), "BILL_ENTERED")
    chain.refused("agency_a", "bill.enter", enter(), "BILL_ENTERED")
    chain.refused("agency_b", "bill.reverse_entry", reverse_entry(), "NOT_LOCK_HOLDER")
    refusals = [event for event in chain.trace(bill_name(1)) if event.code != "OK"]
    assert [(one.action, one.code, one.actor_org) for one in refusals] == [
        ("lock", "BILL_LOCKED", "org-agency-b"),
        ("enter", "BILL_LOCKED", "org-agency-b"),
        ("unlock", "NOT_LOCK_HOLDER", "org-agency-b"),
        ("lock", "BILL_ENTERED", "org-agency-b"),
        ("enter", "BILL_ENTERED", "org-agency-a"),
        ("reverse_entry", "NOT_LOCK_HOLDER", "org-agency-b"),
    ]
    bill = chain.bill(1)
    chain.check_trace(bill_name(1), bill.trace_count, bill.trace_head)


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (-1, "AMOUNT_OUT_OF_RANGE"),
        (0, "AMOUNT_OUT_OF_RANGE"),
        (1, "OK"),
        (23140, "OK"),
        (23141, "AMOUNT_OUT_OF_RANGE"),
        (2**63 - 1, "AMOUNT_OUT_OF_RANGE"),
    ],
)
def test_an_entry_is_above_zero_and_at_most_the_total(chain: Chain, amount: int, code: str) -> None:
    chain.issue(1)
    chain.ok("agency_a", "bill.lock", chain.lock())
    assert chain.call("agency_a", "bill.enter", enter(amount_fen=amount)).code == code


def test_an_entry_needs_a_voucher_number(chain: Chain) -> None:
    chain.issue(1)
    chain.ok("agency_a", "bill.lock", chain.lock())
    request = enter()
    request.voucher_number = ""
    chain.refused("agency_a", "bill.enter", request, "MALFORMED_REQUEST")


def test_enter_reverse_enter(chain: Chain) -> None:
    chain.issue(1)
    for cycle in range(3):
        chain.ok("agency_a", "bill.lock", chain.lock())
        chain.ok("agency_a", "bill.enter", enter())
        bill = chain.bill(1)
        assert bill.entry is not None and (bill.entry.cycle, bill.entry.token) == (cycle, cycle + 1)
        chain.ok("agency_a", "bill.reverse_entry", reverse_entry())
        assert (chain.bill(1).entry, chain.bill(1).lock) == (None, None)
    assert chain.bill(1).entry_cycle == 3


def test_an_expired_lock_gives_way(chain: Chain) -> None:
    chain.issue(1)
    chain.ok("agency_a", "bill.lock", chain.lock(hours=1))
    chain.time_ms += HOUR_MS
    chain.refused("agency_a", "bill.enter", enter(), "LOCK_EXPIRED")
    chain.ok("agency_b", "bill.lock", chain.lock())
    lock = chain.bill(1).lock
    assert lock is not None and (lock.holder_org, lock.token) == ("org-agency-b", 2)
    chain.refused("agency_a", "bill.enter", enter(), "BILL_LOCKED")


def test_any_agency_may_clear_an_expired_lock(chain: Chain) -> None:
    chain.issue(1)
    chain.ok("agency_a", "bill.lock", chain.lock(hours=1))
    chain.time_ms += HOUR_MS
    chain.ok("agency_b", "bill.unlock", unlock())
    assert chain.bill(1).lock is None


def test_an_entry_outlives_the_expiry_of_its_lock(chain: Chain) -> None:
    chain.issue(1)
    chain.ok("agency_a", "bill.lock", chain.lock(hours=1))
    chain.ok("agency_a", "bill.enter", enter())
    chain.time_ms += 2 * HOUR_MS
    chain.refused("agency_b", "bill.lock", chain.lock(), "BILL_ENTERED")
    chain.refused("finance", "bill.issue_red", chain.red(), "BILL_ENTERED")


def test_the_bureau_unlocks_with_a_reason(chain: Chain) -> None:
    chain.issue(1)
    chain.ok("agency_a", "bill.lock", chain.lock())
    chain.refused("bureau", "bill.unlock", unlock(reason=" "), "REASON_REQUIRED")
    chain.ok("bureau", "bill.unlock", unlock(reason="the agency closed"))
    assert chain.trace(bill_name(1))[-1].details["reason"] == "the agency closed"


@pytest.mark.parametrize("expires", [0, -1000, 31 * 24 * HOUR_MS])
def test_a_lock_expires_in_time(chain: Chain, expires: int) -> None:
    chain.issue(1)
    wanted = chain.time_ms + expires if expires else 0
    request = pb.LockRequest(bill=bill_ref(1), purpose=PURPOSE, expires_ms=wanted)
    chain.refused("agency_a", "bill.lock", request, "EXPIRY_INVALID")


def test_home_refuses_red_while_locked(chain: Chain) -> None:
    chain.issue(1)
    chain.ok("agency_a", "bill.lock", chain.lock())
    chain.refused("finance", "bill.issue_red", chain.red(), "BILL_LOCKED")
    assert bill_name(red_number(1)) not in chain.state
    event = chain.trace(bill_name(1))[-1]
    assert (event.action, event.code, event.actor_org) == (
        "issue_red",
        "BILL_LOCKED",
        "org-finance",
    )
    chain.ok("agency_a", "bill.unlock", unlock())
    chain.ok("finance", "bill.issue_red", chain.red())


@pytest.mark.parametrize(
    ("code", "number"), [("", ""), ("4606012x", "0000000001"), ("46060124", "1" * 5000)]
)
def test_a_bill_is_named_by_code_and_number(chain: Chain, code: str, number: str) -> None:
    request = pb.LockRequest(
        bill=pb.BillKey(code=code, number=number), purpose=PURPOSE, expires_ms=chain.time_ms + 5000
    )
    chain.refused("agency_a", "bill.lock", request, "MALFORMED_REQUEST")
