"""Snapshots as one part of a node: taken and served for others, taken over when far behind."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from consensus.driver import Driver
from consensus.network import Network, PeerId
from faults import PeerFault
from node.executor import Executor
from node.snapshots.messages import AskHead, AskOffers, AskPart, decode
from node.snapshots.serving import SnapshotServer
from node.snapshots.shelf import Shelf
from node.snapshots.sync import SnapshotSync, SyncSettings
from node.store import RocksStore


class Snapshots:
    """`on_message` takes the messages of this kind; `run` until cancelled, then `close`."""

    def __init__(
        self,
        home: Path,
        store: RocksStore,
        executor: Executor,
        network: Network,
        driver: Driver,
        ready: Callable[[], None],
        *,
        every: int,
        keep: int,
        settings: SyncSettings,
    ) -> None:
        """`ready` is called when a complete store waits to take the node's store's place."""
        self._network = network
        self._shelf = Shelf(home, store, executor.suite, every=every, keep=keep)
        self._server = SnapshotServer(self._shelf, network)
        self._sync = SnapshotSync(
            home=home,
            suite=executor.suite,
            genesis=executor.genesis,
            genesis_hash=executor.genesis_hash,
            network=network,
            height=executor.height,
            heights=lambda: driver.status().peers,
            hold=driver.hold_block_sync,
            ready=ready,
            settings=settings,
        )
        executor.on_commit(self._shelf.committed)

    def on_message(self, peer: PeerId, data: bytes) -> None:
        """Take a message of kind `messages.KIND`."""
        try:
            message = decode(data)
        except PeerFault as fault:
            self._network.report(peer, fault)
            return
        if isinstance(message, AskOffers | AskHead | AskPart):
            self._server.on_question(peer, message)
        else:
            self._sync.on_answer(peer, message)

    async def run(self) -> None:
        """Serve others and watch over this node until cancelled."""
        tasks = [asyncio.create_task(self._server.run()), asyncio.create_task(self._watch())]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def close(self) -> None:
        """Release the files."""
        self._shelf.close()

    async def _watch(self) -> None:
        await self._sync.run()
        await asyncio.Event().wait()
