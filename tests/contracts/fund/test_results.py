"""Audit, bank, reconciliation, reversal, compensation: who may, what is compared, what is kept."""

from typing import Any

import pytest

from contracts.fund.records import DifferenceRecord, difference_key
from proto import fund_pb2 as fund
from tests.contracts.fund.desk import (
    Desk,
    account,
    answer,
    audit,
    compensation,
    line,
    owed,
    refund,
    resubmission,
    returned,
    send_back,
    sending,
    statement,
    withdrawal,
)
from tests.contracts.harness import finding

LINES = (line(1, [1, 2]), line(2), line(3, [3]))
TOTAL = owed(6) + 502


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.settle(1, 2, 3)
    made.submit("B1", LINES)
    return made


@pytest.fixture
def sent(desk: Desk) -> Desk:
    desk.to_bank()
    return desk


def refused(desk: Desk, who: str, name: str, request: Any, code: str) -> dict[str, str]:
    result = desk.chain.refused(who, f"fund.{name}", request, code)
    assert set(desk.chain.writes) <= {"fund/B1"}
    return dict(result.fields)


# ---- audit and sending


def test_an_audit_accepts_with_findings_and_they_count_as_warnings(desk: Desk) -> None:
    found = [finding("AUDIT_CEILING", "warn", "line.1.amount_fen"), finding("AUDIT_NOTE", "info")]
    desk.chain.ok("bureau", "fund.audit", audit("B1", findings=found))
    batch = desk.batch()
    assert (batch.state, batch.audited_by) == ("audited", "org-bureau")
    assert [one.code for one in batch.audit_findings] == ["AUDIT_CEILING", "AUDIT_NOTE"]
    events = desk.chain.trace("fund/B1")[-3:]
    assert [event.action for event in events] == ["accept", "finding", "finding"]
    refused(desk, "centre", "send", sending("B1"), "FUND_WARNINGS_UNSEEN")
    desk.send("B1", 1)


def test_an_audit_that_finds_an_error_does_not_accept(desk: Desk) -> None:
    request = audit("B1", findings=[finding("AUDIT_NOT_DUE", "error")])
    refused(desk, "bureau", "audit", request, "FINDINGS_REFUSED")
    request = audit("B1", findings=[finding("bad code", "error")])
    refused(desk, "bureau", "audit", request, "MALFORMED_REQUEST")


def test_what_is_sent_back_is_explained_and_audited_again(desk: Desk) -> None:
    error = [finding("AUDIT_NOT_DUE", "error")]
    request = audit("B1", accepted=False, reason="line 2 is not due", findings=error)
    desk.chain.ok("platform", "fund.audit", request)
    assert (desk.batch().state, desk.batch().audited_by) == ("returned", "org-platform")
    desk.chain.ok("centre", "fund.resubmit", resubmission("B1"))
    desk.accept()
    desk.chain.ok("bureau", "fund.audit", send_back("B1"))
    desk.chain.ok("centre", "fund.withdraw", withdrawal("B1"))
    assert (desk.summary().withdrawn_count, desk.summary().withdrawn_fen) == (3, TOTAL)
    desk.check_traces()


@pytest.mark.parametrize("reason", ["", "  "])
def test_sending_back_withdrawing_and_resubmitting_need_a_reason(desk: Desk, reason: str) -> None:
    code = "FUND_REASON_REQUIRED"
    refused(desk, "bureau", "audit", audit("B1", accepted=False, reason=reason), code)
    request = fund.WithdrawFundBatchRequest(batch_number="B1", reason=reason)
    refused(desk, "centre", "withdraw", request, code)
    desk.chain.ok("bureau", "fund.audit", send_back("B1"))
    again = fund.ResubmitFundBatchRequest(batch_number="B1", explanation=reason)
    refused(desk, "centre", "resubmit", again, code)


def test_nobody_audits_their_own_batch(desk: Desk) -> None:
    refused(desk, "centre", "audit", audit("B1"), "FUND_SELF_AUDIT")
    refused(desk, "centre", "audit", send_back("B1"), "FUND_SELF_AUDIT")


