"""One simulated node: the real driver, notary, log, executor and gossip, on a borrowed machine.

What survives a life is `disk` (the log and the last-signed record) and `kv`, a model of RocksDB
with what its documentation promises: a batch that was written and synced survives whole, one that
was not does not survive at all. Everything else is made anew by `boot`.
"""

from pathlib import Path

from consensus.driver import Driver
from consensus.guard import SigningGuard
from consensus.settings import ConsensusSettings
from faults import Rejected, StorageFault, failpoint
from ledger.kv import MemoryKeyValue
from node.executor import Executor
from node.gossip import DriverNetwork, Gossip
from tests.simulation.byzantine import BadExecutor, Bender
from tests.simulation.checkers import new_executor
from tests.simulation.disk import SimDisk
from tests.simulation.fakes import SUITE, FakeSigner, NoThreads, validator_key
from tests.simulation.loop import NodeLoop
from tests.simulation.network import Port
from tests.simulation.workload import CHAIN, START_MS

DIRECTORY = Path("/sim")


class Crash(BaseException):
    """The node dies here. Not an Exception: nothing may handle it."""


class ModelOfRocks(MemoryKeyValue):
    """What RocksDB documents: a synced batch survives whole, and is nothing before it is synced."""

    def write(self, batch) -> None:
        failpoint("node.store.write.before")
        super().write(batch)
        failpoint("node.store.write.after")


class SimClock:
    def __init__(self, node) -> None:
        self._node = node

    def now_ms(self) -> int:
        return START_MS + round(self._node.loop.time() * 1000) + self._node.clock_offset_ms


class SimNode:
    def __init__(self, world, name: str, number: int, shadow_of=None) -> None:
        self.world, self.name, self.number = world, name, number
        self.key = validator_key(number)
        self.shadow_of = shadow_of
        self.honest = True
        self.bender = None
        self.kv = ModelOfRocks()
        self.disk = SimDisk(self._salt)
        SigningGuard.begin_first(DIRECTORY, self.disk)  # as provisioning does
        self.disk.passing = self.passing
        self.loop: NodeLoop | None = None
        self.driver: Driver | None = None
        self.executor: Executor | None = None
        self.port: Port | None = None
        self.alive = False
        self.life = 0
        self.rate = 1000
        self.clock_offset_ms = 0
        self.fuse = 0
        """Passes of fail points and disk effects until the node dies; 0: it does not."""
        self.power_cut = False
        self.damaged = ""
        """The file in which a bit was flipped while the node was down."""
        self.tasks: list = []

    def _salt(self, count: int) -> bytes:
        return SUITE.hash(f"{self.name}/{self.life}".encode())[:count]

    # ---- life and death

    def boot(self) -> None:
        fuses = self.world.plan.fuses.get(self.name, ())
        if self.life < len(fuses):
            self.fuse, self.power_cut = fuses[self.life]
        self.life += 1
        self.alive = True
        self.loop = NodeLoop(self.world.scheduler, self, self.rate)
        self.port = Port(self.world.net, self, self.life)
        self.loop.call_soon(self._open)

    def _open(self) -> None:
        world = self.world
        try:
            kind = Executor if self.honest else BadExecutor
            self.executor = new_executor(kind, self.kv, world.genesis)
            if not self.honest:
                allowed = world.choice if "bad block" in world.plan.faults else lambda _: 0
                self.executor.set_up(allowed, lambda what: world.saw("bad block", what))
                self.bender = self.bender or Bender(self.key, world.choice)
            self.driver = self._driver()
        except Crash:
            return
        except StorageFault as fault:
            self._stopped(fault)
            return
        if self.honest:
            world.checkers.started(self.name, self.executor)
        self.executor.on_commit(self._committed)
        self.gossip.pooled = self.driver.notify_pool
        running = self.loop.create_task(self.driver.run())
        running.add_done_callback(self._ended)
        self.tasks = [running, self.loop.create_task(self.gossip.run())]
        world.tasks += self.tasks
        world.net.connect(self)

    def _driver(self) -> Driver:
        plan = self.world.plan
        self.gossip = Gossip(self.executor, self.port)
        driver = Driver(
            chain_id=CHAIN,
            application=self.executor,
            signer=FakeSigner(self.key),
            suite=SUITE,
            network=DriverNetwork(self.port, self.gossip),
            directory=DIRECTORY,
            clock=SimClock(self),
            settings=ConsensusSettings(
                clock_drift_ms=5_000,
                inbox_messages_max=plan.inbox,
                log_bytes_max=plan.rewrite_bytes,
                status_interval_ms=plan.status_ms,
                timeout_propose_ms=plan.timeout_ms,
                timeout_absent_ms=plan.timeout_ms // 10,
                timeout_prevote_ms=plan.timeout_ms // 2,
                timeout_precommit_ms=plan.timeout_ms // 2,
                timeout_propose_delta_ms=plan.timeout_ms // 2,
                timeout_prevote_delta_ms=plan.timeout_ms // 4,
                timeout_precommit_delta_ms=plan.timeout_ms // 4,
            ),
            disk=self.disk,
            admitted=self.executor.signing_record,
        )
        driver._ahead._thread = NoThreads()
        return driver

    def crash(self) -> None:
        """The end of this life, between two instructions."""
        self.alive = False
        self.fuse = 0
        self.loop.close()
        self.world.net.disconnect(self)
        if self.power_cut:
            lost = self.disk.lose_power(self.world.disk_choice)
            self.world.saw("power", "something lost" if lost else "nothing lost")
        else:
            self.disk.kill()
        self.driver = None

    def passing(self, name: str) -> None:
        """A fail point or a disk effect: one of the places where a crash may come."""
        if self.fuse:
            self.fuse -= 1
            if self.fuse == 0 and self.alive:
                self.world.saw("power" if self.power_cut else "crash", name)
                self.crash()
                self.world.died(self)
                raise Crash

    def _ended(self, task) -> None:
        if not self.alive:
            return
        fault = task.exception()
        self._stopped(fault)

    def _stopped(self, fault) -> None:
        """The driver ended by itself: only damage to its disk may do that to an honest node."""
        self.alive = False
        self.loop.close()
        self.world.net.disconnect(self)
        self.disk.kill()
        self.driver = None
        self.world.stopped(self, fault)

    def _committed(self, height: int, hashes) -> None:
        if self.honest:
            digest = self.executor.store.header(height)[0]
            self.world.checkers.committed(self.name, height, digest, hashes)
        self.world.committed(self, height)

    # ---- what can be seen from outside

    def height(self) -> int:
        return self.executor.height() if self.executor is not None else 0

    def step(self) -> str:
        """Where in the protocol it stands, for the coverage table."""
        if not self.alive or self.driver is None:
            return "DOWN"
        status = self.driver.status()
        if status.syncing:
            return "SYNCING"
        if status.waiting:
            return "WAITING"
        return status.step + ("+" if status.round else "")

    def submit(self, raw: bytes) -> bool:
        """As the node's service does it: check, pool, announce, wake. False if refused."""
        if not self.alive or self.driver is None:
            return False
        done = []
        self.world.scheduler.enter(self.loop, _Call(lambda: done.append(self._submit(raw))))
        return bool(done) and done[0]

    def _submit(self, raw: bytes) -> bool:
        try:
            self.executor.submit(raw)
        except (Rejected, Crash):
            return False
        self.gossip.announce(raw)
        self.driver.notify_pool()
        return True


class _Call:
    """A handle's likeness, for work that the world does inside a node."""

    def __init__(self, callback) -> None:
        self.callback, self.args, self.context = callback, (), None
