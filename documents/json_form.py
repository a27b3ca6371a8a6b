"""JSON documents of one flat object whose every element is known: read by a table, into a form.

The table says of each element where it goes, what text it may hold and whether it has to be there.
An element that the table lacks is refused: a misspelt one would silently not count. Texts stand as
JSON strings; an amount may stand as a number or as a string, and is never read through a float.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from documents.codes import (
    ELEMENT_INVALID,
    ELEMENT_MISSING,
    ELEMENT_UNKNOWN,
    IDENTIFIER_INVALID,
)
from documents.identifiers import (
    is_division,
    is_masked,
    is_resident_id,
    looks_like_resident_id,
)
from documents.json_strict import JsonNumber, JsonObject, parse_json_object
from documents.published import amount_fen, required_day
from documents.text import canonical_text
from faults import Rejected

Read = Callable[[str, str], str]
"""(text, element) -> canonical text; raises Rejected naming the element."""

RESIDENT_CARD = "01"


@dataclass(frozen=True)
class Element:
    """One element: its name in the document, its path in the form, how its text is read."""

    name: str
    path: str
    read: Read
    required: bool = False
    number: bool = False  # may stand as a JSON number


def read_document(raw: bytes, form: str, elements: Sequence[Element]) -> dict[str, str]:
    """The texts of a document by path; what it doesn't give is left out.

    Rejected: the codes of documents.json_strict; ELEMENT_UNKNOWN, ELEMENT_MISSING, and what the
    elements' readers refuse with, all with the element's name.
    """
    message = parse_json_object(raw)
    known = {"format", *(element.name for element in elements)}
    for number, key in enumerate(message, start=1):
        if key not in known:
            raise Rejected(ELEMENT_UNKNOWN, element="document", number=number)
    if message.get("format") != form:
        code = ELEMENT_MISSING if message.get("format") is None else ELEMENT_INVALID
        raise Rejected(code, element="format", reason=f"{form} expected")
    found = {}
    for element in elements:
        text = _text(message, element)
        if text:
            found[element.path] = element.read(text, element.name)
        elif element.required:
            raise Rejected(ELEMENT_MISSING, element=element.name)
    return found


def _text(message: JsonObject, element: Element) -> str:
    value = message.get(element.name)
    if value is None:
        return ""
    if isinstance(value, JsonNumber) and element.number:
        return value.text
    if not isinstance(value, str):
        kind = "text or number" if element.number else "text"
        raise Rejected(ELEMENT_INVALID, element=element.name, reason=f"{kind} expected")
    return canonical_text(value, element.name)


def text(limit: int) -> Read:
    """Text of at most `limit` characters."""
    return lambda value, element: canonical_text(value, element, limit)


def coded(pattern: str, what: str) -> Read:
    """Text that matches `pattern` as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def read(value: str, element: str) -> str:
        if compiled.fullmatch(value) is None:
            raise Rejected(ELEMENT_INVALID, element=element, reason=f"{what} expected")
        return value

    return read


def division(value: str, element: str) -> str:
    """A six-digit region (区划)."""
    if not is_division(value):
        raise Rejected(IDENTIFIER_INVALID, element=element, reason="division")
    return value


def day(value: str, element: str) -> str:
    """A day, `yyyyMMdd` or `yyyy-MM-dd`, without a time."""
    return required_day(value, element)


def fen(value: str, element: str) -> str:
    """An amount in yuan, not negative, as whole fen."""
    return str(amount_fen(value, element))


identifier = coded(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,63}", "an identifier")
insurance_type = coded(r"[0-9A-Za-z]{1,6}", "an insurance type")

PERSON: tuple[Element, ...] = (
    Element("psn_name", "person.name", text(50), required=True),
    Element("psn_cert_type", "person.id_type", coded(r"[0-9]{2,6}", "a certificate type")),
    Element("certno", "person.id_number", text(50)),
    Element("psn_no", "person.psn_no", coded(r"[0-9A-Za-z*]{1,30}", "an insured number")),
    Element("tel", "person.phone", text(50)),
)
"""Whom a document is about, by the names of the national interface."""


def check_person(found: dict[str, str]) -> None:
    """A person is named by a certificate or an insured number, and a resident id can be one.

    Rejected ELEMENT_MISSING or IDENTIFIER_INVALID.
    """
    number = found.get("person.id_number", "")
    if not number and not found.get("person.psn_no"):
        raise Rejected(ELEMENT_MISSING, element="certno")
    is_card = found.get("person.id_type", RESIDENT_CARD) == RESIDENT_CARD
    is_meant = is_card and not is_masked(number) and looks_like_resident_id(number)
    if is_meant and not is_resident_id(number):
        raise Rejected(IDENTIFIER_INVALID, element="certno", reason="resident id")
