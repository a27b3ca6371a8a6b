"""Medical-insurance settlements (医保结算): upload, reversal (撤销), both reported (上报).

A settlement is public in its amounts by kind of payment; the person, the fee lines and the
diagnoses are sealed. A reversal is a record of its own that names the original and mirrors every
amount. Both go to the national chain; a report that failed is sent again by the same call.
"""

from contracts.account import Owned, add_item, require_account
from contracts.bridge.codes import SENDING
from contracts.bridge.operations import Delivery, incoming, on_receipt
from contracts.bridge.outbox import send_packet
from contracts.codes import (
    ACCOUNT_NOT_FOUND,
    ALREADY_REPORTED,
    FINDINGS_REFUSED,
    FORM_FIELDS_INVALID,
    PACKET_INCONSISTENT,
    PAYLOAD_INVALID,
    PAYLOAD_RECIPIENT,
    REPORT_PENDING,
    REVERSAL_MISMATCH,
    SETTLEMENT_EXISTS,
    SETTLEMENT_FOREIGN,
    SETTLEMENT_NOT_FOUND,
    SETTLEMENT_NOT_REPORTED,
    SETTLEMENT_NOT_REVERSED,
    SETTLEMENT_REVERSED,
)
from contracts.fields import identifier
from contracts.findings import (
    FindingRecord,
    beyond,
    check_findings,
    finding_codes,
    with_settlement_arithmetic,
)
from contracts.forms import (
    BLUE,
    RED,
    SETTLEMENT,
    SETTLEMENT_AMOUNTS,
    CheckedForm,
    SettlementFields,
    check_form,
    settlement_fields,
)
from contracts.framework import OK, Context, Contract, Result, Rule, method
from contracts.fund.claims import before_settlement_reversal
from contracts.fund.codes import SETTLEMENT_FUND_PAID, SETTLEMENT_FUND_SENT
from contracts.intake import Intake, check_packet, take_delivered, take_in
from contracts.payload import is_sealed_to
from contracts.reporting import NOT_REPORTED, REPORTED, REPORTING, answered, begun, code_of
from contracts.trace import traced_as
from faults import Rejected
from ledger.codes import BAD_FORM
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record, decode, encode
from proto.contracts_pb2 import (
    ReportReversalRequest,
    ReportSettlementRequest,
    ReverseSettlementRequest,
    UploadSettlementRequest,
)
from proto.transaction_pb2 import CommittedForm

SETTLEMENT_REPORT, SETTLEMENT_REVERSAL = "SETTLEMENT_REPORT", "SETTLEMENT_REVERSAL"


@traced_as("settlement")
class SettlementRecord(Owned, frozen=True, kw_only=True):
    """A settlement's leaf."""

    home_chain: str
    schema: str
    public: SettlementFields
    findings: tuple[FindingRecord, ...]
    reversed_by: str = ""  # state key of the reversal
    bill: str = ""  # state key of the linked bill
    report: str = NOT_REPORTED  # how far the other chain knows this settlement, or this reversal


class SettlementRef(Record, frozen=True, kw_only=True):
    """Body of SETTLEMENT_REPORT, and its result: which settlement."""

    settlement_id: str


class ReversalRef(Record, frozen=True, kw_only=True):
    """Body of SETTLEMENT_REVERSAL, and its result: which reversal of which settlement."""

    settlement_id: str
    original_settlement_id: str


def settlement_key(settlement_id: str) -> str:
    """State key of a settlement."""
    return f"settlement/{settlement_id}"


def reversal_key(fields: SettlementFields) -> str:
    """State key of a reversal. Some regions give it the original's id: then it stands beside it."""
    beside = fields.settlement_id == fields.original_settlement_id
    return settlement_key(fields.settlement_id) + ("~reversal" if beside else "")


def require_settlement(ctx: Context, settlement_id: str) -> SettlementRecord:
    """The settlement; Rejected(SETTLEMENT_NOT_FOUND) when there is none."""
    key = settlement_key(identifier("settlement_id", settlement_id))
    return ctx.require(SettlementRecord, key, SETTLEMENT_NOT_FOUND)


def check_in_force(settlement: SettlementRecord) -> None:
    """Raise Rejected(SETTLEMENT_REVERSED) for a reversed settlement and for a reversal."""
    if settlement.public.color == RED or settlement.reversed_by:
        raise Rejected(SETTLEMENT_REVERSED, settlement=settlement.public.settlement_id)


