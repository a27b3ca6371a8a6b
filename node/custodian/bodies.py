"""Unsigned transaction bodies: what the caller checks, signs with its own key and submits."""

from collections.abc import Sequence

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
        return self.make_many(contract, method, [request], signer)

    def make_many(
        self, contract: str, method: str, requests: Sequence[Message], signer: bytes
    ) -> bytes:
        """Several operations of one method, at most OPERATIONS_MAX, in their order."""
        for size in (request.ByteSize() for request in requests):
            if size > OPERATION_BYTES_MAX:
                raise Rejected(REQUEST_TOO_LARGE, bytes=size, limit=OPERATION_BYTES_MAX)
        return build_body(
            self._chain_id,
            contract,
            method,
            requests,
            signer,
            last_height=self._chain.height() + VALID_FOR_BLOCKS,
        )
