"""Snapshots of a chain whose validators change: before, while and after a change is under way."""

from pathlib import Path

import pytest

from contracts.governance import requests
from faults import PeerFault
from ledger.light_client import initial_client
from node.block_store import BlockStore
from node.executor import Executor
from node.fsck import check_store
from node.mempool import Pool, PoolLimits
from node.snapshots.head import SnapshotHead, check_head
from node.snapshots.parts import PartReader
from node.snapshots.places import settle
from node.snapshots.shelf import make_head
from node.snapshots.staging import Staging
from node.store import RocksStore
from tests.node.consortium import CHAIN, SUITE, Consortium, run


def proved(executor: Executor, height: int) -> SnapshotHead:
    genesis = executor.genesis
    trusted = initial_client(CHAIN, SUITE.name, executor.genesis_hash, genesis.validator_set)
    return check_head(SUITE, make_head(executor.store, height).encode(), height, trusted)


def take_over(source: Executor, height: int, home: Path) -> None:
    staging = Staging.open(home, SUITE, proved(source, height))
    reader = PartReader(source.store, SUITE, height)
    while wanted := staging.wanted():
        for one in wanted:
            staging.take(one, staging.checker.check(one, reader.read(one.part)))
    staging.finish(source.genesis, source.genesis_hash)
    assert settle(home)


def goes_on(source: Executor, height: int, home: Path, genesis: bytes) -> None:
    """The node that took the snapshot knows who decides, and follows to the top."""
    store = RocksStore(home / "store")
    executor = Executor(BlockStore(store), genesis, Pool(PoolLimits()))
    try:
        for number in range(1, height + 3):
            assert executor.validators(number) == source.validators(number), number
        for number in range(height + 1, source.height() + 1):
            block, certificate = source.block(number) or pytest.fail("no block")
            assert executor.execute(block) is None
            executor.commit(block, certificate)
        top = source.height()
        assert executor.tree.root(top) == source.tree.root(top)
        assert executor.validators(top + 2) == source.validators(top + 2)
        assert check_store(store, genesis) == top
        second = proved(executor, top)  # it can prove its own way from genesis to others
        assert second.changes == make_head(source.store, top).changes
    finally:
        executor.close()
        store.close()


@pytest.mark.slow
def test_snapshots_around_changes_of_the_validators(tmp_path: Path) -> None:
    async def story() -> None:
        house = Consortium(tmp_path / "house", first=4, more=1)
        house.start()
        await house.grow(2)
        joins = await house.change(requests.add(CHAIN, house.members[4].signer, 10, house.top))
        await house.grow(joins + 1)
        leaves = await house.change(requests.remove(house.members[0].key))
        await house.grow(leaves + 2)
        source = house.members[1].executor
        assert len(make_head(source.store, source.height()).changes) == 2
        for height in sorted({*range(joins - 3, joins + 2), *range(leaves - 2, leaves + 2)}):
            take_over(source, height, tmp_path / str(height))
            goes_on(source, height, tmp_path / str(height), house.genesis)
        await house.stop()

    run(story())


def test_a_head_without_the_changes_is_not_believed(tmp_path: Path) -> None:
    async def story() -> None:
        house = Consortium(tmp_path / "house", first=4, more=1)
        house.start()
        await house.grow(2)
        joins = await house.change(requests.add(CHAIN, house.members[4].signer, 10, house.top))
        await house.grow(joins + 1)
        source = house.members[1].executor
        whole = make_head(source.store, joins)
        bare = SnapshotHead(whole.header, whole.certificate, (), whole.log, whole.hashes)
        trusted = initial_client(
            CHAIN, SUITE.name, source.genesis_hash, source.genesis.validator_set
        )
        with pytest.raises(PeerFault, match="SNAPSHOT_UNPROVED"):
            check_head(SUITE, bare.encode(), joins, trusted)
        await house.stop()

    run(story())
