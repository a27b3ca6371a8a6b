"""What the custodian does for its own router: opening what leaves, sealing what arrives.

What leaves is opened for a registered router only, on a request it signed. What arrives is compared
with the packet's commitment before anything else; then it is attributed and sealed anew, because
keys and ciphers of the other chain mean nothing here.
"""

from collections.abc import Callable

from contracts.bridge.records import PENDING, OutboxEntry, SentPacket, sent_key
from documents import encode_payload
from faults import Rejected
from ledger.commitment import commit_form
from ledger.limits import HASH_BYTES, NONCE_BYTES
from ledger.packet import Packet, outbox_key
from ledger.records import decode
from node.codes import REQUEST_INVALID
from node.custodian.arriving import arrive
from node.custodian.attribution import Attribution
from node.custodian.codes import PACKET_NOT_FOUND, PAYLOAD_MISMATCH, REQUEST_REPLAYED
from node.custodian.payloads import checked_plain
from node.custodian.preparing import Desk
from node.custodian.preparing.owners import NO_PERSON, queue_unbound
from node.custodian.reading import arrived_differences, to_messages
from proto.contracts_pb2 import DeliverRequest
from proto.services_pb2 import (
    OpenForRouterReply,
    OpenForRouterRequest,
    PrepareDeliveryRequest,
    PrepareReply,
)

UseNonce = Callable[[bytes, bytes], bool]


class Deliveries:
    """Answers the router. Calls come one at a time: the service holds its lock."""

    def __init__(self, desk: Desk, use_nonce: UseNonce) -> None:
        """`use_nonce` remembers (requester, nonce) durably; False when it was used before."""
        self._desk = desk
        self._use_nonce = use_nonce

    def open_for_router(self, request: OpenForRouterRequest) -> OpenForRouterReply:
        """The plaintext of the document that a packet of ours carries; empty when it carries none.

        Raises Rejected: who asks (before anything about the packet is told), the packet, the keys.
        """
        if len(request.packet_id) != HASH_BYTES or len(request.nonce) != NONCE_BYTES:
            raise Rejected(REQUEST_INVALID, field="packet_id or nonce", reason="wrong length")
        callers = self._desk.callers
        callers.own_router(request.requester)
        callers.check_signature(
            request.requester, request.packet_id + request.nonce, request.signature
        )
        if not self._use_nonce(request.requester, request.nonce):
            raise Rejected(REQUEST_REPLAYED)
        packet, object_key = self._sent(request.packet_id)
        if not packet.pcommit:
            return OpenForRouterReply()
        found = self._desk.payloads.find(object_key)
        if found.record.pcommit != packet.pcommit:
            raise Rejected(PAYLOAD_MISMATCH, object=object_key)
        return OpenForRouterReply(plaintext=encode_payload(self._desk.payloads.open(found)))

    def prepare_delivery(self, request: PrepareDeliveryRequest) -> PrepareReply:
        """The body that delivers a packet here, with its document attributed and sealed anew.

        Whether the packet is proved is decided on the chain; here only that the plaintext is what
        the packet commits to. Raises Rejected.
        """
        self._desk.callers.own_router(request.signer)
        packet = Packet.decode(request.packet)
        if not packet.pcommit:
            if request.plaintext:
                raise Rejected(REQUEST_INVALID, field="plaintext", reason="no document travels")
            deliver = DeliverRequest(packet=request.packet, proof=request.proof)
            return self._reply(request, deliver, "", NO_PERSON)
        plain = checked_plain(request.plaintext, packet.pcommit)
        if plain.schema != packet.schema:
            raise Rejected(PAYLOAD_MISMATCH, schema=plain.schema)
        place = arrive(self._desk, packet, plain.form)
        findings = arrived_differences(plain, self._desk.institutions)
        committed = commit_form(plain.schema, plain.public, plain.private, plain.secret)
        deliver = DeliverRequest(
            packet=request.packet,
            proof=request.proof,
            form=committed.to_form(),
            payload=self._desk.payloads.seal(plain, packet.pcommit, place.person),
            account_id=place.account_id,
            findings=to_messages(findings),
        )
        reply = self._reply(request, deliver, place.key, place.attribution)
        if place.queued:
            queue_unbound(self._desk, place.key, plain.form, place.attribution)
        return reply

    def _sent(self, packet_id: bytes) -> tuple[Packet, str]:
        """A packet that still waits in our outbox, and the object whose payload goes along."""
        state = self._desk.chain.state
        place_raw = state(sent_key(packet_id))
        if place_raw is None:
            raise Rejected(PACKET_NOT_FOUND)
        place = decode(SentPacket, place_raw)
        entry_raw = state(outbox_key(place.channel_id, place.epoch, place.sequence))
        if entry_raw is None:
            raise Rejected(PACKET_NOT_FOUND)
        entry = decode(OutboxEntry, entry_raw)
        if entry.status != PENDING or entry.packet_id != packet_id:
            raise Rejected(PACKET_NOT_FOUND)
        return Packet.decode(entry.packet), entry.object_key

    def _reply(
        self,
        request: PrepareDeliveryRequest,
        deliver: DeliverRequest,
        key: str,
        attribution: Attribution,
    ) -> PrepareReply:
        body = self._desk.bodies.make("bridge", "deliver", deliver, request.signer)
        return PrepareReply(
            bodies=[body],
            object=key,
            account_id=attribution.account_id or "",
            attribution=attribution.kind,
            attribution_reason=attribution.sentence,
            findings=deliver.findings,
        )
