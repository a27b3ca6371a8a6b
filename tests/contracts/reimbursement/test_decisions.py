"""An approval looks at everything that speaks against it; the bill is used once; then payment."""

from typing import Any

import pytest
from msgspec.structs import replace

from contracts.bill.record import BillRecord, Lock, bill_key
from contracts.reimbursement.records import KINDS
from ledger.records import encode
from proto import reimbursement_pb2 as pb
from proto.contracts_pb2 import EnterRequest, IssueBlueRequest, LockRequest
from tests.contracts.harness import (
    HOUR_MS,
    PROVINCE,
    PURPOSE,
    Chain,
    bill_form,
    finding,
)
from tests.contracts.harness import payload as sealed
from tests.contracts.reimbursement.support import (
    APPROVED_FEN,
    INDEX,
    ISSUER,
    OTHER_INDEX,
    SECOND,
    add_listed,
    approve,
    key,
    make_approved,
    make_ready,
    of,
    pay,
    receive,
    refuse,
    review,
    staffed,
    sync_bill,
    sync_voucher,
    withdraw,
)
from tests.contracts.remote.support import (
    CODE,
    TOTAL,
    bill_of,
    note,
    number,
    red_remote_form,
    remote_bill,
    remote_form,
    remote_voucher,
    store_bill,
    store_voucher,
    voucher_form,
)

APPROVE = "reimbursement.approve"
PAY = "reimbursement.record_payment"


@pytest.fixture
def chain() -> Chain:
    return staffed(Chain(PROVINCE, "gm"))


@pytest.fixture
def reviewed(chain: Chain) -> Chain:
    make_ready(chain, account=1)
    chain.ok("bureau", "reimbursement.review", review())
    return chain


def unused(chain: Chain) -> None:
    """Nothing was decided, and the bill is as free as it was."""
    assert of(chain).decision is None and of(chain).state == "ready"
    assert bill_of(chain).used_by == ""


# ---- approval


def test_an_approval_uses_the_bill(reviewed: Chain) -> None:
    reviewed.ok(SECOND, APPROVE, approve())
    application, bill = of(reviewed), bill_of(reviewed)
    decision = application.decision
    assert decision is not None and decision.approved and not decision.whitelisted
    assert decision.amounts.total_fen == APPROVED_FEN
    assert (decision.amounts.pooled_fund_fen, decision.amounts.cash_fen) == (8000, 0)
    assert (bill.state, bill.used_by) == ("used", key())
    event = reviewed.trace(key())[-1]
    assert (event.action, event.details["total_fen"]) == ("approve", str(APPROVED_FEN))
    assert {kind: event.details[kind] for kind in KINDS}["account_fen"] == "1500"
    reviewed.check_trace(key(), application.trace_count, application.trace_head)
    reviewed.check_trace(remote_bill(1), bill.trace_count, bill.trace_head)


def test_one_bill_is_approved_once_whatever_the_application(reviewed: Chain) -> None:
    reviewed.ok(SECOND, APPROVE, approve())
    reviewed.ok("bureau", "reimbursement.receive", receive(reviewed, 2, bill=1))
    reviewed.ok("bureau", "reimbursement.sync_voucher", sync_voucher(2, bill=1))
    reviewed.ok("bureau", "reimbursement.sync_bill", sync_bill(2, bill=1))
    reviewed.ok("bureau", "reimbursement.review", review(2))
    result = reviewed.refused(SECOND, APPROVE, approve(2), "BILL_REIMBURSED")
    assert result.fields["used_by"] == key(1)
    assert bill_of(reviewed).used_by == key(1)
    assert of(reviewed, 2).decision is None


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"cash_fen": 0},
        {"pooled_fund_fen": -1, "cash_fen": 100},
        {"other_fen": -5},
        {"pooled_fund_fen": TOTAL + 1},
        {"pooled_fund_fen": TOTAL, "wallet_fen": 1},
        {"credit_fen": 2**63 - 1},
        {"pooled_fund_fen": 2**63 - 1, "cash_fen": 2**63 - 1},
    ],
)
def test_amounts_have_bounds(reviewed: Chain, given: dict[str, int]) -> None:
    request = approve(amounts=pb.ApprovedAmounts(**given))  # type: ignore[arg-type]
    reviewed.refused(SECOND, APPROVE, request, "APPROVED_AMOUNT")
    unused(reviewed)


