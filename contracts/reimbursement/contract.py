"""The reimbursement contract: what the bureau does with an application (异地报销组件)."""

from typing import Any

from contracts import codes
from contracts.bridge.codes import SENDING
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.intake import take_in
from contracts.reimbursement import applications, deciding, lists, packets
from contracts.reimbursement import codes as own
from contracts.reimbursement.applications import Source, key_of, take_application, with_index
from contracts.reimbursement.lists import applicant_index, key_of_subject
from contracts.reimbursement.records import application_key, load_application
from contracts.remote.codes import BILL_REIMBURSED, REIMBURSED_ELSEWHERE, VOUCHER_RED
from ledger.codes import BAD_FORM
from proto.reimbursement_pb2 import (
    AddListedRequest,
    ApproveRequest,
    ChangeListedRequest,
    ForwardApplicationRequest,
    PaymentRequest,
    ReceiveApplicationRequest,
    RefuseRequest,
    RemoveListedRequest,
    ReportReimbursementRequest,
    ReviewRequest,
    SyncBillRequest,
    SyncVoucherRequest,
    WithdrawRequest,
)

BUREAU = Rule(roles=("bureau",))
PAYERS = Rule(roles=("bureau", "fund"))

_INTAKE = (
    BAD_FORM,
    codes.FORM_FIELDS_INVALID,
    codes.PAYLOAD_INVALID,
    own.APPLICATION_EXISTS,
)
_FOUND = (own.APPLICATION_NOT_FOUND, own.NOT_HANDLED_HERE, own.APPLICATION_WITHDRAWN)
_SYNC = (*_FOUND, own.ALREADY_DECIDED, own.APPLICATION_MISMATCH)
_DECIDE = (*_FOUND, own.ALREADY_DECIDED, own.DOCUMENTS_MISSING)
_LISTS = (own.ALREADY_LISTED, own.NOT_LISTED, own.LIST_PERIOD)


def _named(request: Any) -> str:
    return application_key(request.application_id)


def _listed(request: Any) -> str:
    return key_of_subject(request.subject)


def _index(value: str) -> str:
    return applicant_index("applicant_index", value) if value else ""


