"""The blacklist and whitelist (异地报销黑名单 / 白名单) of applicants and institutions.

Who is on the blacklist is not approved, whatever the whitelist says. Who is on the whitelist is
trusted: one official approves alone, where otherwise another one reviews first. Applicants stand on
a list by account id or blind index, never by name.
"""

import re
from collections.abc import Sequence

from contracts.fields import malformed, random_id, text
from contracts.framework import Context
from contracts.reimbursement.codes import ALREADY_LISTED, LIST_PERIOD, NOT_LISTED
from contracts.states import START, StateTable
from contracts.trace import Traced, traced_as
from faults import Rejected
from proto.reimbursement_pb2 import (
    AddListedRequest,
    ChangeListedRequest,
    ListedSubject,
    RemoveListedRequest,
)

BLACK, WHITE = "black", "white"
ACCOUNT, INDEX, INSTITUTION = "account", "index", "institution"
LISTED, REMOVED = "listed", "removed"
ADD, CHANGE, REMOVE = "add", "change", "remove"

LIST_STATES = StateTable(
    name="list entry",
    states=(LISTED, REMOVED),
    actions=(ADD, CHANGE, REMOVE),
    moves={
        (START, ADD): LISTED,
        (REMOVED, ADD): LISTED,
        (LISTED, CHANGE): LISTED,
        (LISTED, REMOVE): REMOVED,
    },
    otherwise=NOT_LISTED,
    refusals={(LISTED, ADD): ALREADY_LISTED},
)

_INDEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_INSTITUTION = re.compile(r"[0-9A-Za-z]{1,32}", re.ASCII)


@traced_as("reimbursement_list")
class ListedRecord(Traced, frozen=True, kw_only=True):
    """One subject's entry on one list; a removed entry stays, with its trace."""

    list: str
    kind: str
    subject: str
    state: str
    reason: str
    from_ms: int
    to_ms: int  # 0 = until removed
    org: str  # who added, changed or removed it last
    revision: int


def listed_key(name: str, kind: str, subject: str) -> str:
    """State key of an entry: "reimbursement_list/<list>-<kind>-<subject>"."""
    return f"reimbursement_list/{name}-{kind}-{subject}"


def key_of_subject(subject: ListedSubject) -> str:
    """State key of the entry that a request names, whether well formed or not."""
    return listed_key(subject.list, subject.kind, subject.subject)


def applicant_index(field: str, value: str) -> str:
    """A blind index: 64 lower-case hex digits that only the custodian can make from a person."""
    if not _INDEX.fullmatch(value):
        raise malformed(field, "not 64 lower-case hex digits")
    return value


def add(ctx: Context, request: AddListedRequest) -> str:
    """Put a subject on a list, or back on it; returns the entry's state key."""
    return _set(ctx, ADD, request.subject, request.reason, (request.from_ms, request.to_ms))


def change(ctx: Context, request: ChangeListedRequest) -> str:
    """Change an entry's reason and period."""
    return _set(ctx, CHANGE, request.subject, request.reason, (request.from_ms, request.to_ms))


def remove(ctx: Context, request: RemoveListedRequest) -> str:
    """Take a subject off a list; the reason says why."""
    return _set(ctx, REMOVE, request.subject, request.reason, None)


def is_listed(ctx: Context, name: str, subjects: Sequence[tuple[str, str]]) -> str:
    """The kind of the first (kind, subject) on the list at the block's time, or ""."""
    for kind, subject in subjects:
        entry = ctx.load(ListedRecord, listed_key(name, kind, subject)) if subject else None
        if entry is None or entry.state != LISTED or ctx.time_ms < entry.from_ms:
            continue
        if entry.to_ms == 0 or ctx.time_ms < entry.to_ms:
            return kind
    return ""


def _set(
    ctx: Context,
    action: str,
    subject: ListedSubject,
    reason: str,
    period: tuple[int, int] | None,
) -> str:
    _check_subject(subject)
    why = text("reason", reason, required=True)
    key = key_of_subject(subject)
    before = ctx.load(ListedRecord, key)
    state = LIST_STATES.move(before.state if before else START, action, subject=key)
    from_ms, to_ms = period or ((before.from_ms, before.to_ms) if before else (0, 0))
    if period is not None and to_ms and to_ms <= max(from_ms, ctx.time_ms):
        raise Rejected(LIST_PERIOD, from_ms=from_ms, to_ms=to_ms, time_ms=ctx.time_ms)
    entry = before or ListedRecord(
        list=subject.list,
        kind=subject.kind,
        subject=subject.subject,
        state=state,
        reason=why,
        from_ms=from_ms,
        to_ms=to_ms,
        org=ctx.signer.org,
        revision=0,
    )
    ctx.store(
        key,
        entry.changed(
            state=state,
            reason=why,
            from_ms=from_ms,
            to_ms=to_ms,
            org=ctx.signer.org,
            revision=entry.revision + 1,
        ),
    )
    ctx.emit(key, action, reason=why, from_ms=from_ms, to_ms=to_ms)
    return key


def _check_subject(subject: ListedSubject) -> None:
    if subject.list not in (BLACK, WHITE):
        raise malformed("subject.list", f"{BLACK} or {WHITE}")
    if subject.kind == ACCOUNT:
        random_id("subject.subject", subject.subject)
    elif subject.kind == INDEX:
        applicant_index("subject.subject", subject.subject)
    elif subject.kind == INSTITUTION:
        if not _INSTITUTION.fullmatch(subject.subject):
            raise malformed("subject.subject", "not an institution's code")
    else:
        raise malformed("subject.kind", f"one of {ACCOUNT}, {INDEX}, {INSTITUTION}")
