"""A process that takes a snapshot over: python -m tests.node.snapshots.worker HOME SOURCE.

HOME has a store of a few blocks at first. SOURCE is a store at height 12, of which it takes a
snapshot too, so that every fail point is passed. Prints how many parts it took.
"""

import sys
from pathlib import Path

from node.block_store import BlockStore
from node.executor import Executor
from node.mempool import Pool, PoolLimits
from node.snapshots import parts
from node.snapshots.shelf import Shelf
from node.snapshots.staging import Staging
from node.store import RocksStore
from tests.node.snapshots.source import FILE, KEYS, Source, fill, opened, settle

HEIGHT = 10


def main(home: Path, source_home: Path) -> None:
    settle(home)
    with opened(home) as ours:
        if ours.height() >= HEIGHT:
            return
    store = RocksStore(source_home / "store")
    executor = Executor(BlockStore(store), FILE, Pool(PoolLimits()))
    shelf = Shelf(source_home, store, KEYS.suite, every=5, keep=2)
    shelf.take(HEIGHT)
    source = Source(store, executor, HEIGHT)  # type: ignore[arg-type]
    parts.LEAVES_BYTES = 2_000
    parts.PART_BYTES = 4_000
    head = source.checked_head(shelf.head(HEIGHT))
    staging = Staging.open(home, KEYS.suite, head)
    taken = fill(source, staging)
    staging.finish(executor.genesis, executor.genesis_hash)
    settle(home)
    sys.stdout.write(f"{len(taken)}\n")
    shelf.close()
    executor.close()
    store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
