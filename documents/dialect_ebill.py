"""A bill of another province, read by its dialect table into ebill/1 (异地票据差异化 XML).

What the table maps becomes a field; everything else stays with the bill as "extra.…". Structure,
identity and signs are refused when wrong, as for our own bills; arithmetic is left to the findings.
The signatures in the XML are kept, and verified by whoever holds the other province's keys.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from documents.codes import (
    DIALECT_AMBIGUOUS,
    DIALECT_UNKNOWN,
    DIALECT_VALUE,
    ELEMENT_DUPLICATED,
    ELEMENT_INVALID,
    ELEMENT_MISSING,
)
from documents.dialect_table import (
    FEN,
    POSITIVE,
    REQUIRED_TARGETS,
    SETTLEMENT_ID,
    Dialect,
    RowRule,
    Rule,
)
from documents.ebill_rules import Extra, check_payer, check_signs, ebill_form, known_name
from documents.forms import StandardForm
from documents.text import canonical_text
from documents.xml_strict import XmlNode, parse_xml
from faults import Rejected

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,63}", re.ASCII)
_FEN = re.compile(r"(-?)(0|[1-9][0-9]{0,13})", re.ASCII)


@dataclass(frozen=True, repr=False)
class RemoteEbill:
    """A parsed bill: its form, its original bytes, and the table that read it."""

    form: StandardForm
    document: bytes
    dialect: Dialect

    def __repr__(self) -> str:
        return f"<RemoteEbill {self.form.public['code']}-{self.form.public['number']}>"


@dataclass
class _Flat:
    """The tree as paths: each text, each row's node, and which paths hold elements."""

    texts: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[XmlNode]] = field(default_factory=dict)
    branches: list[str] = field(default_factory=list)
    extra: Extra = field(default_factory=Extra)


def parse_remote_ebill(xml: bytes, dialects: Sequence[Dialect]) -> RemoteEbill:
    """A bill from another province's XML, by the one table that recognises it.

    Rejected: the limits of documents.xml_strict; DIALECT_UNKNOWN or DIALECT_AMBIGUOUS; and as
    documents.ebill_xml, naming the element. Nothing else is ever raised for any bytes.
    """
    root = parse_xml(xml)
    dialect = recognise(root, dialects)
    flat = _flatten(root, dialect, set(_sources(dialect)))
    values = dict(dialect.constants)
    settlement_ids: list[str] = []
    for rule in dialect.rules:
        text, element = _first(rule, flat)
        if rule.target == SETTLEMENT_ID:
            settlement_ids = _settlement_ids(rule, text, element)
            continue
        value = _value(rule, text, element)
        if value:
            values[rule.target] = value
        elif rule.target in REQUIRED_TARGETS:
            raise Rejected(ELEMENT_MISSING, element=element)
    for row in dialect.rows:
        _read_rows(row, flat, values)
    if dialect.red_amounts == POSITIVE and values.get("blue.code"):
        values.update({path: _negated(values[path]) for path in values if path.endswith("_fen")})
    check_payer(values, _element(dialect, "payer.code"))
    check_signs(values, _element(dialect, "blue.code"), _element(dialect, "blue.number"))
    own = {"dialect.name": dialect.name, "dialect.sm3": dialect.sm3.hex()}
    form = ebill_form(values, {**flat.extra.values, **own}, settlement_ids, xml)
    return RemoteEbill(form, xml, dialect)


def recognise(root: XmlNode, dialects: Sequence[Dialect]) -> Dialect:
    """The one table whose conditions the document meets."""
    found = [one for one in dialects if _meets(root, one)]
    if not found:
        raise Rejected(DIALECT_UNKNOWN)
    if len(found) > 1:
        raise Rejected(DIALECT_AMBIGUOUS, tables=",".join(one.name for one in found))
    return found[0]


def _meets(root: XmlNode, dialect: Dialect) -> bool:
    if known_name(root.name) != dialect.root:
        return False
    if not all(_text_at(root, path) for path in dialect.present):
        return False
    return all(
        _text_at(root, path).startswith(dialect.starts[path]) for path in sorted(dialect.starts)
    )


def _text_at(root: XmlNode, path: str) -> str:
    """The text at a path; of several elements of one name the first is looked into."""
    node = root
    for step in path.split("/"):
        if step[0] == "@":
            return dict(node.attributes).get(step[1:], "").strip()
        below = [child for child in node.children if known_name(child.name) == step]
        if not below:
            return ""
        node = below[0]
    return node.text.strip()


def _sources(dialect: Dialect) -> list[str]:
    return [path for rule in dialect.rules for path in rule.sources]


def _flatten(root: XmlNode, dialect: Dialect, mapped: set[str]) -> _Flat:
    flat = _Flat()
    each = [row.each for row in dialect.rows]
    _walk(root, "", "", mapped, each, flat)
    return flat


