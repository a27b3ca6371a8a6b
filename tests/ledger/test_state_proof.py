"""Proofs that are almost right: each one that fooled somebody somewhere, and each flipped byte."""

from dataclasses import replace

import pytest

from crypto.digest import sha256
from faults import Rejected
from ledger.kv import MemoryKeyValue
from ledger.state_proof import (
    EMPTY_SLOT,
    HERE,
    OTHER_LEAF,
    ProofNode,
    StateProof,
    content_hash,
    inner_node_hash,
    key_hash,
    leaf_node_hash,
    verify_state,
)
from ledger.state_tree import EMPTY_ROOT, StateTree

STATE = {f"bill/{i}": b"value %d" % i for i in range(60)}


def tree() -> StateTree:
    kv = MemoryKeyValue()
    made = StateTree(kv, sha256)
    kv.write(made.stage(0, None, STATE).batch)
    return made


TREE = tree()
ROOT = TREE.root(0)


def absent_with(ending: int) -> str:
    keys = (f"absent/{i}" for i in range(1000))
    return next(key for key in keys if TREE.prove(key, 0).ending == ending)


PRESENT, OTHER, EMPTY = "bill/7", absent_with(OTHER_LEAF), absent_with(EMPTY_SLOT)


def holds(key: str, value: bytes | None, proof: StateProof, root: bytes = ROOT) -> bool:
    return verify_state(sha256, root, key, value, proof)


@pytest.mark.parametrize("key", [PRESENT, OTHER, EMPTY])
def test_every_flipped_byte_is_noticed(key: str) -> None:
    value, encoded = STATE.get(key), TREE.prove(key, 0).encode()
    assert holds(key, value, StateProof.decode(encoded))
    for position in range(len(encoded)):
        for bit in (1, 0x80):
            flipped = bytearray(encoded)
            flipped[position] ^= bit
            try:
                proof = StateProof.decode(bytes(flipped))
            except Rejected:
                continue
            assert not holds(key, value, proof), position


@pytest.mark.parametrize("key", [PRESENT, OTHER, EMPTY])
def test_missing_extra_and_moved_nodes(key: str) -> None:
    value, proof = STATE.get(key), TREE.prove(key, 0)
    nodes = proof.nodes
    for i in range(len(nodes)):
        assert not holds(key, value, replace(proof, nodes=nodes[:i] + nodes[i + 1 :]))
        assert not holds(key, value, replace(proof, nodes=nodes[: i + 1] + nodes[i:]))
        fewer = ProofNode(nodes[i].bitmap, nodes[i].siblings[1:])
        more = ProofNode(nodes[i].bitmap, (*nodes[i].siblings, bytes(32)))
        short = ProofNode(nodes[i].bitmap, (*nodes[i].siblings[:-1], b"\0"))
        for wrong in (fewer, more, short):
            assert not holds(key, value, replace(proof, nodes=(*nodes[:i], wrong, *nodes[i + 1 :])))
    assert not holds(key, value, replace(proof, nodes=nodes[::-1] + nodes))
    assert not holds(key, value, replace(proof, nodes=()))
    assert not holds(key, value, proof, bytes(32))
    assert not holds(key, value, proof, ROOT + b"\0")


def test_both_the_child_and_a_sibling_at_the_keys_place() -> None:
    """A node whose siblings already fill the key's slot must not take the leaf as one more."""
    proof = TREE.prove(PRESENT, 0)
    nibble = int(key_hash(sha256, PRESENT).hex()[0], 16)
    first = proof.nodes[0]
    before = (first.bitmap & ((1 << nibble) - 1)).bit_count()
    own = bytes(32)
    both = ProofNode(first.bitmap, (*first.siblings[:before], own, *first.siblings[before:]))
    assert not holds(PRESENT, STATE[PRESENT], replace(proof, nodes=(both, *proof.nodes[1:])))
    without = ProofNode(first.bitmap & ~(1 << nibble), first.siblings)
    assert not holds(PRESENT, STATE[PRESENT], replace(proof, nodes=(without, *proof.nodes[1:])))


