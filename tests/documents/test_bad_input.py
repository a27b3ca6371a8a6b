"""The table of bad input, line by line: what is wrong, in which document, and the refusal due.

A line names a wrong value; below it stands the code, and the element is that of the document's
place (`bad_values`). What a format's own syntax refuses first stands in EXCEPTIONS. Sums that are
off are at the end: some are refused, some are findings, and the line says which. Broken bytes,
bombs and sizes have their corpora: test_strict_json, test_strict_xml, tests/edge; the chain's side
is tests/contracts/refusals.
"""

import time
from collections.abc import Callable

import pytest

from documents import (
    bill_findings,
    fund_file_findings,
    parse_ebill,
    parse_fund_file,
    parse_return_file,
    parse_settlement,
    return_differences,
    settlement_findings,
)
from tests.documents.bad_values import DOCUMENTS, RETURNED, SENT, Document, member
from tests.documents.support import edit, sample, shows_a_person

INVALID, AMOUNT, IDENTIFIER = "ELEMENT_INVALID", "AMOUNT_INVALID", "IDENTIFIER_INVALID"

# what -> (code, line -> the wrong value)
LINES: dict[str, tuple[str, dict[str, str]]] = {
    "text": (
        INVALID,
        {
            "over-long": "长" * 4001,
            "NUL": "a\x00b",
            "bell": "a\x07b",
            "escape": "a\x1b[2Jb",
            "DEL": "a\x7fb",
            "C1 control": "a\x9bb",
            "bidi override": "a\u202eb",
            "bidi isolate": "a\u2067b",
            "right-to-left mark": "a\u200fb",
            "zero width space": "a\u200bb",
            "word joiner": "a\u2060b",
            "byte order mark inside": "a\ufeffb",
            "soft hyphen": "a\u00adb",
            "line separator": "a\u2028b",
        },
    ),
    "day": (
        INVALID,
        {
            "29 February of no leap year": "20230229",
            "29 February of 2100": "21000229",
            "month 13": "20241301",
            "31 April": "20240431",
            "day 0": "20240400",
            "zeros": "00000000",
            "year 1899": "18991231",
            "year 2200": "22000101",
            "year 9999": "99991231",
            "seven digits": "2024816",
            "slashes": "2024/08/16",
            "full width": "２０２４０８１６",
            "Arabic digits": "٢٠٢٤٠٨١٦",
        },
    ),
    "amount": (
        AMOUNT,
        {
            "exponent": "1e3",
            "capital exponent": "1E+2",
            "not a number": "NaN",
            "infinity": "Infinity",
            "three decimals": "1.005",
            "no digit before the point": ".50",
            "no digit behind it": "5.",
            "leading zeros": "0231.40",
            "plus": "+1.00",
            "grouping": "1,000.00",
            "full width": "２３１.４０",
            "Arabic digits": "٢٣١",
            "hexadecimal": "0x10",
            "out of range": "9999999999999999.00",
            "with its currency": "¥231.40",
            "underscore": "1_000.00",
        },
    ),
    "resident id": (
        IDENTIFIER,
        {
            "wrong check digit": "469900198403129993",
            "born on no day": "469900198402309992",
            "X that should be a digit": "46990019840312999X",
        },
    ),
    "credit code": (
        IDENTIFIER,
        {
            "wrong check character": "12460105999999015R",
            "a letter that no code has": "1246010599999901IQ",
            "cut short": "12460105999999015",
            "one too long": "12460105999999015QQ",
            "lower case": "12460105999999015q",
            "full width": "１2460105999999015Q",
        },
    ),
    "organisation code": (
        IDENTIFIER,
        {
            "wrong check digit": "999999075",
            "wrong check digit behind a hyphen": "99999907-5",
            "cut short": "99999907",
            "lower case": "99999907x",
        },
    ),
    "institution": (
        IDENTIFIER,
        {
            "neither hospital nor pharmacy": "X46010599901",
            "a digit too few": "H4601059990",
            "a digit too many": "H460105999010",
            "lower case": "h46010599901",
            "full width": "H4601059990１",
        },
    ),
    "region": (
        IDENTIFIER,
        {
            "no such province": "990000",
            "five digits": "46010",
            "full width": "４60100",
        },
    ),
}

