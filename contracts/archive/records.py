"""The leaves of archives: the archive as it is now, and each version it superseded."""

import re

from contracts.account import Owned, add_item
from contracts.archive.checks import CheckRecord
from contracts.archive.codes import ARCHIVE_NOT_FOUND
from contracts.fields import malformed
from contracts.forms import ArchiveFields
from contracts.framework import Context
from contracts.trace import traced_as

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
    carried_version: int = 0  # the newest version confirmed on the other chain; 0 = none
    attempts: int = 0  # packets sent for the version, or the revocation, that stands now


@traced_as("archive_version")
class ArchiveVersionRecord(Owned, frozen=True, kw_only=True):
    """A superseded version's leaf. At home every version below the current one has its own."""

    archive: str  # state key of the archive
    schema: str
    public: ArchiveFields
    checks: tuple[CheckRecord, ...]
    version: int
    since_ms: int
    until_ms: int  # when the next version took its place


def archive_key(archive_code: str) -> str:
    """State key of an archive by its number (档号)."""
    return f"archive/{archive_code}"


def version_key(archive_code: str, version: int) -> str:
    """State key of a superseded version."""
    return f"archive_version/{archive_code}~{version}"


def require_archive(ctx: Context, archive_code: str) -> ArchiveRecord:
    """The archive; Rejected(ARCHIVE_NOT_FOUND) when there is none."""
    if not _NUMBER.fullmatch(archive_code):
        raise malformed("archive_code", "not an archive number")
    return ctx.require(ArchiveRecord, archive_key(archive_code), ARCHIVE_NOT_FOUND)


def keep_version(ctx: Context, archive: ArchiveRecord) -> str:
    """Give the version that is being superseded its own leaf; returns the leaf's key.

    It stays its owner's: it counts among the account's items, and a grant can name it.
    """
    code = archive.public.archive_code
    key = version_key(code, archive.version)
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
        until_ms=ctx.time_ms,
    )
    ctx.store(key, kept)
    ctx.emit(key, "supersede", archive=archive_key(code), version=archive.version)
    if archive.account_id:
        add_item(ctx, archive.account_id, key, "supersede")
    return key
