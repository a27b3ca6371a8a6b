"""Catalogues: taken in by file in many chunks, shared, asked of another chain, collected, used."""

import secrets
from collections.abc import Callable

import pytest

from contracts.catalogue.records import edition_key, item_key
from documents.catalogue_csv import parse_catalogue
from faults import Rejected
from node.client.importing import Edition, import_catalogue, import_policy
from proto.api.benefit_pb2 import Visit, VisitLine
from tests.scenarios.looking import evident, told
from tests.scenarios.papers_publication import DAY, catalogue, fresh_region, policy
from tests.scenarios.parties import Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

FIRST = Edition(1, "省医保药品目录", "测医保发〔2024〕2号", "20231201")
SECOND = Edition(2, "省医保药品目录调整", "测医保发〔2024〕7号", "20240701")
ROWS, CHUNKS = 150, 3


class LineLost(Exception):
    """What ends an import early."""


def lost_after(chunks: int) -> Callable[[int, int], None]:
    """Progress that ends the import when so many chunks are on the chain."""

    def progress(done: int, total: int) -> None:
        if done == chunks:
            raise LineLost(total)

    return progress


@pytest.mark.clause("2.2.1.4.5.2")
def test_an_import_that_ended_early_goes_on_where_the_chain_stands(parties: Parties) -> None:
    desk = parties["bureau desk"]
    region = fresh_region(parties, "province")
    file = catalogue(region, ROWS)
    with pytest.raises(LineLost) as lost:
        import_catalogue(desk, file, FIRST, lost_after(2))
    assert lost.value.args == (CHUNKS,)
    draft = desk.catalogues.get(region, 1).record
    assert (draft.state, draft.chunks, draft.items < ROWS) == ("draft", 2, True)
    in_force = lambda: desk.catalogues.get_item_in_force(region, "X00001", DAY)  # noqa: E731
    assert not in_force().HasField("record")
    with pytest.raises(Rejected) as other:
        import_catalogue(desk, catalogue(region, ROWS, price="9.90"), FIRST)
    assert other.value.code.name == "IMPORT_DIFFERS"
    assert desk.catalogues.get(region, 1).record.chunks == 2
    seen: list[int] = []
    receipt = import_catalogue(desk, file, FIRST, lambda done, total: seen.append(done))
    assert (seen, len(receipt.tx_hash)) == ([2, 3], 64)
    assert in_force().record.item.price_limit_fen == 1250
    assert desk.catalogues.get(region, 1).record.items == ROWS
    trace = told(desk.catalogues.trace(region, 1))
    assert trace == ["begin", "add", "add", "add", "publish"]
    assert evident(parties, "auditor", edition_key(region, 1))


@pytest.mark.clause("2.2.1.4.5.2")
def test_a_draft_from_a_wrong_file_is_given_up_and_its_items_never_count(parties: Parties) -> None:
    desk = parties["bureau desk"]
    region = fresh_region(parties, "province")
    with pytest.raises(LineLost):
        import_catalogue(desk, catalogue(region, ROWS, price="1.00"), FIRST, lost_after(1))
    right = catalogue(region, price="2.00")
    early = lambda: import_catalogue(desk, right, SECOND)  # noqa: E731
    assert refusal(early) == "CATALOGUE_DRAFT_OPEN"
    desk.catalogues.abandon(region, edition=1, reason="文件有误")
    import_catalogue(desk, right, SECOND)
    item = desk.catalogues.get_item_in_force(region, "X00001", DAY).record
    assert (item.edition, item.item.price_limit_fen) == (2, 200)
    assert not desk.catalogues.get_item_in_force(region, "X00004", DAY).HasField("record")
    assert told(desk.catalogues.trace(region, 1)) == ["begin", "add", "abandon"]


@pytest.mark.clause("2.2.1.4.5.2")
def test_a_new_edition_supersedes_items_and_keeps_the_old_ones(parties: Parties) -> None:
    desk = parties["bureau desk"]
    region = fresh_region(parties, "province")
    import_catalogue(desk, catalogue(region), FIRST)
    import_catalogue(desk, catalogue(region, 1, price="11.00"), SECOND)
    item = desk.catalogues.get_item(region, "X00001").record
    assert [(one.edition, one.item.price_limit_fen) for one in item.versions] == [
        (1, 1250),
        (2, 1100),
    ]
    now = parties["auditor"].catalogues.get_item_in_force(region, "X00001", DAY).record
    assert (now.edition, now.item.name) == (2, "测试药1")
    assert desk.catalogues.get_item_in_force(region, "X00002", DAY).record.edition == 1
    again = lambda: import_catalogue(desk, catalogue(region), SECOND)  # noqa: E731
    assert refusal(again) == "CATALOGUE_EDITION"
    hospital = parties["hospital desk"]
    theirs = lambda: import_catalogue(hospital, catalogue(region), SECOND)  # noqa: E731
    assert refusal(theirs) == "NOT_PERMITTED"


