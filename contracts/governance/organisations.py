"""Organisations: which are admitted, in which roles, and which of them govern.

An organisation's record says what its people may be; signing looks it up, so a suspension or a role
taken away holds for every key at once. State can't be searched, so the list of those that govern
and the numbers of administrators are kept as organisations and their keys change.
"""

from collections.abc import Iterable, Mapping

from contracts.framework import Context
from contracts.governance import codes
from contracts.governance.records import (
    ADMINISTRATORS_KEY,
    ORGANISATIONS_KEY,
    AdministratorsRecord,
    OrganisationsRecord,
)
from contracts.states import START, StateTable
from contracts.trace import Traced, traced_as
from faults import Rejected
from ledger.genesis import ADMINISTRATORS, Genesis
from ledger.records import Record

ROLE = "governance"
CUSTODIAN = "custodian"
GOVERNED = (ROLE, *ADMINISTRATORS)
"""Roles that only a majority gives and takes: nobody makes itself a colleague."""

ACTIVE, SUSPENDED, REMOVED = "active", "suspended", "removed"
ADMIT, SUSPEND, RESUME, REMOVE, CHANGE, REGISTER = (
    "admit",
    "suspend",
    "resume",
    "remove",
    "change",
    "register",
)

TABLE = StateTable(
    name="organisation",
    states=(ACTIVE, SUSPENDED, REMOVED),
    actions=(ADMIT, SUSPEND, RESUME, REMOVE, CHANGE, REGISTER),
    moves={
        (START, ADMIT): ACTIVE,
        (ACTIVE, SUSPEND): SUSPENDED,
        (SUSPENDED, RESUME): ACTIVE,
        (ACTIVE, REMOVE): REMOVED,
        (SUSPENDED, REMOVE): REMOVED,
        (ACTIVE, CHANGE): ACTIVE,
        (SUSPENDED, CHANGE): SUSPENDED,
        (ACTIVE, REGISTER): ACTIVE,
    },
    refusals={
        **{
            (START, action): codes.ORGANISATION_NOT_FOUND
            for action in (SUSPEND, RESUME, REMOVE, CHANGE, REGISTER)
        },
        (ACTIVE, ADMIT): codes.ORGANISATION_EXISTS,
        (SUSPENDED, ADMIT): codes.ORGANISATION_EXISTS,
        (ACTIVE, RESUME): codes.ORGANISATION_ACTIVE,
        (SUSPENDED, SUSPEND): codes.ORGANISATION_SUSPENDED,
        (SUSPENDED, REGISTER): codes.ORGANISATION_SUSPENDED,
    },
    otherwise=codes.ORGANISATION_REMOVED,
)
"""A removed organisation's name is never used again: its old keys would come back with it."""


@traced_as("organisation")
class OrganisationRecord(Traced, frozen=True, kw_only=True):
    """An organisation's leaf. `keys`: (role, keys in force) for the roles in GOVERNED."""

    org: str
    roles: tuple[str, ...]  # what its people may be, ascending
    router_key: bytes  # 65 bytes: envelopes for its router are sealed to it; or empty
    status: str = ACTIVE
    keys: tuple[tuple[str, int], ...] = ()

    def acting(self, role: str) -> int:
        """How many keys with this role in GOVERNED can act in it now."""
        able = self.status == ACTIVE and role in self.roles
        return dict(self.keys).get(role, 0) if able else 0


def organisation_key(org: str) -> str:
    """State key of an organisation."""
    return f"organisation/{org}"


def initial_organisations(genesis: Genesis) -> dict[str, Record]:
    """The records of what a genesis file knows: its identities' organisations and routers."""
    roles: dict[str, set[str]] = {genesis.org: {CUSTODIAN}}
    keys: dict[str, dict[str, int]] = {}
    for org in genesis.router_keys:
        roles.setdefault(org, set())
    for one in genesis.identities:
        roles.setdefault(one.org, set()).update(one.roles)
        counts = keys.setdefault(one.org, {})
        for role in one.roles:
            if role in GOVERNED:
                counts[role] = counts.get(role, 0) + 1
    made = [
        OrganisationRecord(
            org=org,
            roles=tuple(sorted(roles[org])),
            router_key=bytes.fromhex(genesis.router_keys.get(org, "")),
            keys=tuple(sorted(keys.get(org, {}).items())),
        )
        for org in sorted(roles)
    ]
    first: dict[str, Record] = {organisation_key(one.org): one for one in made}
    govern = tuple((one.org, one.acting(ROLE)) for one in made if one.acting(ROLE))
    first[ORGANISATIONS_KEY] = OrganisationsRecord(members=govern)
    counted = {role: sum(one.acting(role) for one in made) for role in ADMINISTRATORS}
    first[ADMINISTRATORS_KEY] = AdministratorsRecord(counts=_present(counted))
    return first


# ---- who decides


