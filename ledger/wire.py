"""Protobuf wire bytes read strictly: what one reader would keep and another drop is refused.

protobuf keeps unknown fields and lets the last of two equal ones win: two ways to show a signer one
thing and apply another.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from faults import Rejected
from ledger.codes import MALFORMED

VARINT, BYTES = 0, 2
FLAG = -1
"""A varint that is 1 wherever it stands at all."""

Fields = Mapping[int, tuple[int, bool]]
"""Field number -> (wire type or FLAG, whether it may repeat)."""


@dataclass(frozen=True, slots=True)
class WireField:
    """One field: from its tag at `begin` to before `end`; its bytes begin at `content`.

    `value` is the number of a varint field, the length of a byte string.
    """

    number: int
    wire_type: int
    begin: int
    content: int
    end: int
    value: int


def scan(data: bytes, fields: Fields, what: str) -> None:
    """Refuse unknown fields, other wire types, a repeated single field and padded numbers.

    Raises Rejected(MALFORMED) that names `what`.
    """
    seen: set[int] = set()
    for field in wire_fields(data, what):
        expected = fields.get(field.number)
        if expected is None:
            raise malformed(what, "unknown field")
        if field.wire_type != (VARINT if expected[0] == FLAG else expected[0]):
            raise malformed(what, "wrong wire type")
        if expected[0] == FLAG and field.value != 1:
            raise malformed(what, "a flag that is not 1")
        if field.number in seen and not expected[1]:
            raise malformed(what, "repeated field")
        seen.add(field.number)


def wire_fields(data: bytes, what: str) -> Iterator[WireField]:
    """The fields in their order; only varints and byte strings are known here."""
    offset = 0
    while offset < len(data):
        begin = offset
        tag, offset = _read_varint(data, offset, what)
        number, wire_type = tag >> 3, tag & 7
        value, offset = _read_varint(data, offset, what)
        content = offset
        if wire_type == BYTES:
            offset += value
        elif wire_type != VARINT:
            raise malformed(what, "wrong wire type")
        if offset > len(data):
            raise malformed(what, "truncated")
        yield WireField(number, wire_type, begin, content, offset, value)


def varint(value: int) -> bytes:
    """A number in its minimal form."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def malformed(what: str, reason: str) -> Rejected:
    """The refusal of a part."""
    return Rejected(MALFORMED, what=what, reason=reason)


def _read_varint(data: bytes, offset: int, what: str) -> tuple[int, int]:
    value = shift = 0
    while True:
        if offset >= len(data) or shift > 63:
            raise malformed(what, "truncated" if shift <= 63 else "number too long")
        byte = data[offset]
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if shift and not byte:
                raise malformed(what, "number not in minimal form")
            return value, offset
        shift += 7
