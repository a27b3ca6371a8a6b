"""One transaction's vector: what goes in, and every step's bytes, by our own code."""

from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from crypto.domain import tagged
from crypto.suites import Suite
from ledger.endorsement import endorsement_bytes
from ledger.transaction import body_hash, encode_transaction
from proto.transaction_pb2 import Endorsement, Transaction, TxBody
from tests.signing import fixed
from tests.signing.requests import fields_of

TAG = "yilian/tx/v1"


@dataclass(frozen=True)
class Draft:
    """What a client decides before any byte is made; `endorsers` are private keys."""

    name: str
    about: str
    suite: Suite
    contract: str
    method: str
    requests: list[Message]
    private_key: bytes
    nonce: bytes = bytes(range(16))
    last_height: int = 1300
    all_or_nothing: bool = False
    endorsers: list[bytes] = field(default_factory=list)
    chain_id: str = "yl-province"


def plain_body(draft: Draft) -> bytes:
    """The body before its endorsements."""
    return TxBody(
        chain_id=draft.chain_id,
        contract=draft.contract,
        method=draft.method,
        operations=[request.SerializeToString(deterministic=True) for request in draft.requests],
        signer=draft.suite.public_key(draft.private_key),
        nonce=draft.nonce,
        last_height=draft.last_height,
        all_or_nothing=draft.all_or_nothing,
    ).SerializeToString(deterministic=True)


def inputs(draft: Draft) -> dict[str, Any]:
    """What a program needs to make and sign the transaction."""
    return {
        "name": draft.name,
        "about": draft.about,
        "suite": draft.suite.name,
        "private_key": draft.private_key.hex(),
        "chain_id": draft.chain_id,
        "contract": draft.contract,
        "method": draft.method,
        "requests": [
            {"message": one.DESCRIPTOR.name, "fields": fields_of(one)} for one in draft.requests
        ],
        "nonce": draft.nonce.hex(),
        "last_height": str(draft.last_height),
        "all_or_nothing": draft.all_or_nothing,
        "endorser_keys": [key.hex() for key in draft.endorsers],
    }


def vector(draft: Draft) -> dict[str, Any]:
    """`inputs` and the bytes of each step; the signatures are valid, and the same each time."""
    suite, plain = draft.suite, plain_body(draft)
    endorsements = [_endorsement(suite, key, plain) for key in draft.endorsers]
    body = plain + TxBody(endorsements=endorsements).SerializeToString(deterministic=True)
    message = tagged(TAG, body)
    signature = fixed.sign(suite, draft.private_key, message)
    signer = suite.public_key(draft.private_key)
    return {
        **inputs(draft),
        "public_key": signer.hex(),
        "operations": [
            request.SerializeToString(deterministic=True).hex() for request in draft.requests
        ],
        "body_before_endorsements": plain.hex(),
        "endorsements": [
            {"public_key": one.public_key.hex(), "signature": one.signature.hex()}
            for one in endorsements
        ],
        "body": body.hex(),
        "message": message.hex(),
        "hash": body_hash(suite, body).hex(),
        "digest": fixed.digest(suite, signer, message).hex(),
        "signature": signature.hex(),
        "transaction": encode_transaction(Transaction(body=body, signature=signature)).hex(),
    }


def _endorsement(suite: Suite, private_key: bytes, plain: bytes) -> Endorsement:
    signature = fixed.sign(suite, private_key, endorsement_bytes(plain))
    return Endorsement(public_key=suite.public_key(private_key), signature=signature)
