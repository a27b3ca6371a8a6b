"""Remote reimbursement: from the national chain's application to the payment and its report."""

import pytest

from node.client.outcome import Receipt
from proto.reimbursement_pb2 import ApprovedAmounts, ListedSubject
from tests.scenarios.looking import evident, let_read, told
from tests.scenarios.papers_remote import (
    CHANNEL,
    CLAIMED_FEN,
    ISSUER,
    Visit,
    fetched,
    fresh_visit,
    synchronised,
)
from tests.scenarios.parties import HOUR_MS, Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

AMOUNTS = ApprovedAmounts(pooled_fund_fen=CLAIMED_FEN)


def state(parties: Parties, visit: Visit, party: str = "auditor") -> str:
    return str(parties[party].reimbursements.get(visit.application_id).record.state)


def approve(
    parties: Parties, visit: Visit, party: str = "bureau clerk", amounts: ApprovedAmounts = AMOUNTS
) -> Receipt:
    return parties[party].reimbursements.approve(visit.application_id, amounts=amounts)


def approved(parties: Parties) -> Visit:
    """A visit whose claim is approved by a second official."""
    visit = fresh_visit(parties)
    synchronised(parties, visit)
    parties["bureau desk"].reimbursements.review(visit.application_id)
    approve(parties, visit)
    return visit


def pay(parties: Parties, visit: Visit, step: str, reason_code: str = "") -> Receipt:
    return parties["fund desk"].reimbursements.record_payment(
        visit.application_id,
        step=step,
        amount_fen=CLAIMED_FEN,
        reference=f"ZF-{visit.number}",
        reason_code=reason_code,
    )


@pytest.mark.clause("2.2.1.4.3.1", "2.2.1.4.3.2", "2.2.1.4.3.3", "2.2.1.4.3.4", "2.2.1.4.3.5")
@pytest.mark.clause("2.2.1.3.7")
def test_an_application_goes_from_the_national_chain_to_payment_and_report(
    parties: Parties,
) -> None:
    visit, desk = fresh_visit(parties), parties["bureau desk"].reimbursements
    national = parties["national desk"].reimbursements
    national.forward(visit.application, channel=CHANNEL)
    until(lambda: desk.get(visit.application_id).state.found)
    record = desk.get(visit.application_id).record
    assert (record.state, record.origin_chain) == ("received", "national")
    assert (record.account_id, record.public.claimed_fen) == (visit.account_id, CLAIMED_FEN)
    assert let_read(parties, visit.key, visit.account_id).document == visit.application
    assert refusal(lambda: desk.review(visit.application_id)) == "DOCUMENTS_MISSING"
    fetched(parties, visit)
    desk.sync_voucher(visit.application_id, voucher=visit.voucher_key)
    desk.sync_bill(visit.application_id, bill=visit.bill_key)
    assert state(parties, visit) == "ready"
    assert refusal(lambda: approve(parties, visit)) == "APPLICANT_UNKNOWN"
    desk.review(visit.application_id)
    assert refusal(lambda: approve(parties, visit, "bureau desk")) == "SAME_REVIEWER"
    assert len(approve(parties, visit).tx_hash) == 64
    bill = parties["auditor"].vouchers.get_remote_bill("43060124", visit.number).record
    assert (bill.state, bill.used_by) == ("used", visit.key)
    pay(parties, visit, "sent")
    pay(parties, visit, "paid")
    assert refusal(lambda: pay(parties, visit, "sent")) == "ALREADY_PAID"
    desk.report(visit.application_id)
    until(lambda: desk.get(visit.application_id).record.report == "confirmed")
    there = national.get_reported("province", visit.application_id).record
    assert (there.state, there.amounts.pooled_fund_fen) == ("paid", CLAIMED_FEN)
    assert there.payment_reference == f"ZF-{visit.number}"
    assert state(parties, visit, "national desk") == "answered"
    assert refusal(lambda: desk.report(visit.application_id)) == "ALREADY_REPORTED"
    assert evident(parties, "auditor", visit.key)