def test_other_organisations_leave_a_batch_alone(desk: Desk) -> None:
    code = "FUND_NOT_SUBMITTER"
    refused(desk, "platform", "withdraw", withdrawal("B1"), code)
    desk.accept()
    refused(desk, "platform", "send", sending("B1"), code)
    desk.chain.ok("bureau", "fund.audit", send_back("B1"))
    refused(desk, "platform", "resubmit", resubmission("B1"), code)
    desk.chain.ok("bureau", "fund.withdraw", withdrawal("B1"))


def test_a_bank_is_named(desk: Desk) -> None:
    desk.accept()
    request = fund.SendFundBatchRequest(batch_number="B1", bank_org="")
    refused(desk, "centre", "send", request, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    ("who", "name", "request_"),
    [
        ("centre", "withdraw", withdrawal("a/b")),
        ("bureau", "audit", audit("")),
        ("bureau", "audit", audit("B1", reason="x" * 201)),
        ("centre", "resubmit", resubmission("../B1")),
        ("centre", "send", sending("B 1")),
        ("bank", "record_result", returned("", [])),
        ("bureau", "reconcile", statement("", 0, 0)),
        ("bureau", "reverse", refund("", 0, 0)),
        ("centre", "compensate", compensation("", "C1", [line(1)])),
        ("centre", "add_settlements", fund.AddFundSettlementsRequest(batch_number="-B1")),
        ("centre", "add_lines", fund.AddFundLinesRequest(batch_number="B" * 65)),
    ],
)
def test_malformed_arguments_are_refused(desk: Desk, who: str, name: str, request_: Any) -> None:
    refused(desk, who, name, request_, "MALFORMED_REQUEST")


# ---- the bank's return


def test_a_return_that_matches(sent: Desk) -> None:
    results = ("paid", "failed", "paid")
    answers = [answer(one, result) for one, result in zip(LINES, results, strict=True)]
    sent.record("B1", answers)
    batch = sent.batch()
    assert (batch.state, batch.paid_count, batch.paid_fen) == ("partly_paid", 2, owed(6))
    assert (batch.failed_count, batch.failed_fen, batch.bank_paid_fen) == (1, 502, owed(6))
    assert (batch.returns, batch.differences, batch.open_return) == (("R1",), 0, None)
    assert (sent.line(2).state, sent.line(2).result_code) == ("failed", "E102")
    assert (sent.line(1).bank_serial, sent.line(1).posted) == ("BK0001", "20240902101501")
    assert [event.action for event in sent.chain.trace("fund_line/B1/2")] == ["add", "failed"]
    summary = sent.summary()
    assert (summary.paid_fen, summary.failed_fen) == (owed(6), 502)
    again = returned("B1", [answer(LINES[0], "bounced")], kind="bounce")
    refused(sent, "bank", "record_result", again, "FUND_RETURN_KNOWN")
    sent.check_traces()


def test_a_return_comes_in_parts(sent: Desk) -> None:
    answers = [answer(one) for one in LINES]
    whole = returned("B1", answers)

    def part(offset: int, size: int, last: bool, **changes: Any) -> fund.RecordFundResultRequest:
        request = fund.RecordFundResultRequest()
        request.CopyFrom(whole)
        del request.lines[:]
        request.lines.extend(answers[offset : offset + size])
        request.offset, request.last = offset, last
        for name, value in changes.items():
            setattr(request, name, value)
        return request

    refused(sent, "bank", "record_result", part(1, 1, False), "FUND_LINES_ORDER")
    sent.chain.ok("bank", "fund.record_result", part(0, 1, False))
    assert sent.batch().state == "sent"
    assert refused(sent, "bank", "record_result", part(0, 1, False), "FUND_LINES_ORDER") == {
        "expected": "1",
        "field": "offset",
    }
    refused(sent, "bank", "record_result", part(1, 1, False, count=4), "FUND_RETURN_CHANGED")
    refused(sent, "bank", "record_result", part(1, 0, False), "MALFORMED_REQUEST")
    other = part(0, 3, True, return_number="R2")
    refused(sent, "bank", "record_result", other, "FUND_RETURN_OPEN")
    sent.chain.ok("bank", "fund.record_result", part(1, 2, False))
    assert (sent.batch().state, sent.batch().waiting_count) == ("sent", 0)
    sent.chain.ok("bank", "fund.record_result", part(3, 0, True))
    assert (sent.batch().state, sent.batch().differences) == ("paid", 0)
    sent.check_traces()


