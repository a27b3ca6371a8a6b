"""Callers that wait for a transaction to be committed: bounded, woken by the commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from faults import Rejected
from node.codes import NODE_BUSY

WAITING_MAX = 10_000


class Waiters:
    """Belongs to one event loop; `committed` may be called from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[bytes, set[asyncio.Event]] = {}
        self._count = 0

    @asynccontextmanager
    async def expect(self, tx_hash: bytes) -> AsyncIterator[asyncio.Event]:
        """An event that is set when `tx_hash` is committed; look at the store after entering."""
        if self._count >= WAITING_MAX:
            raise Rejected(NODE_BUSY, limit=WAITING_MAX)
        event = asyncio.Event()
        self._waiting.setdefault(tx_hash, set()).add(event)
        self._count += 1
        try:
            yield event
        finally:
            self._count -= 1
            others = self._waiting.get(tx_hash, set())
            others.discard(event)
            if not others:
                self._waiting.pop(tx_hash, None)

    def committed(self, height: int, tx_hashes: tuple[bytes, ...]) -> None:
        """Wake who waits for one of these (a commit listener)."""
        if tx_hashes and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake, tx_hashes)

    def _wake(self, tx_hashes: tuple[bytes, ...]) -> None:
        for tx_hash in tx_hashes:
            for event in self._waiting.get(tx_hash, ()):
                event.set()
