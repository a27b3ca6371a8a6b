"""What a motion can change: permissions, the rule of findings, contract versions.

`check_action` refuses what could not be carried out today; `carry_out` checks again and writes.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from contracts.fields import identifier, malformed
from contracts.findings import GRADES, NONE, RULE_KEY, FindingRule
from contracts.framework import Context
from contracts.governance import codes
from contracts.governance.records import DELAY
from contracts.known import newest_method, versions
from contracts.permission import SELF, PermissionRecord, is_rule, permission_key
from contracts.versions import ContractRecord, contract_key, newest_version
from faults import Rejected
from ledger.genesis import ROLES
from proto.governance_pb2 import ActivateContract, MotionAction, SetFindingRule, SetPermission

ORGANISATIONS_MAX = 64
ACTIVATIONS_MAX = 1_000

PROTECTED = ("governance", "equivocation")
"""Contracts whose permissions stay as declared: without them nobody could change anything back."""


def check_action(ctx: Context, action: MotionAction) -> None:
    """Refuse an action that is malformed or could not be carried out now."""
    _kind(action).check(ctx, _what(action))


def carry_out(ctx: Context, action: MotionAction) -> None:
    """Check the action and do it."""
    check_action(ctx, action)
    _kind(action).do(ctx, _what(action))


def _what(action: MotionAction) -> Any:
    return getattr(action, action.WhichOneof("what") or "")


def _kind(action: MotionAction) -> "_Kind":
    kind = _KINDS.get(action.WhichOneof("what") or "")
    if kind is None:
        raise malformed("actions", "an action of no kind")
    return kind


# ---- permissions


def _check_permission(_ctx: Context, wanted: SetPermission) -> None:
    if wanted.contract in PROTECTED:
        raise Rejected(codes.PERMISSION_PROTECTED, contract=wanted.contract)
    declared = newest_method(wanted.contract, wanted.method)
    if declared is None:
        raise malformed("actions", "a permission of a method that does not exist")
    if not wanted.rule:
        if wanted.organisations or wanted.roles:
            raise malformed("actions", "organisations or roles without a rule")
        return
    if not is_rule(wanted.rule):
        raise malformed("actions", "a rule that does not exist")
    if wanted.rule == SELF and declared.subject is None:
        raise malformed("actions", "SELF for a method that is about no organisation")
    _check_ascending("organisations", wanted.organisations, ORGANISATIONS_MAX)
    _check_ascending("roles", wanted.roles, len(ROLES))
    for org in wanted.organisations:
        identifier("actions.organisations", org)
    if any(role not in ROLES for role in wanted.roles):
        raise malformed("actions", "a role that does not exist")
    most = len(wanted.organisations)
    if most and wanted.rule.isdigit() and int(wanted.rule) > most:
        raise malformed("actions", "more organisations wanted than named")


def _set_permission(ctx: Context, wanted: SetPermission) -> None:
    key = permission_key(wanted.contract, wanted.method)
    values: dict[str, Any] = {
        "rule": wanted.rule,
        "orgs": tuple(wanted.organisations),
        "roles": tuple(wanted.roles),
    }
    before = ctx.load(PermissionRecord, key)
    ctx.store(key, before.changed(**values) if before else PermissionRecord(**values))
    ctx.emit(
        key,
        "set",
        rule=wanted.rule or "as declared",
        orgs=",".join(wanted.organisations)[:500],
        roles=",".join(wanted.roles),
    )


def _check_ascending(name: str, values: Iterable[str], most: int) -> None:
    given = list(values)
    if len(given) > most or given != sorted(set(given)):
        raise malformed(f"actions.{name}", f"at most {most}, ascending, each once")


# ---- findings


def _check_finding_rule(_ctx: Context, wanted: SetFindingRule) -> None:
    for name, grade in (("submitted", wanted.submitted), ("proved", wanted.proved)):
        if grade not in (*GRADES, NONE):
            raise malformed(f"actions.{name}", "no grade")


def _set_finding_rule(ctx: Context, wanted: SetFindingRule) -> None:
    ctx.store(RULE_KEY, FindingRule(submitted=wanted.submitted, proved=wanted.proved))
    ctx.emit(RULE_KEY, "set", submitted=wanted.submitted, proved=wanted.proved)


# ---- contract versions


def _check_activation(ctx: Context, wanted: ActivateContract) -> None:
    if wanted.version not in versions(wanted.contract):
        raise Rejected(
            codes.CONTRACT_VERSION_UNKNOWN, contract=wanted.contract[:64], version=wanted.version
        )
    if wanted.version <= newest_version(ctx, wanted.contract):
        raise Rejected(codes.CONTRACT_VERSION_OLD, contract=wanted.contract, version=wanted.version)
    record = ctx.load(ContractRecord, contract_key(wanted.contract))
    last = record.activations[-1][1] if record else 0
    if wanted.height <= last or wanted.height >= 2**63:
        raise malformed("actions.height", "not above the last activation's")
    if record and len(record.activations) >= ACTIVATIONS_MAX:
        raise malformed("actions", "no more activations")


def _activate(ctx: Context, wanted: ActivateContract) -> None:
    if wanted.height < ctx.height + DELAY:
        raise Rejected(
            codes.ACTIVATION_TOO_EARLY, height=wanted.height, earliest=ctx.height + DELAY
        )
    key = contract_key(wanted.contract)
    before = ctx.load(ContractRecord, key)
    added = (wanted.version, wanted.height)
    if before is None:
        ctx.store(key, ContractRecord(activations=(added,)))
    else:
        ctx.store(key, before.changed(activations=(*before.activations, added)))
    ctx.emit(key, "activate", version=wanted.version, height=wanted.height)


class _Kind:
    def __init__(self, check: Callable[[Context, Any], None], do: Callable[[Context, Any], None]):
        self.check, self.do = check, do


_KINDS: Mapping[str, _Kind] = {
    "set_permission": _Kind(_check_permission, _set_permission),
    "set_finding_rule": _Kind(_check_finding_rule, _set_finding_rule),
    "activate_contract": _Kind(_check_activation, _activate),
}
