"""The key-value port that state and blocks are kept behind, and its in-memory implementation."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol


class KeyValue(Protocol):
    """An ordered map of bytes. Keys order as unsigned bytes."""

    def get(self, key: bytes) -> bytes | None:
        """The value of `key`, or None."""

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values of `keys`, in their order."""

    def scan(
        self,
        prefix: bytes,
        *,
        start: bytes = b"",
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[tuple[bytes, bytes]]:
        """Pairs whose key has `prefix`, ascending from the first key >= `start` (a whole key).

        With `reverse`, descending from the last key <= `start` (from the end when `start` is
        empty).
        """

    def write(self, batch: Mapping[bytes, bytes | None]) -> None:
        """Apply a batch, None meaning removal: all of it or nothing, synced when this returns."""


class MemoryKeyValue:
    """A KeyValue that forgets: for tests, tools and measurements."""

    def __init__(self) -> None:
        self._data: dict[bytes, bytes] = {}
        self._order: list[bytes] | None = []

    def get(self, key: bytes) -> bytes | None:
        """The value of `key`, or None."""
        return self._data.get(key)

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values of `keys`, in their order."""
        return [self._data.get(key) for key in keys]

    def scan(
        self,
        prefix: bytes,
        *,
        start: bytes = b"",
        reverse: bool = False,
        limit: int | None = None,
    ) -> Iterator[tuple[bytes, bytes]]:
        """See KeyValue.scan; the pairs are those at the time of the call."""
        keys = self._keys_with(prefix)
        if reverse:
            keys = [key for key in reversed(keys) if not start or key <= start]
        elif start:
            keys = [key for key in keys if key >= start]
        return iter([(key, self._data[key]) for key in keys[:limit]])

    def write(self, batch: Mapping[bytes, bytes | None]) -> None:
        """Apply the batch."""
        for key, value in batch.items():
            if value is None:
                if self._data.pop(key, None) is not None:
                    self._order = None
            else:
                if key not in self._data:
                    self._order = None
                self._data[key] = value

    def _keys_with(self, prefix: bytes) -> list[bytes]:
        if self._order is None:
            self._order = sorted(self._data)
        low = bisect_left(self._order, prefix)
        high = low
        while high < len(self._order) and self._order[high].startswith(prefix):
            high += 1
        return self._order[low:high]