def require_home(ctx: Context, settlement: SettlementRecord) -> None:
    """Raise Rejected(SETTLEMENT_FOREIGN) for a replica: only the chain it came from acts on it."""
    if settlement.home_chain != ctx.chain_id:
        raise Rejected(SETTLEMENT_FOREIGN, home=settlement.home_chain)


class Settlements(Contract):
    """What hospitals and the bureau do with settlements."""

    name = "settlement"

    @method(
        request=UploadSettlementRequest,
        rule=Rule(roles=("hospital", "bureau")),
        errors=(
            BAD_FORM,
            FORM_FIELDS_INVALID,
            SETTLEMENT_EXISTS,
            FINDINGS_REFUSED,
            PAYLOAD_INVALID,
            PAYLOAD_RECIPIENT,
            ACCOUNT_NOT_FOUND,
        ),
    )
    def upload(self, ctx: Context, request: UploadSettlementRequest) -> Result:
        """Put a local or remote settlement on the chain (结算上链).

        Clauses 2.2.1.6.1, 2.2.1.6.8, 2.2.1.6.12, 2.2.1.4.4.1.
        """
        intake = take_in(ctx, request.payload, request.account_id, request.findings)
        key = _create(ctx, request.form, intake, ctx.chain_id)
        return {"object": key, "account": intake.account_id}

    @method(
        request=ReverseSettlementRequest,
        rule=Rule(roles=("hospital", "bureau")),
        errors=(
            BAD_FORM,
            FORM_FIELDS_INVALID,
            SETTLEMENT_NOT_FOUND,
            SETTLEMENT_FOREIGN,
            SETTLEMENT_REVERSED,
            SETTLEMENT_EXISTS,
            REVERSAL_MISMATCH,
            SETTLEMENT_FUND_PAID,
            SETTLEMENT_FUND_SENT,
            FINDINGS_REFUSED,
            PAYLOAD_INVALID,
        ),
        saves_failure=lambda request: _original_key(request.form),
    )
    def reverse(self, ctx: Context, request: ReverseSettlementRequest) -> Result:
        """Reverse a settlement once (结算撤销), and not while the fund has paid it.

        The reversal mirrors every amount.

        Clauses 2.2.1.6.1, 2.2.1.6.8, 2.2.1.4.4.2.
        """
        intake = take_in(ctx, request.payload, "", request.findings)
        checked, fields = _read_reversal(request.form)
        original = require_settlement(ctx, fields.original_settlement_id)
        require_home(ctx, original)
        key = _create_reversal(ctx, checked, fields, original, intake)
        return {"object": key, "original": settlement_key(fields.original_settlement_id)}

    @method(
        request=ReportSettlementRequest,
        rule=Rule(roles=("bureau",)),
        errors=(
            SETTLEMENT_NOT_FOUND,
            SETTLEMENT_FOREIGN,
            SETTLEMENT_REVERSED,
            REPORT_PENDING,
            ALREADY_REPORTED,
            *SENDING,
        ),
        saves_failure=lambda request: settlement_key(request.settlement_id),
    )
    def report(self, ctx: Context, request: ReportSettlementRequest) -> Result:
        """Report a settlement to the national chain (结算信息上传).

        After a refused or lost report the same call sends it again.

        Clauses 2.2.1.6.1, 2.2.1.4.5.7.
        """
        record = require_settlement(ctx, request.settlement_id)
        require_home(ctx, record)
        check_in_force(record)
        key = settlement_key(request.settlement_id)
        packet_id = _send(
            ctx, SETTLEMENT_REPORT, key, key, SettlementRef(settlement_id=request.settlement_id)
        )
        return {"object": key, "packet": packet_id.hex()}

    @method(
        request=ReportReversalRequest,
        rule=Rule(roles=("bureau",)),
        errors=(
            SETTLEMENT_NOT_FOUND,
            SETTLEMENT_FOREIGN,
            SETTLEMENT_NOT_REVERSED,
            SETTLEMENT_NOT_REPORTED,
            REPORT_PENDING,
            ALREADY_REPORTED,
            *SENDING,
        ),
        saves_failure=lambda request: settlement_key(request.settlement_id),
    )
    def report_reversal(self, ctx: Context, request: ReportReversalRequest) -> Result:
        """Report the reversal of a settlement that was reported (结算信息撤销上传).

        After a refused or lost report the same call sends it again.

        Clauses 2.2.1.6.1, 2.2.1.4.4.2.
        """
        original = require_settlement(ctx, request.settlement_id)
        require_home(ctx, original)
        if not original.reversed_by:
            raise Rejected(SETTLEMENT_NOT_REVERSED, settlement=request.settlement_id)
        if original.report == REPORTING:
            raise Rejected(REPORT_PENDING, settlement=request.settlement_id)
        if original.report != REPORTED:
            raise Rejected(SETTLEMENT_NOT_REPORTED, settlement=request.settlement_id)
        reversal = ctx.require(SettlementRecord, original.reversed_by)
        body = ReversalRef(
            settlement_id=reversal.public.settlement_id,
            original_settlement_id=request.settlement_id,
        )
        lane = settlement_key(request.settlement_id)
        packet_id = _send(ctx, SETTLEMENT_REVERSAL, lane, original.reversed_by, body)
        return {"object": original.reversed_by, "packet": packet_id.hex()}


