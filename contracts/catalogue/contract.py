"""Medical-insurance catalogues: editions, sharing, asking another chain, keeping what it says."""

from contracts.bridge.codes import SENDING
from contracts.bridge.outbox import send_packet
from contracts.catalogue.codes import (
    CATALOGUE_CHUNK_ORDER,
    CATALOGUE_CHUNK_TOO_LARGE,
    CATALOGUE_CONFLICT,
    CATALOGUE_DRAFT_OPEN,
    CATALOGUE_EDITION,
    CATALOGUE_INCOMPLETE,
    CATALOGUE_ITEM_FULL,
    CATALOGUE_ITEM_KNOWN,
    CATALOGUE_ITEM_TWICE,
    CATALOGUE_NOT_DRAFT,
    CATALOGUE_NOT_FOUND,
    CATALOGUE_NOT_PUBLISHED,
)
from contracts.catalogue.head import read_codes, read_head
from contracts.catalogue.item import Chunk, read_edition, read_items
from contracts.catalogue.packets import (
    CATALOGUE_CHUNK,
    CATALOGUE_QUESTION,
    ChunkBody,
    ItemsQuestion,
)
from contracts.catalogue.records import (
    ABANDON,
    BEGIN,
    DRAFT,
    EDITIONS,
    SHARE_CHUNK,
    CatalogueSeries,
    ChunkRecord,
    EditionRecord,
    ItemRecord,
    ItemsQuestionRecord,
    ItemVersion,
    catalogue_series_key,
    chunk_key,
    edition_key,
    item_key,
    items_question_key,
)
from contracts.catalogue.storing import add_chunk, add_version, publish_edition
from contracts.fields import identifier, random_id, text
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.publication.codes import (
    ALREADY_SHARED,
    QUESTION_PENDING,
    REGION_IS_LOCAL,
    REGION_NOT_ASSIGNED,
    REGION_OTHER_HOME,
    SHARE_PENDING,
)
from contracts.publication.region import (
    PUBLISHED,
    SUBMITTED,
    check_remote,
    claim_region,
    read_chain,
    read_day,
    read_region,
)
from contracts.publication.states import ASK, QUESTIONS, SHARE, SHARES
from contracts.states import START
from faults import Rejected
from proto.catalogue_pb2 import (
    AbandonCatalogueRequest,
    AddCatalogueItemsRequest,
    BeginCatalogueRequest,
    PublishCatalogueRequest,
    RequestRemoteItemsRequest,
    ShareCatalogueRequest,
    StoreRemoteItemsRequest,
)

BUREAU = Rule(roles=("bureau",))


