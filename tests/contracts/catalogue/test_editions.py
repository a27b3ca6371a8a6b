"""Editions that count all at once, and items by day."""

from typing import Any

import pytest

from contracts.catalogue.contract import Catalogues
from contracts.catalogue.records import (
    EDITIONS,
    CatalogueSeries,
    EditionRecord,
    ItemRecord,
    edition_key,
    item_key,
)
from contracts.states import START
from proto import catalogue_pb2 as pb
from tests.contracts.catalogue.requests import (
    EDITION,
    SERIES,
    abandon,
    add,
    ask,
    begin,
    check_traces,
    edition_of,
    limit,
    publish,
    share,
    submit,
)
from tests.contracts.harness import PEOPLE, Chain
from tests.contracts.regions import (
    HOME_REGION,
    Regions,
    item,
)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Regions:
    return Regions(monkeypatch)


@pytest.fixture
def chain(net: Regions) -> Chain:
    return net.province


# ---- editions


def test_an_edition_counts_all_at_once(chain: Chain) -> None:
    chain.ok("bureau", "catalogue.begin", begin(1, 3))
    chain.ok("bureau", "catalogue.add", add([item("A1"), item("A2")]))
    assert limit(chain, "A1") == 0
    chain.refused("bureau", "catalogue.publish", publish(), "CATALOGUE_INCOMPLETE")
    chain.ok("bureau", "catalogue.add", add([item("A3")], chunk=2))
    assert limit(chain, "A1") == 0
    chain.ok("bureau", "catalogue.publish", publish())
    assert [limit(chain, code) for code in ("A1", "A2", "A3", "A4")] == [5000, 5000, 5000, 0]
    edition = chain.load(EditionRecord, EDITION)
    assert (edition.items, edition.chunks, len(edition.digest)) == (3, 2, 32)
    series = chain.load(CatalogueSeries, SERIES)
    assert (series.latest, series.published) == (1, 1)
    check_traces(chain)


def test_a_thousand_chunks_go_into_one_transaction(chain: Chain) -> None:
    chain.ok("bureau", "catalogue.begin", begin(1, 1000))
    operations = [
        add([item(f"N{n}")], chunk=n).SerializeToString(deterministic=True) for n in range(1, 1001)
    ]
    results = chain.call_raw("bureau", "catalogue.add", *operations)
    assert {one.code for one in results} == {"OK"}
    chain.ok("bureau", "catalogue.publish", publish())
    assert limit(chain, "N1000") == 5000


def test_an_update_supersedes_and_overwrites_nothing(chain: Chain) -> None:
    edition_of(chain, 1, [item("A1"), item("A2")])
    first = chain.load(ItemRecord, item_key(HOME_REGION, "A1")).versions
    newer = item("A1", price_limit_fen=4000, effective_from="20240701")
    gone = item("A2", withdrawn=True, effective_from="20240701")
    edition_of(chain, 2, [newer, gone])
    assert chain.load(ItemRecord, item_key(HOME_REGION, "A1")).versions[:1] == first
    assert [limit(chain, "A1", day) for day in ("20240630", "20240701")] == [5000, 4000]
    assert [limit(chain, "A2", day) for day in ("20240630", "20240701")] == [5000, 0]
    check_traces(chain)


def test_periods_end(chain: Chain) -> None:
    edition_of(chain, 1, [item("A1", effective_to="20241231")])
    days = ("20231231", "20240101", "20241231", "20250101")
    assert [limit(chain, "A1", day) for day in days] == [0, 5000, 5000, 0]


def test_an_abandoned_edition_never_counts_and_the_next_number_follows(chain: Chain) -> None:
    chain.ok("bureau", "catalogue.begin", begin(1, 1))
    chain.ok("bureau", "catalogue.add", add([item("A1")]))
    chain.ok("bureau", "catalogue.abandon", abandon())
    assert limit(chain, "A1") == 0
    chain.refused("bureau", "catalogue.begin", begin(1), "CATALOGUE_EDITION")
    edition_of(chain, 2, [item("A1", price_limit_fen=7)])
    assert limit(chain, "A1") == 7


CALLS = {
    "begin": lambda latest: begin(latest + 1),
    "add": lambda latest: add([item("B1")], max(latest, 1), 2),
    "publish": lambda latest: publish(max(latest, 1)),
    "abandon": lambda latest: abandon(max(latest, 1)),
    "share": lambda latest: share(1, max(latest, 1)),
}


@pytest.mark.parametrize(("state", "action", "after", "code"), list(EDITIONS.rows()))
def test_every_state_of_an_edition_and_every_action(
    chain: Chain, state: str, action: str, after: str, code: str
) -> None:
    latest = 0
    if state != START:
        latest = 1
        chain.ok("bureau", "catalogue.begin", begin(1, 2 if action == "add" else 1))
        chain.ok("bureau", "catalogue.add", add())
        if state == "published" and action == "add":
            chain.ok("bureau", "catalogue.add", add([item("A2")], chunk=2))
        if state != "draft":
            ended = publish() if state == "published" else abandon()
            name = "publish" if state == "published" else "abandon"
            chain.ok("bureau", f"catalogue.{name}", ended)
    before = dict(chain.state)
    result = chain.call("bureau", f"catalogue.{action}", CALLS[action](latest))
    assert result.code == (code or "OK")
    if code:
        changed = {key for key, value in chain.state.items() if before.get(key) != value}
        assert changed <= {EDITION, SERIES}  # the refusal in the trace, and nothing else
        if state != START:
            assert chain.load(EditionRecord, EDITION).state == state
    else:
        at = 2 if action == "begin" and latest else 1
        assert chain.load(EditionRecord, edition_key(HOME_REGION, at)).state == after
    if state != START or not code:
        check_traces(chain)


