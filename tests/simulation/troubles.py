"""Troubles that come and go during a storm: partitions, crashes, pauses, clocks, damaged disks."""

from tests.simulation.choice import between, chance, pick
from tests.simulation.plan import NODE_FAULTS

FUSE_MAX = 60
"""A crash comes within this many fail points and disk effects: anywhere in a height's work."""

CLOGGED = ("proposal", "blockpart", "prevote", "precommit", "status", "blockresponse")
SKEW_MS = 4_000
JUMP_MS = 60_000


class Troubles:
    def __init__(self, world) -> None:
        self._world, self._choice, self._plan = world, world.choice, world.plan
        self._kinds = [kind for kind in NODE_FAULTS if kind in self._plan.faults]
        if "flip" in self._plan.faults:
            self._kinds.append("flip")
        if "membership" in self._plan.faults:
            self._kinds.append("membership")

    def begin(self) -> None:
        if self._kinds:
            self._next()

    def _next(self) -> None:
        calm_ms = 2 * self._plan.calm_ms * self._world.ease
        self._world.scheduler.later(between(self._choice, 50, calm_ms), self._one)

    def _one(self) -> None:
        """One trouble now, the next one later; they overlap."""
        if self._world.healed:
            return
        kind = pick(self._choice, self._kinds)
        length = between(self._choice, 50, 2 * self._plan.trouble_ms)
        getattr(self, "_" + kind.replace("-", "_"))(length)
        self._next()

    def _later(self, delay_ms: int, action, *args) -> None:
        self._world.scheduler.later(delay_ms, self._unless_healed, action, args)

    def _unless_healed(self, action, args) -> None:
        if not self._world.healed:
            action(*args)

    def _node(self):
        return pick(self._choice, self._world.nodes)

    def _saw(self, fault: str, nodes) -> None:
        for node in nodes:
            self._world.saw(fault, node.step())

    # ---- partitions

    def _cut(self, fault: str, pairs, length: int) -> None:
        new = {pair for pair in pairs if pair not in self._world.net.cut}
        self._saw(fault, self._world.nodes)
        self._world.net.cut |= new
        self._later(length, self._world.net.cut.difference_update, new)

    def _halves(self, length: int) -> None:
        nodes = self._world.nodes
        side = {node.name: self._choice(2) for node in nodes}
        pairs = [(a, b) for a in side for b in side if side[a] != side[b]]
        self._cut("halves", pairs, length)

    def _isolate(self, length: int) -> None:
        alone = self._node().name
        others = [node.name for node in self._world.nodes if node.name != alone]
        self._cut("isolate", [p for o in others for p in ((alone, o), (o, alone))], length)

    def _one_way(self, length: int) -> None:
        node = self._node().name
        hears = self._choice(2)
        others = [other.name for other in self._world.nodes if other.name != node]
        self._cut("one-way", [(node, o) if hears else (o, node) for o in others], length)

    def _swizzle(self, length: int) -> None:
        """Stop links one by one, and give them back one by one in another order."""
        nodes = [node.name for node in self._world.nodes]
        links = [(a, b) for a in nodes for b in nodes if a < b and chance(self._choice, 500)]
        self._saw("swizzle", self._world.nodes)
        cut = self._world.net.cut
        for a, b in links:
            start, end = self._choice(length), length + self._choice(length)
            self._later(start, cut.update, {(a, b), (b, a)})
            self._later(end, cut.difference_update, {(a, b), (b, a)})

    def _clog(self, length: int) -> None:
        """Single kinds of message do not reach single nodes: what locks are there for."""
        clogged = self._world.net.clogged
        new = {
            (node.name, kind)
            for node in self._world.nodes
            for kind in CLOGGED
            if chance(self._choice, 300)
        }
        new -= clogged
        clogged |= new
        self._saw("clog", self._world.nodes)
        self._later(length, clogged.difference_update, new)

    # ---- nodes

    def _crash(self, length: int, power: bool = False) -> None:
        node = self._node()
        if node.alive and not node.fuse:
            self._world.saw("power" if power else "crash", node.step())
            node.power_cut = power
            node.fuse = between(self._choice, 1, FUSE_MAX)

    def _power(self, length: int) -> None:
        self._crash(length, power=True)
        if chance(self._choice, 100):  # the whole house loses power
            for node in self._world.nodes:
                if node.alive and not node.fuse:
                    node.power_cut, node.fuse = True, between(self._choice, 1, 10)

    def _pause(self, length: int) -> None:
        node = self._node()
        if node.alive:
            self._world.saw("pause", node.step())
            length = 10_000 if chance(self._choice, 100) else length
            node.loop.paused_until_us = self._world.scheduler.now_us + length * 1000

    def _skew(self, length: int) -> None:
        node = self._node()
        self._world.saw("skew", node.step())
        node.rate = between(self._choice, 1000, 1100) - 100 * self._choice(2)
        if node.alive:
            node.loop.set_rate(node.rate)

    def _jump(self, length: int) -> None:
        node = self._node()
        self._world.saw("jump", node.step())
        far = JUMP_MS if chance(self._choice, 200) else SKEW_MS
        node.clock_offset_ms = between(self._choice, 0, far) * (1 - 2 * self._choice(2))

    def _membership(self, length: int) -> None:
        self._world.governance.trouble()

    def _flip(self, length: int) -> None:
        """A node goes down and a bit of its disk rots: once a run, it may cost the node."""
        world = self._world
        node = pick(self._choice, world.honest)
        if world.lost_disk or not node.alive or node.fuse or world.storm_height < 3:
            return
        world.saw("flip", node.step())
        node.power_cut = False
        node.crash()
        node.damaged = node.disk.flip(self._choice) or ""
        world.lost_disk = True
        world.died(node)
