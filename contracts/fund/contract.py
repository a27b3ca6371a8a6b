"""The contract `fund`: what may be done with a fund batch, and by whom."""

from contracts.codes import (
    FINDINGS_REFUSED,
    FORM_FIELDS_INVALID,
    PAYLOAD_INVALID,
    SETTLEMENT_NOT_FOUND,
)
from contracts.fields import identifier, malformed, text
from contracts.findings import check_findings, read_findings
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.fund import codes
from contracts.fund.differences import all_taken
from contracts.fund.findings import count_grades
from contracts.fund.line_form import COUNT_MAX, number, sum_of
from contracts.fund.lines import add_lines, add_settlements
from contracts.fund.records import batch_key
from contracts.fund.results import KINDS, outcome, record_part
from contracts.fund.rules import COLLECTING, CONCLUSIONS
from contracts.fund.steps import (
    BUREAU,
    FUND,
    about_lines,
    check_closed,
    check_submitter_or_bureau,
    declare,
    moved,
    own_batch,
    require_batch,
    required_reason,
    store_added,
    stored,
)
from contracts.fund.summary import reversed_, summarise, withdrawn
from faults import Rejected
from ledger.codes import BAD_FORM
from proto.fund_pb2 import (
    AddFundLinesRequest,
    AddFundSettlementsRequest,
    AuditFundBatchRequest,
    CompensateFundBatchRequest,
    ReconcileFundBatchRequest,
    RecordFundResultRequest,
    ResubmitFundBatchRequest,
    ReverseFundBatchRequest,
    SendFundBatchRequest,
    SubmitFundBatchRequest,
    WithdrawFundBatchRequest,
)

_STATES = (codes.FUND_BATCH_NOT_FOUND, codes.FUND_BATCH_STATE)
_ADDING = (
    *_STATES,
    codes.FUND_NOT_SUBMITTER,
    codes.FUND_LINES_ORDER,
    codes.FUND_SETTLEMENTS_MISMATCH,
    codes.FUND_SETTLEMENT_CLAIMED,
    codes.FUND_TOTAL_MISMATCH,
    codes.FUND_ROOT_MISMATCH,
    SETTLEMENT_NOT_FOUND,
    FINDINGS_REFUSED,
)


def _batch_of(request: AuditFundBatchRequest) -> str:
    return batch_key(request.batch_number)


