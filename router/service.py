"""The side that is asked: what this chain sent, proved and sealed for the peer that asks.

It only reads. Whoever asks gets ciphertext for the envelope key that the chain has registered, so
an impostor learns nothing; which packets exist is not secret between the two chains.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from faults import Misuse, Rejected, failpoint
from ledger.packet import Packet, outbox_key, receipt_key
from proto import services_pb2 as pb
from proto.services_pb2_grpc import RelayServicer
from router.codes import (
    BAD_PULL,
    REQUEST_MALFORMED,
    UNKNOWN_CHANNEL,
    UNREACHABLE,
    WRONG_ENVELOPE_KEY,
)
from router.connector import CallFailed, OwnChain
from router.envelopes import seal
from router.grpc_connector import aborting
from router.logs import log
from router.views import PENDING, ChannelView, channel_key, channel_view, outbox_view

PAGE_MAX = 64
# Leaves looked at for one page: acknowledged ones in between are passed over.
SCAN_MAX = 1024
# A reply stays below this; one packet always fits.
REPLY_BYTES_MAX = 8 * 1024 * 1024

R = TypeVar("R")
Counters = Callable[[], tuple[int, int, int]]


class RelayService(RelayServicer):
    """Answers peers' pulls out of the own chain's state, and nothing else."""

    def __init__(
        self, own: OwnChain, chain_id: str, channels: tuple[str, ...], counters: Counters
    ) -> None:
        """`counters` gives the relays' delivered, acknowledged and rejected so far."""
        self._own = own
        self._chain_id = chain_id
        self._channels = channels
        self._counters = counters

    async def PullPackets(
        self, request: pb.PullPacketsRequest, context: Any
    ) -> pb.PullPacketsReply:
        """Pending packets from a sequence on, each with its proof and its envelope."""
        return await _answered(context, self._packets(request))

    async def PullReceipts(
        self, request: pb.PullReceiptsRequest, context: Any
    ) -> pb.PullReceiptsReply:
        """The terminal receipts there are for these sequences, each with its proof."""
        return await _answered(context, self._receipts(request))

    async def RouterStatus(
        self, request: pb.RouterStatusRequest, context: Any
    ) -> pb.RouterStatusReply:
        """What this router carried since it started."""
        delivered, acknowledged, rejected = self._counters()
        return pb.RouterStatusReply(
            chain_id=self._chain_id,
            channels=self._channels,
            delivered=delivered,
            acknowledged=acknowledged,
            rejected=rejected,
        )

    async def _packets(self, request: pb.PullPacketsRequest) -> pb.PullPacketsReply:
        if not 1 <= request.limit <= PAGE_MAX:
            raise Rejected(BAD_PULL, limit=PAGE_MAX)
        channel = await self._channel(request.channel)
        if request.envelope_key != channel.peer_envelope_key:
            raise Rejected(WRONG_ENVELOPE_KEY, channel=request.channel)
        reply, size = pb.PullPacketsReply(), 0
        start = max(request.from_sequence, channel.closed_below, 1)
        for sequence in range(start, min(start + SCAN_MAX, channel.next_outbound)):
            carried = await self._carry(channel, sequence, _trusted(request))
            if carried is None:
                continue
            size += carried.ByteSize()
            if reply.packets and size > REPLY_BYTES_MAX:
                break
            reply.packets.append(carried)
            if len(reply.packets) >= request.limit:
                break
        return reply

    async def _carry(
        self, channel: ChannelView, sequence: int, trusted: int | None
    ) -> pb.CarriedPacket | None:
        """One pending packet with proof and envelope; None when it is closed or can't be opened.

        What our custodian cannot open now must not hold up the packets behind it.
        """
        key = outbox_key(channel.channel_id, channel.epoch, sequence)
        leaf = await self._own.read_proved(key, trusted)
        if leaf.value is None:
            return None
        entry = outbox_view(leaf.value)
        if entry.status != PENDING:
            return None
        packet = Packet.decode(entry.packet)
        carried = pb.CarriedPacket(packet=entry.packet, proof=leaf.proof)
        if packet.pcommit:
            failpoint("router.seal.before")
            try:
                plaintext = await self._own.open_for_router(entry.packet_id)
                carried.envelope = await asyncio.to_thread(
                    seal, channel.peer_envelope_key, packet, plaintext
                )
            except (CallFailed, Rejected) as failed:
                # Without its envelope it can still be tombstoned after its deadline.
                code = failed.code if isinstance(failed, CallFailed) else failed.code.name
                log("router.seal_failed", channel=packet.channel, sequence=sequence, code=code)
            failpoint("router.seal.after")
        return carried

    async def _receipts(self, request: pb.PullReceiptsRequest) -> pb.PullReceiptsReply:
        if len(request.sequences) > PAGE_MAX or any(one < 1 for one in request.sequences):
            raise Rejected(BAD_PULL, limit=PAGE_MAX)
        channel = await self._channel(request.channel)
        reply = pb.PullReceiptsReply()
        for sequence in sorted(dict.fromkeys(request.sequences)):
            key = receipt_key(channel.channel_id, channel.epoch, sequence)
            leaf = await self._own.read_proved(key, _trusted(request))
            if leaf.value is not None:
                reply.receipts.append(
                    pb.CarriedReceipt(sequence=sequence, receipt=leaf.value, proof=leaf.proof)
                )
        return reply

    async def _channel(self, channel_id: str) -> ChannelView:
        if channel_id not in self._channels:
            raise Rejected(UNKNOWN_CHANNEL)
        read = await self._own.read((channel_key(channel_id),))
        if read.values[0] is None:
            raise Rejected(UNKNOWN_CHANNEL, channel=channel_id)
        return channel_view(read.values[0])


