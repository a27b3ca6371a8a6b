"""What the router checks and builds itself: carriage against its proof, and transaction bodies.

The chain verifies everything again. Checking here saves a refused transaction, and keeps the router
from signing what it was not asked for.
"""

from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from faults import Rejected
from ledger.commitment import pcommit_of
from ledger.evidence import StateEvidence
from ledger.limits import WINDOW
from ledger.packet import Packet, outbox_key
from proto.contracts_pb2 import AcknowledgeRequest, DeliverRequest
from proto.transaction_pb2 import TxBody
from router.codes import BAD_CARRIAGE, UNEXPECTED_BODY
from router.messages import Carried
from router.views import PENDING, outbox_view

M = TypeVar("M", bound=Message)

# What a custodian may have a router sign besides the delivery: nothing but the account it goes to.
BESIDES_DELIVERY = frozenset({("account", "open"), ("account", "attach")})
# Bodies live this many blocks: long enough to wait for a block, short enough to be forgotten.
BODY_BLOCKS = 100


def check_carriage(packet: Packet, carried: Carried) -> None:
    """The proof must be about the outbox leaf that holds exactly this packet, still pending."""
    evidence = StateEvidence.decode(carried.proof)
    leaf = outbox_key(packet.channel, packet.epoch, packet.sequence)
    if evidence.header.chain_id != packet.source or evidence.key != leaf:
        raise Rejected(BAD_CARRIAGE, sequence=packet.sequence)
    entry = outbox_view(evidence.value or b"")
    if entry.status != PENDING or entry.packet != carried.packet:
        raise Rejected(BAD_CARRIAGE, sequence=packet.sequence)


def check_bodies(
    bodies: tuple[bytes, ...], *, chain_id: str, signer: bytes, height: int, carried: Carried
) -> None:
    """Raise Rejected(ROUTER_UNEXPECTED_BODY) unless these are the delivery we asked for.

    The last body delivers this packet with this proof and the committed form; those before it may
    only open or attach accounts.
    """
    if not bodies:
        raise Rejected(UNEXPECTED_BODY, reason="none")
    packet = Packet.decode(carried.packet)
    for index, raw in enumerate(bodies):
        body = _parse(TxBody, raw)
        if body.chain_id != chain_id or body.signer != signer:
            raise Rejected(UNEXPECTED_BODY, body=index, reason="chain or signer")
        if not height < body.last_height <= height + WINDOW:
            raise Rejected(UNEXPECTED_BODY, body=index, reason="last height")
        method = (body.contract, body.method)
        if index < len(bodies) - 1:
            if method not in BESIDES_DELIVERY:
                raise Rejected(UNEXPECTED_BODY, body=index, reason="method")
        else:
            _check_delivery(body, packet, carried, index)


def _check_delivery(body: TxBody, packet: Packet, carried: Carried, index: int) -> None:
    if (body.contract, body.method) != ("bridge", "deliver") or len(body.operations) != 1:
        raise Rejected(UNEXPECTED_BODY, body=index, reason="method")
    request = _parse(DeliverRequest, body.operations[0])
    if request.packet != carried.packet or request.proof != carried.proof:
        raise Rejected(UNEXPECTED_BODY, body=index, reason="packet or proof")
    if pcommit_of(request.form) != packet.pcommit:
        raise Rejected(UNEXPECTED_BODY, body=index, reason="form")


def _parse(kind: type[M], raw: bytes) -> M:
    try:
        return kind.FromString(raw)
    except DecodeError:
        raise Rejected(UNEXPECTED_BODY, reason="not the message") from None


def delivery_body(
    carried: Carried, *, chain_id: str, signer: bytes, height: int, nonce: bytes
) -> bytes:
    """A delivery without a document, which needs no custodian: any router may build it."""
    request = DeliverRequest(packet=carried.packet, proof=carried.proof)
    return _body("deliver", request, chain_id, signer, height, nonce)


def acknowledgement_body(
    packet_id: bytes, proof: bytes, *, chain_id: str, signer: bytes, height: int, nonce: bytes
) -> bytes:
    """The acknowledgement of a packet this chain sent."""
    request = AcknowledgeRequest(packet_id=packet_id, proof=proof)
    return _body("acknowledge", request, chain_id, signer, height, nonce)


def _body(
    method: str, request: Message, chain_id: str, signer: bytes, height: int, nonce: bytes
) -> bytes:
    return TxBody(
        chain_id=chain_id,
        contract="bridge",
        method=method,
        operations=[request.SerializeToString()],
        signer=signer,
        nonce=nonce,
        last_height=height + BODY_BLOCKS,
    ).SerializeToString()
