"""Money as whole fen and quantities as canonical decimals, read from text without floats."""

import re

from documents.codes import AMOUNT_INVALID
from faults import Rejected

MAX_FEN = 10**14  # 1 000 000 000 000 yuan, far over any N16,2 value a document carries

_MONEY = re.compile(r"(-?)(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,2}))?")
_QUANTITY = re.compile(r"(-?)(0|[1-9][0-9]{0,14})(?:\.([0-9]{1,8}))?")


def parse_fen(text: str, element: str) -> int | None:
    """Yuan with at most two decimals as whole fen; "" is None ("not given").

    Takes the source text of an XML element or of a JSON number, so that nothing is ever rounded.
    Rejected AMOUNT_INVALID: exponent, sign "+", grouping, leading zeros, more than two decimals,
    or over MAX_FEN.
    """
    if not text:
        return None
    found = _MONEY.fullmatch(text)
    if found is None:
        raise Rejected(AMOUNT_INVALID, element=element)
    fen = int(found[2]) * 100 + int((found[3] or "").ljust(2, "0"))
    if fen > MAX_FEN:
        raise Rejected(AMOUNT_INVALID, element=element, reason="range")
    return -fen if found[1] else fen


def require_fen(text: str, element: str) -> int:
    """As parse_fen, but an absent amount is Rejected AMOUNT_INVALID."""
    fen = parse_fen(text, element)
    if fen is None:
        raise Rejected(AMOUNT_INVALID, element=element, reason="empty")
    return fen


def format_fen(fen: int) -> str:
    """Whole fen as yuan with two decimals: 23140 is "231.40"."""
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan}.{rest:02}"


def canonical_quantity(text: str, element: str) -> str:
    """A decimal without superfluous zeros: "2.00" is "2"; "" stays "".

    At most 15 digits before and 8 after the point, as wide as any count, price or ratio of
    the source formats (16,4; 16,6; 5,4). Rejected AMOUNT_INVALID otherwise.
    """
    if not text:
        return ""
    found = _QUANTITY.fullmatch(text)
    if found is None:
        raise Rejected(AMOUNT_INVALID, element=element)
    fraction = (found[3] or "").rstrip("0")
    value = found[2] + (f".{fraction}" if fraction else "")
    return value if value == "0" else found[1] + value
