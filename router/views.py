"""The parts of the bridge's state records that a router reads.

A router stands beside the contracts, not above them: it names the few fields it needs and ignores
the others, so a chain may add fields without every router being upgraded first.
"""

import msgspec

from faults import Rejected
from router.codes import FORMAT_UNKNOWN

PENDING = "pending"


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as the own chain has it: where each direction goes on."""

    channel_id: str
    peer_chain: str
    peer_envelope_key: bytes
    epoch: int
    paused: bool
    next_outbound: int
    next_inbound: int
    closed_below: int


class OutboxView(msgspec.Struct, frozen=True, kw_only=True):
    """An outbox leaf: the packet's bytes while it is pending, nothing once it is closed."""

    status: str
    packet_id: bytes
    packet: bytes


class ClientView(msgspec.Struct, frozen=True, kw_only=True):
    """The own chain's light client of the peer chain: how far it knows it."""

    height: int


def client_key(chain_id: str) -> str:
    """State key of the light client of a peer chain."""
    return f"bridge/client/{chain_id}"


def client_view(record: bytes) -> ClientView:
    """Decode a light client; Rejected(ROUTER_FORMAT_UNKNOWN)."""
    try:
        return msgspec.msgpack.decode(record, type=ClientView)
    except msgspec.MsgspecError:
        raise Rejected(FORMAT_UNKNOWN, record="client") from None


def channel_key(channel_id: str) -> str:
    """State key of a channel."""
    return f"bridge/channel/{channel_id}"


def channel_view(record: bytes) -> ChannelView:
    """Decode a channel record; Rejected(ROUTER_FORMAT_UNKNOWN)."""
    try:
        return msgspec.msgpack.decode(record, type=ChannelView)
    except msgspec.MsgspecError:
        raise Rejected(FORMAT_UNKNOWN, record="channel") from None


def outbox_view(record: bytes) -> OutboxView:
    """Decode an outbox leaf; Rejected(ROUTER_FORMAT_UNKNOWN)."""
    try:
        return msgspec.msgpack.decode(record, type=OutboxView)
    except msgspec.MsgspecError:
        raise Rejected(FORMAT_UNKNOWN, record="outbox") from None
