"""Four validators in one process: real drivers, executors and diagnosis over a net in memory."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from consensus.driver import Driver
from consensus.settings import ConsensusSettings
from contracts.state_view import StateView
from crypto.suites import INTL
from ledger.genesis import Genesis, GenesisIdentity, GenesisValidator, Parameters, dump_genesis
from ledger.kv import MemoryKeyValue
from node.block_store import BlockStore
from node.executor import Executor
from node.gossip import DriverNetwork, Gossip
from node.mempool import Pool, PoolLimits
from node.peer_troubles import Troubles
from node.why.diagnosis import Diagnosis
from node.why.explain import Reason, explain
from node.why.facts import Facts
from node.why.watch import Parts, Watch, position_of
from tests.node.chains import CHAIN, Keys, private_key

SETTINGS = ConsensusSettings(
    timeout_propose_ms=400,
    timeout_prevote_ms=150,
    timeout_precommit_ms=150,
    timeout_propose_delta_ms=100,
    timeout_prevote_delta_ms=50,
    timeout_precommit_delta_ms=50,
    empty_block_interval_ms=600_000,
    clock_drift_ms=5_000,
    status_interval_ms=100,
)
NAMES = "abcd"


class Port:
    """One node's end of the net."""

    def __init__(self, net: dict[bytes, "Port"], key: bytes) -> None:
        self.net, self.key = net, key
        self.reported: list[str] = []

    def broadcast(self, message: bytes) -> None:
        for peer in sorted(self.net):
            if peer != self.key:
                self.send(peer, message)

    def send(self, peer: bytes, message: bytes) -> None:
        other = self.net.get(peer)
        if other is not None and self.key in self.net:
            asyncio.get_running_loop().call_soon(other.on_message, self.key, message)

    def listen(self, on_message: Callable, on_peer: Callable) -> None:  # type: ignore[type-arg]
        self.on_message, self.on_peer = on_message, on_peer
        for other in self.net.values():
            other.on_peer(self.key, True)
            on_peer(other.key, True)
        self.net[self.key] = self

    def unplug(self) -> None:
        if self.net.pop(self.key, None):
            for other in self.net.values():
                other.on_peer(self.key, False)

    def report(self, peer: bytes, fault: object) -> None:
        self.reported.append(str(fault))


@dataclass
class SkewedClock:
    ahead_ms: int = 0

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.ahead_ms


@dataclass
class Node:
    """One validator; `start` it inside the loop."""

    name: str
    executor: Executor
    port: Port
    directory: Path
    names: dict[bytes, str]
    private: bytes
    clock: SkewedClock = field(default_factory=SkewedClock)
    ended: BaseException | None = None

    def start(self) -> None:
        self.diagnosis = Diagnosis(
            self.port,
            INTL,
            self.executor.write_sets,
            self.clock,
            lambda: position_of(self.driver.status()),
        )
        self.driver = Driver(
            chain_id=CHAIN,
            application=self.executor,
            signer=INTL.signer(self.private),
            suite=INTL,
            network=DriverNetwork(self.port, Gossip(self.executor, self.port), self.diagnosis),
            directory=self.directory / "consensus",
            clock=self.clock,
            settings=SETTINGS,
        )
        self.watch = Watch(
            Parts(
                executor=self.executor,
                driver=self.driver,
                troubles=Troubles(),
                diagnosis=self.diagnosis,
                settings=SETTINGS,
                home=self.directory,
                own_key=self.port.key,
                names=self.names,
            )
        )
        self.tasks = [
            asyncio.create_task(self._drive()),
            asyncio.create_task(self.diagnosis.run()),
        ]

    async def _drive(self) -> None:
        try:
            await self.driver.run()
        except BaseException as error:
            self.ended = error

    async def stop(self) -> None:
        self.port.unplug()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def submit(self, raw: bytes) -> None:
        self.executor.submit(raw)
        self.driver.notify_pool()

    def facts(self) -> Facts:
        return self.watch.facts()

    def reasons(self) -> dict[str, Reason]:
        return {reason.code: reason for reason in explain(self.facts())}


def consortium(folder: Path, interval_ms: int = 600_000) -> list[Node]:
    """Four nodes "a" to "d" of one chain; none is started."""
    keys = Keys(INTL)
    privates = sorted((private_key(50 + n) for n in range(4)), key=INTL.public_key)
    publics = [INTL.public_key(private) for private in privates]
    genesis = dump_genesis(
        Genesis(
            chain_id=CHAIN,
            suite="intl",
            time_ms=time.time_ns() // 1_000_000 - 60_000,
            org="bureau",
            validators=tuple(GenesisValidator(public_key=key.hex(), power=1) for key in publics),
            identities=(
                GenesisIdentity(
                    public_key=keys.governor.public_key.hex(),
                    org="bureau",
                    roles=("governance",),
                    label="desk",
                ),
            ),
            parameters=Parameters(block_interval_ms=interval_ms),
        )
    )
    names = dict(zip(publics, NAMES, strict=True))
    net: dict[bytes, Port] = {}
    nodes = []
    for name, private, public in zip(NAMES, privates, publics, strict=True):
        home = folder / name
        home.mkdir()
        executor = Executor(BlockStore(MemoryKeyValue()), genesis, Pool(PoolLimits()))
        nodes.append(Node(name, executor, Port(net, public), home, names, private))
    return nodes


def corrupt(node: Node, monkeypatch: object, wrong: Callable[[str, bytes], bytes]) -> None:
    """From now on this node's execution writes `wrong(key, value)` instead of `value`."""

    class Wrong(StateView):
        def writes(self) -> dict[str, bytes | None]:  # type: ignore[override]
            right = super().writes()
            return {k: None if v is None else wrong(k, v) for k, v in right.items()}

    def view(tree: object) -> StateView:
        return (Wrong if tree is node.executor.tree else StateView)(tree)  # type: ignore[arg-type]

    monkeypatch.setattr("node.execution.StateView", view)  # type: ignore[attr-defined]


async def until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.02)
