"""What nodes say to each other to explain themselves; strict, small, and never trusted.

A message is the byte `KIND`, one byte for what it is, and its fields; integers are big-endian, `lp`
is a 4-byte length and that many bytes. It travels on the authenticated connections of consensus.
"""

from dataclasses import dataclass

from faults import PeerFault, Rejected, declare
from ledger.codec import Reader, Writer
from ledger.limits import HASH_BYTES, PUBLIC_KEY_BYTES, STATE_KEY_BYTES_MAX
from node.why.facts import Position
from node.why.write_sets import CHILDREN, LIST_MAX, Entry

KIND = 0x81
MESSAGE_BYTES_MAX = 32 * 1024
KEYS_MAX = 16
"""Differing keys that are looked for and told; the first ones are enough to know the contract."""

DIAGNOSIS_MALFORMED = declare(
    "DIAGNOSIS_MALFORMED",
    zh="对端发送的诊断消息不合格式，连接已断开",
    en="a peer sent a malformed diagnosis message; it was disconnected",
)

_STEPS = ("", "PROPOSE", "PREVOTE", "PRECOMMIT")


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for the time and the position; `token` comes back."""

    token: int


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer: the sender's clock, in ms since 1970, and where it stands."""

    token: int
    clock_ms: int
    position: Position


@dataclass(frozen=True, slots=True)
class Ask:
    """Asks for the write set of a block, below a hexadecimal prefix of the keys' hashes."""

    block_hash: bytes
    prefix: str


@dataclass(frozen=True, slots=True)
class Subtree:
    """The answer: both roots as computed there, and either 16 digests or a short list.

    `known` is False, and the rest empty, when that node has not executed the block or forgot it.
    """

    block_hash: bytes
    prefix: str
    known: bool = False
    state_root: bytes = bytes(HASH_BYTES)
    receipts_root: bytes = bytes(HASH_BYTES)
    children: tuple[bytes, ...] = ()
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Tells everybody that the sender's results for a block differ from its proposer's."""

    height: int
    block_hash: bytes
    proposer: bytes
    state_root: bytes
    receipts_root: bytes
    found: int
    keys: tuple[str, ...]


Message = Ping | Pong | Ask | Subtree | Finding

_PING, _PONG, _ASK, _SUBTREE, _FINDING = range(1, 6)


def encode(message: Message) -> bytes:
    """The message as sent."""
    writer = Writer().u8(KIND)
    match message:
        case Ping():
            writer.u8(_PING).u64(message.token)
        case Pong():
            position = message.position
            writer.u8(_PONG).u64(message.token).u64(message.clock_ms)
            writer.u64(position.height).u32(position.round)
            writer.u8(_STEPS.index(position.step)).u8(position.signs)
        case Ask():
            writer.u8(_ASK).fixed(message.block_hash, HASH_BYTES).text(message.prefix)
        case Subtree():
            _write_subtree(writer.u8(_SUBTREE), message)
        case Finding():
            writer.u8(_FINDING).u64(message.height).fixed(message.block_hash, HASH_BYTES)
            writer.fixed(message.proposer, PUBLIC_KEY_BYTES)
            writer.fixed(message.state_root, HASH_BYTES)
            writer.fixed(message.receipts_root, HASH_BYTES)
            writer.u32(message.found).u32(len(message.keys))
            for key in message.keys:
                writer.text(key)
    return writer.done()


def _write_subtree(writer: Writer, message: Subtree) -> None:
    writer.fixed(message.block_hash, HASH_BYTES).text(message.prefix).u8(message.known)
    writer.fixed(message.state_root, HASH_BYTES).fixed(message.receipts_root, HASH_BYTES)
    writer.u32(len(message.children))
    for digest in message.children:
        writer.fixed(digest, HASH_BYTES)
    writer.u32(len(message.entries))
    for key, digest in message.entries:
        writer.text(key).fixed(digest, HASH_BYTES)


def decode(data: bytes) -> Message:
    """The message, or PeerFault(DIAGNOSIS_MALFORMED)."""
    try:
        reader = Reader(data, "diagnosis message", limit=MESSAGE_BYTES_MAX)
        if reader.u8() != KIND:
            raise reader.refusal("another kind")
        message = _read(reader.u8(), reader)
        reader.end()
    except Rejected as refused:
        raise PeerFault(DIAGNOSIS_MALFORMED, refused.fields.get("reason", "")) from None
    return message


def _read(kind: int, reader: Reader) -> Message:
    if kind == _PING:
        return Ping(reader.u64())
    if kind == _PONG:
        return Pong(reader.u64(), reader.u64(), _read_position(reader))
    if kind == _ASK:
        return Ask(reader.fixed(HASH_BYTES), _read_prefix(reader))
    if kind == _SUBTREE:
        return Subtree(
            reader.fixed(HASH_BYTES),
            _read_prefix(reader),
            _flag(reader),
            reader.fixed(HASH_BYTES),
            reader.fixed(HASH_BYTES),
            _read_children(reader),
            _read_entries(reader),
        )
    if kind == _FINDING:
        return Finding(
            reader.u64(),
            reader.fixed(HASH_BYTES),
            reader.fixed(PUBLIC_KEY_BYTES),
            reader.fixed(HASH_BYTES),
            reader.fixed(HASH_BYTES),
            reader.u32(),
            tuple(_read_key(reader) for _ in range(reader.count(KEYS_MAX))),
        )
    raise reader.refusal("unknown kind")


def _read_position(reader: Reader) -> Position:
    height, round_number, step = reader.u64(), reader.u32(), reader.u8()
    if step >= len(_STEPS):
        raise reader.refusal("unknown step")
    return Position(height, round_number, _STEPS[step], _flag(reader))


def _read_prefix(reader: Reader) -> str:
    prefix = reader.text(2 * HASH_BYTES)
    if any(digit not in CHILDREN for digit in prefix):
        raise reader.refusal("a prefix is hexadecimal")
    return prefix


def _read_children(reader: Reader) -> tuple[bytes, ...]:
    count = reader.count(len(CHILDREN))
    if count not in (0, len(CHILDREN)):
        raise reader.refusal("a subtree has 16 children or none")
    return tuple(reader.fixed(HASH_BYTES) for _ in range(count))


def _read_entries(reader: Reader) -> tuple[Entry, ...]:
    count = reader.count(LIST_MAX)
    return tuple((_read_key(reader), reader.fixed(HASH_BYTES)) for _ in range(count))


def _read_key(reader: Reader) -> str:
    key = reader.text(STATE_KEY_BYTES_MAX)
    if not key.isprintable():  # it is shown on terminals and in logs
        raise reader.refusal("a key has characters that can't be shown")
    return key


def _flag(reader: Reader) -> bool:
    value = reader.u8()
    if value > 1:
        raise reader.refusal("a flag is 0 or 1")
    return value == 1
