"""B → standard form → C → A: the standard form travels under suite C, bound to the packet's id.

The sending side seals what its custodian opened from suite B; the receiving side opens it and
computes the field commitment again, so what its custodian then seals under suite A is what the
source committed.
"""

from crypto.codes import CryptoError
from crypto.envelope import open_envelope, seal_envelope
from documents.payload import decode_payload
from faults import Rejected
from ledger.commitment import verify_form
from ledger.packet import Packet
from router.codes import COMMITMENT_MISMATCH, ENVELOPE_REFUSED


def seal(recipient: bytes, packet: Packet, plaintext: bytes) -> bytes:
    """The envelope of `plaintext` for the router that holds `recipient`'s private key.

    Raises Rejected(ROUTER_COMMITMENT_MISMATCH) when our own custodian gave something else than the
    packet commits to: what is wrong leaves no house.
    """
    check_commitment(packet, plaintext)
    return seal_envelope(recipient, packet.id, plaintext)


def unseal(private_key: bytes, packet: Packet, envelope: bytes) -> bytes:
    """The plaintext, proved to be what the packet commits to.

    Raises Rejected ROUTER_ENVELOPE_REFUSED or ROUTER_COMMITMENT_MISMATCH.
    """
    try:
        plaintext = open_envelope(private_key, packet.id, envelope)
    except (CryptoError, Rejected):
        raise Rejected(ENVELOPE_REFUSED, sequence=packet.sequence) from None
    check_commitment(packet, plaintext)
    return plaintext


def check_commitment(packet: Packet, plaintext: bytes) -> None:
    """Recompute the field commitment and compare it with the packet's."""
    try:
        plain = decode_payload(plaintext)
    except Rejected:
        raise Rejected(COMMITMENT_MISMATCH, sequence=packet.sequence) from None
    committed = verify_form(plain.schema, plain.public, plain.private, plain.secret, packet.pcommit)
    if plain.schema != packet.schema or not committed:
        raise Rejected(COMMITMENT_MISMATCH, sequence=packet.sequence)
