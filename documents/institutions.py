"""Which institution a code means: fixmedins_code ↔ unified social credit code ↔ name ↔ signing key.

A bill names its issuer by credit code, a settlement by institution code; the table of
transaction 1201 joins them. It also says which key signs a hospital's bills, and which the
supervising finance department's.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from documents.codes import DOCUMENT_TOO_LARGE, INSTITUTION_TABLE
from documents.identifiers import is_institution_code, is_uscc
from documents.json_strict import JsonNumber, parse_json_object
from documents.text import canonical_text, comparable_name, decode_utf8
from faults import Rejected

MAX_TABLE_BYTES = 4 * 1024 * 1024
MAX_INSTITUTIONS = 50_000

_KEY = re.compile("04[0-9a-f]{128}")
_AREA = re.compile("[0-9]{6}")


@dataclass(frozen=True)
class Institution:
    """One designated institution. `signing_key` (65 bytes) is None when it is not known."""

    code: str
    uscc: str
    name: str
    other_names: tuple[str, ...]
    signing_key: bytes | None

    def has_name(self, name: str) -> bool:
        """Whether a printed name is this institution's, however wide its brackets are."""
        known = (self.name, *self.other_names)
        return comparable_name(name) in [comparable_name(one) for one in known]


@dataclass(frozen=True)
class Supervisor:
    """A finance department that supervises bills of an area. `signing_key` has 65 bytes."""

    area: str
    name: str
    signing_key: bytes


class InstitutionTable:
    """Look-ups over the institutions and supervisors of one file."""

    def __init__(
        self, institutions: tuple[Institution, ...], supervisors: tuple[Supervisor, ...]
    ) -> None:
        self._by_code = {one.code: one for one in institutions}
        self._by_uscc: dict[str, tuple[Institution, ...]] = {}
        for one in institutions:
            self._by_uscc[one.uscc] = (*self._by_uscc.get(one.uscc, ()), one)
        self._by_area = {one.area: one for one in supervisors}
        if len(self._by_code) != len(institutions) or len(self._by_area) != len(supervisors):
            raise Rejected(INSTITUTION_TABLE, reason="a code or area stands twice")
        for uscc, sharing in self._by_uscc.items():
            # Branches share a credit code; the bill's signature is the legal person's, hence
            # one key.
            if len({one.signing_key for one in sharing}) > 1:
                raise Rejected(INSTITUTION_TABLE, uscc=uscc, reason="two keys")

    def __len__(self) -> int:
        return len(self._by_code)

    def by_code(self, code: str) -> Institution | None:
        """The institution with this code (H or P and 11 digits), or None."""
        return self._by_code.get(code)

    def by_uscc(self, uscc: str) -> tuple[Institution, ...]:
        """The institutions with this credit code: several when a legal person has branches."""
        return self._by_uscc.get(uscc, ())

    def hospital_key(self, uscc: str) -> bytes | None:
        """The key (65 bytes) that signs bills of this credit code's holder, or None."""
        sharing = self.by_uscc(uscc)
        return sharing[0].signing_key if sharing else None

    def finance_key(self, area: str) -> bytes | None:
        """The key (65 bytes) of the finance department that supervises this area, or None."""
        supervisor = self._by_area.get(area)
        return supervisor.signing_key if supervisor is not None else None


def load_institutions(raw: bytes, *, form: str) -> InstitutionTable:
    """A table from TOML or JSON bytes; `form` is "toml" or "json".

    Both hold a list `institution` (code, uscc, name; optional names, public_key) and an
    optional list `supervisor` (area, name, public_key); keys are 130 lower-case hex digits.
    Rejected INSTITUTION_TABLE saying which entry, or the limits of documents.json_strict.
    """
    if len(raw) > MAX_TABLE_BYTES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_TABLE_BYTES, reason="bytes")
    table: Mapping[str, object] = _toml(raw) if form == "toml" else parse_json_object(raw)
    institutions = tuple(
        _institution(entry, index) for index, entry in enumerate(_entries(table, "institution"), 1)
    )
    supervisors = tuple(
        _supervisor(entry, index) for index, entry in enumerate(_entries(table, "supervisor"), 1)
    )
    return InstitutionTable(institutions, supervisors)


def _toml(raw: bytes) -> Mapping[str, object]:
    try:
        return tomllib.loads(decode_utf8(raw))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        raise Rejected(INSTITUTION_TABLE, reason="not TOML") from None


def _entries(table: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    entries = table.get(key, [])
    if not isinstance(entries, list) or len(entries) > MAX_INSTITUTIONS:
        raise Rejected(INSTITUTION_TABLE, element=key)
    if any(not isinstance(entry, dict) for entry in entries):
        raise Rejected(INSTITUTION_TABLE, element=key)
    return cast(list[Mapping[str, object]], entries)


def _institution(entry: Mapping[str, object], index: int) -> Institution:
    element = f"institution[{index}]"
    code, uscc = _text(entry, "code", element), _text(entry, "uscc", element)
    if not is_institution_code(code):
        raise Rejected(INSTITUTION_TABLE, element=f"{element}.code")
    if not is_uscc(uscc):
        raise Rejected(INSTITUTION_TABLE, element=f"{element}.uscc")
    names = entry.get("names", [])
    if not isinstance(names, list) or any(not isinstance(name, str) for name in names):
        raise Rejected(INSTITUTION_TABLE, element=f"{element}.names")
    other_names = tuple(canonical_text(name, f"{element}.names", 200) for name in names)
    key = _key(entry, element) if "public_key" in entry else None
    return Institution(code, uscc, _name(entry, element), other_names, key)


def _supervisor(entry: Mapping[str, object], index: int) -> Supervisor:
    element = f"supervisor[{index}]"
    area = _text(entry, "area", element)
    if _AREA.fullmatch(area) is None:
        raise Rejected(INSTITUTION_TABLE, element=f"{element}.area")
    return Supervisor(area, _name(entry, element), _key(entry, element))


def _name(entry: Mapping[str, object], element: str) -> str:
    name = _text(entry, "name", element)
    if not name:
        raise Rejected(INSTITUTION_TABLE, element=f"{element}.name")
    return name


def _text(entry: Mapping[str, object], key: str, element: str) -> str:
    value = entry.get(key)
    if isinstance(value, JsonNumber):
        value = value.text
    if not isinstance(value, str):
        raise Rejected(INSTITUTION_TABLE, element=f"{element}.{key}")
    return canonical_text(value, f"{element}.{key}", 200)


def _key(entry: Mapping[str, object], element: str) -> bytes:
    text = _text(entry, "public_key", element)
    if _KEY.fullmatch(text) is None:
        raise Rejected(INSTITUTION_TABLE, element=f"{element}.public_key")
    return bytes.fromhex(text)
