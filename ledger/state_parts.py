"""The state in parts, for a node that takes it over: each part is checked by a hash known before.

A part is what stands at one path of the tree: all its leaves, or, when they are too many, the inner
node there. The header's state root says what the part at the empty path must hash to; an inner node
says it of its children. So the tree is walked from the root, every part is checked by itself, and
nothing that does not belong to the certified root is ever used.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from faults import Misuse
from ledger.codec import Reader, Writer
from ledger.limits import (
    HASH_BYTES,
    STATE_KEY_BYTES_MAX,
    STATE_PROOF_DEPTH_MAX,
    STATE_VALUE_BYTES_MAX,
)
from ledger.merkle import Digest
from ledger.state_node import Child, Inner, Leaf, node_key
from ledger.state_proof import (
    EMPTY_ROOT,
    content_hash,
    inner_node_hash,
    key_hash,
    leaf_node_hash,
)
from ledger.state_tree import VALUE_PREFIX, StateTree
from ledger.state_update import Update, Write

_LEAF_OVERHEAD = 48  # about what a leaf costs beside key and value


@dataclass(frozen=True, slots=True)
class Branch:
    """An inner node: its bitmap of children and their hashes."""

    bitmap: int
    hashes: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Canonical bytes: u16 bitmap, then the hashes."""
        writer = Writer().u16(self.bitmap)
        for one in self.hashes:
            writer.fixed(one, HASH_BYTES)
        return writer.done()

    @staticmethod
    def read(reader: Reader) -> "Branch":
        """Read `encode`'s bytes; MALFORMED otherwise."""
        bitmap = reader.u16()
        return Branch(bitmap, tuple(reader.fixed(HASH_BYTES) for _ in range(bitmap.bit_count())))

    def hash(self, digest: Digest) -> bytes:
        """What its parent, or the header, says of it."""
        return inner_node_hash(digest, self.bitmap, b"".join(self.hashes))

    def children(self) -> Iterator[tuple[str, bytes]]:
        """The children's digits and hashes."""
        digits = (f"{n:x}" for n in range(16) if self.bitmap >> n & 1)
        return zip(digits, self.hashes, strict=True)


Pairs = Sequence[tuple[str, bytes]]
Batch = dict[bytes, bytes | None]


@dataclass(frozen=True, slots=True)
class Subtree:
    """A checked part with all its leaves: what to write, and what its parent has to know."""

    hash: bytes
    is_leaf: bool
    batch: Mapping[bytes, bytes | None]


def read_part(tree: StateTree, version: int, path: str, budget: int) -> Pairs | Branch | None:
    """The leaves at `path` if they hold about `budget` bytes at most, else the inner node there.

    None when nothing stands there. Raises Rejected(VERSION_NOT_KEPT).
    """
    top = tree.child(path, version)
    if top is None:
        return () if path == "" else None
    found: list[Leaf] = []
    size = 0
    for leaf in _leaves(tree, path, top):
        found.append(leaf)
        size += len(leaf.key) + len(leaf.value) + _LEAF_OVERHEAD
        if size > budget and not top.is_leaf:
            inner = tree.node(path, top)
            if isinstance(inner, Inner):
                return _branch(inner)
    return tuple((leaf.key, leaf.value) for leaf in found)


def build_part(digest: Digest, version: int, path: str, pairs: Pairs) -> Subtree:
    """The subtree of exactly these leaves at `path`, every node written by `version`.

    Rejected(MALFORMED) unless the pairs ascend by key hash and belong there. The caller compares
    the hash with the one it was told; before that nothing of this may be used.
    """
    reader = Reader(b"", "state part")
    if len(path) > STATE_PROOF_DEPTH_MAX or (not pairs and path):
        raise reader.refusal("no leaves, or too deep")
    writes: list[Write] = []
    batch: Batch = {}
    for key, value in pairs:
        if not 1 <= len(key.encode()) <= STATE_KEY_BYTES_MAX or len(value) > STATE_VALUE_BYTES_MAX:
            raise reader.refusal("key or value out of bounds")
        place = key_hash(digest, key)
        hashed = leaf_node_hash(digest, place, content_hash(digest, key, value))
        writes.append(Write(place.hex(), Leaf(place, key, value), hashed))
        batch[VALUE_PREFIX + key.encode()] = value
    if any(first.place >= second.place for first, second in pairwise(writes)):
        raise reader.refusal("leaves do not ascend")
    if any(not write.place.startswith(path) for write in writes):
        raise reader.refusal("a leaf of another place")
    child = Update(_nothing, digest, version, batch).build(path, writes)
    if child is None:
        return Subtree(EMPTY_ROOT, False, batch)
    return Subtree(child.hash, child.is_leaf, batch)


def branch_node(path: str, version: int, branch: Branch, leaves: int) -> tuple[bytes, bytes]:
    """Store key and value of a checked inner node; `leaves` is the bitmap of children that are one.

    All children are written by `version`.
    """
    if leaves & ~branch.bitmap:
        raise Misuse("a leaf that is no child")
    versions = version.to_bytes(8, "big") * branch.bitmap.bit_count()
    inner = Inner(branch.bitmap, leaves, b"".join(branch.hashes), versions)
    return node_key(path, version), inner.encode()


def _leaves(tree: StateTree, path: str, child: Child) -> Iterator[Leaf]:
    node = tree.node(path, child)
    if isinstance(node, Leaf):
        yield node
        return
    for nibble in range(16):
        below = node.child(nibble)
        if below is not None:
            yield from _leaves(tree, f"{path}{nibble:x}", below)


def _branch(inner: Inner) -> Branch:
    hashes = (inner.child(nibble) for nibble in range(16))
    return Branch(inner.bitmap, tuple(child.hash for child in hashes if child is not None))


def _nothing(_key: bytes) -> bytes | None:
    return None
