"""A deterministic world around the core: one seed, one run. No I/O, no clock, no signatures.

Nodes run the real `machine`, the real gossip rules and a log that survives crashes. A twin is one
key run by two honest-coded instances that hear different halves of the net: that gives double
proposals, double votes and amnesia without writing an attacker.
"""

import contextlib
import hashlib
import heapq
import random
from dataclasses import dataclass, field, replace

from consensus import gossip
from consensus.machine import step
from consensus.messages import Proposal, Status, Vote, VoteKind
from consensus.proposer import Electorate
from consensus.state import (
    BlockBuilt,
    BuildBlock,
    Decision,
    Executed,
    Output,
    PoolReady,
    ProposalReceived,
    Restored,
    Start,
    State,
    TimeoutFired,
    TimerKind,
    UnsignedProposal,
    VoteReceived,
)

DURATION = {
    TimerKind.EMPTY: 400,
    TimerKind.PROPOSE: 300,
    TimerKind.PREVOTE: 150,
    TimerKind.PRECOMMIT: 150,
}
TICK_MS = 200
SIGNATURE = b"s" * 64


def key_of(number: int) -> bytes:
    return b"\x04" + number.to_bytes(64, "big")


def block_hash(block: bytes) -> bytes:
    return hashlib.sha256(block).digest()


def place_of(message) -> tuple:
    return (message.height, message.round, getattr(message, "kind", 0))


def kind_of(message):
    if isinstance(message, Proposal | Vote):
        return getattr(message, "kind", 0)
    return type(message).__name__


def message_author(message: Proposal | Vote) -> bytes:
    return message.proposer if isinstance(message, Proposal) else message.validator


class Crash(Exception):
    """The node dies here, with what it had made durable."""


@dataclass
class Faults:
    loss: float = 0.1
    duplicate: float = 0.1
    delay_ms: int = 60
    partition: float = 0.3
    crash: float = 0.002
    clogged: tuple = (0.0, 0.0, 0.0, 1.0)
    """Extra loss of one kind of message at one receiver; drawn anew with every partition."""


@dataclass
class Durable:
    log: list = field(default_factory=list)
    signed: dict = field(default_factory=dict)
    chain: list = field(default_factory=list)


