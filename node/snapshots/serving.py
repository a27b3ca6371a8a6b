"""Answers peers that take a snapshot over: one question at a time, a few of each peer wait."""

import asyncio
from collections import Counter

from consensus.network import Network, PeerId
from faults import Rejected, StorageFault
from node.logs import get_logger, log_event
from node.snapshots.messages import (
    AskHead,
    AskOffers,
    AskPart,
    HeadAnswer,
    Message,
    Offers,
    PartAnswer,
    encode,
)
from node.snapshots.shelf import Shelf

WAITING_PER_PEER = 8

_log = get_logger("node.snapshots")


class SnapshotServer:
    """Serves the snapshots of a shelf. `run` it until cancelled."""

    def __init__(self, shelf: Shelf, network: Network) -> None:
        self._shelf = shelf
        self._network = network
        self._waiting: Counter[PeerId] = Counter()
        self._questions: asyncio.Queue[tuple[PeerId, Message]] = asyncio.Queue()

    def on_question(self, peer: PeerId, message: Message) -> None:
        """Take a question; those of a peer that asks too many are dropped (it asks again)."""
        if self._waiting[peer] < WAITING_PER_PEER:
            self._waiting[peer] += 1
            self._questions.put_nowait((peer, message))

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            peer, message = await self._questions.get()
            self._waiting[peer] -= 1
            if not self._waiting[peer]:
                del self._waiting[peer]
            answer = await asyncio.to_thread(self._answer, message)
            if answer is not None:
                self._network.send(peer, encode(answer))

    def _answer(self, message: Message) -> Message | None:
        try:
            match message:
                case AskOffers():
                    return Offers(self._shelf.heights())
                case AskHead():
                    return HeadAnswer(message.height, self._shelf.head(message.height))
                case AskPart():
                    return PartAnswer(message.height, message.part, self._part(message))
        except (Rejected, StorageFault) as fault:
            # The copy was dropped under our hands, or its disk fails; the node's own store is fine.
            log_event(_log, "warning", "snapshot.unreadable", reason=str(fault))
        return None

    def _part(self, message: AskPart) -> bytes:
        reader = self._shelf.reader(message.height)
        return reader.read(message.part) if reader is not None else b""
