"""Merkle trees in the shape of RFC 6962 section 2.1, with the hash function as an argument.

Leaf hash = H(00 leaf), node hash = H(01 left right), empty tree = H(""). A tree of n leaves splits
at the largest power of two below n.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crypto.domain import tagged
from faults import Misuse
from ledger.codec import U32_MAX, Reader, Writer
from ledger.limits import HASH_BYTES

Digest = Callable[[bytes], bytes]
NodeGetter = Callable[[int, int], bytes]  # (level, index) -> hash of a complete subtree

_LEVELS_MAX = 64


def leaf_hash(digest: Digest, leaf: bytes) -> bytes:
    """Hash of one leaf."""
    return digest(b"\x00" + leaf)


def node_hash(digest: Digest, left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return digest(b"\x01" + left + right)


def root(digest: Digest, leaves: Sequence[bytes]) -> bytes:
    """Root of the tree over `leaves`, in their order."""
    if not leaves:
        return digest(b"")
    return _levels(digest, [leaf_hash(digest, leaf) for leaf in leaves])[-1][0]


def path(digest: Digest, leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Inclusion path of leaf `index`, from the leaf's sibling up (RFC 6962 section 2.1.1)."""
    return paths(digest, leaves, (index,))[0]


def paths(
    digest: Digest, leaves: Sequence[bytes], indexes: Sequence[int]
) -> list[tuple[bytes, ...]]:
    """Inclusion paths of several leaves, hashing the tree once."""
    if not all(0 <= index < len(leaves) for index in indexes):
        raise Misuse(f"a leaf among {len(leaves)} that does not exist")
    levels = _levels(digest, [leaf_hash(digest, leaf) for leaf in leaves])
    return [
        tuple(
            level[index >> height ^ 1]
            for height, level in enumerate(levels[:-1])
            if index >> height ^ 1 < len(level)
        )
        for index in indexes
    ]


def verify_path(
    digest: Digest,
    leaf: bytes,
    index: int,
    size: int,
    path: Sequence[bytes],
    root: bytes,
) -> bool:
    """Whether `path` shows that `leaf` is number `index` of the `size` leaves under `root`.

    A path that is one hash too short or too long, or holds a hash of another length, is false.
    """
    return root_from_path(digest, leaf, index, size, path) == root


def root_from_path(
    digest: Digest, leaf: bytes, index: int, size: int, path: Sequence[bytes]
) -> bytes | None:
    """The root that leaf and path give, or None when the path has not exactly the right form."""
    if not 0 <= index < size or size > 2**_LEVELS_MAX or len(path) > _LEVELS_MAX:
        return None
    if any(len(sibling) != HASH_BYTES for sibling in path):
        return None
    node, last, siblings = leaf_hash(digest, leaf), size - 1, iter(path)
    while last > 0:
        if index % 2 == 0 and index == last:  # a right edge without sibling moves up unchanged
            index, last = index // 2, last // 2
            continue
        sibling = next(siblings, None)
        if sibling is None:
            return None
        node = node_hash(digest, sibling, node) if index % 2 else node_hash(digest, node, sibling)
        index, last = index // 2, last // 2
    return node if next(siblings, None) is None else None


def list_root(digest: Digest, leaves: Sequence[bytes]) -> bytes:
    """Root over a list and its length: H("yilian/list/v1" 00 u32 length, tree root).

    A tree's root alone does not fix its size, nor therefore a leaf's number: (1 of 2) and (2 of 3)
    can have one path.
    """
    return _counted(digest, len(leaves), root(digest, leaves))


def verify_in_list(
    digest: Digest,
    leaf: bytes,
    index: int,
    size: int,
    path: Sequence[bytes],
    root: bytes,
) -> bool:
    """Whether `path` shows `leaf` as number `index` of exactly `size` leaves under a list root."""
    tree_root = root_from_path(digest, leaf, index, size, path)
    if tree_root is None or size > U32_MAX:
        return False
    return _counted(digest, size, tree_root) == root


def _counted(digest: Digest, size: int, tree_root: bytes) -> bytes:
    return digest(tagged("yilian/list/v1", Writer().u32(size).done() + tree_root))


