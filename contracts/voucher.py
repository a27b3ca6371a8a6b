"""Electronic settlement vouchers (电子结算凭证): kept here and reported to the national chain.

Vouchers and bills of other provinces are kept beside them (contracts/remote).
"""

from contracts.account import Owned, add_item, require_account
from contracts.bill.record import BillRecord, bill_key, require_bill
from contracts.bridge.codes import SENDING
from contracts.bridge.operations import Delivery, incoming, on_receipt
from contracts.bridge.outbox import send_packet
from contracts.codes import (
    ACCOUNT_NOT_FOUND,
    ALREADY_REPORTED,
    BILL_EXISTS,
    BILL_NOT_FOUND,
    BILL_RED,
    FORM_FIELDS_INVALID,
    OBJECT_NOT_FOUND,
    PACKET_INCONSISTENT,
    PAYLOAD_INVALID,
    PAYLOAD_RECIPIENT,
    RED_MISMATCH,
    REPORT_PENDING,
    SETTLEMENT_FOREIGN,
    SETTLEMENT_NOT_FOUND,
    SETTLEMENT_REVERSED,
    VOUCHER_NOT_MATCHING,
)
from contracts.forms import VOUCHER, CheckedForm, VoucherFields, check_form, voucher_fields
from contracts.framework import OK, Context, Contract, Result, Rule, method
from contracts.intake import Intake, check_packet, take_delivered, take_in
from contracts.payload import is_sealed_to
from contracts.remote import storing
from contracts.remote.codes import STATUS_CONTRADICTS, VOUCHER_EXISTS, VOUCHER_RED
from contracts.remote.records import remote_voucher_key
from contracts.reporting import NOT_REPORTED, answered, begun, code_of
from contracts.settlement import (
    SettlementRecord,
    SettlementRef,
    check_in_force,
    require_home,
    require_settlement,
    settlement_key,
)
from contracts.trace import traced_as
from faults import Rejected
from ledger.codes import BAD_FORM
from ledger.packet import Packet, PacketReceipt
from ledger.records import decode, encode
from proto.contracts_pb2 import ReportVoucherRequest
from proto.reimbursement_pb2 import NoteStatusRequest, StoreBillRequest, StoreVoucherRequest

VOUCHER_REPORT = "VOUCHER_REPORT"


@traced_as("voucher")
class VoucherRecord(Owned, frozen=True, kw_only=True):
    """A voucher's leaf; its key is its settlement's id."""

    home_chain: str
    schema: str
    public: VoucherFields
    report: str = NOT_REPORTED


def voucher_key(settlement_id: str) -> str:
    """State key of a settlement's voucher."""
    return f"voucher/{settlement_id}"


class Vouchers(Contract):
    """The bureau's vouchers."""

    name = "voucher"

    @method(
        request=ReportVoucherRequest,
        rule=Rule(roles=("bureau",)),
        errors=(
            BAD_FORM,
            FORM_FIELDS_INVALID,
            SETTLEMENT_NOT_FOUND,
            SETTLEMENT_FOREIGN,
            SETTLEMENT_REVERSED,
            BILL_NOT_FOUND,
            VOUCHER_NOT_MATCHING,
            REPORT_PENDING,
            ALREADY_REPORTED,
            PAYLOAD_INVALID,
            *SENDING,
        ),
        saves_failure=lambda request: voucher_key(request.settlement_id),
    )
    def report(self, ctx: Context, request: ReportVoucherRequest) -> Result:
        """Keep a settlement's voucher and report it, after the settlement, to the national chain.

        After a refused or lost report the same call sends it again, with the document as it is
        then.

        Clauses 2.2.1.3.7.
        """
        intake = take_in(ctx, request.payload, "", ())
        settlement = require_settlement(ctx, request.settlement_id)
        require_home(ctx, settlement)
        check_in_force(settlement)
        bill = require_bill(ctx, request.bill.code, request.bill.number)
        checked = check_form(request.form, VOUCHER)
        fields = voucher_fields(checked)
        _check_matches(fields, settlement, bill)
        key = voucher_key(request.settlement_id)
        before = ctx.load(VoucherRecord, key)
        report = begun(before.report if before else NOT_REPORTED)
        record = _voucher(ctx, checked, fields, intake, settlement, before).changed(report=report)
        ctx.store(key, record)
        packet_id = send_packet(
            ctx,
            operation=VOUCHER_REPORT,
            lane_object=settlement_key(request.settlement_id),
            home_chain=settlement.home_chain,
            body=SettlementRef(settlement_id=request.settlement_id),
            form_pcommit=record.pcommit,
            schema=record.schema,
            payload_object=key,
        )
        ctx.emit(
            key,
            "report_asked",
            packet=packet_id.hex(),
            bill=bill_key(fields.bill_code, fields.bill_number),
        )
        if record.account_id and before is None:
            add_item(ctx, record.account_id, key, "issue")
        return {"object": key, "packet": packet_id.hex()}

    @method(
        request=StoreVoucherRequest,
        rule=Rule(roles=("bureau",)),
        errors=(
            BAD_FORM,
            FORM_FIELDS_INVALID,
            PAYLOAD_INVALID,
            PAYLOAD_RECIPIENT,
            ACCOUNT_NOT_FOUND,
            VOUCHER_EXISTS,
            VOUCHER_RED,
        ),
    )
    def store_voucher(self, ctx: Context, request: StoreVoucherRequest) -> Result:
        """Keep another province's voucher (异地电子结算凭证上链, 2.2.1.6.1, 2.2.1.4.3.2)."""
        record = storing.store_voucher(ctx, request)
        key = remote_voucher_key(record.region, record.public.settlement_id)
        return {"object": key, "version": record.version, "account": record.account_id}

    @method(
        request=StoreBillRequest,
        rule=Rule(roles=("bureau",)),
        errors=(
            BAD_FORM,
            FORM_FIELDS_INVALID,
            PAYLOAD_INVALID,
            PAYLOAD_RECIPIENT,
            ACCOUNT_NOT_FOUND,
            BILL_EXISTS,
            BILL_NOT_FOUND,
            BILL_RED,
            RED_MISMATCH,
        ),
    )
    def store_bill(self, ctx: Context, request: StoreBillRequest) -> Result:
        """Keep another province's bill, read by a dialect (异地电子票据上链, 2.2.1.6.16.12)."""
        return {"object": storing.store_bill(ctx, request)}

    @method(
        request=NoteStatusRequest,
        rule=Rule(roles=("bureau",)),
        errors=(OBJECT_NOT_FOUND, BILL_NOT_FOUND, BILL_RED, STATUS_CONTRADICTS),
        saves_failure=storing.noted_key,
    )
    def note_status(self, ctx: Context, request: NoteStatusRequest) -> Result:
        """Record what a remote document's source says of it (异地票据状态, 2.2.1.6.16.13)."""
        state = storing.note_status(ctx, request)
        return {"object": request.object, "state": state}