@pytest.mark.clause("2.2.1.4.5.4", "2.2.1.3.7")
def test_an_edition_is_shared_chunk_by_chunk_and_counts_there_when_whole(parties: Parties) -> None:
    desk, national = parties["bureau desk"], parties["national desk"]
    region = fresh_region(parties, "province")
    import_catalogue(desk, catalogue(region, 120), FIRST)
    share = lambda chunk: desk.catalogues.share(region, edition=1, chunk=chunk)  # noqa: E731
    share(2)
    until(lambda: desk.catalogues.get(region, 1).record.shared == 1)
    last = lambda: national.catalogues.get_item_in_force(region, "X00120", DAY)  # noqa: E731
    assert not last().HasField("record")
    assert national.catalogues.get(region, 1).record.state == "draft"
    share(1)
    until(lambda: desk.catalogues.get(region, 1).record.shared == 2)
    assert last().record.item.self_pay_bp == 1000
    here, there = (one.catalogues.get(region, 1).record for one in (desk, national))
    assert (there.home_chain, there.digest) == ("province", here.digest)
    assert refusal(lambda: share(1)) == "ALREADY_SHARED"
    assert evident(parties, "national desk", edition_key(region, 1))


def asked(parties: Parties, region: str, codes: list[str]) -> tuple[str, list[str], str]:
    """State, missing codes and reason of a question that was answered."""
    desk, question = parties["bureau desk"], secrets.token_hex(16)
    receipt = desk.catalogues.request_remote(question, region=region, codes=codes, date=DAY)
    assert len(receipt.tx_hash) == 64
    get = lambda: desk.catalogues.get_question(question).record  # noqa: E731
    until(lambda: get().answered_ms)
    return get().state, list(get().missing), get().code


@pytest.mark.clause("2.2.1.4.5.6", "2.2.1.6.16.2", "2.2.1.3.7")
def test_another_provinces_items_are_asked_for_and_answered_with_proof(parties: Parties) -> None:
    region = fresh_region(parties, "national", "43")
    assert asked(parties, region, ["X00001"]) == ("unanswered", [], "CATALOGUE_NOT_FOUND")
    import_catalogue(parties["national desk"], catalogue(region), FIRST)
    assert asked(parties, region, ["X00001", "Y9"]) == ("answered", ["Y9"], "")
    item = parties["auditor"].catalogues.get_item_in_force(region, "X00001", DAY).record
    assert (item.home_chain, item.edition, item.item.price_limit_fen) == ("national", 1, 1250)
    assert evident(parties, "auditor", item_key(region, "X00001"))
    assert not parties["auditor"].catalogues.get_item(region, "X00002").HasField("record")


@pytest.mark.clause("2.2.1.6.16.3")
def test_collected_items_are_kept_until_their_home_says_otherwise(parties: Parties) -> None:
    desk = parties["bureau desk"]
    region = fresh_region(parties, "national", "43")
    store = lambda edition, price: desk.catalogues.store_remote(  # noqa: E731
        region,
        edition=edition,
        home_chain="national",
        reference="测医保函〔2024〕9号",
        items=parse_catalogue(catalogue(region, 2, price)).items,
    )
    assert len(store(1, "9.00").tx_hash) == 64
    in_force = lambda: desk.catalogues.get_item_in_force(region, "X00001", DAY).record  # noqa: E731
    assert (in_force().origin, in_force().item.price_limit_fen) == ("submitted", 900)
    assert refusal(lambda: store(1, "9.00")) == "CATALOGUE_ITEM_KNOWN"
    store(2, "8.00")
    assert (in_force().edition, in_force().item.price_limit_fen) == (2, 800)
    import_catalogue(parties["national desk"], catalogue(region), FIRST)
    import_catalogue(parties["national desk"], catalogue(region, 1, "7.00"), SECOND)
    assert asked(parties, region, ["X00001"])[0] == "answered"
    assert (in_force().edition, in_force().item.price_limit_fen) == (2, 700)
    item = desk.catalogues.get_item(region, "X00001").record
    assert [one.origin for one in item.versions] == ["submitted", "submitted", "answer"]


@pytest.mark.clause("2.2.1.4.5.5", "2.2.1.4.5.6")
def test_a_remote_visit_is_matched_and_computed_by_the_insured_provinces_rules(
    parties: Parties,
) -> None:
    """甲 125.00 and 乙 2,000.00 with 10 % first; deductible 800.00; 85 % less 5 % when filed."""
    desk = parties["bureau desk"]
    region = fresh_region(parties, "national", "43")
    import_policy(parties["national desk"], policy(region))
    import_catalogue(parties["national desk"], catalogue(region), FIRST)
    desk.policies.request_remote(region, insured_type="310", date=DAY)
    assert asked(parties, region, ["X00001", "X00002", "X00009"])[1] == ["X00009"]
    until(lambda: desk.policies.get_question(region, "310", DAY).record.state == "answered")
    lines = [
        VisitLine(hospital_code="H1", quantity_e4=100_000, amount_fen=13_000),
        VisitLine(hospital_code="H2", quantity_e4=10_000, amount_fen=200_000),
        VisitLine(hospital_code="H9", quantity_e4=10_000, amount_fen=700),
    ]
    visit = Visit(
        region=region,
        insured_type="310",
        person_type="1101",
        visit_kind="21",
        institution_level="3",
        place="filed",
        date=DAY,
        lines=lines,
    )
    table = {"H1": "X00001", "H2": "X00002", "H9": "X00009"}
    reply = parties["hospital desk"].benefits.calculate(visit, table)
    split = reply.explanation.split
    assert (split.total_fen, split.own_expense_fen, split.over_limit_fen) == (213_700, 700, 500)
    assert (split.first_self_pay_fen, split.deductible_fen) == (20_000, 80_000)
    assert (split.fund_fen, split.ratio_share_fen) == (90_000, 22_500)
    assert reply.explanation.policy_proved
    assert [one.proved for one in reply.explanation.matches] == [True, True, False]
    assert reply.canonical == parties["auditor"].benefits.calculate(visit, table).canonical
