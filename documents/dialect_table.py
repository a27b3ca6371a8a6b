"""Dialect tables: how another province's bill XML maps to the form ebill/1, written in TOML.

A province whose XML differs gets a file in documents/dialects; no code changes. A file holds

    name = "hunan_1"                 # a lower-case word
    title = "…"                      # for people
    root = "Bill"                    # the root element
    red_amounts = "negative"         # or "positive": a red bill's amounts are printed unsigned
    [recognise]                      # all of it must hold for a document to be read by this table
    present = ["Main/Code"]          # these elements have text
    starts = { "Main/Code" = ["43"] }    # and these begin with one of the texts
    [constants]
    currency = "CNY"
    [[field]]
    to = "total_fen"                 # a path of the form
    from = ["Main/Total", "Main/@total"]  # element paths below the root; the first with text counts
    unit = "yuan"                    # amounts only: "yuan" (the default) or "fen"
    [[rows]]
    to = "item"                      # or "aux"
    each = "Details/Item"
    [[rows.field]]                   # paths below the row
    to = "code"
    from = ["Code"]

and a field may have `date = "yyyy年MM月dd日"`, `codes = { "现金" = "1" }` (what is not listed is
refused), or `after = ["结算号:"]` (the id that stands behind that text; `to = "settlement_id"`).
Everything is checked when the table is loaded: no bill ever meets a table with a hole.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from crypto import sm3
from documents.codes import DIALECT_TABLE, DIALECT_TARGET, DOCUMENT_TOO_LARGE
from documents.ebill_fields import LEAVES, ROWS, Leaf, Reader
from documents.ebill_rules import known_name
from documents.text import canonical_date, decode_utf8
from faults import Rejected

MAX_TABLE_BYTES = 256 * 1024
MAX_DIALECTS = 200
MAX_FIELDS = 500
MAX_SOURCES = 16
MAX_CODES = 1_000

YUAN, FEN = "yuan", "fen"
NEGATIVE, POSITIVE = "negative", "positive"
SETTLEMENT_ID, KIND = "settlement_id", "kind"
# Without these a bill can't be told from another, so every table maps them.
REQUIRED_TARGETS = (
    "code",
    "number",
    "check_code",
    "total_fen",
    "issue_date",
    "issuer_code",
    "issuer.name",
)

_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_STEP = r"[A-Za-z_一-鿿][0-9A-Za-z_.一-鿿\-]{0,63}"
_ELEMENT = re.compile(rf"{_STEP}(/{_STEP}){{0,10}}")
_SOURCE = re.compile(rf"({_STEP}/){{0,10}}({_STEP}|@{_STEP})")
_DATE_PARTS = ("yyyy", "MM", "dd")


def _any_id(text: str, element: str) -> str:
    return text


def _kind(text: str, element: str) -> str:
    if text not in ("outpatient", "inpatient", "other"):
        raise Rejected(DIALECT_TABLE, element=element, reason="no kind of bill")
    return text


_FIELD_TARGETS: Mapping[str, Reader] = {
    **{leaf.path: leaf.read for leaf in LEAVES.values()},
    SETTLEMENT_ID: _any_id,
    KIND: _kind,
}
_ROW_TARGETS: Mapping[str, Mapping[str, Reader]] = {
    row.prefix: {leaf.path: leaf.read for leaf in row.leaves.values()} for row in ROWS.values()
}


@dataclass(frozen=True)
class Rule:
    """One field of the form: where its text stands, and how that becomes canonical."""

    target: str
    sources: tuple[str, ...]
    read: Reader
    unit: str = YUAN
    date: re.Pattern[str] | None = None
    codes: Mapping[str, str] | None = None
    after: tuple[str, ...] = ()

    @property
    def leaf(self) -> Leaf:
        """The form's leaf: path and reader."""
        return Leaf(self.target, self.read)


@dataclass(frozen=True)
class RowRule:
    """A repeated element and the fields of one row."""

    prefix: str
    each: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Dialect:
    """A loaded table. `sm3` (32 bytes) is the file's, so a record can say how a bill was read."""

    name: str
    title: str
    root: str
    red_amounts: str
    present: tuple[str, ...]
    starts: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str]
    rules: tuple[Rule, ...]
    rows: tuple[RowRule, ...]
    sm3: bytes = field(repr=False)


def load_dialects(files: Iterable[bytes]) -> tuple[Dialect, ...]:
    """The tables of several files, each name once; the caller has read documents/dialects.

    Rejected DIALECT_TABLE or DIALECT_TARGET naming the table and the element, or
    DOCUMENT_TOO_LARGE.
    """
    loaded = [load_dialect(raw) for raw in files]
    if len(loaded) > MAX_DIALECTS:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_DIALECTS, reason="dialects")
    names = [one.name for one in loaded]
    for name in names:
        if names.count(name) > 1:
            raise Rejected(DIALECT_TABLE, table=name, reason="two tables of one name")
    return tuple(sorted(loaded, key=lambda one: one.name))


