"""What validators say to each other: the messages, the bytes they sign, their strict encoding.

All integers are big-endian; `lp` is a 4-byte length and that many bytes. A message is one kind byte
and its fields, nothing behind it. The bytes under signatures are the ledger's (`ledger.statements`,
`ledger.certificate`), because contracts and light clients check them too.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, NamedTuple

from consensus.codes import MESSAGE_MALFORMED
from faults import Misuse, PeerFault, Rejected
from ledger import statements
from ledger.certificate import committed_bytes, precommit_bytes
from ledger.codec import Reader, Writer
from ledger.limits import HASH_BYTES, PUBLIC_KEY_BYTES, ROUND_MAX, SIGNATURE_BYTES

MESSAGE_BYTES_MAX = 15 * 1024 * 1024
"""Longest message, in bytes: a block of 8 MiB with its certificate, below a frame's 16 MiB."""

BLOCK_BYTES_MAX = 14 * 1024 * 1024
SMALL_BYTES_MAX = 64 * 1024
PART_BYTES = 64 * 1024
"""A block travels in parts of this many bytes, the last one shorter."""

PARTS_MAX = BLOCK_BYTES_MAX // PART_BYTES
PATH_MAX = 8
"""Hashes from a part up to the root over `PARTS_MAX` of them."""

KEY_BYTES = PUBLIC_KEY_BYTES
NIL = b""
"""The block hash of a vote for no block."""

NO_ROUND = -1
"""`pol_round` of a fresh proposal, `locked_round` of an unlocked validator."""


class VoteKind(IntEnum):
    """The two votes of a round."""

    PREVOTE = 1
    PRECOMMIT = 2


@dataclass(frozen=True, slots=True)
class Proposal:
    """PROPOSAL(h, round, v, vr) of the paper, with the whole block: how core and log have it.

    `pol_round` is vr: the round whose two thirds of prevotes justify proposing v again, or -1.
    Between nodes it travels as a ProposalHead and Parts; the signature is the head's.
    """

    height: int
    round: int
    pol_round: int
    block_hash: bytes
    block: bytes
    proposer: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class ProposalHead:
    """A proposal without its block: its hash, in how many parts it travels, the root over them.

    `block_hash` is only a claim until the parts are together and `checks` compared them with it.
    """

    height: int
    round: int
    pol_round: int
    block_hash: bytes
    parts: int
    parts_root: bytes
    proposer: bytes
    signature: bytes

    @property
    def value(self) -> bytes:
        """What the proposer says in this round, as signed."""
        return statements.proposal_value(
            self.pol_round, self.block_hash, self.parts, self.parts_root
        )


@dataclass(frozen=True, slots=True)
class Part:
    """Part `index` of the `parts` of a block, with its path up to their root."""

    height: int
    parts_root: bytes
    parts: int
    index: int
    path: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class PartRequest:
    """Asks for parts under a root; bit i of `wanted` (byte i // 8, lowest bit first) is part i."""

    height: int
    parts_root: bytes
    parts: int
    wanted: bytes


@dataclass(frozen=True, slots=True)
class Vote:
    """PREVOTE or PRECOMMIT(h, round, id(v)); `block_hash` is NIL for no block."""

    kind: VoteKind
    height: int
    round: int
    block_hash: bytes
    validator: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Committed:
    """One validator's signature under COMMITTED(chain, height, block hash), after finalization."""

    height: int
    block_hash: bytes
    validator: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Status:
    """Where a node stands, so that peers can send exactly what it lacks.

    `prevotes` and `precommits` have bit i set when the node holds, for its round, a vote of the
    i-th validator by key. `height` is the height being decided: all below it are committed.
    """

    height: int
    round: int
    proposing: bool
    has_proposal: bool
    prevotes: int
    precommits: int


@dataclass(frozen=True, slots=True)
class BlockRequest:
    """Asks for decided blocks from `height` on, at most `count` of them."""

    height: int
    count: int


@dataclass(frozen=True, slots=True)
class BlockResponse:
    """One decided block with a certificate of either kind, as bytes of the ledger's encodings."""

    height: int
    block: bytes
    certificate: bytes


@dataclass(frozen=True, slots=True)
class CommittedCertificate:
    """A complete COMMITTED certificate for a node that is still collecting signatures."""

    height: int
    certificate: bytes


Message = (
    Proposal
    | ProposalHead
    | Part
    | PartRequest
    | Vote
    | Committed
    | Status
    | BlockRequest
    | BlockResponse
    | CommittedCertificate
)


def is_bulk(encoded: bytes) -> bool:
    """Whether a message may wait behind votes on the wire: block parts, blocks, what isn't ours."""
    made, _ = _LAYOUTS.get(encoded[0], (Part, ())) if encoded else (Part, ())
    return made in _BULK


def proposal_bytes(chain_id: str, head: ProposalHead) -> bytes:
    """The bytes a proposer signs."""
    return statements.proposal_bytes(chain_id, head.height, head.round, head.value)


def vote_bytes(
    chain_id: str, kind: VoteKind, height: int, round_number: int, block_hash: bytes
) -> bytes:
    """The bytes a validator signs for a vote; a precommit for a block is the ledger's PRECOMMIT."""
    if kind is VoteKind.PREVOTE:
        return statements.prevote_bytes(chain_id, height, round_number, block_hash)
    if block_hash == NIL:
        return statements.precommit_nil_bytes(chain_id, height, round_number)
    return precommit_bytes(chain_id, height, round_number, block_hash)


