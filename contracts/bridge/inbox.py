"""Delivery: a proved packet is applied at most once and always gets one terminal receipt.

What can't be verified is refused and leaves no trace on the chain. What is verified but can't be
done is a receipt like any other, so the source never has to guess.
"""

from typing import Any

import msgspec

from contracts.bridge.codes import (
    ALREADY_DELIVERED,
    CHANNEL_CLOSED,
    CHANNEL_PAUSED,
    COMMITMENT_MISMATCH,
    DUPLICATE,
    LANE_ORDER,
    OPERATION_NOT_ALLOWED,
    TIMED_OUT,
    UNEXPECTED_DOCUMENT,
    WRONG_CHANNEL,
)
from contracts.bridge.operations import Delivery, incoming_operation
from contracts.bridge.proving import Frozen, prove, verifier_for
from contracts.bridge.records import (
    PENDING,
    Channel,
    LaneHead,
    OutboxEntry,
    UsedBusinessKey,
    business_key_key,
    channel_key,
    lane_in_key,
    require_channel,
)
from contracts.framework import OK, Context, Identity, Result
from faults import Code, Rejected
from ledger.codes import BAD_PROOF
from ledger.commitment import pcommit_of
from ledger.packet import Packet, PacketReceipt, outbox_key, receipt_key
from ledger.records import decode
from proto.contracts_pb2 import DeliverRequest

# How many receipts past the low-water mark one delivery may close up over.
CATCH_UP_MAX = 256


def deliver(ctx: Context, request: DeliverRequest) -> Result:
    """Verify, apply, and write the terminal receipt. Raises Rejected when verification fails."""
    packet = Packet.decode(request.packet)
    channel = _channel_of(ctx, packet)
    assurance = verifier_for(channel, packet.operation)
    inbox = receipt_key(packet.channel, packet.epoch, packet.sequence)
    if ctx.view.get(inbox) is not None:
        raise Rejected(ALREADY_DELIVERED, channel=packet.channel, sequence=packet.sequence)

    leaf = outbox_key(packet.channel, packet.epoch, packet.sequence)
    proved = prove(ctx, channel, request.proof, leaf)
    if isinstance(proved, Frozen):
        return {"frozen": 1, "chain": proved.chain_id, "height": proved.height}
    entry = decode(OutboxEntry, proved)
    if entry.status != PENDING or entry.packet != request.packet:
        raise Rejected(BAD_PROOF, reason="the leaf holds another packet")

    _advance_lane(ctx, packet)
    receipt = _settle(ctx, channel, packet, request, assurance)
    ctx.view.put(inbox, receipt.encode())
    _advance_channel(ctx, packet)
    return _report(ctx, packet, receipt)


def _channel_of(ctx: Context, packet: Packet) -> Channel:
    channel = require_channel(ctx, packet.channel)
    expected = (channel.net, channel.peer_chain, ctx.chain_id, channel.epoch)
    if (packet.net, packet.source, packet.destination, packet.epoch) != expected:
        raise Rejected(WRONG_CHANNEL, channel=packet.channel)
    if channel.paused:
        raise Rejected(CHANNEL_PAUSED, channel=packet.channel)
    return channel


def _advance_lane(ctx: Context, packet: Packet) -> None:
    key = lane_in_key(packet.channel, packet.epoch, packet.lane)
    head = ctx.load(LaneHead, key) or LaneHead(next_sequence=1)
    if packet.lane_sequence != head.next_sequence:
        raise Rejected(LANE_ORDER, next=head.next_sequence, got=packet.lane_sequence)
    ctx.store(key, LaneHead(next_sequence=head.next_sequence + 1))


