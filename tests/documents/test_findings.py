"""Findings about one bill."""

import pytest

from documents import bill_findings, has_errors, parse_ebill
from tests.documents.support import edit, sample, shows_a_person

BLUE = sample("ebill_out_01.xml")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("<TotalAmount>231.40", "<TotalAmount>231.41",
         [("BILL_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen"),
          ("BILL_TOTAL_NOT_SUM_OF_ITEMS", "error", "total_fen")]),
        ("<OwnPayAmount>15.96", "<OwnPayAmount>15.95",
         [("BILL_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen")]),
        ("<ItemAmount>85.00", "<ItemAmount>85.01",
         [("BILL_TOTAL_NOT_SUM_OF_ITEMS", "error", "total_fen"),
          ("BILL_ITEM_NOT_SUM_OF_LINES", "warn", "item.2.amount_fen")]),
        ("<AuxItemAmount>40.00", "<AuxItemAmount>40.01",
         [("BILL_ITEM_NOT_SUM_OF_LINES", "warn", "item.3.amount_fen")]),
        ("<AuxItemRelatedCode>C0105", "<AuxItemRelatedCode>C0199",
         [("BILL_LINE_WITHOUT_ITEM", "warn", "aux.1")]),
        ("1010000000-42106064", "1010000000-42106065", [("BILL_ID_RULE", "warn", "einvoice_id")]),
        ("<IssueDate>20240816", "<IssueDate>20240815",
         [("BILL_ISSUED_BEFORE_BUSINESS", "warn", "issue_date")]),
        ("469900198403129992", "469900********9992",
         [("BILL_PAYER_MASKED", "info", "payer.code")]),
        ("<AccountPayAmount>100.00</AccountPayAmount>", "",
         [("AMOUNT_ABSENT", "info", "account_fen"),
          ("BILL_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen")]),
    ],
)  # fmt: skip
def test_findings(old: str, new: str, expected: list[tuple[str, str, str]]) -> None:
    findings = bill_findings(parse_ebill(edit(BLUE, old, new)).form)
    assert [(f.code, f.grade, f.field) for f in findings] == expected
    assert has_errors(findings) == any(grade == "error" for _, grade, _ in expected)
    assert not shows_a_person(repr(findings))


def test_a_bill_without_items_says_so() -> None:
    text = BLUE.decode()
    start, end = text.index("<Details>"), text.index("</AuxDetails>")
    form = parse_ebill((text[:start] + "<AuxDetails>" + text[end:]).encode()).form
    assert [f.code for f in bill_findings(form)] == ["BILL_WITHOUT_ITEMS"]
