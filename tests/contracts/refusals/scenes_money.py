"""Scenes of fund batches and remote reimbursements."""

from typing import Any

from proto import fund_pb2 as fund
from proto import reimbursement_pb2 as rpb
from tests.contracts.fund import desk
from tests.contracts.harness import Chain
from tests.contracts.refusals.scene import scene
from tests.contracts.refusals.stage import Stage
from tests.contracts.reimbursement import support as claims
from tests.contracts.remote.support import store_both

# ---- fund


class At(desk.Desk):
    """A centre's desk on the stage's province, whose people stand there already."""

    def __init__(self, stage: Stage) -> None:
        self.chain = stage.province


def batch(n: int) -> str:
    return f"B{n}"


def line(n: int, number: int, **changes: Any) -> fund.FundLine:
    """A slip of this batch alone: one that is paid twice is a finding."""
    own = {"slip_number": f"JZ{n}-{number}", "account_commitment": desk.account(10 * n + number)}
    return desk.line(number, **{**own, **changes})


def lines(n: int) -> list[fund.FundLine]:
    return [line(n, 1), line(n, 2)]


def submitted(stage: Stage, n: int) -> At:
    at = At(stage)
    at.submit(batch(n), lines(n))
    return at


def paid(stage: Stage, n: int, second: str = "paid") -> At:
    at = submitted(stage, n)
    at.to_bank(batch(n))
    first, last = lines(n)
    at.record(batch(n), [desk.answer(first), desk.answer(last, second)])
    return at


BATCH: dict[str, Any] = {
    "missing": "FUND_BATCH_NOT_FOUND",
    "others": {"platform": "FUND_NOT_SUBMITTER"},
}


@scene("fund.submit", "centre", again="FUND_BATCH_EXISTS", missing="OK")
def submit(stage: Stage, n: int) -> fund.SubmitFundBatchRequest:
    return fund.SubmitFundBatchRequest(header=desk.header(batch(n), lines(n)))


@scene("fund.add_lines", "centre", again="FUND_BATCH_STATE", **BATCH)
def add_lines(stage: Stage, n: int) -> fund.AddFundLinesRequest:
    stage.province.ok("centre", "fund.submit", submit(stage, n))
    return At(stage).part(batch(n), lines(n))


@scene("fund.add_settlements", "centre", again="FUND_BATCH_STATE", **BATCH)
def add_settlements(stage: Stage, n: int) -> fund.AddFundSettlementsRequest:
    at, own = At(stage), [100 * n + 1, 100 * n + 2]
    at.settle(*own)
    whole = desk.line(1, own)
    declared = fund.SubmitFundBatchRequest(header=desk.header(batch(n), [whole]))
    at.chain.ok("centre", "fund.submit", declared)
    first = desk.line(1, own, settlement_ids=[desk.settlement_id(own[0])])
    at.chain.ok("centre", "fund.add_lines", at.part(batch(n), [first]))
    return fund.AddFundSettlementsRequest(
        batch_number=batch(n), line=1, offset=1, settlement_ids=[desk.settlement_id(own[1])]
    )


@scene("fund.withdraw", "centre", again="FUND_BATCH_STATE", **BATCH)
def withdraw(stage: Stage, n: int) -> fund.WithdrawFundBatchRequest:
    submitted(stage, n)
    return desk.withdrawal(batch(n))


@scene(
    "fund.audit",
    "bureau",
    again="FUND_BATCH_STATE",
    missing="FUND_BATCH_NOT_FOUND",
    others={"centre": "FUND_SELF_AUDIT"},
)
def audit(stage: Stage, n: int) -> fund.AuditFundBatchRequest:
    submitted(stage, n)
    return desk.audit(batch(n))


@scene("fund.resubmit", "centre", again="FUND_BATCH_STATE", **BATCH)
def resubmit(stage: Stage, n: int) -> fund.ResubmitFundBatchRequest:
    submitted(stage, n).chain.ok("bureau", "fund.audit", desk.send_back(batch(n)))
    return desk.resubmission(batch(n))


@scene("fund.send", "centre", again="FUND_BATCH_STATE", **BATCH)
def send(stage: Stage, n: int) -> fund.SendFundBatchRequest:
    submitted(stage, n).accept(batch(n))
    return desk.sending(batch(n))


@scene(
    "fund.record_result",
    "bank",
    again="FUND_BATCH_STATE",
    missing="FUND_BATCH_NOT_FOUND",
    others={"centre": "FUND_NOT_BANK", "platform": "FUND_NOT_BANK"},
    open=("lines.number",),  # the bank's mistakes are differences on record, not refusals
)
def record_result(stage: Stage, n: int) -> fund.RecordFundResultRequest:
    submitted(stage, n).to_bank(batch(n))
    return desk.returned(batch(n), [desk.answer(one) for one in lines(n)])


@scene(
    "fund.reconcile",
    "centre",
    again="FUND_BATCH_STATE",
    missing="FUND_BATCH_NOT_FOUND",
    others={"platform": "FUND_NOT_SUBMITTER", "bank": "FUND_SELF_RECONCILE"},
)
def reconcile(stage: Stage, n: int) -> fund.ReconcileFundBatchRequest:
    of = paid(stage, n).batch(batch(n))
    return desk.statement(batch(n), of.paid_count, of.paid_fen)


