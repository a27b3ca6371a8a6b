"""What the chain keeps of catalogues, under which keys, and which version of an item is in force.

An item is one leaf with all its versions. The proofs of that leaf, of its edition's and of its
region's home show what it was on any day; one absence proof shows that a region never had it. An
edition holds what changed; its items count once it is published, all together. Nothing is
overwritten.
"""

from contracts.catalogue.codes import (
    CATALOGUE_DRAFT_OPEN,
    CATALOGUE_NOT_DRAFT,
    CATALOGUE_NOT_FOUND,
    CATALOGUE_NOT_PUBLISHED,
)
from contracts.catalogue.item import CatalogueItem
from contracts.publication.region import SUBMITTED, period_holds, region_home
from contracts.publication.states import NOT_SHARED
from contracts.state_view import StateView
from contracts.states import START, StateTable
from contracts.trace import Traced, traced_as
from ledger.records import Record

DRAFT, PUBLISHED_EDITION, ABANDONED = "draft", "published", "abandoned"
BEGIN, ADD, PUBLISH, ABANDON, SHARE_CHUNK = "begin", "add", "publish", "abandon", "share"

EDITIONS = StateTable(
    name="catalogue edition",
    states=(DRAFT, PUBLISHED_EDITION, ABANDONED),
    actions=(BEGIN, ADD, PUBLISH, ABANDON, SHARE_CHUNK),
    moves={
        (START, BEGIN): DRAFT,
        (DRAFT, ADD): DRAFT,
        (DRAFT, PUBLISH): PUBLISHED_EDITION,
        (DRAFT, ABANDON): ABANDONED,
        (PUBLISHED_EDITION, SHARE_CHUNK): PUBLISHED_EDITION,
        # The edition that follows begins on these; on an open draft it may not.
        (PUBLISHED_EDITION, BEGIN): DRAFT,
        (ABANDONED, BEGIN): DRAFT,
    },
    refusals={
        (START, ADD): CATALOGUE_NOT_FOUND,
        (START, PUBLISH): CATALOGUE_NOT_FOUND,
        (START, ABANDON): CATALOGUE_NOT_FOUND,
        (START, SHARE_CHUNK): CATALOGUE_NOT_FOUND,
        (DRAFT, BEGIN): CATALOGUE_DRAFT_OPEN,
        (DRAFT, SHARE_CHUNK): CATALOGUE_NOT_PUBLISHED,
        (ABANDONED, SHARE_CHUNK): CATALOGUE_NOT_PUBLISHED,
    },
    otherwise=CATALOGUE_NOT_DRAFT,
)
"""The latest edition of a region: `begin` opens the one after it."""

BY_EDITION, BY_ANSWER, BY_STATEMENT = "edition", "answer", "statement"
"""How an item's version came: in a whole edition, or proved singly as an answer.

A statement is what a proved answer says of a day when the versions known here say otherwise: that
the item is out by now, or that an older version is in force after all. The fourth way is SUBMITTED.
"""

_RANKS = (SUBMITTED, BY_STATEMENT, BY_ANSWER, BY_EDITION)


class EditionHead(Record, frozen=True, kw_only=True):
    """What an edition says of itself; every chunk's packet repeats it."""

    region: str
    edition: int
    title: str
    document_number: str
    issued_date: str
    item_count: int


@traced_as("catalogue")
class EditionRecord(Traced, frozen=True, kw_only=True):
    """One edition's leaf."""

    head: EditionHead
    home_chain: str
    state: str
    recorded_ms: int
    items: int = 0  # how many have arrived
    chunks: int = 0
    digest: bytes = b""  # SM3 over the chunks' digests in order, once published
    shared: int = 0  # chunks that the other chain has acknowledged


@traced_as("catalogue_chunk")
class ChunkRecord(Traced, frozen=True, kw_only=True):
    """Which items came in a chunk; the items themselves are their own leaves."""

    codes: tuple[str, ...]
    digest: bytes
    share: str = NOT_SHARED


@traced_as("catalogue_series")
class CatalogueSeries(Traced, frozen=True, kw_only=True):
    """A region's editions: the latest number, and the highest that is published here whole."""

    latest: int = 0
    published: int = 0


class ItemVersion(Record, frozen=True, kw_only=True):
    """An item as one edition has it."""

    edition: int
    origin: str  # BY_EDITION, BY_ANSWER, BY_STATEMENT or SUBMITTED
    home_chain: str
    recorded_ms: int
    reference: str  # where a submitted one was collected, or the channel of an answer
    item: CatalogueItem


@traced_as("catalogue_item")
class ItemRecord(Traced, frozen=True, kw_only=True):
    """All versions of an item, ascending by edition and origin."""

    versions: tuple[ItemVersion, ...] = ()


@traced_as("catalogue_question")
class ItemsQuestionRecord(Traced, frozen=True, kw_only=True):
    """What was asked of another chain, and what became of it."""

    state: str
    asked: int  # how often
    asked_ms: int
    region: str
    codes: tuple[str, ...]
    date: str
    answered_ms: int = 0
    edition: int = 0  # the answering chain's latest
    missing: tuple[str, ...] = ()  # codes that are proved not to be in the catalogue on that day
    code: str = ""  # why there was no answer


def catalogue_series_key(region: str) -> str:
    """State key of a region's series."""
    return f"catalogue_series/{region}"


def edition_key(region: str, edition: int) -> str:
    """State key of an edition."""
    return f"catalogue/{region}/{edition}"


def chunk_key(region: str, edition: int, chunk: int) -> str:
    """State key of a chunk of an edition."""
    return f"catalogue_chunk/{region}/{edition}/{chunk}"


def item_key(region: str, code: str) -> str:
    """State key of an item."""
    return f"catalogue_item/{region}/{code}"


def items_question_key(question_id: str) -> str:
    """State key of a question."""
    return f"catalogue_question/{question_id}"


def item_in_force(
    view: StateView, region: str, code: str, date: str, *, proved_only: bool = False
) -> ItemVersion | None:
    """目录查询: the version of an item in force on a day (yyyymmdd), or None.

    The highest edition whose period holds the day decides; of one edition, what is proved goes
    before what the bureau submitted. A version that is not valid means the item is taken out.
    """
    record = view.load(ItemRecord, item_key(region, code))
    if record is None:
        return None
    home = region_home(view, region)
    for version in reversed(record.versions):
        item = version.item
        if (
            version.home_chain == home
            and period_holds(item.effective_from, item.effective_to, date)
            and not (proved_only and version.origin == SUBMITTED)
            and _counts(view, region, version)
        ):
            return version if item.valid else None
    return None


def version_order(version: ItemVersion) -> tuple[int, int]:
    """Ascending: by edition, what was submitted before what is proved."""
    return (version.edition, _RANKS.index(version.origin))


def _counts(view: StateView, region: str, version: ItemVersion) -> bool:
    if version.origin != BY_EDITION:
        return True
    edition = view.load(EditionRecord, edition_key(region, version.edition))
    return edition is not None and edition.state == PUBLISHED_EDITION
