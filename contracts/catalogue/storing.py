"""Putting items on the chain: a version is added to each item's leaf, and none is replaced."""

from msgspec.structs import replace

from contracts.catalogue.codes import (
    CATALOGUE_CHUNK_ORDER,
    CATALOGUE_CONFLICT,
    CATALOGUE_INCOMPLETE,
    CATALOGUE_ITEM_FULL,
    CATALOGUE_ITEM_KNOWN,
    CATALOGUE_ITEM_TWICE,
)
from contracts.catalogue.item import CatalogueItem, Chunk
from contracts.catalogue.records import (
    ADD,
    BY_ANSWER,
    BY_EDITION,
    BY_STATEMENT,
    EDITIONS,
    PUBLISH,
    CatalogueSeries,
    ChunkRecord,
    EditionRecord,
    ItemRecord,
    ItemVersion,
    catalogue_series_key,
    chunk_key,
    edition_key,
    item_in_force,
    item_key,
    version_order,
)
from contracts.framework import Context
from contracts.publication.region import SUBMITTED
from crypto.digest import sm3
from faults import Rejected

ITEM_VERSIONS_MAX = 200
CHUNKS_MAX = 2000


def add_version(ctx: Context, region: str, version: ItemVersion) -> bool:
    """Add a version to its item's leaf; False when this very version stands there already.

    Raises Rejected CATALOGUE_ITEM_TWICE, CATALOGUE_ITEM_KNOWN, CATALOGUE_CONFLICT or
    CATALOGUE_ITEM_FULL.
    """
    key = item_key(region, version.item.code)
    record = ctx.load(ItemRecord, key) or ItemRecord()
    if _stands(record, version):
        return False
    if len(record.versions) >= ITEM_VERSIONS_MAX:
        raise Rejected(CATALOGUE_ITEM_FULL, item=version.item.code, versions=ITEM_VERSIONS_MAX)
    versions = sorted((*record.versions, version), key=version_order)
    ctx.store(key, record.changed(versions=tuple(versions)))
    ctx.emit(key, "version", edition=version.edition, origin=version.origin)
    return True


def _stands(record: ItemRecord, version: ItemVersion) -> bool:
    """Judge what the leaf already holds of the same edition; only an equal answer stands twice."""
    code, submitted = version.item.code, version.origin == SUBMITTED
    for one in record.versions:
        if (one.edition, one.home_chain) != (version.edition, version.home_chain):
            continue
        if one.origin == BY_STATEMENT or version.origin == BY_STATEMENT:
            continue
        if one.origin == version.origin == BY_EDITION:
            raise Rejected(CATALOGUE_ITEM_TWICE, item=code, edition=version.edition)
        if one.origin == SUBMITTED and not submitted:
            continue  # a proof stands beside what the bureau said, and goes before it
        if one.item != version.item:
            raise Rejected(CATALOGUE_CONFLICT, item=code, edition=version.edition)
        if submitted:
            raise Rejected(CATALOGUE_ITEM_KNOWN, item=code, edition=version.edition)
        if version.origin == BY_ANSWER:
            return True
    return False


def state_of_day(ctx: Context, region: str, date: str, said: ItemVersion) -> None:
    """Make the leaf say what a proved answer says of a day (`said.item.valid` False = it is out).

    `said.edition` is the answering chain's latest edition. An answer older than what stands here
    changes nothing; one of the same edition that contradicts it is Rejected(CATALOGUE_CONFLICT).
    """
    code = said.item.code
    standing = item_in_force(ctx.view, region, code, date)
    held = said.item if said.item.valid else None
    if (standing.item if standing else None) == held:
        return
    if standing is not None and standing.origin != SUBMITTED:
        if standing.edition > said.edition:
            return
        if standing.edition == said.edition and standing.origin != BY_STATEMENT:
            raise Rejected(CATALOGUE_CONFLICT, item=code, edition=said.edition)
    item = replace(said.item, effective_from=date)
    add_version(ctx, region, replace(said, origin=BY_STATEMENT, item=item))


def add_chunk(ctx: Context, edition: EditionRecord, number: int, chunk: Chunk) -> None:
    """Add a chunk's items and count them. Raises Rejected also for a chunk that is not due."""
    head = edition.head
    key = edition_key(head.region, head.edition)
    state = EDITIONS.move(edition.state, ADD, object=key)
    at = chunk_key(head.region, head.edition, number)
    if not 1 <= number <= CHUNKS_MAX or ctx.view.get(at) is not None:
        raise Rejected(CATALOGUE_CHUNK_ORDER, chunk=number, expected=edition.chunks + 1)
    items = edition.items + len(chunk.items)
    if items > head.item_count:
        raise Rejected(CATALOGUE_INCOMPLETE, items=items, declared=head.item_count)
    for item in chunk.items:
        add_version(ctx, head.region, _of_edition(ctx, edition, item))
    codes = tuple(item.code for item in chunk.items)
    ctx.store(at, ChunkRecord(codes=codes, digest=chunk.digest()))
    ctx.emit(at, "record", items=len(codes))
    ctx.store(key, edition.changed(state=state, items=items, chunks=edition.chunks + 1))
    ctx.emit(key, "add", chunk=number, items=len(codes), digest=chunk.digest().hex())


def publish_edition(ctx: Context, edition: EditionRecord) -> EditionRecord:
    """Put a complete edition in force; returns the record as stored."""
    head = edition.head
    key = edition_key(head.region, head.edition)
    state = EDITIONS.move(edition.state, PUBLISH, object=key)
    if edition.items != head.item_count:
        raise Rejected(CATALOGUE_INCOMPLETE, items=edition.items, declared=head.item_count)
    digest = edition_digest(ctx, edition)
    ctx.store(key, edition.changed(state=state, digest=digest))
    ctx.emit(key, "publish", items=edition.items, digest=digest.hex())
    series_at = catalogue_series_key(head.region)
    series = ctx.load(CatalogueSeries, series_at) or CatalogueSeries()
    published, latest = max(series.published, head.edition), max(series.latest, head.edition)
    ctx.store(series_at, series.changed(published=published, latest=latest))
    ctx.emit(series_at, "publish", edition=head.edition, digest=digest.hex())
    return ctx.require(EditionRecord, key)


def edition_digest(ctx: Context, edition: EditionRecord) -> bytes:
    """SM3 over the chunks' digests in order: the same on every chain that holds the edition."""
    head = edition.head
    keys = (chunk_key(head.region, head.edition, number) for number in range(1, edition.chunks + 1))
    return sm3(b"".join(ctx.require(ChunkRecord, key).digest for key in keys))


def _of_edition(ctx: Context, edition: EditionRecord, item: CatalogueItem) -> ItemVersion:
    return ItemVersion(
        edition=edition.head.edition,
        origin=BY_EDITION,
        home_chain=edition.home_chain,
        recorded_ms=ctx.time_ms,
        reference="",
        item=item,
    )
