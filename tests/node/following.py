"""A validator with a chain that was made beforehand, and nodes without a vote that follow it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from consensus.guard import Place, SigningGuard
from crypto.keystore import create_key, load_key
from crypto.suites import GM
from ledger.block import block_hash
from ledger.certificate import COMMITTED, Certificate, committed_bytes
from ledger.genesis import Genesis, GenesisIdentity, GenesisValidator, Parameters, dump_genesis
from node.addresses import FILE_NAME
from node.block_store import BlockStore
from node.client import Client, ClientError
from node.executor import Executor
from node.mempool import Pool, PoolLimits
from node.store import RocksStore
from testnet.ports import free_ports
from tests.node.chains import CHAIN, ROOT, TIME_MS, Keys, registration

PASSPHRASE = "correct horse"
KEYS = Keys()


@dataclass
class Following:
    """One validator and one follower, laid out under a folder."""

    folder: Path
    ports: list[int] = field(default_factory=lambda: free_ports(2))
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keys = {}
        for name in ("validator", "follower"):
            (self.folder / name).mkdir(parents=True)
            self.keys[name] = create_key(self.key_file(name), GM, PASSPHRASE.encode())
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
            validators=(GenesisValidator(public_key=self.keys["validator"].hex(), power=1),),
            identities=(identity,),
            parameters=Parameters(block_interval_ms=500),
        )
        self.genesis = dump_genesis(genesis)
        (self.folder / "genesis.json").write_bytes(self.genesis)

    def key_file(self, name: str) -> Path:
        return self.folder / name / "node.key"

    def data(self, name: str) -> Path:
        return self.folder / name / "data"

    def configure(self, name: str, *, admits: bool = True, **snapshots: int) -> None:
        other = "follower" if name == "validator" else "validator"
        peer = (
            f'[[peers.known]]\npublic_key = "{self.keys[other].hex()}"\n'
            f'address = "127.0.0.1:{self.ports[0]}"\n'
            if name == "follower"
            else f'[[peers.observers]]\npublic_key = "{self.keys[other].hex()}"\n'
        )
        mode = "observer" if name == "follower" else "validator"
        sections = "\n".join(f"{key} = {value}" for key, value in snapshots.items())
        (self.folder / name / "node.toml").write_text(
            f"""
[node]
name = "{name}"
home = "data"
genesis = "../genesis.json"
key_file = "node.key"
passphrase_env = "TEST_PASSPHRASE"
mode = "{mode}"
[snapshots]
{sections}
[peers]
listen = "127.0.0.1:{self.ports[0 if name == "validator" else 1]}"
{peer if admits else ""}
"""
        )

    def make_chain(self, blocks: int, transactions: int = 1) -> list[bytes]:
        """Blocks in the validator's store; the transactions in them."""
        signer = GM.signer(load_key(self.key_file("validator"), PASSPHRASE.encode())[1])
        store = RocksStore(self.data("validator") / "store")
        limits = PoolLimits(100_000, 1 << 30, 100_000)
        executor = Executor(BlockStore(store), self.genesis, Pool(limits))
        made: list[bytes] = []
        for number in range(1, blocks + 1):
            for _ in range(transactions):
                raw = registration(KEYS, 10 * len(made), last_height=number + 900)
                executor.submit(raw)
                made.append(raw)
            block = executor.build(number, signer.public_key, TIME_MS + 10 * number)
            digest = block_hash(GM, block.header)
            certificate = Certificate(
                kind=COMMITTED,
                chain_id=CHAIN,
                height=number,
                round=0,
                block_hash=digest,
                bitmap=b"\1",
                signatures=(signer.sign(committed_bytes(CHAIN, number, digest)),),
            )
            executor.commit(block, certificate)
        executor.close()
        store.close()
        directory = self.data("validator") / "consensus"
        SigningGuard.begin_first(directory)
        guard = SigningGuard.open(directory, signer, GM)
        guard.save(guard.sign(Place.committed(blocks), certificate.message()))
        guard.close()
        return made

    def start(self, name: str, **environment: str) -> None:
        (self.data(name) / FILE_NAME).unlink(missing_ok=True)
        config = self.folder / name / "node.toml"
        with (self.folder / name / "log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.node.node_worker", str(config)],
                cwd=ROOT,
                env={**os.environ, "TEST_PASSPHRASE": PASSPHRASE, **environment},
                stderr=log,
            )

    def log(self, name: str) -> list[dict[str, object]]:
        lines = (self.folder / name / "log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def client(self, name: str) -> Client:
        file = self.data(name) / FILE_NAME
        self.until(file.exists, name)
        return Client(json.loads(file.read_text())["grpc"])

    def height(self, name: str) -> int:
        """-1 while it does not answer."""
        try:
            with Client(json.loads((self.data(name) / FILE_NAME).read_text())["grpc"]) as client:
                return client.status().height
        except (ClientError, FileNotFoundError, json.JSONDecodeError):
            return -1

    def until(self, holds: Callable[[], bool], name: str, seconds: float = 60.0) -> float:
        began = time.monotonic()
        while not holds():
            late = time.monotonic() - began > seconds
            assert not late, (self.folder / name / "log").read_text()[-3000:]
            time.sleep(0.05)
        return time.monotonic() - began

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.terminate()
        process.wait(timeout=30)


@contextmanager
def following(folder: Path) -> Iterator[Following]:
    laid_out = Following(folder)
    try:
        yield laid_out
    finally:
        for process in laid_out.processes.values():
            process.kill()
            process.wait()
