"""Making bills: a blue bill, and a red one that cancels it. For callers and for packets alike."""

from dataclasses import dataclass

from contracts.account import add_item, require_account
from contracts.bill.record import (
    CONFIRMED,
    CONFLICT,
    FLUSHED,
    NORMAL,
    BillRecord,
    bill_key,
)
from contracts.bill.rules import check_mirror
from contracts.codes import BILL_EXISTS, BILL_NOT_FOUND, BILL_RED, FORM_FIELDS_INVALID
from contracts.findings import (
    FindingRecord,
    beyond,
    check_findings,
    finding_codes,
    with_bill_arithmetic,
)
from contracts.forms import BLUE, EBILL, RED, EbillFields, check_form, ebill_fields
from contracts.framework import Context
from contracts.intake import Intake
from contracts.payload import is_sealed_to
from faults import Rejected
from proto.transaction_pb2 import CommittedForm


@dataclass(frozen=True, slots=True)
class Origin:
    """The chain that issued a bill, and the channel it came by ("" at home)."""

    chain_id: str
    channel_id: str = ""


def create_blue(ctx: Context, form: CommittedForm, intake: Intake, origin: Origin) -> BillRecord:
    """Put a blue bill on the chain, and into its owner's account when that is known."""
    bill = _new_bill(ctx, form, BLUE, intake, origin, intake.account_id)
    key = bill_key(bill.public.code, bill.public.number)
    ctx.store(key, bill)
    ctx.emit(
        key,
        "issue_blue",
        total_fen=bill.public.total_fen,
        home=origin.chain_id,
        account=bill.account_id or "unbound",
        findings=finding_codes(bill.findings),
    )
    if bill.account_id:
        add_item(ctx, bill.account_id, key, "issue")
    return bill


def blue_of(ctx: Context, red: EbillFields) -> BillRecord:
    """The blue bill that a red one names."""
    return ctx.require(BillRecord, bill_key(red.blue_code, red.blue_number), BILL_NOT_FOUND)


def read_red(form: CommittedForm) -> EbillFields:
    """The proved public fields of a red bill."""
    return _read(form, RED)[0]


def create_red(ctx: Context, form: CommittedForm, intake: Intake, origin: Origin) -> BillRecord:
    """Put a red bill on the chain; it belongs to its blue bill's owner if it can be read by them.

    The caller has decided that the blue bill may be flushed, and goes on with `flush`.
    """
    blue = blue_of(ctx, read_red(form))
    account_id = _owner_of_red(ctx, blue, intake)
    red = _new_bill(ctx, form, RED, intake, origin, account_id, blue.findings)
    if blue.public.color == RED or blue.flush != NORMAL:
        raise Rejected(BILL_RED, bill=f"{blue.public.code}-{blue.public.number}")
    check_mirror(red.public, blue.public)
    key = bill_key(red.public.code, red.public.number)
    ctx.store(key, red)
    blue_name = bill_key(blue.public.code, blue.public.number)
    ctx.emit(
        key,
        "issue_red",
        blue=blue_name,
        total_fen=red.public.total_fen,
        findings=finding_codes(red.findings),
    )
    if account_id:
        add_item(ctx, account_id, key, "issue")
    return red


def flush(ctx: Context, red: BillRecord) -> BillRecord:
    """Cancel the blue bill for ever; after a live entry that is a conflict, not hidden."""
    blue_key = bill_key(red.public.blue_code, red.public.blue_number)
    blue = blue_of(ctx, red.public)
    red_key = bill_key(red.public.code, red.public.number)
    if blue.entry is not None:
        flushed = blue.changed(flush=CONFLICT, red=red_key)
        action = CONFLICT
    else:
        # A lock whose answer is still on its way stays until that answer comes.
        waiting = blue.lock is not None and blue.lock.state != CONFIRMED
        flushed = blue.changed(flush=FLUSHED, red=red_key, lock=blue.lock if waiting else None)
        action = "red_flush"
    ctx.store(blue_key, flushed)
    ctx.emit(blue_key, action, red=red_key)
    return ctx.require(BillRecord, blue_key)


def _new_bill(
    ctx: Context,
    form: CommittedForm,
    color: str,
    intake: Intake,
    origin: Origin,
    account_id: str,
    accepted: tuple[FindingRecord, ...] = (),
) -> BillRecord:
    fields, pcommit = _read(form, color)
    key = bill_key(fields.code, fields.number)
    if ctx.view.get(key) is not None:
        raise Rejected(BILL_EXISTS, bill=f"{fields.code}-{fields.number}")
    findings = with_bill_arithmetic(fields, intake.findings)
    check_findings(ctx, ctx.signer, beyond(accepted, findings))
    return BillRecord(
        account_id=account_id,
        pcommit=pcommit,
        payload=intake.place,
        home_chain=origin.chain_id,
        home_channel=origin.channel_id,
        schema=EBILL,
        public=fields,
        findings=findings,
    )


def _read(form: CommittedForm, color: str) -> tuple[EbillFields, bytes]:
    checked = check_form(form, EBILL)
    fields = ebill_fields(checked)
    if fields.color != color:
        raise Rejected(FORM_FIELDS_INVALID, field="color", expected=color)
    return fields, checked.pcommit


def _owner_of_red(ctx: Context, blue: BillRecord, intake: Intake) -> str:
    if not blue.account_id:
        return ""
    account = require_account(ctx, blue.account_id)
    return blue.account_id if is_sealed_to(intake.payload, account.public_key) else ""
