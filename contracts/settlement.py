"""Medical-insurance settlements (医保结算): upload, reversal (撤销), report to the national chain.

A settlement is public in its amounts by kind of payment; the person, the fee lines and the
diagnoses are sealed. A reversal is a record of its own that names the original and mirrors every
amount.
"""

from contracts.account import Owned, add_item, require_account
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
    SETTLEMENT_NOT_FOUND,
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
    SettlementFields,
    check_form,
    settlement_fields,
)
from contracts.framework import OK, Context, Contract, Result, Rule, method
from contracts.fund.claims import before_settlement_reversal
from contracts.fund.codes import SETTLEMENT_FUND_PAID, SETTLEMENT_FUND_SENT
from contracts.intake import Intake, check_packet, take_delivered, take_in
from contracts.payload import is_sealed_to
from contracts.trace import traced_as
from faults import Rejected
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record, decode, encode
from proto.contracts_pb2 import (
    ReportSettlementRequest,
    ReverseSettlementRequest,
    UploadSettlementRequest,
)
from proto.transaction_pb2 import CommittedForm

SETTLEMENT_REPORT = "SETTLEMENT_REPORT"
NOT_REPORTED, REPORTING, REPORTED = "", "pending", "confirmed"


@traced_as("settlement")
class SettlementRecord(Owned, frozen=True, kw_only=True):
    """A settlement's leaf."""

    home_chain: str
    schema: str
    public: SettlementFields
    findings: tuple[FindingRecord, ...]
    reversed_by: str = ""  # state key of the reversal
    bill: str = ""  # state key of the linked bill
    report: str = NOT_REPORTED


class SettlementRef(Record, frozen=True, kw_only=True):
    """Body of SETTLEMENT_REPORT, and its result: which settlement."""

    settlement_id: str


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


class Settlements(Contract):
    """What hospitals and the bureau do with settlements."""

    name = "settlement"

    @method(
        request=UploadSettlementRequest,
        rule=Rule(roles=("hospital", "bureau")),
        errors=(
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

        Clauses 2.2.1.6.8, 2.2.1.6.12, 2.2.1.4.4.1.
        """
        intake = take_in(ctx, request.payload, request.account_id, request.findings)
        key = _create(ctx, request.form, intake, ctx.chain_id)
        return {"object": key, "account": intake.account_id}

    @method(
        request=ReverseSettlementRequest,
        rule=Rule(roles=("hospital", "bureau")),
        errors=(
            FORM_FIELDS_INVALID,
            SETTLEMENT_NOT_FOUND,
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

        Clauses 2.2.1.6.8, 2.2.1.4.4.2.
        """
        intake = take_in(ctx, request.payload, "", request.findings)
        checked = check_form(request.form, SETTLEMENT)
        fields = settlement_fields(checked)
        if fields.color != RED:
            raise Rejected(FORM_FIELDS_INVALID, field="color", expected=RED)
        original = require_settlement(ctx, fields.original_settlement_id)
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
            home_chain=ctx.chain_id,
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
        return {"object": key, "original": original_key}

    @method(
        request=ReportSettlementRequest,
        rule=Rule(roles=("bureau",)),
        errors=(SETTLEMENT_NOT_FOUND, SETTLEMENT_REVERSED, REPORT_PENDING, ALREADY_REPORTED),
        saves_failure=lambda request: settlement_key(request.settlement_id),
    )
    def report(self, ctx: Context, request: ReportSettlementRequest) -> Result:
        """Report a settlement to the national chain (结算上报).

        Clauses 2.2.1.6.1, 2.2.1.4.5.7.
        """
        record = require_settlement(ctx, request.settlement_id)
        check_in_force(record)
        check_unreported(record.report)
        key = settlement_key(request.settlement_id)
        packet_id = send_packet(
            ctx,
            operation=SETTLEMENT_REPORT,
            lane_object=key,
            home_chain=record.home_chain,
            body=SettlementRef(settlement_id=request.settlement_id),
            form_pcommit=record.pcommit,
            schema=record.schema,
        )
        ctx.store(key, record.changed(report=REPORTING))
        ctx.emit(key, "report_asked", packet=packet_id.hex())
        return {"object": key, "packet": packet_id.hex()}


def check_unreported(report: str) -> None:
    """Raise Rejected REPORT_PENDING or ALREADY_REPORTED unless a report may be sent now."""
    if report == REPORTING:
        raise Rejected(REPORT_PENDING)
    if report == REPORTED:
        raise Rejected(ALREADY_REPORTED)


@incoming(SETTLEMENT_REPORT, next_action="resend")
def receive_report(ctx: Context, delivery: Delivery) -> bytes:
    """A province's settlement is kept here as it proved it."""
    intake = take_delivered(ctx, delivery)
    packet = delivery.packet
    body = decode(SettlementRef, packet.body)
    key = settlement_key(body.settlement_id)
    check_packet(packet, packet.source, key)
    if delivery.form is None or _create(ctx, delivery.form, intake, packet.source) != key:
        raise Rejected(PACKET_INCONSISTENT, object=key)
    return encode(body)


@on_receipt(SETTLEMENT_REPORT)
def report_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The report is confirmed, or may be sent again."""
    key = settlement_key(decode(SettlementRef, packet.body).settlement_id)
    record = ctx.require(SettlementRecord, key, SETTLEMENT_NOT_FOUND)
    confirmed = receipt.outcome == OK
    ctx.store(key, record.changed(report=REPORTED if confirmed else NOT_REPORTED))
    if confirmed:
        ctx.emit(key, "report", chain=packet.destination)
    else:
        ctx.emit(key, "report_refused", receipt.code or receipt.outcome)


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
