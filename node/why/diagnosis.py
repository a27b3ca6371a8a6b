"""The protocol by which nodes help each other to explain a standstill.

Every second each peer is asked for its clock and its position. When a proposal's roots are not what
this node computes, the other nodes are asked what they computed, and one that agrees with the
proposal is asked, subtree by subtree, for its write set, until the first differing keys are found;
the result is logged and told to all. Nothing here has a say in agreement.
"""

import asyncio
import contextlib
import secrets
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from consensus.application import Clock
from consensus.network import Network, PeerId
from crypto.suites import Suite
from faults import PeerFault
from node.logs import get_logger, log_event
from node.why.clocks import PeerClock
from node.why.facts import Position
from node.why.wire import (
    KEYS_MAX,
    Ask,
    Finding,
    Message,
    Ping,
    Pong,
    Subtree,
    decode,
    encode,
)
from node.why.write_sets import CHILDREN, Entry, Mismatch, WriteSet, WriteSets

PING_SECONDS = 1.0
ANSWER_SECONDS = 1.0
SEARCH_SECONDS = 5.0
ASKS_MAX = 128
"""Questions of one comparison; a tree of 16 branches needs about log16(keys) for each key found."""
TRIES = 4
"""Rounds of asking who agrees with a proposal: others may not have executed it yet."""
FINDINGS_KEPT = 16
MESSAGES_PER_SECOND_MAX = 200
"""Of one peer; what comes on top of them is dropped unread."""

_log = get_logger("node.why")


@dataclass(slots=True)
class Peer:
    """What a connected or once connected peer told us."""

    clock: PeerClock = field(default_factory=PeerClock)
    position: Position | None = None
    heard: float = 0.0
    """When it last answered or connected, by the steady clock; 0 if it never did."""
    connected: bool = False


@dataclass(slots=True)
class Divergence:
    """A block on which this node and another differ, and how far the comparison has come."""

    height: int
    block_hash: bytes
    other: PeerId
    """Whose results they are: the proposer's; or, of a finding that was told, who told it."""
    theirs: tuple[bytes, bytes]
    """State root and receipts root of the other."""
    ours: tuple[bytes, bytes]
    at: float
    agreeing: tuple[PeerId, ...] = ()
    """Who computed what the proposal says."""
    alike: tuple[PeerId, ...] = ()
    """Who computed what we did."""
    keys: tuple[str, ...] = ()
    found: int = 0
    compared: bool = False
    told: bool = False
    """The other told us; we agree with the proposal and it does not."""