class Catalogues(Contract):
    """The bureau's catalogue, and its copies of other regions' items."""

    name = "catalogue"

    @method(
        request=BeginCatalogueRequest,
        rule=BUREAU,
        errors=(CATALOGUE_EDITION, CATALOGUE_DRAFT_OPEN, REGION_NOT_ASSIGNED, REGION_OTHER_HOME),
        saves_failure=lambda request: catalogue_series_key(request.region),
    )
    def begin(self, ctx: Context, request: BeginCatalogueRequest) -> Result:
        """Open an edition of this region's catalogue (本省医保目录采集, 2.2.1.4.5.2)."""
        head = read_head(request)
        claim_region(ctx, head.region, ctx.chain_id, PUBLISHED)
        series_at = catalogue_series_key(head.region)
        series = ctx.load(CatalogueSeries, series_at) or CatalogueSeries()
        latest = ctx.load(EditionRecord, edition_key(head.region, series.latest))
        state = EDITIONS.move(latest.state if latest else START, BEGIN, edition=series.latest)
        if head.edition != series.latest + 1:
            raise Rejected(CATALOGUE_EDITION, edition=head.edition, expected=series.latest + 1)
        key = edition_key(head.region, head.edition)
        ctx.store(
            key,
            EditionRecord(head=head, home_chain=ctx.chain_id, state=state, recorded_ms=ctx.time_ms),
        )
        ctx.emit(key, "begin", items=head.item_count)
        ctx.store(series_at, series.changed(latest=head.edition))
        ctx.emit(series_at, "begin", edition=head.edition)
        return {"object": key, "edition": head.edition}

    @method(
        request=AddCatalogueItemsRequest,
        rule=BUREAU,
        errors=(
            CATALOGUE_NOT_FOUND,
            CATALOGUE_NOT_DRAFT,
            CATALOGUE_CHUNK_ORDER,
            CATALOGUE_CHUNK_TOO_LARGE,
            CATALOGUE_INCOMPLETE,
            CATALOGUE_ITEM_TWICE,
            CATALOGUE_ITEM_FULL,
            REGION_OTHER_HOME,
        ),
        saves_failure=lambda request: edition_key(request.region, request.edition),
    )
    def add(self, ctx: Context, request: AddCatalogueItemsRequest) -> Result:
        """Add a chunk of items to an open edition (目录项目上链, 2.2.1.4.5.2)."""
        edition = _local_edition(ctx, request.region, request.edition)
        items = read_items(request.items)
        # The state is judged first: what is closed takes no chunk, whatever its number.
        if edition.state == DRAFT and request.chunk != edition.chunks + 1:
            expected = edition.chunks + 1
            raise Rejected(CATALOGUE_CHUNK_ORDER, chunk=request.chunk, expected=expected)
        add_chunk(ctx, edition, request.chunk, Chunk(items=items))
        at = chunk_key(request.region, request.edition, request.chunk)
        return {"object": at, "items": len(items)}

    @method(
        request=PublishCatalogueRequest,
        rule=BUREAU,
        errors=(
            CATALOGUE_NOT_FOUND,
            CATALOGUE_NOT_DRAFT,
            CATALOGUE_INCOMPLETE,
            REGION_OTHER_HOME,
        ),
        saves_failure=lambda request: edition_key(request.region, request.edition),
    )
    def publish(self, ctx: Context, request: PublishCatalogueRequest) -> Result:
        """Put a complete edition in force, all of it at once (本省医保目录上链, 2.2.1.4.5.2)."""
        edition = publish_edition(ctx, _local_edition(ctx, request.region, request.edition))
        key = edition_key(request.region, request.edition)
        return {"object": key, "items": edition.items, "digest": edition.digest.hex()}

    @method(
        request=AbandonCatalogueRequest,
        rule=BUREAU,
        errors=(CATALOGUE_NOT_FOUND, CATALOGUE_NOT_DRAFT, REGION_OTHER_HOME),
        saves_failure=lambda request: edition_key(request.region, request.edition),
    )
    def abandon(self, ctx: Context, request: AbandonCatalogueRequest) -> Result:
        """Give up an open edition: its items never count (放弃目录版本, 2.2.1.4.5.2)."""
        edition = _local_edition(ctx, request.region, request.edition)
        reason = text("reason", request.reason, required=True)
        key = edition_key(request.region, request.edition)
        ctx.store(key, edition.changed(state=EDITIONS.move(edition.state, ABANDON, object=key)))
        ctx.emit(key, "abandon", reason=reason)
        return {"object": key}

    @method(
        request=ShareCatalogueRequest,
        rule=BUREAU,
        errors=(
            CATALOGUE_NOT_FOUND,
            CATALOGUE_NOT_PUBLISHED,
            SHARE_PENDING,
            ALREADY_SHARED,
            REGION_OTHER_HOME,
            *SENDING,
        ),
        saves_failure=lambda request: edition_key(request.region, request.edition),
    )
    def share(self, ctx: Context, request: ShareCatalogueRequest) -> Result:
        """Share a chunk of a published edition (本省医保目录共享, 2.2.1.4.5.4)."""
        edition = _local_edition(ctx, request.region, request.edition)
        EDITIONS.move(edition.state, SHARE_CHUNK, edition=request.edition)
        at = chunk_key(request.region, request.edition, request.chunk)
        chunk = ctx.require(ChunkRecord, at, CATALOGUE_NOT_FOUND)
        share = SHARES.move(chunk.share, SHARE, object=at)
        packet_id = send_packet(
            ctx,
            operation=CATALOGUE_CHUNK,
            lane_object=at,
            home_chain=ctx.chain_id,
            body=ChunkBody(
                head=edition.head,
                chunks=edition.chunks,
                digest=edition.digest,
                number=request.chunk,
                chunk=_chunk_of(ctx, edition, chunk),
            ),
        )
        ctx.store(at, chunk.changed(share=share))
        ctx.emit(at, "share_asked", packet=packet_id.hex())
        return {"object": at, "packet": packet_id.hex()}

    @method(
        request=RequestRemoteItemsRequest,
        rule=BUREAU,
        errors=(REGION_IS_LOCAL, QUESTION_PENDING, *SENDING),
        saves_failure=lambda request: items_question_key(request.question_id),
    )
    def request_remote(self, ctx: Context, request: RequestRemoteItemsRequest) -> Result:
        """Ask another chain for items on a day (异地医保目录查询, 2.2.1.6.16.2).

        Clause 2.2.1.4.5.6.
        """
        key = items_question_key(random_id("question_id", request.question_id))
        region, date = read_region(request.region), read_day("date", request.date)
        codes = read_codes(request.codes)
        channel = identifier("channel", request.channel) if request.channel else None
        check_remote(ctx, region)
        before = ctx.load(ItemsQuestionRecord, key)
        state = QUESTIONS.move(before.state if before else START, ASK, object=key)
        fresh = ItemsQuestionRecord(
            state=state, asked=0, asked_ms=0, region=region, codes=codes, date=date
        )
        question = before or fresh
        packet_id = send_packet(
            ctx,
            operation=CATALOGUE_QUESTION,
            lane_object=key,
            home_chain=ctx.chain_id,
            body=ItemsQuestion(
                question_id=request.question_id, region=region, codes=codes, date=date
            ),
            channel=channel,
            cycle=question.asked + 1,
        )
        asked = question.changed(
            state=state,
            asked=question.asked + 1,
            asked_ms=ctx.time_ms,
            region=region,
            codes=codes,
            date=date,
        )
        ctx.store(key, asked)
        ctx.emit(key, "ask", packet=packet_id.hex(), asked=asked.asked, codes=len(codes))
        return {"object": key, "packet": packet_id.hex()}

    @method(
        request=StoreRemoteItemsRequest,
        rule=BUREAU,
        errors=(
            CATALOGUE_CHUNK_TOO_LARGE,
            CATALOGUE_ITEM_TWICE,
            CATALOGUE_ITEM_KNOWN,
            CATALOGUE_CONFLICT,
            CATALOGUE_ITEM_FULL,
            REGION_IS_LOCAL,
            REGION_OTHER_HOME,
        ),
    )
    def store_remote(self, ctx: Context, request: StoreRemoteItemsRequest) -> Result:
        """Keep collected items of another region's edition (异地医保目录上链, 2.2.1.6.16.3).

        Clauses 2.2.1.6.1.
        """
        region, edition = read_region(request.region), read_edition(request.edition)
        home = read_chain("home_chain", request.home_chain)
        reference = text("reference", request.reference, required=True)
        items = read_items(request.items)
        check_remote(ctx, region)
        claim_region(ctx, region, home, SUBMITTED)
        for item in items:
            version = ItemVersion(
                edition=edition,
                origin=SUBMITTED,
                home_chain=home,
                recorded_ms=ctx.time_ms,
                reference=reference,
                item=item,
            )
            add_version(ctx, region, version)
        return {"region": region, "edition": edition, "items": len(items)}


def _local_edition(ctx: Context, region: str, edition: int) -> EditionRecord:
    """An edition that this chain itself made; others' editions can't be worked on here."""
    key = edition_key(read_region(region), read_edition(edition))
    record = ctx.require(EditionRecord, key, CATALOGUE_NOT_FOUND)
    if record.home_chain != ctx.chain_id:
        raise Rejected(REGION_OTHER_HOME, region=region, home=record.home_chain)
    return record


def _chunk_of(ctx: Context, edition: EditionRecord, chunk: ChunkRecord) -> Chunk:
    """The chunk's items as they stand in the edition, from their leaves."""
    items = []
    for code in chunk.codes:
        record = ctx.require(ItemRecord, item_key(edition.head.region, code), CATALOGUE_NOT_FOUND)
        items += [
            one.item
            for one in record.versions
            if one.edition == edition.head.edition and one.home_chain == edition.home_chain
        ]
    return Chunk(items=tuple(items))
