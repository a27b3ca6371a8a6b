"""The state: a versioned radix-16 Merkle tree over a key-value store, one version a block.

Nodes are written once, under path and version, and shared between versions (the arrangement of
Jellyfish Merkle trees, Gao, Hu, Wu 2021). `stage` computes a version without writing anything; its
batch goes into the same atomic write as the block. Hashes and proofs: `ledger/state_proof.py`.

In the store: NODE_PREFIX path "/" version -> node; ROOT_PREFIX version -> root; VALUE_PREFIX key ->
newest value; STALE_PREFIX version -> the nodes that version replaced, deleted when they are out of
reach.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from faults import Misuse, Rejected, invariant
from ledger.codec import Reader, Writer
from ledger.codes import VERSION_NOT_KEPT
from ledger.kv import KeyValue
from ledger.limits import (
    HASH_BYTES,
    STATE_KEY_BYTES_MAX,
    STATE_VALUE_BYTES_MAX,
    STATE_VERSIONS_KEPT,
)
from ledger.merkle import Digest
from ledger.state_node import NODE_PREFIX, Child, Inner, Leaf, node_key
from ledger.state_proof import (
    EMPTY_ROOT,
    EMPTY_SLOT,
    HERE,
    OTHER_LEAF,
    ProofNode,
    StateProof,
    content_hash,
    key_hash,
    leaf_node_hash,
    verify_state,
)
from ledger.state_update import Update, Write

__all__ = [
    "EMPTY_ROOT",
    "NODE_PREFIX",
    "ROOT_PREFIX",
    "STALE_PREFIX",
    "VALUE_PREFIX",
    "Staged",
    "StateProof",
    "StateTree",
    "root_record",
    "verify_state",
]

ROOT_PREFIX = NODE_PREFIX + b"root/"  # a path is hexadecimal, so no node key starts like this
VALUE_PREFIX = b"v/"
STALE_PREFIX = b"x/"

_NO_NODE = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Staged:
    """A computed version: its root, and what to write (None removes) when it is committed."""

    root: bytes
    batch: Mapping[bytes, bytes | None]


class StateTree:
    """Reads committed versions from `kv` and stages the next one. Holds no state of its own."""

    def __init__(self, kv: KeyValue, digest: Digest) -> None:
        self._kv = kv
        self._digest = digest

    def root(self, version: int) -> bytes:
        """State root after block `version`; Rejected(VERSION_NOT_KEPT) outside the last 100."""
        return self._root_node(version)[1]

    def get(self, key: str, version: int | None = None) -> bytes | None:
        """The value at the newest version, or at `version` (Rejected(VERSION_NOT_KEPT))."""
        if version is None:
            return self._kv.get(VALUE_PREFIX + key.encode())
        leaf = self._walk(key, version)[1]
        return leaf.value if leaf is not None and leaf.key == key else None

    def scan(
        self, prefix: str, *, start: str = "", reverse: bool = False, limit: int | None = None
    ) -> Iterator[tuple[str, bytes]]:
        """Newest (key, value) pairs with `prefix`, by key bytes: for services, not contracts."""
        first = VALUE_PREFIX + start.encode() if start else b""
        pairs = self._kv.scan(
            VALUE_PREFIX + prefix.encode(), start=first, reverse=reverse, limit=limit
        )
        for key, value in pairs:
            yield key[len(VALUE_PREFIX) :].decode(), value

    def stage(
        self, version: int, base_version: int | None, writes: Mapping[str, bytes | None]
    ) -> Staged:
        """Compute version `version` = `base_version` with `writes` (None removes); writes nothing.

        `base_version` is the newest committed version, None before the first. The batch also drops
        what only versions older than the last 100 needed.
        """
        if base_version is None:
            base_node, base_root = None, EMPTY_ROOT
        elif base_version < version:
            base_node, base_root = self._root_node(base_version)
        else:
            raise Misuse("a version is staged on an older one")
        batch: dict[bytes, bytes | None] = {}
        prepared = sorted(
            (self._prepare(key, value) for key, value in writes.items()),
            key=lambda write: write.place,
        )
        update = Update(self._kv.get, self._digest, version, batch)
        node, root = update.apply(base_node, base_root, prepared)
        for key, value in writes.items():
            batch[VALUE_PREFIX + key.encode()] = value
        batch.update(root_record(version, node, root))
        if update.stale:
            batch[STALE_PREFIX + _number(version)] = _encode_stale(update.stale)
        self._prune(batch, version, version - 1 if base_version is None else base_version)
        return Staged(root, batch)

    def prove(self, key: str, version: int) -> StateProof:
        """The proof of the key's value, or of its absence, under the root of `version`."""
        inners, leaf = self._walk(key, version)
        place = key_hash(self._digest, key).hex()
        nodes = tuple(
            ProofNode(inner.bitmap, inner.hashes_beside(int(place[depth], 16)))
            for depth, inner in enumerate(inners)
        )
        if leaf is None:
            return StateProof(EMPTY_SLOT, nodes)
        if leaf.key == key:
            return StateProof(HERE, nodes)
        content = content_hash(self._digest, leaf.key, leaf.value)
        return StateProof(OTHER_LEAF, nodes, leaf.key_hash, content)

    def child(self, path: str, version: int) -> Child | None:
        """What stands at `path` (hexadecimal nibbles) at `version`, or None: nothing, or above it.

        Raises Rejected(VERSION_NOT_KEPT).
        """
        node_version, root = self._root_node(version)
        child = None if node_version is None else Child(node_version, root, False)
        for depth, digit in enumerate(path):
            if child is None or child.is_leaf:
                return None
            child = Inner.decode(self._node(path[:depth], child)).child(int(digit, 16))
        return child

    def node(self, path: str, child: Child) -> Inner | Leaf:
        """The node that `child` names at `path`; Rejected(VERSION_NOT_KEPT) if it is pruned."""
        data = self._node(path, child)
        return Leaf.decode(data) if child.is_leaf else Inner.decode(data)

    def _node(self, path: str, child: Child) -> bytes:
        data = self._kv.get(node_key(path, child.version))
        if data is None:
            raise Rejected(VERSION_NOT_KEPT, version=child.version)
        return data

    def _root_node(self, version: int) -> tuple[int | None, bytes]:
        """The version that wrote the root node of `version` (None: empty), and its hash."""
        record = self._kv.get(ROOT_PREFIX + _number(version)) if version >= 0 else None
        if record is None:
            raise Rejected(VERSION_NOT_KEPT, version=version)
        reader = Reader(record, "state root")
        node, root = reader.u64(), reader.fixed(HASH_BYTES)
        reader.end()
        return (None if node == _NO_NODE else node), root

    def _walk(self, key: str, version: int) -> tuple[list[Inner], Leaf | None]:
        """The inner nodes on the key's path at `version`, and the leaf at its end, if any."""
        node_version, _ = self._root_node(version)
        inners: list[Inner] = []
        place = key_hash(self._digest, key).hex()
        child = None if node_version is None else Child(node_version, b"", False)
        while child is not None:
            data = self._kv.get(node_key(place[: len(inners)], child.version))
            if data is None:  # pruned between reading the root and here
                raise Rejected(VERSION_NOT_KEPT, version=version)
            if child.is_leaf:
                return inners, Leaf.decode(data)
            inner = Inner.decode(data)
            child = inner.child(int(place[len(inners)], 16))
            inners.append(inner)
        return inners, None

    def _prepare(self, key: str, value: bytes | None) -> Write:
        encoded = key.encode()
        if not 1 <= len(encoded) <= STATE_KEY_BYTES_MAX:
            raise Misuse("a state key has 1 to 256 bytes")
        hashed = key_hash(self._digest, key)
        if value is None:
            return Write(hashed.hex(), None, b"")
        if len(value) > STATE_VALUE_BYTES_MAX:
            raise Misuse("a state value has at most 1 MiB")
        content = content_hash(self._digest, key, value)
        leaf = Leaf(hashed, key, value)
        return Write(hashed.hex(), leaf, leaf_node_hash(self._digest, hashed, content))

    def _prune(self, batch: dict[bytes, bytes | None], version: int, base: int) -> None:
        """Drop nodes replaced at or before the oldest version kept, and older root records."""
        oldest = version - STATE_VERSIONS_KEPT + 1
        for replaced_at in range(base - STATE_VERSIONS_KEPT + 2, oldest + 1):
            if replaced_at < 1:
                continue
            batch[ROOT_PREFIX + _number(replaced_at - 1)] = None
            index_key = STALE_PREFIX + _number(replaced_at)
            stale = self._kv.get(index_key)
            if stale is not None:
                for key in _decode_stale(stale):
                    invariant(key not in batch, "a node that is written is not stale")
                    batch[key] = None
                batch[index_key] = None


def root_record(version: int, node: int | None, root: bytes) -> dict[bytes, bytes | None]:
    """The entry that makes `version` known: which version wrote its root node, and the hash."""
    return {ROOT_PREFIX + _number(version): _number(_NO_NODE if node is None else node) + root}


def _number(version: int) -> bytes:
    return version.to_bytes(8, "big")


def _encode_stale(keys: list[bytes]) -> bytes:
    writer = Writer().u32(len(keys))
    for key in keys:
        writer.lp(key)
    return writer.done()


def _decode_stale(data: bytes) -> list[bytes]:
    reader = Reader(data, "stale nodes")
    keys = [reader.lp(len(data)) for _ in range(reader.u32())]
    reader.end()
    return keys