def test_only_the_bank_it_was_sent_to_answers(sent: Desk) -> None:
    request = returned("B1", [answer(one) for one in LINES])
    refused(sent, "centre", "record_result", request, "FUND_NOT_BANK")
    refused(sent, "platform", "record_result", request, "FUND_NOT_BANK")
    refused(sent, "bureau", "record_result", request, "NOT_PERMITTED")


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "bounce"},
        {"kind": ""},
        {"return_number": ""},
        {"returned_date": "20240931"},
        {"total_fen": -1},
        {"paid_fen": -1},
        {"failed_fen": -1},
        {"count": 100_001},
        {"paid_count": 100_001},
        {"failed_count": 100_001},
        {"lines": [answer(LINES[0], "unknown")]},
        {"lines": [answer(LINES[0], amount_fen=-1)]},
        {"lines": [answer(LINES[0], result_code="")]},
        {"lines": [answer(LINES[0], account_commitment=b"6222")]},
        {"lines": [answer(LINES[0], bank_serial="BK 1")]},
        {"lines": [answer(LINES[0], posted="2024-09-02 10:15:01")]},
        {"lines": [answer(LINES[0], posted="20240902241501")]},
        {"lines": []},
    ],
    ids=str,
)
def test_returns_are_well_formed(sent: Desk, changes: dict[str, Any]) -> None:
    changes = {"last": False, **changes} if not changes.get("lines", True) else changes
    request = returned("B1", [answer(one) for one in LINES], **changes)
    refused(sent, "bank", "record_result", request, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    ("answers", "header", "expected"),
    [
        (
            [answer(LINES[0], amount_fen=2_999), answer(LINES[1]), answer(LINES[2])],
            {},
            [
                ("FUND_RETURN_AMOUNT", "error", "line.1.amount_fen"),
                ("FUND_RETURN_TOTAL", "error", "total_fen"),
            ],
        ),
        (
            [answer(LINES[0], account_commitment=account(1, wrong=True)), *map(answer, LINES[1:])],
            {},
            [("FUND_RETURN_ACCOUNT", "error", "line.1.account")],
        ),
        (
            [*map(answer, LINES), answer(line(9))],
            {},
            [
                ("FUND_RETURN_LINE_UNKNOWN", "error", "line.9"),
                ("FUND_RETURN_COUNT", "error", "count"),
                ("FUND_RETURN_TOTAL", "error", "total_fen"),
            ],
        ),
        (
            [*map(answer, LINES), answer(LINES[0])],
            {"count": 3, "paid_count": 3, "total_fen": TOTAL, "paid_fen": TOTAL},
            [
                ("FUND_RETURN_LINE_REPEATED", "warn", "line.1"),
                ("FUND_RETURN_SUMS", "error", "count"),
                ("FUND_RETURN_SUMS", "error", "total_fen"),
                ("FUND_RETURN_SUMS", "error", "paid_count"),
                ("FUND_RETURN_SUMS", "error", "paid_fen"),
            ],
        ),
        (
            [*map(answer, LINES), answer(LINES[0], "failed")],
            {"count": 3, "total_fen": TOTAL, "failed_count": 0, "failed_fen": 0},
            [
                ("FUND_RETURN_LINE_CONTRADICTS", "error", "line.1"),
                ("FUND_RETURN_SUMS", "error", "count"),
                ("FUND_RETURN_SUMS", "error", "total_fen"),
                ("FUND_RETURN_SUMS", "error", "failed_count"),
                ("FUND_RETURN_SUMS", "error", "failed_fen"),
            ],
        ),
        (
            [*map(answer, LINES)],
            {"total_fen": TOTAL + 1},
            [
                ("FUND_RETURN_SUMS", "error", "total_fen"),
                ("FUND_RETURN_TOTAL", "error", "total_fen"),
            ],
        ),
    ],
    ids=["amount", "account", "unknown", "repeated", "contradicts", "wrong total, right count"],
)
def test_what_does_not_match_is_recorded_and_refuses_nothing(
    sent: Desk,
    answers: list[fund.FundReturnLine],
    header: dict[str, Any],
    expected: list[tuple[str, str, str]],
) -> None:
    sent.record("B1", answers, **header)
    assert sent.batch().state == "paid"
    assert sent.differences() == expected
    errors = [entry for entry in expected if entry[1] == "error"]
    assert sent.batch().difference_errors == len(errors)
    kept = [event for event in sent.chain.trace("fund/B1") if event.action == "difference"]
    assert [event.details["found"] for event in kept] == [entry[0] for entry in expected]
    assert sent.chain.load(DifferenceRecord, difference_key("B1", 1)).source == "R1"
    sent.check_traces()


