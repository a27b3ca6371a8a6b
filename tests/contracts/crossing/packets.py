"""Packets that a chain's own contract would never send, and ones that come too late."""

import json
from dataclasses import replace
from typing import Any

import msgspec

from contracts.bridge.outbox import send_packet
from contracts.bridge.records import OutboxEntry, SentPacket, sent_key
from contracts.framework import Context, Identity
from contracts.state_view import StateView
from crypto.suites import suite
from ledger.packet import Packet, outbox_key
from ledger.records import Record, encode
from tests.contracts.harness import HOUR_MS, Chain, Network

DAYS_MS = 48 * HOUR_MS


def send_raw(
    chain: Chain,
    operation: str,
    body: Record,
    lane_object: str,
    home: str,
    **more: Any,
) -> Packet:
    """Put a packet into a chain's outbox; returns it."""
    view = StateView(chain)
    ctx = Context(
        chain_id=chain.chain_id,
        suite=suite(chain.suite_name),
        height=chain.height,
        time_ms=chain.time_ms,
        tx_hash=bytes(32),
        operation_index=0,
        signer=Identity(b"", "org-bureau", ()),
        view=view,
    )
    packet_id = send_packet(
        ctx, operation=operation, lane_object=lane_object, home_chain=home, body=body, **more
    )
    for written, value in view.writes().items():
        assert value is not None
        chain.state[written] = value
    chain.events.extend(ctx.events)
    place = chain.load(SentPacket, sent_key(packet_id))
    entry = chain.load(OutboxEntry, outbox_key(place.channel_id, place.epoch, place.sequence))
    return Packet.decode(entry.packet)


def forge(net: Network, chain: Chain, body: Record | None = None, **changes: Any) -> str:
    """The receipt's code for the newest packet that waits, with another body or other fields."""
    key, entry = net.pending(chain)[-1]
    packet = Packet.decode(entry.packet)
    if body is not None:
        changes["body"] = encode(body)
    packet = replace(packet, **changes)
    chain.state[key] = encode(msgspec.structs.replace(entry, packet=packet.encode()))
    result = net.deliver(packet)
    assert result.code == "OK", (result.code, result.fields)
    return str(json.loads(result.result)["code"])


def send_late(net: Network, source: Chain) -> list[str]:
    """Everything that waits comes after its deadline; the clocks agree again afterwards."""
    waiting = [Packet.decode(entry.packet) for _, entry in net.pending(source)]
    assert waiting
    before = {one.destination: net.chains[one.destination].time_ms for one in waiting}
    for name in before:
        net.chains[name].time_ms = max(source.time_ms, before[name]) + DAYS_MS
    codes = net.send_all(source)
    for name, time_ms in before.items():
        net.chains[name].time_ms = time_ms
    return codes
