"""Which organisations govern: those that hold a key in force with the role `governance`.

State can't be searched, so the list is kept as keys are registered and revoked.
"""

from collections.abc import Iterable

from contracts.framework import Context
from contracts.governance.records import ORGANISATIONS_KEY, OrganisationsRecord

ROLE = "governance"


def initial_organisations(orgs: Iterable[str]) -> OrganisationsRecord:
    """The record for these organisations, one entry for each of their governance keys."""
    counts: dict[str, int] = {}
    for org in orgs:
        counts[org] = counts.get(org, 0) + 1
    return OrganisationsRecord(members=tuple(sorted(counts.items())))


def key_joined(ctx: Context, org: str, roles: tuple[str, ...]) -> None:
    """A key of `org` with these roles is in force from now on."""
    _count(ctx, org, roles, 1)


def key_left(ctx: Context, org: str, roles: tuple[str, ...]) -> None:
    """A key of `org` with these roles is no longer in force."""
    _count(ctx, org, roles, -1)


def governing(ctx: Context) -> tuple[str, ...]:
    """The governing organisations, ascending."""
    listed = ctx.load(OrganisationsRecord, ORGANISATIONS_KEY)
    return tuple(org for org, _ in listed.members) if listed is not None else ()


def is_majority(approving: Iterable[str], all_orgs: tuple[str, ...]) -> bool:
    """Whether those of `approving` that govern are more than half of all that do."""
    given = frozenset(approving)
    return 2 * sum(org in given for org in all_orgs) > len(all_orgs)


def _count(ctx: Context, org: str, roles: tuple[str, ...], change: int) -> None:
    if ROLE not in roles:
        return
    listed = ctx.load(OrganisationsRecord, ORGANISATIONS_KEY)
    counts = dict(listed.members) if listed is not None else {}
    counts[org] = counts.get(org, 0) + change
    members = tuple(sorted((name, count) for name, count in counts.items() if count > 0))
    ctx.store(ORGANISATIONS_KEY, OrganisationsRecord(members=members))