@pytest.mark.parametrize("chunk", [0, 1, 3])
def test_chunks_come_in_order_each_once(chain: Chain, chunk: int) -> None:
    chain.ok("bureau", "catalogue.begin", begin(1, 5))
    chain.ok("bureau", "catalogue.add", add())
    request = add([item("A2")], chunk=chunk)
    refusal = chain.refused("bureau", "catalogue.add", request, "CATALOGUE_CHUNK_ORDER")
    assert refusal.fields["expected"] == "2"
    assert list(chain.writes) == [EDITION]


def test_a_code_stands_once_in_an_edition(chain: Chain) -> None:
    chain.ok("bureau", "catalogue.begin", begin(1, 5))
    twice = add([item("A1"), item("A1")])
    chain.refused("bureau", "catalogue.add", twice, "CATALOGUE_ITEM_TWICE")
    chain.ok("bureau", "catalogue.add", add([item("A1")]))
    again = add([item("A2"), item("A1")], chunk=2)
    chain.refused("bureau", "catalogue.add", again, "CATALOGUE_ITEM_TWICE")
    assert item_key(HOME_REGION, "A2") not in chain.state


def test_no_more_items_than_declared(chain: Chain) -> None:
    chain.ok("bureau", "catalogue.begin", begin(1, 1))
    request = add([item("A1"), item("A2")])
    chain.refused("bureau", "catalogue.add", request, "CATALOGUE_INCOMPLETE")
    assert list(chain.writes) == [EDITION]


@pytest.mark.parametrize(
    "items",
    [
        [item(f"A{n}") for n in range(101)],
        [item(f"A{n}", name="药" * 200) for n in range(20)],
    ],
    ids=["count", "bytes"],
)
def test_a_chunk_fits_into_a_packet(chain: Chain, items: list[pb.CatalogueItem]) -> None:
    chain.ok("bureau", "catalogue.begin", begin(1, 200))
    chain.refused("bureau", "catalogue.add", add(items), "CATALOGUE_CHUNK_TOO_LARGE")


def test_an_item_has_a_limit(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contracts.catalogue.storing.ITEM_VERSIONS_MAX", 1)
    edition_of(chain, 1, [item()])
    chain.ok("bureau", "catalogue.begin", begin(2, 1))
    chain.refused("bureau", "catalogue.add", add(edition=2), "CATALOGUE_ITEM_FULL")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": ""}, "code"),
        ({"code": "a/b"}, "code"),
        ({"code": "x" * 51}, "code"),
        ({"name": ""}, "name"),
        ({"name": "a\tb"}, "name"),
        ({"list_type": "1011"}, "list_type"),
        ({"list_type": "x"}, "list_type"),
        ({"category": "04"}, "category"),
        ({"self_pay_bp": 10_001}, "self_pay_bp"),
        ({"level": "9"}, "level"),
        ({"price_limit_fen": -1}, "price_limit_fen"),
        ({"effective_from": "20240230"}, "effective_from"),
        ({"effective_to": "20231231"}, "effective_to"),
    ],
)
def test_items_are_well_formed(chain: Chain, changes: dict[str, Any], field: str) -> None:
    code = changes.pop("code", "X0001")
    chain.ok("bureau", "catalogue.begin", begin())
    request = add([item(code, **changes)])
    refusal = chain.refused("bureau", "catalogue.add", request, "MALFORMED_REQUEST")
    assert refusal.fields["field"].endswith(field)
    assert list(chain.writes) == [EDITION]


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("begin", begin(0)),
        ("begin", begin(1, 0)),
        ("begin", begin(1, 200_001)),
        ("begin", begin(region="46")),
        ("begin", begin(title="")),
        ("begin", begin(issued_date="20240001")),
        ("add", pb.AddCatalogueItemsRequest(region=HOME_REGION, edition=1, chunk=1)),
        ("abandon", abandon(reason="")),
        ("request_remote", ask(question_id="AB" * 16)),
        ("request_remote", ask("b", "a")),
        ("request_remote", ask("a", "a")),
        ("request_remote", ask(*[f"a{n:02}" for n in range(17)])),
        ("request_remote", ask(codes=[])),
        ("request_remote", ask(date="2024")),
        ("request_remote", ask(channel="a/b")),
        ("store_remote", submit(edition=0)),
        ("store_remote", submit(reference="")),
        ("store_remote", submit(home_chain="a/b")),
    ],
)
def test_requests_are_well_formed(chain: Chain, name: str, request_: Any) -> None:
    if name in ("add", "abandon"):
        chain.ok("bureau", "catalogue.begin", begin())
    before = {key for key in chain.state if key.startswith("catalogue")}
    chain.refused("bureau", f"catalogue.{name}", request_, "MALFORMED_REQUEST")
    assert set(chain.writes) <= before


@pytest.mark.parametrize("method", sorted(Catalogues.methods()))
def test_only_the_bureau_calls(chain: Chain, method: str) -> None:
    edition_of(chain, 1, [item()])
    requests = {
        "begin": begin(2),
        "add": add(),
        "publish": publish(),
        "abandon": abandon(),
        "share": share(),
        "request_remote": ask(),
        "store_remote": submit(),
    }
    for who, (_, roles) in PEOPLE.items():
        if "bureau" not in roles:
            chain.refused(who, f"catalogue.{method}", requests[method], "NOT_PERMITTED")
            assert not chain.writes
