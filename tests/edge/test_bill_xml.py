"""Bad bill XML, handed to the finance chain's custodian over gRPC: refused by a stable code that
names the element, in bounded time and memory, and nothing is written."""

import random

import pytest

from documents.ebill_fields import REQUIRED
from node.client import ClientError
from tests.documents.support import edit
from tests.edge.outside import Outside, memory, peak_memory
from tests.edge.variants import BLUE, bill, doubled, signed_part, without

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

MIB = 1024 * 1024
MAIN = "EInvoiceData/Main"
TOTAL = f"{MAIN}/TotalAmount"
ROOT = "<EInvoice>"
LAUGHS = "<!DOCTYPE EInvoice [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY a{n} '{'&a' + str(n - 1) + ';' if n else '&a;'}{'&a;' * 9}'>" for n in range(20)
)

FORBIDDEN = {
    "a document type": (ROOT, "<!DOCTYPE EInvoice><EInvoice>", "doctype"),
    "a document type elsewhere": (
        ROOT,
        '<!DOCTYPE EInvoice SYSTEM "http://127.0.0.1:9/x.dtd"><EInvoice>',
        "doctype",
    ),
    "a billion laughs": (ROOT, LAUGHS + "]><EInvoice>", "doctype"),
    "a file as an entity": (
        ROOT,
        '<!DOCTYPE EInvoice [<!ENTITY x SYSTEM "file:///etc/passwd">]><EInvoice>',
        "doctype",
    ),
    "a parameter entity": (
        ROOT,
        '<!DOCTYPE EInvoice [<!ENTITY % x SYSTEM "http://127.0.0.1:9/">%x;]><EInvoice>',
        "doctype",
    ),
    "an entity declared in the text": ("测试收费员", "<!ENTITY x 'y'>", "declaration"),
    "an include": (
        "<Remark>",
        '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/><Remark>',
        "namespace",
    ),
    "a default namespace": (ROOT, '<EInvoice xmlns="urn:x">', "namespace"),
    "a style sheet": (
        ROOT,
        '<?xml-stylesheet href="file:///etc/passwd"?><EInvoice>',
        "instruction",
    ),
    "an instruction inside": ("<Remark>", "<?php x?><Remark>", "comment, instruction or entity"),
    "a comment that splits an amount": (
        "<TotalAmount>231.40",
        "<TotalAmount>2<!-- -->31.40",
        "comment, instruction or entity",
    ),
    "character data": ("医保结算号:300000900001", "<![CDATA[x]]>", "cdata"),
}


@pytest.mark.parametrize("case", FORBIDDEN)
def test_forbidden_constructs(finance: Outside, case: str) -> None:
    old, new, reason = FORBIDDEN[case]
    with finance.untouched():
        about = finance.refuses("XML_FORBIDDEN", "bill.issue_blue", edit(BLUE, old, new))
    assert about == {"reason": reason}


def test_an_entity_that_nobody_declared(finance: Outside) -> None:
    with finance.untouched():
        finance.refuses("XML_MALFORMED", "bill.issue_blue", edit(BLUE, "测试收费员", "&x;"))


