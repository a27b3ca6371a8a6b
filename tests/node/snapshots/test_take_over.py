"""A store that began at a snapshot is a node's store like any other, from there on."""

from pathlib import Path

import pytest

from contracts.state_view import StateView
from faults import Rejected
from ledger.block import verify_history
from ledger.merkle import log_path
from ledger.state_proof import verify_state
from node import block_store
from node.fsck import fsck
from node.reader import Reader
from node.snapshots import head as head_module
from node.snapshots import shelf as shelf_module
from tests.node.chains import decide, identity_key, registration
from tests.node.snapshots.source import (
    FILE,
    KEYS,
    LAST_HEIGHT,
    make_source,
    opened,
    submit,
    take_over,
)


@pytest.mark.covers(row=12)
def test_the_state_is_the_same_and_block_sync_goes_on(tmp_path: Path) -> None:
    source = make_source()
    take_over(source, tmp_path)
    theirs = source.executor
    with opened(tmp_path) as ours:
        assert ours.height() == source.height == 10
        for height in (11, 12):
            block, certificate = theirs.block(height) or pytest.fail("no block")
            assert ours.execute(block) is None
            ours.commit(block, certificate)
        assert ours.tree.root(12) == theirs.tree.root(12)
        assert dict(ours.tree.scan("")) == dict(theirs.tree.scan(""))
        root = ours.tree.root(12)
        for key, value in ours.tree.scan(""):
            assert verify_state(KEYS.suite.hash, root, key, value, ours.tree.prove(key, 12))
        absent = ours.tree.prove("identity/none", 12)
        assert verify_state(KEYS.suite.hash, root, "identity/none", None, absent)
        assert len(list(ours.tree.scan("identity/"))) == 1 + 11 * 2
        assert StateView(ours.tree).get(identity_key(KEYS, 0)) is not None
    assert fsck(tmp_path / "store", FILE) == 12


def test_a_transaction_from_before_the_snapshot_is_refused_as_a_replay(tmp_path: Path) -> None:
    source = make_source()
    take_over(source, tmp_path)
    with opened(tmp_path) as ours:
        for number in (0, 3, 9):
            raw = registration(KEYS, 10 * number, operations=2, last_height=LAST_HEIGHT)
            with pytest.raises(Rejected, match="TX_REPLAYED"):
                ours.submit(raw)
            refusal = ours.admission.check_block([ours.admission.parse(raw)], 11)[0]
            assert refusal is not None and refusal.code.name == "TX_REPLAYED"
        submit(ours, 50)
        block = decide(ours, KEYS)
        assert len(block.transactions) == 1
    assert fsck(tmp_path / "store", FILE) == 11


def test_receipts_of_the_window_and_paths_into_it_are_there(tmp_path: Path) -> None:
    source = make_source()
    raw = registration(KEYS, 30, operations=2, last_height=LAST_HEIGHT)
    take_over(source, tmp_path)
    with opened(tmp_path) as ours:
        tx_hash = ours.admission.parse(raw).hash
        reader = Reader(ours, "test")
        assert [one.code for one in reader.receipt(tx_hash).operations] == ["OK", "OK"]
        assert reader.receipt(tx_hash) == Reader(source.executor, "test").receipt(tx_hash)
        newest = reader.newest()
        assert newest is not None
        for height in range(1, 10):
            stored = ours.store.header(height)
            assert stored is not None
            path = log_path(KEYS.suite.hash, height, 10, ours.store.log_node)
            assert verify_history(KEYS.suite, newest.header, height, stored[0], path)


def test_older_blocks_are_not_found_with_a_sentence(tmp_path: Path) -> None:
    take_over(make_source(), tmp_path)
    with opened(tmp_path) as ours:
        reader = Reader(ours, "test")
        assert reader.block(10).height == 10
        for height in (1, 9):
            with pytest.raises(Rejected) as refused:
                reader.block(height)
            assert refused.value.code.name == "BLOCK_NOT_FOUND"
            assert refused.value.fields["oldest"] == "10"
            assert "snapshot of height 10" in refused.value.fields["reason"]
        with pytest.raises(Rejected) as refused:
            reader.block(11)
        assert "reason" not in refused.value.fields


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A window of 4 blocks, so that a short chain has blocks before it."""
    for module in (head_module, shelf_module):
        monkeypatch.setattr(module, "WINDOW", 4)


def test_a_snapshot_of_a_store_that_began_at_one(tmp_path: Path, narrow: None) -> None:
    """The second generation still proves its way from genesis and finds its paths."""
    first = make_source(blocks=12, after=2)
    take_over(first, tmp_path / "first")
    with opened(tmp_path / "first") as ours:
        assert ours.store.base() == block_store.Base(10, 7, first.head.log)
        for height in (11, 12):
            block, certificate = first.executor.block(height) or pytest.fail("no block")
            ours.commit(block, certificate)
        while ours.height() < 19:
            submit(ours, 30 + ours.height())
            decide(ours, KEYS)
        second = type(first)(first.kv, ours, 18)
        take_over(second, tmp_path / "second")
        with opened(tmp_path / "second") as theirs:
            assert theirs.height() == 18
            base = theirs.store.base()
            assert base is not None and (base.first, base.log.size) == (15, 15)
            block, certificate = ours.block(19) or pytest.fail("no block")
            theirs.commit(block, certificate)
            assert theirs.tree.root(19) == ours.tree.root(19)
            newest = Reader(theirs, "test").newest()
            stored = theirs.store.header(16)
            assert newest is not None and stored is not None
            path = log_path(KEYS.suite.hash, 16, 19, theirs.store.log_node)
            assert verify_history(KEYS.suite, newest.header, 16, stored[0], path)
    assert fsck(tmp_path / "second" / "store", FILE) == 19


def test_fsck_finds_a_changed_byte_and_refuses_a_replay(tmp_path: Path, narrow: None) -> None:
    take_over(make_source(), tmp_path)
    path = tmp_path / "store"
    assert fsck(path, FILE) == 10
    with pytest.raises(Rejected, match="REPLAY_IMPOSSIBLE"):
        fsck(path, FILE, replay=True)
    for prefix in (b"B/", b"H/", b"C/", b"R/", b"L/", b"v/", b"M/log"):
        with opened(tmp_path) as ours:
            key, value = next(iter(ours.store.kv.scan(prefix)))
            ours.store.kv.write({key: value[:-1] + bytes([value[-1] ^ 1])})
        with pytest.raises(Rejected) as refused:
            fsck(path, FILE)
        assert refused.value.code.name in {"STORE_DAMAGED", "MALFORMED"}, prefix
        with opened(tmp_path) as ours:
            ours.store.kv.write({key: value})
    assert fsck(path, FILE) == 10