NOT_XML = dict.fromkeys(("NUL", "bell", "escape"), ("XML_MALFORMED", ""))
ANOTHER_COLUMN = {"grouping": ("CSV_MALFORMED", "line 2")}
# (document, what) -> line -> (code, element) where the format's own syntax or a narrower rule is
# first, or where the value is one that this document may hold.
EXCEPTIONS: dict[tuple[str, str], dict[str, tuple[str, str]]] = {
    ("e-bill", "text"): NOT_XML,
    ("remote e-bill", "text"): NOT_XML,
    ("catalogue", "amount"): ANOTHER_COLUMN,
    ("catalogue", "text"): {
        line: ("DOCUMENT_TOO_LARGE" if line == "over-long" else INVALID, "line 3")
        for line in LINES["text"][1]
    },
    ("payment file", "text"): {"over-long": ("DOCUMENT_TOO_LARGE", "line 2")},
    ("return file", "text"): {"over-long": ("DOCUMENT_TOO_LARGE", "line 6")},
    ("institution table", "institution"): dict.fromkeys(
        LINES["institution"][1], ("INSTITUTION_TABLE", "institution[1].code")
    ),
    ("institution table", "credit code"): dict.fromkeys(
        LINES["credit code"][1], ("INSTITUTION_TABLE", "institution[1].uscc")
    ),
}

CASES = {
    f"{document.name}: {what}: {line}": (document, what, line)
    for what, (_, lines) in LINES.items()
    for line in lines
    for document in DOCUMENTS
    if what in document.places
}


@pytest.mark.parametrize("case", CASES)
def test_refused_where_it_stands(case: str) -> None:
    document, what, line = CASES[case]
    code, lines = LINES[what]
    place = document.places[what]
    due = EXCEPTIONS.get((document.name, what), {}).get(line, (code, place.element))
    assert document.refusal(place.put(lines[line])) == due


RIGHT = {
    "text": "ئۇيغۇر 测试",
    "day": "20240229",
    "amount": "1.00",
    "resident id": "469900195607189985",
    "credit code": "12460203999999023U",
    "organisation code": "999999074",
    "institution": "P46010599901",
    "region": "460100",
}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_every_place_is_one(document: Document) -> None:
    """A right value in the same place is taken: what is refused above is the value."""
    for what, place in document.places.items():
        code, _ = document.refusal(place.put(RIGHT[what]))
        allowed = {"OK", "FUND_FILE_TOTAL", "ARCHIVE_OWNER", "SETTLEMENT_PAIR"}
        assert code in allowed, (what, code)


def prologue(raw: bytes, text: str) -> bytes:
    """The document with a declaration behind its XML declaration."""
    end = raw.index(b"?>") + 2
    return raw[:end] + text.encode() + raw[end:]


def laughs() -> str:
    """Entities that would unfold to a thousand million characters."""
    return '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )


def half_of_json(raw: bytes) -> bytes:
    return raw[: raw.rindex(b",", 0, len(raw) // 2)]


def twice(raw: bytes) -> bytes:
    return edit(raw, "<PayMode>4</PayMode>", "<PayMode>4</PayMode><PayMode>4</PayMode>")


# ---- bytes: what no document of its syntax may be

XML, JSON, LINES_OF_TEXT = ("e-bill", "remote e-bill"), ("settlement", "archive", "policy"), (
    "catalogue", "payment file", "return file", "institution table",
)  # fmt: skip
MIB = 1024 * 1024
# (what, of which documents, (document) -> bytes, code)
BYTES: list[tuple[str, tuple[str, ...], Callable[[bytes], bytes], str]] = [
    ("ten megabytes", (*XML, *JSON), lambda raw: raw + b" " * (10 * MIB), "DOCUMENT_TOO_LARGE"),
    (
        "ten megabytes",
        LINES_OF_TEXT,
        lambda raw: raw + b"#" * (10 * MIB) + b"\n",
        "DOCUMENT_TOO_LARGE",
    ),
    ("a byte order mark", XML + JSON, lambda raw: b"\xef\xbb\xbf" + raw, "DOCUMENT_ENCODING"),
    ("GB 18030", XML + JSON, lambda raw: raw.decode().encode("gb18030"), "DOCUMENT_ENCODING"),
    ("UTF-16", XML + JSON, lambda raw: raw.decode().encode("utf-16"), "DOCUMENT_ENCODING"),
    ("a document type", XML, lambda raw: prologue(raw, "<!DOCTYPE EInvoice>"), "XML_FORBIDDEN"),
    (
        "an external entity",
        XML,
        lambda raw: prologue(raw, '<!DOCTYPE E [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
        "XML_FORBIDDEN",
    ),
    (
        "entities in entities",
        XML,
        lambda raw: prologue(raw, f"<!DOCTYPE E [{laughs()}]>").replace(b"482913", b"&a9;"),
        "XML_FORBIDDEN",
    ),
    (
        "elements in elements",
        XML,
        lambda raw: raw.replace(b"<PayCode/>", b"<a>" * 100 + b"</a>" * 100),
        "DOCUMENT_TOO_LARGE",
    ),
    ("an element twice", XML, twice, "ELEMENT_DUPLICATED"),
    (
        "a key twice",
        JSON,
        lambda raw: raw.replace(b"{", b'{"x": 1, "x": 1,', 1),
        "JSON_DUPLICATE_KEY",
    ),
    ("NaN", JSON, lambda raw: raw.replace(b"{", b'{"x": NaN,', 1), "JSON_MALFORMED"),
    (
        "lists in lists",
        JSON,
        lambda raw: raw.replace(b"{", b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b",", 1),
        "DOCUMENT_TOO_LARGE",
    ),
    (
        "objects in objects",
        JSON,
        lambda raw: raw.replace(b"{", b'{"x":' * 100_000 + b"1" + b"}" * 100_000, 1),
        "DOCUMENT_TOO_LARGE",
    ),
    ("cut in half", (*XML,), lambda raw: raw[: len(raw) // 2], "XML_MALFORMED"),
    ("cut in half", JSON, half_of_json, "JSON_MALFORMED"),
    ("cut off", LINES_OF_TEXT[1:3], lambda raw: raw[:-20], "FUND_FILE_LINE_END"),
]
BYTE_CASES = {
    f"{name}: {what}": (name, change, code) for what, names, change, code in BYTES for name in names
}


@pytest.mark.parametrize("case", BYTE_CASES)
def test_refused_as_bytes(case: str) -> None:
    name, change, code = BYTE_CASES[case]
    document = next(one for one in DOCUMENTS if one.name == name)
    right = RIGHT["text"] if "text" in document.places else RIGHT["credit code"]
    raw = document.places["text" if "text" in document.places else "credit code"].put(right)
    began = time.monotonic()
    assert document.refusal(change(raw))[0] == code
    assert time.monotonic() - began < 2


# ---- sums that are off by one fen

BLUE = sample("ebill_out_01.xml")
SETTLEMENT = sample("setl_2207_bill01.json")
INFO = ("response", "output", "setlinfo")


def found(raw: bytes) -> list[tuple[str, str, str]]:
    """(code, grade, field) of every finding about the document."""
    if raw.startswith(b"<"):
        findings = bill_findings(parse_ebill(raw).form)
    elif raw.startswith(b"H|6131R|"):
        findings = return_differences(parse_fund_file(SENT), parse_return_file(raw))
    elif raw.startswith(b"H|"):
        findings = fund_file_findings(parse_fund_file(raw))
    else:
        findings = settlement_findings(parse_settlement(raw).form)
    assert not shows_a_person(repr(findings))
    return [(one.code, one.grade, one.field) for one in findings]


OFF_BY_ONE = {
    "a bill's total": (
        edit(BLUE, "<TotalAmount>231.40", "<TotalAmount>231.41"),
        [
            ("BILL_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen"),
            ("BILL_TOTAL_NOT_SUM_OF_ITEMS", "error", "total_fen"),
        ],
    ),
    "a bill's pooled fund": (
        edit(BLUE, "<FundPayAmount>115.44", "<FundPayAmount>115.45"),
        [("BILL_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen")],
    ),
    "a bill's other funds": (
        edit(BLUE, "<OtherPayAmount>0.00", "<OtherPayAmount>0.01"),
        [("BILL_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen")],
    ),
    "a bill's personal account": (
        edit(BLUE, "<AccountPayAmount>100.00", "<AccountPayAmount>99.99"),
        [("BILL_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen")],
    ),
    "a bill's item": (
        edit(BLUE, "<ItemAmount>85.00", "<ItemAmount>84.99"),
        [
            ("BILL_TOTAL_NOT_SUM_OF_ITEMS", "error", "total_fen"),
            ("BILL_ITEM_NOT_SUM_OF_LINES", "warn", "item.2.amount_fen"),
        ],
    ),
    "a bill's detail line": (
        edit(BLUE, "<AuxItemAmount>40.00", "<AuxItemAmount>39.99"),
        [("BILL_ITEM_NOT_SUM_OF_LINES", "warn", "item.3.amount_fen")],
    ),
    "a settlement's fund": (
        member(SETTLEMENT, *INFO, "hifmi_pay")("0.01"),
        [("SETTLEMENT_FUND_PARTS", "warn", "fund_total_fen")],
    ),
    "a settlement's hospital share": (
        member(SETTLEMENT, *INFO, "hosp_part_amt")("0.01"),
        [
            ("SETTLEMENT_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen"),
            ("SETTLEMENT_TOTAL_PARTS", "warn", "total_fen"),
        ],
    ),
    "a settlement's cash": (
        member(SETTLEMENT, *INFO, "psn_cash_pay")("15.97"),
        [
            ("SETTLEMENT_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen"),
            ("SETTLEMENT_PERSON_PARTS", "warn", "cash_fen"),
        ],
    ),
    "a settlement's bill": (
        member(SETTLEMENT, "billinfo", "bill_amt")("231.41"),
        [("SETTLEMENT_BILL_AMOUNT", "warn", "total_fen")],
    ),
    "a return's total": (
        edit(RETURNED, "|5|19300.75|", "|5|19300.76|"),
        [("FUND_RETURN_TOTAL", "error", "total_fen"), ("FUND_RETURN_SUMS", "error", "total_fen")],
    ),
    "a return's line": (
        edit(RETURNED, "|1081.80|", "|1081.79|"),
        [
            ("FUND_RETURN_SUMS", "error", "total_fen"),
            ("FUND_RETURN_SUMS", "error", "paid_fen"),
            ("FUND_RETURN_AMOUNT", "error", "line.1.amount_fen"),
        ],
    ),
}


@pytest.mark.parametrize("case", OFF_BY_ONE)
def test_off_by_one_fen_is_a_finding(case: str) -> None:
    raw, expected = OFF_BY_ONE[case]
    before = found(
        RETURNED if raw.startswith(b"H|6131R|") else BLUE if raw[:1] == b"<" else SETTLEMENT
    )
    assert [one for one in found(raw) if one not in before] == expected


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("|5|19300.75", "|5|19300.76", "FUND_FILE_TOTAL"),
        ("|1081.80|", "|1081.79|", "FUND_FILE_TOTAL"),
        ("|5|19300.75", "|4|19300.75", "FUND_FILE_COUNT"),
    ],
)
def test_a_payment_file_that_does_not_add_up_is_refused(old: str, new: str, code: str) -> None:
    document = next(one for one in DOCUMENTS if one.name == "payment file")
    assert document.refusal(edit(SENT, old, new))[0] == code


def test_a_card_number_that_fails_its_check_is_a_finding_only() -> None:
    """Corporate accounts need not pass Luhn's formula, so it never refuses a payment."""
    wrong = edit(SENT, "|6299990000000000012|", "|6299990000000000013|")
    assert [one for one in found(wrong) if one not in found(SENT)] == [
        ("FUND_ACCOUNT_CHECK", "warn", "line.4.account")
    ]


def test_zero_has_one_spelling_whatever_its_sign() -> None:
    """Systems that negate amounts print -0.00 on red bills; it is read as 0, never kept."""
    raw = edit(BLUE, "<OtherPayAmount>0.00", "<OtherPayAmount>-0.00")
    assert parse_ebill(raw).form.public["other_fund_fen"] == "0"