def test_lines_without_an_answer_stay_at_the_bank(sent: Desk) -> None:
    sent.record("B1", [answer(LINES[0])])
    assert (sent.batch().state, sent.batch().waiting_fen) == ("sent", 502 + owed(3))
    assert [code for code, *_ in sent.differences()] == ["FUND_RETURN_COUNT", "FUND_RETURN_TOTAL"]
    sent.record("B1", [answer(LINES[1], "failed"), answer(LINES[2])], return_number="R2")
    assert (sent.batch().state, sent.batch().differences) == ("partly_paid", 2)


def test_a_payment_that_comes_back_is_taken_off(sent: Desk) -> None:
    sent.record("B1", [answer(one) for one in LINES])
    sent.reconcile()
    bounced = [answer(LINES[1], "bounced")]
    sent.record("B1", bounced, kind="bounce", return_number="T1")
    batch = sent.batch()
    assert (batch.state, batch.paid_fen, batch.bank_paid_fen) == ("partly_paid", owed(6), owed(6))
    assert (sent.line(2).state, batch.differences) == ("bounced", 0)
    summary = sent.summary()
    assert (summary.paid_fen, summary.failed_fen) == (owed(6), 502)
    sent.record("B1", bounced, kind="bounce", return_number="T2")
    assert sent.differences() == [("FUND_RETURN_LINE_REPEATED", "warn", "line.2")]
    assert sent.batch().bank_paid_fen == owed(6)
    rest = [answer(LINES[0], "bounced"), answer(LINES[2], "bounced")]
    sent.record("B1", rest, kind="bounce", return_number="T3")
    assert (sent.batch().state, sent.batch().bank_paid_fen) == ("failed", 0)
    sent.check_traces()


# ---- reconciliation


def test_a_reconciliation_compares_three_ways(sent: Desk) -> None:
    sent.record("B1", [answer(one) for one in LINES])
    request = statement("B1", 2, TOTAL - 1)
    refused(sent, "bureau", "reconcile", request, "FUND_DIFFERENCES_UNEXPLAINED")
    request.explanation = "one payment is booked on the next day"
    sent.chain.ok("centre", "fund.reconcile", request)
    assert sent.differences() == [
        ("FUND_STATEMENT_COUNT", "error", "paid_count"),
        ("FUND_STATEMENT_BANK", "error", "paid_fen"),
        ("FUND_STATEMENT_TOTAL", "error", "paid_fen"),
    ]
    assert (sent.batch().state, sent.batch().statement_number) == ("reconciled", "ST-202409")
    sent.check_traces()


def test_what_the_opened_lines_show_is_a_difference_too(sent: Desk) -> None:
    sent.record("B1", [answer(one) for one in LINES])
    found = [finding("ACCOUNT_NAME", "warn", "line.2.account")]
    sent.chain.ok("bureau", "fund.reconcile", statement("B1", 3, TOTAL, differences=found))
    assert sent.differences() == [("ACCOUNT_NAME", "warn", "line.2.account")]


