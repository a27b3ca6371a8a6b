"""The trace (轨迹) of a business object: a hash chain of events, its head in the object's leaf.

One state proof of the leaf therefore shows that a trace is complete: `trace_count` events, chained
to `trace_head`, and none left out.
"""

from collections.abc import Callable
from typing import Any, Self, TypeVar

import msgspec

from faults import Misuse
from ledger.records import Record
from ledger.trace import EMPTY_HEAD


class Traced(Record, frozen=True, kw_only=True):
    """Base of the records of business objects: they carry the head of their trace."""

    trace_count: int = 0
    trace_head: bytes = EMPTY_HEAD

    def changed(self, **changes: Any) -> Self:
        """A copy with these fields changed."""
        return msgspec.structs.replace(self, **changes)


T = TypeVar("T", bound=type[Traced])

_classes: dict[str, type[Traced]] = {}


def traced_as(prefix: str) -> Callable[[T], T]:
    """Class decorator: state keys `prefix/…` hold this record, so events can be appended by key."""

    def register(cls: T) -> T:
        if prefix in _classes:
            raise Misuse(f"two record classes for {prefix}/")
        _classes[prefix] = cls
        return cls

    return register


def record_class(key: str) -> type[Traced] | None:
    """The class of the traced record at `key`, or None when such keys carry no trace."""
    return _classes.get(key.split("/", 1)[0])
