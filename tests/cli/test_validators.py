"""`yilian validators`: what is typed wrongly, and what an admission file may be."""

import json
from pathlib import Path

import pytest

from cli.commands.validators import CHANGE_BYTES_MAX, read_admission
from cli.errors import Usage
from cli.main import EXIT_UNAVAILABLE, EXIT_USAGE, main
from contracts.governance import requests
from crypto.suites import GM
from ledger.validators import Validator, ValidatorSet, short_name
from node.preflight import check_change, pending_set, silent_after
from proto.services_pb2 import ValidatorsReply, ValidatorStatus

SIGNERS = [GM.signer((9000 + number).to_bytes(32, "big")) for number in range(5)]
KEYS = [one.public_key for one in SIGNERS]


def shown(change: object) -> dict[str, object]:
    return {
        name.name: value.hex() if isinstance(value, bytes) else value
        for name, value in change.ListFields()  # type: ignore[attr-defined]
    }


def reply(*live: bool) -> ValidatorsReply:
    members = [
        ValidatorStatus(public_key=key, power=1, pending_power=1, live=alive)
        for key, alive in zip(KEYS, live, strict=False)
    ]
    return ValidatorsReply(height=7, validators=members)


def test_an_admission_comes_back_as_it_was_printed(tmp_path: Path) -> None:
    made = requests.readmit("c", SIGNERS[0], 7, epoch=2, signing_record=b"r" * 16)
    file = tmp_path / "readmit.json"
    file.write_text(json.dumps(shown(made)))
    assert read_admission(file) == made


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"action": 1}',
        '{"public_key": "zz"}',
        '{"public_key": 4}',
        '{"a": "b"}',
        '{"action": "' + "a" * CHANGE_BYTES_MAX + '"}',
        '{"power": -1}',
        "[" * 3000,
    ],
)
def test_what_is_no_admission_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(Usage):
        read_admission(file)


@pytest.mark.parametrize(
    "arguments",
    [[], ["show", "extra"], ["approve", "first", "--key", "k"], ["propose"], ["admission"]],
)
def test_wrong_usage_ends_with_two(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["validators", *arguments])
    assert ended.value.code == EXIT_USAGE


def test_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validators", "show", "--node", "127.0.0.1:9"]) == EXIT_UNAVAILABLE
    assert "127.0.0.1:9" in capsys.readouterr().err


def test_preflight_over_what_a_node_sees() -> None:
    seen = reply(True, True, True, False)
    assert pending_set(seen) == ValidatorSet.of(*(Validator(key, 1) for key in KEYS[:4]))
    assert silent_after(seen, []) == [KEYS[3]]
    with pytest.raises(Exception, match="NO_LIVE_QUORUM") as refused:
        check_change(seen, [requests.remove(KEYS[0])])
    assert refused.value.fields["missing"] == short_name(KEYS[3])  # type: ignore[attr-defined]
    assert check_change(seen, [requests.remove(KEYS[3])]) == []
    # A newcomer that is not connected is missing like any other.
    new = requests.add("c", SIGNERS[4], 1, 7)
    assert sorted(silent_after(seen, [new])) == sorted([KEYS[3], KEYS[4]])
    with pytest.raises(Exception, match="NO_LIVE_QUORUM"):
        check_change(seen, [new])
    # Re-admission is what makes the silent one live.
    again = requests.readmit("c", SIGNERS[3], 7, epoch=2, signing_record=b"r" * 16)
    assert check_change(seen, [again]) == []
