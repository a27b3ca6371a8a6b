"""What may be done to a bill in which state: the whole table, and the conditions beside it.

A cell is ALLOWED or the code that the refusal carries. Every decision about a bill's state goes
through `check_state`, for callers here and for packets from other chains alike.
"""

from enum import Enum

from contracts.bill.record import BillRecord, Lock, State, state_of
from contracts.codes import (
    AMOUNT_OUT_OF_RANGE,
    BILL_ENTERED,
    BILL_FROZEN,
    BILL_LOCKED,
    BILL_RED,
    ENTRY_PENDING,
    EXPIRY_INVALID,
    FENCING_TOKEN_STALE,
    LOCK_EXPIRED,
    LOCK_PENDING,
    RED_MISMATCH,
    REVERSAL_PENDING,
    UNLOCK_PENDING,
)
from contracts.codes import BILL_NOT_ENTERED as NOT_ENTERED
from contracts.codes import BILL_NOT_LOCKED as NOT_LOCKED
from contracts.forms import BILL_KINDS, EbillFields
from contracts.framework import Context
from contracts.parameters import parameters
from faults import Code, Rejected

# The clocks of two chains differ: the home allows this much beyond what the other one checked.
CHAIN_CLOCKS_MS = 3600 * 1000


class Action(Enum):
    """What can be asked of a bill that exists. Verifying (票实核对) is allowed in every state."""

    FLUSH = "flush"  # a red bill that names it
    LOCK = "lock"
    UNLOCK = "unlock"
    ENTER = "enter"
    REVERSE_ENTRY = "reverse_entry"
    LINK = "link"
    GRANT = "grant"
    READ = "read"
    PRINT = "print"
    CANCEL_PRINT = "cancel_print"


ALLOWED = None
Cell = Code | None

S = State
_COLUMNS = (Action.FLUSH, Action.LOCK, Action.UNLOCK, Action.ENTER, Action.REVERSE_ENTRY)
# fmt: off
_ROWS: dict[State, tuple[Cell, Cell, Cell, Cell, Cell]] = {
    #                flush         lock          unlock          enter           reverse_entry
    S.FREE:          (ALLOWED,      ALLOWED,      NOT_LOCKED,     NOT_LOCKED,     NOT_ENTERED),
    S.LOCK_PENDING:  (BILL_LOCKED,  BILL_LOCKED,  LOCK_PENDING,   LOCK_PENDING,   NOT_ENTERED),
    S.LOCKED:        (BILL_LOCKED,  BILL_LOCKED,  ALLOWED,        ALLOWED,        NOT_ENTERED),
    S.LOCK_EXPIRED:  (ALLOWED,      ALLOWED,      ALLOWED,        LOCK_EXPIRED,   NOT_ENTERED),
    S.UNLOCKING:     (BILL_LOCKED,  BILL_LOCKED,  UNLOCK_PENDING, UNLOCK_PENDING, NOT_ENTERED),
    S.ENTRY_PENDING: (BILL_ENTERED, BILL_ENTERED, BILL_ENTERED,   BILL_ENTERED,   ENTRY_PENDING),
    S.ENTERED:       (BILL_ENTERED, BILL_ENTERED, BILL_ENTERED,   BILL_ENTERED,   ALLOWED),
    S.REVERSING:     (BILL_ENTERED, BILL_ENTERED, BILL_ENTERED,   BILL_ENTERED,   REVERSAL_PENDING),
    S.CONFLICT:      (BILL_RED,     BILL_FROZEN,  BILL_FROZEN,    BILL_FROZEN,    ALLOWED),
    S.CONFLICT_IN_FLIGHT:
                     (BILL_RED,     BILL_FROZEN,  BILL_FROZEN,    BILL_FROZEN,    BILL_FROZEN),
    S.FLUSHED:       (BILL_RED,     BILL_RED,     BILL_RED,       BILL_RED,       BILL_RED),
    S.RED:           (BILL_RED,     BILL_RED,     BILL_RED,       BILL_RED,       BILL_RED),
}
# fmt: on
# These look only at whether the bill is still a valid blue one. Whether a paper is out is a
# condition beside the table: it changes nothing about locks and entries.
_SHOWING = (Action.LINK, Action.GRANT, Action.READ, Action.PRINT)
_CANCELLED: dict[State, Code] = {
    State.CONFLICT: BILL_FROZEN,
    State.CONFLICT_IN_FLIGHT: BILL_FROZEN,
    State.FLUSHED: BILL_RED,
    State.RED: BILL_RED,
}

TABLE: dict[State, dict[Action, Cell]] = {
    state: {
        **dict(zip(_COLUMNS, row, strict=True)),
        **{action: _CANCELLED.get(state, ALLOWED) for action in _SHOWING},
        # A paper is still taken back after its bill was cancelled; a red bill never had one.
        Action.CANCEL_PRINT: BILL_RED if state is State.RED else ALLOWED,
    }
    for state, row in _ROWS.items()
}


def check_state(bill: BillRecord, action: Action, time_ms: int) -> None:
    """Raise Rejected with the table's code unless the bill's state allows `action` now."""
    refusal = TABLE[state_of(bill, time_ms)][action]
    if refusal is None:
        return
    fields: dict[str, str | int] = {}
    if refusal in (BILL_LOCKED, LOCK_PENDING, UNLOCK_PENDING) and bill.lock is not None:
        fields = {"holder": bill.lock.holder_org, "expires_ms": bill.lock.expires_ms}
    elif refusal in (BILL_ENTERED, ENTRY_PENDING, REVERSAL_PENDING) and bill.entry is not None:
        fields = {"agency": bill.entry.agency_org, "cycle": bill.entry.cycle}
    raise Rejected(refusal, bill=f"{bill.public.code}-{bill.public.number}", **fields)


def check_expiry(ctx: Context, expires_ms: int, slack_ms: int = 0) -> None:
    """A lock ends after the block's time, within the parameters' bounds (and the slack)."""
    limits = parameters(ctx)
    # What took a while to come here may have less left than its own chain asked for.
    least = ctx.time_ms + (0 if slack_ms else limits.lock_ms_min)
    most = ctx.time_ms + limits.lock_ms_max + slack_ms
    if not least < expires_ms <= most:
        raise Rejected(
            EXPIRY_INVALID, expires_ms=expires_ms, time_ms=ctx.time_ms, earliest=least, latest=most
        )


def check_amount(bill: BillRecord, amount_fen: int) -> None:
    """0 < amount ≤ total."""
    if not 0 < amount_fen <= bill.public.total_fen:
        raise Rejected(AMOUNT_OUT_OF_RANGE, amount_fen=amount_fen, total_fen=bill.public.total_fen)


def check_token(lock: Lock, token: int) -> None:
    """The fencing token is that of the lock that stands."""
    if token != lock.token:
        raise Rejected(FENCING_TOKEN_STALE, given=token, current=lock.token)


def check_mirror(red: EbillFields, blue: EbillFields) -> None:
    """A red bill has its blue bill's issuer and each amount negated, else RED_MISMATCH."""
    if red.issuer_code != blue.issuer_code:
        raise Rejected(RED_MISMATCH, field="issuer_code")
    for field in ("total_fen", *BILL_KINDS):
        own, expected = int(getattr(red, field)), -int(getattr(blue, field))
        if own != expected:
            raise Rejected(RED_MISMATCH, field=field, red_fen=own, expected_fen=expected)
