"""The leaves of filings, and each account's list of those that have not ended."""

from contracts.account import Owned
from contracts.filing.codes import FILING_NOT_FOUND, FILING_OVERLAP, FILING_TOO_MANY
from contracts.filing.rules import Period, regions_meet
from contracts.filing.states import EXPIRED, REVOKED
from contracts.forms import FilingFields
from contracts.framework import Context
from contracts.trace import traced_as
from faults import Rejected
from ledger.records import Record

UNEXPIRED_MAX = 32


@traced_as("filing")
class FilingRecord(Owned, frozen=True, kw_only=True):
    """A filing's leaf. `state` is never "expired": whether it is, the block's time says."""

    home_chain: str
    keeper_org: str
    schema: str
    public: FilingFields
    period: Period
    version: int
    state: str
    reason: str = ""  # of the revocation


class Unexpired(Record, frozen=True, kw_only=True):
    """What overlaps are decided on: one filing of an account."""

    filing_id: str
    treatment_region: str
    period: Period


class FilingIndex(Record, frozen=True, kw_only=True):
    """An account's filings that are neither revoked nor were expired at its last change."""

    filings: tuple[Unexpired, ...]  # ascending by id


def filing_key(filing_id: str) -> str:
    """State key of a filing by its id (备案编号)."""
    return f"filing/{filing_id}"


def index_key(account_id: str) -> str:
    """State key of an account's list of filings."""
    return f"filing_index/{account_id}"


def require_filing(ctx: Context, filing_id: str) -> FilingRecord:
    """The filing; Rejected(FILING_NOT_FOUND) when there is none."""
    return ctx.require(FilingRecord, filing_key(filing_id), FILING_NOT_FOUND)


def state_at(filing: FilingRecord, time_ms: int) -> str:
    """The filing's state at a block's time: one that was not revoked expires by itself."""
    expired = filing.state != REVOKED and time_ms >= filing.period.to_ms
    return EXPIRED if expired else filing.state


def enlist(ctx: Context, account_id: str, entry: Unexpired) -> None:
    """Put a filing, new or changed, on its account's list.

    Raises Rejected FILING_OVERLAP or FILING_TOO_MANY.
    """
    others = _others(ctx, account_id, entry.filing_id)
    for one in others:
        if one.period.meets(entry.period) and regions_meet(
            one.treatment_region, entry.treatment_region
        ):
            raise Rejected(FILING_OVERLAP, filing=one.filing_id, region=one.treatment_region)
    if len(others) >= UNEXPIRED_MAX:
        raise Rejected(FILING_TOO_MANY, limit=UNEXPIRED_MAX)
    _store(ctx, account_id, (*others, entry))


def delist(ctx: Context, account_id: str, filing_id: str) -> None:
    """Take a revoked filing off its account's list."""
    _store(ctx, account_id, _others(ctx, account_id, filing_id))


def _others(ctx: Context, account_id: str, filing_id: str) -> tuple[Unexpired, ...]:
    index = ctx.load(FilingIndex, index_key(account_id)) or FilingIndex(filings=())
    return tuple(
        one
        for one in index.filings
        if one.filing_id != filing_id and one.period.to_ms > ctx.time_ms
    )


def _store(ctx: Context, account_id: str, filings: tuple[Unexpired, ...]) -> None:
    ordered = tuple(sorted(filings, key=lambda one: one.filing_id))
    ctx.store(index_key(account_id), FilingIndex(filings=ordered))
