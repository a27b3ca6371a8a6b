"""A region's home: the chain that publishes its policies and its catalogue.

What this chain publishes and what a packet proves settles the home for good. What the bureau only
says about a remote region is kept, can be corrected, and gives way to a proof.
"""

from contracts.fields import identifier, malformed
from contracts.forms import day
from contracts.framework import Context
from contracts.publication.codes import REGION_IS_LOCAL, REGION_OTHER_HOME
from contracts.state_view import StateView
from faults import Rejected
from ledger.records import Record

PUBLISHED, PROVED, SUBMITTED = "published", "proved", "submitted"
"""How a record came here: made here, proved by a packet or receipt, or said by the bureau."""

REGION_DIGITS = 6
PERIOD_OPEN = ""


class RegionHome(Record, frozen=True, kw_only=True):
    """Which chain publishes for a region, and whether that is more than the bureau's word."""

    home_chain: str
    settled: bool


def region_key(region: str) -> str:
    """State key of a region's home."""
    return f"region/{region}"


def region_home(view: StateView, region: str) -> str:
    """The chain id of the region's home, or "" when none is known."""
    record = view.load(RegionHome, region_key(region))
    return "" if record is None else record.home_chain


def claim_region(ctx: Context, region: str, home_chain: str, origin: str) -> None:
    """Note the region's home. Raises Rejected REGION_IS_LOCAL or REGION_OTHER_HOME."""
    if origin != PUBLISHED and home_chain == ctx.chain_id:
        raise Rejected(REGION_IS_LOCAL, region=region)
    known = ctx.load(RegionHome, region_key(region))
    claimed = RegionHome(home_chain=home_chain, settled=origin != SUBMITTED)
    if known is not None and known.settled:
        if known.home_chain != home_chain:
            raise Rejected(REGION_OTHER_HOME, region=region, home=known.home_chain)
    elif known != claimed:
        ctx.store(region_key(region), claimed)


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
