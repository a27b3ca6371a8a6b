"""The snapshots this node keeps for others: cheap copies of its store, taken every so many blocks.

A copy consists of hard links to the store's files, so it costs time and space only for what has
changed since. It is taken on a thread of its own and may be a few blocks above its height: the
state tree keeps the last 100 versions.
"""

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from crypto.suites import Suite
from faults import InvariantBroken, StorageFault, failpoint
from ledger.block import Header
from ledger.certificate import Certificate
from ledger.limits import STATE_VERSIONS_KEPT, WINDOW
from ledger.lineage import LineageStep
from ledger.merkle import HashLog
from node.block_store import BlockStore
from node.logs import get_logger, log_event
from node.snapshots.head import SnapshotHead
from node.snapshots.messages import OFFERS_MAX
from node.snapshots.parts import PartReader
from node.store import RocksStore

FOLDER = "snapshots"
_UNFINISHED = ".new"

_log = get_logger("node.snapshots")


class Shelf:
    """Takes, keeps and opens the snapshots of one node. `every` 0 takes none."""

    def __init__(
        self, home: Path, store: RocksStore, suite: Suite, *, every: int, keep: int
    ) -> None:
        self._folder = home / FOLDER
        self._store = store
        self._suite = suite
        self._every = every
        self._keep = min(keep, OFFERS_MAX)
        self._lock = threading.Lock()
        self._open: dict[int, tuple[RocksStore, PartReader, bytes]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="snapshots")
        for path in sorted(self._folder.glob("*" + _UNFINISHED)):
            shutil.rmtree(path)
        self._heights = sorted(int(p.name) for p in self._folder.glob("*") if p.name.isdigit())
        self._drop_old()

    def close(self) -> None:
        """Wait for a copy under way and release the files."""
        self._thread.shutdown(wait=True)
        with self._lock:
            for store, _, _ in self._open.values():
                store.close()
            self._open.clear()

    def committed(self, height: int, _hashes: tuple[bytes, ...]) -> None:
        """Called after every commit: begin a copy where one is due."""
        if self._every and self._keep and height % self._every == 0:
            self._thread.submit(self._take_guarded, height)

    def heights(self) -> tuple[int, ...]:
        """Heights of the snapshots that are here, ascending."""
        with self._lock:
            return tuple(self._heights)

    def head(self, height: int) -> bytes:
        """The encoded head of a snapshot; empty when it isn't here."""
        with self._lock:
            return self._opened(height)[2] if height in self._heights else b""

    def reader(self, height: int) -> PartReader | None:
        """Who reads the parts of a snapshot; None when it isn't here."""
        with self._lock:
            return self._opened(height)[1] if height in self._heights else None

    def take(self, height: int) -> None:
        """Copy the store as the snapshot of a height that it reached lately."""
        final = self._folder / f"{height:012d}"
        if final.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = final.with_name(final.name + _UNFINISHED)
        failpoint("node.snapshot.take.before")
        self._store.checkpoint(unfinished)
        unfinished.rename(final)
        failpoint("node.snapshot.take.after")
        with self._lock:
            self._heights = sorted((*self._heights, height))
            self._drop_old()
        log_event(_log, "info", "snapshot.taken", height=height)

    def _take_guarded(self, height: int) -> None:
        """A copy that fails is not there for others; this node goes on without it."""
        try:
            newest = BlockStore(self._store).height()
            if newest < height + STATE_VERSIONS_KEPT // 2:
                self.take(height)
        except (StorageFault, OSError) as error:
            log_event(_log, "error", "snapshot.failed", height=height, reason=str(error))

    def _drop_old(self) -> None:
        while len(self._heights) > self._keep:
            height = self._heights.pop(0)
            opened = self._open.pop(height, None)
            if opened is not None:
                opened[0].close()
            shutil.rmtree(self._folder / f"{height:012d}", ignore_errors=True)

    def _opened(self, height: int) -> tuple[RocksStore, PartReader, bytes]:
        if height not in self._open:
            store = RocksStore(self._folder / f"{height:012d}")
            blocks = BlockStore(store)
            head = make_head(blocks, height).encode()
            self._open[height] = (store, PartReader(blocks, self._suite, height), head)
        return self._open[height]


def make_head(store: BlockStore, height: int) -> SnapshotHead:
    """The head of the snapshot of `height`, from a store that stands there or a little above."""
    header, certificate = _certified(store, height)
    first = max(1, height - WINDOW + 1)
    return SnapshotHead(
        header=header,
        certificate=certificate,
        changes=tuple(_changes(store, height)),
        log=HashLog.at(first, store.log_node),
        hashes=tuple(_block_hash(store, number) for number in range(first, height)),
    )


def _changes(store: BlockStore, height: int) -> Iterator[LineageStep]:
    """Every change of the validator set in force up to `height`, with the header announcing it."""
    for first, validators in store.validator_changes():
        if 1 < first <= height:
            header, certificate = _certified(store, first - 1)
            yield LineageStep(header, certificate, validators)


def _certified(store: BlockStore, height: int) -> tuple[Header, Certificate]:
    found, certificate = store.header(height), store.certificate(height)
    if found is None or certificate is None:
        raise InvariantBroken(f"height {height} is not certified in a snapshot of this store")
    return found[1], certificate


def _block_hash(store: BlockStore, height: int) -> bytes:
    found = store.header(height)
    if found is None:
        raise InvariantBroken(f"height {height} is missing in a snapshot of this store")
    return found[0]
