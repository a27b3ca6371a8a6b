"""The bytes of an unsigned transaction: what a caller checks and signs with its own key."""

import secrets
from collections.abc import Sequence

from google.protobuf.message import Message

from ledger.limits import NONCE_BYTES
from proto.transaction_pb2 import TxBody

VALID_FOR_BLOCKS = 500
"""Half the window: time enough to check and sign, and never refused as too far ahead."""


def build_body(
    chain_id: str,
    contract: str,
    method: str,
    requests: Sequence[Message],
    signer_public_key: bytes,
    *,
    nonce: bytes | None = None,
    last_height: int,
    all_or_nothing: bool = False,
) -> bytes:
    """The bytes of a TxBody with one operation per request; a fresh random nonce unless given.

    `ledger.endorsement.endorse` appends other organisations' endorsements to them.
    """
    return TxBody(
        chain_id=chain_id,
        contract=contract,
        method=method,
        operations=[operation_bytes(request) for request in requests],
        signer=signer_public_key,
        nonce=secrets.token_bytes(NONCE_BYTES) if nonce is None else nonce,
        last_height=last_height,
        all_or_nothing=all_or_nothing,
    ).SerializeToString(deterministic=True)


def operation_bytes(request: Message) -> bytes:
    """One operation as it stands in a body."""
    return request.SerializeToString(deterministic=True)
