"""What files of policies and catalogues have in common: strict text, days, ratios, periods.

Nothing is guessed or repaired: a value that is not in its one form is refused where it stands.
"""

import re

from documents.codes import (
    ELEMENT_INVALID,
    ELEMENT_MISSING,
    PERIOD_INVALID,
    RATIO_INVALID,
)
from documents.identifiers import is_division
from documents.money import require_fen
from documents.text import canonical_date, canonical_text
from faults import Rejected

UNIT_BP = 10_000
TEXT_MAX = 200
FEN_MAX = 10**13

_DAY = re.compile(r"[0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RATIO = re.compile(r"([01])(?:\.([0-9]{1,4}))?")


def plain_text(text: str, element: str, *, required: bool = False) -> str:
    """One line of at most 200 printable characters, NFC. Rejected ELEMENT_INVALID or _MISSING."""
    value = canonical_text(text, element, TEXT_MAX)
    if not value.isprintable():
        raise Rejected(ELEMENT_INVALID, element=element, reason="characters")
    if required and not value:
        raise Rejected(ELEMENT_MISSING, element=element)
    return value


def matching(text: str, pattern: re.Pattern[str], element: str) -> str:
    """The text when all of it has the pattern. Rejected ELEMENT_INVALID otherwise."""
    if pattern.fullmatch(text) is None:
        raise Rejected(ELEMENT_INVALID, element=element, reason="form")
    return text


def division(text: str, element: str) -> str:
    """A six-digit region (区划)."""
    if not text.isascii() or not is_division(text):
        raise Rejected(ELEMENT_INVALID, element=element, reason="region")
    return text


def required_day(text: str, element: str) -> str:
    """`yyyyMMdd` or `yyyy-MM-dd` as yyyymmdd, and nothing after it."""
    if not text:
        raise Rejected(ELEMENT_MISSING, element=element)
    if _DAY.fullmatch(text) is None:
        raise Rejected(ELEMENT_INVALID, element=element, reason="date")
    day = canonical_date(text, element)
    if day[:4] > "2199":
        raise Rejected(ELEMENT_INVALID, element=element, reason="date")
    return day


def period(first: str, last: str, elements: tuple[str, str]) -> tuple[str, str]:
    """The two days of a period, both included; the last may be "" = open."""
    begins = required_day(first, elements[0])
    ends = required_day(last, elements[1]) if last else ""
    if ends and ends < begins:
        raise Rejected(PERIOD_INVALID, element=elements[1])
    return begins, ends


def ratio_bp(text: str, element: str) -> int:
    """A fraction such as "0.85" in ten-thousandths. Rejected RATIO_INVALID outside 0 to 1."""
    found = _RATIO.fullmatch(text)
    if found is None or not text.isascii():
        raise Rejected(RATIO_INVALID, element=element)
    value = int(found[1]) * UNIT_BP + int((found[2] or "").ljust(4, "0"))
    if value > UNIT_BP:
        raise Rejected(RATIO_INVALID, element=element)
    return value


def amount_fen(text: str, element: str) -> int:
    """Yuan with at most two decimals as fen, not negative, at most 10^11 yuan."""
    fen = require_fen(text, element)
    if not 0 <= fen <= FEN_MAX:
        raise Rejected(ELEMENT_INVALID, element=element, reason="range")
    return fen
