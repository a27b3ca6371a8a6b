"""The canonical binary form: big-endian integers, length-prefixed bytes, nothing optional.

Every value has exactly one encoding, so a decoded and re-encoded value gives the same bytes.
"""

import struct

from faults import Misuse, Rejected
from ledger.codes import MALFORMED

U32_MAX = 2**32 - 1
U64_MAX = 2**64 - 1


class Writer:
    """Appends values; each method returns the writer so that an encoding reads as one list."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def u8(self, value: int) -> "Writer":
        """Append one byte."""
        return self._integer(value, 1)

    def u16(self, value: int) -> "Writer":
        """Append two bytes, big-endian."""
        return self._integer(value, 2)

    def u32(self, value: int) -> "Writer":
        """Append four bytes, big-endian."""
        return self._integer(value, 4)

    def u64(self, value: int) -> "Writer":
        """Append eight bytes, big-endian."""
        return self._integer(value, 8)

    def i64(self, value: int) -> "Writer":
        """Append a signed integer as eight bytes, big-endian two's complement."""
        if not -(2**63) <= value < 2**63:
            raise Misuse(f"{value} does not fit i64")
        self._parts.append(struct.pack(">q", value))
        return self

    def fixed(self, value: bytes, size: int) -> "Writer":
        """Append exactly `size` bytes without a length."""
        if len(value) != size:
            raise Misuse(f"{size} bytes expected, got {len(value)}")
        self._parts.append(value)
        return self

    def lp(self, value: bytes) -> "Writer":
        """Append a four-byte length and the bytes."""
        self._integer(len(value), 4)
        self._parts.append(value)
        return self

    def text(self, value: str) -> "Writer":
        """Append a string as length-prefixed UTF-8."""
        return self.lp(value.encode("utf-8"))

    def done(self) -> bytes:
        """Everything appended so far."""
        return b"".join(self._parts)

    def _integer(self, value: int, size: int) -> "Writer":
        if not 0 <= value < 1 << (8 * size):
            raise Misuse(f"{value} does not fit u{8 * size}")
        self._parts.append(value.to_bytes(size, "big"))
        return self


class Reader:
    """Reads what `Writer` wrote and refuses anything else with MALFORMED, naming `what` it was."""

    __slots__ = ("_data", "_offset", "_what")

    def __init__(self, data: bytes, what: str, *, limit: int | None = None) -> None:
        if not isinstance(data, bytes):
            raise Misuse("a Reader reads bytes")
        self._data = data
        self._offset = 0
        self._what = what
        if limit is not None and len(data) > limit:
            raise self.refusal("too long")

    def refusal(self, reason: str) -> Rejected:
        """The refusal to raise when a rule beyond the encoding is broken."""
        return Rejected(MALFORMED, what=self._what, reason=reason)

    def u8(self) -> int:
        """Read one byte."""
        return self._take(1)[0]

    def u16(self) -> int:
        """Read two bytes, big-endian."""
        return int.from_bytes(self._take(2), "big")

    def u32(self) -> int:
        """Read four bytes, big-endian."""
        return int.from_bytes(self._take(4), "big")

    def u64(self) -> int:
        """Read eight bytes, big-endian."""
        return int.from_bytes(self._take(8), "big")

    def i64(self) -> int:
        """Read eight bytes, big-endian two's complement."""
        return int.from_bytes(self._take(8), "big", signed=True)

    def fixed(self, size: int) -> bytes:
        """Read exactly `size` bytes."""
        return self._take(size)

    def lp(self, limit: int) -> bytes:
        """Read a four-byte length, at most `limit`, and that many bytes."""
        size = self.u32()
        if size > limit:
            raise self.refusal("too long")
        return self._take(size)

    def text(self, limit: int) -> str:
        """Read length-prefixed UTF-8 of at most `limit` bytes."""
        try:
            return self.lp(limit).decode("utf-8")
        except UnicodeDecodeError:
            raise self.refusal("not UTF-8") from None

    def count(self, limit: int) -> int:
        """Read a four-byte number of elements, at most `limit`."""
        number = self.u32()
        if number > limit:
            raise self.refusal("too many elements")
        return number

    def more(self) -> bool:
        """Whether anything is left, for a last part that may be absent."""
        return self._offset < len(self._data)

    def end(self) -> None:
        """Refuse trailing bytes."""
        if self._offset != len(self._data):
            raise self.refusal("trailing bytes")

    def _take(self, size: int) -> bytes:
        end = self._offset + size
        if end > len(self._data):
            raise self.refusal("truncated")
        part = self._data[self._offset : end]
        self._offset = end
        return part
