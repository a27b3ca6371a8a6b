"""The connector for chains of our own kind: nodes and routers over gRPC."""

import secrets
from collections.abc import Awaitable
from typing import Any, TypeVar

import grpc
import msgspec

from crypto.domain import tagged
from crypto.ports import Signer
from faults import Rejected
from ledger.transaction import sign_body
from proto import services_pb2 as pb
from proto.services_pb2_grpc import CustodianStub, LedgerStub, RelayStub
from router.codes import UNREACHABLE
from router.connector import CallFailed, OwnValues, ProvedLeaf
from router.messages import Carried, CarriedBack

TRAILER = "yilian-error-bin"
MESSAGE_BYTES_MAX = 16 * 1024 * 1024
CALL_SECONDS = 15.0
SUBMIT_WAIT_MS = 20_000
NONCE_BYTES = 16
CUSTODIAN_TAG = "yilian/custodian-request/v1"
OK = "OK"

# With these the fault is in what we sent; anything else may pass.
_POISON = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)

R = TypeVar("R")


def open_channel(address: str) -> grpc.aio.Channel:
    """A gRPC channel with our limits and a short way back after an outage."""
    return grpc.aio.insecure_channel(
        address,
        options=[
            ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
            ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 2_000),
            ("grpc.enable_http_proxy", 0),
        ],
    )


async def _call(reply: Awaitable[R]) -> R:
    try:
        return await reply
    except grpc.aio.AioRpcError as error:
        raise CallFailed(_code_of(error), poison=error.code() in _POISON) from None


def _code_of(error: grpc.aio.AioRpcError) -> str:
    for key, value in error.trailing_metadata() or ():
        if key == TRAILER and isinstance(value, bytes):
            return pb.ErrorDetail.FromString(value).code
    return UNREACHABLE.name


class GrpcOwnChain:
    """OwnChain over a node's Ledger service and its organisation's Custodian service."""

    def __init__(self, node: grpc.aio.Channel, custodian: grpc.aio.Channel, signer: Signer) -> None:
        self._ledger: Any = LedgerStub(node)
        self._custodian: Any = CustodianStub(custodian)
        self._signer = signer

    async def read(self, keys: tuple[str, ...]) -> OwnValues:
        """Status first: the leaves are then at least as new as the height and time told."""
        status = await _call(self._ledger.Status(pb.StatusRequest(), timeout=CALL_SECONDS))
        values = []
        for key in keys:
            reply = await self._state(key)
            values.append(reply.value if reply.found else None)
        return OwnValues(tuple(values), status.height, status.block_time_ms)

    async def read_proved(self, key: str, trusted_height: int | None = None) -> ProvedLeaf:
        """The leaf under the node's newest certified header."""
        reply = await self._state(key, trusted_height)
        return ProvedLeaf(reply.value if reply.found else None, reply.proof)

    async def _state(self, key: str, trusted_height: int | None = None) -> pb.StateReply:
        request = pb.StateRequest(key=key, trusted_height=trusted_height)
        reply: pb.StateReply = await _call(self._ledger.GetState(request, timeout=CALL_SECONDS))
        return reply

    async def submit(self, body: bytes) -> str:
        """The code of the last operation; CallFailed when no block took it in time."""
        transaction = sign_body(self._signer, body)
        request = pb.SubmitRequest(transaction=transaction, wait_ms=SUBMIT_WAIT_MS)
        seconds = CALL_SECONDS + SUBMIT_WAIT_MS / 1000
        reply = await _call(self._ledger.Submit(request, timeout=seconds))
        if not reply.receipt.operations:
            raise CallFailed(UNREACHABLE.name)
        last = reply.receipt.operations[-1]
        if last.code == OK and _froze(last.result):
            return "CLIENT_FROZEN"
        return str(last.code)

    async def open_for_router(self, packet_id: bytes) -> bytes:
        """Ask with a signature of this router's key, fresh each time."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        signature = self._signer.sign(tagged(CUSTODIAN_TAG, packet_id + nonce))
        request = pb.OpenForRouterRequest(
            packet_id=packet_id,
            requester=self._signer.public_key,
            nonce=nonce,
            signature=signature,
        )
        reply = await _call(self._custodian.OpenForRouter(request, timeout=CALL_SECONDS))
        return bytes(reply.plaintext)

    async def prepare_delivery(
        self, packet: bytes, proof: bytes, plaintext: bytes
    ) -> tuple[bytes, ...]:
        """The custodian's bodies, as they are; the caller checks them before it signs."""
        request = pb.PrepareDeliveryRequest(
            packet=packet, proof=proof, plaintext=plaintext, signer=self._signer.public_key
        )
        reply = await _call(self._custodian.PrepareDelivery(request, timeout=CALL_SECONDS))
        return tuple(reply.bodies)


def _froze(result: bytes) -> bool:
    """Whether a delivery's result says that it froze the light client instead."""
    try:
        told = msgspec.json.decode(result or b"{}", type=dict[str, str | int])
    except msgspec.MsgspecError:
        return False
    return told.get("frozen") == 1


class GrpcPeerRouter:
    """PeerRouter over the Relay service. `envelope_key` is ours, as registered with the peer."""

    def __init__(self, channel: grpc.aio.Channel, envelope_key: bytes) -> None:
        self._relay: Any = RelayStub(channel)
        self._envelope_key = envelope_key

    async def pull_packets(
        self, channel: str, from_sequence: int, limit: int, trusted_height: int | None
    ) -> tuple[Carried, ...]:
        """At most `limit` packets from that sequence on."""
        request = pb.PullPacketsRequest(
            channel=channel,
            from_sequence=from_sequence,
            limit=limit,
            envelope_key=self._envelope_key,
            trusted_height=trusted_height,
        )
        reply = await _call(self._relay.PullPackets(request, timeout=2 * CALL_SECONDS))
        return tuple(Carried(one.packet, one.proof, one.envelope) for one in reply.packets)

    async def pull_receipts(
        self, channel: str, sequences: tuple[int, ...], trusted_height: int | None
    ) -> tuple[CarriedBack, ...]:
        """The receipts there are among these."""
        request = pb.PullReceiptsRequest(
            channel=channel, sequences=sequences, trusted_height=trusted_height
        )
        reply = await _call(self._relay.PullReceipts(request, timeout=2 * CALL_SECONDS))
        return tuple(CarriedBack(one.sequence, one.receipt, one.proof) for one in reply.receipts)


def aborting(error: Rejected) -> tuple[str, tuple[tuple[str, bytes], ...]]:
    """Sentence and trailer under which a refusal travels to a peer."""
    detail = pb.ErrorDetail(
        code=error.code.name, zh=error.code.zh, en=error.code.en, fields=error.fields
    )
    return f"{error.code.name}: {error.code.en}", ((TRAILER, detail.SerializeToString()),)