def test_presence_and_absence_are_not_exchanged() -> None:
    proof = TREE.prove(PRESENT, 0)
    own_hash, content = key_hash(sha256, PRESENT), content_hash(sha256, PRESENT, STATE[PRESENT])
    as_other = StateProof(OTHER_LEAF, proof.nodes, own_hash, content)
    assert not holds(PRESENT, None, as_other)
    assert not holds(PRESENT, None, replace(proof, ending=EMPTY_SLOT))
    assert not holds(PRESENT, None, proof)
    other = TREE.prove(OTHER, 0)
    assert holds(OTHER, None, other)
    assert not holds(OTHER, b"", replace(other, ending=HERE, other_key_hash=b"", other_content=b""))
    assert not holds(OTHER, None, replace(other, ending=EMPTY_SLOT))
    assert not holds(EMPTY, None, replace(TREE.prove(EMPTY, 0), ending=OTHER_LEAF))


def test_another_leaf_must_stand_on_the_keys_path() -> None:
    """The proof of one absence, offered for a key that is present elsewhere."""
    other = TREE.prove(OTHER, 0)
    assert not any(holds(key, None, other) for key in STATE)
    assert not holds(EMPTY, None, other)


def test_a_leaf_is_not_an_inner_node() -> None:
    """A value chosen so that its leaf reads as a node, and a node's bytes offered as a leaf."""
    nibble = int(key_hash(sha256, "attack")[:1].hex()[0], 16)
    planted = leaf_node_hash(sha256, b"\x01" * 32, b"\x02" * 32)
    fake_child = ProofNode(1 << nibble, ())
    for nodes in ((fake_child,), (fake_child, fake_child)):
        proof = StateProof(HERE, nodes)
        assert not verify_state(sha256, planted, "attack", b"x", proof)
    inner = inner_node_hash(sha256, 3, b"\x01" * 32 + b"\x02" * 32)
    assert not verify_state(sha256, inner, "attack", None, StateProof(EMPTY_SLOT, ()))
    assert leaf_node_hash(sha256, b"\1" * 32, b"\2" * 32) != inner_node_hash(
        sha256, 0x0101, (b"\1" * 32 + b"\2" * 32)[2:]
    )


def test_a_leaf_is_placed_as_high_as_it_can_be() -> None:
    """The same leaf under a needless chain of nodes is another tree's proof, not ours."""
    place = key_hash(sha256, "lonely").hex()
    leaf = leaf_node_hash(sha256, bytes.fromhex(place), content_hash(sha256, "lonely", b"v"))
    lower = inner_node_hash(sha256, 1 << int(place[1], 16), leaf)
    root = inner_node_hash(sha256, 1 << int(place[0], 16), lower)
    nodes = tuple(ProofNode(1 << int(digit, 16), ()) for digit in place[:2])
    assert not verify_state(sha256, root, "lonely", b"v", StateProof(HERE, nodes))
    direct = inner_node_hash(sha256, 1 << int(place[0], 16), leaf)
    assert verify_state(sha256, direct, "lonely", b"v", StateProof(HERE, nodes[:1]))


def test_the_empty_tree() -> None:
    nothing = StateProof(EMPTY_SLOT, ())
    assert verify_state(sha256, EMPTY_ROOT, "a", None, nothing)
    assert not verify_state(sha256, EMPTY_ROOT, "a", b"", StateProof(HERE, ()))
    assert not verify_state(sha256, EMPTY_ROOT, "a", b"", nothing)
    assert not verify_state(sha256, bytes(31), "a", None, nothing)
    whole = StateProof(OTHER_LEAF, (), b"\1" * 32, b"\2" * 32)
    leaf = leaf_node_hash(sha256, b"\1" * 32, b"\2" * 32)
    assert not verify_state(sha256, leaf, "a", None, whole)


def test_sizes() -> None:
    proof = TREE.prove(EMPTY, 0)
    assert not holds("", None, proof)
    assert not holds("k" * 257, None, proof)
    assert not holds(PRESENT, bytes(2**20 + 1), TREE.prove(PRESENT, 0))
    assert not holds(EMPTY, None, StateProof(3, proof.nodes))
    assert not holds(EMPTY, None, StateProof(EMPTY_SLOT, proof.nodes * 65))
    assert not holds(EMPTY, None, StateProof(EMPTY_SLOT, (ProofNode(1 << 16, ()),)))
    assert not holds(EMPTY, None, StateProof(EMPTY_SLOT, (ProofNode(0, ()),)))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x03\x00",
        b"\x00\x41",
        b"\x00\x01\x00\x01\x11",
        b"\x01\x00\x00",
        b"\x02\x00" + bytes(63),
        b"\x00\x01\x00\x01\x01" + bytes(31),
    ],
)
def test_malformed_bytes(data: bytes) -> None:
    with pytest.raises(Rejected, match="MALFORMED"):
        StateProof.decode(data)
