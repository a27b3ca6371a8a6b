"""What travels about an application: from the chain that has it to the one that handles it, and
the outcome back.

A report carries no document: what was decided and paid, nothing about the person. One that is
refused or lost is saved in the application's trace, and the same call sends it again.
"""

from contracts.bridge.operations import Delivery, incoming, on_receipt
from contracts.bridge.outbox import send_packet
from contracts.bridge.records import require_channel
from contracts.codes import ALREADY_REPORTED, PACKET_INCONSISTENT, REPORT_PENDING
from contracts.fields import identifier, malformed, text
from contracts.forms import AMOUNT_FEN_MAX
from contracts.framework import OK, Context
from contracts.intake import Intake, check_packet, take_delivered
from contracts.reimbursement.applications import Source, key_of, take_application
from contracts.reimbursement.records import (
    KINDS,
    Amounts,
    ApplicationRecord,
    ReportedRecord,
    application_key,
    load_application,
    reported_key,
)
from contracts.reimbursement.states import (
    ACCEPT,
    ANSWER,
    APPLICATION_STATES,
    HANDLED,
    REJECT,
    REPORT,
)
from contracts.reporting import NOT_REPORTED, REPORTED, REPORTING
from faults import Rejected
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record, decode, encode
from proto.transaction_pb2 import CommittedForm

APPLY_OPERATION, REPORT_OPERATION = "REIMBURSEMENT_APPLY", "REIMBURSEMENT_REPORT"


class ApplicationRef(Record, frozen=True, kw_only=True):
    """Body of REIMBURSEMENT_APPLY, and its result: which application."""

    application_id: str


class ReportBody(Record, frozen=True, kw_only=True):
    """Body of REIMBURSEMENT_REPORT: how an application stands."""

    application_id: str
    state: str
    amounts: Amounts
    reason_code: str
    bill_code: str
    bill_number: str
    payment_reference: str
    cycle: int


def forward(ctx: Context, form: CommittedForm, intake: Intake, channel: str) -> str:
    """Hand an application on to the insured province's chain; returns the packet's id.

    After a refusal or a lost packet the same call sends it again, with the document as it is then.
    """
    route = require_channel(ctx, channel)
    source = Source(ctx.chain_id, "", route.peer_chain)
    application = take_application(ctx, form, intake, source)
    key = key_of(application)
    packet_id = send_packet(
        ctx,
        operation=APPLY_OPERATION,
        channel=channel,
        lane_object=key,
        home_chain=ctx.chain_id,
        body=ApplicationRef(application_id=application.public.application_id),
        form_pcommit=application.pcommit,
        schema=application.schema,
    )
    return packet_id.hex()


@incoming(APPLY_OPERATION, next_action="resend")
def receive_application(ctx: Context, delivery: Delivery) -> bytes:
    """An application from the national chain is to be handled here."""
    intake = take_delivered(ctx, delivery)
    packet = delivery.packet
    body = decode(ApplicationRef, packet.body)
    key = application_key(body.application_id)
    check_packet(packet, packet.source, key)
    if delivery.form is None:
        raise Rejected(PACKET_INCONSISTENT, field="pcommit")
    source = Source(packet.source, delivery.channel_id)
    if key_of(take_application(ctx, delivery.form, intake, source)) != key:
        raise Rejected(PACKET_INCONSISTENT, object=key)
    return encode(body)


@on_receipt(APPLY_OPERATION)
def application_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The insured province has the application, or it may be sent again."""
    application = load_application(ctx, decode(ApplicationRef, packet.body).application_id)
    key = key_of(application)
    taken = receipt.outcome == OK
    action = ACCEPT if taken else REJECT
    state = APPLICATION_STATES.move(application.state, action, object=key)
    ctx.store(key, application.changed(state=state))
    code = OK if taken else receipt.code or receipt.outcome
    ctx.emit(key, action, code, chain=packet.destination)


def report(ctx: Context, application: ApplicationRecord) -> str:
    """Report how the application stands, to where it came from; returns the packet's id."""
    key = key_of(application)
    APPLICATION_STATES.move(application.state, REPORT, object=key)
    if application.report == REPORTING:
        raise Rejected(REPORT_PENDING)
    if application.report == REPORTED:
        raise Rejected(ALREADY_REPORTED)
    packet_id = send_packet(
        ctx,
        operation=REPORT_OPERATION,
        channel=application.origin_channel or None,
        lane_object=key,
        home_chain=application.origin_chain,
        body=_report_body(application),
        cycle=application.report_cycle,
    )
    ctx.store(key, application.changed(report=REPORTING))
    ctx.emit(key, "report_asked", packet=packet_id.hex(), state=application.state)
    return packet_id.hex()


