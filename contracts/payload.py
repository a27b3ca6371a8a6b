"""The sealed payload: its ciphertext stays in the transaction, its hash and place in the record."""

from contracts.codes import PAYLOAD_INVALID, PAYLOAD_RECIPIENT
from contracts.fields import PUBLIC_KEY_BYTES, is_word
from contracts.framework import Context
from crypto.domain import tagged
from crypto.suites import Suite
from faults import Rejected
from ledger.records import Record
from proto.transaction_pb2 import SealedPayload

NONCE_AND_TAG_BYTES = 12 + 16
WRAPPED_KEYS_MAX = 16
WRAPPED_BYTES_MAX = 1024


class PayloadRef(Record, frozen=True, kw_only=True):
    """Where a payload stands (block, transaction, operation) and its ciphertext's hash."""

    hash: bytes
    height: int
    tx_hash: bytes
    operation: int
    suite: str


def payload_hash(suite: Suite, ciphertext: bytes) -> bytes:
    """The hash by which a record knows its ciphertext."""
    return suite.hash(tagged("yilian/payload-place/v1", ciphertext))


def place_payload(ctx: Context, payload: SealedPayload) -> PayloadRef:
    """Check a payload's shape and say where it stands: in the operation that is running now."""
    if payload.suite != ctx.suite.name:
        raise Rejected(PAYLOAD_INVALID, field="payload.suite", expected=ctx.suite.name)
    if len(payload.ciphertext) <= NONCE_AND_TAG_BYTES:
        raise Rejected(PAYLOAD_INVALID, field="payload.ciphertext")
    if not 1 <= len(payload.keys) <= WRAPPED_KEYS_MAX:
        raise Rejected(PAYLOAD_INVALID, field="payload.keys")
    for key in payload.keys:
        if not (
            is_word(key.compartment)
            and len(key.recipient) == PUBLIC_KEY_BYTES
            and 1 <= len(key.wrapped) <= WRAPPED_BYTES_MAX
        ):
            raise Rejected(PAYLOAD_INVALID, field="payload.keys")
    return PayloadRef(
        hash=payload_hash(ctx.suite, payload.ciphertext),
        height=ctx.height,
        tx_hash=ctx.tx_hash,
        operation=ctx.operation_index,
        suite=payload.suite,
    )


def is_sealed_to(payload: SealedPayload, public_key: bytes) -> bool:
    """Whether one of the payload's keys is wrapped to `public_key`."""
    return any(key.recipient == public_key for key in payload.keys)


def require_sealed_to(payload: SealedPayload, public_key: bytes) -> None:
    """Raise Rejected(PAYLOAD_RECIPIENT) unless the payload can be opened with the account's key."""
    if not is_sealed_to(payload, public_key):
        raise Rejected(PAYLOAD_RECIPIENT)
