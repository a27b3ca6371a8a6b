"""A validator process whose data directory is deleted, and the way back, by the command line."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.commands.validators import read_admission
from cli.main import main
from contracts.governance import requests
from crypto.keystore import create_key
from crypto.suites import GM
from faults import Rejected
from ledger.certificate import Certificate
from ledger.validators import short_name
from node.preflight import check_change
from node.provision import NODE_KEY
from testnet.faults.cluster import GOVERNOR, PASSPHRASE, PASSPHRASE_ENV, Cluster, lay_out
from tests.tidy.source import ROOT

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    monkeypatch.setenv(PASSPHRASE_ENV, PASSPHRASE)
    monkeypatch.chdir(ROOT)
    found = lay_out(tmp_path / "cluster")
    with found.running():
        yield found
        assert found.differing_heights() == []
        assert min(found.check_stores()) > 1


def signed_by(cluster: Cluster, number: int, heights: range) -> int:
    """Certificates of these heights, at any other node, that hold this validator's signature."""
    place = sorted(cluster.keys).index(cluster.keys[number])
    found = 0
    for other in range(4):
        if other != number:
            for height in heights:
                raw = cluster.client(other).block(height).certificate
                found += place in Certificate.decode(raw).signers
    return found


def lose_data(cluster: Cluster, number: int) -> None:
    member = cluster.members[number]
    member.kill()
    for path in member.home.iterdir():
        if path.name not in (NODE_KEY, "node.toml"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    member.start()
    member.addresses()


@pytest.mark.covers(row=20)
def test_follows_and_is_silent_until_readmitted(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = 3
    cluster.grows(range(4), 3)
    lose_data(cluster, number)
    began = max(cluster.heights())
    cluster.grows(range(4), 6, 60)
    top = min(cluster.heights())
    assert top > began + 2
    assert signed_by(cluster, number, range(began + 2, top + 1)) == 0
    seen = cluster.client(0).validators()
    live = {one.public_key: one.live for one in seen.validators}
    assert [live[key] for key in cluster.keys] == [True, True, True, False]
    assert not cluster.client(number).validators().admitted
    assert any("NOT_SIGNING" in one.code for one in cluster.client(number).why().reasons)
    readmit(cluster, number, tmp_path, capsys)
    # With one of the others gone, nothing is decided without its vote.
    cluster.members[0].kill()
    cluster.grows([1, 2, 3], 4, 40)
    top = cluster.height(1)
    assert signed_by_others(cluster, number, range(top - 2, top + 1)) >= 3
    cluster.members[0].start()
    cluster.members[0].addresses()
    cluster.grows(range(4), 2, 40)


def signed_by_others(cluster: Cluster, number: int, heights: range) -> int:
    place = sorted(cluster.keys).index(cluster.keys[number])
    return sum(
        place in Certificate.decode(cluster.client(1).block(height).certificate).signers
        for height in heights
    )


def readmit(
    cluster: Cluster, number: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator's way: the lost node states its record, governance proposes."""
    node = cluster.members[number].addresses()["grpc"]
    config = str(cluster.members[number].config)
    capsys.readouterr()
    arguments = ["validators", "admission", "--config", config, "--for", "readmit"]
    assert main([*arguments, "--node", node]) == 0
    change = json.loads(capsys.readouterr().out)
    assert len(bytes.fromhex(change["signing_record"])) == 16
    admission = folder / "readmit.json"
    admission.write_text(json.dumps(change))
    receipt = propose(cluster, admission)
    height = receipt["next_height"]
    cluster.until("the change is in force", lambda: min(cluster.heights()) >= height, 30)
    assert cluster.client(number).validators().admitted


def propose(cluster: Cluster, admission: Path) -> dict[str, int]:
    client = cluster.client(1)
    changes = [read_admission(admission)]
    request = requests.propose(changes, absent=check_change(client.validators(), changes))
    receipt = client.call("governance", "propose_validators", [request], GOVERNOR, wait_ms=20_000)
    assert receipt.operations[0].code == "OK", dict(receipt.operations[0].fields)
    found: dict[str, int] = json.loads(receipt.operations[0].result)
    return found


def test_preflight_of_the_node_names_who_is_missing(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.members[2].kill()
    cluster.grows([0, 1, 3], 1, 40)
    gone, client = cluster.keys[2], cluster.client(0)

    def silent() -> bool:
        return not next(
            one.live for one in client.validators().validators if one.public_key == gone
        )

    cluster.until("the dead one is seen silent", silent, 20)
    with pytest.raises(Rejected) as refused:
        check_change(client.validators(), [requests.remove(cluster.keys[3])])
    assert refused.value.code.name == "NO_LIVE_QUORUM"
    assert refused.value.fields["missing"] == short_name(gone)
    # The same from the command line, before anything is signed; and who tells no lies is refused.
    create_key(tmp_path / "desk.key", GM, PASSPHRASE.encode())
    arguments = ["validators", "propose", "--key", str(tmp_path / "desk.key")]
    arguments += ["--node", cluster.members[0].addresses()["grpc"]]
    assert main([*arguments, "--remove", cluster.keys[3].hex()]) == 1
    assert short_name(gone) in capsys.readouterr().err
    request = requests.propose([requests.remove(cluster.keys[3])], absent=[gone])
    receipt = client.call("governance", "propose_validators", [request], GOVERNOR, wait_ms=20_000)
    assert receipt.operations[0].code == "NO_LIVE_QUORUM"
    assert receipt.operations[0].fields["missing"] == short_name(gone)
    # Taking the dead one out is what helps.
    request = requests.propose([requests.remove(gone)], absent=[gone])
    receipt = client.call("governance", "propose_validators", [request], GOVERNOR, wait_ms=20_000)
    assert receipt.operations[0].code == "OK"
    cluster.grows([0, 1, 3], 4, 40)
    cluster.members[2].start()
    cluster.members[2].addresses()
    cluster.grows(range(4), 2, 60)
    assert main(["validators", "show", "--node", arguments[-1]]) == 0
    assert short_name(gone) in capsys.readouterr().out
