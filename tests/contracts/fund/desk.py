"""A settlement centre, its bank and its batches, in few words."""

from collections.abc import Sequence
from typing import Any

from contracts.fund.line_form import lines_root, settlements_head
from contracts.fund.records import (
    BatchRecord,
    DifferenceRecord,
    LineRecord,
    SummaryRecord,
    batch_key,
    difference_key,
    line_key,
    summary_key,
)
from crypto.digest import sm3
from proto import contracts_pb2 as pb
from proto import fund_pb2 as fund
from proto.transaction_pb2 import Finding
from tests.contracts.harness import Chain, form, key_bytes, reversal_form, settlement_form

HOSPITAL = "H46010599901"


def settlement_id(number: int) -> str:
    return f"S{number:06d}"


def owed(number: int) -> int:
    """What the fund owes for settlement `number`, in fen."""
    return 1_000 * number


def amounts(number: int, sign: int = 1) -> dict[str, int]:
    total = sign * owed(number)
    return {
        "total_fen": total,
        "pooled_fund_fen": total,
        "fund_total_fen": total,
        "account_fen": 0,
        "cash_fen": 0,
        "selfpay_fen": 0,
    }


def account(number: int, *, wrong: bool = False) -> bytes:
    """A stand-in for the commitment to line `number`'s account."""
    return sm3(f"account {number}{' of another' if wrong else ''}".encode())


def line(number: int, settlements: Sequence[int] = (), **changes: Any) -> fund.FundLine:
    """A unit's line that pays settlements, or a person's when there are none."""
    ids = [settlement_id(one) for one in settlements]
    fields: dict[str, Any] = {
        "number": number,
        "slip_number": f"JZ{number:04d}",
        "payee_kind": "unit" if ids else "person",
        "institution_code": HOSPITAL if ids else "",
        "insurance_type": "310",
        "category": "11",
        "amount_fen": sum(owed(one) for one in settlements) or 500 + number,
        "account_commitment": account(number),
        "settlement_count": len(ids),
        "settlements_head": settlements_head(ids),
        "settlement_ids": ids,
    }
    return fund.FundLine(**{**fields, **changes})


def header(batch: str, lines: Sequence[fund.FundLine], /, **changes: Any) -> fund.FundBatchHeader:
    fields: dict[str, Any] = {
        "batch_number": batch,
        "period": "202408",
        "business_date": "20240830",
        "region": "460000",
        "insurance_type": "",
        "direction": "payout",
        "count": len(lines),
        "total_fen": sum(one.amount_fen for one in lines),
        "lines_root": lines_root(lines),
    }
    return fund.FundBatchHeader(**{**fields, **changes})


def answer(of: fund.FundLine, result: str = "paid", **changes: Any) -> fund.FundReturnLine:
    paid = result == "paid"
    fields: dict[str, Any] = {
        "number": of.number,
        "amount_fen": of.amount_fen,
        "result": result,
        "result_code": "0000" if paid else "E102",
        "account_commitment": of.account_commitment,
        "bank_serial": f"BK{of.number:04d}" if paid else "",
        "posted": "20240902101501" if paid else "",
    }
    return fund.FundReturnLine(**{**fields, **changes})


def returned(
    batch: str, answers: Sequence[fund.FundReturnLine], /, **changes: Any
) -> fund.RecordFundResultRequest:
    """A whole return file in one operation, its header true to its lines."""
    paid = [one.amount_fen for one in answers if one.result == "paid"]
    failed = [one.amount_fen for one in answers if one.result != "paid"]
    fields: dict[str, Any] = {
        "batch_number": batch,
        "return_number": "R1",
        "kind": "result",
        "returned_date": "20240902",
        "count": len(answers),
        "total_fen": sum(paid) + sum(failed),
        "paid_count": len(paid),
        "paid_fen": sum(paid),
        "failed_count": len(failed),
        "failed_fen": sum(failed),
        "offset": 0,
        "lines": list(answers),
        "last": True,
    }
    return fund.RecordFundResultRequest(**{**fields, **changes})


