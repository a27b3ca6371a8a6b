"""Taking an application in, and joining it with its voucher and its bill."""

from dataclasses import dataclass

from contracts.account import add_item
from contracts.codes import BILL_RED
from contracts.findings import ERROR, WARN, FindingRecord, finding_codes
from contracts.forms import RED, REIMBURSEMENT, check_form, reimbursement_fields
from contracts.framework import Context
from contracts.intake import Intake
from contracts.payload import PayloadRef
from contracts.reimbursement.codes import APPLICATION_MISMATCH
from contracts.reimbursement.lists import BLACK, is_listed
from contracts.reimbursement.records import ApplicationRecord, application_key
from contracts.reimbursement.states import (
    APPLICATION_STATES,
    FORWARD,
    RECEIVE,
    SYNC_BILL,
    SYNC_VOUCHER,
)
from contracts.reimbursement.subjects import subjects_of
from contracts.remote.records import (
    RemoteBillRecord,
    RemoteVoucherRecord,
    require_remote_bill,
    require_remote_voucher,
)
from contracts.states import START
from faults import Rejected
from proto.transaction_pb2 import CommittedForm

VOUCHER_BILL_AMOUNT = "REIMBURSEMENT_VOUCHER_BILL_AMOUNT"
VOUCHER_KIND_DIFFERS = "REIMBURSEMENT_VOUCHER_KIND_DIFFERS"
CLAIM_ABOVE_BILL = "REIMBURSEMENT_CLAIM_ABOVE_BILL"


@dataclass(frozen=True, slots=True)
class Source:
    """Where an application comes from; `destination` is set where it is handed on."""

    chain_id: str
    channel_id: str = ""
    destination: str = ""


def key_of(application: ApplicationRecord) -> str:
    """The application's state key."""
    return application_key(application.public.application_id)


def take_application(
    ctx: Context, form: CommittedForm, intake: Intake, source: Source, index: str = ""
) -> ApplicationRecord:
    """Put an application on the chain: to be handled here, or to be handed on."""
    checked = check_form(form, REIMBURSEMENT)
    fields = reimbursement_fields(checked)
    key = application_key(fields.application_id)
    before = ctx.load(ApplicationRecord, key)
    action = FORWARD if source.destination else RECEIVE
    state = APPLICATION_STATES.move(before.state if before else START, action, object=key)
    made = ApplicationRecord(
        account_id=intake.account_id,
        pcommit=checked.pcommit,
        payload=intake.place,
        origin_chain=source.chain_id,
        origin_channel=source.channel_id,
        destination=source.destination,
        schema=REIMBURSEMENT,
        public=fields,
        findings=intake.findings,
        state=state,
        applicant_index=index,
    )
    if before is not None:
        made = made.changed(trace_count=before.trace_count, trace_head=before.trace_head)
    ctx.store(key, made)
    ctx.emit(
        key,
        action,
        origin=source.chain_id,
        destination=source.destination or ctx.chain_id,
        bill=f"{fields.bill_code}-{fields.bill_number}",
        claimed_fen=fields.claimed_fen,
        account=intake.account_id or "unbound",
        blacklisted=is_listed(ctx, BLACK, subjects_of(made, None)) or "no",
        findings=finding_codes(made.findings),
    )
    if intake.account_id:
        add_item(ctx, intake.account_id, key, "issue")
    return made


def with_index(application: ApplicationRecord, index: str) -> ApplicationRecord:
    """The application with the applicant's blind index, which is said once and never changed."""
    if not index or index == application.applicant_index:
        return application
    if application.applicant_index:
        raise Rejected(APPLICATION_MISMATCH, field="applicant_index")
    return application.changed(applicant_index=index)


def sync_voucher(ctx: Context, application: ApplicationRecord, voucher_key: str) -> str:
    """Note that the application's voucher was fetched and is stored; returns the state."""
    state = APPLICATION_STATES.move(application.state, SYNC_VOUCHER, object=key_of(application))
    voucher = require_remote_voucher(ctx, voucher_key)
    _check_same(application, _voucher_pairs(application, voucher))
    _check_owner(application, voucher.account_id)
    changed = application.changed(
        state=state, voucher=voucher_key, voucher_version=voucher.version, reviewed_by=b""
    )
    _store(ctx, changed, SYNC_VOUCHER, voucher_key, voucher.payload)
    return state


