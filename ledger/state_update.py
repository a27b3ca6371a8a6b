"""One batch of writes applied to the state tree: one descent, each touched node rewritten once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faults import InvariantBroken
from ledger.merkle import Digest
from ledger.state_node import Child, Inner, Leaf, node_key
from ledger.state_proof import EMPTY_ROOT, inner_node_hash


@dataclass(frozen=True, slots=True)
class Write:
    """A write prepared for the tree: where (key hash in hex), what (None removes), leaf hash."""

    place: str
    leaf: Leaf | None
    hash: bytes


class Update:
    """Builds version `version`: new nodes go to `batch`, keys of replaced nodes to `stale`."""

    def __init__(
        self,
        read: Callable[[bytes], bytes | None],
        digest: Digest,
        version: int,
        batch: dict[bytes, bytes | None],
    ) -> None:
        self._read = read
        self._digest = digest
        self._version = version
        self._batch = batch
        self.stale: list[bytes] = []

    def apply(
        self, base_node: int | None, base_root: bytes, writes: Sequence[Write]
    ) -> tuple[int | None, bytes]:
        """Apply writes, ascending by place, to the base's root; returns the root node and hash."""
        inner = Inner() if base_node is None else Inner.decode(self._load("", base_node))
        unplaced = self._merge_children("", inner, writes)
        if unplaced is None:
            return base_node, base_root
        if base_node is not None:
            self.stale.append(node_key("", base_node))
        if not inner.bitmap:
            return None, EMPTY_ROOT
        return self._version, self._store("", inner, unplaced).hash

    def build(self, path: str, writes: Sequence[Write]) -> Child | None:
        """The whole subtree at `path` from nothing; `writes` ascend by place and remove nothing."""
        if path == "":
            node, root = self.apply(None, EMPTY_ROOT, writes)
            return None if node is None else Child(node, root, False)
        child = self._build(path, writes)
        if child is not None and child.leaf is not None:
            self._batch[node_key(path, self._version)] = child.leaf.encode()
        return child

    def _merge(self, path: str, child: Child | None, writes: Sequence[Write]) -> Child | None:
        """The child at `path` after `writes`; the same object when nothing changed."""
        if child is None:
            return self._build(path, [write for write in writes if write.leaf is not None])
        if child.is_leaf:
            return self._merge_leaf(path, child, writes)
        inner = Inner.decode(self._load(path, child.version))
        unplaced = self._merge_children(path, inner, writes)
        if unplaced is None:
            return child
        self.stale.append(node_key(path, child.version))
        if not inner.bitmap:
            return None
        nibble = inner.only_leaf()
        lonely = None if nibble is None else inner.child(nibble)
        if nibble is not None and lonely is not None:
            return self._lift(path, nibble, lonely, unplaced)
        return self._store(path, inner, unplaced)

    def _merge_children(
        self, path: str, inner: Inner, writes: Sequence[Write]
    ) -> dict[int, Leaf] | None:
        """Apply writes below an inner node; its new leaves by nibble, or None: no child changed."""
        depth, start, changed = len(path), 0, False
        unplaced: dict[int, Leaf] = {}
        while start < len(writes):
            digit = writes[start].place[depth]
            end = start + 1
            while end < len(writes) and writes[end].place[depth] == digit:
                end += 1
            nibble = int(digit, 16)
            before = inner.child(nibble)
            after = self._merge(path + digit, before, writes[start:end])
            start = end
            if after is before:
                continue
            changed = True
            inner.put(nibble, after)
            if after is not None and after.leaf is not None:
                unplaced[nibble] = after.leaf
        return unplaced if changed else None

    def _merge_leaf(self, path: str, child: Child, writes: Sequence[Write]) -> Child | None:
        """The subtree of an existing leaf and `writes`; the leaf itself when it stays as it is."""
        if len(writes) == 1 and writes[0].hash == child.hash:
            return child
        old = Leaf.decode(self._load(path, child.version))
        place = old.key_hash.hex()
        kept = [write for write in writes if write.leaf is not None]
        if all(write.place != place for write in writes):
            if not kept:
                return child
            kept.append(Write(place, old, child.hash))
            kept.sort(key=lambda write: write.place)
        elif len(kept) == 1 and kept[0].hash == child.hash:
            return child
        self.stale.append(node_key(path, child.version))
        return self._build(path, kept)

    def _build(self, path: str, writes: Sequence[Write]) -> Child | None:
        """A new subtree of leaves only: nothing, a leaf not placed yet, or an inner node."""
        if not writes:
            return None
        if len(writes) == 1:
            return Child(self._version, writes[0].hash, True, writes[0].leaf)
        inner = Inner()
        unplaced = self._merge_children(path, inner, writes)
        return self._store(path, inner, unplaced or {})

    def _lift(self, path: str, nibble: int, child: Child, unplaced: dict[int, Leaf]) -> Child:
        """The only child left, a leaf, moves up to where its parent stood."""
        leaf = unplaced.get(nibble)
        if leaf is None:
            below = f"{path}{nibble:x}"
            leaf = Leaf.decode(self._load(below, child.version))
            self.stale.append(node_key(below, child.version))
        return Child(self._version, child.hash, True, leaf)

    def _store(self, path: str, inner: Inner, unplaced: dict[int, Leaf]) -> Child:
        """Write an inner node and its new leaves."""
        for nibble, leaf in unplaced.items():
            self._batch[node_key(f"{path}{nibble:x}", self._version)] = leaf.encode()
        self._batch[node_key(path, self._version)] = inner.encode()
        hashed = inner_node_hash(self._digest, inner.bitmap, bytes(inner.hashes))
        return Child(self._version, hashed, False)

    def _load(self, path: str, version: int) -> bytes:
        data = self._read(node_key(path, version))
        if data is None:
            raise InvariantBroken("a node that its parent names is in the store")
        return data
