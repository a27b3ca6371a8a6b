"""What validators say to each other: the messages, the bytes they sign, their strict encoding.

All integers are big-endian; `lp` is a 4-byte length and that many bytes. A message is one kind byte
and its fields, nothing behind it. Signed statements: proposals and prevotes here, precommits and
COMMITTED in `ledger.certificate`, because those two outlive the round and become certificates.
"""

from dataclasses import dataclass
from enum import IntEnum

from consensus.codes import MESSAGE_MALFORMED
from crypto.domain import tagged
from faults import Misuse, PeerFault, Rejected
from ledger.certificate import committed_bytes, precommit_bytes
from ledger.codec import Reader, Writer
from ledger.limits import HASH_BYTES, PUBLIC_KEY_BYTES, ROUND_MAX, SIGNATURE_BYTES

MESSAGE_BYTES_MAX = 15 * 1024 * 1024
"""Longest message, in bytes: a block of 8 MiB with its certificate, below a frame's 16 MiB."""

BLOCK_BYTES_MAX = 14 * 1024 * 1024
SMALL_BYTES_MAX = 64 * 1024
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
    """PROPOSAL(h, round, v, vr) of the paper, with the whole block.

    `pol_round` is vr: the round whose two thirds of prevotes justify proposing v again, or -1.
    `block_hash` is only a claim until `checks` compared it with `block`.
    """

    height: int
    round: int
    pol_round: int
    block_hash: bytes
    block: bytes
    proposer: bytes
    signature: bytes


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


Message = Proposal | Vote | Committed | Status | BlockRequest | BlockResponse | CommittedCertificate

_PROPOSAL, _VOTE, _COMMITTED, _STATUS, _REQUEST, _RESPONSE, _CERTIFICATE = range(1, 8)


def proposal_bytes(
    chain_id: str, height: int, round_number: int, pol_round: int, block_hash: bytes
) -> bytes:
    """The bytes a proposer signs, under the tag `yilian/proposal/v1`."""
    writer = Writer().text(chain_id).u64(height).u32(round_number).u32(pol_round + 1)
    return tagged("yilian/proposal/v1", writer.lp(block_hash).done())


def vote_bytes(
    chain_id: str, kind: VoteKind, height: int, round_number: int, block_hash: bytes
) -> bytes:
    """The bytes a validator signs for a vote.

    A precommit for a block is the ledger's statement; one for no block has a tag of its own, so
    that nothing but a decision can ever stand in a certificate.
    """
    if kind is VoteKind.PRECOMMIT and block_hash != NIL:
        return precommit_bytes(chain_id, height, round_number, block_hash)
    writer = Writer().text(chain_id).u64(height).u32(round_number).lp(block_hash)
    tag = "yilian/prevote/v1" if kind is VoteKind.PREVOTE else "yilian/precommit-nil/v1"
    return tagged(tag, writer.done())


def committed_statement(chain_id: str, message: Committed) -> bytes:
    """The bytes signed by a COMMITTED message."""
    return committed_bytes(chain_id, message.height, message.block_hash)


def encode(message: Message) -> bytes:
    """The message as sent; Misuse if it is longer than any peer accepts."""
    encoded = _written(message).done()
    if len(encoded) > MESSAGE_BYTES_MAX:
        raise Misuse(f"a consensus message of {len(encoded)} bytes is longer than peers accept")
    return encoded


def decode(data: bytes) -> Message:
    """The message, or PeerFault(CONSENSUS_MESSAGE_MALFORMED): nothing about it is believed yet."""
    try:
        if len(data) > MESSAGE_BYTES_MAX:
            raise PeerFault(MESSAGE_MALFORMED, "too long")
        reader = Reader(data, "consensus message")
        message = _read(reader.u8(), reader)
        reader.end()
    except Rejected as refusal:
        raise PeerFault(MESSAGE_MALFORMED, refusal.fields.get("reason", "")) from None
    return message