class SimNode:
    def __init__(self, world: "World", name: str, number: int) -> None:
        self.world, self.name, self.number = world, name, number
        self.key = key_of(number)
        self.durable = Durable()
        self.alive = False
        self.life = 0
        self.honest = True

    @property
    def height(self) -> int:
        return len(self.durable.chain)

    def boot(self) -> None:
        self.alive = True
        self.life += 1
        self.state = State(self.key, self.world.electorate)
        self.begin()
        self.world.later(self.world.random.randrange(TICK_MS), ("tick", self, self.life))

    def begin(self) -> None:
        height = self.height + 1
        kept = tuple(message for message in self.durable.log if message.height == height)
        self.durable.log = list(kept)
        self.feed(Start(height, self.world.electorate, wait=True))
        for message in kept:
            if message_author(message) == self.key:
                self.durable.signed[place_of(message)] = message.block_hash
                self.world.signed(self, place_of(message), message.block_hash)
        if kept:
            self.feed(Restored(kept))
        if self.world.random.random() < 0.5:
            self.feed(PoolReady(height))

    def feed(self, event) -> None:
        inputs = [event]
        begin = False
        while inputs:
            out = step(self.state, inputs.pop(0))
            inputs += self.act(out)
            begin = begin or out.commit is not None
        if begin:
            self.begin()

    def act(self, out: Output) -> list:
        world, answers = self.world, []
        self.durable.log += out.persist
        world.maybe_crash(self)
        for unsigned in out.sign:
            message = self.sign(unsigned)
            if message is None:
                continue
            world.maybe_crash(self)
            self.durable.log.append(message)
            world.maybe_crash(self)
            self.durable.signed[place_of(message)] = message.block_hash
            world.signed(self, place_of(message), message.block_hash)
            world.maybe_crash(self)
            world.broadcast(self, message)
            answers.append(
                ProposalReceived(message)
                if isinstance(message, Proposal)
                else VoteReceived(message)
            )
        if out.commit is not None:
            self.commit(out.commit)
            world.maybe_crash(self)
        for timer in out.timers:
            wait = DURATION[timer.kind] * (timer.round + 2) // 2
            world.later(wait, ("timer", self, self.life, timer))
        for request in out.requests:
            if isinstance(request, BuildBlock):
                block = f"{request.height}|{request.round}|{self.name}|{self.life}".encode()
                answers.append(BlockBuilt(request.height, request.round, block_hash(block), block))
            else:
                answers.append(Executed(request.height, request.block_hash, True))
        world.evidence += out.evidence
        return answers

    def sign(self, unsigned) -> Proposal | Vote | None:
        place = place_of(unsigned)
        if self.durable.signed.get(place, unsigned.block_hash) != unsigned.block_hash:
            return None
        if isinstance(unsigned, UnsignedProposal):
            return Proposal(
                unsigned.height,
                unsigned.round,
                unsigned.pol_round,
                unsigned.block_hash,
                unsigned.block,
                self.key,
                SIGNATURE,
            )
        return Vote(
            unsigned.kind,
            unsigned.height,
            unsigned.round,
            unsigned.block_hash,
            self.key,
            SIGNATURE,
        )

    def commit(self, decision: Decision) -> None:
        self.durable.chain.append(decision)
        self.world.committed(self, decision)

    def receive(self, message) -> None:
        if isinstance(message, Proposal):
            self.feed(ProposalReceived(message))
        elif isinstance(message, Vote):
            self.feed(VoteReceived(message))
        elif isinstance(message, Decision):
            self.catch_up(message)

    def catch_up(self, decision: Decision) -> None:
        if decision.height != self.height + 1:
            return
        power = sum(self.world.electorate.power(vote.validator) for vote in decision.precommits)
        good = all(
            (v.kind, v.height, v.round, v.block_hash)
            == (VoteKind.PRECOMMIT, decision.height, decision.round, decision.block_hash)
            for v in decision.precommits
        )
        if good and power >= self.world.electorate.quorum:
            self.commit(decision)
            self.begin()

    def hear_status(self, sender: "SimNode", status: Status) -> None:
        if status.height <= self.height:
            for decision in self.durable.chain[status.height - 1 : status.height + 3]:
                self.world.send(self, sender, decision)
            return
        for message in gossip.what_it_lacks(self.state, status):
            self.world.send(self, sender, message)


