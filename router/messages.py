"""What goes into the relay core and what comes out of it.

The shell answers every effect but `Backoff` with exactly one event: the one named after it, or
`Failed`. It owes an answer even when a deadline passed or a peer vanished.
"""

from dataclasses import dataclass, field

from ledger.packet import Packet
from router.views import ChannelView

# What an effect was for; `Failed`, `SubmitAnswered` and `OwnRead` give it back.
CHANNEL = "channel"
OUTBOX = "outbox"
INBOX = "inbox"
PULL = "pull"
RECEIPTS = "receipts"
PREPARE = "prepare"
DELIVER = "deliver"
ACKNOWLEDGE = "acknowledge"


@dataclass(frozen=True, slots=True)
class Carried:
    """A packet as the peer router carries it."""

    packet: bytes
    proof: bytes
    envelope: bytes


@dataclass(frozen=True, slots=True)
class CarriedBack:
    """A receipt as the peer router carries it."""

    sequence: int
    receipt: bytes
    proof: bytes


# ---- events


@dataclass(frozen=True, slots=True)
class Tick:
    """Time went on: milliseconds of a clock that never goes back, and a draw from 0 to 999."""

    now_ms: int
    jitter: int


@dataclass(frozen=True, slots=True)
class OwnRead:
    """Answer to ReadOwn: the values in the order asked, and the newest block's time."""

    purpose: str
    values: tuple[bytes | None, ...]
    block_time_ms: int


@dataclass(frozen=True, slots=True)
class PacketsPulled:
    """Answer to AskPeerPackets: what the peer has from there on, possibly nothing."""

    packets: tuple[Carried, ...]


@dataclass(frozen=True, slots=True)
class ReceiptsPulled:
    """Answer to AskPeerReceipts: the receipts there are so far, possibly none."""

    receipts: tuple[CarriedBack, ...]


@dataclass(frozen=True, slots=True)
class DeliveryPrepared:
    """Answer to PrepareDelivery: transaction bodies to sign and submit in this order."""

    sequence: int
    bodies: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SubmitAnswered:
    """Answer to SubmitDeliver and SubmitAcknowledge: the operation's code in its receipt."""

    purpose: str
    sequence: int
    code: str


@dataclass(frozen=True, slots=True)
class Failed:
    """An effect that came to nothing. `poison`: the same bytes will fail again."""

    purpose: str
    sequence: int
    code: str
    poison: bool = False


Event = Tick | OwnRead | PacketsPulled | ReceiptsPulled | DeliveryPrepared | SubmitAnswered | Failed

# ---- effects


@dataclass(frozen=True, slots=True)
class ReadOwn:
    """Read these keys of the own chain's state."""

    purpose: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskPeerPackets:
    """Ask the peer router for packets addressed to us."""

    channel: str
    from_sequence: int
    limit: int


@dataclass(frozen=True, slots=True)
class AskPeerReceipts:
    """Ask the peer router for the receipts of packets we sent."""

    channel: str
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PrepareDelivery:
    """Open the envelope, check it against the commitment, have the custodian seal it anew."""

    packet: Packet
    carried: Carried


@dataclass(frozen=True, slots=True)
class SubmitDeliver:
    """Sign and submit; without bodies the delivery has no document and we build it ourselves."""

    sequence: int
    carried: Carried
    bodies: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SubmitAcknowledge:
    """Sign and submit the acknowledgement of a packet we sent."""

    sequence: int
    packet_id: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class Backoff:
    """Say in the log that something failed and until when it rests. Nothing to answer."""

    purpose: str
    sequence: int
    code: str
    failures: int
    until_ms: int
    poison: bool


Effect = (
    ReadOwn
    | AskPeerPackets
    | AskPeerReceipts
    | PrepareDelivery
    | SubmitDeliver
    | SubmitAcknowledge
    | Backoff
)

# ---- state


@dataclass(frozen=True, slots=True)
class Settings:
    """One channel's relay. Times are milliseconds.

    `page` packets are held at once and asked for at once; `in_flight` of them may be under way.
    After `retry_budget` failures in a row (`poison_budget` when the same bytes will fail again) a
    lane rests for `park_ms` between attempts. It is never given up: only chains end a packet.
    """

    channel: str
    poll_ms: int = 200
    page: int = 64
    in_flight: int = 16
    window: int = 1024
    backoff_base_ms: int = 200
    backoff_max_ms: int = 30_000
    retry_budget: int = 8
    poison_budget: int = 3
    park_ms: int = 60_000


@dataclass(frozen=True, slots=True)
class Retry:
    """How often something failed in a row, and when it may be tried again."""

    failures: int
    not_before_ms: int


@dataclass(frozen=True, slots=True)
class Job:
    """A pulled packet on its way in. `started`: an effect about it is under way."""

    packet: Packet
    carried: Carried
    started: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """A packet of ours whose receipt isn't in yet."""

    packet_id: bytes
    lane: bytes


@dataclass(slots=True)
class RelayState:
    """A cache and nothing more: an empty one leads to the same deliveries. Bounded by Settings."""

    now_ms: int = 0
    jitter: int = 0
    block_time_ms: int = 0
    poll_at_ms: int = 0
    poll_failures: int = 0
    poll_failed: bool = False  # this poll already counted
    inbound_busy: bool = False
    outbound_busy: bool = False
    channel: ChannelView | None = None
    cursor: int = 0
    asked_up_to: int = 0
    read_sequences: tuple[int, ...] = ()
    inspected: dict[int, Job] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    finished: dict[int, None] = field(default_factory=dict)
    lanes: dict[bytes, Retry] = field(default_factory=dict)
    resting: dict[int, bytes] = field(default_factory=dict)
    sent: dict[int, Sent] = field(default_factory=dict)
    closed: dict[int, None] = field(default_factory=dict)
    closing: dict[int, None] = field(default_factory=dict)
    close_retries: dict[int, Retry] = field(default_factory=dict)
    delivered: int = 0
    acknowledged: int = 0
    rejected: int = 0
