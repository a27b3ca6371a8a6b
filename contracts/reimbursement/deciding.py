"""The decision (审核) and what follows from it: the payment, or a withdrawal.

An approval is the moment at which the bill is used up: everything that speaks against it is looked
at here, in one place, as it stands in the block of the decision.
"""

import re

from contracts.bill.record import BillRecord, bill_key
from contracts.bill.rules import Action, check_state
from contracts.codes import BILL_RED
from contracts.fields import identifier, malformed, text
from contracts.findings import (
    WARN,
    FindingRecord,
    check_findings,
    finding_codes,
)
from contracts.framework import Context
from contracts.reimbursement.applications import cross_findings, key_of
from contracts.reimbursement.codes import (
    APPLICANT_BLACKLISTED,
    APPLICANT_UNKNOWN,
    APPROVED_AMOUNT,
    DOCUMENT_CHANGED,
    INSTITUTION_BLACKLISTED,
    PAYMENT_AMOUNT,
    PAYMENT_REFERENCE,
    REVIEW_NEEDED,
    SAME_REVIEWER,
)
from contracts.reimbursement.lists import BLACK, INSTITUTION, WHITE, is_listed
from contracts.reimbursement.records import (
    KINDS,
    Amounts,
    ApplicationRecord,
    Decision,
    Payment,
)
from contracts.reimbursement.states import (
    APPLICATION_STATES,
    APPROVE,
    CONFIRM_PAYMENT,
    FAIL_PAYMENT,
    REFUSE,
    REVIEW,
    SEND_PAYMENT,
    WITHDRAW,
)
from contracts.reimbursement.subjects import subjects_of
from contracts.remote.codes import REIMBURSED_ELSEWHERE, VOUCHER_RED
from contracts.remote.records import (
    USED,
    RemoteBillRecord,
    RemoteVoucherRecord,
    require_remote_bill,
    require_remote_voucher,
)
from contracts.remote.using import release_bill, use_bill
from contracts.reporting import NOT_REPORTED, REPORTED
from faults import Rejected
from proto.reimbursement_pb2 import ApprovedAmounts, PaymentRequest

ABOVE_OWN_SHARE = "REIMBURSEMENT_ABOVE_OWN_SHARE"
SENT, PAID_STEP, FAILED = "sent", "paid", "failed"
STEPS = {SENT: SEND_PAYMENT, PAID_STEP: CONFIRM_PAYMENT, FAILED: FAIL_PAYMENT}
_REASON = re.compile(r"[A-Z][A-Z0-9_]{1,63}", re.ASCII)


def review(ctx: Context, application: ApplicationRecord) -> None:
    """A first official has looked at the application with its voucher and bill as they stand."""
    key = key_of(application)
    state = APPLICATION_STATES.move(application.state, REVIEW, object=key)
    _documents(ctx, application)
    ctx.store(key, application.changed(state=state, reviewed_by=ctx.signer.public_key))
    ctx.emit(key, REVIEW, reviewer=ctx.signer.public_key.hex()[:16])


def approve(ctx: Context, application: ApplicationRecord, given: ApprovedAmounts) -> Decision:
    """Approve with amounts by kind of payment; from now on the bill is used."""
    key = key_of(application)
    state = APPLICATION_STATES.move(application.state, APPROVE, object=key)
    voucher, bill = _documents(ctx, application)
    if voucher.reimbursed:
        raise Rejected(REIMBURSED_ELSEWHERE, object=application.voucher)
    _check_local_bill(ctx, bill)
    whitelisted = _check_lists(ctx, application, bill)
    if not whitelisted:
        _check_review(ctx, application)
    amounts = _amounts(application, bill, given)
    found = (
        *application.findings,
        *voucher.findings,
        *bill.findings,
        *cross_findings(application, voucher, bill),
        *_share_finding(bill, amounts),
    )
    check_findings(ctx, ctx.signer, found)
    use_bill(ctx, application.bill, key)
    decision = Decision(
        approved=True,
        amounts=amounts,
        reason_code="",
        org=ctx.signer.org,
        time_ms=ctx.time_ms,
        whitelisted=whitelisted,
    )
    ctx.store(key, _turned(application, state).changed(decision=decision))
    ctx.emit(
        key,
        APPROVE,
        bill=application.bill,
        total_fen=amounts.total_fen,
        **{kind: int(getattr(amounts, kind)) for kind in KINDS},
        whitelisted=int(whitelisted),
        findings=finding_codes(found),
    )
    return decision


def refuse(ctx: Context, application: ApplicationRecord, reason_code: str, reason: str) -> None:
    """Refuse with a reason code, with or without the documents."""
    key = key_of(application)
    state = APPLICATION_STATES.move(application.state, REFUSE, object=key)
    decision = Decision(
        approved=False,
        amounts=Amounts(),
        reason_code=_reason_code(reason_code),
        org=ctx.signer.org,
        time_ms=ctx.time_ms,
        whitelisted=False,
    )
    ctx.store(key, _turned(application, state).changed(decision=decision))
    ctx.emit(key, REFUSE, decision.reason_code, reason=text("reason", reason))


def withdraw(ctx: Context, application: ApplicationRecord, reason: str) -> None:
    """End an application that is not paid; its bill, if it used one, is free again."""
    key = key_of(application)
    state = APPLICATION_STATES.move(application.state, WITHDRAW, object=key)
    ctx.store(key, _turned(application, state))
    ctx.emit(key, WITHDRAW, reason=text("reason", reason, required=True))
    if application.decision is not None:
        release_bill(ctx, application.bill, key)


