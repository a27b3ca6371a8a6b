"""A request message from the JSON that somebody typed, taken in one reading only.

Protobuf's own reader takes more: 1e3 and 1.0 for whole numbers (and 9007199254740993.0 for another
one), full-width digits, 1_000, and both spellings of a field's name side by side. An amount that is
about to be signed is what was typed, or it is refused.
"""

import json
import re
from typing import Any, NoReturn

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,19}")
_INTEGERS = (
    FieldDescriptor.CPPTYPE_INT32,
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT32,
    FieldDescriptor.CPPTYPE_UINT64,
)


class NotThisRequest(Exception):
    """The JSON does not say one thing, or not of this message; the sentence says why."""


class _Number(str):
    """A number as it was typed."""


def read_request(text: str, message: Message) -> Message:
    """Fill the empty `message` from a JSON object. Raises NotThisRequest with a sentence."""
    try:
        typed = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_Number,
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except RecursionError:
        raise NotThisRequest("the JSON is nested too deeply") from None
    except ValueError as error:
        raise NotThisRequest(f"this is no JSON: {error}") from None
    if not isinstance(typed, dict):
        raise NotThisRequest("a JSON object is expected")
    _check(typed, message.DESCRIPTOR, "")
    try:
        return json_format.Parse(text, message)
    except json_format.ParseError as error:
        raise NotThisRequest(str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Members by name; `amountFen` and `amount_fen` are one name."""
    names = [name.replace("_", "").lower() for name, _ in pairs]
    for (name, _), plain in zip(pairs, names, strict=True):
        if names.count(plain) > 1:
            raise NotThisRequest(f"{name} is given twice")
    return dict(pairs)


def _refuse_number(text: str) -> NoReturn:
    raise NotThisRequest(f"{text[:40]} is not a whole number: money is counted in fen, time in ms")


def _check(typed: dict[str, Any], of: Any, above: str) -> None:
    """Whole numbers stand in their one form wherever the message's descriptor has an integer."""
    fields = {spelled: field for field in of.fields for spelled in (field.name, field.json_name)}
    for name, value in typed.items():
        field = fields.get(name)
        if field is None:
            continue  # the reader names it
        for one in value if isinstance(value, list) else [value]:
            if field.message_type is not None and isinstance(one, dict):
                _check(one, field.message_type, f"{above}{name}.")
            elif field.cpp_type in _INTEGERS and isinstance(one, str) and not _WHOLE.fullmatch(one):
                raise NotThisRequest(f"{above}{name}: {one[:40]} is not a whole number")
