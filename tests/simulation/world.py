"""One run: nodes, net, clients and troubles; first a storm, then calm in which all must be well.

`run(choice)` is a function of the decisions alone: no clock, no randomness, no thread.
"""

import contextlib
import gc
import inspect
import logging
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache

import consensus.driver
import consensus.messages
import node.admission as node_admission
import node.executor as node_executor
from faults import PeerFault, StorageFault
from tests.simulation import workload
from tests.simulation.checkers import Checkers
from tests.simulation.choice import Choice, between, chance, pick
from tests.simulation.fakes import SUITE
from tests.simulation.governance import Governance
from tests.simulation.loop import Scheduler
from tests.simulation.network import Net, statement_place
from tests.simulation.node import SimNode
from tests.simulation.plan import KINDS_WANTED, Plan, kind_of

_failpoints = sys.modules["faults.failpoint"]
_place_of = lru_cache(maxsize=4_096)(statement_place)


PENDING_MAX = 8
"""Clients wait when this many transactions are not committed: the storm is about blocks."""


LULL_MS = 20_000
LULL_HEIGHTS = 6
"""A storm that lets the chain make fewer blocks than this in that time lets up by half."""


@dataclass
class Result:
    """What a run did, and what was wrong."""

    plan: Plan
    violations: list
    heights: int
    deliveries: int
    simulated_ms: int
    coverage: Counter
    kinds: frozenset
    chain: tuple = ()
    rounds: int = 0
    transactions: int = 0
    deaths: int = 0
    recovery_ms: int = 0
    """From the end of the storm until everything pending was committed everywhere."""

    @property
    def strong(self) -> bool:
        """Whether the run counts: long enough, under enough kinds of fault."""
        plan = self.plan
        return (
            self.heights >= plan.heights
            and self.deliveries >= plan.deliveries
            and len(self.kinds) >= KINDS_WANTED
        )


