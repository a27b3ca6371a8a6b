"""Checks of single request fields: the value, or Rejected(MALFORMED_REQUEST, field)."""

import re

from contracts.codes import MALFORMED_REQUEST
from faults import Rejected

PUBLIC_KEY_BYTES = 65
TEXT_MAX = 200
# State keys are made of these, so they hold no "/".
_IDENTIFIER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,63}", re.ASCII)
_RANDOM_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_KEY = re.compile(r"[0-9A-Za-z_.·~:/-]{1,200}", re.ASCII)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)

# What no text holds: controls, line breaks, spaces but the plain one, characters that can't be
# seen or turn the direction of others, private use, and what is no character. Listed and not asked
# of the interpreter: its Unicode tables change with its version, and all nodes must agree.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u1680\u180e"
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\uf8ff\ufdd0-\ufdef\ufeff"
    "\ufff0-\ufffb\ufffe\uffff"
    "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff\U000f0000-\U0010ffff]"
)


def shown(key: str) -> str:
    """An object's key as a refusal may name it: what can't be one may be a person's name."""
    return key if _KEY.fullmatch(key) else "not a key"


def malformed(field: str, reason: str) -> Rejected:
    """The refusal of one field."""
    return Rejected(MALFORMED_REQUEST, field=field, reason=reason)


def identifier(field: str, value: str) -> str:
    """1 to 64 ASCII letters, digits, `_`, `.`, `-`, beginning with a letter or digit."""
    if not _IDENTIFIER.fullmatch(value):
        raise malformed(field, "not an identifier")
    return value


def random_id(field: str, value: str) -> str:
    """32 lower-case hex digits: an id drawn at random, which names nobody."""
    if not _RANDOM_ID.fullmatch(value):
        raise malformed(field, "not 32 lower-case hex digits")
    return value


def is_word(value: str) -> bool:
    """Whether it is a lower-case word such as `reimbursement`, at most 32 characters."""
    return _WORD.fullmatch(value) is not None


def word(field: str, value: str) -> str:
    """A lower-case word such as `reimbursement`, at most 32 characters."""
    if not is_word(value):
        raise malformed(field, "not a lower-case word")
    return value


def text(field: str, value: str, *, required: bool = False) -> str:
    """Up to 200 printable characters."""
    if len(value) > TEXT_MAX or _UNPRINTABLE.search(value):
        raise malformed(field, f"longer than {TEXT_MAX} characters or not printable")
    if required and not value.strip():
        raise malformed(field, "empty")
    return value


def public_key(field: str, value: bytes) -> bytes:
    """65 bytes beginning with 04: an uncompressed point (whether on the curve, verifying shows)."""
    if len(value) != PUBLIC_KEY_BYTES or value[0] != 4:
        raise malformed(field, "not a 65-byte uncompressed public key")
    return value