def test_a_bank_that_paid_another_amount_is_seen_in_the_statement(sent: Desk) -> None:
    sent.record("B1", [answer(LINES[0], amount_fen=2_999), *map(answer, LINES[1:])])
    request = statement("B1", 3, TOTAL - 1, explanation="the bank pays one fen later")
    sent.chain.ok("bureau", "fund.reconcile", request)
    assert [code for code, *_ in sent.differences()][-1] == "FUND_STATEMENT_TOTAL"
    assert "FUND_STATEMENT_BANK" not in [code for code, *_ in sent.differences()]


def test_who_reconciles(sent: Desk) -> None:
    sent.record("B1", [answer(one) for one in LINES])
    request = statement("B1", 3, TOTAL)
    refused(sent, "bank", "reconcile", request, "FUND_SELF_RECONCILE")
    refused(sent, "platform", "reconcile", request, "FUND_NOT_SUBMITTER")
    refused(sent, "hospital", "reconcile", request, "NOT_PERMITTED")
    wrong = fund.ReconcileFundBatchRequest(batch_number="B1", statement_number="", paid_count=3)
    refused(sent, "centre", "reconcile", wrong, "MALFORMED_REQUEST")
    wrong = statement("B1", 3, -1)
    refused(sent, "centre", "reconcile", wrong, "MALFORMED_REQUEST")


def test_who_pays_by_themselves_is_reconciled_by_the_bureau(desk: Desk) -> None:
    desk.accept()
    request = sending("B1")
    request.bank_org = "org-centre"
    desk.chain.ok("centre", "fund.send", request)
    answers = returned("B1", [answer(one) for one in LINES])
    refused(desk, "bank", "record_result", answers, "FUND_NOT_BANK")
    desk.chain.ok("centre", "fund.record_result", answers)
    own = statement("B1", 3, TOTAL)
    refused(desk, "centre", "reconcile", own, "FUND_SELF_RECONCILE")
    desk.reconcile()


def test_nothing_is_closed_over_half_a_return(sent: Desk) -> None:
    sent.record("B1", [answer(one) for one in LINES[:2]] + [answer(LINES[2], "failed")])
    half = {"kind": "bounce", "return_number": "T1", "last": False}
    sent.record("B1", [answer(LINES[0], "bounced")], **half)
    code = "FUND_RETURN_OPEN"
    refused(sent, "bureau", "reconcile", statement("B1", 1, 502), code)
    refused(sent, "bureau", "reverse", refund("B1", 1, -502), code)
    again = line(1, [3], original_line=3)
    refused(sent, "centre", "compensate", compensation("B1", "C1", [again]), code)


# ---- reversal and compensation


def test_a_refund_mirrors_what_was_paid(sent: Desk) -> None:
    sent.record("B1", [answer(LINES[0]), answer(LINES[1], "failed"), answer(LINES[2])])
    for count, fen in ((2, owed(6)), (2, -owed(6) + 1), (3, -owed(6)), (2, 0)):
        refused(sent, "bureau", "reverse", refund("B1", count, fen), "FUND_REFUND_MISMATCH")
    refused(sent, "platform", "reverse", refund("B1", 2, -owed(6)), "FUND_NOT_SUBMITTER")
    unnumbered = refund("B1", 2, -owed(6))
    unnumbered.refund_number = ""
    refused(sent, "bureau", "reverse", unnumbered, "MALFORMED_REQUEST")
    silent = refund("B1", 2, -owed(6))
    silent.reason = " "
    refused(sent, "bureau", "reverse", silent, "FUND_REASON_REQUIRED")
    sent.chain.ok("centre", "fund.reverse", refund("B1", 2, -owed(6)))
    batch, summary = sent.batch(), sent.summary()
    assert (batch.state, batch.refund_number) == ("reversed", "TK-1")
    assert (summary.paid_fen, summary.reversed_count, summary.reversed_fen) == (0, 2, owed(6))
    assert sent.chain.trace("fund/B1")[-1].details["refund_fen"] == str(-owed(6))
    sent.submit("B2", LINES)
    assert sent.batch("B2").state == "submitted"


