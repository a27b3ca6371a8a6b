"""`yilian why` against real validators: one gone, one paused, two gone, a clock that is wrong."""

import json
import time
import urllib.request
from pathlib import Path

import pytest

from cli.main import main
from ledger.genesis import load_genesis
from node.runtime import CLOCK_OFFSET
from testnet.faults.cluster import Cluster, lay_out

pytestmark = [pytest.mark.processes, pytest.mark.slow]

FAST_CLOCK_MS = 4_000  # within the drift of 5 s, beyond half of it


def ask(cluster: Cluster, capsys: pytest.CaptureFixture[str], number: int = 0) -> tuple[int, dict]:
    address = cluster.members[number].addresses()["grpc"]
    code = main(["why", "--node", address, "--json"])
    return code, json.loads(capsys.readouterr().out)


def reasons(answer: dict) -> dict[str, dict]:
    return {one["code"]: one for one in answer["reasons"]}


def until_told(cluster, capsys, codes: set[str], number: int = 0) -> dict:
    """The answer, as soon as it has all these reasons."""
    deadline = time.monotonic() + 20
    while True:
        _, answer = ask(cluster, capsys, number)
        if codes <= set(reasons(answer)):
            return answer
        assert time.monotonic() < deadline, answer["reasons"]
        time.sleep(0.2)


def text_of(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> str:
    main(["why", "--node", cluster.members[0].addresses()["grpc"]])
    return capsys.readouterr().out


def test_one_gone_then_two_and_all_back(tmp_path: Path, capsys) -> None:
    cluster = lay_out(tmp_path, block_interval_ms=1_500)
    with cluster.running():
        cluster.until("all is well", lambda: ask(cluster, capsys)[0] == 0, 20)
        code, well = ask(cluster, capsys)
        assert (code, well["verdict"] in ("idle", "healthy")) == (0, True)
        assert [one["name"] for one in well["validators"] if one["own"]] == ["validator-0"]

        cluster.members[3].kill()
        answer = until_told(cluster, capsys, {"WHY_VALIDATOR_UNREACHABLE"})
        assert reasons(answer)["WHY_VALIDATOR_UNREACHABLE"]["fields"]["validator"] == "validator-3"
        assert answer["verdict"] == "degraded"
        cluster.grows((0, 1, 2), 2)  # the chain goes on

        cluster.members[2].kill()
        answer = until_told(cluster, capsys, {"WHY_NO_QUORUM"})
        fields = reasons(answer)["WHY_NO_QUORUM"]["fields"]
        assert set(fields["missing"].split(", ")) == {"validator-2", "validator-3"}
        assert (fields["present"], fields["total"], fields["need"]) == ("2", "4", "3")
        assert answer["verdict"] == "halted"
        # and after a while, whose votes are missing at which step
        deadline = time.monotonic() + 20
        while not {"WHY_PREVOTES_MISSING", "WHY_PRECOMMITS_MISSING", "WHY_PROPOSAL_MISSING"} & set(
            reasons(ask(cluster, capsys)[1])
        ):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert "2 of 4 power, need 3" in text_of(cluster, capsys)
        assert ask(cluster, capsys)[0] == 1
        metrics = _get(cluster, "/metrics")
        assert 'yilian_validator_connected{validator="validator-3"} 0' in metrics
        assert 'yilian_why{code="WHY_NO_QUORUM",severity="stops"} 1' in metrics
        assert json.loads(_get(cluster, "/v1/why"))["verdict"] == "halted"

        cluster.restore()
        cluster.until("all is well again", lambda: ask(cluster, capsys)[0] == 0, 30)


def test_a_paused_validator_and_a_wrong_clock_are_named(tmp_path: Path, capsys) -> None:
    cluster = lay_out(tmp_path, block_interval_ms=1_000)
    cluster.members[1].environment[CLOCK_OFFSET] = str(FAST_CLOCK_MS)
    drift_ms = load_genesis(cluster.genesis).parameters.clock_drift_ms
    assert drift_ms // 2 < FAST_CLOCK_MS < drift_ms
    with cluster.running():
        told = reasons(until_told(cluster, capsys, {"WHY_CLOCK_PEER"}))["WHY_CLOCK_PEER"]["fields"]
        assert told["validator"] == "validator-1"
        assert abs(int(told["offset_ms"]) - FAST_CLOCK_MS) < 500
        own = reasons(until_told(cluster, capsys, {"WHY_CLOCK_OWN"}, 1))["WHY_CLOCK_OWN"]
        assert own["fields"]["offset_ms"].startswith("+")

        cluster.pause(2)
        answer = until_told(cluster, capsys, {"WHY_VALIDATOR_SILENT"})
        assert reasons(answer)["WHY_VALIDATOR_SILENT"]["fields"]["validator"] == "validator-2"
        assert answer["verdict"] == "degraded"
        cluster.resume(cluster.members[2])


def _get(cluster: Cluster, path: str) -> str:
    address = cluster.members[0].addresses()["http"]
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return answer.read().decode()
