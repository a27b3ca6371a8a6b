"""Catalogues between chains: sharing, questions, what is proved and what was collected."""

from typing import Any

import pytest

from contracts.catalogue import contract, packets
from contracts.catalogue.item import read_items
from contracts.catalogue.packets import AnsweredItem, ItemsAnswer
from contracts.catalogue.records import (
    CatalogueSeries,
    ChunkRecord,
    EditionRecord,
    ItemRecord,
    ItemsQuestionRecord,
    catalogue_series_key,
    edition_key,
    item_key,
)
from contracts.publication.states import QUESTIONS, SHARES
from contracts.states import START
from ledger.records import encode
from proto import catalogue_pb2 as pb
from tests.contracts.catalogue.requests import (
    CHUNK,
    DATE,
    EDITION,
    QUESTION,
    QUESTION_ID,
    add,
    ask,
    asked,
    begin,
    check_traces,
    edition_of,
    limit,
    publish,
    share,
    shared_remote,
    submit,
)
from tests.contracts.harness import PROVINCE, Chain
from tests.contracts.regions import (
    GUANGDONG,
    HOME_REGION,
    REMOTE_REGION,
    Regions,
    answer,
    assign,
    item,
)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Regions:
    return Regions(monkeypatch)


@pytest.fixture
def chain(net: Regions) -> Chain:
    return net.province


# ---- sharing


def test_a_shared_edition_is_whole_there_whatever_the_order(net: Regions) -> None:
    edition_of(net.province, 1, [item("A1")], [item("A2")], [item("A3")])
    for chunk in (3, 1, 2):
        net.province.ok("bureau", "catalogue.share", share(chunk))
        assert limit(net.national, "A3") == 0
        assert net.send_all(net.province) == ["OK"]
    here, there = (one.load(EditionRecord, EDITION) for one in (net.province, net.national))
    assert (there.home_chain, there.state, there.digest) == (PROVINCE, "published", here.digest)
    assert here.shared == here.chunks == 3
    assert net.province.trace(EDITION)[-1].action == "share"
    assert [limit(net.national, code) for code in ("A1", "A2", "A3")] == [5000] * 3
    check_traces(net.province)
    check_traces(net.national)


@pytest.mark.parametrize(("state", "action", "after", "code"), list(SHARES.rows()))
def test_every_state_of_a_shared_chunk_and_every_action(
    net: Regions, state: str, action: str, after: str, code: str
) -> None:
    chain = net.province
    edition_of(chain, 1, [item()], [item("A2")])
    number = 3 if state == START else 1
    if state in ("sharing", "shared"):
        chain.ok("bureau", "catalogue.share", share())
    if state == "shared":
        assert net.send_all(chain) == ["OK"]
    if action == "share":
        result = chain.call("bureau", "catalogue.share", share(number)).code
    else:
        told = chunk_body(chain, number)
        outcome = "OK" if action == "confirm" else "TIMEOUT"
        result = answer(chain, packets.chunk_answered, told, outcome)
    assert result == ("CATALOGUE_NOT_FOUND" if state == START else code or "OK")
    if state != START:
        assert chain.load(ChunkRecord, CHUNK).share == (after or state)
        check_traces(chain)


def chunk_body(chain: Chain, number: int) -> packets.ChunkBody:
    edition = chain.load(EditionRecord, EDITION)
    version = chain.load(ItemRecord, item_key(HOME_REGION, "X0001")).versions[0]
    return packets.ChunkBody(
        head=edition.head,
        chunks=edition.chunks,
        digest=edition.digest,
        number=number,
        chunk=packets.Chunk(items=(version.item,)),
    )


def test_a_late_chunk_is_sent_again(net: Regions) -> None:
    edition_of(net.province, 1, [item()])
    net.province.ok("bureau", "catalogue.share", share())
    net.too_late(net.province)
    assert net.province.load(ChunkRecord, CHUNK).share == "not_shared"
    assert EDITION not in net.national.state
    net.province.ok("bureau", "catalogue.share", share())
    assert net.send_all(net.province) == ["OK"]
    check_traces(net.province)


def test_another_province_shares_nothing_for_a_region_that_has_its_home(net: Regions) -> None:
    shared_remote(net, 1, item())
    assign(net.province, REMOTE_REGION, PROVINCE)
    edition_of(net.province, 1, [item(price_limit_fen=1)], region=REMOTE_REGION)
    net.province.ok("bureau", "catalogue.share", share(region=REMOTE_REGION))
    assert net.send_all(net.province) == ["REGION_OTHER_HOME"]
    assert limit(net.national, region=REMOTE_REGION) == 5000


