"""A chain with something of everything in it, snapshots of it, and a node that takes them over."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.kv import MemoryKeyValue
from ledger.light_client import LightClientState, initial_client
from node.block_store import BlockStore
from node.executor import Executor
from node.mempool import Pool, PoolLimits
from node.snapshots.head import SnapshotHead, check_head
from node.snapshots.messages import PartName
from node.snapshots.parts import PartReader, Wanted
from node.snapshots.places import settle
from node.snapshots.shelf import make_head
from node.snapshots.staging import Staging
from node.store import RocksStore
from tests.node.chains import Keys, decide, genesis_file, open_executor, registration

KEYS = Keys()
FILE = genesis_file(KEYS)
LAST_HEIGHT = 900


@dataclasses.dataclass
class Source:
    """A node's chain, read as the peers of a snapshot sync read it."""

    kv: MemoryKeyValue
    executor: Executor
    height: int

    @property
    def head(self) -> SnapshotHead:
        return make_head(self.executor.store, self.height)

    @property
    def reader(self) -> PartReader:
        return PartReader(self.executor.store, KEYS.suite, self.height)

    @property
    def trusted(self) -> LightClientState:
        genesis = self.executor.genesis
        return initial_client(
            genesis.chain_id, genesis.suite, self.executor.genesis_hash, genesis.validator_set
        )

    def checked_head(self, content: bytes | None = None) -> SnapshotHead:
        raw = self.head.encode() if content is None else content
        return check_head(KEYS.suite, raw, self.height, self.trusted)


def submit(executor: Executor, number: int, operations: int = 2) -> bytes:
    raw = registration(KEYS, 10 * number, operations=operations, last_height=LAST_HEIGHT)
    executor.submit(raw)
    return raw


def make_source(blocks: int = 12, after: int = 2, operations: int = 2) -> Source:
    """A chain of so many blocks of one transaction, of which the last `after` follow the snapshot.

    Block 5 is empty.
    """
    kv = MemoryKeyValue()
    executor = open_executor(kv, KEYS)
    for number in range(blocks):
        if number != 4:
            submit(executor, number, operations)
        decide(executor, KEYS)
    return Source(kv, executor, blocks - after)


def parts(source: Source, staging: Staging) -> Iterator[tuple[Wanted, bytes]]:
    """Everything that is still wanted, with what the source answers; take it to go on."""
    while wanted := staging.wanted():
        for one in wanted:
            yield one, source.reader.read(one.part)


def fill(source: Source, staging: Staging) -> list[PartName]:
    taken = []
    for wanted, content in parts(source, staging):
        staging.take(wanted, staging.checker.check(wanted, content))
        taken.append(wanted.part)
    return taken


def take_over(source: Source, home: Path) -> list[PartName]:
    """The whole way in one process: fill, finish, take the place."""
    staging = Staging.open(home, KEYS.suite, source.checked_head())
    taken = fill(source, staging)
    staging.finish(source.executor.genesis, source.executor.genesis_hash)
    assert settle(home)
    return taken


@contextmanager
def opened(home: Path) -> Iterator[Executor]:
    """The node's chain in a home."""
    store = RocksStore(home / "store")
    executor = Executor(BlockStore(store), FILE, Pool(PoolLimits()))
    try:
        yield executor
    finally:
        executor.close()
        store.close()
