"""Policies by file: one form for each value, and a refusal that says where it is wrong."""

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.policy.document import read_policy
from documents import parse_policy
from faults import Rejected
from tests.documents.support import edit

FILE = """{
  "format": "policy/1",
  "region": "460000",
  "insured_type": "310",
  "version": 2,
  "title": "职工基本医疗保险待遇",
  "document_number": "琼医保规〔2024〕1号",
  "issued_date": "2023-12-01",
  "effective_from": "20240101",
  "effective_to": null,
  "document_sm3": "%s",
  "rules": [
    {
      "visit_kinds": ["24", "21"], "institution_level": "3", "person_types": ["11"],
      "deductible": "800.00", "deductible_per": "visit",
      "ceiling": 300000, "ceiling_per": "year",
      "segments": [{"up_to": "10000", "ratio": 0.85}, {"up_to": null, "ratio": "0.9"}],
      "segments_per": "visit",
      "remote_filed_minus": "0.05", "remote_unfiled_minus": "0.2"
    },
    {
      "visit_kinds": ["11"],
      "deductible": "0", "deductible_per": "year", "ceiling_per": "none",
      "segments": [{"ratio": "1"}], "segments_per": "year",
      "remote_filed_minus": "0", "remote_unfiled_minus": "0.0001"
    }
  ]
}
""" % ("ab" * 32)
RAW = FILE.encode()


def changed(change: Callable[[Any], None]) -> bytes:
    document = json.loads(RAW, parse_float=str)
    change(document)
    return json.dumps(document, ensure_ascii=False).encode()


def refusal(raw: bytes) -> Rejected:
    with pytest.raises(Rejected) as caught:
        parse_policy(raw)
    return caught.value


def test_a_file_becomes_what_the_contract_takes() -> None:
    document = parse_policy(RAW)
    first, second = document.rules
    assert list(first.visit_kinds) == ["21", "24"]
    assert (first.deductible_fen, first.ceiling_fen) == (80_000, 30_000_000)
    assert [(one.up_to_fen, one.ratio_bp) for one in first.segments] == [
        (1_000_000, 8500),
        (0, 9000),
    ]
    assert (first.remote_filed_minus_bp, first.remote_unfiled_minus_bp) == (500, 2000)
    assert (second.ceiling_per, second.segments[0].ratio_bp) == ("none", 10_000)
    assert (second.remote_unfiled_minus_bp, second.institution_level) == (1, "")
    assert (document.issued_date, document.effective_to) == ("20231201", "")
    assert document.document_sm3 == b"\xab" * 32
    assert read_policy(document).version == 2