class World:
    """`twins` keys are run twice; `quorum` overrides the threshold (for negative controls)."""

    def __init__(
        self, seed: int, *, nodes: int = 4, twins: int = 0, quorum: int = 0, faults=None
    ) -> None:
        self.random = random.Random(seed)
        self.faults = faults or Faults()
        electorate = Electorate.of((key_of(i), 1) for i in range(nodes))
        self.electorate = replace(electorate, quorum=quorum) if quorum else electorate
        self.now = 0
        self._events: list = []
        self._number = 0
        self.evidence: list = []
        self.violations: list[str] = []
        self._decided: dict[int, bytes] = {}
        self._signed: dict = {}
        self.healed = False
        self.cut: dict[str, int] = {}
        self.nodes = [SimNode(self, str(i), i) for i in range(nodes)]
        for number in range(twins):
            self.nodes[number].honest = False
            shadow = SimNode(self, f"{number}twin", number)
            shadow.honest = False
            self.nodes.append(shadow)
        self.repartition()
        for node in self.nodes:
            self.guarded(node, node.boot)

    @property
    def honest(self) -> list[SimNode]:
        return [node for node in self.nodes if node.honest]

    def later(self, delay_ms: int, event: tuple) -> None:
        self._number += 1
        heapq.heappush(self._events, (self.now + delay_ms, self._number, event))

    def repartition(self) -> None:
        """Cut the net in two at random, or not; twins of a key always fall on different sides."""
        split = self.random.random() < self.faults.partition
        side = {node.name: self.random.randrange(2) if split else 0 for node in self.nodes}
        for node in self.nodes:
            if node.name.endswith("twin"):
                twin = str(node.number)
                side[twin] = self.random.randrange(2)
                side[node.name] = 1 - side[twin]
        self.cut = side
        self.clog = {
            (node.name, kind): self.random.choice(self.faults.clogged)
            for kind in (0, *VoteKind, "Decision", "Status")
            for node in self.nodes
        }
        if not self.healed:
            self.later(300 + self.random.randrange(1500), ("repartition",))

    def broadcast(self, sender: SimNode, message) -> None:
        for node in self.nodes:
            if node is not sender:
                self.send(sender, node, message)

    def send(self, sender: SimNode, to: SimNode, message) -> None:
        if not self.healed:
            if self.cut[sender.name] != self.cut[to.name]:
                return
            if self.random.random() < self.faults.loss:
                return
            if self.random.random() < self.clog[to.name, kind_of(message)]:
                return
        copies = 1 if self.healed or self.random.random() > self.faults.duplicate else 2
        for _ in range(copies):
            delay = 1 + self.random.randrange(10 if self.healed else self.faults.delay_ms)
            self.later(delay, ("message", to, sender, message))

    def maybe_crash(self, node: SimNode) -> None:
        if not self.healed and self.random.random() < self.faults.crash:
            node.alive = False
            self.later(100 + self.random.randrange(1500), ("boot", node, node.life))
            raise Crash

    def guarded(self, node: SimNode, action, *arguments) -> None:
        with contextlib.suppress(Crash):
            action(*arguments)

    def committed(self, node: SimNode, decision: Decision) -> None:
        if not node.honest:
            return
        first = self._decided.setdefault(decision.height, decision.block_hash)
        if first != decision.block_hash:
            self.violations.append(f"agreement at height {decision.height}")

    def signed(self, node: SimNode, place: tuple, digest: bytes) -> None:
        if node.honest and self._signed.setdefault((node.key, *place), digest) != digest:
            self.violations.append(f"double signature at {place}")

    def run_until(self, time_ms: int) -> None:
        while self._events and self._events[0][0] <= time_ms and not self.violations:
            self.now, _, event = heapq.heappop(self._events)
            self.handle(event)
        self.now = max(self.now, time_ms)

    def heal(self) -> None:
        """From now on every message arrives soon and nobody crashes; the dead are started."""
        self.healed = True
        for node in self.nodes:
            if not node.alive:
                node.boot()

    def handle(self, event: tuple) -> None:
        kind, *rest = event
        if kind == "repartition":
            if not self.healed:
                self.repartition()
            return
        node = rest[0]
        if kind == "boot":
            if not node.alive and node.life == rest[1]:
                self.guarded(node, node.boot)
            return
        if not node.alive:
            return
        if kind == "message":
            if isinstance(rest[2], Status):
                node.hear_status(rest[1], rest[2])
            else:
                self.guarded(node, node.receive, rest[2])
        elif rest[1] != node.life:
            return
        elif kind == "tick":
            self.broadcast(node, gossip.our_status(node.state))
            self.later(TICK_MS, ("tick", node, node.life))
        elif kind == "timer":
            timer = rest[2]
            self.guarded(node, node.feed, TimeoutFired(timer.kind, timer.height, timer.round))


def storm(seed: int, *, storm_ms: int = 6_000, heal_ms: int = 8_000, **kinds) -> World:
    """A storm, then calm; `violations` says what broke, "liveness" if the calm was no use."""
    world = World(seed, **kinds)
    world.run_until(storm_ms)
    if world.violations:
        return world
    world.heal()
    goal = max(node.height for node in world.honest) + 2
    for time_ms in range(storm_ms, storm_ms + heal_ms, 250):
        world.run_until(time_ms)
        if world.violations or min(node.height for node in world.honest) >= goal:
            return world
    world.violations.append("liveness")
    return world