def test_a_reconciled_batch_of_failures_has_nothing_to_reverse(sent: Desk) -> None:
    sent.record("B1", [answer(one, "failed") for one in LINES])
    sent.reconcile()
    refused(sent, "bureau", "reverse", refund("B1", 0, 0), "FUND_NOTHING_PAID")


def test_a_reconciled_batch_without_failures_needs_no_compensation(sent: Desk) -> None:
    sent.record("B1", [answer(one) for one in LINES])
    sent.reconcile()
    again = line(1, [3], original_line=3)
    request = compensation("B1", "C1", [again])
    refused(sent, "centre", "compensate", request, "FUND_NOTHING_FAILED")


def test_failed_lines_are_paid_again_by_a_batch_of_their_own(sent: Desk) -> None:
    sent.record("B1", [answer(LINES[0]), answer(LINES[1], "failed"), answer(LINES[2], "failed")])
    again = [line(1, [3], original_line=3, slip_number="JZ0003"), line(2, original_line=2)]
    sent.compensate("B1", "C1", again)
    assert (sent.batch("C1").warnings, sent.line(1, "C1").findings) == (0, ())
    assert sent.batch("C1").original == "B1"
    assert sent.line(3).compensated_by == "fund_line/C1/1"
    assert sent.line(1, "C1").original == "fund_line/B1/3"
    sent.to_bank("C1")
    sent.record("C1", [answer(again[0]), answer(again[1], "failed")])
    assert (sent.batch("C1").state, sent.batch().state) == ("partly_paid", "partly_paid")
    # Line 2 failed again: it may be tried once more, line 3 may not.
    sent.compensate("C1", "C2", [line(1, original_line=2, amount_fen=502)])
    assert sent.batch("C2").state == "submitted"
    for batch in ("B1", "C1", "C2"):
        sent.check_traces(batch)


@pytest.mark.parametrize(
    ("again", "code"),
    [
        (line(1, [1, 2], original_line=1), "FUND_LINE_NOT_FAILED"),
        (line(1, original_line=9), "FUND_LINE_NOT_FAILED"),
        (line(1, [3]), "FUND_LINE_NOT_FAILED"),
        (line(1, [3], original_line=3, amount_fen=owed(3) - 1), "FUND_COMPENSATION_MISMATCH"),
        (line(1, original_line=3, amount_fen=owed(3)), "FUND_COMPENSATION_MISMATCH"),
        (line(1, [3], original_line=3, insurance_type="390"), "FUND_COMPENSATION_MISMATCH"),
        (line(1, [3], original_line=3, institution_code="H1"), "FUND_COMPENSATION_MISMATCH"),
    ],
    ids=["paid", "unknown", "none", "amount", "settlements", "insurance", "institution"],
)
def test_a_compensation_repeats_failed_lines_only(
    sent: Desk, again: fund.FundLine, code: str
) -> None:
    sent.record("B1", [answer(LINES[0]), answer(LINES[1], "failed"), answer(LINES[2], "failed")])
    sent.chain.ok("centre", "fund.compensate", compensation("B1", "C1", [again]))
    sent.chain.refused("centre", "fund.add_lines", sent.part("C1", [again]), code)
    assert set(sent.chain.writes) == {"fund/C1"}


def test_a_failed_line_is_compensated_once_at_a_time(sent: Desk) -> None:
    sent.record("B1", [answer(LINES[0]), answer(LINES[1], "failed"), answer(LINES[2])])
    again = line(1, original_line=2, amount_fen=502)
    sent.compensate("B1", "C1", [again])
    sent.chain.ok("centre", "fund.compensate", compensation("B1", "C2", [again]))
    part = sent.part("C2", [again])
    sent.chain.refused("centre", "fund.add_lines", part, "FUND_LINE_NOT_FAILED")
    sent.chain.ok("centre", "fund.withdraw", withdrawal("C1"))
    sent.chain.ok("centre", "fund.add_lines", part)
    assert sent.line(2).compensated_by == "fund_line/C2/1"