@incoming(VOUCHER_REPORT, next_action="resend")
def receive_voucher(ctx: Context, delivery: Delivery) -> bytes:
    """A province's voucher; its settlement came before it in the same lane."""
    intake = take_delivered(ctx, delivery)
    packet = delivery.packet
    body = decode(SettlementRef, packet.body)
    check_packet(packet, packet.source, settlement_key(body.settlement_id))
    ctx.keep_refusal(settlement_key(body.settlement_id), "receive_voucher")
    settlement = require_settlement(ctx, body.settlement_id)
    if delivery.form is None or settlement.home_chain != packet.source:
        raise Rejected(PACKET_INCONSISTENT, object=voucher_key(body.settlement_id))
    checked = check_form(delivery.form, VOUCHER)
    fields = voucher_fields(checked)
    _check_matches(fields, settlement, None)
    key = voucher_key(body.settlement_id)
    if ctx.view.get(key) is not None:
        raise Rejected(ALREADY_REPORTED, object=key)
    record = VoucherRecord(
        account_id=intake.account_id,
        pcommit=checked.pcommit,
        payload=intake.place,
        home_chain=packet.source,
        schema=VOUCHER,
        public=fields,
    )
    ctx.store(key, record)
    ctx.emit(key, "receive", home=packet.source, bill_amount_fen=fields.bill_amount_fen)
    if intake.account_id:
        add_item(ctx, intake.account_id, key, "issue")
    return encode(body)


@on_receipt(VOUCHER_REPORT, next_action="resend")
def report_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The report is confirmed, or may be sent again."""
    key = voucher_key(decode(SettlementRef, packet.body).settlement_id)
    record = ctx.require(VoucherRecord, key)
    good = receipt.outcome == OK
    ctx.store(key, record.changed(report=answered(record.report, good=good)))
    action = "report" if good else "report_refused"
    ctx.emit(key, action, code_of(receipt), chain=packet.destination)


def _voucher(
    ctx: Context,
    checked: CheckedForm,
    fields: VoucherFields,
    intake: Intake,
    settlement: SettlementRecord,
    before: VoucherRecord | None,
) -> VoucherRecord:
    if before is not None:
        return before.changed(pcommit=checked.pcommit, payload=intake.place, public=fields)
    account_id = settlement.account_id
    if account_id:
        account = require_account(ctx, account_id)
        if not is_sealed_to(intake.payload, account.public_key):
            account_id = ""
    return VoucherRecord(
        account_id=account_id,
        pcommit=checked.pcommit,
        payload=intake.place,
        home_chain=ctx.chain_id,
        schema=VOUCHER,
        public=fields,
    )


def _check_matches(
    fields: VoucherFields, settlement: SettlementRecord, bill: BillRecord | None
) -> None:
    """A voucher speaks of its own settlement and bill, and of the bill's amount."""
    pairs: list[tuple[str, str | int, str | int]] = [
        ("settlement_id", fields.settlement_id, settlement.public.settlement_id),
    ]
    if bill is not None:
        pairs += [
            ("bill.code", fields.bill_code, bill.public.code),
            ("bill.number", fields.bill_number, bill.public.number),
            ("bill_amount_fen", fields.bill_amount_fen, bill.public.total_fen),
        ]
    for field, own, expected in pairs:
        if own != expected:
            raise Rejected(VOUCHER_NOT_MATCHING, field=field, own=own, expected=expected)
