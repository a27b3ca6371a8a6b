"""Validators of one chain as processes, each link between them through a proxy.

Everything the faults' tests ask of a running chain from outside is here: how far it is, whether all
tell the same story, whether what was acknowledged is there.
"""

import contextlib
import os
import resource
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from consensus.proposer import Electorate
from crypto.ports import Signer
from crypto.suites import GM
from ledger.genesis import Genesis, GenesisIdentity, GenesisValidator, Parameters, dump_genesis
from node import provision
from node.client import Client, ClientError
from node.fsck import fsck
from testnet.faults.proxy import Proxies
from testnet.ports import free_ports
from testnet.processes import Process, Supervisor

CHAIN = "yl-faults"
PASSPHRASE_ENV = "YILIAN_PASSPHRASE"
PASSPHRASE = "for faults only"
LOOK_SECONDS = 0.02
QUIET_SECONDS = 2.5
"""Longer than a round takes that began before a line went silent."""
GOVERNOR = GM.signer((7_000).to_bytes(32, "big"))
"""Who may register identities here. The same for every cluster, so that load can be prepared."""


class Unexpected(AssertionError):
    """The chain did not do in time what it had to; the message says what."""


@dataclass
class Cluster:
    """Laid out under `folder`; `running()` starts all and ends all."""

    folder: Path
    members: list[Process]
    keys: list[bytes]
    peer_ports: list[int]
    proxies: Proxies
    supervisor: Supervisor
    genesis: bytes

    # ---- running

    @contextlib.contextmanager
    def running(self) -> Iterator["Cluster"]:
        """Start every validator; on the way out end every one and the proxies."""
        self._clients: dict[int, Client] = {}
        try:
            with self.supervisor.running():
                self.until(
                    "all validators have a first block", lambda: min(self.heights()) >= 1, 30
                )
                yield self
        finally:
            for member in self.members:
                self.resume(member)
                member.kill()
            for client in self._clients.values():
                client.close()
            self.proxies.close()

    def client(self, number: int) -> Client:
        """The API of one validator."""
        if number not in self._clients:
            self._clients[number] = Client(self.members[number].addresses()["grpc"])
        return self._clients[number]

    def pause(self, number: int) -> None:
        """Freeze a process: its connections stay open and it says nothing."""
        os.kill(self._pid(self.members[number]), signal.SIGSTOP)

    def resume(self, member: Process) -> None:
        """Thaw a process; nothing happens to one that runs."""
        if member.alive:
            os.kill(self._pid(member), signal.SIGCONT)

    def limit(self, number: int, kind: int, value: int) -> None:
        """Set a resource limit (`resource.RLIMIT_...`) of a running process."""
        pid = self._pid(self.members[number])
        resource.prlimit(pid, kind, (value, resource.prlimit(pid, kind)[1]))

    def _pid(self, member: Process) -> int:
        if member.running is None:
            raise Unexpected(f"{member.name} was never started")
        return member.running.pid

    def restore(self) -> None:
        """Good lines, and every validator up, thawed and going on."""
        self.proxies.heal()
        for member in self.members:
            self.resume(member)
            if not member.alive:
                member.start()
        for member in self.members:
            member.addresses()
        self.grows(range(len(self.members)), 1, 40)

    # ---- asking

    def height(self, number: int) -> int:
        """How far a validator is; -1 when it does not answer."""
        try:
            return self.client(number).status().height
        except ClientError:
            return -1

    def heights(self, numbers: Iterable[int] | None = None) -> list[int]:
        """How far these (all) validators are."""
        return [self.height(n) for n in (range(len(self.members)) if numbers is None else numbers)]

    def until(self, what: str, holds: Callable[[], bool], seconds: float) -> float:
        """Wait until `holds()`; how many seconds it took. Unexpected when it takes too long."""
        began = time.monotonic()
        while not holds():
            if time.monotonic() - began > seconds:
                raise Unexpected(f"not within {seconds} s: {what}; heights {self.heights()}")
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - began

    def grows(self, numbers: Sequence[int], blocks: int = 2, seconds: float = 15.0) -> float:
        """Wait until each of these commits `blocks` more than the highest has now."""
        target = max(self.heights(numbers)) + blocks
        return self.until(
            f"validators {list(numbers)} reach {target}",
            lambda: min(self.heights(numbers)) >= target,
            seconds,
        )

    def stands_still(self, numbers: Sequence[int], seconds: float) -> bool:
        """Whether none of these commits anything for so long, once what was under way is done."""
        before: list[int] = []

        def quiet() -> bool:
            previous, before[:] = list(before), self.heights(numbers)
            time.sleep(QUIET_SECONDS)
            return previous == before

        self.until(f"validators {list(numbers)} stop", quiet, 15)
        time.sleep(seconds)
        return self.heights(numbers) == before

    # ---- checking

    def differing_heights(self) -> list[int]:
        """Heights at which two validators have different blocks: always empty, or all is lost."""
        numbers = range(len(self.members))
        top = min(self.heights())
        return [
            height
            for height in range(1, top + 1)
            if len({self.client(n).block(height).block_hash for n in numbers}) != 1
        ]

    def lost(self, hashes: Iterable[bytes], number: int) -> list[str]:
        """Those of these transactions that a validator does not have."""
        missing = []
        for tx_hash in hashes:
            try:
                self.client(number).receipt(tx_hash, 5_000)
            except ClientError:
                missing.append(tx_hash.hex())
        return missing

    def next_proposer(self) -> int:
        """Whose turn it is to propose the next block, if its first round decides."""
        height = max(self.heights())
        key = Electorate.of((key, 1) for key in self.keys).proposer(height + 1, 0)
        return self.keys.index(key)

    def longest_gap(self, numbers: Sequence[int], seconds: float) -> float:
        """The longest time without a new block at any of these, from now on, watching so long."""
        began = last = time.monotonic()
        height, longest = max(self.heights(numbers)), 0.0
        while (now := time.monotonic()) - began < seconds:
            newest = max(self.heights(numbers))
            longest = max(longest, now - last)
            if newest > height:
                height, last = newest, now
            time.sleep(LOOK_SECONDS)
        return longest

    def check_stores(self) -> list[int]:
        """Stop all; what fsck says of each store: its height. The first is also replayed.

        That the others hold the same blocks is `differing_heights`' affair.
        """
        self.supervisor.stop_all()
        return [
            fsck(member.home / "store", self.genesis, replay=member is self.members[0])
            for member in self.members
        ]


