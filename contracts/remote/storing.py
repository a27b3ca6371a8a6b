"""Keeping documents of other provinces, and what their sources say of them later.

Arithmetic differences are kept, not refused: another province is the authority on its own
documents. A reimbursement that would build on them is where they count.
"""

from contracts.account import add_item, require_account
from contracts.bill.rules import check_mirror
from contracts.codes import (
    BILL_EXISTS,
    BILL_NOT_FOUND,
    BILL_RED,
    FORM_FIELDS_INVALID,
    OBJECT_NOT_FOUND,
)
from contracts.fields import identifier, malformed, shown, word
from contracts.findings import finding_codes, with_bill_arithmetic
from contracts.forms import (
    EBILL,
    RED,
    VOUCHER,
    EbillFields,
    check_form,
    ebill_fields,
    is_region,
    voucher_fields,
)
from contracts.framework import Context
from contracts.intake import Intake, take_in
from contracts.payload import require_sealed_to
from contracts.remote.codes import STATUS_CONTRADICTS, VOUCHER_EXISTS, VOUCHER_RED
from contracts.remote.records import (
    BILL_PREFIX,
    BILL_STATES,
    CONFLICT,
    FLUSH,
    FLUSHED,
    FREE,
    RED_BILL,
    SOURCES,
    SPEND,
    UNSPEND,
    VOUCHER_PREFIX,
    Fetched,
    RemoteBillRecord,
    RemoteVoucherRecord,
    remote_bill_key,
    remote_voucher_key,
    require_remote_bill,
    require_remote_voucher,
)
from faults import Rejected
from proto.reimbursement_pb2 import NoteStatusRequest, StoreBillRequest, StoreVoucherRequest

DIGEST_BYTES = 32


def store_voucher(ctx: Context, request: StoreVoucherRequest) -> RemoteVoucherRecord:
    """Keep a voucher; a later upload (4905 重新上传) supersedes it under the next version."""
    if not is_region(request.region):
        raise malformed("region", "not 6 digits")
    fetched = _fetched(ctx, request.source, request.source_reference)
    intake = take_in(ctx, request.payload, request.account_id, request.findings)
    checked = check_form(request.form, VOUCHER)
    fields = voucher_fields(checked)
    if fields.bill_amount_fen < 0:
        raise Rejected(
            FORM_FIELDS_INVALID,
            field="bill_amount_fen",
            reason="a red voucher is noted as its original's status",
        )
    key = remote_voucher_key(request.region, fields.settlement_id)
    before = ctx.load(RemoteVoucherRecord, key)
    record = RemoteVoucherRecord(
        account_id=intake.account_id,
        pcommit=checked.pcommit,
        payload=intake.place,
        region=request.region,
        schema=VOUCHER,
        public=fields,
        findings=intake.findings,
        fetched=fetched,
    )
    if before is not None:
        record = _superseding(ctx, before, record, intake)
    ctx.store(key, record)
    ctx.emit(
        key,
        "store" if before is None else "supersede",
        region=record.region,
        source=fetched.source,
        reference=fetched.reference,
        version=record.version,
        bill_amount_fen=fields.bill_amount_fen,
        account=record.account_id or "unbound",
        findings=finding_codes(record.findings),
    )
    if record.account_id and (before is None or not before.account_id):
        add_item(ctx, record.account_id, key, "issue")
    return record


def store_bill(ctx: Context, request: StoreBillRequest) -> str:
    """Keep a bill, blue or red; a red one cancels its blue bill. Returns its state key."""
    fetched = _fetched(ctx, request.source, request.source_reference)
    dialect = word("dialect", request.dialect)
    if len(request.dialect_sm3) != DIGEST_BYTES:
        raise malformed("dialect_sm3", f"not {DIGEST_BYTES} bytes")
    intake = take_in(ctx, request.payload, request.account_id, request.findings)
    checked = check_form(request.form, EBILL)
    fields = ebill_fields(checked)
    key = remote_bill_key(fields.code, fields.number)
    if ctx.view.get(key) is not None:
        raise Rejected(BILL_EXISTS, bill=f"{fields.code}-{fields.number}")
    is_red = fields.color == RED
    record = RemoteBillRecord(
        account_id=intake.account_id,
        pcommit=checked.pcommit,
        payload=intake.place,
        schema=EBILL,
        public=fields,
        findings=with_bill_arithmetic(fields, intake.findings),
        fetched=fetched,
        dialect=dialect,
        dialect_sm3=request.dialect_sm3,
        state=RED_BILL if is_red else FREE,
    )
    ctx.store(key, record)
    ctx.emit(
        key,
        "store",
        source=fetched.source,
        reference=fetched.reference,
        dialect=dialect,
        color=fields.color,
        total_fen=fields.total_fen,
        account=record.account_id or "unbound",
        findings=finding_codes(record.findings),
    )
    if record.account_id:
        add_item(ctx, record.account_id, key, "issue")
    if is_red:
        _flush_blue(ctx, fields, key)
    return key


