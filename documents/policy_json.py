"""File import of a policy (医保政策人工导入, 2.2.1.4.5.1): JSON to the contract's typed document.

The format is `policy/1` of docs/formats.md. Amounts are yuan, ratios fractions; the result is in
fen and ten-thousandths. A file is taken whole or refused whole.
"""

import re

from documents.codes import ELEMENT_INVALID, ELEMENT_MISSING, ELEMENT_UNKNOWN
from documents.json_strict import JsonNumber, JsonObject, JsonValue, parse_json_object
from documents.published import (
    amount_fen,
    division,
    matching,
    period,
    plain_text,
    ratio_bp,
    required_day,
)
from faults import Rejected
from proto.policy_pb2 import BenefitRule, PolicyDocument, RatioSegment

FORMAT = "policy/1"
RULES_MAX = 64
SEGMENTS_MAX = 16
SCOPES_MAX = 32

_TOP = (
    "format", "region", "insured_type", "version", "title", "document_number", "issued_date",
    "effective_from", "effective_to", "document_sm3", "rules",
)  # fmt: skip
_RULE = (
    "visit_kinds", "institution_level", "person_types", "deductible", "deductible_per", "ceiling",
    "ceiling_per", "segments", "segments_per", "remote_filed_minus", "remote_unfiled_minus",
)  # fmt: skip
_SEGMENT = ("up_to", "ratio")

_INSURED_TYPE = re.compile("[0-9]{3}")
_SCOPE = re.compile("[0-9]{2}")
_LEVEL = re.compile("[0-3]?")
_PER = re.compile("visit|year")
_CEILING_PER = re.compile("visit|year|none")
_SM3 = re.compile("([0-9a-f]{64})?")
_VERSION = re.compile("[1-9][0-9]{0,5}|1000000")


def parse_policy(raw: bytes) -> PolicyDocument:
    """The policy in a file's bytes.

    Rejected with the element's path: the codes of documents.json_strict, ELEMENT_MISSING,
    ELEMENT_UNKNOWN, ELEMENT_INVALID, AMOUNT_INVALID, RATIO_INVALID, PERIOD_INVALID.
    """
    top = parse_json_object(raw)
    _only(top, _TOP, "")
    if _text(top, "format", "format") != FORMAT:
        raise Rejected(ELEMENT_INVALID, element="format", reason="form")
    first, last = _text(top, "effective_from", "effective_from"), ""
    if top.get("effective_to") is not None:
        last = _text(top, "effective_to", "effective_to")
    begins, ends = period(first, last, ("effective_from", "effective_to"))
    return PolicyDocument(
        region=division(_text(top, "region", "region"), "region"),
        insured_type=_matched(top, "insured_type", _INSURED_TYPE, "insured_type"),
        version=_version(top),
        title=plain_text(_text(top, "title", "title"), "title", required=True),
        document_number=plain_text(_optional(top, "document_number"), "document_number"),
        issued_date=required_day(_text(top, "issued_date", "issued_date"), "issued_date"),
        effective_from=begins,
        effective_to=ends,
        document_sm3=bytes.fromhex(matching(_optional(top, "document_sm3"), _SM3, "document_sm3")),
        rules=[
            _rule(one, f"rules[{number}]")
            for number, one in enumerate(_objects(top, "rules", "rules", RULES_MAX), start=1)
        ],
    )


def _rule(row: JsonObject, at: str) -> BenefitRule:
    _only(row, _RULE, at)
    ceiling_per = _matched(row, "ceiling_per", _CEILING_PER, f"{at}.ceiling_per")
    ceiling = 0
    if ceiling_per != "none":
        ceiling = amount_fen(_decimal(row, "ceiling", f"{at}.ceiling"), f"{at}.ceiling")
    elif row.get("ceiling") is not None:
        raise Rejected(ELEMENT_INVALID, element=f"{at}.ceiling", reason="there is no ceiling")
    return BenefitRule(
        visit_kinds=_scopes(row, "visit_kinds", f"{at}.visit_kinds", 1),
        institution_level=matching(
            _optional(row, "institution_level", at), _LEVEL, f"{at}.institution_level"
        ),
        person_types=_scopes(row, "person_types", f"{at}.person_types", 0),
        deductible_fen=amount_fen(
            _decimal(row, "deductible", f"{at}.deductible"), f"{at}.deductible"
        ),
        deductible_per=_matched(row, "deductible_per", _PER, f"{at}.deductible_per"),
        ceiling_fen=ceiling,
        ceiling_per=ceiling_per,
        segments=_segments(row, f"{at}.segments"),
        segments_per=_matched(row, "segments_per", _PER, f"{at}.segments_per"),
        remote_filed_minus_bp=_ratio(row, "remote_filed_minus", at),
        remote_unfiled_minus_bp=_ratio(row, "remote_unfiled_minus", at),
    )


