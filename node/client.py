"""A typed client of a node over gRPC, for the command line, adapters, routers and tests.

Synchronous: one `Client` may be used from several threads. Every refusal is a ClientError with the
stable code and its sentences; nothing is retried here, because only the caller knows what is safe.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from crypto.ports import Signer
from faults import Code
from ledger.endorsement import endorse
from ledger.transaction import sign_body
from node.codes import INTERNAL, RECEIPT_NOT_FOUND
from node.grpc_errors import ClientError, from_status
from proto import services_pb2 as pb
from proto.services_pb2_grpc import CustodianStub, LedgerStub
from proto.transaction_pb2 import Transaction, TxBody

__all__ = ["Client", "ClientError", "build_body"]

MESSAGE_BYTES_MAX = 256 * 1024 * 1024
"""Replies are bounded by the server; evidence files are the largest."""

CALL_SECONDS = 30.0
NONCE_BYTES = 16
AHEAD_BLOCKS = 500

R = TypeVar("R")


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
        operations=[request.SerializeToString() for request in requests],
        signer=signer_public_key,
        nonce=secrets.token_bytes(NONCE_BYTES) if nonce is None else nonce,
        last_height=last_height,
        all_or_nothing=all_or_nothing,
    ).SerializeToString()


class Client:
    """One node's Ledger and Custodian services at `address` ("host:port")."""

    def __init__(self, address: str, *, timeout_seconds: float = CALL_SECONDS) -> None:
        self.address = address
        self.timeout_seconds = timeout_seconds
        options: list[tuple[str, Any]] = [
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 1_000),
            ("grpc.enable_http_proxy", 0),
        ]
        self._channel = grpc.insecure_channel(address, options=options)
        self._ledger = LedgerStub(self._channel)
        self._custodian = CustodianStub(self._channel)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def submit(self, transaction: Transaction, wait_ms: int = 0) -> pb.SubmitReply:
        """Hand in a signed transaction; with `wait_ms` the reply may have its receipt."""
        request = pb.SubmitRequest(transaction=transaction, wait_ms=wait_ms)
        return self._call(self._ledger.Submit, request, wait_ms)

    def receipt(self, tx_hash: bytes, wait_ms: int = 0) -> pb.ReceiptReply:
        """The receipts of a committed transaction; ClientError(RECEIPT_NOT_FOUND) until then."""
        request = pb.ReceiptRequest(tx_hash=tx_hash, wait_ms=wait_ms)
        return self._call(self._ledger.GetReceipt, request, wait_ms)

    def state(self, key: str, trusted_height: int | None = None) -> pb.StateReply:
        """The leaf at `key`, or its absence, with the proof for a light client at that height."""
        request = pb.StateRequest(key=key, trusted_height=trusted_height)
        return self._call(self._ledger.GetState, request)

    def trace(self, key: str) -> pb.TraceReply:
        """All events of the object at `key`, with the proof that they are all."""
        return self._call(self._ledger.GetTrace, pb.TraceRequest(key=key))

    def evidence(self, key: str, trusted_height: int = 0) -> bytes:
        """The evidence file of the object at `key`, for a checkpoint at that height."""
        request = pb.EvidenceRequest(key=key, trusted_height=trusted_height)
        return self._call(self._ledger.GetEvidence, request).evidence

    def block(self, height: int = 0) -> pb.BlockReply:
        """The block at `height` (0 = newest) with its header and certificate."""
        return self._call(self._ledger.GetBlock, pb.BlockRequest(height=height))

    def validators(self) -> pb.ValidatorsReply:
        """Who decides blocks now and next, and whom of them the node hears."""
        return self._call(self._ledger.Validators, pb.ValidatorsRequest())

    def status(self) -> pb.StatusReply:
        """Where the node stands."""
        return self._call(self._ledger.Status, pb.StatusRequest())

    def why(self) -> pb.WhyReply:
        """Why no block is coming, or that all is well."""
        return self._call(self._ledger.Why, pb.WhyRequest())

    def prepare(
        self, kind: str, document: bytes, signer: bytes, options: Mapping[str, str] | None = None
    ) -> pb.PrepareReply:
        """Have the custodian make bodies out of a document, to check, sign and submit."""
        request = pb.PrepareRequest(
            kind=kind, document=document, signer=signer, options=dict(options or {})
        )
        return self._call(self._custodian.Prepare, request)

    def prepare_delivery(
        self, packet: bytes, proof: bytes, plaintext: bytes, signer: bytes
    ) -> pb.PrepareReply:
        """For the router: have what arrived sealed under this chain's suite, and attributed."""
        request = pb.PrepareDeliveryRequest(
            packet=packet, proof=proof, plaintext=plaintext, signer=signer
        )
        return self._call(self._custodian.PrepareDelivery, request)

    def open_for_router(self, request: pb.OpenForRouterRequest) -> bytes:
        """For the router: the plaintext of the object a packet carries."""
        return self._call(self._custodian.OpenForRouter, request).plaintext

    def rewrap(self, tx_hash: bytes, operation: int = 0) -> pb.RewrapReply:
        """The payload a committed read is the ticket for, its key wrapped to the reader's key."""
        request = pb.RewrapRequest(tx_hash=tx_hash, operation=operation)
        return self._call(self._custodian.Rewrap, request)

    def list_unbound(self) -> list[pb.UnboundItem]:
        """What waits for its owner to be found, and why."""
        reply = self._call(self._custodian.ListUnbound, pb.ListUnboundRequest())
        return list(reply.items)

    def sign_and_submit(
        self, bodies: Sequence[bytes], signer: Signer, wait_ms: int = 20_000
    ) -> list[pb.ReceiptReply]:
        """Sign and submit bodies one after the other, each after the receipt of the one before.

        Raises ClientError when one is refused before a block, or is not committed within `wait_ms`
        (its fields then hold the transaction hash to ask for later). Operations that a contract
        refused are in the receipts.
        """
        receipts = []
        for body in bodies:
            reply = self.submit(sign_body(signer, body), wait_ms)
            if not reply.HasField("receipt"):
                raise _error(RECEIPT_NOT_FOUND, tx_hash=reply.tx_hash.hex())
            receipts.append(reply.receipt)
        return receipts

    def call(
        self,
        contract: str,
        method: str,
        requests: Sequence[Message],
        signer: Signer,
        wait_ms: int = 20_000,
        *,
        endorsers: Sequence[Signer] = (),
        all_or_nothing: bool = False,
    ) -> pb.ReceiptReply:
        """Build, sign and submit one transaction that needs no custodian, and await its receipt."""
        status = self.status()
        body = build_body(
            status.chain_id,
            contract,
            method,
            requests,
            signer.public_key,
            last_height=status.height + AHEAD_BLOCKS,
            all_or_nothing=all_or_nothing,
        )
        for endorser in endorsers:
            body = endorse(endorser, body)
        return self.sign_and_submit([body], signer, wait_ms)[0]

    def _call(self, method: Callable[..., R], request: Message, wait_ms: int = 0) -> R:
        try:
            return method(request, timeout=self.timeout_seconds + wait_ms / 1000)
        except grpc.RpcError as error:
            raise from_status(error) from None
        except ValueError:  # grpcio: the channel was closed
            raise _error(INTERNAL, reason="this client is closed") from None


def _error(code: Code, **fields: str) -> ClientError:
    return ClientError(code.name, code.zh, code.en, fields)
