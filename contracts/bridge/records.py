"""What the bridge keeps in the state, and under which keys.

Packets and receipts have their keys in `ledger.packet`, because both chains of a channel and every
verifier must agree on them; what stands here is this chain's own bookkeeping.
"""

from contracts.bridge.codes import NO_CHANNEL
from contracts.framework import Context
from ledger.records import Record

PENDING = "pending"
CLOSED = "closed"

CHANNELS_KEY = "bridge/channels"


class Channel(Record, frozen=True, kw_only=True):
    """One registered channel: the peer, what may travel, and how far each direction has come."""

    channel_id: str
    net: str
    peer_chain: str
    peer_suite: str
    peer_envelope_key: bytes  # 65 bytes: envelopes for the peer's router are sealed to it
    operations: tuple[tuple[str, str], ...]  # (operation, assurance wanted), ascending
    home: bool
    ttl_ms: int  # a packet's deadline is this long after the block it was sent in
    epoch: int = 1
    paused: bool = False  # nothing is sent or taken in, until both sides have resumed it
    closed: bool = False  # for good; packets that still arrive get the receipt GOV
    next_outbound: int = 1  # the sequence the next packet sent gets
    next_inbound: int = 1  # every sequence below has its receipt here
    closed_below: int = 1  # every sequence sent below was acknowledged

    def assurance(self, operation: str) -> str | None:
        """The assurance wanted for `operation`, or None when the channel doesn't carry it."""
        return dict(self.operations).get(operation)


class ChannelList(Record, frozen=True, kw_only=True):
    """The ids of all channels, ascending: state has no other way to enumerate them."""

    channel_ids: tuple[str, ...]


class OutboxEntry(Record, frozen=True, kw_only=True):
    """The outbox leaf: what a destination proves against. Closing it removes the packet's bytes."""

    status: str  # PENDING until the receipt is proved, then CLOSED
    packet_id: bytes
    packet: bytes  # canonical bytes; empty once closed
    object_key: str  # the object the packet tells of, on this chain
    outcome: str = ""  # the receipt's outcome and code, once closed
    code: str = ""


class SentPacket(Record, frozen=True, kw_only=True):
    """Where in the outbox a packet stands, found by its id."""

    channel_id: str
    epoch: int
    sequence: int


class LaneHead(Record, frozen=True, kw_only=True):
    """The next sequence of one business object's lane, in one direction of one channel."""

    next_sequence: int


class UsedBusinessKey(Record, frozen=True, kw_only=True):
    """The packet that did this piece of business; a second one is answered DUPLICATE."""

    packet_id: bytes
    height: int


class DeadLetter(Record, frozen=True, kw_only=True):
    """A failure that needs people: what failed, and what to do next."""

    channel_id: str
    operation: str
    object_key: str
    outcome: str
    code: str
    next_action: str
    height: int


def channel_key(channel_id: str) -> str:
    """State key of a channel."""
    return f"bridge/channel/{channel_id}"


def client_key(chain_id: str) -> str:
    """State key of the light client of a peer chain."""
    return f"bridge/client/{chain_id}"


def sent_key(packet_id: bytes) -> str:
    """State key of a sent packet's place in the outbox."""
    return f"bridge/sent/{packet_id.hex()}"


def lane_out_key(channel_id: str, epoch: int, lane: bytes) -> str:
    """State key of the next lane sequence to send."""
    return f"bridge/lane/out/{channel_id}/{epoch}/{lane.hex()}"


def lane_in_key(channel_id: str, epoch: int, lane: bytes) -> str:
    """State key of the next lane sequence to take in."""
    return f"bridge/lane/in/{channel_id}/{epoch}/{lane.hex()}"


def business_key_key(business_key: bytes) -> str:
    """State key of a used business key."""
    return f"bridge/idem/{business_key.hex()}"


def dead_letter_key(packet_id: bytes) -> str:
    """State key of a failure that needs people."""
    return f"bridge/dead/{packet_id.hex()}"


def require_channel(ctx: Context, channel_id: str) -> Channel:
    """The channel; Rejected(NO_CHANNEL) when there is none."""
    return ctx.require(Channel, channel_key(channel_id), NO_CHANNEL)
