"""Checks of single request fields: the value, or Rejected(MALFORMED_REQUEST, field)."""

import re

from contracts.codes import MALFORMED_REQUEST
from faults import Rejected

PUBLIC_KEY_BYTES = 65
TEXT_MAX = 200
# State keys are made of these, so they hold no "/".
_IDENTIFIER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,63}", re.ASCII)
_RANDOM_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)


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


def word(field: str, value: str) -> str:
    """A lower-case word such as `reimbursement`, at most 32 characters."""
    if not _WORD.fullmatch(value):
        raise malformed(field, "not a lower-case word")
    return value


def text(field: str, value: str, *, required: bool = False) -> str:
    """Up to 200 printable characters."""
    if len(value) > TEXT_MAX or not value.isprintable():
        raise malformed(field, f"longer than {TEXT_MAX} characters or not printable")
    if required and not value.strip():
        raise malformed(field, "empty")
    return value


def public_key(field: str, value: bytes) -> bytes:
    """65 bytes beginning with 04: an uncompressed point (whether on the curve, verifying shows)."""
    if len(value) != PUBLIC_KEY_BYTES or value[0] != 4:
        raise malformed(field, "not a 65-byte uncompressed public key")
    return value
