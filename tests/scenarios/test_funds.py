"""Fund batches: submitted by file, audited, sent, answered by the bank, reconciled, paid again."""

import pytest

from contracts.fund.records import batch_key, line_key
from node.client.outcome import Recorded
from proto.api.fund_pb2 import LineOriginal, LineSettlements
from proto.transaction_pb2 import Finding
from tests.scenarios.looking import denial, evident, told
from tests.scenarios.papers import FUND_FEN, reversal
from tests.scenarios.papers_funds import (
    BOUNCED_FEN,
    FAILED_FEN,
    LINES,
    PAID_FEN,
    PAID_LINES,
    TOTAL_FEN,
    bank_return,
    bounced,
    failed_line_again,
    failed_line_returned,
    fresh_batch,
    hospital_payment,
    hospital_return,
    payment,
)
from tests.scenarios.parties import Parties, refusal

pytestmark = [pytest.mark.processes, pytest.mark.slow]

SUMMARY = ("202408", "payout", "310")


def send(parties: Parties, batch: str) -> None:
    """Have the batch audited by the bureau and send it to the bank."""
    parties["bureau desk"].funds.audit(batch, accepted=True, reason="")
    record = parties["fund desk"].funds.get(batch).record
    seen = record.warnings + record.errors
    parties["fund desk"].funds.send(batch, bank_org="bank", warnings_seen=seen)


def answered(parties: Parties, document: bytes, number: str = "R1", kind: str = "") -> Recorded:
    """The bank's answer, recorded by the bank."""
    return parties["bank desk"].funds.record_result(document, return_number=number, kind=kind)


def state(parties: Parties, batch: str) -> str:
    return str(parties["auditor"].funds.get(batch).record.state)


@pytest.mark.clause("2.2.1.4.8.1", "2.2.1.4.8.2", "2.2.1.4.8.3", "2.2.1.4.8.4")
@pytest.mark.clause("2.2.1.6.16.8", "2.2.1.6.16.9", "2.2.1.6.16.10", "2.2.1.6.16.11")
def test_a_payment_file_goes_from_submission_to_reconciliation(parties: Parties) -> None:
    batch, funds = fresh_batch(), parties["fund desk"].funds
    made = funds.submit(payment(batch))
    assert made.object == batch_key(batch)
    assert [len(one.tx_hash) for one in made.receipts] == [64, 64]
    record = parties["auditor"].funds.get(batch).record
    assert (record.state, record.header.count, record.header.total_fen) == (
        "submitted",
        LINES,
        TOTAL_FEN,
    )
    assert not funds.submit(payment(batch)).receipts
    send(parties, batch)
    assert state(parties, batch) == "sent"
    answer = answered(parties, bank_return(batch))
    assert (list(answer.findings), len(answer.tx_hash)) == ([], 64)
    record = parties["fund desk"].funds.get(batch).record
    assert (record.state, record.bank_paid_fen, record.differences) == ("partly_paid", PAID_FEN, 0)
    lines = [parties["auditor"].funds.get_line(batch, one + 1).record for one in range(LINES)]
    assert [one.state for one in lines] == ["paid"] * PAID_LINES + ["failed"]
    assert (lines[4].amount_fen, lines[4].result_code) == (FAILED_FEN, "E102")
    assert lines[0].bank_serial == "BK2024083000000001"
    funds.reconcile(
        batch,
        statement_number="DZD-202408",
        paid_count=PAID_LINES,
        paid_fen=PAID_FEN,
        explanation="",
        differences=[],
    )
    record = parties["auditor"].funds.get(batch).record
    assert (record.state, record.statement_number) == ("reconciled", "DZD-202408")
    kept = evident(parties, "auditor", batch_key(batch))
    assert b"6299990000000000012" not in kept
    assert told(parties["auditor"].funds.trace(batch)) == [
        "declare",
        "add",
        "submit",
        "accept",
        "send",
        "record_result",
        "reconcile",
    ]
    last = told(parties["auditor"].funds.trace_line(batch, 5))
    assert (last[0], last[-1]) == ("add", "failed")


@pytest.mark.clause("2.2.1.4.8.1", "2.2.1.4.8.2", "2.2.1.6.16.11")
def test_an_audit_sends_back_what_its_own_centre_may_not_accept(parties: Parties) -> None:
    batch, funds = fresh_batch(), parties["fund desk"].funds
    funds.submit(payment(batch))
    accept = lambda: funds.audit(batch, accepted=True, reason="")  # noqa: E731
    assert refusal(accept) == "FUND_SELF_AUDIT"
    hurried = lambda: funds.send(batch, bank_org="bank", warnings_seen=0)  # noqa: E731
    assert refusal(hurried) == "FUND_BATCH_STATE"
    audit = parties["bureau desk"].funds.audit
    found = Finding(code="AUDIT_CATEGORY", grade="warn", field="line.2", detail="category=YD")
    audit(batch, accepted=False, reason="核对类别", findings=[found])
    record = funds.get(batch).record
    assert (record.state, record.audited_by) == ("returned", "bureau")
    assert [one.code for one in record.audit_findings] == ["AUDIT_CATEGORY"]
    funds.resubmit(batch, explanation="类别无误")
    audit(batch, accepted=True, reason="", findings=[found])
    assert refusal(hurried) == "FUND_WARNINGS_UNSEEN"
    funds.send(batch, bank_org="bank", warnings_seen=1)
    assert state(parties, batch) == "sent"
    trace = told(parties["auditor"].funds.trace(batch))
    assert trace[3:5] == ["audit FUND_SELF_AUDIT", "send FUND_BATCH_STATE"]


