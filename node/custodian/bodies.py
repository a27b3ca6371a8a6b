"""Unsigned transaction bodies: what the caller checks, signs with its own key and submits."""

import secrets

from google.protobuf.message import Message

from faults import Rejected
from ledger.limits import NONCE_BYTES, OPERATION_BYTES_MAX
from node.codes import REQUEST_TOO_LARGE
from node.custodian.chain_reader import ChainReader
from proto.transaction_pb2 import TxBody

VALID_FOR_BLOCKS = 500
"""Half the window: time enough to check and sign, and never refused as too far ahead."""


class Bodies:
    """Makes bodies for one chain."""

    def __init__(self, chain_id: str, chain: ChainReader) -> None:
        self._chain_id = chain_id
        self._chain = chain

    def make(self, contract: str, method: str, request: Message, signer: bytes) -> bytes:
        """One operation under a fresh nonce. Rejected(REQUEST_TOO_LARGE) when no block takes it."""
        operation = request.SerializeToString(deterministic=True)
        if len(operation) > OPERATION_BYTES_MAX:
            raise Rejected(REQUEST_TOO_LARGE, bytes=len(operation), limit=OPERATION_BYTES_MAX)
        body = TxBody(
            chain_id=self._chain_id,
            contract=contract,
            method=method,
            operations=[operation],
            signer=signer,
            nonce=secrets.token_bytes(NONCE_BYTES),
            last_height=self._chain.height() + VALID_FOR_BLOCKS,
        )
        return body.SerializeToString(deterministic=True)