def governing(ctx: Context) -> tuple[str, ...]:
    """The governing organisations, ascending: active, with a key in force that may govern."""
    listed = ctx.load(OrganisationsRecord, ORGANISATIONS_KEY)
    return tuple(org for org, _ in listed.members) if listed is not None else ()


def is_majority(approving: Iterable[str], all_orgs: tuple[str, ...]) -> bool:
    """Whether those of `approving` that govern are more than half of all that do."""
    given = frozenset(approving)
    return 2 * sum(org in given for org in all_orgs) > len(all_orgs)


def majority_signs(ctx: Context) -> bool:
    """Whether signer and endorsers together speak for more than half of those that govern.

    Such a transaction decides what a motion would: where one organisation governs, by itself.
    """
    signed = (one.org for one in (ctx.signer, *ctx.endorsers) if ROLE in one.roles)
    return is_majority(signed, governing(ctx))


def require_majority(ctx: Context, what: str) -> None:
    """Raise Rejected MAJORITY_NEEDED unless the majority signs this very transaction."""
    if not majority_signs(ctx):
        raise Rejected(codes.MAJORITY_NEEDED, what=what, org=ctx.signer.org)


# ---- changes


def require_organisation(ctx: Context, org: str) -> OrganisationRecord:
    """The organisation's record; Rejected ORGANISATION_NOT_FOUND."""
    return ctx.require(OrganisationRecord, organisation_key(org), codes.ORGANISATION_NOT_FOUND)


def move(ctx: Context, org: str, action: str) -> str:
    """The standing after `action`; Rejected with the table's code."""
    record = ctx.load(OrganisationRecord, organisation_key(org))
    return TABLE.move(record.status if record else START, action, org=org)


def store_organisation(ctx: Context, after: OrganisationRecord) -> None:
    """Write the record and what follows from it.

    Raises Rejected LAST_GOVERNOR or LAST_ADMINISTRATOR when nobody could undo it afterwards.
    """
    key = organisation_key(after.org)
    before = ctx.load(OrganisationRecord, key)
    ctx.store(key, after)
    _note_governing(ctx, after)
    for role in ADMINISTRATORS:
        _note_administrators(ctx, role, before.acting(role) if before else 0, after.acting(role))


def admit_for(ctx: Context, org: str, roles: tuple[str, ...]) -> None:
    """What a majority says of a key it says of the key's organisation: it may have these roles."""
    key = organisation_key(org)
    record = ctx.load(OrganisationRecord, key)
    if record is None:
        store_organisation(ctx, OrganisationRecord(org=org, roles=roles, router_key=b""))
        ctx.emit(key, ADMIT, roles=",".join(roles))
        return
    move(ctx, org, REGISTER)
    together = tuple(sorted({*record.roles, *roles}))
    if together != record.roles:
        store_organisation(ctx, record.changed(roles=together))
        ctx.emit(key, "roles", roles=",".join(together))


def key_joined(ctx: Context, org: str, roles: tuple[str, ...]) -> None:
    """A key of `org` with these roles is in force from now on."""
    _count(ctx, org, roles, 1)


def key_left(ctx: Context, org: str, roles: tuple[str, ...]) -> None:
    """A key of `org` with these roles is no longer in force. Raises as `store_organisation`."""
    _count(ctx, org, roles, -1)


def _count(ctx: Context, org: str, roles: tuple[str, ...], change: int) -> None:
    counted = [role for role in roles if role in GOVERNED]
    if not counted:
        return
    record = require_organisation(ctx, org)
    counts = dict(record.keys)
    for role in counted:
        counts[role] = counts.get(role, 0) + change
    store_organisation(ctx, record.changed(keys=_present(counts)))


def _note_governing(ctx: Context, after: OrganisationRecord) -> None:
    listed = ctx.load(OrganisationsRecord, ORGANISATIONS_KEY)
    before = dict(listed.members) if listed is not None else {}
    now = {**before, after.org: after.acting(ROLE)}
    if now == before or _present(now) == _present(before):
        return
    if before and not any(now.values()):
        raise Rejected(codes.LAST_GOVERNOR, org=after.org)
    ctx.store(ORGANISATIONS_KEY, OrganisationsRecord(members=_present(now)))


def _note_administrators(ctx: Context, role: str, before: int, after: int) -> None:
    if before == after:
        return
    listed = ctx.load(AdministratorsRecord, ADMINISTRATORS_KEY)
    counts = dict(listed.counts) if listed is not None else {}
    counts[role] = counts.get(role, 0) + after - before
    if not counts[role]:
        raise Rejected(codes.LAST_ADMINISTRATOR, role=role)
    ctx.store(ADMINISTRATORS_KEY, AdministratorsRecord(counts=_present(counts)))


def _present(counts: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple((name, counts[name]) for name in sorted(counts) if counts[name] > 0)