@pytest.mark.clause("2.2.1.4.8.1", "2.2.1.4.8.2")
def test_a_batch_is_withdrawn_before_its_audit_and_not_after(parties: Parties) -> None:
    funds, batch, other = parties["fund desk"].funds, fresh_batch(), fresh_batch()
    before = parties["auditor"].funds.get_summary(*SUMMARY).record
    funds.submit(payment(batch))
    withdraw = lambda number, why: funds.withdraw(number, reason=why)  # noqa: E731
    assert refusal(lambda: withdraw(batch, " ")) == "FUND_REASON_REQUIRED"
    assert len(withdraw(batch, "重复提交").tx_hash) == 64
    assert state(parties, batch) == "withdrawn"
    after = parties["auditor"].funds.get_summary(*SUMMARY).record
    assert after.withdrawn_count - before.withdrawn_count == 3
    assert after.withdrawn_fen - before.withdrawn_fen == 108_180 + 1_327_700 + 35_620
    funds.submit(payment(other))
    send(parties, other)
    assert refusal(lambda: withdraw(other, "太晚")) == "FUND_IN_PAYMENT"


@pytest.mark.clause("2.2.1.4.8.3", "2.2.1.6.16.9", "2.2.1.6.16.11")
def test_a_payment_that_bounces_after_reconciliation_is_reconciled_anew(
    parties: Parties,
) -> None:
    batch, funds = fresh_batch(), parties["fund desk"].funds
    funds.submit(payment(batch))
    send(parties, batch)
    answered(parties, bank_return(batch))

    def reconcile(statement: str, count: int, fen: int) -> None:
        funds.reconcile(
            batch,
            statement_number=statement,
            paid_count=count,
            paid_fen=fen,
            explanation="",
            differences=[],
        )

    reconcile("DZD-1", PAID_LINES, PAID_FEN)
    answered(parties, bounced(batch), "R2", "bounce")
    record = parties["auditor"].funds.get(batch).record
    assert (record.state, record.bank_paid_fen) == ("partly_paid", PAID_FEN - BOUNCED_FEN)
    assert list(record.returns) == ["R1", "R2"]
    line = parties["auditor"].funds.get_line(batch, 4).record
    assert (line.state, line.result_code) == ("bounced", "E201")
    reconcile("DZD-2", PAID_LINES - 1, PAID_FEN - BOUNCED_FEN)
    assert (state(parties, batch), record.differences) == ("reconciled", 0)
    assert told(parties["auditor"].funds.trace_line(batch, 4)) == ["add", "paid", "bounced"]


@pytest.mark.clause("2.2.1.4.8.1", "2.2.1.4.8.4")
def test_the_summary_of_a_period_counts_what_was_submitted_paid_and_failed(
    parties: Parties,
) -> None:
    kinds = ("310", "390")
    summary = parties["auditor"].funds.get_summary
    look = lambda kind: summary("202408", "payout", kind).record  # noqa: E731
    before = {kind: look(kind) for kind in kinds}
    batch = fresh_batch()
    parties["fund desk"].funds.submit(payment(batch))
    send(parties, batch)
    answered(parties, bank_return(batch))
    grown = {
        kind: (
            look(kind).total_fen - before[kind].total_fen,
            look(kind).paid_fen - before[kind].paid_fen,
            look(kind).failed_fen - before[kind].failed_fen,
        )
        for kind in kinds
    }
    assert grown == {"310": (1_471_500, 1_471_500, 0), "390": (458_575, 453_750, FAILED_FEN)}


