"""What the comments of proto/ say: of services, rpcs, messages and fields.

Protobuf's own compiler reads them, so a comment belongs to what it stands at.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parents[3]
_MESSAGE, _SERVICE, _FIELD, _METHOD = 4, 6, 2, 2  # field numbers of descriptor.proto
_SCALARS = {
    number: name.removeprefix("TYPE_").lower() for name, number in FieldDescriptorProto.Type.items()
}


@dataclass(frozen=True)
class Field:
    """A field of a message as the reference shows it."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class Reference:
    """Comments by full name, and every message's fields."""

    comments: dict[str, str]
    fields: dict[str, list[Field]]


@lru_cache(maxsize=1)
def reference() -> Reference:
    """The reference of every file in proto/ and proto/api/."""
    found = Reference({}, {})
    for file in _described().file:
        if file.name.startswith("proto/"):
            _read(file, found)
    return found


def _described() -> FileDescriptorSet:
    sources = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "proto").rglob("*.proto"))]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "described"
        options = [f"-I{ROOT}", "--include_source_info", f"--descriptor_set_out={out}"]
        status = protoc.main(["protoc", *options, *sources])
        assert status == 0, "the files of proto/ don't compile"
        return FileDescriptorSet.FromString(out.read_bytes())


def _read(file: FileDescriptorProto, found: Reference) -> None:
    said = {
        tuple(place.path): (place.leading_comments or place.trailing_comments)
        for place in file.source_code_info.location
    }
    for number, message in enumerate(file.message_type):
        name = f"{file.package}.{message.name}"
        found.comments[name] = _line(said.get((_MESSAGE, number), ""))
        found.fields[name] = [
            Field(
                one.name, _type(message, one), _line(said.get((_MESSAGE, number, _FIELD, at), ""))
            )
            for at, one in enumerate(message.field)
        ]
    for number, service in enumerate(file.service):
        name = f"{file.package}.{service.name}"
        found.comments[name] = _line(said.get((_SERVICE, number), ""))
        for at, rpc in enumerate(service.method):
            place = (_SERVICE, number, _METHOD, at)
            found.comments[f"{name}.{rpc.name}"] = _line(said.get(place, ""))


def _places(
    message: DescriptorProto, number: int
) -> Iterator[tuple[FieldDescriptorProto, tuple[int, ...]]]:
    for at, field in enumerate(message.field):
        yield field, (_MESSAGE, number, _FIELD, at)


def _line(comment: str) -> str:
    return " ".join(comment.split())


def _type(message: DescriptorProto, field: FieldDescriptorProto) -> str:
    repeated = field.label == FieldDescriptorProto.LABEL_REPEATED
    if field.type != FieldDescriptorProto.TYPE_MESSAGE:
        name = _SCALARS[field.type]
        return f"repeated {name}" if repeated else name
    short = field.type_name.rsplit(".", 1)[1]
    for entry in message.nested_type:
        if entry.options.map_entry and entry.name == short:
            key, value = (_type(entry, one) for one in entry.field)
            return f"map of {key} to {value}"
    return f"repeated {short}" if repeated else short