def load_dialect(raw: bytes) -> Dialect:
    """One table from its TOML bytes."""
    if len(raw) > MAX_TABLE_BYTES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_TABLE_BYTES, reason="bytes")
    try:
        table = tomllib.loads(decode_utf8(raw))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        raise Rejected(DIALECT_TABLE, reason="not TOML") from None
    known = ("name", "title", "root", "red_amounts", "recognise", "constants", "field", "rows")
    _check_keys(table, known, "")
    recognise = _table(table, "recognise")
    _check_keys(recognise, ("present", "starts"), "recognise.")
    rules = tuple(
        _rule(entry, f"field[{index}]", _FIELD_TARGETS)
        for index, entry in enumerate(_tables(table, "field"), 1)
    )
    dialect = Dialect(
        name=_matching(table, "name", _WORD, ""),
        title=_text(table, "title", ""),
        root=known_name(_matching(table, "root", re.compile(_STEP), "")),
        red_amounts=_choice(table, "red_amounts", (NEGATIVE, POSITIVE), ""),
        present=_paths(recognise, "present", "recognise."),
        starts=_starts(recognise),
        constants=_constants(_table(table, "constants")),
        rules=rules,
        rows=tuple(
            _row(entry, f"rows[{index}]") for index, entry in enumerate(_tables(table, "rows"), 1)
        ),
        sm3=sm3(raw),
    )
    _check_whole(dialect)
    return dialect


def _check_whole(dialect: Dialect) -> None:
    """Each target once, none missing; rows of a kind once, and no field inside a row's element."""
    targets = [*(rule.target for rule in dialect.rules), *dialect.constants]
    _check_once(targets, dialect.name)
    _check_once([row.prefix for row in dialect.rows], dialect.name)
    for target in REQUIRED_TARGETS:
        if target not in targets:
            raise Rejected(DIALECT_TARGET, table=dialect.name, target=target, reason="missing")
    if ("blue.code" in targets) != ("blue.number" in targets):
        raise Rejected(DIALECT_TARGET, table=dialect.name, target="blue", reason="only one half")
    each = [row.each for row in dialect.rows]
    named = [path for rule in dialect.rules for path in rule.sources]
    for path in (*named, *dialect.present, *dialect.starts, *each):
        inside = [one for one in each if path.startswith(f"{one}/")]
        if inside or (path in each and path in named):
            raise Rejected(DIALECT_TABLE, table=dialect.name, element=path, reason="inside a row")
    if len(set(each)) != len(each):
        raise Rejected(DIALECT_TABLE, table=dialect.name, reason="one element, two kinds of rows")


def _check_once(targets: Sequence[str], table: str) -> None:
    for target in targets:
        if targets.count(target) > 1:
            raise Rejected(DIALECT_TARGET, table=table, target=target, reason="twice")


def _row(entry: Mapping[str, object], where: str) -> RowRule:
    _check_keys(entry, ("to", "each", "field"), f"{where}.")
    prefix = _text(entry, "to", f"{where}.")
    targets = _ROW_TARGETS.get(prefix)
    if targets is None:
        raise Rejected(DIALECT_TARGET, element=f"{where}.to", target=prefix[:100])
    rules = tuple(
        _rule(one, f"{where}.field[{index}]", targets)
        for index, one in enumerate(_tables(entry, "field"), 1)
    )
    names = [rule.target for rule in rules]
    _check_once(names, where)
    if "amount_fen" not in names:
        raise Rejected(DIALECT_TARGET, element=where, target="amount_fen", reason="missing")
    each = _matching(entry, "each", _ELEMENT, f"{where}.")
    return RowRule(prefix, normal_path(each), rules)


def _rule(entry: Mapping[str, object], where: str, targets: Mapping[str, Reader]) -> Rule:
    _check_keys(entry, ("to", "from", "unit", "date", "codes", "after"), f"{where}.")
    target = _text(entry, "to", f"{where}.")
    read = targets.get(target)
    if read is None:
        raise Rejected(DIALECT_TARGET, element=f"{where}.to", target=target[:100])
    special = [key for key in ("unit", "date", "codes", "after") if key in entry]
    if len(special) > 1:
        raise Rejected(DIALECT_TABLE, element=where, reason="one of unit, date, codes, after")
    allowed = {
        "unit": target.endswith("_fen"),
        "date": read is canonical_date,
        "codes": not target.endswith("_fen"),
        "after": target == SETTLEMENT_ID,
    }
    for key in special:
        if not allowed[key]:
            raise Rejected(DIALECT_TABLE, element=f"{where}.{key}", reason=f"not for {target}")
    if target == KIND and "codes" not in entry:
        raise Rejected(DIALECT_TABLE, element=where, reason="a kind needs codes")
    return Rule(
        target=target,
        sources=_sources(entry, where),
        read=read,
        unit=_choice(entry, "unit", (YUAN, FEN), f"{where}."),
        date=_date(entry, where) if "date" in entry else None,
        codes=_codes(entry, where, read) if "codes" in entry else None,
        after=_texts(entry, "after", f"{where}.") if "after" in entry else (),
    )