def test_who_compensates_and_how(sent: Desk) -> None:
    sent.record("B1", [answer(LINES[0]), answer(LINES[1], "failed"), answer(LINES[2])])
    again = line(1, original_line=2, amount_fen=502)
    request = compensation("B1", "C1", [again])
    refused(sent, "platform", "compensate", request, "FUND_NOT_SUBMITTER")
    other = compensation("B1", "C1", [again], direction="recovery")
    refused(sent, "centre", "compensate", other, "FUND_COMPENSATION_MISMATCH")
    taken = compensation("B1", "B1", [again])
    refused(sent, "centre", "compensate", taken, "FUND_BATCH_EXISTS")
    request.reason = ""
    refused(sent, "centre", "compensate", request, "FUND_REASON_REQUIRED")
    assert "fund/C1" not in sent.chain.state


# ---- the reversal of settlements


def reverse_settlement(desk: Desk, number: int, code: str = "") -> None:
    request = desk.reversal(number)
    if not code:
        desk.chain.ok("hospital", "settlement.reverse", request)
        return
    desk.chain.refused("hospital", "settlement.reverse", request, code)
    # The refusal is kept where the others are: in the settlement's trace.
    assert list(desk.chain.writes) == [f"settlement/S{number:06d}"]
    assert desk.chain.trace(f"settlement/S{number:06d}")[-1].code == code


def test_a_settlement_waits_until_its_paid_batch_is_reversed(desk: Desk) -> None:
    desk.to_bank()
    reverse_settlement(desk, 1, "SETTLEMENT_FUND_SENT")
    desk.record("B1", [answer(LINES[0]), answer(LINES[1]), answer(LINES[2], "failed")])
    reverse_settlement(desk, 1, "SETTLEMENT_FUND_PAID")
    reverse_settlement(desk, 3)
    desk.reconcile()
    reverse_settlement(desk, 2, "SETTLEMENT_FUND_PAID")
    desk.reverse()
    reverse_settlement(desk, 1)
    reverse_settlement(desk, 2)


def test_a_settlement_reversed_before_payment_stops_its_batch(desk: Desk) -> None:
    desk.accept()
    reverse_settlement(desk, 1)
    assert [one.code for one in desk.line(1).findings] == ["FUND_SETTLEMENT_REVERSED"]
    assert desk.batch().errors == 1
    code = refused(desk, "centre", "send", sending("B1"), "FINDINGS_REFUSED")["finding"]
    assert code == "FUND_LINE_FINDINGS"
    desk.chain.ok("bureau", "fund.audit", send_back("B1"))
    desk.chain.ok("centre", "fund.resubmit", resubmission("B1"))
    refused(desk, "bureau", "audit", audit("B1"), "FINDINGS_REFUSED")
    desk.check_traces()
    desk.chain.ok("centre", "fund.withdraw", withdrawal("B1"))
    reverse_settlement(desk, 2)
    assert len(desk.line(1).findings) == 1 and desk.batch().errors == 1


def test_a_failed_line_of_a_reversed_settlement_is_not_compensated(sent: Desk) -> None:
    sent.record("B1", [answer(LINES[0]), answer(LINES[1]), answer(LINES[2], "failed")])
    reverse_settlement(sent, 3)
    again = [line(1, [3], original_line=3)]
    sent.chain.ok("centre", "fund.compensate", compensation("B1", "C1", again))
    part = sent.part("C1", again)
    sent.chain.refused("centre", "fund.add_lines", part, "FINDINGS_REFUSED")


def test_a_recovery_does_not_hold_a_settlement(desk: Desk) -> None:
    desk.to_bank()
    desk.record("B1", [answer(one) for one in LINES])
    desk.submit("B2", [line(1, [1])], direction="recovery")
    assert desk.line(1, "B2").findings == ()
    desk.to_bank("B2")
    desk.record("B2", [answer(line(1, [1]))])
    assert desk.summary(direction="recovery").paid_fen == owed(1)
    desk.reverse()
    reverse_settlement(desk, 1)
