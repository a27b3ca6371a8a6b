"""What a motion can change, by kind of action.

`carry_out` checks an action and does it. `rehearse` does all of a motion's and undoes them, so that
what could not be carried out today is refused when it is moved.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from contracts.fields import identifier, malformed
from contracts.findings import GRADES, NONE, RULE_KEY, FindingRule
from contracts.framework import Context
from contracts.governance import channels, codes, membership
from contracts.governance.fields import check_ascending, check_roles
from contracts.governance.records import DELAY
from contracts.identity import register, revoke
from contracts.known import newest_method, versions
from contracts.parameters import set_parameter
from contracts.permission import SELF, PermissionRecord, is_rule, permission_key
from contracts.publication.region import assign_region
from contracts.versions import ContractRecord, contract_key, newest_version
from faults import Rejected
from proto.contracts_pb2 import RegisterIdentityRequest, RevokeIdentityRequest
from proto.governance_pb2 import (
    ActivateContract,
    MotionAction,
    SetFindingRule,
    SetParameter,
    SetPermission,
)
from proto.region_pb2 import AssignRegionRequest

ORGANISATIONS_MAX = 64
ACTIVATIONS_MAX = 1_000

PROTECTED = ("governance", "equivocation")
"""Contracts whose permissions stay as declared: without them nobody could change anything back."""


def rehearse(ctx: Context, actions: Sequence[MotionAction]) -> None:
    """Refuse actions that are malformed or could not be carried out now, one after the other."""
    savepoint, events = ctx.view.savepoint(), len(ctx.events)
    for action in actions:
        kind, wanted = _read(action)
        kind.check(ctx, wanted)
        if kind.rehearsed:
            kind.do(ctx, wanted)
    ctx.view.rollback(savepoint)
    del ctx.events[events:]


def carry_out(ctx: Context, action: MotionAction) -> None:
    """Check the action and do it."""
    kind, wanted = _read(action)
    kind.check(ctx, wanted)
    kind.do(ctx, wanted)


def _read(action: MotionAction) -> tuple["_Kind", Any]:
    name = action.WhichOneof("what") or ""
    kind = _KINDS.get(name)
    if kind is None:
        raise malformed("actions", "an action of no kind")
    return kind, getattr(action, name)


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
    check_ascending("organisations", wanted.organisations, ORGANISATIONS_MAX)
    check_roles(wanted.roles)
    for org in wanted.organisations:
        identifier("actions.organisations", org)
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


# ---- identities, regions, parameters: other modules' matter, decided here


def _register(ctx: Context, wanted: RegisterIdentityRequest) -> None:
    register(ctx, wanted)


def _revoke(ctx: Context, wanted: RevokeIdentityRequest) -> None:
    revoke(ctx, wanted)


def _assign_region(ctx: Context, wanted: AssignRegionRequest) -> None:
    assign_region(ctx, wanted)


def _set_parameter(ctx: Context, wanted: SetParameter) -> None:
    set_parameter(ctx, wanted.name, wanted.before, wanted.after)


def _nothing_beforehand(_ctx: Context, _wanted: object) -> None:
    """What doing it checks is enough."""


class _Kind:
    """How an action is checked and done; `rehearsed`: whether doing it is tried when moved."""

    def __init__(
        self,
        do: Callable[[Context, Any], None],
        check: Callable[[Context, Any], None] = _nothing_beforehand,
        *,
        rehearsed: bool = True,
    ) -> None:
        self.check, self.do, self.rehearsed = check, do, rehearsed


_KINDS: Mapping[str, _Kind] = {
    "set_permission": _Kind(_set_permission, _check_permission),
    "set_finding_rule": _Kind(_set_finding_rule, _check_finding_rule),
    # Its height is counted from where it is executed, which may be later than today.
    "activate_contract": _Kind(_activate, _check_activation, rehearsed=False),
    "admit_organisation": _Kind(membership.admit),
    "suspend_organisation": _Kind(membership.suspend),
    "resume_organisation": _Kind(membership.resume),
    "remove_organisation": _Kind(membership.remove),
    "set_organisation_roles": _Kind(membership.set_roles),
    "set_router_key": _Kind(membership.set_router_key),
    "register_identity": _Kind(_register),
    "revoke_identity": _Kind(_revoke),
    "open_channel": _Kind(channels.open_channel),
    "resume_channel": _Kind(channels.resume),
    "close_channel": _Kind(channels.close),
    "set_channel_operation": _Kind(channels.set_operation),
    "set_peer_router_key": _Kind(channels.set_peer_router_key),
    "reanchor_peer": _Kind(channels.reanchor),
    "set_parameter": _Kind(_set_parameter),
    "assign_region": _Kind(_assign_region),
}
