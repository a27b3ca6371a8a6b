"""Every method among other operations: what is refused harms no other, or takes all with it."""

import pytest

from contracts.registry import OperationResult
from tests.contracts.harness import key_bytes
from tests.contracts.refusals.scenes import METHODS, NAMES, Stage, play
from tests.contracts.refusals.trying import attempt, changes

each = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def together(
    stage: Stage, who: str, name: str, *operations: bytes, all_or_nothing: bool = False
) -> tuple[list[OperationResult], dict[str, bytes | None]]:
    """Several operations in one transaction of the next block; the chain stays as it is."""
    chain = stage.province
    chain.height += 1
    chain.time_ms += 1_000
    parsed = chain.parsed(key_bytes(who), name, operations, all_or_nothing=all_or_nothing)
    results, view = chain.apply(parsed)
    chain.height -= 1
    chain.time_ms -= 1_000
    return results, changes(chain, view)


# Done once, its signer can sign nothing more: what follows in the same transaction says so.
ENDS_ITS_SIGNER = {"identity.rotate": "IDENTITY_REVOKED"}


@each
def test_a_refused_operation_harms_no_other(name: str, stage: Stage) -> None:
    who, request = play(name, stage)
    right = request.SerializeToString(deterministic=True)
    alone = attempt(stage.province, who, name, request)
    assert alone.code == "OK"
    for operations in ((right, b"\xff"), (b"\xff", right)):
        results, writes = together(stage, who, name, *operations)
        codes = {one: result.code for one, result in zip(operations, results, strict=True)}
        first = operations[0] == b"\xff"
        wrong = "MALFORMED_REQUEST" if first else ENDS_ITS_SIGNER.get(name, "MALFORMED_REQUEST")
        assert codes == {right: "OK", b"\xff": wrong}
        assert sorted(writes) == sorted(alone.writes)
        refused = results[operations.index(b"\xff")]
        assert (refused.result, refused.events) == (b"", ())


@each
def test_all_or_nothing(name: str, stage: Stage) -> None:
    """Nothing of the transaction stands; the one that was refused says why."""
    who, request = play(name, stage)
    right = request.SerializeToString(deterministic=True)
    wrong = ENDS_ITS_SIGNER.get(name, "MALFORMED_REQUEST")
    for operations, code in (
        ((right, b"\xff", right), wrong),
        ((b"\xff", right, right), "MALFORMED_REQUEST"),
    ):
        results, writes = together(stage, who, name, *operations, all_or_nothing=True)
        assert writes == {}
        number = operations.index(b"\xff")
        for index, result in enumerate(results):
            assert (result.result, result.events) == (b"", ())
            if index == number:
                assert result.code == code
            else:
                assert (result.code, dict(result.fields)) == (
                    "BATCH_ABORTED",
                    {"operation": str(number)},
                )


@each
def test_all_or_nothing_keeps_a_saved_failure(name: str, stage: Stage) -> None:
    """The same request twice: where the second is refused, no part of the first stands."""
    who, request = play(name, stage)
    right = request.SerializeToString(deterministic=True)
    results, writes = together(stage, who, name, right, right, all_or_nothing=True)
    codes = [one.code for one in results]
    if codes == ["OK", "OK"]:
        return
    assert codes[0] == "BATCH_ABORTED"
    method = METHODS[name]
    saved = method.saves_failure(request) if method.saves_failure else ""
    stood = saved in stage.province.state
    assert list(writes) == ([saved] if stood and results[1].events else [])
    if stood and codes[1] != "MALFORMED_REQUEST":
        ((key, _),) = results[1].events
        assert key == saved
