"""What callers and packets do alike: create an archive, put a new version in force, revoke it."""

from contracts.account import add_item, require_account
from contracts.archive.checks import CheckRecord, require_catalogued
from contracts.archive.codes import ARCHIVE_MISMATCH
from contracts.archive.records import ArchiveRecord, archive_key, end_version
from contracts.archive.states import ARCHIVES, REGISTER, REVOKE, REVOKE_CARRIED, UPDATE
from contracts.fields import text
from contracts.forms import ArchiveFields, CheckedForm
from contracts.framework import Context
from contracts.intake import Intake
from contracts.payload import require_sealed_to
from contracts.states import START
from faults import Rejected


def create(
    ctx: Context,
    checked: CheckedForm,
    fields: ArchiveFields,
    intake: Intake,
    checks: tuple[CheckRecord, ...],
    *,
    home_chain: str,
    version: int = 1,
) -> str:
    """Store a new archive; returns its state key."""
    key = archive_key(fields.archive_code)
    before = ctx.load(ArchiveRecord, key)
    state = ARCHIVES.move(before.state if before else START, REGISTER, archive=key)
    require_catalogued(fields)
    record = ArchiveRecord(
        account_id=intake.account_id,
        pcommit=checked.pcommit,
        payload=intake.place,
        home_chain=home_chain,
        keeper_org=ctx.signer.org,
        schema=checked.schema,
        public=fields,
        checks=checks,
        version=version,
        since_ms=ctx.time_ms,
        state=state,
    )
    ctx.store(key, record)
    ctx.emit(
        key,
        "register",
        kind=fields.owner_kind,
        category=fields.category,
        home=home_chain,
        version=version,
        account=intake.account_id or "unbound",
        checks=len(checks),
    )
    if intake.account_id:
        add_item(ctx, intake.account_id, key, "issue")
    return key


def supersede(
    ctx: Context,
    archive: ArchiveRecord,
    checked: CheckedForm,
    fields: ArchiveFields,
    intake: Intake,
    checks: tuple[CheckRecord, ...],
    *,
    version: int,
) -> str:
    """Put a new version in force; the one before stays reachable. Returns the archive's key."""
    key = archive_key(fields.archive_code)
    state = ARCHIVES.move(archive.state, UPDATE, archive=key)
    for name in ("archive_code", "owner_kind", "fonds_code"):
        if getattr(fields, name) != getattr(archive.public, name):
            raise Rejected(ARCHIVE_MISMATCH, field=name)
    require_catalogued(fields)
    if archive.account_id:
        require_sealed_to(intake.payload, require_account(ctx, archive.account_id).public_key)
    kept = end_version(ctx, archive)
    changed = archive.changed(
        pcommit=checked.pcommit,
        payload=intake.place,
        schema=checked.schema,
        public=fields,
        checks=checks,
        version=version,
        since_ms=ctx.time_ms,
        state=state,
    )
    ctx.store(key, changed)
    ctx.emit(key, "update", version=version, superseded=kept, checks=len(checks))
    return key


def withdraw(ctx: Context, archive: ArchiveRecord, reason: str) -> str:
    """Revoke an archive; all its versions stay on the chain. Returns its state after that."""
    key = archive_key(archive.public.archive_code)
    known = archive.carried_version > 0 or archive.on_the_way > 0
    action = REVOKE_CARRIED if known else REVOKE
    state = ARCHIVES.move(archive.state, action, archive=key)
    given = text("reason", reason, required=True)
    ctx.store(key, archive.changed(state=state, reason=given))
    ctx.emit(key, "revoke", reason=given, version=archive.version)
    return state
