"""The bill's record and the states it can be in."""

from enum import Enum

from contracts.account import Owned
from contracts.codes import BILL_NOT_FOUND
from contracts.fields import malformed
from contracts.findings import FindingRecord
from contracts.forms import RED, EbillFields
from contracts.framework import Context
from contracts.trace import traced_as
from ledger.records import Record

# What became of a blue bill: nothing, red-flushed, or proved red after it had been entered.
NORMAL, FLUSHED, CONFLICT = "normal", "red_flushed", "RED_CONFLICT"
# A lock or an entry on a chain that isn't the bill's home waits for the home's answer in between.
PENDING, CONFIRMED, RELEASING, REVERSING = "pending", "confirmed", "releasing", "reversing"


class Lock(Record, frozen=True, kw_only=True):
    """Who holds the bill, and the home's fencing token for it (0 until confirmed)."""

    state: str  # PENDING, CONFIRMED or RELEASING
    holder_org: str
    holder_chain: str
    purpose: str
    since_ms: int
    expires_ms: int
    token: int = 0
    packet_id: bytes = b""


class Entry(Record, frozen=True, kw_only=True):
    """The bill's one live entry (入账). On a replica its state is that of its report (入账反馈)."""

    state: str  # PENDING, CONFIRMED or REVERSING
    agency_org: str
    agency_chain: str
    amount_fen: int
    voucher_number: str
    token: int
    cycle: int
    entered_ms: int
    packet_id: bytes = b""


class Paper(Record, frozen=True, kw_only=True):
    """The one live paper bill that was printed in exchange (纸票换开)."""

    code: str
    number: str
    printed_date: str  # yyyymmdd
    recorded_ms: int


class CancelledPaper(Record, frozen=True, kw_only=True):
    """The paper that was taken back last; the reason goes along when it is told again."""

    code: str
    number: str
    reason: str


class Share(Record, frozen=True, kw_only=True):
    """How far one channel's peer knows what `operation` tells: the newest cycle's state."""

    channel: str
    operation: str
    cycle: int
    state: str  # of contracts.reporting.REPORTS


class Verification(Record, frozen=True, kw_only=True):
    """The last comparison of the bill with a settlement (票实核对)."""

    settlement_id: str
    time_ms: int
    differences: tuple[FindingRecord, ...]


@traced_as("bill")
class BillRecord(Owned, frozen=True, kw_only=True):
    """A bill's leaf. On a replica `home_channel` is the channel it came by; at home it is empty."""

    home_chain: str
    home_channel: str = ""
    schema: str
    public: EbillFields
    findings: tuple[FindingRecord, ...]
    flush: str = NORMAL
    red: str = ""  # on a flushed blue bill, the state key of its red bill
    lock: Lock | None = None
    last_token: int = 0  # at home: the fencing token given last; never given again
    entry: Entry | None = None
    entry_cycle: int = 0  # how many entries were reversed
    settlement_id: str = ""  # linked settlement
    verification: Verification | None = None
    paper: Paper | None = None
    print_cycle: int = 0  # how many papers were cancelled
    cancelled: CancelledPaper | None = None
    shares: tuple[Share, ...] = ()  # at home: what the chains that keep the bill have been told


class State(Enum):
    """Where a bill stands, derived from its record and the block's time."""

    FREE = "free"
    LOCK_PENDING = "lock_pending"
    LOCKED = "locked"
    LOCK_EXPIRED = "lock_expired"
    UNLOCKING = "unlocking"
    ENTRY_PENDING = "entry_pending"
    ENTERED = "entered"
    REVERSING = "reversing"
    CONFLICT = "conflict"
    CONFLICT_IN_FLIGHT = "conflict_in_flight"
    FLUSHED = "flushed"
    RED = "red"


def bill_key(code: str, number: str) -> str:
    """State key of a bill."""
    return f"bill/{code}-{number}"


def require_bill(ctx: Context, code: str, number: str) -> BillRecord:
    """The bill. Raises Rejected MALFORMED_REQUEST for no code and number, or BILL_NOT_FOUND."""
    for field, value, length in (("bill.code", code, 8), ("bill.number", number, 10)):
        if len(value) != length or not (value.isascii() and value.isdigit()):
            raise malformed(field, f"not {length} digits")
    return ctx.require(BillRecord, bill_key(code, number), BILL_NOT_FOUND)


def state_of(bill: BillRecord, time_ms: int) -> State:
    """The bill's state at a block's time (milliseconds)."""
    if bill.public.color == RED:
        return State.RED
    if bill.flush == FLUSHED:
        return State.FLUSHED
    if bill.flush == CONFLICT:
        settled = bill.entry is not None and bill.entry.state == CONFIRMED
        return State.CONFLICT if settled else State.CONFLICT_IN_FLIGHT
    if bill.entry is not None:
        return _ENTRY_STATES[bill.entry.state]
    if bill.lock is not None:
        expired = bill.lock.state == CONFIRMED and time_ms >= bill.lock.expires_ms
        return State.LOCK_EXPIRED if expired else _LOCK_STATES[bill.lock.state]
    return State.FREE


_LOCK_STATES = {
    PENDING: State.LOCK_PENDING,
    CONFIRMED: State.LOCKED,
    RELEASING: State.UNLOCKING,
}
_ENTRY_STATES = {
    PENDING: State.ENTRY_PENDING,
    CONFIRMED: State.ENTERED,
    REVERSING: State.REVERSING,
}
