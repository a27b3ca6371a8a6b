"""The net between simulated nodes: authenticated, and otherwise as bad as the plan says.

Peers are known by key, so a twin and its shadow are one peer to everybody else: `routes` says which
of the two each node talks to at the moment.
"""

from functools import lru_cache

from consensus.messages import VoteKind, decode
from faults import PeerFault
from tests.simulation.choice import chance

RECONNECT_MS = 300
TRANSACTIONS = 0x80


@lru_cache(maxsize=4_096)
def kind_of(data: bytes) -> str:
    """What a message is: its class, or its vote; for clogs and for the coverage table."""
    if data[:1] >= bytes([TRANSACTIONS]):
        return "transactions"
    try:
        message = decode(data)
    except PeerFault:
        return "nonsense"
    kind = getattr(message, "kind", None)
    return kind.name.lower() if isinstance(kind, VoteKind) else type(message).__name__.lower()


class Port:
    """`consensus.network.Network` of one life of one node."""

    def __init__(self, net: "Net", node, life: int) -> None:
        self._net, self._node, self._life = net, node, life
        self.on_message = lambda peer, data: None
        self.on_peer = lambda peer, connected: None

    def broadcast(self, message: bytes) -> None:
        for other in self._net.peers_of(self._node):
            self._net.carry(self._node, other, message)

    def send(self, peer: bytes, message: bytes) -> None:
        for other in self._net.peers_of(self._node):
            if other.key == peer:
                self._net.carry(self._node, other, message)

    def listen(self, on_message, on_peer) -> None:
        self.on_message, self.on_peer = on_message, on_peer

    def report(self, peer: bytes, fault: PeerFault) -> None:
        self._net.reported(self._node, peer, fault)


class Net:
    def __init__(self, world) -> None:
        self._world = world
        self.cut: set[tuple[str, str]] = set()
        self.clogged: set[tuple[str, str]] = set()
        self.split: set[tuple[str, str]] = set()
        self.routes: dict[tuple[str, bytes], str] = {}
        self.calm = False
        self.deliveries = 0
        self.sent = 0

    def peers_of(self, node) -> list:
        return [other for other in self._world.nodes if other.key != node.key and other.alive]

    def route(self) -> None:
        """Decide anew which mind of each twin every node talks to: one by one, or by sides.

        By sides, the minds of a twin stand on different ones, and the honest may be cut apart too:
        every side then believes it is the whole chain.
        """
        choice, nodes = self._world.route_choice, self._world.nodes
        shadows = [node for node in nodes if node.shadow_of is not None]
        if not shadows:
            return
        by_sides = choice(2)
        side = {node.name: choice(2) for node in nodes if node.shadow_of is None}
        side |= {shadow.name: 1 - side[shadow.shadow_of.name] for shadow in shadows}
        for node in nodes:
            for shadow in shadows:
                if shadow.key == node.key:
                    continue
                which = choice(2)
                if by_sides:
                    which = side[node.name] == side[shadow.name]
                name = (shadow.shadow_of.name, shadow.name)[which]
                self.routes[node.name, shadow.key] = name
        self.split = set()
        if by_sides and choice(2):
            self.split = {(a, b) for a in side for b in side if side[a] != side[b]}

    def _linked(self, one, other) -> bool:
        """Twins: whether these two instances talk at the moment."""
        for node, peer in ((one, other), (other, one)):
            wanted = self.routes.get((node.name, peer.key))
            if wanted is not None and wanted != peer.name:
                return False
        return True

    def carry(self, sender, receiver, data: bytes) -> None:
        """Bring a message over, or not, or twice, or late, or bent."""
        world, plan = self._world, self._world.plan
        self.sent += 1
        if sender.honest:
            world.said(sender, data)
        elif sender.bender is not None and not self.calm and chance(world.choice, plan.bend):
            data = sender.bender(data)
            world.saw("bend", kind_of(data))
        if not self._linked(sender, receiver):
            return
        copies, delay = 1, 1
        if not self.calm:
            link = (sender.name, receiver.name)
            if link in self.cut or link in self.split:
                world.saw("cut", kind_of(data))
                return
            if self.clogged and (receiver.name, kind_of(data)) in self.clogged:
                world.saw("clog", kind_of(data))
                return
            if plan.loss or plan.duplicate:
                fate = world.choice(1000)
                loss = plan.loss // world.ease
                if fate >= 1000 - loss:
                    world.saw("loss", kind_of(data))
                    return
                if fate >= 1000 - loss - plan.duplicate:
                    world.saw("duplicate", kind_of(data))
                    copies = 2
            delay = max(20, plan.delay_ms // world.ease)
        for _ in range(copies):
            wait_us = 500 + world.choice(delay * 1000 if delay > 1 else 5000)
            if delay > 20 and wait_us > 50_000:
                world.saw("delay", kind_of(data))
            world.scheduler.at(
                world.scheduler.now_us + wait_us,
                receiver.loop,
                self._deliver,
                receiver,
                sender.key,
                data,
            )

    def _deliver(self, receiver, key: bytes, data: bytes) -> None:
        self.deliveries += 1
        receiver.port.on_message(key, data)

    def connect(self, node) -> None:
        """A node came up: it and its peers hear of each other."""
        for other in self.peers_of(node):
            self._tell(node, other.key, True)
            self._tell(other, node.key, True)

    def disconnect(self, node) -> None:
        for other in self.peers_of(node):
            if not any(o.key == node.key and o is not node and o.alive for o in self._world.nodes):
                self._tell(other, node.key, False)

    def _tell(self, node, key: bytes, connected: bool) -> None:
        delay_us = (1 if connected else 5) * 1000
        at = self._world.scheduler.now_us + delay_us
        self._world.scheduler.at(at, node.loop, self._news, node, key, connected)

    @staticmethod
    def _news(node, key: bytes, connected: bool) -> None:
        node.port.on_peer(key, connected)

    def reported(self, node, peer: bytes, fault: PeerFault) -> None:
        """A broken connection, soon made anew. Nobody honest may ever be accused by the honest."""
        self._world.accused(node, peer, fault)
        for key, delay_ms in ((False, 1), (True, RECONNECT_MS)):
            at = self._world.scheduler.now_us + delay_ms * 1000
            self._world.scheduler.at(at, node.loop, self._news, node, peer, key)


def statement_place(data: bytes):
    """(author, place, what was said) of a signed message; None for anything else."""
    try:
        message = decode(data)
    except PeerFault:
        return None
    author = getattr(message, "validator", None) or getattr(message, "proposer", None)
    if author is None or not hasattr(message, "signature"):
        return None
    kind = (type(message).__name__, int(getattr(message, "kind", 0)))
    place = (*kind, message.height, getattr(message, "round", 0))
    return author, place, message.block_hash + b"%d" % getattr(message, "pol_round", 0)
