"""JSON for documents from outside: no duplicate keys, no floats, bounded size and depth.

A number is kept as its source text (JsonNumber), so that money is never rounded and a huge
number is never built.
"""

import json
import re
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

from documents.codes import (
    DOCUMENT_TOO_LARGE,
    ELEMENT_INVALID,
    JSON_DUPLICATE_KEY,
    JSON_MALFORMED,
)
from documents.text import canonical_text, decode_utf8
from faults import Rejected

MAX_JSON_BYTES = 4 * 1024 * 1024
MAX_JSON_DEPTH = 16
MAX_JSON_NODES = 250_000
MAX_NUMBER = 40  # characters of one number
MAX_KEY = 64  # characters

# A string, closed or not, is one token: the scan stays linear on every input.
_TOKEN = re.compile(r'"(?:[^"\\]+|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class JsonNumber:
    """A number as it is written in the document."""

    text: str


JsonValue: TypeAlias = "JsonNumber | str | bool | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]


def parse_json_object(raw: bytes) -> JsonObject:
    """The document's top-level object.

    Rejected DOCUMENT_TOO_LARGE, DOCUMENT_ENCODING, JSON_DUPLICATE_KEY or JSON_MALFORMED (also
    for NaN and Infinity).
    """
    if len(raw) > MAX_JSON_BYTES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_JSON_BYTES, reason="bytes")
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MAX_JSON_NODES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_JSON_NODES, reason="values")
    text = decode_utf8(raw)
    _check_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_constant,
        )
    except ValueError:
        raise Rejected(JSON_MALFORMED) from None
    if not isinstance(value, dict):
        raise Rejected(JSON_MALFORMED, reason="not an object")
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for token in _TOKEN.finditer(text):
        first = text[token.start()]
        if first in "[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_JSON_DEPTH, reason="depth")
        elif first in "]}":
            depth -= 1


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    found: JsonObject = {}
    for key, value in pairs:
        if len(key) > MAX_KEY:
            raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_KEY, reason="key")
        name = canonical_text(key, "key", MAX_KEY)
        if name in found:
            raise Rejected(JSON_DUPLICATE_KEY)
        found[name] = value
    return found


def _number(text: str) -> JsonNumber:
    if len(text) > MAX_NUMBER:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_NUMBER, reason="number")
    return JsonNumber(text)


def _constant(_: str) -> NoReturn:
    raise Rejected(JSON_MALFORMED, reason="not a number")


def object_at(parent: JsonObject, key: str, element: str) -> JsonObject:
    """A member that is an object; absent and null are empty. Rejected ELEMENT_INVALID otherwise."""
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Rejected(ELEMENT_INVALID, element=element, reason="object expected")
    return value


def objects_at(parent: JsonObject, key: str, element: str) -> list[JsonObject]:
    """A member that is a list of objects; absent and null are empty. Rejected ELEMENT_INVALID."""
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Rejected(ELEMENT_INVALID, element=element, reason="list expected")
    rows = []
    for row in value:
        if not isinstance(row, dict):
            raise Rejected(ELEMENT_INVALID, element=element, reason="object expected")
        rows.append(row)
    return rows


def scalar_text(value: JsonValue, element: str, limit: int = 4000) -> str:
    """A string or a number as text; null is "". Rejected ELEMENT_INVALID for anything else."""
    if value is None:
        return ""
    if isinstance(value, JsonNumber):
        return value.text
    if isinstance(value, str):
        return canonical_text(value, element, limit)
    raise Rejected(ELEMENT_INVALID, element=element, reason="text or number expected")
