"""Proofs of one key's value, or of its absence, under a state root; and the tree's hashes.

The tree has sixteen children a node and places a key by the nibbles of its hash. A leaf stands at
the shallowest place where it is alone; the root, when there is any key, is always an inner node.
"""

from dataclasses import dataclass

from crypto.domain import tagged
from ledger.codec import Reader, Writer
from ledger.limits import (
    HASH_BYTES,
    STATE_KEY_BYTES_MAX,
    STATE_PROOF_DEPTH_MAX,
    STATE_VALUE_BYTES_MAX,
)
from ledger.merkle import Digest

EMPTY_ROOT = bytes(HASH_BYTES)
HERE, EMPTY_SLOT, OTHER_LEAF = 0, 1, 2

_KEY_TAG, _LEAF_TAG = "yilian/state-key/v1", "yilian/state-leaf/v1"
_PROOF_BYTES_MAX = STATE_PROOF_DEPTH_MAX * (3 + 16 * HASH_BYTES) + 128


def key_hash(digest: Digest, key: str) -> bytes:
    """Where a key stands: its nibbles, high half of each byte first, are the path from the root."""
    return digest(tagged(_KEY_TAG, key.encode()))


def content_hash(digest: Digest, key: str, value: bytes) -> bytes:
    """The hash of a leaf's key and value."""
    return digest(tagged(_LEAF_TAG, key.encode(), value))


def leaf_node_hash(digest: Digest, key_hash: bytes, content_hash: bytes) -> bytes:
    """H(00 key_hash content_hash)."""
    return digest(b"\x00" + key_hash + content_hash)


def inner_node_hash(digest: Digest, bitmap: int, children: bytes) -> bytes:
    """H(01 bitmap children): bit n of the 16-bit bitmap for nibble n, present children's hashes."""
    return digest(b"\x01" + bitmap.to_bytes(2, "big") + children)


@dataclass(frozen=True, slots=True)
class ProofNode:
    """An inner node on the path: its bitmap and the hashes of its children beside the path."""

    bitmap: int
    siblings: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StateProof:
    """A path from the root down, and how it ends.

    ending HERE: at the key's leaf. EMPTY_SLOT: the last node (or the empty tree) has no child
    there. OTHER_LEAF: another key's leaf stands there; other_key_hash and other_content are its
    hashes.
    """

    ending: int
    nodes: tuple[ProofNode, ...]
    other_key_hash: bytes = b""
    other_content: bytes = b""

    def encode(self) -> bytes:
        """Canonical bytes: u8 ending, u8 depth, nodes (u16 bitmap, u8 count, hashes), leaf."""
        writer = Writer().u8(self.ending).u8(len(self.nodes))
        for node in self.nodes:
            writer.u16(node.bitmap).u8(len(node.siblings))
            for sibling in node.siblings:
                writer.fixed(sibling, HASH_BYTES)
        if self.ending == OTHER_LEAF:
            writer.fixed(self.other_key_hash, HASH_BYTES).fixed(self.other_content, HASH_BYTES)
        return writer.done()

    @staticmethod
    def decode(data: bytes) -> "StateProof":
        """Read `encode`'s bytes; MALFORMED otherwise."""
        reader = Reader(data, "state proof", limit=_PROOF_BYTES_MAX)
        ending, depth = reader.u8(), reader.u8()
        if ending > OTHER_LEAF or depth > STATE_PROOF_DEPTH_MAX:
            raise reader.refusal("ending or depth")
        nodes = []
        for _ in range(depth):
            bitmap, count = reader.u16(), reader.u8()
            if count > 16:
                raise reader.refusal("too many siblings")
            siblings = tuple(reader.fixed(HASH_BYTES) for _ in range(count))
            nodes.append(ProofNode(bitmap, siblings))
        other_key_hash = other_content = b""
        if ending == OTHER_LEAF:
            other_key_hash, other_content = reader.fixed(HASH_BYTES), reader.fixed(HASH_BYTES)
        reader.end()
        return StateProof(ending, tuple(nodes), other_key_hash, other_content)


def verify_state(
    digest: Digest, root: bytes, key: str, value: bytes | None, proof: StateProof
) -> bool:
    """Whether `proof` shows that `key` has `value` under `root` (None: that it is absent).

    False for anything but the one proof the tree gives: no missing, extra or unused part.
    """
    if not _sizes_fit(root, key, value) or not _well_formed(proof, value):
        return False
    place = key_hash(digest, key)
    node = _ending_hash(digest, place, key, value, proof)
    if proof.ending != EMPTY_SLOT and node is None:
        return False
    if not proof.nodes:  # only the empty tree has no inner node
        return proof.ending == EMPTY_SLOT and root == EMPTY_ROOT
    for depth in reversed(range(len(proof.nodes))):
        node = _fold(digest, proof.nodes[depth], _nibble(place, depth), node)
        if node is None:
            return False
    return node == root


def _sizes_fit(root: bytes, key: str, value: bytes | None) -> bool:
    return (
        len(root) == HASH_BYTES
        and 1 <= len(key.encode()) <= STATE_KEY_BYTES_MAX
        and (value is None or len(value) <= STATE_VALUE_BYTES_MAX)
    )


def _well_formed(proof: StateProof, value: bytes | None) -> bool:
    if len(proof.nodes) > STATE_PROOF_DEPTH_MAX or proof.ending not in (
        HERE,
        EMPTY_SLOT,
        OTHER_LEAF,
    ):
        return False
    if (proof.ending == HERE) != (value is not None):
        return False
    other = (proof.other_key_hash, proof.other_content)
    size = HASH_BYTES if proof.ending == OTHER_LEAF else 0
    if any(len(part) != size for part in other):
        return False
    # Below the root a leaf never stands alone: it would have been placed higher.
    alone = len(proof.nodes) > 1 and proof.nodes[-1].bitmap.bit_count() == 1
    return not (alone and proof.ending != EMPTY_SLOT)


def _ending_hash(
    digest: Digest, place: bytes, key: str, value: bytes | None, proof: StateProof
) -> bytes | None:
    """The hash of what stands at the path's end; None: nothing, or an impossible leaf."""
    if value is not None:
        return leaf_node_hash(digest, place, content_hash(digest, key, value))
    if proof.ending == EMPTY_SLOT:
        return None
    depth = len(proof.nodes)
    if proof.other_key_hash == place:
        return None
    if proof.other_key_hash.hex()[:depth] != place.hex()[:depth]:
        return None
    return leaf_node_hash(digest, proof.other_key_hash, proof.other_content)


def _fold(digest: Digest, node: ProofNode, nibble: int, child: bytes | None) -> bytes | None:
    """The hash of an inner node whose child at `nibble` is `child`; None when it does not fit."""
    present = bool(node.bitmap >> nibble & 1)
    if not 0 < node.bitmap < 1 << 16 or present != (child is not None):
        return None
    if len(node.siblings) != node.bitmap.bit_count() - present:
        return None
    if any(len(sibling) != HASH_BYTES for sibling in node.siblings):
        return None
    before = (node.bitmap & ((1 << nibble) - 1)).bit_count()
    middle = () if child is None else (child,)
    hashes = (*node.siblings[:before], *middle, *node.siblings[before:])
    return inner_node_hash(digest, node.bitmap, b"".join(hashes))


def _nibble(place: bytes, depth: int) -> int:
    byte = place[depth // 2]
    return byte & 15 if depth % 2 else byte >> 4
