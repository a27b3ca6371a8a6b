"""Motions about organisations: admitted, suspended, resumed, removed, their roles and router keys.

What an organisation's people may be is looked up when they sign: each change holds from the next
operation on, for every key, and none of the keys has to be touched.
"""

from collections.abc import Iterable

from contracts.fields import identifier, malformed
from contracts.framework import Context
from contracts.governance import organisations as orgs
from contracts.governance.codes import CHANGED_MEANWHILE
from contracts.governance.fields import check_roles, key_or_none
from contracts.governance.organisations import (
    OrganisationRecord,
    organisation_key,
    require_organisation,
    store_organisation,
)
from faults import Rejected
from proto.governance_pb2 import (
    AdmitOrganisation,
    RemoveOrganisation,
    ResumeOrganisation,
    SetOrganisationRoles,
    SetRouterKey,
    SuspendOrganisation,
)


def admit(ctx: Context, wanted: AdmitOrganisation) -> None:
    """A new organisation, with the roles that it may give its own people.

    Raises Rejected: ORGANISATION_EXISTS, ORGANISATION_REMOVED, MALFORMED_REQUEST.
    """
    org = identifier("actions.org", wanted.org)
    roles = _read_roles(wanted.roles)
    orgs.move(ctx, org, orgs.ADMIT)
    router_key = key_or_none("router_key", wanted.router_key)
    record = OrganisationRecord(org=org, roles=roles, router_key=router_key)
    store_organisation(ctx, record)
    ctx.emit(organisation_key(org), orgs.ADMIT, roles=",".join(record.roles))


def suspend(ctx: Context, wanted: SuspendOrganisation) -> None:
    """Its people can't act and its votes don't count until it is resumed."""
    _set_standing(ctx, wanted.org, orgs.SUSPEND)


def resume(ctx: Context, wanted: ResumeOrganisation) -> None:
    """It acts and votes again, with the people and roles it had."""
    _set_standing(ctx, wanted.org, orgs.RESUME)


def remove(ctx: Context, wanted: RemoveOrganisation) -> None:
    """It leaves for good."""
    _set_standing(ctx, wanted.org, orgs.REMOVE)


def set_roles(ctx: Context, wanted: SetOrganisationRoles) -> None:
    """What its people may be from now on; a role that is taken is taken from all of them."""
    org = identifier("actions.org", wanted.org)
    orgs.move(ctx, org, orgs.CHANGE)
    roles = _read_roles(wanted.roles)
    before = require_organisation(ctx, org)
    store_organisation(ctx, before.changed(roles=roles))
    key = organisation_key(org)
    ctx.emit(key, "roles", before=",".join(before.roles), roles=",".join(roles))


def set_router_key(ctx: Context, wanted: SetRouterKey) -> None:
    """The envelope key of its router, from one to the other. Raises CHANGED_MEANWHILE."""
    orgs.move(ctx, identifier("actions.org", wanted.org), orgs.CHANGE)
    before = require_organisation(ctx, wanted.org)
    after = key_or_none("after", wanted.after)
    if wanted.before != before.router_key:
        raise Rejected(CHANGED_MEANWHILE, org=wanted.org, now=before.router_key.hex())
    store_organisation(ctx, before.changed(router_key=after))
    ctx.emit(
        organisation_key(wanted.org),
        "router_key",
        before=before.router_key.hex(),
        after=after.hex(),
    )


def _set_standing(ctx: Context, org: str, action: str) -> None:
    """Raises Rejected: the table's codes, LAST_GOVERNOR, LAST_ADMINISTRATOR."""
    status = orgs.move(ctx, identifier("actions.org", org), action)
    store_organisation(ctx, require_organisation(ctx, org).changed(status=status))
    ctx.emit(organisation_key(org), action)


def _read_roles(roles: Iterable[str]) -> tuple[str, ...]:
    given = tuple(roles)
    check_roles(given)
    if not given:
        raise malformed("actions.roles", "none")
    return given
