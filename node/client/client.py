"""A typed client of a node over gRPC, for the command line, adapters, routers and tests.

Synchronous: one `Client` may be used from several threads. Every refusal is a ClientError with the
stable code and its sentences; nothing is retried here, because only the caller knows what is safe.
"""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from contracts.codes import UNKNOWN_METHOD
from crypto.ports import Signer
from faults import Code
from ledger.endorsement import endorse
from ledger.transaction import sign_body
from node.bodies import VALID_FOR_BLOCKS, build_body
from node.client.accounts import Accounts
from node.client.archives import Archives
from node.client.authorizations import Authorizations
from node.client.benefits import Benefits
from node.client.bills import Bills
from node.client.catalogues import Catalogues
from node.client.domain import Domain
from node.client.filings import Filings
from node.client.funds import Funds
from node.client.governance import Governance
from node.client.identities import Identities
from node.client.outcome import Recorded
from node.client.policies import Policies
from node.client.regions import Regions
from node.client.reimbursements import Reimbursements
from node.client.settlements import Settlements
from node.client.vouchers import Vouchers
from node.codes import INTERNAL, RECEIPT_NOT_FOUND
from node.grpc_errors import ClientError, from_status
from proto import services_pb2 as pb
from proto.services_pb2_grpc import CustodianStub, LedgerStub
from proto.transaction_pb2 import Transaction

MESSAGE_BYTES_MAX = 256 * 1024 * 1024
"""Replies are bounded by the server; evidence files are the largest."""

CALL_SECONDS = 30.0

R = TypeVar("R")
M = TypeVar("M", bound=Message)


class Client:
    """One node's Ledger and Custodian services at `address` ("host:port")."""

    def __init__(
        self,
        address: str,
        *,
        signer: Signer | None = None,
        chain_id: str = "",
        timeout_seconds: float = CALL_SECONDS,
    ) -> None:
        """`signer` signs what the contracts' methods write; without it the client only reads.

        With `chain_id` nothing is signed for any other chain; without, the node says which it is.
        """
        self.address = address
        self.signer = signer
        self.timeout_seconds = timeout_seconds
        self._chain_id = chain_id
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
        self.accounts = Accounts(self)
        self.archives = Archives(self)
        self.authorizations = Authorizations(self)
        self.benefits = Benefits(self)
        self.bills = Bills(self)
        self.catalogues = Catalogues(self)
        self.filings = Filings(self)
        self.funds = Funds(self)
        self.governance = Governance(self)
        self.identities = Identities(self)
        self.policies = Policies(self)
        self.regions = Regions(self)
        self.reimbursements = Reimbursements(self)
        self.settlements = Settlements(self)
        self.vouchers = Vouchers(self)

    @property
    def chain_id(self) -> str:
        """The chain that is written to."""
        if not self._chain_id:
            self._chain_id = self.status().chain_id
        return self._chain_id

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

    def bring(self, kind: str, document: bytes, options: Mapping[str, str]) -> Recorded:
        """Bring a document as a kind of docs/preparing.md, e.g. "bill.issue_blue"."""
        contract, _, method = kind.partition(".")
        for domain in vars(self).values():
            if isinstance(domain, Domain) and domain.contract == contract:
                return domain.bring(method, document, options)
        raise _error(UNKNOWN_METHOD, contract=contract, method=method)

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
            last_height=status.height + VALID_FOR_BLOCKS,
            all_or_nothing=all_or_nothing,
        )
        for endorser in endorsers:
            body = endorse(endorser, body)
        return self.sign_and_submit([body], signer, wait_ms)[0]

    def unary(self, service: ServiceDescriptor, rpc: str, request: Message, reply: type[M]) -> M:
        """One call of a service that has no stub."""
        method = self._channel.unary_unary(
            f"/{service.full_name}/{rpc}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=reply.FromString,
        )
        answer: M = self._call(method, request)
        return answer

    def _call(self, method: Callable[..., R], request: Message, wait_ms: int = 0) -> R:
        try:
            return method(request, timeout=self.timeout_seconds + wait_ms / 1000)
        except grpc.RpcError as error:
            raise from_status(error) from None
        except ValueError:  # grpcio: the channel was closed
            raise _error(INTERNAL, reason="this client is closed") from None


def _error(code: Code, **fields: str) -> ClientError:
    return ClientError(code.name, code.zh, code.en, fields)
