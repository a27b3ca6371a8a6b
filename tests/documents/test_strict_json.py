"""Hostile JSON: duplicates, huge numbers, depth, wrong types."""

import time
from collections.abc import Callable

import pytest

from documents import parse_archive, parse_settlement
from documents.codes import (
    DOCUMENT_ENCODING,
    DOCUMENT_TOO_LARGE,
    ELEMENT_INVALID,
    JSON_DUPLICATE_KEY,
    JSON_MALFORMED,
)
from documents.json_strict import (
    MAX_JSON_BYTES,
    MAX_JSON_DEPTH,
    JsonNumber,
    object_at,
    objects_at,
    parse_json_object,
    scalar_text,
)
from faults import Code
from tests.documents.support import refused

CORPUS: dict[str, tuple[bytes, Code]] = {
    "duplicate key": (b'{"a": 1, "a": 1}', JSON_DUPLICATE_KEY),
    "nested duplicate": (b'{"b": [{"a": 1, "a": 2}]}', JSON_DUPLICATE_KEY),
    "duplicate after escapes": (b'{"a": 1, "\\u0061": 2}', JSON_DUPLICATE_KEY),
    "duplicate after composition": ('{"é": 1, "e\u0301": 2}'.encode(), JSON_DUPLICATE_KEY),
    "not a number": (b'{"a": NaN}', JSON_MALFORMED),
    "infinity": (b'{"a": -Infinity}', JSON_MALFORMED),
    "huge number": (b'{"a": ' + b"9" * 1_000_000 + b"}", DOCUMENT_TOO_LARGE),
    "depth": (b'{"a": ' + b"[" * 1_000_000, DOCUMENT_TOO_LARGE),
    "objects in depth": (b'{"a":' * 17 + b"1" + b"}" * 17, DOCUMENT_TOO_LARGE),
    "many values": (b'{"a": [' + b"1," * 600_000 + b"1]}", DOCUMENT_TOO_LARGE),
    "size": (b" " * (MAX_JSON_BYTES + 1), DOCUMENT_TOO_LARGE),
    "long key": (b'{"' + b"k" * 65 + b'": 1}', DOCUMENT_TOO_LARGE),
    "byte order mark": (b"\xef\xbb\xbf{}", DOCUMENT_ENCODING),
    "gbk": ('{"姓名": 1}'.encode("gb18030"), DOCUMENT_ENCODING),
    "list": (b"[]", JSON_MALFORMED),
    "null": (b"null", JSON_MALFORMED),
    "empty": (b"", JSON_MALFORMED),
    "truncated": (b'{"a": [1, {"b"', JSON_MALFORMED),
    "trailing": (b"{} {}", JSON_MALFORMED),
    "trailing comma": (b'{"a": 1,}', JSON_MALFORMED),
    "comment": (b"{} // x", JSON_MALFORMED),
    "single quotes": (b"{'a': 1}", JSON_MALFORMED),
    "control character": (b'{"a": "\x01"}', JSON_MALFORMED),
    "surrogate key": (b'{"\\ud800": 1}', ELEMENT_INVALID),
    "open string of escapes": (b'{"' + b'\\"' * 1_000_000, JSON_MALFORMED),
}


@pytest.mark.parametrize("name", CORPUS)
@pytest.mark.parametrize(
    "parse", [parse_json_object, parse_settlement, lambda raw: parse_archive(raw, b"")]
)
def test_corpus(name: str, parse: Callable[[bytes], object]) -> None:
    raw, code = CORPUS[name]
    started = time.monotonic()
    refused(code, lambda: parse(raw))
    assert time.monotonic() - started < 2


def test_numbers_keep_their_text() -> None:
    assert parse_json_object(b'{"a": 0.10, "b": 1e5, "c": -0}') == {
        "a": JsonNumber("0.10"),
        "b": JsonNumber("1e5"),
        "c": JsonNumber("-0"),
    }


def test_brackets_in_strings_are_not_depth() -> None:
    text = b'{"a": "' + b"[{" * 1000 + b'\\"[[[["}'
    assert isinstance(parse_json_object(text)["a"], str)
    inner = b"[" * (MAX_JSON_DEPTH - 1) + b"]" * (MAX_JSON_DEPTH - 1)
    assert "a" in parse_json_object(b'{"a": ' + inner + b"}")


def test_members_have_the_type_that_is_asked_for() -> None:
    parent = parse_json_object(b'{"o": {}, "l": [{}], "t": "x", "n": 1, "z": null, "b": true}')
    assert object_at(parent, "o", "o") == {} and object_at(parent, "none", "o") == {}
    assert objects_at(parent, "l", "l") == [{}] and objects_at(parent, "z", "l") == []
    assert scalar_text(parent["z"], "z") == "" and scalar_text(parent["n"], "n") == "1"
    refused(ELEMENT_INVALID, lambda: object_at(parent, "l", "x"), "x")
    refused(ELEMENT_INVALID, lambda: objects_at(parent, "o", "x"), "x")
    refused(ELEMENT_INVALID, lambda: objects_at({"l": ["t"]}, "l", "x"), "x")
    refused(ELEMENT_INVALID, lambda: scalar_text(parent["b"], "x"), "x")
    refused(ELEMENT_INVALID, lambda: scalar_text(parent["o"], "x"), "x")