def _walk(
    node: XmlNode,
    path: str,
    written: str,
    mapped: set[str],
    each: Sequence[str],
    flat: _Flat,
) -> None:
    """`path` has normal names, `written` those of the document."""
    _attributes(node, path, written, mapped, flat)
    for child in node.children:
        below = f"{path}/{known_name(child.name)}".lstrip("/")
        shown = f"{written}/{child.name}".lstrip("/")
        if below in each:
            flat.rows.setdefault(below, []).append(child)
            continue
        if child.children:
            flat.branches.append(below)
        elif below in mapped:
            if below in flat.texts:
                raise Rejected(ELEMENT_DUPLICATED, element=below)
            flat.texts[below] = canonical_text(child.text, below, 8192)
        else:
            flat.extra.keep(shown, canonical_text(child.text, "unknown element"))
        _walk(child, below, shown, mapped, each, flat)


def _attributes(node: XmlNode, path: str, written: str, mapped: set[str], flat: _Flat) -> None:
    for name, value in node.attributes:
        key = f"{path}/@{name}".lstrip("/")
        if key not in mapped:
            text = canonical_text(value, "unknown attribute")
            flat.extra.keep(f"{written}/@{name}".lstrip("/"), text)
            continue
        if key in flat.texts:
            raise Rejected(ELEMENT_DUPLICATED, element=key)
        flat.texts[key] = canonical_text(value, key, 8192)


def _first(rule: Rule, flat: _Flat) -> tuple[str, str]:
    """The first source that has text, and its element; else the first element."""
    for path in rule.sources:
        if path in flat.branches:
            raise Rejected(ELEMENT_INVALID, element=path, reason="text expected")
    for path in rule.sources:
        if flat.texts.get(path):
            return flat.texts[path], path
    return "", rule.sources[0]


def _value(rule: Rule, text: str, element: str) -> str:
    if not text:
        return ""
    if rule.codes is not None:
        if text not in rule.codes:
            raise Rejected(DIALECT_VALUE, element=element, target=rule.target)
        return rule.codes[text]
    if rule.date is not None:
        found = rule.date.fullmatch(text)
        if found is None:
            raise Rejected(ELEMENT_INVALID, element=element, reason="date")
        text = found["yyyy"] + found["MM"] + found["dd"]
    if rule.unit == FEN:
        text = _yuan(text, element)
    return rule.read(text, element)


def _yuan(text: str, element: str) -> str:
    """Whole fen as the yuan that the amounts' own reader takes."""
    found = _FEN.fullmatch(text)
    if found is None:
        raise Rejected(ELEMENT_INVALID, element=element, reason="whole fen")
    digits = found[2].rjust(3, "0")
    return f"{found[1]}{digits[:-2]}.{digits[-2:]}"


def _negated(fen: str) -> str:
    return fen if fen == "0" else fen[1:] if fen[0] == "-" else f"-{fen}"


def _settlement_ids(rule: Rule, text: str, element: str) -> list[str]:
    """None, the one, or several; what stands alone in its element has to be an id."""
    if not text:
        return []
    if not rule.after:
        if _ID.fullmatch(text) is None:
            raise Rejected(ELEMENT_INVALID, element=element, reason="settlement id")
        return [text]
    found = []
    for marker in rule.after:
        for rest in text.split(marker)[1:]:
            match = _ID.match(rest.lstrip())
            found.append(match[0] if match else "")
    return sorted(dict.fromkeys(found)) if all(found) else ["", *found]


def _read_rows(row: RowRule, flat: _Flat, values: dict[str, str]) -> None:
    mapped = {path for rule in row.rules for path in rule.sources}
    for index, node in enumerate(flat.rows.get(row.each, ()), 1):
        shown = f"{row.each}[{index}]"
        if not node.children and node.text.strip():
            raise Rejected(ELEMENT_INVALID, element=shown, reason="elements expected")
        inside = _Flat(extra=_Within(shown, flat.extra))
        _walk(node, "", "", mapped, (), inside)
        for rule in row.rules:
            text, element = _first(rule, inside)
            value = _value(rule, text, f"{shown}/{element}")
            if value:
                values[f"{row.prefix}.{index}.{rule.target}"] = value
            elif rule.target == "amount_fen":
                raise Rejected(ELEMENT_MISSING, element=f"{shown}/{element}")


class _Within(Extra):
    """The extras of one row, kept among the bill's under the row's path."""

    def __init__(self, path: str, whole: Extra) -> None:
        super().__init__(whole.values, whole.repeats)
        self._path = path

    def keep(self, path: str, value: str) -> None:
        """Keep a text under the row's path."""
        super().keep(f"{self._path}/{path}", value)


def _element(dialect: Dialect, target: str) -> str:
    named: Mapping[str, str] = {rule.target: rule.sources[0] for rule in dialect.rules}
    return named.get(target, target)
