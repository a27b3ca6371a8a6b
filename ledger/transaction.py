"""Transactions: a body's bytes as sent, and a signature over them. Nothing is re-encoded.

A parsed protobuf message can come from many byte strings; what is signed, hashed and committed is
always the string that arrived. `parse_transaction` refuses strings that two readers could read
apart.
"""

from dataclasses import dataclass

from google.protobuf.message import DecodeError

from crypto.domain import tagged
from crypto.ports import Signer
from crypto.suites import Suite
from faults import Rejected
from ledger import limits
from ledger.codes import (
    BAD_SIGNATURE,
    TX_EXPIRED,
    TX_TOO_FAR_AHEAD,
    TX_TOO_LARGE,
    WRONG_CHAIN,
)
from ledger.endorsement import FIELD, check_endorsements, endorsed_part, endorsement_bytes
from ledger.limits import WINDOW
from ledger.wire import BYTES, FLAG, VARINT, malformed, scan, varint
from proto.transaction_pb2 import Transaction, TxBody

_TAG = "yilian/tx/v1"
# Field number -> (wire type, may repeat)
_BODY_FIELDS = {
    1: (BYTES, False),
    2: (BYTES, False),
    3: (BYTES, False),
    4: (BYTES, True),
    5: (BYTES, False),
    6: (BYTES, False),
    7: (VARINT, False),
    8: (FLAG, False),
    FIELD: (BYTES, True),
}
_TRANSACTION_FIELDS = {1: (BYTES, False), 2: (BYTES, False)}


@dataclass(frozen=True, slots=True)
class ParsedTransaction:
    """A transaction whose form was checked; its signature was not (see `check_signature`).

    raw is the serialized Transaction as it stands in a block, raw_body the bytes that were signed,
    `endorsed` those that the endorsers signed.
    """

    body: TxBody
    raw: bytes
    raw_body: bytes
    signature: bytes
    hash: bytes
    endorsed: bytes = b""


def body_hash(suite: Suite, body: bytes) -> bytes:
    """The transaction hash (交易 hash): of the signed message, so known before signing."""
    return suite.hash(tagged(_TAG, body))


def tx_hash(suite: Suite, transaction: Transaction) -> bytes:
    """The transaction hash of a Transaction message; it does not depend on the signature."""
    return body_hash(suite, transaction.body)


def sign_body(signer: Signer, body: bytes) -> Transaction:
    """The transaction of these body bytes, signed."""
    return Transaction(body=body, signature=signer.sign(tagged(_TAG, body)))


def encode_transaction(transaction: Transaction) -> bytes:
    """The one serialized form that blocks hold: field 1, then field 2, minimal lengths."""
    body, signature = transaction.body, transaction.signature
    head = b"\x0a" + varint(len(body)) + body
    return head + b"\x12" + varint(len(signature)) + signature


def parse_transaction(raw: bytes, suite: Suite, *, chain_id: str) -> ParsedTransaction:
    """Check the form of a serialized Transaction for chain `chain_id`.

    Raises Rejected: TX_TOO_LARGE, MALFORMED (unknown or repeated fields, sizes), WRONG_CHAIN. The
    caller goes on with `check_window` and `check_signature`.
    """
    if len(raw) > limits.TX_BYTES_MAX:
        raise Rejected(TX_TOO_LARGE, bytes=len(raw), limit=limits.TX_BYTES_MAX)
    scan(raw, _TRANSACTION_FIELDS, "transaction")
    transaction = Transaction()
    body = TxBody()
    try:
        transaction.ParseFromString(raw)
        scan(transaction.body, _BODY_FIELDS, "body")
        body.ParseFromString(transaction.body)
        endorsed = endorsed_part(transaction.body)
    except DecodeError:
        raise malformed("transaction", "not the protobuf message") from None
    if encode_transaction(transaction) != raw:
        raise malformed("transaction", "not body then signature in minimal form")
    _check_body(body, chain_id)
    if len(transaction.signature) != limits.SIGNATURE_BYTES:
        raise malformed("signature", "64 bytes r s expected")
    return ParsedTransaction(
        body=body,
        raw=raw,
        raw_body=transaction.body,
        signature=transaction.signature,
        hash=body_hash(suite, transaction.body),
        endorsed=endorsed,
    )


def check_window(parsed: ParsedTransaction, height: int) -> None:
    """Raise TX_EXPIRED or TX_TOO_FAR_AHEAD unless the transaction may stand in block `height`."""
    last = parsed.body.last_height
    if height > last:
        raise Rejected(TX_EXPIRED, last_height=last, height=height)
    if last > height + WINDOW:
        raise Rejected(TX_TOO_FAR_AHEAD, last_height=last, height=height)


def check_signature(suite: Suite, parsed: ParsedTransaction) -> None:
    """Raise Rejected(BAD_SIGNATURE) unless the body's signer signed the body's bytes.

    And every endorser what stands before the endorsements.
    """
    message = tagged(_TAG, parsed.raw_body)
    if not suite.verify(parsed.body.signer, message, parsed.signature):
        raise Rejected(BAD_SIGNATURE)
    message = endorsement_bytes(parsed.endorsed)
    for number, one in enumerate(parsed.body.endorsements):
        if not suite.verify(one.public_key, message, one.signature):
            raise Rejected(BAD_SIGNATURE, endorsement=number)


def _check_body(body: TxBody, chain_id: str) -> None:
    if body.chain_id != chain_id:
        raise Rejected(WRONG_CHAIN, expected=chain_id)
    for name, text in (("contract", body.contract), ("method", body.method)):
        if not 1 <= len(text.encode()) <= limits.NAME_BYTES_MAX:
            raise malformed(name, "1 to 64 bytes expected")
    if not body.operations:
        raise malformed("operations", "at least one expected")
    if len(body.operations) > limits.OPERATIONS_MAX:
        count = len(body.operations)
        raise Rejected(TX_TOO_LARGE, operations=count, limit=limits.OPERATIONS_MAX)
    largest = max(len(operation) for operation in body.operations)
    if largest > limits.OPERATION_BYTES_MAX:
        raise Rejected(TX_TOO_LARGE, operation_bytes=largest, limit=limits.OPERATION_BYTES_MAX)
    if len(body.signer) != limits.PUBLIC_KEY_BYTES or body.signer[0] != 4:
        raise malformed("signer", "65 bytes 04 x y expected")
    if len(body.nonce) != limits.NONCE_BYTES:
        raise malformed("nonce", "16 bytes expected")
    check_endorsements(body)
