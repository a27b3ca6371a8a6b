"""What a contract sees of the state: an overlay over a reader, with savepoints.

Nothing below is written while a transaction runs. The node takes `writes()` when a block is done
and stages them into the state tree, all or nothing.
"""

from collections.abc import Mapping
from typing import Protocol, TypeVar

from faults import Misuse, invariant
from ledger.limits import STATE_KEY_BYTES_MAX
from ledger.records import Record, decode, encode

R = TypeVar("R", bound=Record)


class StateReader(Protocol):
    """The committed state a view stands on: a state tree at one version, or a dictionary."""

    def get(self, key: str) -> bytes | None:
        """The value at `key`, or None when nothing stands there."""
        ...


class StateView:
    """Reads fall through to the reader; writes stay in the view until somebody takes them."""

    def __init__(self, reader: StateReader) -> None:
        self._reader = reader
        self._written: dict[str, bytes | None] = {}
        # What stood in the overlay before each write: (key, was written before, value before).
        self._undo: list[tuple[str, bool, bytes | None]] = []

    def get(self, key: str) -> bytes | None:
        """The value at `key` as this view has it, or None."""
        if key in self._written:
            return self._written[key]
        # Callers may ask for what can't exist, such as a key built from a request's long text.
        return self._reader.get(key) if _fits(key) else None

    def put(self, key: str, value: bytes) -> None:
        """Set `key` to `value`."""
        self._set(key, value)

    def delete(self, key: str) -> None:
        """Remove `key`; removing what isn't there is allowed and writes an absence."""
        self._set(key, None)

    def load(self, cls: type[R], key: str) -> R | None:
        """The record at `key`, or None. Raises Rejected when the bytes there are not a `cls`."""
        raw = self.get(key)
        return None if raw is None else decode(cls, raw)

    def store(self, key: str, record: Record) -> None:
        """Set `key` to the record's canonical bytes."""
        self._set(key, encode(record))

    def savepoint(self) -> int:
        """A mark that `rollback` returns to."""
        return len(self._undo)

    def rollback(self, savepoint: int) -> None:
        """Undo every write made since `savepoint`, newest first."""
        if not 0 <= savepoint <= len(self._undo):
            raise Misuse(f"no savepoint {savepoint}: the view is at {len(self._undo)}")
        while len(self._undo) > savepoint:
            key, was_written, before = self._undo.pop()
            if was_written:
                self._written[key] = before
            else:
                del self._written[key]

    def writes(self) -> Mapping[str, bytes | None]:
        """Every key written, ascending, with its new value (None = removed)."""
        return {key: self._written[key] for key in sorted(self._written)}

    def _set(self, key: str, value: bytes | None) -> None:
        invariant(_fits(key), "a state key is longer than the state takes")
        self._undo.append((key, key in self._written, self._written.get(key)))
        self._written[key] = value


def _fits(key: str) -> bool:
    return len(key.encode()) <= STATE_KEY_BYTES_MAX
