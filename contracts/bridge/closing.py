"""Acknowledgement: the source acts once, on a proved receipt only.

The commitment is closed before the business contract hears of the receipt, so a second
acknowledgement, even from inside that contract, finds nothing to close.
"""

import msgspec

from contracts.bridge.codes import ALREADY_ACKNOWLEDGED, NOT_SENT
from contracts.bridge.inbox import CATCH_UP_MAX, channel_principal
from contracts.bridge.operations import receipt_operation
from contracts.bridge.proving import Frozen, prove, verifier_for
from contracts.bridge.records import (
    CLOSED,
    PENDING,
    DeadLetter,
    OutboxEntry,
    SentPacket,
    channel_key,
    dead_letter_key,
    require_channel,
    sent_key,
)
from contracts.framework import OK, Context, Result
from contracts.trace import record_class
from faults import Rejected
from ledger.codes import BAD_PROOF
from ledger.packet import (
    Packet,
    PacketReceipt,
    decode_packet_receipt,
    outbox_key,
    receipt_key,
)
from proto.contracts_pb2 import AcknowledgeRequest

DECIDE_BY_HAND = "decide_by_hand"


def acknowledge(ctx: Context, request: AcknowledgeRequest) -> Result:
    """Verify the receipt, close the commitment, then run what the receipt brings about."""
    place = ctx.require(SentPacket, sent_key(request.packet_id), NOT_SENT)
    leaf = outbox_key(place.channel_id, place.epoch, place.sequence)
    entry = ctx.require(OutboxEntry, leaf, NOT_SENT)
    if entry.status != PENDING:
        raise Rejected(ALREADY_ACKNOWLEDGED, packet_id=request.packet_id.hex())
    packet = Packet.decode(entry.packet)
    channel = require_channel(ctx, place.channel_id)
    verifier_for(channel, packet.operation)

    key = receipt_key(place.channel_id, place.epoch, place.sequence)
    proved = prove(ctx, channel, request.proof, key)
    if isinstance(proved, Frozen):
        return {"frozen": 1, "chain": proved.chain_id, "height": proved.height}
    receipt = decode_packet_receipt(proved)
    if receipt.packet_id != request.packet_id:
        raise Rejected(BAD_PROOF, reason="the receipt is another packet's")

    _close(ctx, leaf, entry, receipt)
    _advance_channel(ctx, place)
    _act(ctx, entry, packet, receipt)
    return {
        "frozen": 0,
        "packet_id": receipt.packet_id.hex(),
        "outcome": receipt.outcome,
        "code": receipt.code,
        "sequence": place.sequence,
    }


def _close(ctx: Context, leaf: str, entry: OutboxEntry, receipt: PacketReceipt) -> None:
    closed = msgspec.structs.replace(
        entry, status=CLOSED, packet=b"", outcome=receipt.outcome, code=receipt.code
    )
    ctx.store(leaf, closed)


def _advance_channel(ctx: Context, place: SentPacket) -> None:
    """Move the low-water mark over every commitment that is closed without a gap."""
    channel = require_channel(ctx, place.channel_id)
    mark = channel.closed_below
    end = min(channel.next_outbound, mark + CATCH_UP_MAX)
    while mark < end:
        entry = ctx.load(OutboxEntry, outbox_key(place.channel_id, place.epoch, mark))
        if entry is None or entry.status != CLOSED:
            break
        mark += 1
    if mark != channel.closed_below:
        changed = msgspec.structs.replace(channel, closed_below=mark)
        ctx.store(channel_key(place.channel_id), changed)


def _act(ctx: Context, entry: OutboxEntry, packet: Packet, receipt: PacketReceipt) -> None:
    """Run the receipt's handler; what fails or was refused is saved with its next action."""
    operation = receipt_operation(packet.operation)
    code = receipt.code
    failed = receipt.outcome != OK
    if operation is None:
        failed, next_action = True, DECIDE_BY_HAND
        _dead_letter(ctx, entry, packet, receipt, code)
    else:
        next_action = operation.next_action
        acting = ctx.acting_as(channel_principal(packet.channel))
        try:
            ctx.attempt(lambda: operation.handle(acting, packet, receipt))
        except Rejected as refused:
            failed, code, next_action = True, refused.code.name, DECIDE_BY_HAND
            _dead_letter(ctx, entry, packet, receipt, code)
    ctx.emit(
        channel_key(packet.channel),
        "acknowledge",
        code,
        operation=packet.operation,
        outcome=receipt.outcome,
        packet_id=receipt.packet_id.hex(),
        sequence=packet.sequence,
    )
    if failed:
        _save_failure(ctx, entry, packet, code, next_action)


def _dead_letter(
    ctx: Context, entry: OutboxEntry, packet: Packet, receipt: PacketReceipt, code: str
) -> None:
    letter = DeadLetter(
        channel_id=packet.channel,
        operation=packet.operation,
        object_key=entry.object_key,
        outcome=receipt.outcome,
        code=code,
        next_action=DECIDE_BY_HAND,
        height=ctx.height,
    )
    ctx.store(dead_letter_key(receipt.packet_id), letter)


def _save_failure(
    ctx: Context, entry: OutboxEntry, packet: Packet, code: str, next_action: str
) -> None:
    """失败信息保存: in the object's own trace when it has one, else in the operation's events."""
    traced = (
        record_class(entry.object_key) is not None and ctx.view.get(entry.object_key) is not None
    )
    ctx.emit(
        entry.object_key if traced else channel_key(packet.channel),
        "FAIL_SAVED",
        code,
        operation=packet.operation,
        packet_id=entry.packet_id.hex(),
        next_action=next_action,
    )
