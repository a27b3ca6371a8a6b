"""A whole node as an operating-system process: start, serve, stop, be killed, refuse to start."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from crypto.keystore import create_key
from crypto.suites import GM, INTL
from ledger.genesis import (
    Genesis,
    GenesisIdentity,
    GenesisValidator,
    Parameters,
    dump_genesis,
)
from node.addresses import FILE_NAME
from node.client import Client, ClientError
from node.failpoints import FAILPOINTS
from node.fsck import fsck
from node.provision import make_node_key
from proto.contracts_pb2 import RegisterIdentityRequest
from tests.node.chains import CHAIN, ROOT, TIME_MS, Keys, private_key

pytestmark = pytest.mark.processes

PASSPHRASE = "correct horse"
KEYS = Keys()


@dataclass
class Home:
    """A folder with everything a one-validator node needs."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "node.toml"

    @property
    def genesis(self) -> bytes:
        return (self.path / "genesis.json").read_bytes()

    def addresses(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.path / "data" / FILE_NAME).read_text())
        return found


@pytest.fixture
def home(tmp_path: Path) -> Home:
    public = make_node_key(tmp_path, GM, PASSPHRASE.encode())
    identity = GenesisIdentity(
        public_key=KEYS.governor.public_key.hex(),
        org="bureau",
        roles=("governance",),
        label="desk",
    )
    genesis = Genesis(
        chain_id=CHAIN,
        suite="gm",
        time_ms=TIME_MS,
        org="bureau",
        validators=(GenesisValidator(public_key=public.hex(), power=1),),
        identities=(identity,),
        parameters=Parameters(block_interval_ms=400),
    )
    (tmp_path / "genesis.json").write_bytes(dump_genesis(genesis))
    (tmp_path / "node.toml").write_text(
        """
[node]
name = "province-1"
home = "data"
genesis = "genesis.json"
key_file = "node.key"
passphrase_env = "TEST_PASSPHRASE"
"""
    )
    return Home(tmp_path)


def start(home: Home, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.node.node_worker", str(home.config)],
        cwd=ROOT,
        env={**os.environ, "TEST_PASSPHRASE": PASSPHRASE, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until_ready(process: "subprocess.Popen[str]", home: Home) -> dict[str, str]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            addresses = home.addresses()
            url = f"http://{addresses['http']}/readyz"
            if httpx.get(url, trust_env=False).status_code == 200:
                return addresses
        except (FileNotFoundError, httpx.HTTPError):
            pass
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"the node did not start: {process.communicate()[1][-3000:]}")


@contextmanager
def running(home: Home, **environment: str) -> Iterator[tuple["subprocess.Popen[str]", Client]]:
    process = start(home, **environment)
    try:
        addresses = wait_until_ready(process, home)
        with Client(addresses["grpc"]) as client:
            yield process, client
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def register(client: Client, number: int) -> int:
    request = RegisterIdentityRequest(
        public_key=GM.public_key(private_key(number)), org="agency", roles=["agency"]
    )
    receipt = client.call("identity", "register", [request], KEYS.governor)
    assert [one.code for one in receipt.operations] == ["OK"]
    return receipt.height


def test_it_serves_stops_cleanly_and_goes_on(home: Home) -> None:
    points = home.path / "points"
    with running(home, YILIAN_FAILPOINT_LOG=str(points)) as (process, client):
        started = time.monotonic()
        register(client, 500)
        assert time.monotonic() - started < 3
        status = client.status()
        assert status.http_address == home.addresses()["http"]
        assert (status.node_name, status.chain_id) == ("province-1", CHAIN)
        metrics = httpx.get(f"http://{status.http_address}/metrics", trust_env=False).text
        assert "yilian_height " in metrics
        assert 'yilian_grpc_calls_total{code="OK",method="Submit",service="Ledger"} 1' in metrics
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=20)
        assert process.returncode == 0
    assert set(FAILPOINTS) <= set(points.read_text().split())
    lines = [json.loads(line) for line in log.splitlines()]
    events = [line["event"] for line in lines]
    assert events[0] == "node.started"
    assert events[-1] == "node.stopped"
    assert "block.committed" in events
    assert "library.message" not in events
    height = fsck(home.path / "data" / "store", home.genesis, replay=True)
    assert height >= status.height
    with running(home) as (_, client):
        assert client.state(f"identity/{GM.public_key(private_key(500)).hex()}").found
        assert register(client, 501) > height


def test_a_kill_in_a_commit_loses_nothing_acknowledged(home: Home) -> None:
    heights: list[int] = []
    with running(home, YILIAN_FAILPOINT="node.commit.before:4") as (process, client):
        with pytest.raises(ClientError):
            while len(heights) < 100:
                heights.append(register(client, 600 + len(heights)))
        process.wait(10)
        assert process.returncode == -signal.SIGKILL
    with running(home) as (process, client):
        for number in range(600, 600 + len(heights)):
            assert client.state(f"identity/{GM.public_key(private_key(number)).hex()}").found
        register(client, 700)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode == 0
    fsck(home.path / "data" / "store", home.genesis, replay=True)


def refused(home: Home, **environment: str) -> str:
    process = start(home, **environment)
    _, log = process.communicate(timeout=30)
    assert process.returncode == 1
    return log


def test_a_second_process_on_the_same_home_is_refused(home: Home) -> None:
    with running(home) as (_, client):
        before = home.addresses()
        assert "STORE_LOCKED" in refused(home)
        assert home.addresses() == before
        client.status()


def test_what_is_wrong_at_the_start_is_named(home: Home) -> None:
    assert "KEY_PASSPHRASE_WRONG" in refused(home, TEST_PASSPHRASE="another phrase")
    genesis = home.genesis
    (home.path / "genesis.json").write_bytes(b"{}")
    assert "BAD_GENESIS" in refused(home)
    (home.path / "genesis.json").unlink()
    assert "node.genesis" in refused(home)
    (home.path / "genesis.json").write_bytes(genesis)
    text = home.config.read_text()
    home.config.write_text(text + '\n[http]\nlisten = "256.0.0.1:1"\n')
    assert "http.listen" in refused(home)
    home.config.write_text(text + '\n[grpc]\nlisten = "256.0.0.1:1"\n')
    assert "grpc.listen" in refused(home)
    (home.path / "node.key").unlink()
    create_key(home.path / "node.key", INTL, PASSPHRASE.encode())
    home.config.write_text(text)
    assert "node.key_file" in refused(home)


def test_a_disk_that_fails_stops_the_node_with_70(home: Home) -> None:
    with running(home) as (process, client):
        register(client, 800)
    store = home.path / "data" / "store"
    log = max(store.glob("*.log"), key=lambda file: file.stat().st_size)
    raw = bytearray(log.read_bytes())
    raw[len(raw) // 2] ^= 1
    log.write_bytes(raw)
    process = start(home)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 70
    fatal = [line for line in told.splitlines() if "node.fatal" in line]
    assert len(fatal) == 1
    assert json.loads(fatal[0])["kind"] == "StorageFault"
