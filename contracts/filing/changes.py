"""What callers and packets do alike: register a filing, change it, revoke it."""

from contracts.account import add_item, require_account
from contracts.codes import ACCOUNT_NOT_FOUND
from contracts.fields import text
from contracts.filing.codes import FILING_MISMATCH, FILING_PERIOD
from contracts.filing.records import (
    FilingRecord,
    Unexpired,
    delist,
    enlist,
    filing_key,
    state_at,
)
from contracts.filing.rules import Period, check_fields, period_of
from contracts.filing.states import CHANGE, FILINGS, REGISTER, REVOKE
from contracts.forms import CheckedForm, FilingFields
from contracts.framework import Context
from contracts.intake import Intake
from contracts.payload import require_sealed_to
from contracts.states import START
from faults import Rejected


def create(
    ctx: Context, checked: CheckedForm, fields: FilingFields, intake: Intake, home_chain: str
) -> str:
    """Store a new filing; returns its state key."""
    key = filing_key(fields.filing_id)
    before = ctx.load(FilingRecord, key)
    now = state_at(before, ctx.time_ms) if before else START
    state = FILINGS.move(now, REGISTER, filing=fields.filing_id)
    # Overlaps can't be seen without an owner, so a filing has one from its first day.
    if not intake.account_id:
        raise Rejected(ACCOUNT_NOT_FOUND, field="account_id")
    period = _checked_period(ctx, fields)
    enlist(ctx, intake.account_id, _entry(fields, period))
    record = FilingRecord(
        account_id=intake.account_id,
        pcommit=checked.pcommit,
        payload=intake.place,
        home_chain=home_chain,
        keeper_org=ctx.signer.org,
        schema=checked.schema,
        public=fields,
        period=period,
        version=1,
        state=state,
    )
    ctx.store(key, record)
    _tell(ctx, "register", record)
    add_item(ctx, intake.account_id, key, "issue")
    return key


def change(
    ctx: Context, filing: FilingRecord, checked: CheckedForm, fields: FilingFields, intake: Intake
) -> int:
    """Put a changed filing in the place of the one before; returns its version."""
    state = FILINGS.move(state_at(filing, ctx.time_ms), CHANGE, filing=fields.filing_id)
    for name in ("filing_id", "insured_region"):
        if getattr(fields, name) != getattr(filing.public, name):
            raise Rejected(FILING_MISMATCH, field=name)
    # Treatment may stand on it from its first day on: that day can't be taken back.
    begun = filing.period.from_ms <= ctx.time_ms
    if begun and fields.begin_date != filing.public.begin_date:
        raise Rejected(FILING_MISMATCH, field="begin_date")
    require_sealed_to(intake.payload, require_account(ctx, filing.account_id).public_key)
    period = _checked_period(ctx, fields)
    enlist(ctx, filing.account_id, _entry(fields, period))
    changed = filing.changed(
        pcommit=checked.pcommit,
        payload=intake.place,
        schema=checked.schema,
        public=fields,
        period=period,
        version=filing.version + 1,
        state=state,
    )
    ctx.store(filing_key(fields.filing_id), changed)
    _tell(ctx, "change", changed)
    return changed.version


def withdraw(ctx: Context, filing: FilingRecord, reason: str) -> None:
    """Revoke a filing that is in force or has yet to begin."""
    filing_id = filing.public.filing_id
    state = FILINGS.move(state_at(filing, ctx.time_ms), REVOKE, filing=filing_id)
    given = text("reason", reason, required=True)
    delist(ctx, filing.account_id, filing_id)
    ctx.store(filing_key(filing_id), filing.changed(state=state, reason=given))
    ctx.emit(filing_key(filing_id), "revoke", reason=given)


def _checked_period(ctx: Context, fields: FilingFields) -> Period:
    check_fields(fields)
    period = period_of(fields)
    if period.to_ms <= ctx.time_ms:
        raise Rejected(FILING_PERIOD, end=fields.end_date)
    return period


def _entry(fields: FilingFields, period: Period) -> Unexpired:
    return Unexpired(
        filing_id=fields.filing_id, treatment_region=fields.treatment_region, period=period
    )


def _tell(ctx: Context, action: str, filing: FilingRecord) -> None:
    """The event holds all of a version's public terms: the leaf keeps only the last version's."""
    fields = filing.public
    ctx.emit(
        filing_key(fields.filing_id),
        action,
        kind=fields.kind,
        insured_region=fields.insured_region,
        treatment_region=fields.treatment_region,
        begin_date=fields.begin_date,
        end_date=fields.end_date or "open",
        home=filing.home_chain,
        version=filing.version,
        pcommit=filing.pcommit.hex(),
    )