@scene("fund.reverse", "centre", again="FUND_BATCH_STATE", **BATCH)
def reverse(stage: Stage, n: int) -> fund.ReverseFundBatchRequest:
    of = paid(stage, n).batch(batch(n))
    return desk.refund(batch(n), of.paid_count, -of.bank_paid_fen)


@scene("fund.compensate", "centre", again="FUND_BATCH_EXISTS", **BATCH)
def compensate(stage: Stage, n: int) -> fund.CompensateFundBatchRequest:
    paid(stage, n, "failed")
    again = [line(n, 1, amount_fen=lines(n)[1].amount_fen)]
    return desk.compensation(batch(n), f"{batch(n)}-C", again)


# ---- reimbursement


def ready(chain: Chain, n: int) -> Chain:
    claims.make_ready(chain, n)
    return chain


def reviewed(chain: Chain, n: int) -> Chain:
    ready(chain, n).ok("bureau", "reimbursement.review", claims.review(n))
    return chain


def approved(chain: Chain, n: int) -> Chain:
    claims.make_approved(chain, n)
    return chain


UNKNOWN = "APPLICATION_NOT_FOUND"


@scene("reimbursement.receive", "bureau", again="APPLICATION_EXISTS", missing="OK")
def receive(stage: Stage, n: int) -> rpb.ReceiveApplicationRequest:
    return claims.receive(stage.province, n)


@scene("reimbursement.forward", "bureau", again="APPLICATION_EXISTS", missing="OK")
def forward(stage: Stage, n: int) -> rpb.ForwardApplicationRequest:
    return claims.forward(stage.province, "pn", n)


@scene("reimbursement.sync_voucher", "bureau", again="OK", missing=UNKNOWN)
def sync_voucher(stage: Stage, n: int) -> rpb.SyncVoucherRequest:
    store_both(stage.province, n)
    stage.province.ok("bureau", "reimbursement.receive", claims.receive(stage.province, n))
    return claims.sync_voucher(n)


@scene("reimbursement.sync_bill", "bureau", again="OK", missing=UNKNOWN)
def sync_bill(stage: Stage, n: int) -> rpb.SyncBillRequest:
    store_both(stage.province, n)
    stage.province.ok("bureau", "reimbursement.receive", claims.receive(stage.province, n))
    return claims.sync_bill(n)


@scene("reimbursement.review", "bureau", again="OK", missing=UNKNOWN)
def review(stage: Stage, n: int) -> rpb.ReviewRequest:
    ready(stage.province, n)
    return claims.review(n)


@scene(
    "reimbursement.approve",
    claims.SECOND,
    again="ALREADY_DECIDED",
    missing=UNKNOWN,
    others={"bureau": "SAME_REVIEWER"},
)
def approve(stage: Stage, n: int) -> rpb.ApproveRequest:
    reviewed(stage.province, n)
    return claims.approve(n)


@scene("reimbursement.refuse", "bureau", again="ALREADY_DECIDED", missing=UNKNOWN)
def refuse(stage: Stage, n: int) -> rpb.RefuseRequest:
    ready(stage.province, n)
    return claims.refuse(n)


@scene("reimbursement.record_payment", "bureau", again="PAYMENT_PENDING", missing=UNKNOWN)
def record_payment(stage: Stage, n: int) -> rpb.PaymentRequest:
    approved(stage.province, n)
    return claims.pay("sent", n)


@scene("reimbursement.withdraw", "bureau", again="APPLICATION_WITHDRAWN", missing=UNKNOWN)
def withdraw_application(stage: Stage, n: int) -> rpb.WithdrawRequest:
    approved(stage.province, n)
    return claims.withdraw(n)


@scene("reimbursement.report", "bureau", again="REPORT_PENDING", missing=UNKNOWN)
def report(stage: Stage, n: int) -> rpb.ReportReimbursementRequest:
    """An application that came over the bridge goes back by it."""
    there = stage.national
    there.ok("bureau", "reimbursement.forward", claims.forward(there, "pn", n))
    stage.finish(there)
    store_both(stage.province, n)
    for name, request in (
        ("sync_voucher", claims.sync_voucher(n)),
        ("sync_bill", claims.sync_bill(n)),
        ("refuse", claims.refuse(n)),
    ):
        stage.province.ok("bureau", f"reimbursement.{name}", request)
    return claims.report(n)


def listing(n: int) -> rpb.AddListedRequest:
    return claims.add_listed("black", "index", f"{n:064x}")


EVER = ("from_ms", "to_ms")  # an entry may hold for good


@scene("reimbursement.add_listed", "bureau", again="ALREADY_LISTED", missing="OK", open=EVER)
def add_listed(stage: Stage, n: int) -> rpb.AddListedRequest:
    return listing(n)


@scene("reimbursement.change_listed", "bureau", again="OK", missing="NOT_LISTED", open=EVER)
def change_listed(stage: Stage, n: int) -> rpb.ChangeListedRequest:
    request = listing(n)
    stage.province.ok("bureau", "reimbursement.add_listed", request)
    return rpb.ChangeListedRequest(subject=request.subject, reason="case 2024-8")


@scene("reimbursement.remove_listed", "bureau", again="NOT_LISTED", missing="NOT_LISTED")
def remove_listed(stage: Stage, n: int) -> rpb.RemoveListedRequest:
    request = listing(n)
    stage.province.ok("bureau", "reimbursement.add_listed", request)
    return rpb.RemoveListedRequest(subject=request.subject, reason="case closed")