def test_an_edition_of_another_home_is_not_worked_on_here(net: Regions) -> None:
    shared_remote(net, 1, item())
    for name, request in (
        ("add", add(region=REMOTE_REGION)),
        ("publish", publish(region=REMOTE_REGION)),
        ("share", share(region=REMOTE_REGION)),
        ("begin", begin(2, region=REMOTE_REGION)),
    ):
        net.national.refused("bureau", f"catalogue.{name}", request, "REGION_OTHER_HOME")
    assert net.national.load(EditionRecord, edition_key(REMOTE_REGION, 1)).state == "published"


@pytest.mark.parametrize("part", ["head", "digest", "number", "items"])
def test_a_chunk_that_does_not_fit_its_edition_is_refused(
    net: Regions, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    edition_of(net.province, 1, [item("A1")], [item("A2")])
    net.province.ok("bureau", "catalogue.share", share(1))
    assert net.send_all(net.province) == ["OK"]

    def spoil(ctx: Any, *, body: packets.ChunkBody, **how: Any) -> bytes:
        fields = {name: getattr(body, name) for name in packets.ChunkBody.__struct_fields__}
        if part == "head":
            fields["head"] = packets.replace(body.head, title="另一版")
        elif part == "digest":
            fields["digest"] = b"x" * 32
        elif part == "number":
            fields["chunks"] = 1
        else:
            fields["chunk"] = packets.Chunk(items=())
        return sent(ctx, body=packets.ChunkBody(**fields), **how)

    sent = contract.send_packet
    monkeypatch.setattr(contract, "send_packet", spoil)
    net.province.ok("bureau", "catalogue.share", share(2))
    codes = {
        "head": "CATALOGUE_CONFLICT",
        "digest": "CATALOGUE_CONFLICT",
        "number": "CATALOGUE_CHUNK_ORDER",
        "items": "MALFORMED_REQUEST",
    }
    assert net.send_all(net.province) == [codes[part]]
    assert limit(net.national, "A1") == 0 and limit(net.national, "A2") == 0
    check_traces(net.national)


# ---- questions to another chain


def test_a_question_brings_items_and_says_which_are_missing(net: Regions) -> None:
    shared_remote(net, 1, item("A1"), item("A3"))
    question = asked(net, "A1", "A2", "A3")
    assert (question.state, question.edition, question.missing) == ("answered", 1, ("A2",))
    assert limit(net.province, "A1", region=REMOTE_REGION, proved_only=True) == 5000
    assert limit(net.province, "A2", region=REMOTE_REGION) == 0
    check_traces(net.province)


@pytest.mark.parametrize(("state", "action", "after", "code"), list(QUESTIONS.rows()))
def test_every_state_of_a_question_and_every_action(
    net: Regions, state: str, action: str, after: str, code: str
) -> None:
    chain = net.province
    if state == "answered":
        shared_remote(net, 1, item())
    if state != START:
        chain.ok("bureau", "catalogue.request_remote", ask())
    if state in ("answered", "unanswered"):
        assert net.send_all(chain) == ["OK" if state == "answered" else "CATALOGUE_NOT_FOUND"]
    if action == "ask":
        result = chain.call("bureau", "catalogue.request_remote", ask()).code
    else:
        body = packets.ItemsQuestion(
            question_id=QUESTION_ID, region=REMOTE_REGION, codes=("X0001",), date=DATE
        )
        told = encode(ItemsAnswer(home_chain=GUANGDONG, edition=1, items=()))
        outcome = "OK" if action == "answer" else "TIMEOUT"
        handle = packets.question_answered
        # What is answered once must be answered alike, or the contradiction comes first.
        if state == "answered" and action == "answer":
            told = encode(answer_of(item()))
        result = answer(chain, handle, body, outcome, told)
    if state == START and action != "ask":
        assert result == "OBJECT_NOT_FOUND"
        return
    assert result == (code or "OK")
    assert chain.load(ItemsQuestionRecord, QUESTION).state == (after or state)
    check_traces(chain)


def answer_of(*items: pb.CatalogueItem, edition: int = 1, latest: int = 1) -> ItemsAnswer:
    told = tuple(AnsweredItem(edition=edition, item=one) for one in read_items(items))
    return ItemsAnswer(home_chain=GUANGDONG, edition=latest, items=told)


def test_a_later_answer_goes_before_an_earlier_one(net: Regions) -> None:
    shared_remote(net, 1, item("A1"))
    asked(net, "A1")
    shared_remote(net, 2, item("A1", price_limit_fen=4000))
    assert limit(net.province, "A1", region=REMOTE_REGION) == 5000
    asked(net, "A1")
    assert limit(net.province, "A1", region=REMOTE_REGION) == 4000


def test_what_was_taken_out_at_home_is_out_here_once_asked(net: Regions) -> None:
    shared_remote(net, 1, item("A1"))
    asked(net, "A1")
    shared_remote(net, 2, item("A1", withdrawn=True, effective_from="20240801"))
    assert asked(net, "A1").missing == ("A1",)
    assert limit(net.province, "A1", region=REMOTE_REGION) == 0
    assert limit(net.province, "A1", "20240731", REMOTE_REGION) == 5000
    shared_remote(net, 3, item("A1", price_limit_fen=3000, effective_from="20241001"))
    asked(net, "A1", date="20241001")
    assert limit(net.province, "A1", "20241001", REMOTE_REGION) == 3000
    assert limit(net.province, "A1", DATE, REMOTE_REGION) == 0
    check_traces(net.province)


def test_an_old_version_that_is_in_force_after_all_is_so_here(net: Regions) -> None:
    """Edition 2 takes an item out for a while; afterwards the answer is edition 1's again."""
    shared_remote(net, 1, item("A1"))
    asked(net, "A1")
    pause = item("A1", withdrawn=True, effective_from="20240801", effective_to="20240831")
    shared_remote(net, 2, pause)
    asked(net, "A1")
    assert limit(net.province, "A1", "20240901", REMOTE_REGION) == 0  # not asked about yet
    assert asked(net, "A1", date="20240901").missing == ()
    assert limit(net.province, "A1", "20240901", REMOTE_REGION) == 5000
    assert limit(net.province, "A1", "20240831", REMOTE_REGION) == 0


def test_a_chain_without_the_whole_catalogue_gives_no_answer(net: Regions) -> None:
    net.national.ok("bureau", "catalogue.store_remote", submit())
    question = asked(net)
    assert (question.state, question.code) == ("unanswered", "CATALOGUE_NOT_FOUND")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (answer_of(item("B1")), "ANSWER_NOT_MATCHING"),
        (answer_of(item(), item("X0002")), "ANSWER_NOT_MATCHING"),
        (answer_of(item(withdrawn=True)), "ANSWER_NOT_MATCHING"),
        (answer_of(item(effective_from="20250101")), "ANSWER_NOT_MATCHING"),
        (answer_of(item(), edition=2), "ANSWER_NOT_MATCHING"),
        (answer_of(item(), latest=0), "MALFORMED_REQUEST"),
        (ItemsAnswer(home_chain=PROVINCE, edition=1, items=()), "REGION_IS_LOCAL"),
        (ItemsAnswer(home_chain="a/b", edition=1, items=()), "MALFORMED_REQUEST"),
    ],
)
def test_an_answer_that_is_wrong_is_not_used(
    net: Regions, monkeypatch: pytest.MonkeyPatch, told: ItemsAnswer, code: str
) -> None:
    shared_remote(net, 1, item())
    lie = encode(told)
    monkeypatch.setattr(packets, "encode", lambda record: lie)
    question = asked(net)
    assert (question.state, question.code) == ("unanswered", code)
    assert not [key for key in net.province.state if key.startswith("catalogue_item/")]
    check_traces(net.province)