class Diagnosis:
    """One node's side. Everything runs in the loop that `run` is called in."""

    def __init__(
        self,
        network: Network,
        suite: Suite,
        write_sets: WriteSets,
        clock: Clock,
        position: Callable[[], Position],
    ) -> None:
        self._network = network
        self._suite = suite
        self._write_sets = write_sets
        self._clock = clock
        self._position = position
        self.peers: dict[PeerId, Peer] = {}
        self.divergences: OrderedDict[tuple[bytes, PeerId], Divergence] = OrderedDict()
        self._answers: dict[tuple[PeerId, bytes, str], asyncio.Future[Subtree]] = {}
        self._mismatches: deque[Mismatch] = deque(maxlen=FINDINGS_KEPT)
        self._wake = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._at_rest.set()
        self._received: Counter[PeerId] = Counter()
        write_sets.on_mismatch = self._on_mismatch

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ping())
            tasks.create_task(self._compare_all())

    async def settle(self, seconds: float) -> None:
        """Wait until nothing is being compared, at most so long: before a process ends by it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._at_rest.wait()

    # ---- from the network

    def on_peer(self, peer: PeerId, connected: bool) -> None:
        """A peer came or went."""
        known = self.peers.setdefault(peer, Peer())
        known.connected = connected
        if connected:
            known.heard = time.monotonic()
            known.clock = PeerClock()
            self._ask_time(peer, known)

    def on_message(self, peer: PeerId, data: bytes) -> None:
        """Take a message whose first byte is `wire.KIND`."""
        self._received[peer] += 1
        if self._received[peer] > MESSAGES_PER_SECOND_MAX:
            return
        try:
            self._take(peer, decode(data))
        except PeerFault as fault:
            self._network.report(peer, fault)

    def _take(self, peer: PeerId, message: Message) -> None:
        match message:
            case Ping():
                pong = Pong(message.token, max(0, self._clock.now_ms()), self._position())
                self._send(peer, pong)
            case Pong():
                self._take_pong(peer, message)
            case Ask():
                self._send(peer, self._subtree(message))
            case Subtree():
                answer = self._answers.get((peer, message.block_hash, message.prefix))
                if answer is not None and not answer.done():
                    answer.set_result(message)
            case Finding():
                self._take_finding(peer, message)

    def _take_pong(self, peer: PeerId, pong: Pong) -> None:
        known = self.peers.setdefault(peer, Peer())
        if known.clock.answer(pong.token, pong.clock_ms, _steady_ms()):
            known.position = pong.position
            known.heard = time.monotonic()

    def _subtree(self, ask: Ask) -> Subtree:
        ours = self._write_sets.find(ask.block_hash)
        if ours is None:
            return Subtree(ask.block_hash, ask.prefix)
        listed = ours.listing(ask.prefix)
        children = ours.children(ask.prefix) if listed is None else ()
        return Subtree(
            ask.block_hash, ask.prefix, True, *ours.roots, children=children, entries=listed or ()
        )

    def _take_finding(self, peer: PeerId, finding: Finding) -> None:
        """Another node's results differ; it is news to us only if we agree with the proposal."""
        ours = self._write_sets.find(finding.block_hash)
        theirs = (finding.state_root, finding.receipts_root)
        if ours is None or ours.roots == theirs or ours.offered_roots != ours.roots:
            return
        self._remember(
            Divergence(
                height=finding.height,
                block_hash=finding.block_hash,
                other=peer,
                theirs=theirs,
                ours=ours.roots,
                at=time.monotonic(),
                keys=finding.keys,
                found=finding.found,
                compared=True,
                told=True,
            )
        )

    # ---- clocks and positions

    async def _ping(self) -> None:
        while True:
            self._received.clear()
            for peer, known in self.peers.items():
                if known.connected:
                    self._ask_time(peer, known)
            await asyncio.sleep(PING_SECONDS)

    def _ask_time(self, peer: PeerId, known: Peer) -> None:
        token = secrets.randbits(64)
        known.clock.ask(token, self._clock.now_ms(), _steady_ms())
        self._send(peer, Ping(token))

    # ---- comparing results

    def _on_mismatch(self, mismatch: Mismatch) -> None:
        self._mismatches.append(mismatch)
        self._at_rest.clear()
        self._wake.set()

    async def _compare_all(self) -> None:
        while True:
            while self._mismatches:
                await self._compare(self._mismatches.popleft())
            self._at_rest.set()
            self._wake.clear()
            await self._wake.wait()

    async def _compare(self, mismatch: Mismatch) -> None:
        divergence = Divergence(
            height=mismatch.offered.height,
            block_hash=mismatch.block_hash,
            other=mismatch.offered.proposer,
            theirs=mismatch.roots,
            ours=mismatch.ours.roots,
            at=time.monotonic(),
        )
        self._remember(divergence)
        for attempt in range(TRIES):
            await self._ask_who_agrees(mismatch, divergence)
            if not divergence.compared:
                await self._find_keys(mismatch, divergence)
            self._tell(divergence)
            heard = len(divergence.agreeing) + len(divergence.alike)
            if divergence.compared and heard >= self._connected():
                break
            await asyncio.sleep(0.1 * 2**attempt)
        self._report(divergence)

    async def _ask_who_agrees(self, mismatch: Mismatch, divergence: Divergence) -> None:
        peers = [peer for peer, known in sorted(self.peers.items()) if known.connected]
        asked = [self._ask(peer, mismatch.block_hash, "") for peer in peers]
        answers = dict(zip(peers, await asyncio.gather(*asked), strict=True))
        roots = {
            peer: (answer.state_root, answer.receipts_root)
            for peer, answer in answers.items()
            if answer is not None and answer.known
        }
        divergence.agreeing = tuple(p for p in peers if roots.get(p) == mismatch.roots)
        divergence.alike = tuple(p for p in peers if roots.get(p) == mismatch.ours.roots)

    async def _find_keys(self, mismatch: Mismatch, divergence: Divergence) -> None:
        """Compare with one that has the proposal's results, the proposer first."""
        first = divergence.other in divergence.agreeing
        whom = (divergence.other,) if first else divergence.agreeing[:1]
        for peer in whom:
            search = _Search(mismatch.ours, self._suite)
            deadline = time.monotonic() + SEARCH_SECONDS
            while search.open and search.asked < ASKS_MAX and time.monotonic() < deadline:
                prefix = search.next()
                answer = await self._ask(peer, mismatch.block_hash, prefix)
                if answer is None or not answer.known:
                    return
                search.take(answer)
            keys = sorted(search.found)
            divergence.keys = tuple(keys[:KEYS_MAX])
            divergence.found, divergence.compared = len(keys), True

    async def _ask(self, peer: PeerId, block_hash: bytes, prefix: str) -> Subtree | None:
        """The peer's answer, or None if none comes in time."""
        place = (peer, block_hash, prefix)
        answer: asyncio.Future[Subtree] = asyncio.get_running_loop().create_future()
        self._answers[place] = answer
        self._send(peer, Ask(block_hash, prefix))
        try:
            async with asyncio.timeout(ANSWER_SECONDS):  # wait_for may swallow a cancellation
                return await answer
        except TimeoutError:
            return None
        finally:
            del self._answers[place]

    def _remember(self, divergence: Divergence) -> None:
        self.divergences[divergence.block_hash, divergence.other] = divergence
        while len(self.divergences) > FINDINGS_KEPT:
            self.divergences.popitem(last=False)

    def _tell(self, divergence: Divergence) -> None:
        finding = Finding(
            divergence.height,
            divergence.block_hash,
            divergence.other,
            *divergence.ours,
            found=divergence.found,
            keys=divergence.keys,
        )
        self._network.broadcast(encode(finding))

    def _report(self, divergence: Divergence) -> None:
        log_event(
            _log,
            "error",
            "state.differs",
            height=divergence.height,
            proposer=divergence.other[1:9].hex(),
            offered_state_root=divergence.theirs[0].hex(),
            computed_state_root=divergence.ours[0].hex(),
            first_key=divergence.keys[0] if divergence.keys else "",
            keys=divergence.found,
            agreeing=len(divergence.agreeing),
            alike=len(divergence.alike),
        )

    # ---- helpers

    def _connected(self) -> int:
        return sum(known.connected for known in self.peers.values())

    def _send(self, peer: PeerId, message: Message) -> None:
        self._network.send(peer, encode(message))


class _Search:
    """Walks down where two write sets differ, and collects the keys."""

    def __init__(self, ours: WriteSet, suite: Suite) -> None:
        self._ours = ours
        self._suite = suite
        self.open: list[str] = [""]
        self.asked = 0
        self.found: set[str] = set()

    def next(self) -> str:
        """The subtree to ask for now."""
        self.asked += 1
        return self.open.pop()

    def take(self, theirs: Subtree) -> None:
        """Compare an answer with what we have there."""
        if theirs.children:
            ours = self._ours.children(theirs.prefix)
            pairs = zip(CHILDREN, ours, theirs.children, strict=True)
            deeper = [theirs.prefix + child for child, a, b in pairs if a != b]
            if len(theirs.prefix) < 2 * len(self._suite.hash(b"")):
                self.open += reversed(deeper)
        else:
            mine, other = dict(self._ours.entries(theirs.prefix)), dict(theirs.entries)
            self.found |= {key for key, _ in set(mine.items()) ^ set(other.items())}
        if len(self.found) >= KEYS_MAX:
            self.open.clear()


def _steady_ms() -> int:
    return time.monotonic_ns() // 1_000_000


__all__ = ["Diagnosis", "Divergence", "Entry", "Peer"]
