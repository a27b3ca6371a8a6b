"""The leaves of archives: the archive as it is now, and its versions that stand by themselves."""

import re

from contracts.account import Owned, add_item
from contracts.archive.checks import CheckRecord
from contracts.archive.codes import ARCHIVE_NOT_FOUND, ARCHIVE_REVOKED
from contracts.archive.states import OUT_OF_FORCE
from contracts.fields import malformed
from contracts.forms import ArchiveFields
from contracts.framework import Context
from contracts.trace import traced_as
from faults import Rejected

_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.·-]{0,63}", re.ASCII)


@traced_as("archive")
class ArchiveRecord(Owned, frozen=True, kw_only=True):
    """An archive's leaf: its current version, its state, and how far the other chain knows it."""

    home_chain: str
    keeper_org: str  # who registered it; on a replica, the channel
    schema: str
    public: ArchiveFields
    checks: tuple[CheckRecord, ...]
    version: int
    since_ms: int  # when this version came into force
    state: str
    reason: str = ""  # of the revocation
    sent_version: int = 0  # the newest version that was sent to the other chain; 0 = none
    carried_version: int = 0  # the newest version confirmed on the other chain; 0 = none
    on_the_way: int = 0  # versions whose receipt is not here yet
    recalls: int = 0  # packets sent for the revocation


@traced_as("archive_version")
class ArchiveVersionRecord(Owned, frozen=True, kw_only=True):
    """A version's own leaf, made when it is first carried or when it is superseded.

    It keeps the version's document findable for whoever carries it, whatever stands since. At home
    every version below the current one has its own.
    """

    archive: str  # state key of the archive
    schema: str
    public: ArchiveFields
    checks: tuple[CheckRecord, ...]
    version: int
    since_ms: int
    until_ms: int = 0  # when the next version took its place; 0 = it has none
    carrying: str = ""  # its state on the way to the other chain; "" = never sent
    attempts: int = 0  # packets sent for it


def archive_key(archive_code: str) -> str:
    """State key of an archive by its number (档号)."""
    return f"archive/{archive_code}"


def version_key(archive_code: str, version: int) -> str:
    """State key of a version's own leaf."""
    return f"archive_version/{archive_code}~{version}"


def require_archive(ctx: Context, archive_code: str) -> ArchiveRecord:
    """The archive; Rejected(ARCHIVE_NOT_FOUND) when there is none."""
    if not _NUMBER.fullmatch(archive_code):
        raise malformed("archive_code", "not an archive number")
    return ctx.require(ArchiveRecord, archive_key(archive_code), ARCHIVE_NOT_FOUND)


def check_shown(ctx: Context, record: Owned) -> None:
    """Raise Rejected(ARCHIVE_REVOKED) for a revoked archive and for every version of one."""
    archive = record
    if isinstance(record, ArchiveVersionRecord):
        archive = ctx.require(ArchiveRecord, record.archive, ARCHIVE_NOT_FOUND)
    if isinstance(archive, ArchiveRecord) and archive.state in OUT_OF_FORCE:
        raise Rejected(ARCHIVE_REVOKED, archive=archive_key(archive.public.archive_code))


def keep_version(ctx: Context, archive: ArchiveRecord) -> str:
    """Give the archive's current version its own leaf, unless it has one; returns the leaf's key.

    The leaf is its owner's: it counts among the account's items, and a grant can name it.
    """
    code = archive.public.archive_code
    key = version_key(code, archive.version)
    kept = ctx.load(ArchiveVersionRecord, key)
    if kept is None:
        kept = ArchiveVersionRecord(
            account_id=archive.account_id,
            pcommit=archive.pcommit,
            payload=archive.payload,
            archive=archive_key(code),
            schema=archive.schema,
            public=archive.public,
            checks=archive.checks,
            version=archive.version,
            since_ms=archive.since_ms,
        )
    elif archive.account_id and not kept.account_id:
        # The archive found its owner since: so did this version of it.
        kept = kept.changed(account_id=archive.account_id, payload=archive.payload)
    else:
        return key
    ctx.store(key, kept)
    ctx.emit(key, "keep", archive=archive_key(code), version=archive.version)
    if archive.account_id:
        add_item(ctx, archive.account_id, key, "version")
    return key


def end_version(ctx: Context, archive: ArchiveRecord) -> str:
    """The current version is being superseded; returns its leaf's key."""
    key = keep_version(ctx, archive)
    kept = ctx.require(ArchiveVersionRecord, key)
    ctx.store(key, kept.changed(until_ms=ctx.time_ms))
    ctx.emit(key, "supersede", archive=kept.archive, version=kept.version)
    return key