@pytest.mark.clause("2.2.1.4.3.4", "2.2.1.4.3.5")
def test_a_bill_is_reimbursed_once_whatever_the_application(parties: Parties) -> None:
    visit = approved(parties)
    again = Visit(
        visit.person,
        visit.account_id,
        visit.number,
        visit.settlement_id,
        f"{visit.application_id}-2",
    )
    desk = parties["bureau desk"].reimbursements
    desk.receive(again.application)
    desk.sync_voucher(again.application_id, voucher=again.voucher_key)
    desk.sync_bill(again.application_id, bill=again.bill_key)
    desk.review(again.application_id)
    assert refusal(lambda: approve(parties, again)) == "BILL_REIMBURSED"
    desk.withdraw(visit.application_id, reason="申请人撤回")
    assert state(parties, visit) == "withdrawn"
    approve(parties, again)
    trace = told(parties["auditor"].reimbursements.trace(again.application_id))
    assert trace[-2:] == ["approve BILL_REIMBURSED", "approve"]


@pytest.mark.clause("2.2.1.4.3.4")
def test_an_approval_needs_a_review_and_stays_within_the_claim(parties: Parties) -> None:
    visit = fresh_visit(parties)
    synchronised(parties, visit)
    assert refusal(lambda: approve(parties, visit)) == "REVIEW_NEEDED"
    parties["bureau desk"].reimbursements.review(visit.application_id)
    much = ApprovedAmounts(pooled_fund_fen=CLAIMED_FEN, cash_fen=1)
    assert refusal(lambda: approve(parties, visit, amounts=much)) == "APPROVED_AMOUNT"
    assert refusal(lambda: approve(parties, visit, "hospital desk")) == "NOT_PERMITTED"
    desk = parties["bureau desk"].reimbursements
    desk.refuse(visit.application_id, reason_code="NOT_COVERED", reason="不在报销范围")
    record = parties["auditor"].reimbursements.get(visit.application_id).record
    assert (record.state, record.decision.reason_code) == ("refused", "NOT_COVERED")
    assert refusal(lambda: approve(parties, visit)) == "ALREADY_DECIDED"
    assert refusal(lambda: pay(parties, visit, "sent")) == "NOT_APPROVED"


@pytest.mark.clause("2.2.1.4.3.5")
def test_a_payment_that_failed_is_sent_again(parties: Parties) -> None:
    visit = approved(parties)
    assert refusal(lambda: pay(parties, visit, "paid")) == "PAYMENT_NOT_SENT"
    pay(parties, visit, "sent")
    assert refusal(lambda: pay(parties, visit, "sent")) == "PAYMENT_PENDING"
    pay(parties, visit, "failed", "ACCOUNT_CLOSED")
    record = parties["auditor"].reimbursements.get(visit.application_id).record
    assert (record.state, record.payment.reason_code) == ("payment_failed", "ACCOUNT_CLOSED")
    pay(parties, visit, "sent")
    pay(parties, visit, "paid")
    trace = told(parties["auditor"].reimbursements.trace(visit.application_id))
    assert trace[-2:] == ["send_payment", "confirm_payment"]
    assert "fail_payment ACCOUNT_CLOSED" in trace


@pytest.mark.clause("2.2.1.4.3.2", "2.2.1.4.3.3")
def test_another_visits_documents_are_not_joined(parties: Parties) -> None:
    visit, other = fresh_visit(parties), fresh_visit(parties)
    desk = parties["bureau desk"].reimbursements
    desk.receive(visit.application)
    fetched(parties, other)
    wrong_bill = lambda: desk.sync_bill(visit.application_id, bill=other.bill_key)  # noqa: E731
    assert refusal(wrong_bill) == "APPLICATION_MISMATCH"
    wrong = lambda: desk.sync_voucher(visit.application_id, voucher=other.voucher_key)  # noqa: E731
    assert refusal(wrong) == "APPLICATION_MISMATCH"
    none = lambda: desk.sync_bill(visit.application_id, bill=visit.bill_key)  # noqa: E731
    assert refusal(none) == "BILL_NOT_FOUND"
    assert state(parties, visit) == "received"