def test_the_whole_bill_may_be_approved(reviewed: Chain) -> None:
    reviewed.ok(SECOND, APPROVE, approve(amounts=pb.ApprovedAmounts(wallet_fen=TOTAL)))
    event = reviewed.trace(key())[-1]
    assert event.details["findings"] == "REIMBURSEMENT_ABOVE_OWN_SHARE"


def test_no_more_than_what_is_claimed(chain: Chain) -> None:
    make_ready(chain, claimed_fen=APPROVED_FEN - 1)
    chain.ok("bureau", "reimbursement.review", review())
    result = chain.refused(SECOND, APPROVE, approve(), "APPROVED_AMOUNT")
    assert result.fields["most_fen"] == str(APPROVED_FEN - 1)
    less = pb.ApprovedAmounts(pooled_fund_fen=APPROVED_FEN - 1)
    chain.ok(SECOND, APPROVE, approve(amounts=less))


def test_a_flushed_bill_is_not_reimbursed(reviewed: Chain) -> None:
    reviewed.ok("bureau", "voucher.store_bill", store_bill(reviewed, red_remote_form()))
    reviewed.refused(SECOND, APPROVE, approve(), "BILL_RED")
    unused(reviewed)


@pytest.mark.parametrize("document", [remote_bill(1), remote_voucher(1)])
def test_what_was_reimbursed_elsewhere_is_not_reimbursed_here(
    reviewed: Chain, document: str
) -> None:
    reviewed.ok("bureau", "voucher.note_status", note(document, reimbursed=True))
    reviewed.refused(SECOND, APPROVE, approve(), "REIMBURSED_ELSEWHERE")
    unused(reviewed)
    reviewed.ok("bureau", "voucher.note_status", note(document))
    reviewed.ok(SECOND, APPROVE, approve())


def test_a_cancelled_voucher_is_not_reimbursed(reviewed: Chain) -> None:
    reviewed.ok("bureau", "voucher.note_status", note(remote_voucher(1), red=True))
    reviewed.refused(SECOND, APPROVE, approve(), "VOUCHER_RED")
    unused(reviewed)


def test_two_officials_decide(chain: Chain) -> None:
    make_ready(chain)
    chain.refused(SECOND, APPROVE, approve(), "REVIEW_NEEDED")
    chain.ok(SECOND, "reimbursement.review", review())
    chain.refused(SECOND, APPROVE, approve(), "SAME_REVIEWER")
    unused(chain)
    chain.ok("bureau", APPROVE, approve())


# ---- findings: documents that disagree


@pytest.mark.parametrize(
    ("voucher", "bill"),
    [({"bill_amount_fen": TOTAL - 1}, {}), ({}, {"cash_fen": 1}), ({}, {"total_fen": TOTAL + 1})],
)
def test_an_error_between_documents_refuses(
    chain: Chain, voucher: dict[str, Any], bill: dict[str, Any]
) -> None:
    chain.ok("bureau", "voucher.store_bill", store_bill(chain, remote_form(**bill)))
    chain.ok("bureau", "voucher.store_voucher", store_voucher(chain, voucher_form(**voucher)))
    chain.ok("bureau", "reimbursement.receive", receive(chain))
    chain.ok("bureau", "reimbursement.sync_voucher", sync_voucher())
    chain.ok("bureau", "reimbursement.sync_bill", sync_bill())
    chain.ok("bureau", "reimbursement.review", review())
    chain.refused(SECOND, APPROVE, approve(), "FINDINGS_REFUSED")
    unused(chain)
    chain.ok("bureau", "reimbursement.refuse", refuse())


def test_a_warning_is_shown(chain: Chain) -> None:
    chain.ok("bureau", "voucher.store_bill", store_bill(chain, remote_form()))
    chain.ok("bureau", "voucher.store_voucher", store_voucher(chain, voucher_form(cash_fen=1)))
    request = receive(chain, claimed_fen=TOTAL + 1)
    request.findings.append(finding("APPLICATION_LATE", "warn", "applied_date"))
    chain.ok("bureau", "reimbursement.receive", request)
    chain.ok("bureau", "reimbursement.sync_voucher", sync_voucher())
    chain.ok("bureau", "reimbursement.sync_bill", sync_bill())
    chain.ok("bureau", "reimbursement.review", review())
    chain.ok(SECOND, APPROVE, approve())
    assert chain.trace(key())[-1].details["findings"] == (
        "APPLICATION_LATE,REIMBURSEMENT_CLAIM_ABOVE_BILL,REIMBURSEMENT_VOUCHER_KIND_DIFFERS"
    )


