"""Hostile XML: every kind is refused, early, in little time and memory."""

import time
import tracemalloc

import pytest

from documents import parse_ebill
from documents.codes import (
    DOCUMENT_ENCODING,
    DOCUMENT_TOO_LARGE,
    ELEMENT_MISSING,
    XML_FORBIDDEN,
    XML_MALFORMED,
)
from documents.xml_strict import MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_XML_BYTES
from faults import Code, Rejected
from tests.documents.support import edit, refused, sample

BLUE = sample("ebill_out_01.xml")
DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
BODY = BLUE[len(DECLARATION) :]

LAUGHS = "<!DOCTYPE EInvoice [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{i} '{f'&a{i - 1};' * 10}'>" for i in range(1, 10)
)

CORPUS: dict[str, tuple[bytes, Code]] = {
    "doctype": (DECLARATION + b"<!DOCTYPE EInvoice>" + BODY, XML_FORBIDDEN),
    "doctype in lower case": (DECLARATION + b"<!doctype EInvoice>" + BODY, XML_FORBIDDEN),
    "external dtd": (
        DECLARATION + b'<!DOCTYPE EInvoice SYSTEM "http://127.0.0.1:1/x.dtd">' + BODY,
        XML_FORBIDDEN,
    ),
    "external entity": (
        DECLARATION
        + b'<!DOCTYPE E [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        + edit(BODY, "MZ2024081600123", "&x;"),
        XML_FORBIDDEN,
    ),
    "parameter entity": (
        DECLARATION + b'<!DOCTYPE E [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]>' + BODY,
        XML_FORBIDDEN,
    ),
    "billion laughs": (
        DECLARATION + LAUGHS.encode() + b"]>" + edit(BODY, "MZ2024081600123", "&a9;"),
        XML_FORBIDDEN,
    ),
    "undefined entity": (edit(BLUE, "MZ2024081600123", "&x;"), XML_MALFORMED),
    "cdata": (edit(BLUE, "MZ2024081600123", "<![CDATA[x]]>"), XML_FORBIDDEN),
    "comment in the root": (edit(BLUE, "<Main>", "<Main><!-- x -->"), XML_FORBIDDEN),
    "comment in a value": (edit(BLUE, "231.40", "23<!-- -->1.40"), XML_FORBIDDEN),
    "instruction in the root": (edit(BLUE, "<Main>", "<Main><?x y?>"), XML_FORBIDDEN),
    "instruction before the root": (
        DECLARATION + b'<?xml-stylesheet href="http://127.0.0.1:1/"?>' + BODY,
        XML_FORBIDDEN,
    ),
    "namespace": (edit(BLUE, "<Main>", "<Main xmlns='urn:x'>"), XML_FORBIDDEN),
    "prefix": (
        edit(BLUE, "<PayCode/>", "<PayCode/><x:y xmlns:x='urn:x'>1</x:y>"),
        XML_FORBIDDEN,
    ),
    "undeclared prefix": (edit(BLUE, "<PayCode/>", "<PayCode/><x:y>1</x:y>"), XML_MALFORMED),
    "xml prefix": (edit(BLUE, "<Main>", "<Main xml:space='preserve'>"), XML_FORBIDDEN),
    "xinclude": (
        edit(
            BLUE,
            "<Main>",
            "<Main><xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='/etc/passwd'/>",
        ),
        XML_FORBIDDEN,
    ),
    "byte order mark": (b"\xef\xbb\xbf" + BLUE, DOCUMENT_ENCODING),
    "utf-16": (BLUE.decode().encode("utf-16"), DOCUMENT_ENCODING),
    "gb18030 bytes": (BLUE.decode().encode("gb18030"), DOCUMENT_ENCODING),
    "gb18030 declared": (edit(BLUE, "UTF-8", "GB18030"), DOCUMENT_ENCODING),
    "utf-7 declared": (edit(BLUE, "UTF-8", "UTF-7"), DOCUMENT_ENCODING),
    "latin bytes": (
        edit(BLUE, "MZ00990001", "x").replace(b"x</Pat", b"\xe9</Pat"),
        DOCUMENT_ENCODING,
    ),
    "attribute bomb": (
        edit(BLUE, "<Main>", "<Main " + " ".join(f"a{i}=''" for i in range(100_000)) + ">"),
        DOCUMENT_TOO_LARGE,
    ),
    "element bomb": (edit(BLUE, "<PayCode/>", "<a/>" * 500_000), DOCUMENT_TOO_LARGE),
    "depth": (
        edit(BLUE, "<PayCode/>", "<a>" * 15_000 + "</a>" * 15_000),
        XML_MALFORMED,
    ),
    "a little too deep": (
        edit(BLUE, "<PayCode/>", "<a>" * MAX_DEPTH + "</a>" * MAX_DEPTH),
        DOCUMENT_TOO_LARGE,
    ),
    "long name": (edit(BLUE, "<PayCode/>", f"<{'a' * 65}/>"), DOCUMENT_TOO_LARGE),
    "long path": (
        edit(BLUE, "<PayCode/>", f"<{'a' * 60}><{'b' * 60}>1</{'b' * 60}></{'a' * 60}>"),
        DOCUMENT_TOO_LARGE,
    ),
    "text beside elements": (edit(BLUE, "<Main>", "<Main>x"), XML_MALFORMED),
    "text after an element": (edit(BLUE, "</Details>", "</Details>x"), XML_MALFORMED),
    "second root": (BLUE + b"<EInvoice/>", XML_MALFORMED),
    "truncated": (BLUE[: len(BLUE) // 2], XML_MALFORMED),
    "empty": (b"", XML_MALFORMED),
    "nothing but space": (b"  \n", XML_MALFORMED),
    "zero byte": (edit(BLUE, "MZ00990001", "a\x00b"), XML_MALFORMED),
    "control character": (edit(BLUE, "MZ00990001", "&#1;"), XML_MALFORMED),
    "json": (b'{"EInvoice": 1}', XML_MALFORMED),
    "another root": (b"<Invoice/>", ELEMENT_MISSING),
    "no content": (b"<EInvoice/>", ELEMENT_MISSING),
}


@pytest.mark.parametrize("name", CORPUS)
def test_corpus(name: str) -> None:
    raw, code = CORPUS[name]
    started = time.monotonic()
    refused(code, lambda: parse_ebill(raw))
    assert time.monotonic() - started < 2


def test_a_hundred_megabytes_are_refused_before_parsing() -> None:
    raw = b"<EInvoice>" + b"<a>1</a>" * (100 * 1024 * 1024 // 8)
    tracemalloc.start()
    started = time.monotonic()
    refused(DOCUMENT_TOO_LARGE, lambda: parse_ebill(raw))
    elapsed, peak = time.monotonic() - started, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert elapsed < 0.5
    assert peak < 1024 * 1024


def test_the_limits_themselves_are_met() -> None:
    """A document just inside every limit is parsed: the limits are where they are said."""
    filler = "<a/>" * 18_000
    assert parse_ebill(edit(BLUE, "<PayCode/>", filler)).code == "46060124"
    with pytest.raises(Rejected):
        parse_ebill(BLUE + b" " * (MAX_XML_BYTES - len(BLUE) + 1))
    assert parse_ebill(BLUE + b" " * (MAX_XML_BYTES - len(BLUE))).code == "46060124"
    assert MAX_ELEMENTS == 20_000 and MAX_ATTRIBUTES == 2_000


def test_comments_around_the_root_and_character_references_are_harmless() -> None:
    raw = edit(BLUE, "MZ00990001", "&#65;&amp;B") + b"<!-- end -->"
    assert parse_ebill(raw).form.private["patient_number"] == "A&B"


def test_a_document_without_declaration_is_utf8() -> None:
    assert parse_ebill(BODY).code == "46060124"
