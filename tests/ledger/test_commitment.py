"""Field commitments: what they bind, what they hide, what they refuse."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faults import Misuse, Rejected
from ledger.commitment import (
    PRIVATE,
    PUBLIC,
    Disclosure,
    commit_form,
    disclose,
    pcommit_of,
    verify_disclosure,
    verify_form,
)
from proto.transaction_pb2 import CommittedForm, Field

SECRET = bytes(range(32))
PUBLIC_FIELDS = {"code": "46060124", "number": "0000000101", "total_fen": "1200"}
PRIVATE_FIELDS = {"payer.name": "测试甲", "item.1.name": "", "item.2.name": "x", "xml": "00ff"}
MADE = commit_form("ebill/1", PUBLIC_FIELDS, PRIVATE_FIELDS, SECRET)

paths = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
sections = st.dictionaries(paths, st.text(max_size=8), max_size=9)


@settings(max_examples=50, deadline=None)
@given(sections, sections, st.binary(min_size=32, max_size=32))
def test_a_form_and_each_of_its_fields(
    public: dict[str, str], private: dict[str, str], secret: bytes
) -> None:
    private = {path: value for path, value in private.items() if path not in public}
    made = commit_form("s/1", public, private, secret)
    form = CommittedForm.FromString(made.to_form().SerializeToString())
    assert pcommit_of(form) == made.pcommit
    assert verify_form("s/1", public, private, secret, made.pcommit)
    for path, value in {**public, **private}.items():
        disclosure = disclose("s/1", public, private, secret, path)
        assert (disclosure.path, disclosure.value) == (path, value)
        assert Disclosure.decode(disclosure.encode()) == disclosure
        assert verify_disclosure(disclosure, made.pcommit)


def test_every_change_of_a_form_is_noticed() -> None:
    changes = [
        ("ebill/2", PUBLIC_FIELDS, PRIVATE_FIELDS, SECRET),
        ("ebill/1", {**PUBLIC_FIELDS, "total_fen": "1201"}, PRIVATE_FIELDS, SECRET),
        ("ebill/1", PUBLIC_FIELDS, {**PRIVATE_FIELDS, "xml": "00fe"}, SECRET),
        ("ebill/1", PUBLIC_FIELDS, {**PRIVATE_FIELDS, "more": ""}, SECRET),
        ("ebill/1", {"code": "46060124"}, {**PRIVATE_FIELDS, "number": "0000000101"}, SECRET),
        ("ebill/1", PRIVATE_FIELDS, PUBLIC_FIELDS, SECRET),
        ("ebill/1", PUBLIC_FIELDS, PRIVATE_FIELDS, bytes(32)),
        ("ebill/1", {**PUBLIC_FIELDS, "xml": "1"}, PRIVATE_FIELDS, SECRET),
        ("ebill/1", PUBLIC_FIELDS, PRIVATE_FIELDS, b"short"),
    ]
    assert verify_form("ebill/1", PUBLIC_FIELDS, PRIVATE_FIELDS, SECRET, MADE.pcommit)
    for change in changes:
        assert not verify_form(*change, MADE.pcommit)


def test_the_salts_part_sections_and_forms() -> None:
    """Equal fields give unequal leaves under another secret, so equality is not seen either."""
    other = commit_form("ebill/1", PUBLIC_FIELDS, PRIVATE_FIELDS, bytes(32))
    assert other.private_root != MADE.private_root
    assert other.public_root != MADE.public_root
    assert MADE.public_salt not in (SECRET[:16], other.public_salt)


def form(**changes: Any) -> CommittedForm:
    made = MADE.to_form()
    for name, value in changes.items():
        if name == "fields":
            del made.fields[:]
            made.fields.extend(Field(path=p, value=v) for p, v in value)
        else:
            setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": ""},
        {"schema": "s" * 65},
        {"public_salt": bytes(15)},
        {"private_root": bytes(33)},
        {"fields": [("b", ""), ("a", "")]},
        {"fields": [("a", "1"), ("a", "2")]},
        {"fields": [("", "1")]},
        {"fields": [("p" * 129, "1")]},
        {"fields": [("p", "v" * 8193)]},
        {"fields": [(f"{i:05}", "") for i in range(4097)]},
    ],
)
def test_public_halves_that_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Rejected, match="BAD_FORM"):
        pcommit_of(form(**changes))


def test_the_most_fields_are_accepted() -> None:
    pcommit_of(form(fields=[(f"{i:05}", "") for i in range(4096)]))


def test_refusals_when_committing() -> None:
    with pytest.raises(Rejected, match="both public and private"):
        commit_form("s/1", {"a": "1"}, {"a": "1"}, SECRET)
    with pytest.raises(Rejected, match="BAD_FORM"):
        commit_form("s/1", {"": "1"}, {}, SECRET)
    with pytest.raises(Misuse):
        commit_form("s/1", {}, {}, bytes(31))
    with pytest.raises(Misuse):
        disclose("s/1", {}, {"a": "1"}, SECRET, "b")


@pytest.mark.parametrize("path", ["code", "item.2.name"])
def test_altered_disclosures(path: str) -> None:
    good = disclose("ebill/1", PUBLIC_FIELDS, PRIVATE_FIELDS, SECRET, path)
    changes: list[dict[str, Any]] = [
        {"schema": "ebill/2"},
        {"section": PRIVATE if good.section == PUBLIC else PUBLIC},
        {"section": 2},
        {"path": "other"},
        {"value": "other"},
        {"salt": bytes(16)},
        {"salt": bytes(15)},
        {"index": good.index + 1},
        {"size": good.size + 4},
        {"siblings": good.siblings[:-1]},
        {"siblings": (*good.siblings, bytes(32))},
        {"other_root": bytes(32)},
        {"other_root": b""},
    ]
    for change in changes:
        assert not verify_disclosure(replace(good, **change), MADE.pcommit), change
    assert not verify_disclosure(good, bytes(32))


def test_malformed_disclosures() -> None:
    encoded = disclose("ebill/1", PUBLIC_FIELDS, PRIVATE_FIELDS, SECRET, "code").encode()
    section = encoded.index(b"ebill/1") + len(b"ebill/1")
    unknown = encoded[:section] + b"\x02" + encoded[section + 1 :]
    for wrong in (b"", encoded[:-1], encoded + b"\0", unknown, bytes(20_000)):
        with pytest.raises(Rejected, match="MALFORMED"):
            Disclosure.decode(wrong)
