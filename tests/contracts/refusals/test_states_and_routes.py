"""Refusals that depend on what stands around a request: states of objects, channels, verifiers."""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import tests.contracts
from contracts.bridge.records import Channel, channel_key
from contracts.states import StateTable
from ledger.records import encode
from tests.contracts.page.tables import tables
from tests.contracts.refusals.scenes import METHODS, NAMES, Stage, play
from tests.contracts.refusals.trying import attempt

each = pytest.mark.parametrize("name", NAMES)
# Which contracts' methods move an object of a table that stands in a module of several.
SHARED = {"catalogue": ("catalogue", "policy"), "remote": ("voucher", "reimbursement")}
# Refusals that only a packet or a contract's own step meets; a receipt or an invariant holds them.
NOT_CALLED = {
    "archive": {"NOT_CARRYING"},
    "catalogue": {"QUESTION_CLOSED", "NOTHING_SHARING"},
    "remote": {"NOT_USED"},
}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


@pytest.mark.parametrize(("contract", "table"), tables(), ids=lambda one: getattr(one, "name", one))
def test_what_a_table_refuses_with_is_declared(contract: str, table: StateTable) -> None:
    contracts = SHARED.get(contract, (contract,))
    declared = {
        code.name
        for name, method in METHODS.items()
        if name.split(".")[0] in contracts
        for code in method.errors
    }
    refusals = {code for *_, code in table.rows() if code}
    assert refusals - declared == NOT_CALLED.get(contract, set()) & refusals


@pytest.mark.parametrize(("contract", "table"), tables(), ids=lambda one: getattr(one, "name", one))
def test_every_table_is_walked_by_a_test_of_its_own(contract: str, table: StateTable) -> None:
    """Each pair of a state and an action is tried there; here it is only made sure of that."""
    walked = [
        path
        for path in sorted(Path(tests.contracts.__path__[0]).rglob("test_*.py"))
        for module, name in names_of(table)
        if f"{name}.rows()" in (text := path.read_text(encoding="utf-8"))
        and f"from {module} import" in text
    ]
    assert walked


def names_of(table: StateTable) -> list[tuple[str, str]]:
    """(module, name) wherever the table can be had."""
    return [
        (module, name)
        for module, loaded in sorted(sys.modules.items())
        if module.startswith("contracts.")
        for name, value in vars(loaded).items()
        if value is table
    ]


def change_channels(stage: Stage, change: Callable[[Channel], Channel]) -> None:
    for one in ("fp", "pn"):
        key = channel_key(one)
        stage.province.state[key] = encode(change(stage.province.load(Channel, key)))


@each
def test_paused_channels(name: str, stage: Stage) -> None:
    who, request = play(name, stage)
    change_channels(stage, lambda one: msgspec.structs.replace(one, paused=True))
    tried = attempt(stage.province, who, name, request)
    tried.documented()
    assert tried.code in ("OK", "CHANNEL_PAUSED")


@each
def test_no_channel_carries_it(name: str, stage: Stage) -> None:
    who, request = play(name, stage)
    change_channels(stage, lambda one: msgspec.structs.replace(one, operations=()))
    tried = attempt(stage.province, who, name, request)
    tried.documented()
    assert tried.code in ("OK", "NO_CHANNEL", "NO_VERIFIER")


def test_what_sends_needs_a_channel(stage: Stage) -> None:
    """The methods that can't do their work without one, each refused."""
    senders = {
        name for name, one in METHODS.items() if "NO_CHANNEL" in {e.name for e in one.errors}
    }
    here = {"bill.lock", "bill.unlock", "bill.enter", "bill.reverse_entry"}  # only for replicas
    here |= {name for name in senders if name.startswith("governance.")}  # about one, not by one
    refused = set()
    for name in sorted(senders - here - {"bridge.deliver"}):
        who, request = play(name, stage)
        kept = dict(stage.province.state)
        change_channels(stage, lambda one: msgspec.structs.replace(one, operations=()))
        if attempt(stage.province, who, name, request).code == "NO_CHANNEL":
            refused.add(name)
        stage.province.state = kept
    assert refused == senders - here - {"bridge.deliver"}
