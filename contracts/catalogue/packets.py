"""Packets about catalogues: a chunk of an edition that its home shares, and single items asked for.

The answer to a question travels in the receipt, so it is proved like everything that arrives.
"""

from msgspec.structs import replace

from contracts.bridge.operations import Delivery, incoming, on_receipt
from contracts.catalogue.codes import (
    CATALOGUE_CHUNK_ORDER,
    CATALOGUE_CONFLICT,
    CATALOGUE_NOT_FOUND,
)
from contracts.catalogue.head import QUESTION_CODES_MAX, check_head, read_codes
from contracts.catalogue.item import CatalogueItem, Chunk, check_item, check_items, read_edition
from contracts.catalogue.records import (
    BY_ANSWER,
    DRAFT,
    CatalogueSeries,
    ChunkRecord,
    EditionHead,
    EditionRecord,
    ItemsQuestionRecord,
    ItemVersion,
    catalogue_series_key,
    chunk_key,
    edition_key,
    item_in_force,
    items_question_key,
)
from contracts.catalogue.storing import (
    add_chunk,
    add_version,
    edition_digest,
    publish_edition,
    state_of_day,
)
from contracts.fields import random_id
from contracts.framework import OK, Context
from contracts.intake import check_packet
from contracts.publication.codes import ANSWER_NOT_MATCHING
from contracts.publication.region import (
    PROVED,
    SHARED_HERE,
    claim_region,
    period_holds,
    read_chain,
    read_day,
    read_region,
    region_home,
)
from contracts.publication.states import ANSWER, CONFIRM, FAIL, QUESTIONS, REFUSE, SHARES
from faults import Rejected
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record, decode, encode

CATALOGUE_CHUNK, CATALOGUE_QUESTION = "CATALOGUE_CHUNK", "CATALOGUE_QUESTION"


class ChunkBody(Record, frozen=True, kw_only=True):
    """Body of CATALOGUE_CHUNK: the edition's head, and the chunk with its number."""

    head: EditionHead
    chunks: int
    digest: bytes  # of the whole edition
    number: int
    chunk: Chunk


class ChunkStored(Record, frozen=True, kw_only=True):
    """Result of CATALOGUE_CHUNK."""

    object: str
    digest: bytes


class ItemsQuestion(Record, frozen=True, kw_only=True):
    """Body of CATALOGUE_QUESTION."""

    question_id: str
    region: str
    codes: tuple[str, ...]
    date: str


class AnsweredItem(Record, frozen=True, kw_only=True):
    """An item in force on the day, and the edition it stands in."""

    edition: int
    item: CatalogueItem


class ItemsAnswer(Record, frozen=True, kw_only=True):
    """Result of CATALOGUE_QUESTION; codes of the question that have no item are not in force."""

    home_chain: str
    edition: int  # the answering chain's latest whole edition
    items: tuple[AnsweredItem, ...]


@incoming(CATALOGUE_CHUNK, next_action="resend")
def receive_chunk(ctx: Context, delivery: Delivery) -> bytes:
    """A chunk of a region's edition; with the last one the edition is in force here."""
    packet = delivery.packet
    body = decode(ChunkBody, packet.body)
    head = body.head
    check_head(head)
    check_items(body.chunk.items)
    at = chunk_key(head.region, head.edition, body.number)
    check_packet(packet, packet.source, at)
    claim_region(ctx, head.region, packet.source, SHARED_HERE)
    key = edition_key(head.region, head.edition)
    ctx.keep_refusal(key, "add")
    edition = ctx.load(EditionRecord, key)
    if edition is None:
        edition = _receive_edition(ctx, head, packet.source)
    if edition.head != head:
        raise Rejected(CATALOGUE_CONFLICT, object=key)
    if not 1 <= body.number <= body.chunks:
        raise Rejected(CATALOGUE_CHUNK_ORDER, chunk=body.number, expected=body.chunks)
    add_chunk(ctx, edition, body.number, body.chunk)
    edition = ctx.require(EditionRecord, key)
    if edition.chunks == body.chunks:
        if edition_digest(ctx, edition) != body.digest:
            raise Rejected(CATALOGUE_CONFLICT, object=key)
        publish_edition(ctx, edition)
    return encode(ChunkStored(object=at, digest=body.chunk.digest()))


