"""The table of kinds: each is a contract's method, and its options are what the table says."""

import pytest

from contracts.registry import all_methods
from node.custodian.preparing.kinds import KINDS
from node.custodian.preparing.options import archive_checks, settlements_by_line
from tests.node.custodian.stage import ROOT, Chain, refused

GOOD = {
    "account_id": "0" * 32,
    "application_id": "A1",
    "channel": "channel-1",
    "checks": "GD-1-7:passed",
    "code": "46060124",
    "content": "{}",
    "dialect": "national_einvoice",
    "direction": "payout",
    "kind": "bounce",
    "number": "0000000101",
    "object": "bill/1",
    "original": "B1",
    "originals": '{"1": 5}',
    "reason": "corrected",
    "region": "430100",
    "return_number": "R1",
    "settlement_id": "300000900001",
    "settlements": '{"1": ["300000900001"]}',
    "source": "centre",
    "source_reference": "FETCH-1",
    "supersedes": "1",
}
BAD = {
    "account_id": ["0" * 31, "A" * 32, "0" * 33],
    "application_id": ["a b", "x" * 65, "测试"],
    "channel": ["a/b", "x" * 65],
    "checks": ["GD-1-7", "GD-1-7:maybe", "GD-5-1:passed", ",".join(["GD-1-7:passed"] * 101)],
    "code": ["4606012", "460601245", "４６０６０１２４"],
    "dialect": ["National", "x" * 33, "../national"],
    "direction": ["payouts", "PAYOUT"],
    "kind": ["results"],
    "number": ["101", "00000001011"],
    "object": ["x" * 257],
    "original": ["a b", "x" * 65],
    "originals": ["[]", '{"0": 1}', '{"1": 0}', '{"1": 1.0}', '{"1": "1"}', '{"1": 5, "2": 5}'],
    "region": ["43010", "043010", "4301000"],
    "return_number": ["-R1", "R 1"],
    "settlement_id": ["", "x" * 65],
    "settlements": ["[]", '{"0": ["a"]}', '{"1": []}', '{"1": [1]}', '{"1": ["a", "a"]}', "{"],
    "source": ["Centre", "elsewhere"],
    "source_reference": ["a b"],
    "supersedes": ["0", "-1", "1.0", "01", "9" * 17],
}


def test_a_kind_is_the_method_it_makes() -> None:
    declared = {f"{contract}.{method.name}" for contract, method in all_methods()}
    assert set(KINDS) <= declared
    assert [name for name, kind in KINDS.items() if kind.handle is None] == []


def test_every_option_has_its_good_and_its_bad_values_here() -> None:
    named = {option.name for kind in KINDS.values() for option in kind.options}
    assert named == set(GOOD)
    assert named - set(BAD) == {"content", "reason"}
    for kind in KINDS.values():
        for option in kind.options:
            option.check(GOOD[option.name])
            assert option.about


def page_rows() -> list[str]:
    """The rows of docs/preparing.md."""
    rows = []
    for name, kind in KINDS.items():
        told = []
        for option in kind.options:
            shown = f"`{option.name}`" if option.required else f"*`{option.name}`*"
            told.append(f"{shown}: {option.about}")
        rows.append(f"| `{name}` | {kind.document or '—'} | {'<br>'.join(told) or '—'} |")
    return rows


def test_the_page_shows_the_table() -> None:
    page = (ROOT / "docs" / "preparing.md").read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line.startswith("| `")] == page_rows()


def signer_of(kind: str) -> str:
    return "centre" if kind.startswith("fund.") else "desk"


@pytest.mark.parametrize("name", KINDS)
def test_options_are_refused_by_name(province: Chain, name: str) -> None:
    kind, who = KINDS[name], signer_of(name)
    given = {option.name: GOOD[option.name] for option in kind.options}
    for option in kind.options:
        values = BAD.get(option.name, []) + ([""] if option.required else [])
        for value in values:
            changed = {**given, option.name: value}
            with pytest.raises(Exception, match=f"options.{option.name}"):
                province.prepare(who, name, b"", **changed)
            refused(
                province, "REQUEST_INVALID", lambda c=changed: province.prepare(who, name, b"", **c)
            )
    refused(
        province,
        "REQUEST_INVALID",
        lambda: province.prepare(who, name, b"", **given, colour="blue"),
    )


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if not kind.document])
def test_a_kind_without_a_document_takes_none(province: Chain, name: str) -> None:
    given = {option.name: GOOD[option.name] for option in KINDS[name].options}
    refused(province, "REQUEST_INVALID", lambda: province.prepare("desk", name, b"<a/>", **given))


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.document])
@pytest.mark.parametrize("document", [b"", b"\0", b"{}", b"[" * 10_000, b"\xff\xfe", b"<a/>"])
def test_no_kind_takes_rubbish(province: Chain, name: str, document: bytes) -> None:
    given = {option.name: GOOD[option.name] for option in KINDS[name].options}
    given.pop("content", None)
    before = dict(province.vault_store.scan(b""))
    with pytest.raises(Exception) as caught:
        province.prepare(signer_of(name), name, document, **given)
    assert type(caught.value).__name__ == "Rejected"
    assert dict(province.vault_store.scan(b"")) == before


@pytest.mark.parametrize("name", KINDS)
def test_who_may_not_call_the_method_prepares_nothing(province: Chain, name: str) -> None:
    given = {option.name: GOOD[option.name] for option in KINDS[name].options}
    for who in ("stranger", "router"):
        refused(province, "NOT_PERMITTED", lambda w=who: province.prepare(w, name, b"{}", **given))


def test_lists_in_options_are_read() -> None:
    checks = archive_checks("GD-1-7:passed,CQ-4-12:not_applicable")
    assert [(one.code, one.result) for one in checks] == [
        ("GD-1-7", "passed"),
        ("CQ-4-12", "not_applicable"),
    ]
    assert settlements_by_line('{"2": ["b", "a"], "1": ["c"]}') == {2: ("b", "a"), 1: ("c",)}