@dataclass
class World:
    choice: Choice
    plan: Plan
    nodes: list = field(default_factory=list)
    disk_choice: Choice | None = None
    """Decides what a power cut takes; with the rest calm, small scopes are gone through whole."""
    route_choice: Choice | None = None
    """Decides whom twins talk to."""

    def __post_init__(self) -> None:
        self.disk_choice = self.disk_choice or self.choice
        self.route_choice = self.route_choice or self.choice
        self.scheduler = Scheduler()
        self.checkers = Checkers()
        self.coverage: Counter = Counter()
        self.net = Net(self)
        self.genesis = workload.genesis_file(self.plan.nodes)
        self.tasks: list = []
        self.pending: dict[bytes, bytes] = {}
        self.submitted = 0
        self.healed = False
        self.storm_height = 0
        self.rounds = 0
        self.ease = 1
        self.deaths = 0
        self.recovery_ms = 0
        self.lost_disk = False
        self.readmit: list = []
        self.governance = Governance(self)
        for number in range(self.plan.nodes + self.plan.joiners):
            self.nodes.append(SimNode(self, str(number), number))
        for number in range(self.plan.twins):
            self.nodes[number].honest = False
            shadow = SimNode(self, f"{number}'", number, shadow_of=self.nodes[number])
            shadow.honest = False
            self.nodes.append(shadow)

    # ---- what nodes tell

    @property
    def honest(self) -> list:
        return [node for node in self.nodes if node.honest]

    def saw(self, fault: str, step: str) -> None:
        if not self.healed:
            self.coverage[fault, step] += 1

    def kinds(self) -> frozenset[str]:
        """The kinds of fault that really happened."""
        return frozenset(kind_of(fault) for fault, _ in self.coverage)

    def said(self, node, data: bytes) -> None:
        if data[0] >= 0x80:
            return
        found = _place_of(data)
        if found is not None and found[0] == node.key:
            self.checkers.said(*found)

    def committed(self, node, height: int) -> None:
        if node.honest and not self.healed:
            self.storm_height = max(self.storm_height, height)

    def accused(self, node, peer: bytes, fault: PeerFault) -> None:
        if not node.honest:
            return
        if any(other.key == peer and other.honest for other in self.nodes):
            self.checkers.report("H", f"{node.name} accused an honest peer: {fault.code.name}")

    def died(self, node) -> None:
        self.deaths += 1
        self.scheduler.later(self._down_ms(), self._restart, node, node.life)

    def stopped(self, node, fault) -> None:
        if node.honest and not (node.damaged and isinstance(fault, StorageFault)):
            self.checkers.report("H", f"{node.name} stopped: {type(fault).__name__}: {fault}")
            return
        if node.honest:
            # Damage was noticed: the disk is replaced, and the node may follow but not sign.
            self.saw("flip", f"noticed in {node.damaged}")
            node.damaged = ""
            self.lost_disk = True
            self.readmit.append(node)
            node.disk.wipe()
            node.kv = type(node.kv)()
            self.checkers.wiped(node.name)
        self.scheduler.later(self._down_ms(), self._restart, node, node.life)

    def _down_ms(self) -> int:
        return 200 if self.healed else between(self.choice, 50, self.plan.trouble_ms)

    def _restart(self, node, life: int) -> None:
        if not node.alive and node.life == life:
            node.power_cut = False
            node.boot()

    # ---- clients

    def _client(self) -> None:
        """Submit something now and then, and again what is not committed yet."""
        busy = len(self.pending) > PENDING_MAX and len(self._waiting()) > PENDING_MAX
        if self.healed or busy:
            if not self.healed:  # a pool is memory only: what went down with its node comes again
                self.offer(pick(self.choice, list(self.pending.values())))
                self.scheduler.later(self.plan.submit_ms, self._client)
            return
        self._submit()
        if self.pending and chance(self.choice, 200):
            self.offer(pick(self.choice, list(self.pending.values())))
        self.scheduler.later(between(self.choice, 50, self.plan.submit_ms), self._client)

    def _submit(self) -> None:
        number = self.submitted
        self.submitted += 1
        kind = number % len(workload.KINDS)
        if number >= len(workload.KINDS):
            kind = self.choice(len(workload.KINDS))
        raw = workload.transaction(kind, number, self.choice(1 + number // 4))
        self.offer(raw)

    def offer(self, raw: bytes) -> None:
        honest = self.honest
        start = self.choice(len(honest))
        for node in honest[start:] + honest[:start]:
            if node.submit(raw):
                parsed = node.executor.admission.parse(raw)
                if parsed.hash not in self.checkers.acknowledged:
                    self.pending[parsed.hash] = raw
                return

    def _waiting(self) -> list[bytes]:
        done = self.checkers.acknowledged
        self.pending = {h: raw for h, raw in self.pending.items() if h not in done}
        return list(self.pending.values())

    # ---- the two phases

    def run(self) -> Result:
        with _installed(self):
            for node in self.nodes:
                node.boot()
            self.net.route()
            self.scheduler.later(10, self._client)
            if self.plan.twins:
                self.scheduler.later(100, self._reroute)
            self._troubles()
            self._storm()
            if not self.checkers.violations:
                self._calm()
            if not self.checkers.violations:
                live = [node for node in self.honest if node.executor is not None]
                self.checkers.finish(live, self.genesis)
            return self._result()

    def _storm(self) -> None:
        plan, bad = self.plan, self.checkers.violations
        self.scheduler.later(LULL_MS, self._let_up, 0)
        while self.scheduler.now_us < plan.storm_ms * 1000 and not bad:
            self.scheduler.run_until(self.scheduler.now_us + 500_000)
            self._look()
            enough = (
                self.storm_height >= plan.heights
                and self.net.deliveries >= plan.deliveries
                and len(self.kinds()) >= KINDS_WANTED
            )
            if enough or self.storm_height >= plan.storm_heights_max:
                return

    def _let_up(self, before: int) -> None:
        """Nothing is learnt from a chain that stands still for minutes."""
        if self.storm_height < before + LULL_HEIGHTS:
            self.ease = min(16, 2 * self.ease)
        if not self.healed:
            self.scheduler.later(LULL_MS, self._let_up, self.storm_height)

    def _look(self) -> None:
        for node in self.readmit:
            if chance(self.choice, 100):
                self.governance.readmit(node)
        for node in self.nodes:
            if node.honest and node.alive and node.driver is not None:
                self.checkers.bounds(node.name, node)
                self.rounds = max(self.rounds, node.driver.status().round)
                if node.loop.unexpected:
                    self.checkers.report("H", f"{node.name}: {node.loop.unexpected}")

    def _calm(self) -> None:
        """L: with the net healed and all clocks near, what is pending commits everywhere."""
        self.heal()
        began = self.scheduler.now_us
        goal = max(node.height() for node in self.honest) + 2
        while self.scheduler.now_us < began + self.plan.calm_budget_ms * 1000:
            low = min(node.height() if node.alive else 0 for node in self.honest)
            if low < goal:
                self._submit()
            for raw in self._waiting():
                self.offer(raw)
            self.scheduler.run_until(self.scheduler.now_us + 500_000)
            self._look()
            if self.checkers.violations:
                return
            low = min(node.height() if node.alive else 0 for node in self.honest)
            if low >= goal and not self._waiting():
                self.recovery_ms = (self.scheduler.now_us - began) // 1000
                return
        heights = [f"{node.name}:{node.height()}:{node.step()}" for node in self.nodes]
        self.checkers.report(
            "L", f"no progress to {goal} with {len(self.pending)} pending; {' '.join(heights)}"
        )

    def heal(self) -> None:
        self.healed = True
        self.net.calm = True
        self.net.cut.clear()
        self.net.clogged.clear()
        now_us = self.scheduler.now_us
        for node in self.nodes:
            node.fuse, node.rate, node.clock_offset_ms = 0, 1000, 0
            if node.loop is not None:
                node.loop.set_rate(1000)
                node.loop.paused_until_us = 0
                node.clock_offset_ms = round(now_us / 1000 - node.loop.time() * 1000)
            if not node.alive:
                node.power_cut = False
                node.boot()

    # ---- troubles

    def _reroute(self) -> None:
        self.net.route()
        for node in self.honest:
            self.saw("twin", node.step())
        if not self.healed:
            self.scheduler.later(between(self.choice, 100, 1_500), self._reroute)

    def _troubles(self) -> None:
        from tests.simulation.troubles import Troubles

        Troubles(self).begin()

    def _result(self) -> Result:
        digests = tuple(self.checkers.decided[h].hex() for h in sorted(self.checkers.decided))
        return Result(
            plan=self.plan,
            violations=list(self.checkers.violations),
            heights=self.storm_height,
            deliveries=self.net.deliveries,
            simulated_ms=self.scheduler.now_us // 1000,
            coverage=self.coverage,
            kinds=self.kinds(),
            chain=digests,
            rounds=self.rounds,
            deaths=self.deaths,
            transactions=len(self.checkers.acknowledged),
            recovery_ms=self.recovery_ms,
        )


@contextlib.contextmanager
def _installed(world: World):
    """Put the simulator's hooks into the real rooms, and take them out again."""
    scheduler = world.scheduler

    def passed(name: str) -> None:
        if scheduler.current is not None:
            scheduler.current.passing(name)

    memo: dict[bytes, object] = {}
    decode = consensus.messages.decode

    def remembered(data: bytes):
        message = memo.get(data)
        if message is None:
            message = decode(data)
            if len(memo) > 5_000:
                memo.clear()
            memo[data] = message
        return message

    real_parse = node_admission.parse_transaction

    @lru_cache(maxsize=2_000)
    def parse_once(raw: bytes):
        return real_parse(raw, SUITE, chain_id=workload.CHAIN)

    kept = (
        _failpoints._enabled,
        _failpoints._passed,
        node_executor.suite,
        node_admission.parse_transaction,
        consensus.driver.decode,
        logging.root.manager.disable,
        gc.isenabled(),
    )
    _failpoints._enabled, _failpoints._passed = True, passed
    node_executor.suite = lambda name: SUITE
    node_admission.parse_transaction = lambda raw, suite, *, chain_id: parse_once(raw)
    consensus.driver.decode = remembered
    logging.disable(logging.CRITICAL)
    gc.disable()
    try:
        yield
    finally:
        (
            _failpoints._enabled,
            _failpoints._passed,
            node_executor.suite,
            node_admission.parse_transaction,
            consensus.driver.decode,
            level,
            collecting,
        ) = kept
        _bury(world)
        logging.disable(level)
        if collecting:
            gc.enable()


def _bury(world: World) -> None:
    """Close what is left of every life without a word from asyncio."""
    for task in world.tasks:
        if inspect.getcoroutinestate(task.get_coro()) == inspect.CORO_CREATED:
            task.get_coro().close()
    for one in world.nodes:
        if one.loop is not None:
            one.loop.close()
            one.loop.forget(world.tasks)
    world.tasks.clear()


def run(choice: Choice, plan: Plan, **more) -> Result:
    """One whole run under a plan."""
    return World(choice, plan, **more).run()
