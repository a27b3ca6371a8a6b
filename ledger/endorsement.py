"""Endorsements: other identities' signatures at the end of a transaction's body.

An endorser consents to everything that stands before the first endorsement, byte for byte: chain,
contract, method, operations, signer, nonce, window. So they can be collected one after the other,
in any order, by whoever carries the body around; the signer signs last, over all of it.
"""

from crypto.domain import tagged
from crypto.ports import Signer
from ledger import limits
from ledger.wire import BYTES, malformed, scan, varint, wire_fields
from proto.transaction_pb2 import Endorsement, TxBody

FIELD = 9
_TAG = "yilian/endorsement/v1"
_FIELDS = {1: (BYTES, False), 2: (BYTES, False)}


def endorsed_part(body: bytes) -> bytes:
    """What endorsers sign: the body's bytes before its first endorsement.

    Raises Rejected(MALFORMED) when anything but an endorsement stands behind an endorsement, or one
    is not the message it should be.
    """
    end = len(body)
    for field in wire_fields(body, "body"):
        if field.number == FIELD:
            end = min(end, field.begin)
            scan(body[field.content : field.end], _FIELDS, "endorsement")
        elif end < len(body):
            raise malformed("body", "a field behind an endorsement")
    return body[:end]


def endorsement_bytes(part: bytes) -> bytes:
    """The bytes an endorser signs for a body's `endorsed_part`, domain tag included."""
    return tagged(_TAG, part)


def endorse(signer: Signer, body: bytes) -> bytes:
    """The body with one more endorsement."""
    signature = signer.sign(endorsement_bytes(endorsed_part(body)))
    added = Endorsement(public_key=signer.public_key, signature=signature)
    encoded = added.SerializeToString(deterministic=True)
    return body + varint(FIELD << 3 | BYTES) + varint(len(encoded)) + encoded


def check_endorsements(body: TxBody) -> None:
    """Raise Rejected(MALFORMED) unless the endorsements are few, distinct and of the right size."""
    given = body.endorsements
    if len(given) > limits.ENDORSEMENTS_MAX:
        raise malformed("endorsements", f"at most {limits.ENDORSEMENTS_MAX} expected")
    seen = {body.signer}
    for one in given:
        if len(one.public_key) != limits.PUBLIC_KEY_BYTES or one.public_key[0] != 4:
            raise malformed("endorsements", "65 bytes 04 x y expected")
        if len(one.signature) != limits.SIGNATURE_BYTES:
            raise malformed("endorsements", "64 bytes r s expected")
        if one.public_key in seen:
            raise malformed("endorsements", "a key stands twice, or is the signer's")
        seen.add(one.public_key)