# ---- lists


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("index", INDEX, "APPLICANT_BLACKLISTED"),
        ("account", f"{1:032x}", "APPLICANT_BLACKLISTED"),
        ("institution", ISSUER, "INSTITUTION_BLACKLISTED"),
    ],
)
def test_the_blacklist_refuses_whatever_the_whitelist_says(
    reviewed: Chain, kind: str, value: str, code: str
) -> None:
    for name in ("white", "black"):
        reviewed.ok("bureau", "reimbursement.add_listed", add_listed(name, kind, value))
    reviewed.refused(SECOND, APPROVE, approve(), code)
    unused(reviewed)
    assert reviewed.trace(key())[-1].code == code
    off = pb.RemoveListedRequest(
        subject=pb.ListedSubject(list="black", kind=kind, subject=value), reason="cleared"
    )
    reviewed.ok("bureau", "reimbursement.remove_listed", off)
    reviewed.ok(SECOND, APPROVE, approve())


def test_the_bills_institution_counts_where_the_application_names_none(chain: Chain) -> None:
    make_ready(chain, issuer_code="")
    chain.ok("bureau", "reimbursement.add_listed", add_listed("black", "institution", ISSUER))
    chain.ok("bureau", "reimbursement.review", review())
    chain.refused(SECOND, APPROVE, approve(), "INSTITUTION_BLACKLISTED")


@pytest.mark.parametrize(
    ("kind", "value"),
    [("index", INDEX), ("account", f"{1:032x}"), ("institution", ISSUER)],
)
def test_who_is_on_the_whitelist_is_approved_by_one_official(
    chain: Chain, kind: str, value: str
) -> None:
    make_ready(chain, account=1)
    chain.ok("bureau", "reimbursement.add_listed", add_listed("white", kind, value))
    chain.ok("bureau", APPROVE, approve())
    decision = of(chain).decision
    assert decision is not None and decision.whitelisted


def test_somebody_elses_entry_changes_nothing(chain: Chain) -> None:
    make_ready(chain)
    for name in ("black", "white"):
        request = add_listed(name, "index", OTHER_INDEX)
        chain.ok("bureau", "reimbursement.add_listed", request)
    chain.refused(SECOND, APPROVE, approve(), "REVIEW_NEEDED")


def test_an_entry_counts_within_its_period_only(reviewed: Chain) -> None:
    start = reviewed.time_ms + 10 * HOUR_MS
    request = add_listed("black", "index", INDEX, from_ms=start, to_ms=start + HOUR_MS)
    reviewed.ok("bureau", "reimbursement.add_listed", request)
    reviewed.time_ms = start - 1000
    reviewed.refused(SECOND, APPROVE, approve(), "APPLICANT_BLACKLISTED")
    reviewed.time_ms = start + HOUR_MS - 1000
    reviewed.ok(SECOND, APPROVE, approve())


def test_an_entry_does_not_count_before_it_begins(reviewed: Chain) -> None:
    request = add_listed("black", "index", INDEX, from_ms=reviewed.time_ms + HOUR_MS)
    reviewed.ok("bureau", "reimbursement.add_listed", request)
    reviewed.ok(SECOND, APPROVE, approve())


# ---- the same bill on this chain


def local_bill(chain: Chain) -> None:
    request = IssueBlueRequest(
        form=bill_form(1, code=CODE, number=number(1)), payload=sealed("gm"), account_id=""
    )
    chain.ok("bureau", "bill.issue_blue", request)


def lock_request(chain: Chain) -> Any:
    request = LockRequest(purpose=PURPOSE, expires_ms=chain.time_ms + HOUR_MS)
    request.bill.code, request.bill.number = CODE, number(1)
    return request


def enter_request() -> Any:
    request = EnterRequest(amount_fen=1, voucher_number="PZ-1")
    request.bill.code, request.bill.number = CODE, number(1)
    return request


