"""Every method: what is wrong in any field of its request is refused by a documented code."""

import pytest

from tests.contracts.refusals.scenes import METHODS, NAMES, SCENES, Stage, play
from tests.contracts.refusals.spoiling import misencoded, oversized, spoiled
from tests.contracts.refusals.trying import attempt

each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


@each
def test_nothing_in_it(name: str, stage: Stage) -> None:
    who, _ = play(name, stage)
    attempt(stage.province, who, name, METHODS[name].request()).refused()


@each
def test_another_encoding(name: str, stage: Stage) -> None:
    who, request = play(name, stage)
    for how, wrong in misencoded(request).items():
        tried = attempt(stage.province, who, name, wrong)
        assert tried.code == "MALFORMED_REQUEST", (how, tried.code)
        tried.refused()
        assert not tried.writes, how


@pytest.mark.parametrize("name", ["bill.lock", "bill.issue_blue"])
def test_ten_megabytes(name: str, stage: Stage) -> None:
    """No node takes an operation of that size; the contracts don't rely on it."""
    who, request = play(name, stage)
    tried = attempt(stage.province, who, name, oversized(request))
    tried.refused("MALFORMED_REQUEST")
    assert not tried.writes


@each
def test_a_wrong_value_in_each_field(name: str, stage: Stage) -> None:
    who, request = play(name, stage)
    taken = []
    for one in spoiled(request):
        tried = attempt(stage.province, who, name, one.request)
        try:
            tried.documented()
        except AssertionError as wrong:
            taken.append(f"{one.path}: {one.how}: {wrong.args[0]!s:.200}")
            continue
        if tried.code == "OK" and one.must and one.path not in SCENES[name].open:
            taken.append(f"{one.path}: {one.how}: taken")
    assert taken == []
