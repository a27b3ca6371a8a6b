"""Bills and vouchers of other provinces: kept, superseded, cancelled, and proved complete."""

from typing import Any

import pytest

from contracts.codes import BILL_RED
from contracts.remote.codes import BILL_REIMBURSED, NOT_USED, REIMBURSED_ELSEWHERE
from contracts.remote.records import BILL_STATES
from contracts.states import START
from faults import Rejected
from proto.contracts_pb2 import AttachRequest
from tests.contracts.harness import Chain, finding
from tests.contracts.remote.support import (
    CODE,
    REGION,
    TOTAL,
    bill_of,
    note,
    number,
    red_remote_form,
    remote_bill,
    remote_form,
    remote_voucher,
    settlement,
    store_bill,
    store_both,
    store_voucher,
    voucher_form,
    voucher_of,
)

ACCOUNT = f"{1:032x}"
BILL, VOUCHER = "voucher.store_bill", "voucher.store_voucher"


@pytest.fixture
def chain() -> Chain:
    made = Chain()
    made.open_account(1)
    return made


# ---- the states of a remote bill, written down a second time

EXPECTED = """
                     use                  release     flush        spend                unspend
free                 used                 NOT_USED    red_flushed  reimbursed_elsewhere free
used                 BILL_REIMBURSED      free        RED_CONFLICT used                 used
reimbursed_elsewhere REIMBURSED_ELSEWHERE NOT_USED    red_flushed  reimbursed_elsewhere free
red_flushed          BILL_RED             NOT_USED    BILL_RED     red_flushed          red_flushed
RED_CONFLICT         BILL_RED             red_flushed BILL_RED     RED_CONFLICT         RED_CONFLICT
red                  BILL_RED             NOT_USED    BILL_RED     BILL_RED             BILL_RED
"""


def test_the_table_of_a_remote_bill() -> None:
    lines = EXPECTED.strip().splitlines()
    actions = lines[0].split()
    expected = {
        (line.split()[0], action): cell
        for line in lines[1:]
        for action, cell in zip(actions, line.split()[1:], strict=True)
    }
    rows = {(s, a): after or code for s, a, after, code in BILL_STATES.rows() if s != START}
    assert rows == expected
    with pytest.raises(Rejected) as refused:
        BILL_STATES.move(START, "use")
    assert refused.value.code.name == "BILL_NOT_FOUND"
    assert {BILL_RED.name, BILL_REIMBURSED.name, NOT_USED.name, REIMBURSED_ELSEWHERE.name} <= set(
        rows.values()
    )


# ---- bills


def test_a_bill_is_kept_with_where_it_came_from_and_how_it_was_read(chain: Chain) -> None:
    chain.ok("bureau", BILL, store_bill(chain, remote_form(), 1))
    bill = bill_of(chain)
    assert (bill.public.code, bill.public.total_fen, bill.state) == (CODE, TOTAL, "free")
    assert (bill.fetched.source, bill.fetched.reference) == ("national", "FETCH-1")
    assert (bill.fetched.time_ms, bill.dialect) == (chain.time_ms, "national_einvoice")
    assert bill.dialect_sm3 == b"d" * 32
    assert (bill.account_id, chain.account(ACCOUNT).item_count) == (ACCOUNT, 1)
    chain.check_trace(remote_bill(1), bill.trace_count, bill.trace_head)
    chain.refused("bureau", BILL, store_bill(chain, remote_form(), 1), "BILL_EXISTS")
    assert not chain.writes


def test_an_arithmetic_error_is_kept_not_refused(chain: Chain) -> None:
    chain.ok("bureau", BILL, store_bill(chain, remote_form(cash_fen=1)))
    assert [(one.code, one.grade) for one in bill_of(chain).findings] == [
        ("BILL_TOTAL_NOT_SUM_OF_KINDS", "error")
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"source": "rumour"}, "MALFORMED_REQUEST"),
        ({"source": ""}, "MALFORMED_REQUEST"),
        ({"source_reference": ""}, "MALFORMED_REQUEST"),
        ({"source_reference": "a/b"}, "MALFORMED_REQUEST"),
        ({"dialect": "Dialect"}, "MALFORMED_REQUEST"),
        ({"dialect_sm3": b""}, "MALFORMED_REQUEST"),
        ({"dialect_sm3": b"d" * 31}, "MALFORMED_REQUEST"),
        ({"account_id": f"{9:032x}"}, "ACCOUNT_NOT_FOUND"),
        ({"account_id": ACCOUNT}, "PAYLOAD_RECIPIENT"),
        ({"form": voucher_form()}, "FORM_FIELDS_INVALID"),
        ({"form": remote_form(code="1")}, "FORM_FIELDS_INVALID"),
        ({"findings": [finding("bad code", "warn")]}, "MALFORMED_REQUEST"),
    ],
)
def test_what_is_stored_is_well_formed(chain: Chain, changes: dict[str, Any], code: str) -> None:
    request = store_bill(chain, remote_form())
    for name, value in changes.items():
        request.ClearField(name)  # type: ignore[arg-type]
        request.MergeFrom(type(request)(**{name: value}))
    chain.refused("bureau", BILL, request, code)
    assert not chain.writes