@pytest.mark.clause("2.2.1.4.3.6")
def test_who_is_on_the_blacklist_is_not_approved_until_taken_off(parties: Parties) -> None:
    visit, desk = fresh_visit(parties), parties["bureau desk"].reimbursements
    person = ListedSubject(list="black", kind="account", subject=visit.account_id)
    assert refusal(lambda: desk.remove_listed(person, reason="没有")) == "NOT_LISTED"
    desk.add_listed(person, reason="骗保调查", from_ms=0)
    twice = lambda: desk.add_listed(person, reason="骗保调查", from_ms=0)  # noqa: E731
    assert refusal(twice) == "ALREADY_LISTED"
    synchronised(parties, visit)
    desk.review(visit.application_id)
    assert refusal(lambda: approve(parties, visit)) == "APPLICANT_BLACKLISTED"
    until_ms = parties.now_ms() + HOUR_MS
    desk.change_listed(person, reason="调查一小时", from_ms=0, to_ms=until_ms)
    look = parties["auditor"].reimbursements
    entry = look.get_listed("black", "account", visit.account_id).record
    assert (entry.reason, entry.to_ms, entry.revision) == ("调查一小时", until_ms, 2)
    assert refusal(lambda: approve(parties, visit)) == "APPLICANT_BLACKLISTED"
    desk.remove_listed(person, reason="调查结束")
    assert look.get_listed("black", "account", visit.account_id).record.state == "removed"
    approve(parties, visit)
    trace = told(look.trace_listed("black", "account", visit.account_id))
    assert trace == ["add", "add_listed ALREADY_LISTED", "change", "remove"]


@pytest.mark.clause("2.2.1.4.3.6")
def test_a_blacklisted_institution_stops_its_bills(parties: Parties) -> None:
    visit, desk = fresh_visit(parties), parties["bureau desk"].reimbursements
    institution = ListedSubject(list="black", kind="institution", subject=ISSUER)
    synchronised(parties, visit)
    desk.review(visit.application_id)
    desk.add_listed(institution, reason="暂停协议", from_ms=0)
    try:
        assert refusal(lambda: approve(parties, visit)) == "INSTITUTION_BLACKLISTED"
    finally:
        desk.remove_listed(institution, reason="协议恢复")
    approve(parties, visit)


@pytest.mark.clause("2.2.1.4.3.7")
def test_who_is_on_the_whitelist_needs_one_official_only(parties: Parties) -> None:
    visit, desk = fresh_visit(parties), parties["bureau desk"].reimbursements
    person = ListedSubject(list="white", kind="account", subject=visit.account_id)
    stranger = parties["hospital desk"].reimbursements
    other = lambda: stranger.add_listed(person, reason="诚信", from_ms=0)  # noqa: E731
    assert refusal(other) == "NOT_PERMITTED"
    desk.add_listed(person, reason="诚信", from_ms=0)
    desk.change_listed(person, reason="诚信参保人", from_ms=0, to_ms=0)
    synchronised(parties, visit)
    approve(parties, visit, "bureau desk")
    record = parties["auditor"].reimbursements.get(visit.application_id).record
    assert (record.state, record.decision.whitelisted) == ("approved", True)
    desk.remove_listed(person, reason="名单到期")
    entry = parties["auditor"].reimbursements.get_listed("white", "account", visit.account_id)
    assert (entry.record.state, entry.record.reason) == ("removed", "名单到期")


@pytest.mark.clause("2.2.1.4.3.5")
def test_nothing_is_paid_on_a_bill_that_was_cancelled_after_the_approval(parties: Parties) -> None:
    visit, desk = approved(parties), parties["bureau desk"]
    desk.vouchers.note_status(visit.bill_key, red=True, source="national", source_reference="ST-2")
    assert refusal(lambda: pay(parties, visit, "sent")) == "BILL_RED"
    assert state(parties, visit) == "approved"
    desk.reimbursements.withdraw(visit.application_id, reason="票据已冲红")
    assert refusal(lambda: pay(parties, visit, "sent")) == "APPLICATION_WITHDRAWN"


@pytest.mark.clause("2.2.1.4.3.5", "2.2.1.3.7")
def test_each_step_of_an_application_made_here_is_reported_anew(parties: Parties) -> None:
    visit, desk = approved(parties), parties["bureau desk"].reimbursements
    report = lambda: desk.report(visit.application_id)  # noqa: E731
    confirmed = lambda: desk.get(visit.application_id).record.report == "confirmed"  # noqa: E731
    report()
    assert refusal(report) == "REPORT_PENDING"
    until(confirmed)
    look = parties["national desk"].reimbursements
    there = lambda: look.get_reported("province", visit.application_id).record  # noqa: E731
    assert (there().state, there().reports) == ("approved", 1)
    pay(parties, visit, "sent")
    pay(parties, visit, "failed", "ACCOUNT_CLOSED")
    assert not confirmed()
    report()
    until(confirmed)
    assert (there().state, there().reason_code, there().reports) == (
        "payment_failed",
        "ACCOUNT_CLOSED",
        2,
    )
    trace = look.trace_reported("province", visit.application_id)
    assert told(trace) == ["report", "report"]