def _sources(entry: Mapping[str, object], where: str) -> tuple[str, ...]:
    paths = _texts(entry, "from", f"{where}.")
    for path in paths:
        if _SOURCE.fullmatch(path) is None:
            raise Rejected(DIALECT_TABLE, element=f"{where}.from", reason="no element path")
    return tuple(normal_path(path) for path in paths)


def normal_path(path: str) -> str:
    """Element names with a capital first letter; attributes as they are."""
    return "/".join(step if step[:1] == "@" else known_name(step) for step in path.split("/"))


def _codes(entry: Mapping[str, object], where: str, read: Reader) -> Mapping[str, str]:
    table = _table(entry, "codes")
    if not 1 <= len(table) <= MAX_CODES:
        raise Rejected(DIALECT_TABLE, element=f"{where}.codes", reason="none or too many")
    codes = {}
    for source in table:
        value = _text(table, source, f"{where}.codes.")
        codes[source] = _canonical(read, value, f"{where}.codes")
    return codes


def _constants(table: Mapping[str, object]) -> Mapping[str, str]:
    constants = {}
    for target in table:
        read = _FIELD_TARGETS.get(target)
        # What tells one bill from another, or what it is about, is never the same for all bills.
        if read is None or target in (*REQUIRED_TARGETS, SETTLEMENT_ID) or target.endswith("_fen"):
            raise Rejected(DIALECT_TARGET, element="constants", target=target[:100])
        value = _text(table, target, "constants.")
        constants[target] = _canonical(read, value, f"constants.{target}"[:100])
    return constants


def _canonical(read: Reader, value: str, where: str) -> str:
    try:
        canonical = read(value, where)
    except Rejected as refused:
        reason = refused.code.name.lower()
        raise Rejected(DIALECT_TABLE, element=where, reason=reason) from None
    if not canonical or canonical != value:
        raise Rejected(DIALECT_TABLE, element=where, reason="not canonical")
    return canonical


def _date(entry: Mapping[str, object], where: str) -> re.Pattern[str]:
    """The pattern of dates written like "yyyy年MM月dd日"; each part once."""
    text = _text(entry, "date", f"{where}.")
    if any(text.count(part) != 1 for part in _DATE_PARTS):
        raise Rejected(DIALECT_TABLE, element=f"{where}.date", reason="yyyy, MM and dd once each")
    pattern = re.escape(text)
    for part in _DATE_PARTS:
        pattern = pattern.replace(part, f"(?P<{part}>[0-9]{{{len(part)}}})")
    return re.compile(pattern)


def _starts(recognise: Mapping[str, object]) -> Mapping[str, tuple[str, ...]]:
    table = _table(recognise, "starts")
    found = {}
    for path in table:
        if _SOURCE.fullmatch(path) is None:
            raise Rejected(DIALECT_TABLE, element="recognise.starts", reason="no element path")
        found[normal_path(path)] = _texts(table, path, "recognise.starts.")
    return found


def _paths(table: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
    paths = _texts(table, key, where)
    for path in paths:
        if _SOURCE.fullmatch(path) is None:
            raise Rejected(DIALECT_TABLE, element=f"{where}{key}", reason="no element path")
    return tuple(normal_path(path) for path in paths)


def _check_keys(table: Mapping[str, object], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            raise Rejected(DIALECT_TABLE, element=f"{where}{key}"[:100], reason="unknown key")


def _table(table: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise Rejected(DIALECT_TABLE, element=key, reason="not a table")
    return cast(Mapping[str, object], value)


def _tables(table: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = table.get(key, [])
    if not isinstance(value, list) or len(value) > MAX_FIELDS:
        raise Rejected(DIALECT_TABLE, element=key, reason="not a list of tables, or too long")
    if any(not isinstance(one, dict) for one in value):
        raise Rejected(DIALECT_TABLE, element=key, reason="not a list of tables")
    return cast(list[Mapping[str, object]], value)


def _texts(table: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_SOURCES:
        raise Rejected(DIALECT_TABLE, element=f"{where}{key}"[:100], reason="not a list of texts")
    if any(not isinstance(one, str) or not one for one in value) or len(set(value)) != len(value):
        raise Rejected(DIALECT_TABLE, element=f"{where}{key}"[:100], reason="empty or twice")
    return tuple(value)


def _text(table: Mapping[str, object], key: str, where: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not 1 <= len(value) <= 200:
        raise Rejected(DIALECT_TABLE, element=f"{where}{key}"[:100], reason="not a text")
    return value


def _matching(table: Mapping[str, object], key: str, pattern: re.Pattern[str], where: str) -> str:
    value = _text(table, key, where)
    if pattern.fullmatch(value) is None:
        raise Rejected(DIALECT_TABLE, element=f"{where}{key}"[:100], reason="form")
    return value


def _choice(table: Mapping[str, object], key: str, choices: tuple[str, ...], where: str) -> str:
    """One of the choices; the first when the key is absent."""
    value = table.get(key, choices[0])
    if not isinstance(value, str) or value not in choices:
        raise Rejected(
            DIALECT_TABLE, element=f"{where}{key}"[:100], reason=f"one of {', '.join(choices)}"
        )
    return value
