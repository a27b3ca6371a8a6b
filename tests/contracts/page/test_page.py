"""The page is what the declarations say, and no clause of the tender is forgotten."""

import pytest

from contracts.framework import Method
from contracts.registry import all_methods
from node.contract_api.service import descriptions
from tests.contracts.page import page
from tests.contracts.page.clauses import FURTHER, HEADINGS, LATER, READS, required, titles
from tests.contracts.page.reference import reference
from tests.contracts.page.tables import tables
from tests.scenarios.marked import scenarios
from tests.scenarios.passed import missing

BY_NAME = {f"{contract}.{method.name}": method for contract, method in all_methods()}
OUTSIDE_THE_TENDER = {"equivocation.report"}


def test_the_committed_page_is_the_generated_one() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page()


def test_every_clause_has_its_method_or_says_where_it_is_met() -> None:
    known = titles()
    assert len(known) > 90
    named = page.methods_by_clause()
    told = {*named, *HEADINGS, *READS, *LATER}
    assert [number for number in (*told, *FURTHER) if number not in known] == []
    assert [number for number in known if number not in {*told, *FURTHER}] == []
    assert [number for number in LATER if number in named] == []


def test_every_clause_that_is_met_here_has_a_scenario() -> None:
    shown = scenarios()
    assert [number for number in shown if number not in titles()] == []
    assert missing(shown) == []


def test_a_run_in_which_a_clauses_scenarios_did_not_pass_has_failed() -> None:
    assert missing(required()) == []
    assert missing(required()[1:]) == required()[:1]


def test_every_method_names_its_clause() -> None:
    unnamed = {name for name, method in BY_NAME.items() if not page.clauses(method)}
    assert unnamed == OUTSIDE_THE_TENDER


@pytest.mark.parametrize("method", BY_NAME.values(), ids=BY_NAME)
def test_every_example_is_a_request(method: Method) -> None:
    page.check_example(method.request)
    assert page.sentence(method)


def test_every_state_table_is_drawn() -> None:
    text = page.page()
    assert tables()
    for _, table in tables():
        assert f"States of a {table.name}:" in text


def test_every_rpc_and_every_field_of_a_request_says_what_it_is() -> None:
    known = reference()
    rpcs = [rpc.full_name for _, service in descriptions() for rpc in service.methods]
    assert [name for name in rpcs if not known.comments[name]] == []