def _settle(
    ctx: Context, channel: Channel, packet: Packet, request: DeliverRequest, assurance: str
) -> PacketReceipt:
    """The packet's one terminal receipt; refused is only a document that wasn't committed."""
    packet_id = packet.id

    def receipt(outcome: str, code: str, result: bytes = b"") -> PacketReceipt:
        return PacketReceipt(
            packet_id=packet_id,
            outcome=outcome,
            code=code,
            result=result,
            height=ctx.height,
            assurance=assurance,
        )

    # A late packet needs no document: whoever carries it can make the tombstone.
    if ctx.time_ms >= packet.deadline_ms:
        return receipt("TIMEOUT", TIMED_OUT.name)
    used = ctx.load(UsedBusinessKey, business_key_key(packet.business_key))
    if used is not None:
        return receipt("ERR", DUPLICATE.name, used.packet_id)
    if channel.closed:
        return receipt("GOV", CHANNEL_CLOSED.name)
    operation = incoming_operation(packet.operation)
    if operation is None or channel.assurance(packet.operation) is None:
        return receipt("ERR", OPERATION_NOT_ALLOWED.name)

    delivery = _delivery(packet, packet_id, request)
    acting = ctx.acting_as(channel_principal(channel.channel_id))
    try:
        result = ctx.attempt(lambda: operation.handle(acting, delivery))
    except Rejected as refused:
        _save_failure(ctx, packet, packet_id, refused.code, operation.next_action)
        return receipt("ERR", refused.code.name, _fields_json(refused))
    used = UsedBusinessKey(packet_id=packet_id, height=ctx.height)
    ctx.store(business_key_key(packet.business_key), used)
    return receipt("OK", OK, result)


def channel_principal(channel_id: str) -> Identity:
    """Who a proved packet acts as; the contracts' rules name the role `channel`."""
    return Identity(public_key=b"", org=f"channel:{channel_id}", roles=("channel",))


def _delivery(packet: Packet, packet_id: bytes, request: DeliverRequest) -> Delivery:
    has_form, has_payload = request.HasField("form"), request.HasField("payload")
    if not packet.pcommit and (has_form or has_payload):
        raise Rejected(UNEXPECTED_DOCUMENT)
    if packet.pcommit:
        if not has_form or not has_payload:
            raise Rejected(COMMITMENT_MISMATCH, reason="no document")
        if request.form.schema != packet.schema or pcommit_of(request.form) != packet.pcommit:
            raise Rejected(COMMITMENT_MISMATCH, schema=packet.schema)
    return Delivery(
        packet=packet,
        packet_id=packet_id,
        channel_id=packet.channel,
        form=request.form if has_form else None,
        payload=request.payload if has_payload else None,
        account_id=request.account_id,
        findings=tuple(request.findings),
    )


def _save_failure(
    ctx: Context, packet: Packet, packet_id: bytes, code: Code, next_action: str
) -> None:
    """失败信息保存: the refusal, its reason and what comes next, in this operation's events."""
    ctx.emit(
        channel_key(packet.channel),
        "FAIL_SAVED",
        code.name,
        operation=packet.operation,
        packet_id=packet_id.hex(),
        next_action=next_action,
    )


def _fields_json(refused: Rejected) -> bytes:
    fields: dict[str, Any] = {name: refused.fields[name] for name in sorted(refused.fields)}
    return msgspec.json.encode(fields)


def _advance_channel(ctx: Context, packet: Packet) -> None:
    """Move the low-water mark over every receipt that now stands without a gap."""
    channel = require_channel(ctx, packet.channel)
    mark = channel.next_inbound
    for sequence in range(mark, mark + CATCH_UP_MAX):
        if ctx.view.get(receipt_key(packet.channel, packet.epoch, sequence)) is None:
            break
        mark = sequence + 1
    if mark != channel.next_inbound:
        ctx.store(channel_key(packet.channel), msgspec.structs.replace(channel, next_inbound=mark))


def _report(ctx: Context, packet: Packet, receipt: PacketReceipt) -> Result:
    ctx.emit(
        channel_key(packet.channel),
        "deliver",
        receipt.code,
        operation=packet.operation,
        outcome=receipt.outcome,
        packet_id=receipt.packet_id.hex(),
        sequence=packet.sequence,
    )
    return {
        "frozen": 0,
        "packet_id": receipt.packet_id.hex(),
        "outcome": receipt.outcome,
        "code": receipt.code,
        "sequence": packet.sequence,
    }