def test_a_payload_is_needed(chain: Chain) -> None:
    request = store_bill(chain, remote_form())
    request.ClearField("payload")
    chain.refused("bureau", BILL, request, "PAYLOAD_INVALID")
    assert not chain.writes


@pytest.mark.parametrize("who", ["hospital", "agency_a", "finance", "router", "custodian"])
def test_the_bureau_stores(chain: Chain, who: str) -> None:
    chain.refused(who, BILL, store_bill(chain, remote_form()), "NOT_PERMITTED")
    chain.refused(who, VOUCHER, store_voucher(chain, voucher_form()), "NOT_PERMITTED")
    chain.refused(who, "voucher.note_status", note(remote_bill(1)), "NOT_PERMITTED")
    assert not chain.writes


def test_a_red_bill_cancels_its_blue_one(chain: Chain) -> None:
    chain.refused("bureau", BILL, store_bill(chain, red_remote_form()), "BILL_NOT_FOUND")
    chain.ok("bureau", BILL, store_bill(chain, remote_form()))
    chain.ok("bureau", BILL, store_bill(chain, red_remote_form()))
    blue, red = bill_of(chain), bill_of(chain, 901)
    assert (blue.state, blue.red, red.state) == ("red_flushed", remote_bill(901), "red")
    chain.check_trace(remote_bill(1), blue.trace_count, blue.trace_head)
    second = red_remote_form(number=number(902))
    chain.refused("bureau", BILL, store_bill(chain, second), "BILL_RED")
    of_red = red_remote_form(number=number(903), blue__number=number(901))
    chain.refused("bureau", BILL, store_bill(chain, of_red), "BILL_RED")
    assert not chain.writes


@pytest.mark.parametrize("path", ["total_fen", "fund_fen", "cash_fen", "issuer_code"])
def test_a_red_bill_mirrors_its_blue_one(chain: Chain, path: str) -> None:
    chain.ok("bureau", BILL, store_bill(chain, remote_form()))
    value: Any = "12460000TEST000002" if path == "issuer_code" else -1
    request = store_bill(chain, red_remote_form(**{path: value}))
    chain.refused("bureau", BILL, request, "RED_MISMATCH")
    assert not chain.writes and bill_of(chain).state == "free"


# ---- what the source says later


def test_the_sources_status_is_recorded(chain: Chain) -> None:
    store_both(chain)
    chain.ok("bureau", "voucher.note_status", note(remote_bill(1), reimbursed=True))
    bill = bill_of(chain)
    assert (bill.state, bill.reimbursed) == ("reimbursed_elsewhere", True)
    assert bill.status is not None and bill.status.reference == "QUERY-1"
    chain.ok("bureau", "voucher.note_status", note(remote_bill(1)))
    assert (bill_of(chain).state, bill_of(chain).reimbursed) == ("free", False)
    chain.ok("bureau", "voucher.note_status", note(remote_bill(1), red=True, reimbursed=True))
    assert bill_of(chain).state == "red_flushed"
    result = chain.call("bureau", "voucher.note_status", note(remote_bill(1)))
    assert result.code == "STATUS_CONTRADICTS"
    bill = bill_of(chain)
    assert (bill.state, bill.reimbursed) == ("red_flushed", True)
    assert chain.trace(remote_bill(1))[-1].code == "STATUS_CONTRADICTS"
    chain.check_trace(remote_bill(1), bill.trace_count, bill.trace_head)


def test_the_red_bill_itself_may_come_after_its_status(chain: Chain) -> None:
    store_both(chain)
    for _ in range(2):
        chain.ok("bureau", "voucher.note_status", note(remote_bill(1), red=True))
    assert [one.action for one in chain.trace(remote_bill(1))].count("red_flush") == 1
    chain.ok("bureau", BILL, store_bill(chain, red_remote_form()))
    assert bill_of(chain).red == remote_bill(901)
    chain.refused("bureau", "voucher.note_status", note(remote_bill(901), red=True), "BILL_RED")


