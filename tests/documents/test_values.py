"""Money, quantities, dates, names and identifiers."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from documents.codes import AMOUNT_INVALID, ELEMENT_INVALID, IDENTIFIER_INVALID
from documents.identifiers import (
    is_bank_card,
    is_division,
    is_institution_code,
    is_masked,
    is_organisation_code,
    is_resident_id,
    is_uscc,
    luhn_holds,
    mask_covers,
    upgrade_resident_id,
)
from documents.money import MAX_FEN, canonical_quantity, format_fen, parse_fen, require_fen
from documents.text import (
    canonical_date,
    canonical_moment,
    canonical_text,
    canonical_time,
    comparable_name,
)
from tests.documents.support import refused


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("231.40", 23140),
        ("-231.4", -23140),
        ("0", 0),
        ("-0.00", 0),
        ("0.01", 1),
        ("-0.01", -1),
        ("1000000000000", MAX_FEN),
        ("-1000000000000.00", -MAX_FEN),
    ],
)
def test_money_is_exact(text: str, fen: int) -> None:
    assert parse_fen(text, "TotalAmount") == fen


def test_money_not_given_is_none_and_may_be_required() -> None:
    assert parse_fen("", "x") is None
    refused(AMOUNT_INVALID, lambda: require_fen("", "x"), "x")


@pytest.mark.parametrize(
    "text",
    [
        "1e2", "1E+2", "NaN", "Infinity", "-", ".", ".5", "5.", "+1", "1,000.00", "00.50", "01",
        "1.005", "1.000", "0x10", " 1", "1 ", "１２.３４", "٣", "1_000", "--1", "1.2.3", "¥1",
        "1000000000000.01", "9999999999999999999999", "1\n", "1\x00",
    ],
)  # fmt: skip
def test_money_of_any_other_form_is_refused(text: str) -> None:
    refused(AMOUNT_INVALID, lambda: parse_fen(text, "TotalAmount"), "TotalAmount")


@given(st.integers(-MAX_FEN, MAX_FEN))
def test_money_survives_a_round_trip(fen: int) -> None:
    assert parse_fen(format_fen(fen), "x") == fen


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("2.00", "2"),
        ("-2.00", "-2"),
        ("0.1000", "0.1"),
        ("158.875000", "158.875"),
        ("-0.00", "0"),
        ("", ""),
        ("100", "100"),
    ],
)
def test_quantities_have_one_spelling(text: str, canonical: str) -> None:
    assert canonical_quantity(text, "x") == canonical


@pytest.mark.parametrize("text", ["1e3", "NaN", "1.000000001", "1234567890123456", "1/2", "一"])
def test_other_quantities_are_refused(text: str) -> None:
    refused(AMOUNT_INVALID, lambda: canonical_quantity(text, "x"), "x")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("20240816", "20240816"),
        ("2024-08-16", "20240816"),
        ("2015-05-01 00:00:00", "20150501"),
        ("2024-02-29", "20240229"),
        ("", ""),
    ],
)
def test_dates_have_one_spelling(text: str, canonical: str) -> None:
    assert canonical_date(text, "x") == canonical


@pytest.mark.parametrize(
    "text",
    [
        "20240230", "20230229", "2024-8-16", "2024/08/16", "18991231", "20241301", "00000000",
        "2024-0816", "today", "20240816x", "2024-08-16 25:00:00", "２０２４０８１６",
    ],
)  # fmt: skip
def test_other_dates_are_refused(text: str) -> None:
    refused(ELEMENT_INVALID, lambda: canonical_date(text, "IssueDate"), "IssueDate")


def test_moments_and_times() -> None:
    assert canonical_moment("2024-08-16 10:21:07", "x") == "20240816102107"
    assert canonical_moment("20240816102107", "x") == "20240816102107"
    assert canonical_moment("2024-08-16T10:21:07.123", "x") == "20240816102107"
    assert canonical_time("10:21:07", "x") == "102107"
    assert canonical_time("", "x") == ""
    refused(ELEMENT_INVALID, lambda: canonical_time("10:60:00", "IssueTime"), "IssueTime")


def test_text_is_composed_trimmed_and_clean() -> None:
    assert canonical_text(" e\u0301 ", "x") == "\u00e9"
    for bad in ("a\x00b", "a\x1fb", "\ud800", "a" * 4001, "汉" * 3000):
        refused(ELEMENT_INVALID, partial(canonical_text, bad, "Remark"), "Remark")


def test_names_are_compared_without_width_brackets_and_spaces() -> None:
    assert comparable_name("海口测试综合医院（东院）") == comparable_name(
        " 海口测试　综合医院(东院)"
    )
    assert comparable_name("甲医院") != comparable_name("乙医院")


def test_resident_ids_of_the_standard() -> None:
    assert is_resident_id("11010519491231002X")
    assert is_resident_id("11010519491231002x")
    assert is_resident_id("440524188001010014")
    assert is_resident_id("469900198403129992")
    assert not is_resident_id("469900198403129993")
    assert not is_resident_id("469900198402309992")
    assert not is_resident_id("４６９９００198403129992")


@given(st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_of_a_resident_id_is_found(position: int, step: int) -> None:
    good = "469900198403129992"
    digit = str((int(good[position]) + step) % 10)
    assert not is_resident_id(good[:position] + digit + good[position + 1 :])


def test_old_resident_ids_are_upgraded() -> None:
    assert upgrade_resident_id("110105491231002") == "11010519491231002X"
    assert upgrade_resident_id("11010519491231002x") == "11010519491231002X"
    for bad in ("110105499931002", "1101054912310", "", "11010519491231002Y", "E12345678"):
        refused(IDENTIFIER_INVALID, partial(upgrade_resident_id, bad))


def test_credit_and_organisation_codes() -> None:
    assert is_uscc("91350100M000100Y43")
    assert is_uscc("12460105999999015Q") and is_uscc("12460203999999023U")
    assert not is_uscc("91350100M000100Y44")
    assert not is_uscc("91350100I000100Y43")
    assert not is_uscc("91350100m000100y43")
    assert is_organisation_code("999999074")
    assert is_organisation_code("M000100Y4") and is_organisation_code("M000100Y-4")
    assert not is_organisation_code("999999075")
    assert not is_organisation_code("99999907")


def test_institution_codes_cards_divisions() -> None:
    assert is_institution_code("H46010500002") and is_institution_code("P43010201038")
    for bad in ("X46010500002", "H4601050000", "h46010500002", "H46010500002\n"):
        assert not is_institution_code(bad)
    assert is_bank_card("4111111111111111") and luhn_holds("79927398713")
    assert not is_bank_card("4111111111111112") and not is_bank_card("79927398713")
    assert is_division("460100") and is_division("469900")
    for bad in ("990000", "46010", "000000", "4601000"):
        assert not is_division(bad)


def test_masks() -> None:
    full = "469900195607189985"
    assert is_masked("469900********9985") and not is_masked(full)
    assert mask_covers("469900********9985", full)
    assert mask_covers("**************9985", full)
    assert not mask_covers("**************9986", full)
    assert not mask_covers("*************9985", full)