MALFORMED = {
    "nothing": b"",
    "no XML": b"\x00\x01\x02",
    "text": "这不是票据".encode(),
    "cut off": BLUE[: len(BLUE) // 2],
    "two roots": BLUE + b"<EInvoice/>",
    "a tag that is not closed": edit(BLUE, "</Main>", ""),
    "a NUL": edit(BLUE, "测试收费员", "\x00"),
    "a very deep tree": b"<a>" * 15_000 + b"</a>" * 15_000,
    "a very long name": b"<" + b"a" * MIB + b"/>",
    "a control character by its number": edit(BLUE, "测试收费员", "&#1;"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_what_is_no_xml(finance: Outside, case: str) -> None:
    with finance.untouched():
        finance.refuses("XML_MALFORMED", "bill.issue_blue", MALFORMED[case])


TEXT = BLUE.decode()
ENCODINGS = {
    "GB 18030, and says so": edit(BLUE, 'encoding="UTF-8"', 'encoding="GB18030"')
    .decode()
    .encode("gb18030"),
    "GB 18030, unsaid": TEXT.encode("gb18030"),
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-32": TEXT.encode("utf-32"),
    "UTF-7 by declaration": edit(BLUE, 'encoding="UTF-8"', 'encoding="UTF-7"'),
    "a byte order mark": b"\xef\xbb\xbf" + BLUE,
    "an overlong slash": BLUE.replace("测试甲".encode(), b"\xc0\xaf", 1),
    "half a surrogate pair": BLUE.replace("测试甲".encode(), b"\xed\xa0\x80", 1),
}


@pytest.mark.parametrize("case", ENCODINGS)
def test_wrong_encodings(finance: Outside, case: str) -> None:
    with finance.untouched():
        finance.refuses("DOCUMENT_ENCODING", "bill.issue_blue", ENCODINGS[case])


def test_a_hundred_megabytes(finance: Outside) -> None:
    """Refused by its announced length: the node never holds it."""
    huge = BLUE + b" " * (100 * MIB)
    before, peak = memory(finance.pid), peak_memory(finance.pid)
    with finance.untouched(seconds=20):
        finance.refuses("REQUEST_TOO_LARGE", "bill.issue_blue", huge)
        finance.refuses(
            "REQUEST_TOO_LARGE", "bill.issue_blue", BLUE, {"content": " " * (100 * MIB)}
        )
    assert max(peak_memory(finance.pid) - peak, memory(finance.pid) - before) < 64 * MIB


@pytest.mark.parametrize(
    ("case", "document", "about"),
    [
        ("bytes", BLUE + b" " * (4 * MIB), {"field": "document", "limit": str(4 * MIB)}),
        ("elements", b"<EInvoice>" + b"<a/>" * 60_000 + b"</EInvoice>", {"reason": "elements"}),
        ("depth", b"<a>" * 100 + b"</a>" * 100, {"reason": "depth"}),
        ("attributes", b"<a " + b'b="" ' * 3_000 + b"/>", {"reason": "attributes"}),
        ("name", b"<" + b"a" * 1_000 + b"/>", {"reason": "name"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_over_a_limit(finance: Outside, case: str, document: bytes, about: dict[str, str]) -> None:
    code = "REQUEST_TOO_LARGE" if case == "bytes" else "DOCUMENT_TOO_LARGE"
    with finance.untouched():
        found = finance.refuses(code, "bill.issue_blue", document)
    assert about.items() <= found.items()


@pytest.mark.parametrize("path", REQUIRED)
def test_missing_empty_and_doubled_elements(finance: Outside, path: str) -> None:
    name = path.rpartition("/")[2]
    start = BLUE.index(f"<{name}>".encode()) + len(name) + 2
    empty = BLUE[:start] + BLUE[BLUE.index(f"</{name}>".encode()) :]
    with finance.untouched():
        for document in (without(name), empty):
            assert finance.refuses("ELEMENT_MISSING", "bill.issue_blue", document) == {
                "element": path
            }
        about = finance.refuses("ELEMENT_DUPLICATED", "bill.issue_blue", doubled(name))
    assert about == {"element": path}


@pytest.mark.parametrize(
    "section", ["Header", "EInvoiceData", "EInvoiceSignature", "Main", "MainExt"]
)
def test_doubled_sections(finance: Outside, section: str) -> None:
    with finance.untouched():
        about = finance.refuses("ELEMENT_DUPLICATED", "bill.issue_blue", doubled(section))
    assert about["element"].endswith(section)


def test_missing_sections_and_another_document(finance: Outside) -> None:
    with finance.untouched():
        for section in ("Header", "EInvoiceData"):
            about = finance.refuses("ELEMENT_MISSING", "bill.issue_blue", without(section))
            assert about == {"element": section}
        about = finance.refuses("ELEMENT_MISSING", "bill.issue_blue", b"<Invoice/>")
        assert about == {"element": "EInvoice"}


@pytest.mark.parametrize(
    "amount",
    [
        "231,40",
        "2,310.40",
        "2.314e2",
        "NaN",
        "Infinity",
        "+231.40",
        "231.405",
        "0x10",
        "0231.40",
        ".40",
        "231.",
        "二百三十一元四角",
        "２３１.４０",
        "99999999999999.00",
        "9" * 5_000,
        "-",
        "1 231.40",
    ],
    ids=lambda text: text[:16],
)
def test_amounts_that_are_no_numbers(finance: Outside, amount: str) -> None:
    code = "AMOUNT_INVALID"
    with finance.untouched():
        document = edit(BLUE, "<TotalAmount>231.40", f"<TotalAmount>{amount}")
        assert finance.refuses(code, "bill.issue_blue", document)["element"] == TOTAL
        document = edit(BLUE, "<ItemAmount>20.00", f"<ItemAmount>{amount}")
        about = finance.refuses(code, "bill.issue_blue", document)
    assert about["element"] == "EInvoiceData/Details/Item[1]/ItemAmount"


@pytest.mark.parametrize(
    ("element", "named"),
    [
        ("TotalAmount", "total_fen"),
        ("FundPayAmount", "fund_fen"),
        ("AccountPayAmount", "account_fen"),
        ("OwnPayAmount", "cash_fen"),
    ],
)
def test_negative_amounts_on_a_blue_bill(finance: Outside, element: str, named: str) -> None:
    with finance.untouched():
        document = edit(BLUE, f"<{element}>", f"<{element}>-")
        assert finance.refuses("AMOUNT_SIGN", "bill.issue_blue", document) == {"element": named}


@pytest.mark.parametrize(
    ("old", "new", "element"),
    [
        ("469900198403129992", "469900198403129993", f"{MAIN}/PayerParty/PayerPartyCode"),
        ("469900198403129992", "469900198413129992", f"{MAIN}/PayerParty/PayerPartyCode"),
        ("469900198403129992", "46990019840312999X", f"{MAIN}/PayerParty/PayerPartyCode"),
        ("12460105999999015Q", "12460105999999015R", f"{MAIN}/InvoicingParty/InvoicingPartyCode"),
        ("12460105999999015Q", "12460105999999015I", f"{MAIN}/InvoicingParty/InvoicingPartyCode"),
        ("12460105999999015Q", "1246010599999901", f"{MAIN}/InvoicingParty/InvoicingPartyCode"),
    ],
)  # fmt: skip
def test_wrong_check_characters(finance: Outside, old: str, new: str, element: str) -> None:
    with finance.untouched():
        about = finance.refuses("IDENTIFIER_INVALID", "bill.issue_blue", edit(BLUE, old, new))
    assert about["element"] == element
    assert new not in str(about)


@pytest.mark.parametrize(
    ("old", "new", "element"),
    [
        ("<EInvoiceCode>46060124", "<EInvoiceCode>4606012", "EInvoiceCode"),
        ("<EInvoiceNumber>0000000101", "<EInvoiceNumber>101", "EInvoiceNumber"),
        ("<RandomNumber>482913", "<RandomNumber>48291Z", "RandomNumber"),
        ("<IssueDate>20240816", "<IssueDate>20240230", "IssueDate"),
        ("<IssueTime>10:21:07", "<IssueTime>25:21:07", "IssueTime"),
        ("<TotalAmount>231.40", "<TotalAmount><a>231.40</a>", "TotalAmount"),
    ],
)
def test_elements_of_the_wrong_form(finance: Outside, old: str, new: str, element: str) -> None:
    with finance.untouched():
        about = finance.refuses("ELEMENT_INVALID", "bill.issue_blue", edit(BLUE, old, new))
    assert about["element"] == f"{MAIN}/{element}"


def test_a_text_that_was_changed_after_signing(finance: Outside) -> None:
    changed = edit(BLUE, "<Age>40", "<Age>41")
    with finance.untouched():
        about = finance.refuses("EBILL_SIGNATURE", "bill.issue_blue", changed)
        assert about == {"party": "issuer", "reason": "wrong"}
        unsigned = finance.refuses(
            "EBILL_SIGNATURE", "bill.issue_blue", without("EInvoiceSignature")
        )
        assert unsigned == {"party": "issuer", "reason": "missing"}
        half = finance.refuses(
            "EBILL_SIGNATURE", "bill.issue_blue", without("SupervisorPartySignature")
        )
        assert half == {"party": "supervisor", "reason": "missing"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [("!!!!", "encoding"), ("MAA=", "wrong"), ("A" * 8000, "wrong"), ("测试", "encoding")],
)
def test_a_signature_that_is_none(finance: Outside, value: str, reason: str) -> None:
    start = BLUE.index(b"<SignatureValue>") + len(b"<SignatureValue>")
    document = BLUE[:start] + value.encode() + BLUE[BLUE.index(b"</SignatureValue>") :]
    with finance.untouched():
        about = finance.refuses("EBILL_SIGNATURE", "bill.issue_blue", document)
    assert about == {"party": "issuer", "reason": reason}


def test_the_wrong_kind_and_the_wrong_caller(finance: Outside) -> None:
    with finance.untouched():
        assert finance.refuses("REQUEST_INVALID", "bill.issue_red", bill())["field"] == "kind"
        finance.refuses("CUSTODIAN_KIND_INVALID", "bill.green", bill())
        finance.refuses("CUSTODIAN_KIND_INVALID", "", bill())
        finance.refuses("NOT_PERMITTED", "settlement.upload", b"{}")
        many = {f"option {number}": "" for number in range(17)}
        about = finance.refuses("REQUEST_TOO_LARGE", "bill.issue_blue", bill(), many)
        assert about["field"] == "options"


def test_bytes_changed_at_random_get_a_code_and_never_an_internal_error(finance: Outside) -> None:
    draw = random.Random(20240816)
    with finance.untouched(seconds=30):
        for _ in range(400):
            damaged = bytearray(BLUE)
            for _ in range(draw.randint(1, 8)):
                start = draw.randrange(len(damaged))
                piece = bytes(draw.randbytes(draw.randint(0, 4)))
                damaged[start : start + draw.randint(0, 4)] = piece
            _refused_for_what_it_is(finance, bytes(damaged))


def _refused_for_what_it_is(finance: Outside, document: bytes) -> None:
    try:
        finance.client.prepare("bill.issue_blue", document, finance.actor.public_key)
    except ClientError as error:
        assert error.code not in ("INTERNAL", "NODE_UNREACHABLE"), document
    else:  # only outside of what is signed: a comment, a signature's time
        assert signed_part(BLUE) in document