def put(path: str, value: Any) -> Callable[[Any], None]:
    """Set (or, with ..., remove) what stands at `a.1.b` of the document."""

    def change(document: Any) -> None:
        at = document
        *before, last = path.split(".")
        for step in before:
            at = at[int(step)] if step.isdigit() else at[step]
        if value is ...:
            del at[last]
        else:
            at[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "code", "element"),
    [
        ("format", "policy/2", "ELEMENT_INVALID", "format"),
        ("format", ..., "ELEMENT_MISSING", "format"),
        ("region", "990000", "ELEMENT_INVALID", "region"),
        ("region", 460000, "ELEMENT_INVALID", "region"),
        ("insured_type", "31", "ELEMENT_INVALID", "insured_type"),
        ("version", "2", "ELEMENT_INVALID", "version"),
        ("version", 0, "ELEMENT_INVALID", "version"),
        ("version", 1_000_001, "ELEMENT_INVALID", "version"),
        ("version", True, "ELEMENT_INVALID", "version"),
        ("version", ..., "ELEMENT_MISSING", "version"),
        ("title", "", "ELEMENT_MISSING", "title"),
        ("title", "   ", "ELEMENT_MISSING", "title"),
        ("title", "a\u0007b", "ELEMENT_INVALID", "title"),
        ("title", "a\nb", "ELEMENT_INVALID", "title"),
        ("title", "a\u202eb", "ELEMENT_INVALID", "title"),
        ("title", "x" * 201, "ELEMENT_INVALID", "title"),
        ("title", ["x"], "ELEMENT_INVALID", "title"),
        ("issued_date", "2023-02-29", "ELEMENT_INVALID", "issued_date"),
        ("issued_date", "20231201 10:00:00", "ELEMENT_INVALID", "issued_date"),
        ("effective_from", ..., "ELEMENT_MISSING", "effective_from"),
        ("effective_from", "20241301", "ELEMENT_INVALID", "effective_from"),
        ("effective_from", "22000101", "ELEMENT_INVALID", "effective_from"),
        ("effective_to", "20231231", "PERIOD_INVALID", "effective_to"),
        ("effective_to", 20251231, "ELEMENT_INVALID", "effective_to"),
        ("document_sm3", "AB" * 32, "ELEMENT_INVALID", "document_sm3"),
        ("rules", [], "ELEMENT_INVALID", "rules"),
        ("rules", ..., "ELEMENT_MISSING", "rules"),
        ("rules", {}, "ELEMENT_INVALID", "rules"),
        ("rules", ["x"], "ELEMENT_INVALID", "rules[1]"),
        ("note", "x", "ELEMENT_UNKNOWN", "document"),
        ("rules.1.note", "x", "ELEMENT_UNKNOWN", "rules[2]"),
        ("rules.0.segments.0.note", "x", "ELEMENT_UNKNOWN", "rules[1].segments[1]"),
        ("rules.0.visit_kinds", [], "ELEMENT_INVALID", "rules[1].visit_kinds"),
        ("rules.0.visit_kinds", ["2101"], "ELEMENT_INVALID", "rules[1].visit_kinds"),
        ("rules.0.visit_kinds", [21], "ELEMENT_INVALID", "rules[1].visit_kinds"),
        ("rules.0.visit_kinds", ["21", "21"], "ELEMENT_INVALID", "rules[1].visit_kinds"),
        ("rules.0.person_types", "11", "ELEMENT_INVALID", "rules[1].person_types"),
        ("rules.0.institution_level", "4", "ELEMENT_INVALID", "rules[1].institution_level"),
        ("rules.0.deductible", "-1", "ELEMENT_INVALID", "rules[1].deductible"),
        ("rules.0.deductible", "1.001", "AMOUNT_INVALID", "rules[1].deductible"),
        ("rules.0.deductible", "1e3", "AMOUNT_INVALID", "rules[1].deductible"),
        ("rules.0.deductible", "８00", "AMOUNT_INVALID", "rules[1].deductible"),
        ("rules.0.deductible", "", "ELEMENT_MISSING", "rules[1].deductible"),
        ("rules.0.deductible", False, "ELEMENT_INVALID", "rules[1].deductible"),
        ("rules.0.deductible_per", "month", "ELEMENT_INVALID", "rules[1].deductible_per"),
        ("rules.0.ceiling", ..., "ELEMENT_MISSING", "rules[1].ceiling"),
        ("rules.0.ceiling", "100000000000.01", "ELEMENT_INVALID", "rules[1].ceiling"),
        ("rules.1.ceiling", "1", "ELEMENT_INVALID", "rules[2].ceiling"),
        ("rules.0.segments", [], "ELEMENT_INVALID", "rules[1].segments"),
        ("rules.0.segments.0.up_to", None, "ELEMENT_MISSING", "rules[1].segments[1].up_to"),
        ("rules.0.segments.0.up_to", 0, "ELEMENT_INVALID", "rules[1].segments[1].up_to"),
        ("rules.0.segments.1.up_to", 5, "ELEMENT_INVALID", "rules[1].segments[2].up_to"),
        ("rules.0.segments.0.ratio", "1.0001", "RATIO_INVALID", "rules[1].segments[1].ratio"),
        ("rules.0.segments.0.ratio", "0.85001", "RATIO_INVALID", "rules[1].segments[1].ratio"),
        ("rules.0.segments.0.ratio", "-0.1", "RATIO_INVALID", "rules[1].segments[1].ratio"),
        ("rules.0.segments.0.ratio", "85%", "RATIO_INVALID", "rules[1].segments[1].ratio"),
        ("rules.0.remote_filed_minus", "2", "RATIO_INVALID", "rules[1].remote_filed_minus"),
        ("rules.0.remote_filed_minus", ..., "ELEMENT_MISSING", "rules[1].remote_filed_minus"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(
    path: str, value: Any, code: str, element: str
) -> None:
    refused = refusal(changed(put(path, value)))
    assert (refused.code.name, refused.fields.get("element")) == (code, element)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"\xef\xbb\xbf" + RAW, "DOCUMENT_ENCODING"),
        (FILE.encode("gb18030"), "DOCUMENT_ENCODING"),
        (FILE.encode("utf-16"), "DOCUMENT_ENCODING"),
        (edit(RAW, '"version": 2,', '"version": 2, "version": 3,'), "JSON_DUPLICATE_KEY"),
        (edit(RAW, "0.85", "NaN"), "JSON_MALFORMED"),
        (RAW[:-3], "JSON_MALFORMED"),
        (b"[]", "JSON_MALFORMED"),
        (b"", "JSON_MALFORMED"),
        (RAW + b" " * (4 * 1024 * 1024), "DOCUMENT_TOO_LARGE"),
    ],
)
def test_the_text_itself_is_strict(raw: bytes, code: str) -> None:
    assert refusal(raw).code.name == code


@given(st.lists(st.tuples(st.integers(0, len(RAW)), st.binary(max_size=4)), max_size=4))
def test_whatever_the_bytes_what_is_taken_the_contract_takes(
    edits: list[tuple[int, bytes]],
) -> None:
    raw = RAW
    for at, piece in edits:
        raw = raw[:at] + piece + raw[at + len(piece) :]
    with contextlib.suppress(Rejected):
        document = parse_policy(raw)
        try:
            read_policy(document)
        except Rejected as refused:
            assert refused.code.name == "POLICY_RULES_OVERLAP"
