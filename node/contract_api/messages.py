"""Records as protobuf messages and back: the fields have the same names on both sides."""

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
from google.protobuf.message import Message

from ledger.records import Record

R = TypeVar("R", bound=Record)


def fill(message: Message, record: Record) -> None:
    """Set the fields of `message` from the record's, nested ones too.

    What is None on the record stays unset; pairs become a map.
    """
    for field in message.DESCRIPTOR.fields:
        value = getattr(record, field.name)
        if value is None:
            continue
        if not field.is_repeated:
            _set(message, field.name, value)
        elif _is_map(field):
            getattr(message, field.name).update(dict(value))
        else:
            _extend(getattr(message, field.name), value)


def record_of(cls: type[R], message: Message) -> R:
    """The record that the message's fields make; `cls` has nothing but them."""
    values: dict[str, Any] = {}
    kinds = {one.name: one.type for one in msgspec.structs.fields(cls)}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.is_repeated:
            values[field.name] = tuple(_value(kinds[field.name], one) for one in value)
        else:
            values[field.name] = _value(kinds[field.name], value)
    return cls(**values)


def _set(message: Message, name: str, value: object) -> None:
    if isinstance(value, Record):
        part = getattr(message, name)
        part.SetInParent()
        fill(part, value)
    else:
        setattr(message, name, value)


def _extend(container: Any, values: Iterable[object]) -> None:
    for value in values:
        if isinstance(value, Record):
            fill(container.add(), value)
        else:
            container.append(value)


def _is_map(field: Any) -> bool:
    entry = field.message_type
    return entry is not None and bool(entry.GetOptions().map_entry)


def _value(kind: Any, value: Any) -> Any:
    if not isinstance(value, Message):
        return value
    inner = kind.__args__[0] if hasattr(kind, "__args__") else kind
    return record_of(inner, value)