class Desk:
    """A chain on which a centre, a second centre ("platform") and a bank have the role fund."""

    def __init__(self) -> None:
        self.chain = Chain()
        for who in ("bank", "platform"):
            self.chain.ok(
                "governor",
                "identity.register",
                pb.RegisterIdentityRequest(
                    public_key=key_bytes(who), org=f"org-{who}", roles=["fund"], label="desk"
                ),
            )

    # ---- what stands on the chain
    def batch(self, batch: str = "B1") -> BatchRecord:
        return self.chain.load(BatchRecord, batch_key(batch))

    def line(self, number: int, batch: str = "B1") -> LineRecord:
        return self.chain.load(LineRecord, line_key(batch, number))

    def summary(self, insurance: str = "310", direction: str = "payout") -> SummaryRecord:
        return self.chain.load(SummaryRecord, summary_key("202408", direction, insurance))

    def differences(self, batch: str = "B1") -> list[tuple[str, str, str]]:
        """(code, grade, field) of every difference, in order."""
        count = self.batch(batch).differences
        found = [
            self.chain.load(DifferenceRecord, difference_key(batch, number + 1)).finding
            for number in range(count)
        ]
        assert difference_key(batch, count + 1) not in self.chain.state
        return [(one.code, one.grade, one.field) for one in found]

    def check_traces(self, batch: str = "B1") -> None:
        record = self.batch(batch)
        self.chain.check_trace(batch_key(batch), record.trace_count, record.trace_head)
        for number in range(1, record.added_count + 1):
            of = self.line(number, batch)
            self.chain.check_trace(line_key(batch, number), of.trace_count, of.trace_head)

    # ---- steps
    def settle(self, *numbers: int, **changes: Any) -> None:
        for number in numbers:
            own = {"settlement_id": settlement_id(number), "bill__code": "", "bill__number": ""}
            request = pb.UploadSettlementRequest(
                form=settlement_form(**{**own, **amounts(number), **changes}),
                payload=self.chain.payload(),
            )
            self.chain.ok("hospital", "settlement.upload", request)

    def reversal(self, number: int) -> pb.ReverseSettlementRequest:
        own = {
            "settlement_id": f"{settlement_id(number)}-R",
            "original__settlement_id": settlement_id(number),
            "bill__code": "",
            "bill__number": "",
        }
        return pb.ReverseSettlementRequest(
            form=reversal_form(**own, **amounts(number, -1)), payload=self.chain.payload()
        )

    def part(
        self, batch: str, lines: Sequence[fund.FundLine], /, **changes: Any
    ) -> fund.AddFundLinesRequest:
        public: dict[str, str | int] = {
            "batch_number": batch,
            "first": lines[0].number if lines else 0,
            "line_count": len(lines),
            "total_fen": sum(one.amount_fen for one in lines),
        }
        return fund.AddFundLinesRequest(
            batch_number=batch,
            lines=lines,
            form=form("fund-lines/1", {**public, **changes}),
            payload=self.chain.payload(),
        )

    def submit(self, batch: str, lines: Sequence[fund.FundLine], /, **changes: Any) -> None:
        """Declare a batch and add all its lines."""
        request = fund.SubmitFundBatchRequest(header=header(batch, lines, **changes))
        self.chain.ok("centre", "fund.submit", request)
        self.chain.ok("centre", "fund.add_lines", self.part(batch, lines))

    def compensate(self, original: str, batch: str, lines: Sequence[fund.FundLine]) -> None:
        self.chain.ok("centre", "fund.compensate", compensation(original, batch, lines))
        self.chain.ok("centre", "fund.add_lines", self.part(batch, lines))

    def accept(self, batch: str = "B1") -> None:
        self.chain.ok("bureau", "fund.audit", audit(batch))

    def send(self, batch: str = "B1", warnings: int = 0) -> None:
        self.chain.ok("centre", "fund.send", sending(batch, warnings))

    def to_bank(self, batch: str = "B1", warnings: int = 0) -> None:
        self.accept(batch)
        self.send(batch, warnings)

    def record(self, batch: str, answers: Sequence[fund.FundReturnLine], /, **changes: Any) -> None:
        self.chain.ok("bank", "fund.record_result", returned(batch, answers, **changes))

    def reconcile(self, batch: str = "B1", explanation: str = "") -> None:
        record = self.batch(batch)
        request = statement(batch, record.paid_count, record.paid_fen, explanation=explanation)
        self.chain.ok("bureau", "fund.reconcile", request)

    def reverse(self, batch: str = "B1") -> None:
        record = self.batch(batch)
        request = refund(batch, record.paid_count, -record.bank_paid_fen)
        self.chain.ok("bureau", "fund.reverse", request)


def compensation(
    original: str, batch: str, lines: Sequence[fund.FundLine], /, **changes: Any
) -> fund.CompensateFundBatchRequest:
    return fund.CompensateFundBatchRequest(
        header=header(batch, lines, **changes), original=original, reason="account corrected"
    )


def audit(
    batch: str, *, accepted: bool = True, reason: str = "", findings: Sequence[Finding] = ()
) -> fund.AuditFundBatchRequest:
    return fund.AuditFundBatchRequest(
        batch_number=batch, accepted=accepted, reason=reason, findings=findings
    )


def send_back(batch: str) -> fund.AuditFundBatchRequest:
    return audit(batch, accepted=False, reason="line 2 is not due")


def sending(batch: str, warnings: int = 0) -> fund.SendFundBatchRequest:
    return fund.SendFundBatchRequest(
        batch_number=batch, bank_org="org-bank", warnings_seen=warnings
    )


def withdrawal(batch: str) -> fund.WithdrawFundBatchRequest:
    return fund.WithdrawFundBatchRequest(batch_number=batch, reason="wrong month")


def resubmission(batch: str) -> fund.ResubmitFundBatchRequest:
    return fund.ResubmitFundBatchRequest(batch_number=batch, explanation="it is due, see slip")


def statement(
    batch: str, paid_count: int, paid_fen: int, /, **changes: Any
) -> fund.ReconcileFundBatchRequest:
    return fund.ReconcileFundBatchRequest(
        batch_number=batch,
        statement_number="ST-202409",
        paid_count=paid_count,
        paid_fen=paid_fen,
        **changes,
    )


def refund(batch: str, count: int, fen: int) -> fund.ReverseFundBatchRequest:
    return fund.ReverseFundBatchRequest(
        batch_number=batch,
        reason="paid twice outside the chain",
        refund_number="TK-1",
        refund_count=count,
        refund_fen=fen,
    )