def test_an_answer_that_contradicts_an_earlier_one_is_refused(
    net: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_remote(net, 1, item())
    asked(net)
    nothing = ItemsAnswer(home_chain=GUANGDONG, edition=1, items=())
    for told in (answer_of(item(price_limit_fen=1)), nothing):
        lie = encode(told)
        with monkeypatch.context() as patched:
            patched.setattr(packets, "encode", lambda record, lie=lie: lie)
            assert asked(net).code == "CATALOGUE_CONFLICT"
        assert limit(net.province, region=REMOTE_REGION) == 5000


def test_a_full_answer_fits_its_receipt(net: Regions) -> None:
    codes = [f"{n:050d}" for n in range(16)]
    long = [item(code, name="𠀀" * 200, price_limit_fen=10**13) for code in codes]
    edition_of(
        net.guangdong, 1, *(long[start : start + 8] for start in (0, 8)), region=REMOTE_REGION
    )
    for chunk in (1, 2):
        net.guangdong.ok("bureau", "catalogue.share", share(chunk, 1, REMOTE_REGION))
    net.settle()
    assert asked(net, *codes).state == "answered"
    assert limit(net.province, codes[-1], region=REMOTE_REGION) == 10**13


def test_questions_are_about_other_regions(chain: Chain) -> None:
    edition_of(chain, 1, [item()])
    request = ask(region=HOME_REGION)
    chain.refused("bureau", "catalogue.request_remote", request, "REGION_IS_LOCAL")
    assert not chain.writes
    chain.refused("bureau", "catalogue.request_remote", ask(channel="xx"), "NO_CHANNEL")
    assert not chain.writes


# ---- what the bureau collects


def test_what_is_collected_counts_until_its_home_proves_it(net: Regions) -> None:
    chain = net.province
    chain.ok("bureau", "catalogue.store_remote", submit(item(price_limit_fen=9)))
    assert limit(chain, region=REMOTE_REGION) == 9
    assert limit(chain, region=REMOTE_REGION, proved_only=True) == 0
    again = submit(item(price_limit_fen=9))
    chain.refused("bureau", "catalogue.store_remote", again, "CATALOGUE_ITEM_KNOWN")
    chain.refused("bureau", "catalogue.store_remote", submit(), "CATALOGUE_CONFLICT")
    shared_remote(net, 1, item())
    asked(net)
    assert limit(chain, region=REMOTE_REGION) == 5000
    assert len(chain.load(ItemRecord, item_key(REMOTE_REGION, "X0001")).versions) == 2
    chain.refused("bureau", "catalogue.store_remote", again, "CATALOGUE_ITEM_KNOWN")
    check_traces(chain)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"region": HOME_REGION}, "REGION_IS_LOCAL"),
        ({"home_chain": PROVINCE}, "REGION_IS_LOCAL"),
        ({"items": [item("A1"), item("A1")]}, "CATALOGUE_ITEM_TWICE"),
        ({"items": [item(f"A{n}") for n in range(101)]}, "CATALOGUE_CHUNK_TOO_LARGE"),
    ],
)
def test_collecting_is_for_other_regions(chain: Chain, changes: Any, code: str) -> None:
    edition_of(chain, 1, [item()])
    chain.refused("bureau", "catalogue.store_remote", submit(**changes), code)
    assert not chain.writes


