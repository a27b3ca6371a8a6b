"""The state tree against a dictionary, through many versions, deletions and pruning."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.digest import sha256
from crypto.suites import Suite
from faults import InvariantBroken, Misuse, Rejected
from ledger.kv import MemoryKeyValue
from ledger.state_tree import (
    EMPTY_ROOT,
    NODE_PREFIX,
    ROOT_PREFIX,
    STALE_PREFIX,
    StateProof,
    StateTree,
    verify_state,
)
from tests.ledger import oracle

KEYS = [f"bill/{i}" for i in range(24)]
Writes = dict[str, bytes | None]

blocks_of_writes = st.lists(
    st.dictionaries(
        st.sampled_from(KEYS), st.one_of(st.none(), st.binary(max_size=3)), max_size=10
    ),
    min_size=1,
    max_size=12,
)


def apply(model: dict[str, bytes], writes: Writes) -> dict[str, bytes]:
    changed = {**model, **{key: value for key, value in writes.items() if value is not None}}
    return {key: changed[key] for key in changed if writes.get(key, b"") is not None}


@settings(max_examples=60, deadline=None)
@given(blocks_of_writes)
def test_every_version_is_the_model(blocks: list[Writes]) -> None:
    kv = MemoryKeyValue()
    tree = StateTree(kv, sha256)
    kv.write(tree.stage(0, None, {}).batch)
    models: list[dict[str, bytes]] = [{}]
    for version, writes in enumerate(blocks, start=1):
        staged = tree.stage(version, version - 1, writes)
        kv.write(staged.batch)
        models.append(apply(models[-1], writes))
        assert staged.root == tree.root(version) == oracle.state_root(sha256, models[-1])
    for version, model in enumerate(models):
        root = tree.root(version)
        for key in KEYS:
            value, proof = model.get(key), tree.prove(key, version)
            assert tree.get(key, version) == value
            assert StateProof.decode(proof.encode()) == proof
            assert verify_state(sha256, root, key, value, proof)
            assert not verify_state(sha256, root, key, b"other value", proof)
            if value is not None:
                assert not verify_state(sha256, root, key, None, proof)
    assert {key: tree.get(key) for key in KEYS} == {key: models[-1].get(key) for key in KEYS}
    assert dict(tree.scan("bill/")) == models[-1]


def test_the_order_of_writes_and_the_way_there_do_not_matter(suite: Suite) -> None:
    kv = MemoryKeyValue()
    tree = StateTree(kv, suite.hash)
    state = {key: key.encode() for key in KEYS}
    direct = tree.stage(0, None, state).root
    assert direct == tree.stage(0, None, dict(reversed(state.items()))).root
    kv.write(tree.stage(0, None, {**state, "more": b"1"}).batch)
    assert tree.stage(1, 0, {"more": None}).root == direct


def test_staging_writes_nothing_and_can_be_done_again() -> None:
    kv = MemoryKeyValue()
    tree = StateTree(kv, sha256)
    kv.write(tree.stage(0, None, {"a": b"1", "b": b"2"}).batch)
    before = dict(kv.scan(b""))
    proposals = [tree.stage(1, 0, {"a": bytes([i])}) for i in range(3)]
    assert dict(kv.scan(b"")) == before
    assert len({staged.root for staged in proposals}) == 3
    kv.write(proposals[1].batch)
    assert tree.root(1) == proposals[1].root
    assert tree.get("a") == b"\x01"
    assert tree.get("a", 0) == b"1"


def test_an_unchanged_version_costs_one_record() -> None:
    kv = MemoryKeyValue()
    tree = StateTree(kv, sha256)
    kv.write(tree.stage(0, None, {"a": b"1", "b": b"2"}).batch)
    for writes in ({}, {"a": b"1"}, {"absent": None}):
        staged = tree.stage(1, 0, writes)
        assert staged.root == tree.root(0)
        assert not any(k.startswith(NODE_PREFIX) for k in staged.batch if b"root" not in k)


def test_emptying_the_tree_gives_the_empty_root() -> None:
    kv = MemoryKeyValue()
    tree = StateTree(kv, sha256)
    kv.write(tree.stage(0, None, dict.fromkeys(KEYS, b"1")).batch)
    kv.write(tree.stage(1, 0, dict.fromkeys(KEYS)).batch)
    assert tree.root(1) == EMPTY_ROOT
    assert verify_state(sha256, EMPTY_ROOT, KEYS[0], None, tree.prove(KEYS[0], 1))
    kv.write(tree.stage(2, 1, {"a": b"1"}).batch)
    assert tree.get("a", 2) == b"1"


def test_a_hundred_versions_are_kept_and_nothing_more() -> None:
    kv = MemoryKeyValue()
    tree = StateTree(kv, sha256)
    kv.write(tree.stage(0, None, {}).batch)
    models: list[dict[str, bytes]] = [{}]
    for version in range(1, 251):
        writes: Writes = {
            KEYS[version * 7 % 24]: b"%d" % version,
            KEYS[version * 5 % 24]: None if version % 3 else b"x",
        }
        kv.write(tree.stage(version, version - 1, writes).batch)
        models.append(apply(models[-1], writes))
    for version in (151, 200, 250):
        assert tree.root(version) == oracle.state_root(sha256, models[version])
        for key in KEYS:
            assert tree.get(key, version) == models[version].get(key)
    for version in (-1, 0, 150, 251):
        with pytest.raises(Rejected, match="VERSION_NOT_KEPT"):
            tree.root(version)
    assert len(list(kv.scan(ROOT_PREFIX))) == 100
    assert 0 < len(list(kv.scan(STALE_PREFIX))) <= 99
    for version in range(251, 360):  # nothing changes: only the newest version's nodes remain
        kv.write(tree.stage(version, version - 1, {}).batch)
    assert list(kv.scan(STALE_PREFIX)) == []
    fresh = MemoryKeyValue()
    fresh.write(StateTree(fresh, sha256).stage(0, None, models[-1]).batch)
    assert len(list(kv.scan(NODE_PREFIX))) - 100 == len(list(fresh.scan(NODE_PREFIX))) - 1


def test_a_gap_between_versions_is_pruned_too() -> None:
    kv = MemoryKeyValue()
    tree = StateTree(kv, sha256)
    kv.write(tree.stage(0, None, {"a": b"0"}).batch)
    for version in (1, 2, 3):
        kv.write(tree.stage(version, version - 1, {"a": b"%d" % version}).batch)
    kv.write(tree.stage(500, 3, {"b": b"1"}).batch)
    assert [key[-2:] for key, _ in kv.scan(ROOT_PREFIX)] == [b"\x01\xf4"]
    assert [key[-2:] for key, _ in kv.scan(STALE_PREFIX)] == [b"\x01\xf4"]
    assert tree.get("a", 500) == b"3"


def test_callers_mistakes() -> None:
    kv = MemoryKeyValue()
    tree = StateTree(kv, sha256)
    kv.write(tree.stage(0, None, {"a": b"1"}).batch)
    with pytest.raises(Misuse):
        tree.stage(0, 0, {})
    with pytest.raises(Rejected, match="VERSION_NOT_KEPT"):
        tree.stage(5, 4, {})
    for key, value in (("", b""), ("k" * 257, b""), ("a", bytes(2**20 + 1))):
        with pytest.raises(Misuse):
            tree.stage(1, 0, {key: value})


def test_scan_pages() -> None:
    kv = MemoryKeyValue()
    tree = StateTree(kv, sha256)
    kv.write(tree.stage(0, None, {f"a/{i}": b"1" for i in range(5)} | {"b/1": b"2"}).batch)
    assert [k for k, _ in tree.scan("a/", limit=2)] == ["a/0", "a/1"]
    assert [k for k, _ in tree.scan("a/", start="a/3")] == ["a/3", "a/4"]
    assert [k for k, _ in tree.scan("a/", reverse=True, limit=1)] == ["a/4"]


def test_a_damaged_store_stops_the_process() -> None:
    """A node its parent names is missing: never a wrong root, never a refusal to a client."""
    kv = MemoryKeyValue()
    tree = StateTree(kv, sha256)
    kv.write(tree.stage(0, None, dict.fromkeys(KEYS, b"1")).batch)
    nodes = [k for k, _ in kv.scan(NODE_PREFIX) if not k.startswith(ROOT_PREFIX)]
    kv.write(dict.fromkeys(nodes))
    with pytest.raises(InvariantBroken):
        tree.stage(1, 0, {KEYS[0]: b"2"})
    with pytest.raises(Rejected, match="VERSION_NOT_KEPT"):
        tree.prove(KEYS[0], 0)
    kv.write(dict.fromkeys(nodes, b"L"))
    with pytest.raises(InvariantBroken):
        tree.stage(1, 0, {KEYS[0]: b"2"})