def _written(message: Message) -> Writer:
    writer = Writer()
    match message:
        case Proposal():
            writer.u8(_PROPOSAL).u64(message.height).u32(message.round)
            writer.u32(message.pol_round + 1).fixed(message.block_hash, HASH_BYTES)
            writer.lp(message.block).fixed(message.proposer, KEY_BYTES)
            return writer.fixed(message.signature, SIGNATURE_BYTES)
        case Vote():
            writer.u8(_VOTE).u8(message.kind).u64(message.height).u32(message.round)
            writer.lp(message.block_hash).fixed(message.validator, KEY_BYTES)
            return writer.fixed(message.signature, SIGNATURE_BYTES)
        case Committed():
            writer.u8(_COMMITTED).u64(message.height).fixed(message.block_hash, HASH_BYTES)
            writer.fixed(message.validator, KEY_BYTES)
            return writer.fixed(message.signature, SIGNATURE_BYTES)
        case Status():
            writer.u8(_STATUS).u64(message.height).u32(message.round)
            writer.u8(message.proposing).u8(message.has_proposal)
            return writer.u32(message.prevotes).u32(message.precommits)
        case BlockRequest():
            return writer.u8(_REQUEST).u64(message.height).u32(message.count)
        case BlockResponse():
            writer.u8(_RESPONSE).u64(message.height).lp(message.block)
            return writer.lp(message.certificate)
        case CommittedCertificate():
            return writer.u8(_CERTIFICATE).u64(message.height).lp(message.certificate)


def _read(kind: int, reader: Reader) -> Message:
    if kind == _PROPOSAL:
        return _read_proposal(reader)
    if kind == _VOTE:
        return _read_vote(reader)
    if kind == _COMMITTED:
        return Committed(
            reader.u64(),
            reader.fixed(HASH_BYTES),
            reader.fixed(KEY_BYTES),
            reader.fixed(SIGNATURE_BYTES),
        )
    if kind == _STATUS:
        height, round_number = reader.u64(), reader.u32()
        proposing, has_proposal = _flag(reader), _flag(reader)
        return Status(height, round_number, proposing, has_proposal, reader.u32(), reader.u32())
    if kind == _REQUEST:
        return BlockRequest(reader.u64(), reader.u32())
    if kind == _RESPONSE:
        return BlockResponse(reader.u64(), reader.lp(BLOCK_BYTES_MAX), reader.lp(SMALL_BYTES_MAX))
    if kind == _CERTIFICATE:
        return CommittedCertificate(reader.u64(), reader.lp(SMALL_BYTES_MAX))
    raise reader.refusal("unknown kind")


def _read_proposal(reader: Reader) -> Proposal:
    height, round_number, pol_round = reader.u64(), reader.u32(), reader.u32() - 1
    if not NO_ROUND <= pol_round < round_number <= ROUND_MAX:
        raise reader.refusal("a justification that is not from an earlier round")
    block_hash, block = reader.fixed(HASH_BYTES), reader.lp(BLOCK_BYTES_MAX)
    proposer, signature = reader.fixed(KEY_BYTES), reader.fixed(SIGNATURE_BYTES)
    return Proposal(height, round_number, pol_round, block_hash, block, proposer, signature)


def _read_vote(reader: Reader) -> Vote:
    kind = reader.u8()
    if kind not in (VoteKind.PREVOTE, VoteKind.PRECOMMIT):
        raise reader.refusal("unknown vote kind")
    height, round_number, block_hash = reader.u64(), reader.u32(), reader.lp(HASH_BYTES)
    if round_number > ROUND_MAX:
        raise reader.refusal("a round out of range")
    if len(block_hash) not in (0, HASH_BYTES):
        raise reader.refusal("a block hash of another length")
    validator, signature = reader.fixed(KEY_BYTES), reader.fixed(SIGNATURE_BYTES)
    return Vote(VoteKind(kind), height, round_number, block_hash, validator, signature)


def _flag(reader: Reader) -> bool:
    value = reader.u8()
    if value > 1:
        raise reader.refusal("a flag is 0 or 1")
    return value == 1