def record_payment(ctx: Context, application: ApplicationRecord, request: PaymentRequest) -> str:
    """The payment was sent, or its result is known; returns the application's state."""
    key = key_of(application)
    action = STEPS.get(request.step)
    if action is None:
        raise malformed("step", f"one of {', '.join(STEPS)}")
    state = APPLICATION_STATES.move(application.state, action, object=key)
    decision = application.decision
    total_fen = decision.amounts.total_fen if decision else 0
    if request.amount_fen != total_fen:
        raise Rejected(PAYMENT_AMOUNT, amount_fen=request.amount_fen, approved_fen=total_fen)
    reference = identifier("reference", request.reference)
    sent = application.payment
    if action is SEND_PAYMENT:
        _check_payable(ctx, application)
    elif sent is None or reference != sent.reference:
        raise Rejected(PAYMENT_REFERENCE, sent=sent.reference if sent else "")
    if (action is FAIL_PAYMENT) != bool(request.reason_code):
        raise malformed("reason_code", "given for a failed payment, and only there")
    payment = Payment(
        step=request.step,
        amount_fen=request.amount_fen,
        reference=reference,
        reason_code=_reason_code(request.reason_code) if request.reason_code else "",
        time_ms=ctx.time_ms,
    )
    ctx.store(key, _turned(application, state).changed(payment=payment))
    ctx.emit(
        key,
        action,
        payment.reason_code or "OK",
        amount_fen=payment.amount_fen,
        reference=reference,
    )
    return state


def _check_payable(ctx: Context, application: ApplicationRecord) -> None:
    """Neither bill nor voucher was cancelled since the approval.

    Where finance's own bill of that number stands here, its red-flush counts like the copy's.
    """
    bill = require_remote_bill(ctx, application.bill)
    if bill.state != USED:
        raise Rejected(BILL_RED, bill=application.bill, state=bill.state)
    local = _local_bill(ctx, bill)
    if local is not None:
        check_state(local, Action.LINK, ctx.time_ms)  # allowed while it is a valid blue one
    if require_remote_voucher(ctx, application.voucher).red:
        raise Rejected(VOUCHER_RED, voucher=application.voucher)


def _turned(application: ApplicationRecord, state: str) -> ApplicationRecord:
    """In its new state, which is still to be reported; a report on its way stays pending."""
    report = NOT_REPORTED if application.report == REPORTED else application.report
    return application.changed(state=state, report=report)


def _documents(
    ctx: Context, application: ApplicationRecord
) -> tuple[RemoteVoucherRecord, RemoteBillRecord]:
    voucher = require_remote_voucher(ctx, application.voucher)
    if voucher.red:
        raise Rejected(VOUCHER_RED, voucher=application.voucher)
    if voucher.version != application.voucher_version:
        raise Rejected(
            DOCUMENT_CHANGED, synced=application.voucher_version, current=voucher.version
        )
    return voucher, require_remote_bill(ctx, application.bill)


def _check_local_bill(ctx: Context, bill: RemoteBillRecord) -> None:
    """A bill of that number that stands here too must be one that could be locked now."""
    local = _local_bill(ctx, bill)
    if local is not None:
        check_state(local, Action.LOCK, ctx.time_ms)


def _local_bill(ctx: Context, bill: RemoteBillRecord) -> BillRecord | None:
    return ctx.load(BillRecord, bill_key(bill.public.code, bill.public.number))


def _check_lists(ctx: Context, application: ApplicationRecord, bill: RemoteBillRecord) -> bool:
    """Whether the whitelist has one of those concerned; Rejected when the blacklist has."""
    if not application.applicant_index:
        raise Rejected(APPLICANT_UNKNOWN)
    concerned = subjects_of(application, bill)
    kind = is_listed(ctx, BLACK, concerned)
    if kind:
        raise Rejected(INSTITUTION_BLACKLISTED if kind == INSTITUTION else APPLICANT_BLACKLISTED)
    return is_listed(ctx, WHITE, concerned) != ""


def _check_review(ctx: Context, application: ApplicationRecord) -> None:
    if not application.reviewed_by:
        raise Rejected(REVIEW_NEEDED)
    if application.reviewed_by == ctx.signer.public_key:
        raise Rejected(SAME_REVIEWER)


def _amounts(
    application: ApplicationRecord, bill: RemoteBillRecord, given: ApprovedAmounts
) -> Amounts:
    amounts = Amounts(**{kind: int(getattr(given, kind)) for kind in KINDS})
    claimed, billed = application.public.claimed_fen, bill.public.total_fen
    most = min(billed, claimed) if claimed else billed
    negative = [kind for kind in KINDS if getattr(amounts, kind) < 0]
    if negative or not 0 < amounts.total_fen <= most:
        raise Rejected(
            APPROVED_AMOUNT,
            total_fen=amounts.total_fen,
            most_fen=most,
            negative=",".join(negative),
        )
    return amounts


def _share_finding(bill: RemoteBillRecord, amounts: Amounts) -> tuple[FindingRecord, ...]:
    """The funds elsewhere already paid their part of the bill; the rest is the person's."""
    public = bill.public
    own_fen = public.total_fen - public.fund_fen - public.other_fund_fen
    if amounts.total_fen <= own_fen:
        return ()
    detail = f"approved_fen={amounts.total_fen} own_share_fen={own_fen}"
    return (FindingRecord(code=ABOVE_OWN_SHARE, grade=WARN, field="total_fen", detail=detail),)


def _reason_code(code: str) -> str:
    if not _REASON.fullmatch(code):
        raise malformed("reason_code", "not an upper-case code")
    return code
