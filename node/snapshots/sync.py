"""Notices that the node is far behind, takes the newest snapshot of its peers over, and says so.

While a snapshot is on its way nobody is asked for blocks. When it is complete the node opens anew
on its store, and block sync goes on from there; when it fails block sync goes on from here.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from consensus.network import Network, PeerId
from crypto.suites import Suite
from faults import PeerFault, StorageFault
from ledger.genesis import Genesis
from ledger.light_client import initial_client
from node.logs import get_logger, log_event
from node.snapshots import places
from node.snapshots.fetching import Fetching
from node.snapshots.head import SnapshotHead, check_head
from node.snapshots.messages import (
    AskHead,
    AskOffers,
    AskPart,
    HeadAnswer,
    Message,
    Offers,
    PartAnswer,
    PartName,
    encode,
)
from node.snapshots.staging import Staging

_log = get_logger("node.snapshots")

_Question = tuple[PeerId, int, PartName | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """When to take a snapshot, and how patient to be. Times in seconds."""

    behind: int
    """Blocks; nearer than that block sync does it. 0: never take one."""
    look_seconds: float = 0.25
    offers_seconds: float = 1.0
    answer_seconds: float = 20.0
    pause_seconds: float = 10.0
    """After an attempt that failed."""


@dataclass(slots=True, kw_only=True)
class SnapshotSync:
    """The part of a node that catches up by snapshot. `run` it until cancelled.

    heights: what the peers claim to have committed. hold: stop (True) or go on (False) asking for
    blocks. ready: a store is complete and takes the place of this one when the node opens anew.
    """

    home: Path
    suite: Suite
    genesis: Genesis
    genesis_hash: bytes
    network: Network
    height: Callable[[], int]
    heights: Callable[[], Mapping[PeerId, int]]
    hold: Callable[[bool], None]
    ready: Callable[[], None]
    settings: SyncSettings
    _offers: dict[PeerId, tuple[int, ...]] = field(default_factory=dict)
    _asked: dict[_Question, "asyncio.Future[bytes]"] = field(default_factory=dict)

    def on_answer(self, peer: PeerId, message: Message) -> None:
        """Take an answer; what nobody asked for is dropped."""
        question: _Question
        match message:
            case Offers():
                self._offers[peer] = message.heights
                return
            case HeadAnswer():
                question = (peer, message.height, None)
            case PartAnswer():
                question = (peer, message.height, message.part)
            case _:
                return
        future = self._asked.get(question)
        if future is not None and not future.done():
            future.set_result(message.content)

    async def run(self) -> None:
        """Watch until cancelled, or until a snapshot is complete."""
        if not self.settings.behind:
            await asyncio.to_thread(places.discard, self.home)
            return
        self.hold(True)  # until a peer says how far it is: blocks may not be what is needed
        while True:
            await asyncio.sleep(self.settings.look_seconds)
            heights = self.heights()
            if not heights:
                continue
            if max(heights.values()) - self.height() < self.settings.behind:
                self.hold(False)
                continue
            if await self._attempt():
                self.ready()
                return
            self.hold(False)
            await asyncio.sleep(self.settings.pause_seconds)

    async def _attempt(self) -> bool:
        """Take the best snapshot that is offered; whether a complete store is there."""
        self._offers.clear()
        self.network.broadcast(encode(AskOffers()))
        await asyncio.sleep(self.settings.offers_seconds)
        head = await self._best_head()
        if head is None:
            return False
        log_event(_log, "info", "snapshot.begins", height=head.height)
        self.hold(True)
        try:
            complete, parts = await self._take(head)
        except StorageFault as fault:  # of the store being filled; the node's own is untouched
            log_event(_log, "error", "snapshot.failed", height=head.height, reason=str(fault))
            await asyncio.to_thread(places.discard, self.home)
            return False
        event = "snapshot.complete" if complete else "snapshot.incomplete"
        log_event(_log, "info", event, height=head.height, count=parts)
        return complete

    async def _take(self, head: SnapshotHead) -> tuple[bool, int]:
        """Fill a store with the snapshot: whether it is complete, and how many parts came."""
        staging = await asyncio.to_thread(Staging.open, self.home, self.suite, head)
        fetching = Fetching(staging, self._ask, self.network.report)
        try:
            complete = await fetching.run(self._sources(head.height))
            if complete:
                await asyncio.to_thread(staging.finish, self.genesis, self.genesis_hash)
        finally:
            staging.close()
        return complete, fetching.parts

    async def _best_head(self) -> SnapshotHead | None:
        """The head of the highest snapshot that is worth taking and can be proved."""
        least = self.height() + self.settings.behind // 2
        offered = sorted(
            ((height, peer) for peer, heights in self._offers.items() for height in heights),
            reverse=True,
        )
        for height, peer in offered:
            if height <= least or height not in self._offers.get(peer, ()):
                continue
            try:
                content = await self._answer(peer, height, None)
                return await asyncio.to_thread(self._check_head, content, height)
            except PeerFault as fault:
                self._offers.pop(peer, None)
                self.network.report(peer, fault)
            except TimeoutError:
                self._offers.pop(peer, None)
        return None

    def _check_head(self, content: bytes, height: int) -> SnapshotHead:
        genesis = self.genesis
        trusted = initial_client(
            genesis.chain_id, genesis.suite, self.genesis_hash, genesis.validator_set
        )
        return check_head(self.suite, content, height, trusted)

    def _sources(self, height: int) -> list[PeerId]:
        return sorted(peer for peer, heights in self._offers.items() if height in heights)

    async def _ask(self, peer: PeerId, height: int, part: PartName) -> bytes:
        return await self._answer(peer, height, part)

    async def _answer(self, peer: PeerId, height: int, part: PartName | None) -> bytes:
        """What the peer answers; TimeoutError if it doesn't."""
        question = (peer, height, part)
        message = AskHead(height) if part is None else AskPart(height, part)
        self._asked[question] = asyncio.get_running_loop().create_future()
        try:
            self.network.send(peer, encode(message))
            async with asyncio.timeout(self.settings.answer_seconds):
                return await self._asked[question]
        finally:
            with contextlib.suppress(KeyError):
                del self._asked[question]