@pytest.mark.clause("2.2.1.4.8.3", "2.2.1.4.8.2", "2.2.1.6.16.9")
def test_what_does_not_match_is_a_recorded_difference_that_must_be_explained(
    parties: Parties,
) -> None:
    batch, funds = fresh_batch(), parties["fund desk"].funds
    funds.submit(payment(batch))
    send(parties, batch)
    wrong = bank_return(batch, **{"|99990000000000000202|": "|99990000000000000203|"})
    assert denial(lambda: answered_by(parties, "fund desk", wrong)) == "FUND_NOT_BANK"
    answered(parties, wrong)
    difference = parties["auditor"].funds.get_difference(batch, 1).record
    assert (difference.source, difference.finding.code) == ("R1", "FUND_RETURN_ACCOUNT")
    assert difference.finding.field.startswith("line.3")
    assert refusal(lambda: answered(parties, wrong)) in ("FUND_RETURN_KNOWN", "FUND_BATCH_STATE")

    def reconcile(explanation: str) -> None:
        funds.reconcile(
            batch,
            statement_number="DZD-2",
            paid_count=PAID_LINES,
            paid_fen=PAID_FEN - 1,
            explanation=explanation,
            differences=[],
        )

    assert refusal(lambda: reconcile("")) == "FUND_DIFFERENCES_UNEXPLAINED"
    reconcile("账户已更正, 差一分为手续费")
    record = parties["auditor"].funds.get(batch).record
    assert (record.state, record.differences, record.difference_errors) == ("reconciled", 3, 3)
    assert told(parties["auditor"].funds.trace(batch)).count("difference") == 3


def answered_by(parties: Parties, party: str, document: bytes) -> Recorded:
    return parties[party].funds.record_result(document, return_number="R1")


@pytest.mark.clause("2.2.1.4.8.1", "2.2.1.4.8.2", "2.2.1.6.16.8", "2.2.1.4.4.2")
def test_a_line_pays_settlements_which_then_stand_until_the_batch_is_reversed(
    parties: Parties,
) -> None:
    settlement_id, _ = parties.settled()
    batch, funds = fresh_batch(), parties["fund desk"].funds
    ids = [LineSettlements(line=1, settlement_ids=[settlement_id])]
    funds.submit(hospital_payment(batch, FUND_FEN), settlements=ids)
    assert funds.get_line(batch, 1).record.claimed_fen == FUND_FEN
    twice = lambda: funds.submit(  # noqa: E731
        hospital_payment(fresh_batch(), FUND_FEN), settlements=ids
    )
    assert refusal(twice) == "FUND_SETTLEMENT_CLAIMED"
    hospital = parties["hospital desk"].settlements
    undo = lambda: hospital.reverse(reversal(settlement_id))  # noqa: E731
    send(parties, batch)
    assert refusal(undo) == "SETTLEMENT_FUND_SENT"
    answered(parties, hospital_return(batch, FUND_FEN))
    assert state(parties, batch) == "paid"
    assert refusal(undo) == "SETTLEMENT_FUND_PAID"
    take_back = lambda fen: funds.reverse(  # noqa: E731
        batch, reason="结算有误", refund_number="TK-1", refund_count=1, refund_fen=fen
    )
    assert refusal(lambda: take_back(-FUND_FEN + 1)) == "FUND_REFUND_MISMATCH"
    take_back(-FUND_FEN)
    assert state(parties, batch) == "reversed"
    undo()
    found = parties["auditor"].settlements.get(settlement_id).record
    assert found.reversed_by == f"settlement/{settlement_id}91"


@pytest.mark.clause("2.2.1.4.8.1", "2.2.1.6.16.11")
def test_a_failed_line_is_paid_again_by_a_batch_that_names_it(parties: Parties) -> None:
    batch, again, funds = fresh_batch(), fresh_batch(), parties["fund desk"].funds
    funds.submit(payment(batch))

    def compensate(line: int = 5) -> Recorded:
        return funds.compensate(
            failed_line_again(again),
            original=batch,
            reason="户名已更正",
            originals=[LineOriginal(line=1, original=line)],
        )

    assert refusal(compensate) == "FUND_BATCH_STATE"
    send(parties, batch)
    answered(parties, bank_return(batch))
    assert len(compensate().receipts) == 2
    record = funds.get(again).record
    assert (record.state, record.original, record.header.total_fen) == (
        "submitted",
        batch,
        FAILED_FEN,
    )
    assert funds.get_line(batch, 5).record.compensated_by == line_key(again, 1)
    assert not compensate().receipts
    send(parties, again)
    answered(parties, failed_line_returned(again))
    assert state(parties, again) == "paid"
    trace = told(parties["auditor"].funds.trace(batch))
    assert (trace[-1], trace.count("compensate FUND_BATCH_STATE")) == ("compensate", 1)


@pytest.mark.clause("2.2.1.4.8.1")
def test_a_paid_line_is_not_paid_again(parties: Parties) -> None:
    batch, again, funds = fresh_batch(), fresh_batch(), parties["fund desk"].funds
    funds.submit(payment(batch))
    send(parties, batch)
    answered(parties, bank_return(batch))
    paid = lambda: funds.compensate(  # noqa: E731
        failed_line_again(again),
        original=batch,
        reason="重复",
        originals=[LineOriginal(line=1, original=1)],
    )
    assert refusal(paid) == "FUND_LINE_NOT_FAILED"
    assert not funds.get_line(batch, 1).record.compensated_by
