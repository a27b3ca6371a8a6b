"""票实核对 on public fields: each difference has its own code, and agreement has none."""

from typing import Any

import pytest

from contracts.compare import compare, merge
from contracts.findings import FindingRecord
from contracts.forms import (
    EbillFields,
    SettlementFields,
    check_form,
    ebill_fields,
    settlement_fields,
)
from tests.contracts.harness import bill_form, settlement_form


def bill(**changes: Any) -> EbillFields:
    return ebill_fields(
        check_form(bill_form(1, settlement_id="300000900001", **changes), "ebill/1")
    )


def settlement(**changes: Any) -> SettlementFields:
    return settlement_fields(check_form(settlement_form(**changes), "settlement/1"))


def test_what_agrees_has_no_finding() -> None:
    assert compare(bill(), settlement()) == ()


@pytest.mark.parametrize(
    ("on_bill", "on_settlement", "code", "grade", "detail"),
    [
        (
            {},
            {"settlement_id": "300000900002"},
            "VERIFY_SETTLEMENT_ID",
            "error",
            "bill=300000900001 settlement=300000900002",
        ),
        (
            {},
            {"bill__number": "0000000002"},
            "VERIFY_BILL_KEY",
            "error",
            "bill=46060124-0000000001 settlement=46060124-0000000002",
        ),
        (
            {"issue_date": "20240815", "business_date": "20240815"},
            {},
            "VERIFY_DATE",
            "error",
            "bill=20240815 settlement=20240816",
        ),
        (
            {"issue_date": "20240820", "business_date": "20240817"},
            {},
            "VERIFY_DATE",
            "warn",
            "bill=20240817 settlement=20240816",
        ),
        (
            {},
            {"institution_uscc": "X"},
            "VERIFY_INSTITUTION_CODE",
            "error",
            "bill=12460000TEST000001 settlement=X",
        ),
        (
            {},
            {"institution_uscc": ""},
            "VERIFY_INSTITUTION_UNKNOWN",
            "info",
            "bill=12460000TEST000001 settlement=H46010599901",
        ),
        ({"total_fen": 1}, {}, "VERIFY_TOTAL", "error", "bill=1 settlement=23140"),
        ({"fund_fen": 1}, {}, "VERIFY_POOLED_FUND", "error", "bill=1 settlement=11544"),
        (
            {"fund_fen": 12000},
            {"fund_total_fen": 12000, "other_fund_fen": 456},
            "VERIFY_FUND_TOTAL_AS_POOLED",
            "warn",
            "bill=12000 settlement=11544",
        ),
        ({"other_fund_fen": 5}, {}, "VERIFY_OTHER_FUND", "error", "bill=5 settlement=0"),
        ({"account_fen": 5}, {}, "VERIFY_ACCOUNT", "error", "bill=5 settlement=10000"),
        ({"cash_fen": 5}, {}, "VERIFY_CASH", "error", "bill=5 settlement=1596"),
    ],
)
def test_each_difference(
    on_bill: dict[str, Any], on_settlement: dict[str, Any], code: str, grade: str, detail: str
) -> None:
    found = compare(bill(**on_bill), settlement(**on_settlement))
    assert [(one.code, one.grade, one.detail) for one in found] == [(code, grade, detail)]


def test_silence_is_no_contradiction() -> None:
    assert compare(bill(business_date=""), settlement(bill__code="", bill__number="")) == ()


def test_a_blue_bill_and_a_reversal_differ_in_colour() -> None:
    reversed_one = settlement(
        color="red", original__settlement_id="300000900001", settlement_id="9", total_fen=-23140
    )
    assert compare(bill(), reversed_one)[0].code == "VERIFY_COLOR"


def test_what_the_contract_saw_stands_and_the_rest_is_added() -> None:
    own = FindingRecord(code="VERIFY_CASH", grade="error", field="cash_fen", detail="own")
    repeated = FindingRecord(code="VERIFY_CASH", grade="info", field="cash_fen", detail="softer")
    more = FindingRecord(code="VERIFY_SELFPAY", grade="warn", field="selfpay_fen", detail="")
    assert merge((own,), (repeated, more)) == (own, more)