def note_status(ctx: Context, request: NoteStatusRequest) -> str:
    """Record what the source says of a document now; returns the document's state."""
    fetched = _fetched(ctx, request.source, request.source_reference)
    if request.object.startswith(BILL_PREFIX):
        state = _note_bill(ctx, request, fetched)
    elif request.object.startswith(VOUCHER_PREFIX):
        state = _note_voucher(ctx, request, fetched)
    else:
        raise Rejected(OBJECT_NOT_FOUND, object=shown(request.object))
    ctx.emit(
        request.object,
        "status",
        red=int(request.red),
        reimbursed=int(request.reimbursed),
        source=fetched.source,
        reference=fetched.reference,
    )
    return state


def noted_key(request: NoteStatusRequest) -> str:
    """The object in whose trace a refused status is kept: a remote document's, and no other's."""
    kept = request.object.startswith((BILL_PREFIX, VOUCHER_PREFIX))
    return request.object if kept else ""


def _note_bill(ctx: Context, request: NoteStatusRequest, fetched: Fetched) -> str:
    key = request.object
    bill = require_remote_bill(ctx, key)
    state = BILL_STATES.move(bill.state, SPEND if request.reimbursed else UNSPEND, bill=key)
    cancelled = state in (FLUSHED, CONFLICT)
    if cancelled and not request.red:
        raise Rejected(STATUS_CONTRADICTS, object=key)
    if request.red and not cancelled:
        state = BILL_STATES.move(state, FLUSH, bill=key)
    changed = bill.changed(state=state, reimbursed=request.reimbursed, status=fetched)
    ctx.store(key, changed)
    if state != bill.state and state in (FLUSHED, CONFLICT):
        _tell_of_red(ctx, key, changed, "")
    return state


def _note_voucher(ctx: Context, request: NoteStatusRequest, fetched: Fetched) -> str:
    key = request.object
    voucher = require_remote_voucher(ctx, key)
    if voucher.red and not request.red:
        raise Rejected(STATUS_CONTRADICTS, object=key)
    ctx.store(
        key,
        voucher.changed(red=request.red, reimbursed=request.reimbursed, status=fetched),
    )
    return RED_BILL if request.red else FREE


def _superseding(
    ctx: Context, before: RemoteVoucherRecord, record: RemoteVoucherRecord, intake: Intake
) -> RemoteVoucherRecord:
    if before.red:
        raise Rejected(VOUCHER_RED, version=before.version)
    if before.pcommit == record.pcommit:
        raise Rejected(VOUCHER_EXISTS, version=before.version)
    if before.account_id:
        # The document stays its owner's, who must be able to read the new one too.
        account = require_account(ctx, before.account_id)
        require_sealed_to(intake.payload, account.public_key)
    return before.changed(
        account_id=before.account_id or record.account_id,
        pcommit=record.pcommit,
        payload=record.payload,
        public=record.public,
        findings=record.findings,
        fetched=record.fetched,
        version=before.version + 1,
    )


def _flush_blue(ctx: Context, red: EbillFields, red_key: str) -> None:
    key = remote_bill_key(red.blue_code, red.blue_number)
    blue = ctx.require(RemoteBillRecord, key, BILL_NOT_FOUND)
    if blue.red or blue.state == RED_BILL:
        raise Rejected(BILL_RED, bill=key)
    check_mirror(red, blue.public)
    # The source's status may have said so before the red bill itself came.
    known = blue.state in (FLUSHED, CONFLICT)
    state = blue.state if known else BILL_STATES.move(blue.state, FLUSH, bill=key)
    changed = blue.changed(state=state, red=red_key)
    ctx.store(key, changed)
    _tell_of_red(ctx, key, changed, red_key)


def _tell_of_red(ctx: Context, key: str, bill: RemoteBillRecord, red_key: str) -> None:
    ctx.emit(key, bill.state if bill.state == CONFLICT else "red_flush", red=red_key or "noted")
    if bill.used_by:
        ctx.emit(bill.used_by, "bill_red", bill=key)


def _fetched(ctx: Context, source: str, reference: str) -> Fetched:
    if source not in SOURCES:
        raise malformed("source", f"one of {', '.join(SOURCES)}")
    return Fetched(
        source=source,
        reference=identifier("source_reference", reference),
        time_ms=ctx.time_ms,
    )