@incoming(SETTLEMENT_REPORT, next_action="resend")
def receive_report(ctx: Context, delivery: Delivery) -> bytes:
    """A province's settlement is kept here as it proved it."""
    intake = take_delivered(ctx, delivery)
    packet = delivery.packet
    body = decode(SettlementRef, packet.body)
    key = settlement_key(body.settlement_id)
    check_packet(packet, packet.source, key)
    ctx.keep_refusal(key, "receive")
    if delivery.form is None or _create(ctx, delivery.form, intake, packet.source) != key:
        raise Rejected(PACKET_INCONSISTENT, object=key)
    return encode(body)


@incoming(SETTLEMENT_REVERSAL, next_action="resend")
def receive_reversal(ctx: Context, delivery: Delivery) -> bytes:
    """The home reversed a settlement that it reported; the same rules decide here as there."""
    intake = take_delivered(ctx, delivery)
    packet = delivery.packet
    body = decode(ReversalRef, packet.body)
    key = settlement_key(body.original_settlement_id)
    check_packet(packet, packet.source, key)
    ctx.keep_refusal(key, "reverse")
    original = require_settlement(ctx, body.original_settlement_id)
    if original.home_chain != packet.source:
        raise Rejected(SETTLEMENT_FOREIGN, home=original.home_chain)
    if delivery.form is None:
        raise Rejected(PACKET_INCONSISTENT, object=key)
    checked, fields = _read_reversal(delivery.form)
    named = (fields.settlement_id, fields.original_settlement_id)
    if named != (body.settlement_id, body.original_settlement_id):
        raise Rejected(PACKET_INCONSISTENT, object=key)
    _create_reversal(ctx, checked, fields, original, intake)
    return encode(body)


@on_receipt(SETTLEMENT_REPORT, next_action="resend")
def report_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The report is confirmed, or may be sent again."""
    body = decode(SettlementRef, packet.body)
    _note_answer(ctx, settlement_key(body.settlement_id), packet, receipt)


@on_receipt(SETTLEMENT_REVERSAL, next_action="resend")
def reversal_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The reversal's report is confirmed, or may be sent again."""
    original = require_settlement(ctx, decode(ReversalRef, packet.body).original_settlement_id)
    _note_answer(ctx, original.reversed_by, packet, receipt)


def _send(ctx: Context, operation: str, lane_object: str, key: str, body: Record) -> bytes:
    """Report the settlement or reversal at `key`, in the lane of the settlement."""
    record = ctx.require(SettlementRecord, key, SETTLEMENT_NOT_FOUND)
    report = begun(record.report, settlement=record.public.settlement_id)
    packet_id = send_packet(
        ctx,
        operation=operation,
        lane_object=lane_object,
        home_chain=record.home_chain,
        body=body,
        form_pcommit=record.pcommit,
        schema=record.schema,
        payload_object=key,
    )
    ctx.store(key, record.changed(report=report))
    ctx.emit(key, "report_asked", packet=packet_id.hex())
    return packet_id


