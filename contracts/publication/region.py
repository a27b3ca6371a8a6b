"""A region's home: the chain that publishes its policies and its catalogue.

A majority of those that govern assigns it, here and on every chain that others share with: a
mistyped region can't be published and no province can speak for another's. Where nothing is
assigned, what a receipt proves settles the home. What the bureau only says is kept, can be
corrected, and gives way to both.
"""

from contracts.fields import identifier, malformed, text
from contracts.forms import day
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.governance.codes import MAJORITY_NEEDED
from contracts.governance.organisations import require_majority
from contracts.publication.codes import (
    REGION_ASSIGNED,
    REGION_IS_LOCAL,
    REGION_NOT_ASSIGNED,
    REGION_OTHER_HOME,
)
from contracts.state_view import StateView
from contracts.trace import Traced, traced_as
from faults import Rejected
from proto.region_pb2 import AssignRegionRequest

PUBLISHED, SHARED_HERE, PROVED, SUBMITTED = "published", "shared", "proved", "submitted"
"""How a record came here: made here, shared by its home, proved by an answer, or collected.

A shared one is proved, too; the word is used for a region's claim only.
"""
ASSIGNED = "assigned"

REGION_DIGITS = 6
PERIOD_OPEN = ""


@traced_as("region")
class RegionHome(Traced, frozen=True, kw_only=True):
    """Which chain publishes for a region, and on what basis: ASSIGNED, PROVED or SUBMITTED."""

    home_chain: str
    basis: str


def region_key(region: str) -> str:
    """State key of a region's home."""
    return f"region/{region}"


def region_home(view: StateView, region: str) -> str:
    """The chain id of the region's home, or "" when none is known."""
    record = view.load(RegionHome, region_key(region))
    return "" if record is None else record.home_chain


class Regions(Contract):
    """Which chain speaks for which region."""

    name = "region"

    @method(
        request=AssignRegionRequest,
        rule=Rule(roles=("governance",)),
        errors=(REGION_ASSIGNED, MAJORITY_NEEDED),
        saves_failure=lambda request: region_key(request.region),
    )
    def assign(self, ctx: Context, request: AssignRegionRequest) -> Result:
        """Say by a majority which chain publishes for a region (区划归属, 2.2.1.4.5.1-2).

        A motion does the same where the signatures of a majority are not on one transaction.
        """
        require_majority(ctx, "region")
        return assign_region(ctx, request)


def assign_region(ctx: Context, request: AssignRegionRequest) -> Result:
    """Note the region's home; whether the callers may is decided before.

    Raises Rejected: MALFORMED_REQUEST, REGION_ASSIGNED.
    """
    region = read_region(request.region)
    home = read_chain("home_chain", request.home_chain)
    reason = text("reason", request.reason, required=True)
    known = ctx.load(RegionHome, region_key(region))
    if known is not None and (known.home_chain, known.basis) == (home, ASSIGNED):
        raise Rejected(REGION_ASSIGNED, region=region, home=home)
    _note(ctx, region, known, home, ASSIGNED)
    ctx.emit(region_key(region), "assign", home=home, reason=reason)
    return {"object": region_key(region)}


def claim_region(ctx: Context, region: str, home_chain: str, origin: str) -> None:
    """Check, and where nothing better is known note, that the chain is the region's home.

    Raises Rejected REGION_NOT_ASSIGNED, REGION_IS_LOCAL or REGION_OTHER_HOME.
    """
    if origin != PUBLISHED and home_chain == ctx.chain_id:
        raise Rejected(REGION_IS_LOCAL, region=region)
    known = ctx.load(RegionHome, region_key(region))
    settled = known is not None and known.basis != SUBMITTED
    if known is not None and settled and known.home_chain != home_chain:
        raise Rejected(REGION_OTHER_HOME, region=region, home=known.home_chain)
    if origin in (PUBLISHED, SHARED_HERE):
        if known is None or known.basis != ASSIGNED:
            raise Rejected(REGION_NOT_ASSIGNED, region=region, home=home_chain)
    elif not settled and (known is None or (known.home_chain, known.basis) != (home_chain, origin)):
        _note(ctx, region, known, home_chain, origin)
        ctx.emit(region_key(region), "claim", home=home_chain, basis=origin)


def _note(ctx: Context, region: str, known: RegionHome | None, home_chain: str, basis: str) -> None:
    fresh = RegionHome(home_chain=home_chain, basis=basis)
    changed = known.changed(home_chain=home_chain, basis=basis) if known else fresh
    ctx.store(region_key(region), changed)


def check_remote(ctx: Context, region: str) -> None:
    """Raise Rejected REGION_IS_LOCAL when this chain itself publishes for the region."""
    if region_home(ctx.view, region) == ctx.chain_id:
        raise Rejected(REGION_IS_LOCAL, region=region)


# ---- fields that both contracts read


def read_digits(field: str, value: str, least: int, most: int) -> str:
    """`least` to `most` ASCII digits."""
    if not (least <= len(value) <= most and value.isascii() and value.isdigit()):
        raise malformed(field, f"not {least} to {most} digits")
    return value


def read_region(value: str) -> str:
    """A six-digit region (区划)."""
    return read_digits("region", value, REGION_DIGITS, REGION_DIGITS)


def read_day(field: str, value: str) -> str:
    """A real day as yyyymmdd."""
    try:
        return day(value)
    except ValueError as wrong:
        raise malformed(field, str(wrong)) from None


def read_period(first: str, last: str) -> tuple[str, str]:
    """The two days of a period, both included; the last may be "" = open."""
    begins = read_day("effective_from", first)
    if last == PERIOD_OPEN:
        return begins, last
    if read_day("effective_to", last) < begins:
        raise malformed("effective_to", "before effective_from")
    return begins, last


def period_holds(first: str, last: str, date: str) -> bool:
    """Whether `date` lies in the period, both ends included."""
    return first <= date and (last == PERIOD_OPEN or date <= last)


def read_number(field: str, value: int, most: int, least: int = 0) -> int:
    """An integer within its range."""
    if not least <= value <= most:
        raise malformed(field, f"not from {least} to {most}")
    return value


def read_chain(field: str, value: str, most: int = 32) -> str:
    """A chain's id."""
    if len(value) > most:
        raise malformed(field, "not a chain id")
    return identifier(field, value)
