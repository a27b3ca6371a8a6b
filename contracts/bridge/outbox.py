"""Sending: the packet is committed in the same transaction as the change it tells of."""

import msgspec

from contracts.bridge.codes import CHANNEL_CLOSED, CHANNEL_PAUSED, NO_CHANNEL
from contracts.bridge.records import (
    CHANNELS_KEY,
    PENDING,
    Channel,
    ChannelList,
    LaneHead,
    OutboxEntry,
    SentPacket,
    channel_key,
    lane_out_key,
    require_channel,
    sent_key,
)
from contracts.framework import Context
from faults import Rejected
from ledger.packet import Packet, business_key_of, lane_of, outbox_key
from ledger.records import Record, encode


def channels_for(ctx: Context, operation: str) -> tuple[str, ...]:
    """Ids of the channels that carry `operation`, ascending; a paused one is among them."""
    listed = ctx.load(ChannelList, CHANNELS_KEY)
    ids = listed.channel_ids if listed is not None else ()
    return tuple(one for one in ids if _carries(require_channel(ctx, one), operation))


def _carries(channel: Channel, operation: str) -> bool:
    return not channel.closed and channel.assurance(operation) is not None


def send_packet(
    ctx: Context,
    *,
    operation: str,
    lane_object: str,
    home_chain: str,
    body: Record,
    channel: str | None = None,
    form_pcommit: bytes = b"",
    schema: str = "",
    cycle: int = 0,
    reference: bytes = b"",
    payload_object: str = "",
) -> bytes:
    """Commit a packet to the outbox; returns its id.

    `lane_object` is the state key whose packets stay in order (a red bill travels in its blue
    bill's lane); `payload_object` is the object whose payload goes along, when that is another one.
    `reference` is the id of the packet this one answers or compensates. Without `channel`, the one
    that leads to `home_chain` is taken, or the only one that carries the operation. In a closed
    one's place stands the only open one to the same peer.
    Raises Rejected NO_CHANNEL, CHANNEL_PAUSED or CHANNEL_CLOSED.
    """
    route = _route(ctx, operation, home_chain, channel)
    if route.paused:
        raise Rejected(CHANNEL_PAUSED, channel=route.channel_id)
    lane = lane_of(home_chain, lane_object)
    packet = Packet(
        net=route.net,
        source=ctx.chain_id,
        destination=route.peer_chain,
        channel=route.channel_id,
        epoch=route.epoch,
        sequence=route.next_outbound,
        lane=lane,
        lane_sequence=_next_in_lane(ctx, route, lane),
        operation=operation,
        schema=schema,
        sender=ctx.signer.org,
        receiver=route.peer_chain,
        deadline_ms=ctx.time_ms + route.ttl_ms,
        business_key=business_key_of(home_chain, lane_object, operation, cycle),
        cycle=cycle,
        pcommit=form_pcommit,
        body=encode(body),
        reference=reference,
    )
    return _commit(ctx, route, packet, payload_object or lane_object)


def _route(ctx: Context, operation: str, home_chain: str, channel: str | None) -> Channel:
    carrying = channels_for(ctx, operation)
    if channel is not None:
        named = ctx.load(Channel, channel_key(channel))
        if named is not None and named.closed:
            return _successor(ctx, named, carrying)
        if channel not in carrying:
            raise Rejected(NO_CHANNEL, operation=operation, channel=channel)
        return require_channel(ctx, channel)
    candidates = [require_channel(ctx, one) for one in carrying]
    homeward = [one for one in candidates if one.peer_chain == home_chain]
    chosen = homeward or candidates
    if len(chosen) != 1:
        raise Rejected(NO_CHANNEL, operation=operation, channels=len(chosen))
    return chosen[0]


def _successor(ctx: Context, closed: Channel, carrying: tuple[str, ...]) -> Channel:
    """The one open channel to a closed one's peer: what came by that one goes on by this one."""
    peer = (closed.peer_chain, closed.home)
    candidates = [require_channel(ctx, one) for one in carrying]
    successors = [one for one in candidates if (one.peer_chain, one.home) == peer]
    if len(successors) != 1:
        raise Rejected(CHANNEL_CLOSED, channel=closed.channel_id, successors=len(successors))
    return successors[0]


def _next_in_lane(ctx: Context, route: Channel, lane: bytes) -> int:
    key = lane_out_key(route.channel_id, route.epoch, lane)
    head = ctx.load(LaneHead, key) or LaneHead(next_sequence=1)
    ctx.store(key, LaneHead(next_sequence=head.next_sequence + 1))
    return head.next_sequence


def _commit(ctx: Context, route: Channel, packet: Packet, object_key: str) -> bytes:
    packet_id = packet.id
    entry = OutboxEntry(
        status=PENDING, packet_id=packet_id, packet=packet.encode(), object_key=object_key
    )
    place = SentPacket(channel_id=packet.channel, epoch=packet.epoch, sequence=packet.sequence)
    ctx.store(outbox_key(packet.channel, packet.epoch, packet.sequence), entry)
    ctx.store(sent_key(packet_id), place)
    advanced = msgspec.structs.replace(route, next_outbound=packet.sequence + 1)
    ctx.store(channel_key(route.channel_id), advanced)
    ctx.emit(
        channel_key(route.channel_id),
        "send",
        operation=packet.operation,
        object=object_key,
        packet_id=packet_id.hex(),
        sequence=packet.sequence,
    )
    return packet_id