def test_a_vouchers_status(chain: Chain) -> None:
    store_both(chain)
    chain.ok("bureau", "voucher.note_status", note(remote_voucher(1), reimbursed=True))
    assert (voucher_of(chain).red, voucher_of(chain).reimbursed) == (False, True)
    chain.ok("bureau", "voucher.note_status", note(remote_voucher(1), red=True))
    contradiction = note(remote_voucher(1))
    chain.refused("bureau", "voucher.note_status", contradiction, "STATUS_CONTRADICTS")
    voucher = voucher_of(chain)
    assert (voucher.red, voucher.reimbursed) == (True, False)
    chain.check_trace(remote_voucher(1), voucher.trace_count, voucher.trace_head)
    again = store_voucher(chain, voucher_form(fee_count=9))
    chain.refused("bureau", VOUCHER, again, "VOUCHER_RED")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (remote_bill(7), "BILL_NOT_FOUND"),
        (remote_voucher(7), "OBJECT_NOT_FOUND"),
        ("bill/46060124-0000000001", "OBJECT_NOT_FOUND"),
        ("", "OBJECT_NOT_FOUND"),
        ("remote_bill/a/b", "MALFORMED_REQUEST"),
    ],
)
def test_status_of_what_is_no_remote_document(chain: Chain, key: str, code: str) -> None:
    chain.issue(1)
    chain.refused("bureau", "voucher.note_status", note(key), code)
    assert not chain.writes


# ---- vouchers


def test_a_voucher_is_kept_under_its_region(chain: Chain) -> None:
    chain.ok("bureau", VOUCHER, store_voucher(chain, voucher_form(), 1))
    voucher = voucher_of(chain)
    assert (voucher.region, voucher.version, voucher.account_id) == (REGION, 1, ACCOUNT)
    assert voucher.public.settlement_id == settlement(1)
    assert voucher.fetched.source == "centre"
    chain.check_trace(remote_voucher(1), voucher.trace_count, voucher.trace_head)
    elsewhere = store_voucher(chain, voucher_form(), 1)
    elsewhere.region = "440100"
    chain.ok("bureau", VOUCHER, elsewhere)
    assert chain.account(ACCOUNT).item_count == 2


def test_a_voucher_uploaded_anew_supersedes(chain: Chain) -> None:
    chain.ok("bureau", VOUCHER, store_voucher(chain, voucher_form(), 1))
    same = store_voucher(chain, voucher_form(), 1)
    chain.refused("bureau", VOUCHER, same, "VOUCHER_EXISTS")
    unreadable = store_voucher(chain, voucher_form(fee_count=9))
    chain.refused("bureau", VOUCHER, unreadable, "PAYLOAD_RECIPIENT")
    assert not chain.writes
    chain.ok("bureau", VOUCHER, store_voucher(chain, voucher_form(fee_count=9), 1))
    voucher = voucher_of(chain)
    assert (voucher.version, voucher.public.fee_count, voucher.account_id) == (2, 9, ACCOUNT)
    assert chain.account(ACCOUNT).item_count == 1
    chain.check_trace(remote_voucher(1), voucher.trace_count, voucher.trace_head)


@pytest.mark.parametrize("region", ["", "43010", "43010a", "4301000", "海南省海口市"])
def test_a_region_is_six_digits(chain: Chain, region: str) -> None:
    request = store_voucher(chain, voucher_form())
    request.region = region
    chain.refused("bureau", VOUCHER, request, "MALFORMED_REQUEST")
    assert not chain.writes


def test_a_red_voucher_is_a_status_not_a_document(chain: Chain) -> None:
    request = store_voucher(chain, voucher_form(bill_amount_fen=-TOTAL))
    chain.refused("bureau", VOUCHER, request, "FORM_FIELDS_INVALID")
    assert not chain.writes


def test_an_unbound_document_is_attached_like_any_other(chain: Chain) -> None:
    store_both(chain)
    for key in (remote_bill(1), remote_voucher(1)):
        request = AttachRequest(
            account_id=ACCOUNT, object=key, basis="certificate", payload=chain.payload(1)
        )
        chain.ok("custodian", "account.attach", request)
    assert bill_of(chain).account_id == voucher_of(chain).account_id == ACCOUNT
    assert chain.account(ACCOUNT).item_count == 2