def test_a_bill_that_is_used_here_is_not_reimbursed(reviewed: Chain) -> None:
    local_bill(reviewed)
    reviewed.ok("agency_a", "bill.lock", lock_request(reviewed))
    reviewed.refused(SECOND, APPROVE, approve(), "BILL_LOCKED")
    reviewed.ok("agency_a", "bill.enter", enter_request())
    reviewed.refused(SECOND, APPROVE, approve(), "BILL_ENTERED")
    unused(reviewed)


def test_a_bill_that_is_reimbursed_is_not_used_here(reviewed: Chain) -> None:
    local_bill(reviewed)
    reviewed.ok(SECOND, APPROVE, approve())
    reviewed.refused("agency_a", "bill.lock", lock_request(reviewed), "BILL_REIMBURSED")
    reviewed.ok("bureau", "reimbursement.withdraw", withdraw())
    reviewed.ok("agency_a", "bill.lock", lock_request(reviewed))
    reviewed.ok("agency_a", "bill.enter", enter_request())


def test_a_lock_that_lapsed_does_not_enter_a_reimbursed_bill(reviewed: Chain) -> None:
    local_bill(reviewed)
    reviewed.ok("agency_a", "bill.lock", lock_request(reviewed))
    reviewed.time_ms += 2 * HOUR_MS
    reviewed.ok(SECOND, APPROVE, approve())
    name = bill_key(CODE, number(1))
    bill = reviewed.load(BillRecord, name)
    assert isinstance(bill.lock, Lock)
    # As if the lock were still in force: the entry itself must refuse too.
    lasting = replace(bill.lock, expires_ms=reviewed.time_ms + HOUR_MS)
    reviewed.state[name] = encode(bill.changed(lock=lasting))
    reviewed.refused("agency_a", "bill.enter", enter_request(), "BILL_REIMBURSED")
    assert reviewed.load(BillRecord, name).entry is None


# ---- refusal and withdrawal


def test_a_refusal_has_a_reason_code(chain: Chain) -> None:
    make_ready(chain)
    for code in ("", "because", "A", "X-Y", "A" * 65):
        request = refuse(reason_code=code)
        chain.refused("bureau", "reimbursement.refuse", request, "MALFORMED_REQUEST")
    chain.refused("bureau", "reimbursement.refuse", refuse(reason="x" * 201), "MALFORMED_REQUEST")
    unused(chain)
    chain.ok("bureau", "reimbursement.refuse", refuse())
    decision = of(chain).decision
    assert decision is not None and not decision.approved
    assert (decision.reason_code, decision.amounts.total_fen) == ("NOT_INSURED_THEN", 0)
    assert chain.trace(key())[-1].code == "NOT_INSURED_THEN"
    assert bill_of(chain).state == "free"


def test_a_withdrawn_approval_frees_the_bill(chain: Chain) -> None:
    make_approved(chain)
    chain.refused("bureau", "reimbursement.withdraw", withdraw(reason=" "), "MALFORMED_REQUEST")
    assert bill_of(chain).used_by == key()
    chain.ok("bureau", "reimbursement.withdraw", withdraw())
    assert (of(chain).state, bill_of(chain).state) == ("withdrawn", "free")
    chain.ok("bureau", "reimbursement.receive", receive(chain, 2, bill=1))
    chain.ok("bureau", "reimbursement.sync_voucher", sync_voucher(2, bill=1))
    chain.ok("bureau", "reimbursement.sync_bill", sync_bill(2, bill=1))
    chain.ok("bureau", "reimbursement.review", review(2))
    chain.ok(SECOND, APPROVE, approve(2))
    assert bill_of(chain).used_by == key(2)


def test_withdrawing_what_is_not_approved_frees_nothing_of_others(chain: Chain) -> None:
    make_approved(chain)
    chain.ok("bureau", "reimbursement.receive", receive(chain, 2, bill=1))
    chain.ok("bureau", "reimbursement.sync_bill", sync_bill(2, bill=1))
    chain.ok("bureau", "reimbursement.withdraw", withdraw(2))
    assert (bill_of(chain).state, bill_of(chain).used_by) == ("used", key(1))