class Reimbursements(Contract):
    """Methods on applications and lists. `states.APPLICATION_STATES` says when each is allowed."""

    name = "reimbursement"

    @method(
        request=ReceiveApplicationRequest,
        rule=BUREAU,
        errors=(*_INTAKE, codes.ACCOUNT_NOT_FOUND, codes.PAYLOAD_RECIPIENT),
    )
    def receive(self, ctx: Context, request: ReceiveApplicationRequest) -> Result:
        """Take an application in (异地报销申请接收, 2.2.1.4.3.1)."""
        intake = take_in(ctx, request.payload, request.account_id, request.findings)
        index = _index(request.applicant_index)
        made = take_application(ctx, request.form, intake, Source(ctx.chain_id), index)
        return {"object": key_of(made), "state": made.state, "account": made.account_id}

    @method(
        request=ForwardApplicationRequest,
        rule=BUREAU,
        errors=(*_INTAKE, *SENDING),
    )
    def forward(self, ctx: Context, request: ForwardApplicationRequest) -> Result:
        """Hand an application on to the insured province (异地报销申请转交, 2.2.1.4.3.1)."""
        intake = take_in(ctx, request.payload, "", request.findings)
        return {"packet": packets.forward(ctx, request.form, intake, request.channel)}

    @method(
        request=SyncVoucherRequest,
        rule=BUREAU,
        errors=(*_SYNC, codes.OBJECT_NOT_FOUND),
        saves_failure=_named,
    )
    def sync_voucher(self, ctx: Context, request: SyncVoucherRequest) -> Result:
        """Record that the voucher was fetched and is stored (电子结算凭证同步, 2.2.1.4.3.2)."""
        application = load_application(ctx, request.application_id)
        state = applications.sync_voucher(ctx, application, request.voucher)
        return {"object": key_of(application), "state": state}

    @method(
        request=SyncBillRequest,
        rule=BUREAU,
        errors=(*_SYNC, codes.BILL_NOT_FOUND, codes.BILL_RED),
        saves_failure=_named,
    )
    def sync_bill(self, ctx: Context, request: SyncBillRequest) -> Result:
        """Record that the bill was fetched and is stored (异地电子票据同步, 2.2.1.4.3.3)."""
        application = load_application(ctx, request.application_id)
        state = applications.sync_bill(ctx, application, request.bill)
        return {"object": key_of(application), "state": state}

    @method(
        request=ReviewRequest,
        rule=BUREAU,
        errors=(*_DECIDE, own.APPLICATION_MISMATCH, own.DOCUMENT_CHANGED, VOUCHER_RED),
        saves_failure=_named,
    )
    def review(self, ctx: Context, request: ReviewRequest) -> Result:
        """A first official looks before another approves (异地报销初审, 2.2.1.4.3.4)."""
        application = load_application(ctx, request.application_id)
        known = with_index(application, _index(request.applicant_index))
        deciding.review(ctx, known)
        return {"object": key_of(application)}

    @method(
        request=ApproveRequest,
        rule=BUREAU,
        errors=(
            *_DECIDE,
            own.APPLICATION_MISMATCH,
            own.DOCUMENT_CHANGED,
            own.APPLICANT_UNKNOWN,
            own.APPLICANT_BLACKLISTED,
            own.INSTITUTION_BLACKLISTED,
            own.REVIEW_NEEDED,
            own.SAME_REVIEWER,
            own.APPROVED_AMOUNT,
            codes.FINDINGS_REFUSED,
            codes.BILL_RED,
            codes.BILL_LOCKED,
            codes.BILL_ENTERED,
            codes.BILL_FROZEN,
            BILL_REIMBURSED,
            REIMBURSED_ELSEWHERE,
            VOUCHER_RED,
        ),
        saves_failure=_named,
    )
    def approve(self, ctx: Context, request: ApproveRequest) -> Result:
        """Approve with amounts by kind of payment (异地报销审核通过, 2.2.1.4.3.4)."""
        application = load_application(ctx, request.application_id)
        known = with_index(application, _index(request.applicant_index))
        decision = deciding.approve(ctx, known, request.amounts)
        return {"object": key_of(application), "total_fen": decision.amounts.total_fen}

    @method(
        request=RefuseRequest,
        rule=BUREAU,
        errors=(*_FOUND, own.ALREADY_DECIDED),
        saves_failure=_named,
    )
    def refuse(self, ctx: Context, request: RefuseRequest) -> Result:
        """Refuse with a reason code (异地报销审核不通过, 2.2.1.4.3.4)."""
        application = load_application(ctx, request.application_id)
        deciding.refuse(ctx, application, request.reason_code, request.reason)
        return {"object": key_of(application)}

    @method(
        request=PaymentRequest,
        rule=PAYERS,
        errors=(
            *_FOUND,
            own.NOT_APPROVED,
            own.PAYMENT_NOT_SENT,
            own.PAYMENT_PENDING,
            own.ALREADY_PAID,
            own.PAYMENT_AMOUNT,
            own.PAYMENT_REFERENCE,
            codes.BILL_RED,
            codes.BILL_FROZEN,
            VOUCHER_RED,
        ),
        saves_failure=_named,
    )
    def record_payment(self, ctx: Context, request: PaymentRequest) -> Result:
        """Record that the payment was sent, made or failed (异地报销支付状态, 2.2.1.4.3.5)."""
        application = load_application(ctx, request.application_id)
        state = deciding.record_payment(ctx, application, request)
        return {"object": key_of(application), "state": state}

    @method(
        request=WithdrawRequest,
        rule=BUREAU,
        errors=(*_FOUND, own.ALREADY_DECIDED, own.PAYMENT_PENDING, own.ALREADY_PAID),
        saves_failure=_named,
    )
    def withdraw(self, ctx: Context, request: WithdrawRequest) -> Result:
        """End an application that is not paid, and free its bill (异地报销撤销, 2.2.1.4.3.5)."""
        application = load_application(ctx, request.application_id)
        deciding.withdraw(ctx, application, request.reason)
        return {"object": key_of(application)}

    @method(
        request=ReportReimbursementRequest,
        rule=BUREAU,
        errors=(
            *_FOUND,
            own.NOT_DECIDED,
            codes.REPORT_PENDING,
            codes.ALREADY_REPORTED,
            *SENDING,
        ),
        saves_failure=_named,
    )
    def report(self, ctx: Context, request: ReportReimbursementRequest) -> Result:
        """Report decision and state, or send a failed report again (上报国家链, 2.2.1.4.3.5)."""
        application = load_application(ctx, request.application_id)
        return {"object": key_of(application), "packet": packets.report(ctx, application)}

    @method(request=AddListedRequest, rule=BUREAU, errors=_LISTS, saves_failure=_listed)
    def add_listed(self, ctx: Context, request: AddListedRequest) -> Result:
        """Put a subject on the blacklist or whitelist (黑白名单录入, 2.2.1.4.3.6, 2.2.1.4.3.7)."""
        return {"object": lists.add(ctx, request)}

    @method(request=ChangeListedRequest, rule=BUREAU, errors=_LISTS, saves_failure=_listed)
    def change_listed(self, ctx: Context, request: ChangeListedRequest) -> Result:
        """Change an entry's reason and period (黑白名单修改, 2.2.1.4.3.6, 2.2.1.4.3.7)."""
        return {"object": lists.change(ctx, request)}

    @method(request=RemoveListedRequest, rule=BUREAU, errors=_LISTS, saves_failure=_listed)
    def remove_listed(self, ctx: Context, request: RemoveListedRequest) -> Result:
        """Take a subject off either list (黑白名单删除, 2.2.1.4.3.6, 2.2.1.4.3.7)."""
        return {"object": lists.remove(ctx, request)}