def _note_answer(ctx: Context, key: str, packet: Packet, receipt: PacketReceipt) -> None:
    record = ctx.require(SettlementRecord, key, SETTLEMENT_NOT_FOUND)
    good = receipt.outcome == OK
    ctx.store(key, record.changed(report=answered(record.report, good=good)))
    action = "report" if good else "report_refused"
    ctx.emit(key, action, code_of(receipt), chain=packet.destination)


def _create(ctx: Context, form: CommittedForm, intake: Intake, home_chain: str) -> str:
    """Store a blue settlement; returns its state key."""
    checked = check_form(form, SETTLEMENT)
    fields = settlement_fields(checked)
    if fields.color != BLUE:
        raise Rejected(FORM_FIELDS_INVALID, field="color", expected=BLUE)
    key = settlement_key(fields.settlement_id)
    if ctx.view.get(key) is not None:
        raise Rejected(SETTLEMENT_EXISTS, settlement=fields.settlement_id)
    findings = with_settlement_arithmetic(fields, intake.findings)
    check_findings(ctx, ctx.signer, findings)
    record = SettlementRecord(
        account_id=intake.account_id,
        pcommit=checked.pcommit,
        payload=intake.place,
        home_chain=home_chain,
        schema=SETTLEMENT,
        public=fields,
        findings=findings,
    )
    ctx.store(key, record)
    ctx.emit(
        key,
        "upload",
        type=fields.settlement_type,
        total_fen=fields.total_fen,
        home=home_chain,
        account=intake.account_id or "unbound",
        findings=finding_codes(findings),
    )
    if intake.account_id:
        add_item(ctx, intake.account_id, key, "issue")
    return key


def _read_reversal(form: CommittedForm) -> tuple[CheckedForm, SettlementFields]:
    checked = check_form(form, SETTLEMENT)
    fields = settlement_fields(checked)
    if fields.color != RED:
        raise Rejected(FORM_FIELDS_INVALID, field="color", expected=RED)
    return checked, fields


def _create_reversal(
    ctx: Context,
    checked: CheckedForm,
    fields: SettlementFields,
    original: SettlementRecord,
    intake: Intake,
) -> str:
    """Store a reversal and mark what it reverses; returns the reversal's state key."""
    check_in_force(original)
    before_settlement_reversal(ctx, fields.original_settlement_id)
    _check_mirror(fields, original.public)
    key = reversal_key(fields)
    if ctx.view.get(key) is not None:
        raise Rejected(SETTLEMENT_EXISTS, settlement=fields.settlement_id)
    findings = with_settlement_arithmetic(fields, intake.findings)
    check_findings(ctx, ctx.signer, beyond(original.findings, findings))
    account_id = _owner_of_reversal(ctx, original, intake)
    reversal = SettlementRecord(
        account_id=account_id,
        pcommit=checked.pcommit,
        payload=intake.place,
        home_chain=original.home_chain,
        schema=SETTLEMENT,
        public=fields,
        findings=findings,
    )
    original_key = settlement_key(fields.original_settlement_id)
    ctx.store(key, reversal)
    ctx.emit(key, "reversal_of", original=original_key, total_fen=fields.total_fen)
    ctx.store(original_key, original.changed(reversed_by=key))
    ctx.emit(original_key, "reverse", reversal=key)
    if original.bill:
        ctx.emit(original.bill, "settlement_reversed", settlement=original_key)
    if account_id:
        add_item(ctx, account_id, key, "issue")
    return key


def _check_mirror(reversal: SettlementFields, original: SettlementFields) -> None:
    if reversal.institution_code != original.institution_code:
        raise Rejected(REVERSAL_MISMATCH, field="institution_code")
    for field in SETTLEMENT_AMOUNTS:
        own, expected = int(getattr(reversal, field)), -int(getattr(original, field))
        if own != expected:
            raise Rejected(REVERSAL_MISMATCH, field=field, own_fen=own, expected_fen=expected)


def _owner_of_reversal(ctx: Context, original: SettlementRecord, intake: Intake) -> str:
    if not original.account_id:
        return ""
    account = require_account(ctx, original.account_id)
    return original.account_id if is_sealed_to(intake.payload, account.public_key) else ""


def _original_key(form: CommittedForm) -> str:
    named = [one.value for one in form.fields if one.path == "original.settlement_id"]
    return settlement_key(named[0]) if named else ""
