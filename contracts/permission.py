"""Who may call a method: declared beside it, and changed by governance as data in the state.

A permission is rule × organisations × roles. No organisations means all that govern where several
must agree, and any where one is enough; no roles means any but the administrators'. Those who agree
are the signer and the endorsers of the transaction, one voice an organisation; an organisation that
is named stays counted while it is suspended, so suspending never lowers what governance asked for.
Where several must agree the signer is one of them, or one whom the method itself admits. The rules:

ANY        one of them is enough: the signer alone
ALL        every organisation
MAJORITY   more than half of the organisations
n          at least n organisations
a/b        at least that share of the organisations
SELF       the signer's organisation is the one that the operation is about
FORBIDDEN  nobody
"""

import re
from dataclasses import dataclass

from google.protobuf.message import Message

from contracts.codes import ENDORSEMENTS_MISSING, NOT_PERMITTED
from contracts.framework import Context, Identity, Method, has_role
from contracts.governance.organisations import governing
from contracts.trace import Traced, traced_as
from faults import Misuse, Rejected

ANY, ALL, MAJORITY, SELF, FORBIDDEN = "ANY", "ALL", "MAJORITY", "SELF", "FORBIDDEN"
_NUMBER = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
_SHARE = re.compile(r"([1-9][0-9]{0,2})/([1-9][0-9]{0,2})", re.ASCII)


@traced_as("permission")
class PermissionRecord(Traced, frozen=True, kw_only=True):
    """What governance set for a method; `rule` empty: what the method declares holds again."""

    rule: str
    orgs: tuple[str, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who wants to call: the contract's name, the method, and the context with its principals."""

    ctx: Context
    contract: str
    method: Method


def permission_key(contract: str, method: str) -> str:
    """State key of a method's permission."""
    return f"permission/{contract}.{method}"


def is_rule(text: str) -> bool:
    """Whether the text is one of the rules; a share must be at most the whole."""
    share = _SHARE.fullmatch(text)
    if share:
        return int(share[1]) <= int(share[2])
    return text in (ANY, ALL, MAJORITY, SELF, FORBIDDEN) or bool(_NUMBER.fullmatch(text))


def needed(rule: str, organisations: int) -> int:
    """How many of so many organisations a rule of several wants; Misuse for other rules."""
    share = _SHARE.fullmatch(rule)
    if share:
        return -(-organisations * int(share[1]) // int(share[2]))
    if _NUMBER.fullmatch(rule):
        return int(rule)
    if rule == ALL:
        return organisations
    if rule == MAJORITY:
        return organisations // 2 + 1
    raise Misuse(f"{rule} counts no organisations")


def check_permission(caller: Caller) -> None:
    """Refuse a caller whom the method's permission does not admit, whatever the request says.

    Raises Rejected: NOT_PERMITTED, ENDORSEMENTS_MISSING.
    """
    ctx, permission = caller.ctx, _permission(caller)
    if permission is None:
        caller.method.rule.check(ctx.signer)
        return
    if permission.rule in (ANY, SELF):
        about_nobody = permission.rule == SELF and caller.method.subject is None
        if about_nobody or not _qualified(permission, ctx.signer):
            raise _refused(permission, ctx.signer)
        return
    if permission.rule == FORBIDDEN:
        raise _refused(permission, ctx.signer)
    if not _qualified(permission, ctx.signer):
        caller.method.rule.check(ctx.signer)
    orgs = permission.orgs or governing(ctx)
    agreeing = {
        one.org for one in (ctx.signer, *ctx.endorsers) if _qualified(permission, one)
    }.intersection(orgs)
    wanted = needed(permission.rule, len(orgs))
    if len(agreeing) < wanted or not orgs:
        raise Rejected(ENDORSEMENTS_MISSING, needs=wanted, agree=len(agreeing), of=",".join(orgs))


def check_subject(caller: Caller, request: Message) -> None:
    """Under SELF: refuse an operation about another organisation. Raises NOT_PERMITTED."""
    subject = caller.method.subject
    permission = _permission(caller) if subject is not None else None
    if subject is None or permission is None or permission.rule != SELF:
        return
    if subject(request) != caller.ctx.signer.org:
        raise _refused(permission, caller.ctx.signer)


def _permission(caller: Caller) -> PermissionRecord | None:
    key = permission_key(caller.contract, caller.method.name)
    record = caller.ctx.load(PermissionRecord, key)
    return record if record is not None and record.rule else None


def _qualified(permission: PermissionRecord, one: Identity) -> bool:
    if permission.orgs and one.org not in permission.orgs:
        return False
    return has_role(one, permission.roles)


def _refused(permission: PermissionRecord, signer: Identity) -> Rejected:
    needs = f"{permission.rule} of {','.join(permission.orgs)}:{','.join(permission.roles)}"
    return Rejected(NOT_PERMITTED, needs=needs[:500], org=signer.org)
