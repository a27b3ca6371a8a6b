"""票实核对: each pair differs alone, and the difference is said."""

from typing import Any

import pytest

from documents import StandardForm, compare, parse_ebill, parse_settlement
from documents.codes import FORM_INVALID
from documents.institutions import load_institutions
from tests.documents.support import (
    edit,
    edit_json,
    institutions,
    refused,
    sample,
    shows_a_person,
)

NO_INSTITUTIONS = load_institutions(b"{}", form="json")


def _bill(*edits: tuple[str, str], name: str = "ebill_out_02.xml") -> StandardForm:
    raw = sample(name)
    for old, new in edits:
        raw = edit(raw, old, new)
    return parse_ebill(raw).form


def _settlement(name: str = "setl_2207_bill02.json", **info: Any) -> StandardForm:
    def change(message: Any) -> None:
        message["response"]["output"]["setlinfo"].update(info)

    return parse_settlement(edit_json(name, change)).form


def _findings(bill: StandardForm, settlement: StandardForm) -> list[tuple[str, str]]:
    verification = compare(bill, settlement, institutions())
    assert len(verification.pairs) == 13
    assert not shows_a_person(repr(verification))
    assert verification.agrees == all(f.grade != "error" for f in verification.findings)
    return [(finding.code, finding.grade) for finding in verification.findings]


def _alone(name: str, grade: str) -> list[tuple[str, str]]:
    return [(f"VERIFY_{name}", grade)]


@pytest.mark.parametrize(
    ("old", "new", "findings"),
    [
        ("结算号:300000900002", "结算号:300000900001", _alone("SETTLEMENT_ID", "error")),
        ("Number>0000000102", "Number>0000000109", _alone("BILL_KEY", "error")),
        ("<TotalAmount>1260.00", "<TotalAmount>1260.01", _alone("TOTAL", "error")),
        ("<FundPayAmount>961.60", "<FundPayAmount>961.61", _alone("POOLED_FUND", "error")),
        ("<OtherPayAmount>120.20", "<OtherPayAmount>120.21", _alone("OTHER_FUND", "error")),
        ("paymentAmount>178.20", "paymentAmount>178.21", _alone("SELFPAY", "warn")),
        ("<AccountPayAmount>178.20", "<AccountPayAmount>178.21", _alone("ACCOUNT", "error")),
        ("<OwnPayAmount>0.00", "<OwnPayAmount>0.01", _alone("CASH", "error")),
        ("12460105999999015Q", "12460203999999023U", _alone("INSTITUTION_CODE", "error")),
        ("海口测试综合医院", "海口测试医院", _alone("INSTITUTION_NAME", "warn")),
        ("海口测试综合医院", "海口测试　综合医院 ", []),
        ("<IssueDate>20240818", "<IssueDate>20240817", _alone("DATE", "error")),
        ("<IssueDate>20240818", "<IssueDate>20240819", []),
        ("<BusinessDate>20240818", "<BusinessDate>20240817", _alone("DATE", "warn")),
        ("<BusinessDate>20240818</BusinessDate>", "", []),
        ("469900********9985", "469900********9986", _alone("PERSON", "error")),
        ("00000009900000002", "00000009900000003", _alone("PERSON", "error")),
        ("<PayerPartyName>测试乙", "<PayerPartyName>测试戊", _alone("PERSON", "warn")),
    ],
)
def test_each_difference_is_found(old: str, new: str, findings: list[tuple[str, str]]) -> None:
    assert _findings(_bill((old, new)), _settlement()) == findings


def test_all_funds_printed_as_pooled_are_a_difference_of_their_own() -> None:
    bill = _bill(
        ("<FundPayAmount>961.60", "<FundPayAmount>1081.80"),
        ("<OtherPayAmount>120.20", "<OtherPayAmount>0.00"),
    )
    assert _findings(bill, _settlement()) == [("VERIFY_FUND_TOTAL_AS_POOLED", "warn")]
    statuses = {
        pair.name: pair.status for pair in compare(bill, _settlement(), institutions()).pairs
    }
    assert statuses["pooled_fund"] == "different" and statuses["other_fund"] == "explained"


def test_bracket_widths_do_not_count() -> None:
    bill = _bill(("海口测试综合医院", "海口测试综合医院（东院）"))

    def change(message: Any) -> None:
        message["request"]["fixmedins_name"] = "海口测试综合医院(东院)"

    settlement = parse_settlement(edit_json("setl_2207_bill02.json", change)).form
    assert _findings(bill, settlement) == []


def test_a_given_selfpay_is_taken_at_its_word() -> None:
    assert _findings(_bill(), _settlement(psn_selfpay="178.21")) == [("VERIFY_SELFPAY", "error")]
    assert _findings(_bill(), _settlement(psn_selfpay="178.20")) == []


def test_two_bills_with_one_settlement_id() -> None:
    """The second bill with the same id is not the one the settlement names."""
    other = _bill(
        ("<EInvoiceNumber>0000000102", "<EInvoiceNumber>0000000188"),
        ("2010000000-42106064", "8810000000-42106064"),
    )
    assert _findings(other, _settlement()) == [("VERIFY_BILL_KEY", "error")]


def test_a_blue_bill_does_not_go_with_a_reversal() -> None:
    bill = _bill(name="ebill_out_01.xml")
    reversal = parse_settlement(sample("setl_2208_reversal_of_bill01.json")).form
    codes = [code for code, _ in _findings(bill, reversal)]
    assert codes[0] == "VERIFY_COLOR" and "VERIFY_TOTAL" in codes


def test_what_is_silent_is_unknown_not_equal() -> None:
    bill = _bill(
        ("医保结算号:300000900002", ""),
        ("<FundPayAmount>961.60</FundPayAmount>", ""),
        ("<SelfpaymentAmount>178.20</SelfpaymentAmount>", ""),
    )
    statuses = {p.name: p.status for p in compare(bill, _settlement(), NO_INSTITUTIONS).pairs}
    for name in ("settlement_id", "pooled_fund", "selfpay", "institution_code"):
        assert statuses[name] == "unknown", name


def test_an_institution_missing_from_the_table_is_a_finding() -> None:
    verification = compare(_bill(), _settlement(), NO_INSTITUTIONS)
    assert [f.code for f in verification.findings] == ["VERIFY_INSTITUTION_UNKNOWN"]


def test_only_a_bill_and_a_settlement_are_compared() -> None:
    refused(FORM_INVALID, lambda: compare(_settlement(), _bill(), institutions()))
