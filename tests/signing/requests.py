"""Request messages as a list of fields, which a program without generated code can encode.

A field is {"number", "name"} and one of "text", "bytes" (hex), "integer" (decimal digits:
JSON's numbers end at 2^53) or "message" (a list of fields); an element of a repeated field says
"repeated": true.
"""

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

Field = dict[str, Any]


def fields_of(message: Message) -> list[Field]:
    """Every field of the message, ascending; single ones that are not set come as zero or empty."""
    listed: list[Field] = []
    described: Any = message.DESCRIPTOR.fields
    for field in sorted(described, key=lambda one: one.number):
        value = getattr(message, field.name)
        if field.is_repeated:
            listed += [{**_field(field, one), "repeated": True} for one in value]
        elif field.type != FieldDescriptor.TYPE_MESSAGE or message.HasField(field.name):
            listed.append(_field(field, value))
    return listed


def fill(message: Message, fields: list[Field]) -> Message:
    """The message that the fields describe: `fields_of` undone, by the names."""
    for one in fields:
        field = message.DESCRIPTOR.fields_by_name[one["name"]]
        assert field.number == one["number"]
        if "message" in one:
            held = getattr(message, one["name"])
            fill(held.add() if field.is_repeated else held, one["message"])
            if not field.is_repeated:
                held.SetInParent()
        elif field.is_repeated:
            getattr(message, one["name"]).append(_value(one))
        else:
            setattr(message, one["name"], _value(one))
    return message


def _field(field: FieldDescriptor, value: Any) -> Field:
    head: Field = {"number": field.number, "name": field.name}
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return {**head, "message": fields_of(value)}
    if field.type == FieldDescriptor.TYPE_STRING:
        return {**head, "text": value}
    if field.type == FieldDescriptor.TYPE_BYTES:
        return {**head, "bytes": value.hex()}
    return {**head, "integer": str(int(value))}


def _value(one: Field) -> str | bytes | int:
    if "text" in one:
        return str(one["text"])
    return bytes.fromhex(one["bytes"]) if "bytes" in one else int(one["integer"])