@dataclass(frozen=True, slots=True)
class HashLog:
    """An append-only log as its frontier: the roots of its complete subtrees, largest first.

    Immutable: `append` returns the longer log. The node of `level` and `index` covers the leaves
    index * 2**level up to (index + 1) * 2**level.
    """

    size: int = 0
    frontier: tuple[bytes, ...] = ()

    def append(self, digest: Digest, leaf: bytes) -> "HashLog":
        """The log with one more leaf."""
        return self.append_with_nodes(digest, leaf)[0]

    def append_with_nodes(
        self, digest: Digest, leaf: bytes
    ) -> tuple["HashLog", Mapping[tuple[int, int], bytes]]:
        """The longer log, and the nodes (level, index) -> hash it completes, kept for paths."""
        node, level, index = leaf_hash(digest, leaf), 0, self.size
        nodes = {(0, index): node}
        frontier = list(self.frontier)
        while index % 2:
            node = node_hash(digest, frontier.pop(), node)
            level, index = level + 1, index // 2
            nodes[level, index] = node
        return HashLog(self.size + 1, (*frontier, node)), nodes

    def root(self, digest: Digest) -> bytes:
        """Root over all leaves so far."""
        if not self.frontier:
            return digest(b"")
        node = self.frontier[-1]
        for left in reversed(self.frontier[:-1]):
            node = node_hash(digest, left, node)
        return node

    def peaks(self) -> dict[tuple[int, int], bytes]:
        """The frontier's nodes by (level, index).

        With them and the nodes completed later, `log_path` finds the path of any later leaf.
        """
        found: dict[tuple[int, int], bytes] = {}
        start = 0
        for node in self.frontier:
            level = (self.size - start).bit_length() - 1
            found[level, start >> level] = node
            start += 1 << level
        return found

    @staticmethod
    def at(size: int, node_at: NodeGetter) -> "HashLog":
        """The log when it had `size` leaves: `node_at(level, index)` gives its nodes, then as now.

        See `append_with_nodes`.
        """
        frontier: list[bytes] = []
        start = 0
        while start < size:
            level = (size - start).bit_length() - 1
            frontier.append(node_at(level, start >> level))
            start += 1 << level
        return HashLog(size, tuple(frontier))

    def encode(self) -> bytes:
        """Canonical bytes: u64 size, then the frontier."""
        writer = Writer().u64(self.size)
        for node in self.frontier:
            writer.fixed(node, HASH_BYTES)
        return writer.done()

    @staticmethod
    def decode(data: bytes) -> "HashLog":
        """Read `encode`'s bytes; the frontier has one hash per set bit of the size."""
        reader = Reader(data, "hash log")
        size = reader.u64()
        frontier = tuple(reader.fixed(HASH_BYTES) for _ in range(size.bit_count()))
        reader.end()
        return HashLog(size, frontier)


def log_path(digest: Digest, index: int, size: int, node_at: NodeGetter) -> tuple[bytes, ...]:
    """Inclusion path of leaf `index` in the first `size` leaves of a log.

    `node_at(level, index)` gives a node that `append_with_nodes` completed. Takes O(log(size)**2)
    nodes. It is the path that `verify_path` checks against the log's root at that size.
    """
    if not 0 <= index < size:
        raise Misuse(f"no leaf {index} among {size}")
    found: list[bytes] = []
    start, count = 0, size
    while count > 1:
        split = _split(count)
        if index < start + split:
            found.append(_log_range(digest, start + split, count - split, node_at))
            count = split
        else:
            found.append(_log_range(digest, start, split, node_at))
            start, count = start + split, count - split
    return tuple(reversed(found))


def _log_range(digest: Digest, start: int, count: int, node_at: NodeGetter) -> bytes:
    if count.bit_count() == 1:  # every range of a power of two met here starts at its multiple
        level = count.bit_length() - 1
        return node_at(level, start >> level)
    split = _split(count)
    left = _log_range(digest, start, split, node_at)
    return node_hash(digest, left, _log_range(digest, start + split, count - split, node_at))


def _levels(digest: Digest, hashes: list[bytes]) -> list[list[bytes]]:
    """The tree's levels from leaf hashes up: pairs, where an odd last one moves up unchanged."""
    levels = [hashes]
    while len(levels[-1]) > 1:
        level = levels[-1]
        above = [node_hash(digest, level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        levels.append(above)
    return levels


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)