def _segments(row: JsonObject, at: str) -> list[RatioSegment]:
    rows = _objects(row, "segments", at, SEGMENTS_MAX)
    segments, before = [], 0
    for number, one in enumerate(rows, start=1):
        here = f"{at}[{number}]"
        _only(one, _SEGMENT, here)
        end, last = 0, number == len(rows)
        if last and one.get("up_to") is not None:
            raise Rejected(ELEMENT_INVALID, element=f"{here}.up_to", reason="the last has no end")
        if not last:
            end = amount_fen(_decimal(one, "up_to", f"{here}.up_to"), f"{here}.up_to")
            if end <= before:
                raise Rejected(ELEMENT_INVALID, element=f"{here}.up_to", reason="order")
        segments.append(RatioSegment(up_to_fen=end, ratio_bp=_ratio(one, "ratio", here)))
        before = end
    return segments


def _scopes(row: JsonObject, key: str, at: str, least: int) -> list[str]:
    value = row.get(key)
    if value is None and not least:
        return []
    if not isinstance(value, list) or not least <= len(value) <= SCOPES_MAX:
        raise Rejected(ELEMENT_INVALID, element=at, reason="list expected")
    found = []
    for one in value:
        if not isinstance(one, str):
            raise Rejected(ELEMENT_INVALID, element=at, reason="text expected")
        found.append(matching(one, _SCOPE, at))
    if len(set(found)) != len(found):
        raise Rejected(ELEMENT_INVALID, element=at, reason="twice")
    return sorted(found)


def _version(top: JsonObject) -> int:
    value = top.get("version")
    if value is None:
        raise Rejected(ELEMENT_MISSING, element="version")
    if not isinstance(value, JsonNumber) or _VERSION.fullmatch(value.text) is None:
        raise Rejected(ELEMENT_INVALID, element="version", reason="whole number expected")
    return int(value.text)


def _ratio(row: JsonObject, key: str, at: str) -> int:
    return ratio_bp(_decimal(row, key, f"{at}.{key}"), f"{at}.{key}")


def _matched(row: JsonObject, key: str, pattern: re.Pattern[str], element: str) -> str:
    return matching(_text(row, key, element), pattern, element)


def _text(row: JsonObject, key: str, element: str) -> str:
    value = row.get(key)
    if value is None or value == "":
        raise Rejected(ELEMENT_MISSING, element=element)
    if not isinstance(value, str):
        raise Rejected(ELEMENT_INVALID, element=element, reason="text expected")
    return value


def _optional(row: JsonObject, key: str, at: str = "") -> str:
    element = f"{at}.{key}" if at else key
    return _text(row, key, element) if row.get(key) not in (None, "") else ""


def _decimal(row: JsonObject, key: str, element: str) -> str:
    """A decimal as a JSON number or as text: its source text."""
    value: JsonValue = row.get(key)
    if value is None or value == "":
        raise Rejected(ELEMENT_MISSING, element=element)
    if isinstance(value, JsonNumber):
        return value.text
    if isinstance(value, str):
        return value
    raise Rejected(ELEMENT_INVALID, element=element, reason="text or number expected")


def _objects(row: JsonObject, key: str, element: str, most: int) -> list[JsonObject]:
    value = row.get(key)
    if value is None:
        raise Rejected(ELEMENT_MISSING, element=element)
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise Rejected(ELEMENT_INVALID, element=element, reason=f"1 to {most} expected")
    rows = []
    for number, one in enumerate(value, start=1):
        if not isinstance(one, dict):
            at = f"{element}[{number}]"
            raise Rejected(ELEMENT_INVALID, element=at, reason="object expected")
        rows.append(one)
    return rows


def _only(row: JsonObject, known: tuple[str, ...], at: str) -> None:
    """No element but those of the format: a misspelt one would silently not count."""
    for number, key in enumerate(row, start=1):
        if key not in known:
            raise Rejected(ELEMENT_UNKNOWN, element=at or "document", number=number)
