"""Unsigned transaction bodies: what the caller checks, signs with its own key and submits."""

from google.protobuf.message import Message

from faults import Rejected
from ledger.limits import OPERATION_BYTES_MAX
from node.bodies import VALID_FOR_BLOCKS, build_body
from node.codes import REQUEST_TOO_LARGE
from node.custodian.chain_reader import ChainReader


class Bodies:
    """Makes bodies for one chain."""

    def __init__(self, chain_id: str, chain: ChainReader) -> None:
        self._chain_id = chain_id
        self._chain = chain

    def make(self, contract: str, method: str, request: Message, signer: bytes) -> bytes:
        """One operation under a fresh nonce. Rejected(REQUEST_TOO_LARGE) when no block takes it."""
        size = request.ByteSize()
        if size > OPERATION_BYTES_MAX:
            raise Rejected(REQUEST_TOO_LARGE, bytes=size, limit=OPERATION_BYTES_MAX)
        return build_body(
            self._chain_id,
            contract,
            method,
            [request],
            signer,
            last_height=self._chain.height() + VALID_FOR_BLOCKS,
        )