def test_a_corrected_home_is_the_one_that_counts(chain: Chain) -> None:
    wrong = submit(item(price_limit_fen=9), home_chain="yl-wrong", edition=5)
    chain.ok("bureau", "catalogue.store_remote", wrong)
    assert limit(chain, region=REMOTE_REGION) == 9
    chain.ok("bureau", "catalogue.store_remote", submit(item(price_limit_fen=7)))
    assert limit(chain, region=REMOTE_REGION) == 7


def test_a_chain_that_is_behind_changes_nothing(
    net: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared_remote(net, 1, item("B1"))
    shared_remote(net, 2, item("A1"))
    asked(net, "A1")
    before = net.province.load(ItemRecord, item_key(REMOTE_REGION, "A1"))
    behind = encode(ItemsAnswer(home_chain=GUANGDONG, edition=1, items=()))
    monkeypatch.setattr(packets, "encode", lambda record: behind)
    assert asked(net, "A1").state == "answered"
    assert net.province.load(ItemRecord, item_key(REMOTE_REGION, "A1")) == before


def test_editions_may_arrive_in_any_order(net: Regions) -> None:
    for number, price in ((1, 5), (2, 6)):
        edition_of(net.guangdong, number, [item(price_limit_fen=price)], region=REMOTE_REGION)
    for number in (2, 1):
        net.guangdong.ok("bureau", "catalogue.share", share(1, number, REMOTE_REGION))
        assert net.send_all(net.guangdong) == ["OK"]
    series = net.national.load(CatalogueSeries, catalogue_series_key(REMOTE_REGION))
    assert (series.published, series.latest) == (2, 2)
    assert asked(net).edition == 2
    assert limit(net.province, region=REMOTE_REGION) == 6


def test_what_was_only_collected_is_no_answer(net: Regions) -> None:
    shared_remote(net, 1, item("A1"))
    net.national.ok("bureau", "catalogue.store_remote", submit(item("A2")))
    assert limit(net.national, "A2", region=REMOTE_REGION) == 5000
    assert asked(net, "A1", "A2").missing == ("A2",)


@pytest.mark.parametrize("method", ["share", "request_remote"])
def test_a_packet_in_another_objects_lane_is_refused(
    net: Regions, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    shared_remote(net, 1, item())
    edition_of(net.province, 1, [item()])
    sent = contract.send_packet

    def astray(ctx: Any, **how: Any) -> bytes:
        return sent(ctx, **{**how, "lane_object": "catalogue/460000/9"})

    monkeypatch.setattr(contract, "send_packet", astray)
    net.province.ok("bureau", f"catalogue.{method}", share() if method == "share" else ask())
    assert net.send_all(net.province) == ["PACKET_INCONSISTENT"]
    assert EDITION not in net.national.state