class Funds(Contract):
    """What the settlement centre, the bureau and the banks do with fund batches."""

    name = "fund"

    @method(
        request=SubmitFundBatchRequest,
        rule=Rule(roles=(FUND,)),
        errors=(codes.FUND_BATCH_EXISTS,),
    )
    def submit(self, ctx: Context, request: SubmitFundBatchRequest) -> Result:
        """Declare a batch (基金费用明细提交); its lines follow (2.2.1.4.8.1, 2.2.1.6.16.8)."""
        return declare(ctx, request.header, "")

    @method(
        request=AddFundLinesRequest,
        rule=Rule(roles=(FUND,)),
        errors=(
            *_ADDING,
            codes.FUND_LINES_PART,
            codes.FUND_LINE_NOT_FAILED,
            codes.FUND_COMPENSATION_MISMATCH,
            BAD_FORM,
            FORM_FIELDS_INVALID,
            PAYLOAD_INVALID,
        ),
        saves_failure=_batch_of,
    )
    def add_lines(self, ctx: Context, request: AddFundLinesRequest) -> Result:
        """Add the next lines (费用明细上链); the last completes it (2.2.1.6.1, 2.2.1.6.16.8)."""
        batch = own_batch(ctx, request.batch_number, "add")
        batch = add_lines(ctx, batch, request)
        return store_added(ctx, batch, lines=len(request.lines))

    @method(
        request=AddFundSettlementsRequest,
        rule=Rule(roles=(FUND,)),
        errors=_ADDING,
        saves_failure=_batch_of,
    )
    def add_settlements(self, ctx: Context, request: AddFundSettlementsRequest) -> Result:
        """Name more of the settlements that a line pays (明细所含结算) (2.2.1.6.16.8)."""
        batch = own_batch(ctx, request.batch_number, "add")
        batch = add_settlements(ctx, batch, request)
        return store_added(ctx, batch, line=request.line, settlements=len(request.settlement_ids))

    @method(
        request=WithdrawFundBatchRequest,
        rule=Rule(roles=(FUND, BUREAU)),
        errors=(
            *_STATES,
            codes.FUND_IN_PAYMENT,
            codes.FUND_NOT_SUBMITTER,
            codes.FUND_REASON_REQUIRED,
        ),
        saves_failure=_batch_of,
    )
    def withdraw(self, ctx: Context, request: WithdrawFundBatchRequest) -> Result:
        """Take a batch back before it is audited (基金费用明细撤销) (2.2.1.4.8.1)."""
        batch = require_batch(ctx, request.batch_number)
        before = batch.state
        batch = moved(batch, "withdraw")
        check_submitter_or_bureau(ctx, batch)
        reason = required_reason(request.reason)
        if before != COLLECTING:
            summarise(ctx, batch, withdrawn)
        return stored(ctx, batch, "withdraw", reason=reason)

    @method(
        request=AuditFundBatchRequest,
        rule=Rule(roles=(BUREAU, FUND)),
        errors=(*_STATES, codes.FUND_SELF_AUDIT, codes.FUND_REASON_REQUIRED, FINDINGS_REFUSED),
        saves_failure=_batch_of,
    )
    def audit(self, ctx: Context, request: AuditFundBatchRequest) -> Result:
        """Accept a batch or send it back with findings (稽核) (2.2.1.4.8.1, 2.2.1.4.8.2)."""
        batch = require_batch(ctx, request.batch_number)
        action = "accept" if request.accepted else "send_back"
        batch = moved(batch, action)
        if ctx.signer.org == batch.submitter_org:
            raise Rejected(codes.FUND_SELF_AUDIT, org=ctx.signer.org)
        found = read_findings(request.findings)
        if request.accepted:
            reason = text("reason", request.reason)
            check_findings(ctx, ctx.signer, (*found, *about_lines(batch)))
        else:
            reason = required_reason(request.reason)
        batch = batch.changed(audited_by=ctx.signer.org, audit_findings=found)
        result = stored(ctx, batch, action, reason=reason, findings=len(found))
        for one in found:
            ctx.emit(
                str(result["object"]),
                "finding",
                found=one.code,
                grade=one.grade,
                field=one.field,
                detail=one.detail,
            )
        return result

    @method(
        request=ResubmitFundBatchRequest,
        rule=Rule(roles=(FUND,)),
        errors=(*_STATES, codes.FUND_NOT_SUBMITTER, codes.FUND_REASON_REQUIRED),
        saves_failure=_batch_of,
    )
    def resubmit(self, ctx: Context, request: ResubmitFundBatchRequest) -> Result:
        """Answer the audit that sent the batch back (退回后重新提交) (2.2.1.4.8.2)."""
        batch = own_batch(ctx, request.batch_number, "resubmit")
        explanation = required_reason(request.explanation, "explanation")
        return stored(ctx, batch, "resubmit", explanation=explanation)

    @method(
        request=SendFundBatchRequest,
        rule=Rule(roles=(FUND,)),
        errors=(
            *_STATES,
            codes.FUND_NOT_SUBMITTER,
            codes.FUND_WARNINGS_UNSEEN,
            FINDINGS_REFUSED,
        ),
        saves_failure=_batch_of,
    )
    def send(self, ctx: Context, request: SendFundBatchRequest) -> Result:
        """Send an audited batch to the bank (推送银行) (2.2.1.4.8.2)."""
        batch = own_batch(ctx, request.batch_number, "send")
        bank = identifier("bank_org", request.bank_org)
        found = about_lines(batch)
        check_findings(ctx, ctx.signer, found)
        # An error that the rule lets pass is shown like a warning.
        warnings = batch.warnings + batch.errors + sum(count_grades(batch.audit_findings))
        if request.warnings_seen != warnings:
            seen = request.warnings_seen
            raise Rejected(codes.FUND_WARNINGS_UNSEEN, seen=seen, warnings=warnings)
        batch = batch.changed(bank_org=bank)
        return stored(ctx, batch, "send", bank=bank, warnings=warnings)

    @method(
        request=RecordFundResultRequest,
        rule=Rule(roles=(FUND,)),
        errors=(
            *_STATES,
            codes.FUND_NOT_BANK,
            codes.FUND_LINES_ORDER,
            codes.FUND_RETURN_KNOWN,
            codes.FUND_RETURN_OPEN,
            codes.FUND_RETURN_CHANGED,
        ),
        saves_failure=_batch_of,
    )
    def record_result(self, ctx: Context, request: RecordFundResultRequest) -> Result:
        """Record the bank's answer, line by line (基金拨付状态上链).

        Clauses 2.2.1.6.1, 2.2.1.4.8.3, 2.2.1.6.16.9.
        """
        batch = require_batch(ctx, request.batch_number)
        if request.kind not in KINDS:
            raise malformed("kind", f"one of {', '.join(KINDS)}")
        batch = moved(batch, request.kind)
        if ctx.signer.org != batch.bank_org:
            raise Rejected(codes.FUND_NOT_BANK, org=ctx.signer.org)
        batch, differences = record_part(ctx, batch, request)
        after = outcome(batch) if request.last else None
        if after is not None:
            batch = moved(batch, CONCLUSIONS[after])
        result = stored(
            ctx,
            batch,
            "record_result",
            return_number=request.return_number,
            kind=request.kind,
            lines=len(request.lines),
            paid_fen=batch.paid_fen,
            failed_fen=batch.failed_fen,
        )
        differences.record(ctx, batch)
        return {**result, "waiting": batch.waiting_count, "differences": batch.differences}

    @method(
        request=ReconcileFundBatchRequest,
        rule=Rule(roles=(FUND, BUREAU)),
        errors=(
            *_STATES,
            codes.FUND_NOT_SUBMITTER,
            codes.FUND_SELF_RECONCILE,
            codes.FUND_RETURN_OPEN,
            codes.FUND_DIFFERENCES_UNEXPLAINED,
        ),
        saves_failure=_batch_of,
    )
    def reconcile(self, ctx: Context, request: ReconcileFundBatchRequest) -> Result:
        """Compare batch, bank's answer and account statement (基金对账) (2.2.1.4.8.2)."""
        batch = moved(require_batch(ctx, request.batch_number), "reconcile")
        check_closed(batch)
        if ctx.signer.org == batch.bank_org:
            raise Rejected(codes.FUND_SELF_RECONCILE, org=ctx.signer.org)
        check_submitter_or_bureau(ctx, batch)
        statement = identifier("statement_number", request.statement_number)
        differences = all_taken(statement, read_findings(request.differences))
        paid_count = number("paid_count", request.paid_count, COUNT_MAX)
        paid_fen = sum_of("paid_fen", request.paid_fen)
        differences.compare("FUND_STATEMENT_COUNT", "paid_count", paid_count, batch.paid_count)
        differences.compare("FUND_STATEMENT_BANK", "paid_fen", paid_fen, batch.bank_paid_fen)
        differences.compare("FUND_STATEMENT_TOTAL", "paid_fen", paid_fen, batch.paid_fen)
        batch = differences.counted(batch).changed(statement_number=statement)
        explanation = text("explanation", request.explanation)
        if batch.difference_errors and not explanation.strip():
            raise Rejected(codes.FUND_DIFFERENCES_UNEXPLAINED, differences=batch.difference_errors)
        result = stored(
            ctx,
            batch,
            "reconcile",
            statement=statement,
            differences=batch.differences,
            explanation=explanation,
        )
        differences.record(ctx, batch)
        return {**result, "differences": batch.differences, "errors": batch.difference_errors}

    @method(
        request=ReverseFundBatchRequest,
        rule=Rule(roles=(FUND, BUREAU)),
        errors=(
            *_STATES,
            codes.FUND_NOTHING_PAID,
            codes.FUND_NOT_SUBMITTER,
            codes.FUND_RETURN_OPEN,
            codes.FUND_REFUND_MISMATCH,
            codes.FUND_REASON_REQUIRED,
        ),
        saves_failure=_batch_of,
    )
    def reverse(self, ctx: Context, request: ReverseFundBatchRequest) -> Result:
        """Take back what was paid, mirrored by its refund (基金拨付撤销) (2.2.1.4.8.2)."""
        batch = moved(require_batch(ctx, request.batch_number), "reverse")
        check_closed(batch)
        check_submitter_or_bureau(ctx, batch)
        reason = required_reason(request.reason)
        refund = identifier("refund_number", request.refund_number)
        if not batch.paid_count:
            raise Rejected(codes.FUND_NOTHING_PAID, batch=request.batch_number)
        for field, own, expected in (
            ("refund_count", request.refund_count, batch.paid_count),
            ("refund_fen", request.refund_fen, -batch.bank_paid_fen),
        ):
            if own != expected:
                raise Rejected(codes.FUND_REFUND_MISMATCH, field=field, own=own, expected=expected)
        summarise(ctx, batch, reversed_)
        batch = batch.changed(refund_number=refund)
        return stored(
            ctx, batch, "reverse", reason=reason, refund=refund, refund_fen=request.refund_fen
        )

    @method(
        request=CompensateFundBatchRequest,
        rule=Rule(roles=(FUND,)),
        errors=(
            *_STATES,
            codes.FUND_BATCH_EXISTS,
            codes.FUND_NOTHING_FAILED,
            codes.FUND_NOT_SUBMITTER,
            codes.FUND_RETURN_OPEN,
            codes.FUND_COMPENSATION_MISMATCH,
            codes.FUND_REASON_REQUIRED,
        ),
        saves_failure=lambda request: batch_key(request.original),
    )
    def compensate(self, ctx: Context, request: CompensateFundBatchRequest) -> Result:
        """Declare a batch that pays another's failed lines again (基金费用补偿) (2.2.1.4.8.1)."""
        original = own_batch(ctx, request.original, "compensate")
        check_closed(original)
        if not original.failed_count:
            raise Rejected(codes.FUND_NOTHING_FAILED, batch=request.original)
        reason = required_reason(request.reason)
        if request.header.direction != original.header.direction:
            raise Rejected(codes.FUND_COMPENSATION_MISMATCH, field="direction")
        result = declare(ctx, request.header, request.original)
        key = batch_key(request.original)
        ctx.store(key, original)
        ctx.emit(key, "compensate", by=result["object"], reason=reason)
        return {**result, "original": key}
