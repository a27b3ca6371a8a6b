"""A correct request with one thing wrong: each field in turn, however deep it stands."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

LONG = 10_000
PERSON = "测试甲"
MANY = 1_200
INTEGERS: dict[int, tuple[int, int]] = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_SINT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_SINT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
}

# Never a value of any text field, whatever the field means.
NO_TEXT = {
    "over-long": "7" * LONG,
    "NUL": "a\x00b",
    "line feed": "a\nb",
    "escape": "a\x1b[31mb",
    "C1 control": "a\x9bb",
    "bidi override": "a\u202eb",
    "bidi isolate": "a\u2066b",
    "zero width": "a\u200bb",
    "byte order mark": "\ufeffab",
    "line separator": "a\u2028b",
    "private use": "a\ue000b",
    "no character": "a\ufffeb",
}
# A value of some text fields: then the answer is OK or documented, never an accident.
ODD_TEXT = {
    "empty": "",
    "no such word": "no_such_value",
    "upper case": "NO_SUCH_VALUE",
    "full width": "１２３４５６７８",
    "path": "../../etc/passwd",
    "slash": "bill/46060124-0000000001",
    "blanks": "   ",
    "exponent": "1e3",
    "not a number": "NaN",
    "negative zero": "-0",
    "leading zero": "007",
    "impossible day": "20230229",
    "markup": "<script>alert(1)</script>",
    "astral": "𠮷" * 40,
    "a person": PERSON,
}
# What is sealed and what is proved is as long as it is (the stage's proofs are not looked at).
TAKEN_BYTES = (
    ("ciphertext", "over-long"),
    ("proof", "over-long"),
    ("proof", "one byte"),
    ("wrapped", "one byte"),
)
NO_BYTES = {"one byte": b"\x04", "over-long": b"\x04" * LONG}
ODD_BYTES = {"empty": b"", "a point at infinity": b"\x04" + bytes(64), "zeros": bytes(32)}


@dataclass(frozen=True)
class Spoiled:
    """A request with one thing wrong. `must`: no such request is ever correct."""

    path: str
    how: str
    request: Message
    must: bool


def spoiled(request: Message) -> Iterator[Spoiled]:
    """Every field of the request in turn, with each of the wrong values of its type."""
    for place in _places(request, ()):
        yield from _at(request, place)


Place = tuple[tuple[Any, int], ...]  # a field's descriptor, and which of its elements


def path_of(place: Place) -> str:
    return ".".join(field.name for field, _ in place)


def _places(message: Message, above: Place) -> Iterator[Place]:
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        if field.is_repeated:
            yield (*above, (field, -1))
            for index, one in enumerate(value[:1] if len(value) > 20 else value):
                yield from _inside(field, one, (*above, (field, index)))
        elif field.message_type is None or message.HasField(field.name):
            yield from _inside(field, value, (*above, (field, 0)))


def _inside(field: Any, value: Any, place: Place) -> Iterator[Place]:
    yield place
    if field.message_type is not None:
        yield from _places(value, place)


def _at(request: Message, place: Place) -> Iterator[Spoiled]:
    field, index = place[-1]
    path = path_of(place)

    def one(how: str, change: Callable[[Message], None], must: bool = False) -> Spoiled:
        copy = type(request)()
        copy.CopyFrom(request)
        change(_parent(copy, place))
        return Spoiled(path, how, copy, must)

    def put(value: Any) -> Callable[[Message], None]:
        return lambda parent: _put(parent, field, index, value)

    if index == -1:
        yield one("empty list", lambda parent: parent.ClearField(field.name))
        yield one("every element twice", lambda parent: _repeat(parent, field, 2))
        yield one("too many elements", lambda parent: _repeat(parent, field, MANY))
    elif field.message_type is not None:
        yield one("left out", lambda parent: _leave_out(parent, field, index))
    elif field.type == FieldDescriptor.TYPE_STRING:
        yield from (one(how, put(value), True) for how, value in NO_TEXT.items())
        yield from (one(how, put(value)) for how, value in ODD_TEXT.items())
    elif field.type == FieldDescriptor.TYPE_BYTES:
        for how, value in NO_BYTES.items():
            yield one(how, put(value), (field.name, how) not in TAKEN_BYTES)
        yield from (one(how, put(value)) for how, value in ODD_BYTES.items())
    elif field.type in INTEGERS:
        least, most = INTEGERS[field.type]
        yield one("huge", put(most), True)
        if least:
            yield one("hugely negative", put(least), True)
            yield one("negative", put(-1), True)
        yield one("zero", put(0))
        yield one("a trillion", put(min(10**12, most)))


def _parent(message: Message, place: Place) -> Message:
    for field, index in place[:-1]:
        value = getattr(message, field.name)
        message = value[index] if field.is_repeated else value
    return message


def _put(parent: Message, field: FieldDescriptor, index: int, value: Any) -> None:
    if field.is_repeated:
        getattr(parent, field.name)[index] = value
    else:
        setattr(parent, field.name, value)


def _repeat(parent: Message, field: FieldDescriptor, times: int) -> None:
    values = getattr(parent, field.name)
    copies = list(values) * (times - 1) or [_fresh(field)] * times
    values.extend(copies[: MANY + 1])


def _fresh(field: FieldDescriptor) -> Any:
    if field.message_type is not None:
        return GetMessageClass(field.message_type)()
    return {FieldDescriptor.TYPE_STRING: "x", FieldDescriptor.TYPE_BYTES: b"x"}.get(field.type, 1)


def _leave_out(parent: Message, field: FieldDescriptor, index: int) -> None:
    if field.is_repeated:
        del getattr(parent, field.name)[index]
    else:
        parent.ClearField(field.name)


def misencoded(request: Message) -> dict[str, bytes]:
    """Bytes that are not the request in its one form, though some readers would take them."""
    raw = request.SerializeToString(deterministic=True)
    first, _ = request.ListFields()[0]
    found = {
        "trailing zero": raw + b"\x00",
        "cut short": raw[:-1],
        "an unknown field": raw + b"\xa2\x06\x03abc",
        "an unknown number": raw + b"\xf8\x3f\x01",
        "a group": raw + b"\xa3\x06\xa4\x06",
        "a padded length": _padded(raw),
        "noise": b"\xff" * 20,
    }
    if not first.is_repeated:
        found["the first field twice"] = raw[: _first_field_end(raw)] + raw
    if first.type == FieldDescriptor.TYPE_STRING:
        found["not UTF-8"] = raw[:1] + b"\x02\xff\xfe"
    return found


def oversized(request: Message) -> bytes:
    """The request with an unknown field of ten megabytes."""
    raw = request.SerializeToString(deterministic=True)
    return raw + b"\xa2\x06\x80\xad\xe2\x04" + bytes(10_000_000)


def _first_field_end(raw: bytes) -> int:
    if raw[0] & 7 == 2 and raw[1] < 0x80:
        return 2 + raw[1]
    if raw[0] & 7 == 2:
        return 3 + (raw[1] & 0x7F) + (raw[2] << 7)
    return 2


def _padded(raw: bytes) -> bytes:
    """The second byte, a length or a small number, as a varint that is one byte too long."""
    end = 1
    while raw[end] & 0x80:
        end += 1
    return raw[:end] + bytes([raw[end] | 0x80, 0]) + raw[end + 1 :]
