"""Asks peers for the parts of one snapshot, several peers side by side, and checks each part.

A part that is wrong, late or absent costs its sender its place among the sources; the part itself
is asked of another. What was checked is kept, so that a later attempt goes on from there.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from consensus.network import PeerId
from faults import PeerFault
from node.snapshots.messages import PartName
from node.snapshots.parts import Wanted
from node.snapshots.staging import Staging

PARTS_PER_PEER = 2
"""Asked of one peer at a time: one is on its way while the other is read."""

Ask = Callable[[PeerId, int, PartName], Awaitable[bytes]]
"""Asks a peer for a part of the snapshot at a height; TimeoutError when no answer comes."""

Report = Callable[[PeerId, PeerFault], None]


@dataclass(slots=True)
class Fetching:
    """One walk over the missing parts of a snapshot."""

    staging: Staging
    ask: Ask
    report: Report
    parts: int = 0
    """Parts taken by this walk."""
    _missing: deque[Wanted] = field(default_factory=deque)
    _under_way: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _out: set[PeerId] = field(default_factory=set)

    async def run(self, peers: list[PeerId]) -> bool:
        """Fetch everything that is missing; False when every peer dropped out before."""
        self._missing.extend(await asyncio.to_thread(self.staging.wanted))
        tasks = [
            asyncio.create_task(self._work(peer)) for peer in peers for _ in range(PARTS_PER_PEER)
        ]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return not self._missing

    async def _work(self, peer: PeerId) -> None:
        while peer not in self._out:
            if self._missing:
                await self._fetch(peer, self._missing.popleft())
            elif self._under_way:
                self._changed.clear()
                await self._changed.wait()
            else:
                return

    async def _fetch(self, peer: PeerId, wanted: Wanted) -> None:
        self._under_way += 1
        done = False
        try:
            content = await self.ask(peer, self.staging.head.height, wanted.part)
            if content:
                await asyncio.to_thread(self._take, wanted, content)
                done = True
        except PeerFault as fault:
            self.report(peer, fault)
        except TimeoutError:
            pass
        finally:
            self._under_way -= 1
            if not done:
                self._out.add(peer)
                self._missing.appendleft(wanted)
            self._changed.set()

    def _take(self, wanted: Wanted, content: bytes) -> None:
        checked = self.staging.checker.check(wanted, content)
        self.staging.take(wanted, checked)
        self._missing.extend(checked.follow)
        self.parts += 1