def add_to_server(service: RelayService, server: Any) -> None:
    """Serve it. Unlike the generated function, bytes that are no message get a stable code here,
    where grpc would answer UNKNOWN and write a line into the log for each of them."""
    relay = pb.DESCRIPTOR.services_by_name["Relay"]
    handlers: dict[str, Any] = {
        method.name: grpc.unary_unary_rpc_method_handler(
            _parsed(GetMessageClass(method.input_type), getattr(service, method.name)),
            response_serializer=lambda reply: reply.SerializeToString(),
        )
        for method in relay.methods
    }
    generic = grpc.method_handlers_generic_handler(relay.full_name, handlers)
    server.add_generic_rpc_handlers((generic,))


def _parsed(request_class: type[Message], call: Callable[..., Awaitable[R]]) -> Any:
    async def answer(raw: bytes, context: Any) -> R:
        try:
            request = request_class.FromString(raw)
        except DecodeError:
            request = None
        if request is None:
            refused = Rejected(REQUEST_MALFORMED, request=request_class.DESCRIPTOR.name)
            await _abort(context, grpc.StatusCode.INVALID_ARGUMENT, refused)
        return await call(request, context)

    return answer


def _trusted(request: pb.PullPacketsRequest | pb.PullReceiptsRequest) -> int | None:
    """The height up to which the asking chain's light client knows ours, if it says so."""
    return request.trusted_height if request.HasField("trusted_height") else None


async def _answered(context: Any, reply: Awaitable[R]) -> R:
    try:
        return await reply
    except CallFailed as failed:
        refused = Rejected(UNREACHABLE, reason=failed.code)
        await _abort(context, grpc.StatusCode.UNAVAILABLE, refused)
    except Rejected as refused:
        wrong = refused.code in (BAD_PULL, WRONG_ENVELOPE_KEY)
        status = grpc.StatusCode.INVALID_ARGUMENT if wrong else grpc.StatusCode.FAILED_PRECONDITION
        await _abort(context, status, refused)


async def _abort(context: Any, status: grpc.StatusCode, error: Rejected) -> NoReturn:
    sentence, trailer = aborting(error)
    await context.abort(status, sentence, trailing_metadata=trailer)
    raise Misuse("abort does not return")