@on_receipt(CATALOGUE_CHUNK)
def chunk_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The chunk is confirmed, or may be sent again; with the last one the edition is shared."""
    body = decode(ChunkBody, packet.body)
    at = chunk_key(body.head.region, body.head.edition, body.number)
    record = ctx.require(ChunkRecord, at, CATALOGUE_NOT_FOUND)
    confirmed = receipt.outcome == OK
    share = SHARES.move(record.share, CONFIRM if confirmed else REFUSE, object=at)
    ctx.store(at, record.changed(share=share))
    if not confirmed:
        ctx.emit(at, "share_refused", receipt.code or receipt.outcome)
        return
    ctx.emit(at, "share", chain=packet.destination)
    key = edition_key(body.head.region, body.head.edition)
    edition = ctx.require(EditionRecord, key, CATALOGUE_NOT_FOUND)
    ctx.store(key, edition.changed(shared=edition.shared + 1))
    if edition.shared + 1 == edition.chunks:
        ctx.emit(key, "share", chain=packet.destination, chunks=edition.chunks)


@incoming(CATALOGUE_QUESTION, next_action="ask_elsewhere")
def answer_question(ctx: Context, delivery: Delivery) -> bytes:
    """The answer is of a catalogue that stands here whole; otherwise "not in it" would mislead."""
    packet = delivery.packet
    asked = decode(ItemsQuestion, packet.body)
    key = items_question_key(random_id("question_id", asked.question_id))
    region, date = read_region(asked.region), read_day("date", asked.date)
    codes = read_codes(asked.codes)
    check_packet(packet, packet.source, key)
    series = ctx.load(CatalogueSeries, catalogue_series_key(region))
    if series is None or not series.published:
        raise Rejected(CATALOGUE_NOT_FOUND, region=region)
    found = [item_in_force(ctx.view, region, code, date, proved_only=True) for code in codes]
    items = tuple(
        AnsweredItem(edition=one.edition, item=one.item) for one in found if one is not None
    )
    home = region_home(ctx.view, region)
    return encode(ItemsAnswer(home_chain=home, edition=series.published, items=items))


@on_receipt(CATALOGUE_QUESTION)
def question_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """Proved items are cached with their edition, codes that are missing are noted."""
    asked = decode(ItemsQuestion, packet.body)
    key = items_question_key(asked.question_id)
    question = ctx.require(ItemsQuestionRecord, key)
    code, answer = receipt.code or receipt.outcome, None
    if receipt.outcome == OK:
        try:
            answer = ctx.attempt(lambda: _store_answer(ctx, asked, packet.channel, receipt.result))
        except Rejected as refused:
            code = refused.code.name
    state = QUESTIONS.move(question.state, FAIL if answer is None else ANSWER, object=key)
    closed = question.changed(state=state, answered_ms=ctx.time_ms)
    if answer is None:
        ctx.store(key, closed.changed(code=code, missing=(), edition=0))
        ctx.emit(key, "no_answer", code, chain=packet.destination)
        return
    here = [one.item.code for one in answer.items]
    missing = tuple(one for one in asked.codes if one not in here)
    ctx.store(key, closed.changed(code="", missing=missing, edition=answer.edition))
    ctx.emit(
        key,
        "answer",
        chain=packet.destination,
        edition=answer.edition,
        found=len(here),
        missing=len(missing),
    )


def _receive_edition(ctx: Context, head: EditionHead, home_chain: str) -> EditionRecord:
    key = edition_key(head.region, head.edition)
    record = EditionRecord(head=head, home_chain=home_chain, state=DRAFT, recorded_ms=ctx.time_ms)
    ctx.store(key, record)
    ctx.emit(key, "receive", home=home_chain, items=head.item_count)
    return ctx.require(EditionRecord, key)


def _store_answer(ctx: Context, asked: ItemsQuestion, channel: str, result: bytes) -> ItemsAnswer:
    answer = decode(ItemsAnswer, result)
    read_edition(answer.edition)
    home = read_chain("home_chain", answer.home_chain)
    claim_region(ctx, asked.region, home, PROVED)
    if len(answer.items) > QUESTION_CODES_MAX:
        raise Rejected(ANSWER_NOT_MATCHING, items=len(answer.items))
    codes = [one.item.code for one in answer.items]
    if codes != [code for code in asked.codes if code in codes]:
        raise Rejected(ANSWER_NOT_MATCHING, items=len(codes))
    for one in answer.items:
        _store_item(ctx, asked, _version(ctx, home, channel, one), answer.edition)
    for code in asked.codes:
        standing = item_in_force(ctx.view, asked.region, code, asked.date)
        if standing is not None and code not in codes:
            gone = replace(standing.item, valid=False)
            out = AnsweredItem(edition=answer.edition, item=gone)
            state_of_day(ctx, asked.region, asked.date, _version(ctx, home, channel, out))
    return answer


def _store_item(ctx: Context, asked: ItemsQuestion, version: ItemVersion, latest: int) -> None:
    item = version.item
    check_item("items", item)
    in_period = period_holds(item.effective_from, item.effective_to, asked.date)
    if not (item.valid and in_period and 1 <= version.edition <= latest):
        raise Rejected(ANSWER_NOT_MATCHING, item=item.code)
    add_version(ctx, asked.region, version)
    said = replace(version, edition=latest)
    state_of_day(ctx, asked.region, asked.date, said)


def _version(ctx: Context, home: str, channel: str, one: AnsweredItem) -> ItemVersion:
    return ItemVersion(
        edition=one.edition,
        origin=BY_ANSWER,
        home_chain=home,
        recorded_ms=ctx.time_ms,
        reference=channel,
        item=one.item,
    )
