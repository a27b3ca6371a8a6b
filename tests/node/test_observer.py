"""An observer follows a validator by blocks or by snapshot, serves all reads and never signs."""

import signal
import time
from pathlib import Path

import pytest

from crypto.suites import GM
from ledger.block import Header
from ledger.evidence_check import verify_evidence
from ledger.state_evidence import StateEvidence
from ledger.state_proof import verify_state
from node.client import ClientError
from node.failpoints import SNAPSHOT_FAILPOINTS
from node.fsck import fsck
from proto.contracts_pb2 import RegisterIdentityRequest
from proto.transaction_pb2 import Transaction
from tests.node.chains import identity_key, private_key
from tests.node.following import KEYS, Following, following

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def register(nodes: Following, at: str, number: int) -> None:
    request = RegisterIdentityRequest(
        public_key=GM.public_key(private_key(number)), org="agency", roles=["agency"]
    )
    with nodes.client(at) as client:
        receipt = client.call("identity", "register", [request], KEYS.governor, wait_ms=30_000)
    assert [one.code for one in receipt.operations] == ["OK"]


def catch_up(nodes: Following, seconds: float = 60.0) -> int:
    nodes.until(lambda: nodes.height("validator") > 0, "validator", seconds)
    target = nodes.height("validator")
    nodes.until(lambda: nodes.height("follower") >= target, "follower", seconds)
    return target


def check_reads(nodes: Following, key: str) -> None:
    """The same leaf at both, proved under a header both have."""
    with nodes.client("validator") as theirs, nodes.client("follower") as ours:
        evidence = StateEvidence.decode(ours.state(key).proof)
        assert evidence.value is not None and evidence.value == theirs.state(key).value
        header = evidence.header
        assert verify_state(GM.hash, header.state_root, key, evidence.value, evidence.proof)
        assert Header.decode(theirs.block(header.height).header) == header


def check_never_signed(nodes: Following) -> None:
    assert not (nodes.data("follower") / "consensus").exists()
    follower = nodes.keys["follower"]
    with nodes.client("validator") as client:
        for height in (1, nodes.height("validator")):
            assert Header.decode(client.block(height).header).proposer != follower


def test_an_observer_follows_by_blocks_serves_reads_and_never_signs(tmp_path: Path) -> None:
    with following(tmp_path) as nodes:
        nodes.make_chain(40)
        nodes.configure("validator", every=0)
        nodes.configure("follower", every=0, take_when_behind=0)
        nodes.start("validator")
        nodes.start("follower")
        assert catch_up(nodes) >= 40
        register(nodes, "validator", 501)
        register(nodes, "follower", 502)  # submitted at the observer, decided by the validator
        catch_up(nodes)
        for key in (identity_key(KEYS, 0), f"identity/{GM.public_key(private_key(502)).hex()}"):
            check_reads(nodes, key)
        with nodes.client("follower") as client:
            assert client.block(1).height == 1
            assert client.status().validators == 1
        check_never_signed(nodes)
        height = nodes.height("follower")
        nodes.stop("follower")
        register(nodes, "validator", 503)  # an observer is not needed
        nodes.start("follower")
        assert catch_up(nodes) > height
        nodes.stop("follower")
        nodes.stop("validator")
        store = nodes.data("follower") / "store"
        assert fsck(store, nodes.genesis, replay=True) > height


def test_a_node_that_is_not_on_the_list_is_not_let_in(tmp_path: Path) -> None:
    with following(tmp_path) as nodes:
        nodes.make_chain(3)
        nodes.configure("validator", admits=False, every=0)
        nodes.configure("follower", every=0)
        nodes.start("validator")
        nodes.start("follower")
        nodes.until(lambda: nodes.height("follower") == 0, "follower")
        time.sleep(2)
        assert nodes.height("follower") == 0
        assert nodes.height("validator") >= 3


def test_far_behind_a_snapshot_is_taken_over_and_block_sync_goes_on(tmp_path: Path) -> None:
    with following(tmp_path) as nodes:
        made = nodes.make_chain(44)
        nodes.configure("validator", every=50)
        nodes.configure("follower", every=0, take_when_behind=20)
        nodes.start("validator")
        nodes.until(lambda: nodes.height("validator") >= 51, "validator")
        nodes.start("follower")
        catch_up(nodes)
        assert "snapshot.complete" in {line["event"] for line in nodes.log("follower")}
        check_reads(nodes, identity_key(KEYS, 0))
        with nodes.client("follower") as client:
            with pytest.raises(ClientError) as refused:
                client.block(49)
            assert refused.value.code == "BLOCK_NOT_FOUND"
            assert "snapshot of height 50" in refused.value.fields["reason"]
            assert client.block(50).height == 50
            with pytest.raises(ClientError, match="TX_REPLAYED"):
                client.submit(Transaction.FromString(made[7]))
        register(nodes, "follower", 601)
        check_never_signed(nodes)
        nodes.stop("follower")
        assert fsck(nodes.data("follower") / "store", nodes.genesis) > 50


@pytest.mark.parametrize("point", [point for point in SNAPSHOT_FAILPOINTS if ".take." not in point])
def test_a_node_killed_while_it_takes_over_starts_again(tmp_path: Path, point: str) -> None:
    with following(tmp_path) as nodes:
        nodes.make_chain(30)
        nodes.configure("validator", every=32)
        nodes.configure("follower", every=0, take_when_behind=10)
        nodes.start("validator")
        nodes.until(lambda: nodes.height("validator") >= 33, "validator")
        nodes.start("follower", YILIAN_FAILPOINT=point)
        killed = nodes.processes["follower"].wait(timeout=60)
        assert killed == -signal.SIGKILL
        nodes.start("follower")
        catch_up(nodes)
        check_reads(nodes, identity_key(KEYS, 0))
        nodes.stop("follower")
        assert fsck(nodes.data("follower") / "store", nodes.genesis) >= 32


def test_evidence_from_an_observer_holds_without_trust_in_it(tmp_path: Path) -> None:
    with following(tmp_path) as nodes:
        nodes.make_chain(3)
        nodes.configure("validator", every=0)
        nodes.configure("follower", every=0)
        nodes.start("validator")
        nodes.start("follower")
        catch_up(nodes)
        key = identity_key(KEYS, 0)
        with nodes.client("follower") as client:
            evidence = client.evidence(key)
        assert verify_evidence(evidence, nodes.genesis).checks
        check_never_signed(nodes)
