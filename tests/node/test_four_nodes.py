"""Four validators as processes: any of them takes transactions, one may die and come back."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from crypto.suites import GM
from ledger.genesis import Genesis, GenesisIdentity, GenesisValidator, Parameters, dump_genesis
from node.addresses import FILE_NAME
from node.client import Client, ClientError
from node.fsck import fsck
from node.provision import make_node_key
from proto.contracts_pb2 import RegisterIdentityRequest
from tests.node.chains import CHAIN, ROOT, TIME_MS, Keys, private_key

pytestmark = [pytest.mark.processes, pytest.mark.slow]

KEYS = Keys()
PASSPHRASE = "correct horse"


@dataclass
class Member:
    """One validator's folder and process."""

    home: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        (self.home / "data" / FILE_NAME).unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.node.node_worker", str(self.home / "node.toml")],
            cwd=ROOT,
            env={**os.environ, "TEST_PASSPHRASE": PASSPHRASE},
            stderr=(self.home / "log").open("ab"),
        )

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def client(self) -> Client:
        file = self.home / "data" / FILE_NAME
        deadline = time.monotonic() + 30
        while not file.exists():
            assert time.monotonic() < deadline, (self.home / "log").read_text()[-2000:]
            time.sleep(0.05)

        return Client(json.loads(file.read_text())["grpc"])


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [one.getsockname()[1] for one in opened]


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[Member]]:
    homes = [tmp_path / f"node-{number}" for number in range(4)]
    for home in homes:
        home.mkdir()
    keys = [make_node_key(home, GM, PASSPHRASE.encode()) for home in homes]
    ports = free_ports(4)
    identity = GenesisIdentity(
        public_key=KEYS.governor.public_key.hex(),
        org="bureau",
        roles=("governance",),
        label="desk",
    )
    genesis = dump_genesis(
        Genesis(
            chain_id=CHAIN,
            suite="gm",
            time_ms=TIME_MS,
            org="bureau",
            validators=tuple(GenesisValidator(public_key=key.hex(), power=1) for key in keys),
            identities=(identity,),
            parameters=Parameters(block_interval_ms=2_000),
        )
    )
    for number, home in enumerate(homes):
        (home / "genesis.json").write_bytes(genesis)
        known = "".join(
            f'[[peers.known]]\npublic_key = "{key.hex()}"\naddress = "127.0.0.1:{port}"\n'
            for key, port in zip(keys, ports, strict=True)
        )
        (home / "node.toml").write_text(
            f"""
[node]
name = "province-{number}"
home = "data"
genesis = "genesis.json"
key_file = "node.key"
passphrase_env = "TEST_PASSPHRASE"
[peers]
listen = "127.0.0.1:{ports[number]}"
{known}
"""
        )
    started = [Member(home) for home in homes]
    try:
        for member in started:
            member.start()
        yield started
    finally:
        for member in started:
            member.kill()


def register(client: Client, number: int) -> None:
    request = RegisterIdentityRequest(
        public_key=GM.public_key(private_key(number)), org="agency", roles=["agency"]
    )
    receipt = client.call("identity", "register", [request], KEYS.governor, wait_ms=30_000)
    assert [one.code for one in receipt.operations] == ["OK"]


def test_any_node_takes_transactions_and_one_may_die(members: list[Member]) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(member.client()) for member in members]
        for number, client in enumerate(clients):
            register(client, 900 + number)
        members[3].kill()
        started = time.monotonic()
        for number in range(6):
            register(clients[number % 3], 910 + number)
        assert time.monotonic() - started < 30
        members[3].start()
        back = stack.enter_context(members[3].client())
        target = clients[0].status().height
        deadline = time.monotonic() + 30
        while back.status().height < target:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert back.block(target).block_hash == clients[0].block(target).block_hash
        register(back, 920)
        with pytest.raises(ClientError, match="BLOCK_NOT_FOUND"):
            back.block(10_000)
    for member in members:
        member.kill()
    genesis = (members[0].home / "genesis.json").read_bytes()
    for member in members:
        assert fsck(member.home / "data" / "store", genesis, replay=True) >= target