def sync_bill(ctx: Context, application: ApplicationRecord, bill_key: str) -> str:
    """Note that the application's bill was fetched and is stored; returns the state."""
    state = APPLICATION_STATES.move(application.state, SYNC_BILL, object=key_of(application))
    bill = require_remote_bill(ctx, bill_key)
    if bill.public.color == RED:
        raise Rejected(BILL_RED, bill=bill_key)
    _check_same(application, _bill_pairs(application, bill))
    _check_owner(application, bill.account_id)
    changed = application.changed(state=state, bill=bill_key, reviewed_by=b"")
    _store(ctx, changed, SYNC_BILL, bill_key, bill.payload)
    return state


def cross_findings(
    application: ApplicationRecord, voucher: RemoteVoucherRecord, bill: RemoteBillRecord
) -> tuple[FindingRecord, ...]:
    """What differs in amounts between application, voucher and bill; identity is refused."""
    found = []
    own, other = voucher.public, bill.public
    if own.bill_amount_fen != other.total_fen:
        pair = (own.bill_amount_fen, other.total_fen)
        found.append(_finding(VOUCHER_BILL_AMOUNT, ERROR, "total_fen", *pair))
    for kind in ("fund_fen", "account_fen", "cash_fen"):
        said, billed = int(getattr(own, kind)), int(getattr(other, kind))
        if said != billed:
            found.append(_finding(VOUCHER_KIND_DIFFERS, WARN, kind, said, billed))
    claimed = application.public.claimed_fen
    if claimed > other.total_fen:
        found.append(_finding(CLAIM_ABOVE_BILL, WARN, "claimed_fen", claimed, other.total_fen))
    return tuple(found)


def _finding(code: str, grade: str, field: str, own_fen: int, bill_fen: int) -> FindingRecord:
    detail = f"own_fen={own_fen} bill_fen={bill_fen}"
    return FindingRecord(code=code, grade=grade, field=field, detail=detail)


Pairs = tuple[tuple[str, str, str], ...]


def _voucher_pairs(application: ApplicationRecord, voucher: RemoteVoucherRecord) -> Pairs:
    own, other = application.public, voucher.public
    return (
        ("bill.code", own.bill_code, other.bill_code),
        ("bill.number", own.bill_number, other.bill_number),
        ("settlement_id", own.settlement_id, other.settlement_id),
        # A voucher may name the city or the province: the province has to be the same.
        ("treatment_region", own.treatment_region[:2], voucher.region[:2]),
    )


def _bill_pairs(application: ApplicationRecord, bill: RemoteBillRecord) -> Pairs:
    own, other = application.public, bill.public
    return (
        ("bill.code", own.bill_code, other.code),
        ("bill.number", own.bill_number, other.number),
        ("settlement_id", own.settlement_id, other.settlement_id),
        ("issuer_code", own.issuer_code, other.issuer_code),
    )


def _check_same(application: ApplicationRecord, pairs: Pairs) -> None:
    """Identities that both state are the same; what one leaves out contradicts nothing."""
    for field, own, other in pairs:
        if own and other and own != other:
            raise Rejected(APPLICATION_MISMATCH, field=field, own=own, other=other)


def _check_owner(application: ApplicationRecord, account_id: str) -> None:
    if application.account_id and account_id and application.account_id != account_id:
        raise Rejected(APPLICATION_MISMATCH, field="account")


def _store(
    ctx: Context,
    application: ApplicationRecord,
    action: str,
    document: str,
    payload: PayloadRef,
) -> None:
    key = key_of(application)
    ctx.store(key, application)
    ctx.emit(key, action, document=document, payload=payload.hash.hex(), state=application.state)
    ctx.emit(document, "synced", reimbursement=key)
