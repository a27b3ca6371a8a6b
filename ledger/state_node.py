"""The two kinds of nodes of the state tree, as they are kept in the store."""

from dataclasses import dataclass

from faults import invariant
from ledger.limits import HASH_BYTES

NODE_PREFIX = b"t/"

_LEAF, _INNER = b"L", b"I"
_VERSION_BYTES = 8
_HEAD_BYTES = 5


def node_key(path: str, version: int) -> bytes:
    """Store key of the node at `path` (hexadecimal nibbles) that `version` wrote."""
    return NODE_PREFIX + path.encode() + b"/" + version.to_bytes(_VERSION_BYTES, "big")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One key and its value."""

    key_hash: bytes
    key: str
    value: bytes

    def encode(self) -> bytes:
        """Form: L, key hash, u16 key length, key, value."""
        key = self.key.encode()
        return _LEAF + self.key_hash + len(key).to_bytes(2, "big") + key + self.value

    @staticmethod
    def decode(data: bytes) -> "Leaf":
        """Read what `encode` wrote; the store is trusted, so anything else stops the process."""
        invariant(data[:1] == _LEAF and len(data) >= 35, "a leaf stands where its parent says so")
        end = 35 + int.from_bytes(data[33:35], "big")
        return Leaf(data[1:33], data[35:end].decode(), data[end:])


@dataclass(frozen=True, slots=True)
class Child:
    """What an inner node knows of a child. `leaf` is set while a new leaf has no place yet."""

    version: int
    hash: bytes
    is_leaf: bool
    leaf: Leaf | None = None


class Inner:
    """An inner node, packed: the children's hashes and versions in order of their nibbles.

    Packed because an update touches few of up to sixteen children: the rest are never unpacked.
    """

    __slots__ = ("bitmap", "hashes", "leaves", "versions")

    def __init__(
        self, bitmap: int = 0, leaves: int = 0, hashes: bytes = b"", versions: bytes = b""
    ) -> None:
        self.bitmap = bitmap
        self.leaves = leaves
        self.hashes = bytearray(hashes)
        self.versions = bytearray(versions)

    def encode(self) -> bytes:
        """Form: I, u16 bitmap of children, u16 bitmap of leaf children, hashes, u64 versions."""
        head = _INNER + self.bitmap.to_bytes(2, "big") + self.leaves.to_bytes(2, "big")
        return b"".join((head, self.hashes, self.versions))

    @staticmethod
    def decode(data: bytes) -> "Inner":
        """Read what `encode` wrote; the store is trusted, so anything else stops the process."""
        bitmap = int.from_bytes(data[1:3], "big")
        middle = _HEAD_BYTES + HASH_BYTES * bitmap.bit_count()
        invariant(
            data[:1] == _INNER and len(data) == middle + _VERSION_BYTES * bitmap.bit_count(),
            "an inner node stands where its parent says so",
        )
        leaves = int.from_bytes(data[3:5], "big")
        return Inner(bitmap, leaves, data[_HEAD_BYTES:middle], data[middle:])

    def child(self, nibble: int) -> Child | None:
        """The child at `nibble`, or None."""
        if not self.bitmap >> nibble & 1:
            return None
        at = self._position(nibble)
        version = self.versions[_VERSION_BYTES * at : _VERSION_BYTES * (at + 1)]
        return Child(
            int.from_bytes(version, "big"),
            bytes(self.hashes[HASH_BYTES * at : HASH_BYTES * (at + 1)]),
            bool(self.leaves >> nibble & 1),
        )

    def put(self, nibble: int, child: Child | None) -> None:
        """Replace, add or (None) remove the child at `nibble`."""
        bit, at = 1 << nibble, self._position(nibble)
        width = 1 if self.bitmap & bit else 0
        hashes = slice(HASH_BYTES * at, HASH_BYTES * (at + width))
        versions = slice(_VERSION_BYTES * at, _VERSION_BYTES * (at + width))
        self.leaves &= ~bit
        if child is None:
            self.bitmap &= ~bit
            del self.hashes[hashes]
            del self.versions[versions]
            return
        self.bitmap |= bit
        if child.is_leaf:
            self.leaves |= bit
        self.hashes[hashes] = child.hash
        self.versions[versions] = child.version.to_bytes(_VERSION_BYTES, "big")

    def only_leaf(self) -> int | None:
        """The nibble of the single child when it is a leaf, else None."""
        if self.bitmap.bit_count() == 1 and self.leaves == self.bitmap:
            return self.bitmap.bit_length() - 1
        return None

    def hashes_beside(self, nibble: int) -> tuple[bytes, ...]:
        """The children's hashes without the one at `nibble`."""
        nibbles = [n for n in range(16) if self.bitmap >> n & 1]
        return tuple(
            bytes(self.hashes[HASH_BYTES * at : HASH_BYTES * (at + 1)])
            for at, present in enumerate(nibbles)
            if present != nibble
        )

    def _position(self, nibble: int) -> int:
        return (self.bitmap & ((1 << nibble) - 1)).bit_count()
