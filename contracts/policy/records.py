"""What the chain keeps of policies, under which keys, and which version is in force on a day.

A version is a leaf of its own, and the series of a region and insured type is one leaf that lists
all of them: with both, and the leaf of the region's home, one proves what was in force on a day and
that no later version was known.
What the bureau only submitted never takes the place of what a home proves: it has its own leaf.
"""

from collections.abc import Iterable

from contracts.policy.document import Policy
from contracts.publication.region import SUBMITTED, period_holds, region_home
from contracts.publication.states import NOT_SHARED
from contracts.state_view import StateView
from contracts.trace import Traced, traced_as
from ledger.records import Record


@traced_as("policy")
class PolicyRecord(Traced, frozen=True, kw_only=True):
    """One version's leaf."""

    home_chain: str
    origin: str  # PUBLISHED, PROVED or SUBMITTED
    policy: Policy
    supersedes: int  # the version before it here, 0 = none
    recorded_ms: int  # 政策上链时间
    reference: str = ""  # where a submitted one was collected; the packet or receipt's channel
    share: str = NOT_SHARED


class VersionEntry(Record, frozen=True, kw_only=True):
    """A version as its series lists it."""

    version: int
    effective_from: str
    effective_to: str
    origin: str
    home_chain: str
    digest: bytes


@traced_as("policy_series")
class PolicySeries(Traced, frozen=True, kw_only=True):
    """All versions of a region and insured type known here, ascending by version and origin."""

    entries: tuple[VersionEntry, ...] = ()


@traced_as("policy_question")
class PolicyQuestionRecord(Traced, frozen=True, kw_only=True):
    """What was asked of another chain, and what became of it."""

    state: str
    asked: int  # how often
    asked_ms: int
    answered_ms: int = 0
    version: int = 0  # of the last answer
    code: str = ""  # why there was none


def series_key(region: str, insured_type: str) -> str:
    """State key of a series."""
    return f"policy_series/{region}/{insured_type}"


def policy_key(region: str, insured_type: str, version: int) -> str:
    """State key of a version that its home published or proved."""
    return f"policy/{region}/{insured_type}/{version}"


def submitted_key(region: str, insured_type: str, version: int, home_chain: str) -> str:
    """State key of a version that the bureau collected."""
    return f"{policy_key(region, insured_type, version)}/{home_chain}"


def question_key(region: str, insured_type: str, date: str) -> str:
    """State key of a question."""
    return f"policy_question/{region}/{insured_type}/{date}"


def entry_key(region: str, insured_type: str, entry: VersionEntry) -> str:
    """State key of the version that an entry lists."""
    if entry.origin == SUBMITTED:
        return submitted_key(region, insured_type, entry.version, entry.home_chain)
    return policy_key(region, insured_type, entry.version)


def entry_in_force(
    entries: Iterable[VersionEntry], home_chain: str, date: str, *, proved_only: bool = False
) -> VersionEntry | None:
    """The highest version of the region's home whose period holds the day, or None.

    Of one version, what the home proved goes before what the bureau submitted.
    """
    holding = [
        entry
        for entry in entries
        if entry.home_chain == home_chain
        and period_holds(entry.effective_from, entry.effective_to, date)
        and not (proved_only and entry.origin == SUBMITTED)
    ]
    return max(holding, key=lambda one: (one.version, one.origin != SUBMITTED), default=None)


def policy_in_force(
    view: StateView, region: str, insured_type: str, date: str, *, proved_only: bool = False
) -> PolicyRecord | None:
    """本省就医政策查询 (2.2.1.6.14): the record in force on a day (yyyymmdd), or None."""
    series = view.load(PolicySeries, series_key(region, insured_type))
    if series is None:
        return None
    home = region_home(view, region)
    entry = entry_in_force(series.entries, home, date, proved_only=proved_only)
    if entry is None:
        return None
    return view.load(PolicyRecord, entry_key(region, insured_type, entry))


def latest_version(series: PolicySeries | None, home_chain: str) -> int:
    """The highest version known of that home, 0 = none."""
    entries = () if series is None else series.entries
    return max((one.version for one in entries if one.home_chain == home_chain), default=0)
