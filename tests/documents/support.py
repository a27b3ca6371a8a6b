"""Sample files, edits of them, and a check that a refusal shows nothing of a person."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from documents import InstitutionTable, load_institutions
from faults import Code, Rejected

SAMPLES = Path(__file__).parents[2] / "testnet" / "samples"

# Values of the samples' invented persons: none may appear in an error, a finding or a repr.
PERSONAL = (
    "测试甲",
    "测试乙",
    "测试丙",
    "测试丁",
    "469900198403129992",
    "469900195607189985",
    "469900201505019975",
    "439900197909299964",
    "46000000000000009900000001",
    "13800138000",
    "苯磺酸氨氯地平片",
    "测试收费员",
)


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def institutions() -> InstitutionTable:
    return load_institutions(sample("institutions.toml"), form="toml")


def edit(raw: bytes, old: str, new: str, *, count: int = 1) -> bytes:
    """The bytes with `old` replaced; a test that edits nothing is a mistake."""
    assert raw.count(old.encode()) >= 1, "nothing to edit"
    return raw.replace(old.encode(), new.encode(), count)


def edit_json(name: str, change: Callable[[Any], None]) -> bytes:
    """A sample with `change` applied; numbers keep two decimals at most in these samples."""
    message = json.loads(sample(name), parse_float=str)
    change(message)
    return json.dumps(message, ensure_ascii=False).encode()


def refused(code: Code, call: Callable[[], object], element: str | None = None) -> Rejected:
    """The call is Rejected with this code (and element), and shows nothing of a person."""
    with pytest.raises(Rejected) as caught:
        call()
    rejected = caught.value
    assert rejected.code is code, f"{rejected.code.name} instead of {code.name}"
    if element is not None:
        assert rejected.fields.get("element") == element
    assert not shows_a_person(str(rejected)), "a refusal shows personal data"
    return rejected


def shows_a_person(text: str) -> bool:
    return any(value in text for value in PERSONAL)