def test_what_the_source_said_meanwhile_counts_after_a_withdrawal(chain: Chain) -> None:
    make_approved(chain)
    chain.ok("bureau", "voucher.note_status", note(remote_bill(1), reimbursed=True))
    assert bill_of(chain).state == "used"
    chain.ok("bureau", "reimbursement.withdraw", withdraw())
    assert bill_of(chain).state == "reimbursed_elsewhere"


# ---- payment


def test_a_payment_is_sent_and_made(chain: Chain) -> None:
    make_approved(chain)
    chain.ok("centre", PAY, pay("sent"))
    chain.ok("centre", PAY, pay("paid"))
    application = of(chain)
    assert application.state == "paid" and application.payment is not None
    assert (application.payment.amount_fen, application.payment.reference) == (10_000, "PAY-1")
    chain.check_trace(key(), application.trace_count, application.trace_head)


def test_a_failed_payment_is_sent_again(chain: Chain) -> None:
    make_approved(chain)
    chain.ok("centre", PAY, pay("sent"))
    chain.ok("centre", PAY, pay("failed"))
    assert chain.trace(key())[-1].code == "ACCOUNT_CLOSED"
    assert bill_of(chain).used_by == key()
    chain.ok("centre", PAY, pay("sent", reference="PAY-2"))
    chain.refused("centre", PAY, pay("paid"), "PAYMENT_REFERENCE")
    chain.ok("centre", PAY, pay("paid", reference="PAY-2"))


@pytest.mark.parametrize("amount", [0, -1, APPROVED_FEN - 1, APPROVED_FEN + 1])
def test_what_is_paid_is_what_was_approved(chain: Chain, amount: int) -> None:
    make_approved(chain)
    chain.refused("centre", PAY, pay("sent", amount_fen=amount), "PAYMENT_AMOUNT")
    chain.ok("centre", PAY, pay("sent"))
    chain.refused("centre", PAY, pay("paid", amount_fen=amount), "PAYMENT_AMOUNT")
    assert of(chain).state == "paying"


@pytest.mark.parametrize(
    "changes",
    [
        {"step": "promised"},
        {"step": ""},
        {"reference": ""},
        {"reference": "a b"},
        {"reason_code": "WHY"},
    ],
)
def test_a_payment_is_well_formed(chain: Chain, changes: dict[str, str]) -> None:
    make_approved(chain)
    request = pay("sent")
    for name, value in changes.items():
        setattr(request, name, value)
    chain.refused("centre", PAY, request, "MALFORMED_REQUEST")
    assert (of(chain).state, of(chain).payment) == ("approved", None)


def test_a_failed_payment_says_why(chain: Chain) -> None:
    make_approved(chain)
    chain.ok("centre", PAY, pay("sent"))
    for code in ("", "closed"):
        chain.refused("centre", PAY, pay("failed", reason_code=code), "MALFORMED_REQUEST")
    assert of(chain).state == "paying"


def test_nothing_is_paid_for_a_bill_that_turned_red(chain: Chain) -> None:
    make_approved(chain)
    chain.ok("bureau", "voucher.store_bill", store_bill(chain, red_remote_form()))
    assert bill_of(chain).state == "RED_CONFLICT"
    event = chain.trace(key())[-1]
    assert (event.action, event.details) == ("bill_red", {"bill": remote_bill(1)})
    chain.refused("centre", PAY, pay("sent"), "BILL_RED")
    chain.ok("bureau", "reimbursement.withdraw", withdraw())
    assert (bill_of(chain).state, bill_of(chain).used_by) == ("red_flushed", "")
    application = of(chain)
    chain.check_trace(key(), application.trace_count, application.trace_head)


def test_nothing_is_paid_on_a_cancelled_voucher(chain: Chain) -> None:
    make_approved(chain)
    chain.ok("bureau", "voucher.note_status", note(remote_voucher(1), red=True))
    chain.refused("centre", PAY, pay("sent"), "VOUCHER_RED")
    assert (of(chain).state, of(chain).payment) == ("approved", None)


def test_a_payment_under_way_ends_though_the_bill_turned_red(chain: Chain) -> None:
    make_approved(chain)
    chain.ok("centre", PAY, pay("sent"))
    chain.ok("bureau", "voucher.note_status", note(remote_bill(1), red=True))
    chain.ok("centre", PAY, pay("paid"))
    assert (of(chain).state, bill_of(chain).state) == ("paid", "RED_CONFLICT")
