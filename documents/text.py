"""Canonical text: what a value looks like once it is in a standard form.

One value has one spelling, because fields are hashed: Unicode NFC, no surrounding white
space, dates as yyyymmdd, no control characters but line breaks and tabs. What can't be seen is
refused, too: two texts that look alike would be two values, and one that turns the direction of its
neighbours shows what isn't there.
"""

import datetime
import re
import unicodedata

from documents.codes import DOCUMENT_ENCODING, ELEMENT_INVALID
from faults import Rejected

MAX_TEXT = 4000  # characters; the longest text of the source formats (setl_proc_info) has 4000
MAX_TEXT_BYTES = 8192  # UTF-8; one field of a committed form holds no more

# Controls; soft hyphen, zero width space, word joiners and marks; all that steers the direction of
# writing; line and paragraph separators. The joiners U+200C and U+200D belong to some scripts.
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_LATEST_DATE = "21991231"  # the chain takes no later one
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})|([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(r"([0-9]{2}):?([0-9]{2}):?([0-9]{2})(?:\.?[0-9]{1,3})?")
_BRACKETS = str.maketrans({"【": "(", "】": ")", "[": "(", "]": ")", "〔": "(", "〕": ")"})


def canonical_text(text: str, element: str, limit: int = MAX_TEXT) -> str:
    """NFC without surrounding white space.

    Rejected ELEMENT_INVALID: over `limit` characters or MAX_TEXT_BYTES, a control character or
    one that can't be seen, or a lone surrogate.
    """
    if len(text) > limit:
        raise Rejected(ELEMENT_INVALID, element=element, reason="length")
    canonical = text if text.isascii() else unicodedata.normalize("NFC", text)
    canonical = canonical.strip()
    if _CONTROL.search(canonical) or (size := _utf8_size(canonical)) is None:
        raise Rejected(ELEMENT_INVALID, element=element, reason="characters")
    if size > MAX_TEXT_BYTES:
        raise Rejected(ELEMENT_INVALID, element=element, reason="length")
    return canonical


def canonical_date(text: str, element: str) -> str:
    """`yyyyMMdd` or `yyyy-MM-dd`, optionally followed by a time that is dropped, as yyyymmdd.

    "" stays "". Rejected ELEMENT_INVALID when it is no real date from 1900 to 2199.
    """
    return canonical_moment(text, element)[:8]


def canonical_moment(text: str, element: str) -> str:
    """A date with an optional time of day as yyyymmdd or yyyymmddhhmmss (fractions are dropped)."""
    if not text:
        return ""
    found = _DATE.match(text)
    if found is None:
        raise Rejected(ELEMENT_INVALID, element=element, reason="date")
    date = "".join(part for part in found.groups() if part is not None)
    if not is_date(date):
        raise Rejected(ELEMENT_INVALID, element=element, reason="date")
    rest = text[found.end() :].lstrip(" T")
    return date + canonical_time(rest, element)


def canonical_time(text: str, element: str) -> str:
    """`HH:mm:ss` or `HHmmss` as hhmmss; "" stays "". Rejected ELEMENT_INVALID otherwise."""
    if not text:
        return ""
    found = _TIME.fullmatch(text)
    if found is None or found[1] > "23" or found[2] > "59" or found[3] > "60":
        raise Rejected(ELEMENT_INVALID, element=element, reason="time")
    return found[1] + found[2] + found[3]


def is_date(digits: str, earliest: str = "19000101") -> bool:
    """Whether eight digits are a real calendar date, from `earliest` to the end of 2199."""
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return False
    if not earliest <= digits <= _LATEST_DATE:
        return False
    try:
        datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True


def comparable_name(name: str) -> str:
    """An institution's name for comparison only: width, brackets, spaces and case made alike.

    Example: "海口　测试综合医院（东院）" and "海口测试综合医院(东院)" give the same text.
    """
    folded = unicodedata.normalize("NFKC", name).translate(_BRACKETS)
    return "".join(folded.split()).casefold()


def decode_utf8(raw: bytes) -> str:
    """The text of a document. Rejected DOCUMENT_ENCODING for a byte order mark or bad UTF-8."""
    if raw[:3] == b"\xef\xbb\xbf" or raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Rejected(DOCUMENT_ENCODING, reason="byte order mark")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected(DOCUMENT_ENCODING, offset=error.start) from None


def _utf8_size(text: str) -> int | None:
    try:
        return len(text.encode("utf-8"))
    except UnicodeEncodeError:
        return None