def lay_out(
    folder: Path, members: int = 4, *, block_interval_ms: int = 500, seed: int = 0
) -> Cluster:
    """Keys, genesis and configurations under `folder`; nothing is started."""
    homes = [folder / f"node{number}" for number in range(members)]
    keys = [provision.make_node_key(home, GM, PASSPHRASE.encode()) for home in homes]
    genesis = dump_genesis(_genesis(keys, GOVERNOR, block_interval_ms))
    (folder / "genesis.json").write_bytes(genesis)
    ports = free_ports(3 * members)
    cluster = Cluster(folder, [], keys, ports[:members], Proxies(seed), Supervisor(), genesis)
    for number, home in enumerate(homes):
        known = [
            (
                keys[other].hex(),
                f"127.0.0.1:{cluster.proxies.link(number, other, ports[other])}",
                f"validator-{other}",
            )
            for other in range(members)
            if other != number
        ]
        config = provision.write_node_config(
            provision.NodePlan(
                name=f"validator-{number}",
                home=home,
                genesis=folder / "genesis.json",
                listens=provision.Listens(
                    grpc=f"127.0.0.1:{ports[members + number]}",
                    http=f"127.0.0.1:{ports[2 * members + number]}",
                    peers=f"127.0.0.1:{ports[number]}",
                ),
                passphrase_env=PASSPHRASE_ENV,
                known=known,
            )
        )
        process = Process(f"validator-{number}", config, home, "", {PASSPHRASE_ENV: PASSPHRASE})
        cluster.members.append(cluster.supervisor.add(process))
    return cluster


def _genesis(keys: Sequence[bytes], governor: Signer, block_interval_ms: int) -> Genesis:
    identity = GenesisIdentity(
        public_key=governor.public_key.hex(), org="bureau", roles=("governance",), label="desk"
    )
    return Genesis(
        chain_id=CHAIN,
        suite="gm",
        time_ms=time.time_ns() // 1_000_000,
        org="bureau",
        validators=tuple(GenesisValidator(public_key=key.hex(), power=1) for key in keys),
        identities=(identity,),
        parameters=Parameters(block_interval_ms=block_interval_ms),
    )
