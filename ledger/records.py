"""Records: what a state leaf's value is. MessagePack maps in declared field order, one form."""

from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from faults import Rejected
from ledger.codes import MALFORMED
from ledger.limits import STATE_VALUE_BYTES_MAX


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every state record. Subclasses declare `frozen=True, kw_only=True` again.

    Field types are int, str, bytes, bool, None, lists and tuples of those, dict[str, ...] (encoded
    with sorted keys) and nested Records; never float, never set.
    """


R = TypeVar("R", bound=msgspec.Struct)

# Sorts the keys of dicts and leaves the fields of structs in declared order.
_encoder = msgspec.msgpack.Encoder(order="deterministic")


def encode(record: msgspec.Struct) -> bytes:
    """The record's canonical bytes."""
    return _encoder.encode(record)


def decode(kind: type[R], data: bytes) -> R:
    """The record of type `kind` that `data` canonically encodes; anything else is MALFORMED."""
    if len(data) > STATE_VALUE_BYTES_MAX:
        raise Rejected(MALFORMED, what=kind.__name__, reason="too long")
    try:
        record = _decoder(kind).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Rejected(MALFORMED, what=kind.__name__, reason="not this record") from None
    # MessagePack has several forms of one integer, keeps the last of two equal map keys and
    # any order.
    if _encoder.encode(record) != data:
        raise Rejected(MALFORMED, what=kind.__name__, reason="not canonical")
    return record  # type: ignore[no-any-return]


def to_json(data: bytes) -> bytes:
    """The same record as JSON for people: bytes become lower-case hex. It is never hashed."""
    return msgspec.json.encode(_for_people(untyped(data)))


def untyped(data: bytes) -> Any:
    """The MessagePack value without its type; MALFORMED when it is none."""
    if len(data) > STATE_VALUE_BYTES_MAX:
        raise Rejected(MALFORMED, what="record", reason="too long")
    try:
        return msgspec.msgpack.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Rejected(MALFORMED, what="record", reason="not MessagePack") from None


@lru_cache(maxsize=256)
def _decoder(kind: type[R]) -> Any:
    return msgspec.msgpack.Decoder(kind)


def _for_people(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {_for_people(key): _for_people(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_for_people(item) for item in value]
    return value
