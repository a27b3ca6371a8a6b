"""Requests about catalogues and what the tests ask of them."""

from collections.abc import Sequence
from typing import Any

from contracts.catalogue.records import (
    CatalogueSeries,
    ChunkRecord,
    EditionRecord,
    ItemRecord,
    ItemsQuestionRecord,
    catalogue_series_key,
    chunk_key,
    edition_key,
    item_in_force,
    items_question_key,
)
from contracts.state_view import StateView
from proto import catalogue_pb2 as pb
from tests.contracts.harness import Chain
from tests.contracts.regions import (
    GUANGDONG,
    HOME_REGION,
    REMOTE_REGION,
    Regions,
    item,
)

DATE = "20240816"
QUESTION_ID = "ab" * 16
QUESTION = items_question_key(QUESTION_ID)
EDITION = edition_key(HOME_REGION, 1)
CHUNK = chunk_key(HOME_REGION, 1, 1)
SERIES = catalogue_series_key(HOME_REGION)


def begin(edition: int = 1, count: int = 1, /, **changes: Any) -> pb.BeginCatalogueRequest:
    given: dict[str, Any] = {
        "region": HOME_REGION,
        "edition": edition,
        "title": "医保目录",
        "document_number": "琼医保发〔2024〕2号",
        "issued_date": "20231215",
        "item_count": count,
    }
    return pb.BeginCatalogueRequest(**{**given, **changes})


def add(
    items: Sequence[pb.CatalogueItem] = (), edition: int = 1, chunk: int = 1, **changes: Any
) -> pb.AddCatalogueItemsRequest:
    given: dict[str, Any] = {
        "region": HOME_REGION, "edition": edition, "chunk": chunk, "items": items or [item()]
    }  # fmt: skip
    return pb.AddCatalogueItemsRequest(**{**given, **changes})


def publish(edition: int = 1, region: str = HOME_REGION) -> pb.PublishCatalogueRequest:
    return pb.PublishCatalogueRequest(region=region, edition=edition)


def abandon(edition: int = 1, reason: str = "wrong file") -> pb.AbandonCatalogueRequest:
    return pb.AbandonCatalogueRequest(region=HOME_REGION, edition=edition, reason=reason)


def share(chunk: int = 1, edition: int = 1, region: str = HOME_REGION) -> pb.ShareCatalogueRequest:
    return pb.ShareCatalogueRequest(region=region, edition=edition, chunk=chunk)


def ask(*codes: str, **changes: Any) -> pb.RequestRemoteItemsRequest:
    given: dict[str, Any] = {
        "question_id": QUESTION_ID,
        "region": REMOTE_REGION,
        "codes": codes or ("X0001",),
        "date": DATE,
    }
    return pb.RequestRemoteItemsRequest(**{**given, **changes})


def submit(*items: pb.CatalogueItem, **changes: Any) -> pb.StoreRemoteItemsRequest:
    given: dict[str, Any] = {
        "region": REMOTE_REGION,
        "edition": 1,
        "home_chain": GUANGDONG,
        "reference": "官网公告",
        "items": items or [item()],
    }
    return pb.StoreRemoteItemsRequest(**{**given, **changes})


def edition_of(
    chain: Chain,
    number: int,
    *chunks: Sequence[pb.CatalogueItem],
    region: str = HOME_REGION,
) -> None:
    count = sum(len(one) for one in chunks)
    chain.ok("bureau", "catalogue.begin", begin(number, count, region=region))
    for index, items in enumerate(chunks, start=1):
        chain.ok("bureau", "catalogue.add", add(items, number, index, region=region))
    chain.ok("bureau", "catalogue.publish", publish(number, region))


def shared_remote(net: Regions, number: int, *items: pb.CatalogueItem) -> None:
    edition_of(net.guangdong, number, items, region=REMOTE_REGION)
    net.guangdong.ok("bureau", "catalogue.share", share(1, number, REMOTE_REGION))
    assert net.send_all(net.guangdong) == ["OK"]


def asked(net: Regions, *codes: str, **changes: Any) -> ItemsQuestionRecord:
    net.province.ok("bureau", "catalogue.request_remote", ask(*codes, **changes))
    net.send_all(net.province)
    return net.province.load(ItemsQuestionRecord, QUESTION)


def limit(
    chain: Chain,
    code: str = "X0001",
    date: str = DATE,
    region: str = HOME_REGION,
    **how: bool,
) -> int:
    """The price limit in force, by which the tests tell versions apart; 0 = not in the list."""
    found = item_in_force(StateView(chain), region, code, date, **how)
    return 0 if found is None else found.item.price_limit_fen


def check_traces(chain: Chain) -> None:
    kinds: dict[str, Any] = {
        "catalogue": EditionRecord,
        "catalogue_chunk": ChunkRecord,
        "catalogue_series": CatalogueSeries,
        "catalogue_item": ItemRecord,
        "catalogue_question": ItemsQuestionRecord,
    }
    seen = 0
    for key in sorted(chain.state):
        cls = kinds.get(key.split("/", 1)[0])
        if cls is not None:
            record = chain.load(cls, key)
            chain.check_trace(key, record.trace_count, record.trace_head)
            seen += 1
    assert seen
