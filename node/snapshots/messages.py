"""What nodes say to each other about snapshots: kind byte 0x82, a number, the fields.

Requests name the snapshot by its height; answers repeat the question. An empty content means that
the peer does not have it (any more).
"""

from dataclasses import dataclass
from enum import IntEnum

from faults import PeerFault, Rejected
from ledger.codec import Reader, Writer
from ledger.limits import STATE_KEY_BYTES_MAX
from node.snapshots.codes import SNAPSHOT_MALFORMED

KIND = 0x82
"""First byte: consensus messages begin with other ones, so do transactions and diagnosis."""

CONTENT_BYTES_MAX = 15 * 1024 * 1024
"""Below a frame's 16 MiB."""

OFFERS_MAX = 16

_ASK_OFFERS, _OFFERS, _ASK_HEAD, _HEAD, _ASK_PART, _PART = range(1, 7)


class Part(IntEnum):
    """The sorts of parts."""

    STATE = 1
    """What stands at path `name`."""
    TRACE = 2
    """Events of the object `name`, the last of them being number `last` - 1."""
    BLOCKS = 3
    """Blocks from `first` on, at most up to `last`."""
    RECEIPTS = 4
    """Receipts of the blocks from `first` on, at most up to `last`."""


@dataclass(frozen=True, slots=True)
class PartName:
    """Names one part of a snapshot; what isn't said about its sort is empty or 0."""

    part: Part
    name: str = ""
    first: int = 0
    last: int = 0

    def encode(self) -> bytes:
        """Canonical bytes: u8 sort, name, u64 first, u64 last."""
        return Writer().u8(self.part).text(self.name).u64(self.first).u64(self.last).done()

    @staticmethod
    def read(reader: Reader) -> "PartName":
        """Read `encode`'s bytes; MALFORMED otherwise."""
        sort = reader.u8()
        if sort not in Part._value2member_map_:
            raise reader.refusal("unknown part")
        name = reader.text(STATE_KEY_BYTES_MAX)
        return PartName(Part(sort), name, reader.u64(), reader.u64())


@dataclass(frozen=True, slots=True)
class AskOffers:
    """Which snapshots do you have?"""


@dataclass(frozen=True, slots=True)
class Offers:
    """The heights of the sender's snapshots, ascending."""

    heights: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AskHead:
    """Show me the head of the snapshot at `height`."""

    height: int


@dataclass(frozen=True, slots=True)
class HeadAnswer:
    """The head (node/snapshots/head.py)."""

    height: int
    content: bytes


@dataclass(frozen=True, slots=True)
class AskPart:
    """Give me a part of the snapshot at `height`."""

    height: int
    part: PartName


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """The part (node/snapshots/parts.py)."""

    height: int
    part: PartName
    content: bytes


Message = AskOffers | Offers | AskHead | HeadAnswer | AskPart | PartAnswer


def encode(message: Message) -> bytes:
    """The message as sent."""
    writer = Writer().u8(KIND)
    match message:
        case AskOffers():
            writer.u8(_ASK_OFFERS)
        case Offers():
            writer.u8(_OFFERS).u32(len(message.heights))
            for height in message.heights:
                writer.u64(height)
        case AskHead():
            writer.u8(_ASK_HEAD).u64(message.height)
        case HeadAnswer():
            writer.u8(_HEAD).u64(message.height).lp(message.content)
        case AskPart():
            writer.u8(_ASK_PART).u64(message.height).lp(message.part.encode())
        case PartAnswer():
            writer.u8(_PART).u64(message.height).lp(message.part.encode()).lp(message.content)
    return writer.done()


def decode(data: bytes) -> Message:
    """The message, or PeerFault(SNAPSHOT_MALFORMED)."""
    try:
        reader = Reader(data, "snapshot message", limit=CONTENT_BYTES_MAX + 1024)
        if reader.u8() != KIND:
            raise reader.refusal("another kind")
        message = _read(reader.u8(), reader)
        reader.end()
    except Rejected as refused:
        raise PeerFault(SNAPSHOT_MALFORMED, refused.fields.get("reason", "")) from None
    return message


def _read(number: int, reader: Reader) -> Message:
    if number == _ASK_OFFERS:
        return AskOffers()
    if number == _OFFERS:
        return Offers(tuple(reader.u64() for _ in range(reader.count(OFFERS_MAX))))
    if number == _ASK_HEAD:
        return AskHead(reader.u64())
    if number == _HEAD:
        return HeadAnswer(reader.u64(), reader.lp(CONTENT_BYTES_MAX))
    if number == _ASK_PART:
        return AskPart(reader.u64(), _part_name(reader))
    if number == _PART:
        return PartAnswer(reader.u64(), _part_name(reader), reader.lp(CONTENT_BYTES_MAX))
    raise reader.refusal("unknown message")


def _part_name(reader: Reader) -> PartName:
    inner = Reader(reader.lp(512), "snapshot part name")
    name = PartName.read(inner)
    inner.end()
    return name