def committed_statement(chain_id: str, message: Committed) -> bytes:
    """The bytes signed by a COMMITTED message."""
    return committed_bytes(chain_id, message.height, message.block_hash)


def encode(message: Message) -> bytes:
    """The message as sent; Misuse if it is longer than any peer accepts."""
    number, forms = _NUMBERS[type(message)]
    writer = Writer().u8(number)
    for field, form in zip(fields(message), forms, strict=True):
        form.write(writer, getattr(message, field.name))
    encoded = writer.done()
    if len(encoded) > MESSAGE_BYTES_MAX:
        raise Misuse(f"a consensus message of {len(encoded)} bytes is longer than peers accept")
    return encoded


def decode(data: bytes) -> Message:
    """The message, or PeerFault(CONSENSUS_MESSAGE_MALFORMED): nothing about it is believed yet."""
    try:
        if len(data) > MESSAGE_BYTES_MAX:
            raise PeerFault(MESSAGE_MALFORMED, "too long")
        reader = Reader(data, "consensus message")
        made, forms = _LAYOUTS.get(reader.u8(), (None, ()))
        if made is None:
            raise reader.refusal("unknown kind")
        message: Message = made(*[form.read(reader) for form in forms])
        reader.end()
        _check(message, reader)
    except Rejected as refusal:
        raise PeerFault(MESSAGE_MALFORMED, refusal.fields.get("reason", "")) from None
    return message


def _check(message: Message, reader: Reader) -> None:
    """What the fields' forms alone do not say."""
    if isinstance(message, Proposal | ProposalHead):
        if not NO_ROUND <= message.pol_round < message.round <= ROUND_MAX:
            raise reader.refusal("a justification that is not from an earlier round")
    elif isinstance(message, Vote) and message.round > ROUND_MAX:
        raise reader.refusal("a round out of range")
    if isinstance(message, ProposalHead | Part | PartRequest):
        index = message.index if isinstance(message, Part) else 0
        if not index < message.parts <= PARTS_MAX:
            raise reader.refusal("a part out of range")


# ---- the wire: how each field of each message is written


class _Form(NamedTuple):
    write: Callable[[Writer, Any], object]
    read: Callable[[Reader], Any]


def _fixed(size: int) -> _Form:
    return _Form(lambda writer, value: writer.fixed(value, size), lambda reader: reader.fixed(size))


def _bytes(limit: int) -> _Form:
    return _Form(Writer.lp, lambda reader: reader.lp(limit))


def _read_flag(reader: Reader) -> bool:
    value = reader.u8()
    if value > 1:
        raise reader.refusal("a flag is 0 or 1")
    return value == 1


def _read_kind(reader: Reader) -> VoteKind:
    value = reader.u8()
    if value not in (VoteKind.PREVOTE, VoteKind.PRECOMMIT):
        raise reader.refusal("unknown vote kind")
    return VoteKind(value)


def _read_voted(reader: Reader) -> bytes:
    value = reader.lp(HASH_BYTES)
    if len(value) not in (0, HASH_BYTES):
        raise reader.refusal("a block hash of another length")
    return value


def _write_path(writer: Writer, path: tuple[bytes, ...]) -> None:
    writer.u32(len(path))
    for sibling in path:
        writer.fixed(sibling, HASH_BYTES)


def _read_path(reader: Reader) -> tuple[bytes, ...]:
    return tuple(reader.fixed(HASH_BYTES) for _ in range(reader.count(PATH_MAX)))


_U64, _U32 = _Form(Writer.u64, Reader.u64), _Form(Writer.u32, Reader.u32)
_FLAG, _KIND = _Form(Writer.u8, _read_flag), _Form(Writer.u8, _read_kind)
_POL = _Form(lambda writer, value: writer.u32(value + 1), lambda reader: reader.u32() - 1)
_HASH, _KEY, _SIGNATURE = _fixed(HASH_BYTES), _fixed(KEY_BYTES), _fixed(SIGNATURE_BYTES)
_VOTED, _PATH = _Form(Writer.lp, _read_voted), _Form(_write_path, _read_path)
_BLOCK, _SMALL = _bytes(BLOCK_BYTES_MAX), _bytes(SMALL_BYTES_MAX)
_AUTHOR = (_KEY, _SIGNATURE)

_LAYOUTS: Mapping[int, tuple[Callable[..., Message], tuple[_Form, ...]]] = {
    1: (Proposal, (_U64, _U32, _POL, _HASH, _BLOCK, *_AUTHOR)),
    2: (Vote, (_KIND, _U64, _U32, _VOTED, *_AUTHOR)),
    3: (Committed, (_U64, _HASH, *_AUTHOR)),
    4: (Status, (_U64, _U32, _FLAG, _FLAG, _U32, _U32)),
    5: (BlockRequest, (_U64, _U32)),
    6: (BlockResponse, (_U64, _BLOCK, _SMALL)),
    7: (CommittedCertificate, (_U64, _SMALL)),
    8: (ProposalHead, (_U64, _U32, _POL, _HASH, _U32, _HASH, *_AUTHOR)),
    9: (Part, (_U64, _HASH, _U32, _U32, _PATH, _bytes(PART_BYTES))),
    10: (PartRequest, (_U64, _HASH, _U32, _bytes(PARTS_MAX // 8))),
}
_NUMBERS = {made: (number, forms) for number, (made, forms) in _LAYOUTS.items()}
_BULK = (Proposal, BlockResponse, Part)
