"""The page is what the declarations say, and no clause of the tender is forgotten."""

import pytest

from contracts.framework import Method
from contracts.registry import all_methods
from tests.contracts.page import page
from tests.contracts.page.clauses import ELSEWHERE, titles
from tests.contracts.page.tables import tables

BY_NAME = {f"{contract}.{method.name}": method for contract, method in all_methods()}
OUTSIDE_THE_TENDER = {"equivocation.report"}


def test_the_committed_page_is_the_generated_one() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page()


def test_every_clause_has_its_method_or_says_where_it_is_met() -> None:
    known = titles()
    assert len(known) > 90
    named = page.methods_by_clause()
    assert [number for number in named if number not in known] == []
    assert [number for number in ELSEWHERE if number not in known] == []
    assert [number for number in known if number not in named and number not in ELSEWHERE] == []


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