@incoming(REPORT_OPERATION, next_action="resend")
def receive_report(ctx: Context, delivery: Delivery) -> bytes:
    """What a province did with an application: kept as it proved it, also for its own ones."""
    packet = delivery.packet
    body = decode(ReportBody, packet.body)
    _check_body(body)
    key = application_key(body.application_id)
    application = ctx.load(ApplicationRecord, key)
    ours = application is not None and application.destination == packet.source
    check_packet(packet, ctx.chain_id if ours else packet.source, key)
    kept = reported_key(packet.source, body.application_id)
    before = ctx.load(ReportedRecord, kept)
    reports = before.reports if before else 0
    if not body.cycle == packet.cycle == reports or body.state not in HANDLED:
        raise Rejected(PACKET_INCONSISTENT, field="cycle or state")
    reported = ReportedRecord(
        chain_id=packet.source,
        application_id=body.application_id,
        state=body.state,
        amounts=body.amounts,
        reason_code=body.reason_code,
        bill_code=body.bill_code,
        bill_number=body.bill_number,
        payment_reference=body.payment_reference,
        reports=reports + 1,
    )
    if before is not None:
        reported = reported.changed(trace_count=before.trace_count, trace_head=before.trace_head)
    ctx.store(kept, reported)
    ctx.emit(
        kept,
        REPORT,
        state=body.state,
        total_fen=body.amounts.total_fen,
        reason_code=body.reason_code,
        payment=body.payment_reference,
    )
    if application is not None and ours:
        state = APPLICATION_STATES.move(application.state, ANSWER, object=key)
        ctx.store(key, application.changed(state=state))
        ctx.emit(key, ANSWER, chain=packet.source, state=body.state)
    return encode(ApplicationRef(application_id=body.application_id))


@on_receipt(REPORT_OPERATION)
def report_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The report is confirmed, unless the application has moved on since; or it is sent again."""
    body = decode(ReportBody, packet.body)
    application = load_application(ctx, body.application_id)
    key = key_of(application)
    if receipt.outcome != OK:
        ctx.store(key, application.changed(report=NOT_REPORTED))
        ctx.emit(key, "report_refused", receipt.code or receipt.outcome)
        return
    current = _report_body(application) == body
    ctx.store(
        key,
        application.changed(
            report=REPORTED if current else NOT_REPORTED, report_cycle=body.cycle + 1
        ),
    )
    ctx.emit(key, REPORT, chain=packet.destination, state=body.state)


def _check_body(body: ReportBody) -> None:
    """What another chain says is well formed before it is kept and shown here."""
    identifier("application_id", body.application_id)
    for field in ("reason_code", "bill_code", "bill_number", "payment_reference"):
        text(field, str(getattr(body, field)))
    for kind in KINDS:
        if not 0 <= int(getattr(body.amounts, kind)) <= AMOUNT_FEN_MAX:
            raise malformed(f"amounts.{kind}", "not an amount")


def _report_body(application: ApplicationRecord) -> ReportBody:
    decision, payment = application.decision, application.payment
    failure = payment.reason_code if payment else ""
    return ReportBody(
        application_id=application.public.application_id,
        state=application.state,
        amounts=decision.amounts if decision else Amounts(),
        reason_code=failure or (decision.reason_code if decision else ""),
        bill_code=application.public.bill_code,
        bill_number=application.public.bill_number,
        payment_reference=payment.reference if payment else "",
        cycle=application.report_cycle,
    )
