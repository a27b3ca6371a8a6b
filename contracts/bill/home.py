"""What a bill's home chain decides: locks with their fencing tokens, entries, reversals.

The same decision serves a caller on the home chain and a packet from a chain that holds a replica.
"""

from contracts.bill.packets import EntryBody, EntryReversalBody
from contracts.bill.record import CONFIRMED, BillRecord, Entry, Lock, bill_key
from contracts.bill.rules import Action, check_amount, check_state, check_token
from contracts.codes import (
    BILL_NOT_ENTERED,
    BILL_NOT_FOUND,
    BILL_NOT_LOCKED,
    ENTRY_MISMATCH,
    NOT_HOME_CHAIN,
    NOT_LOCK_HOLDER,
)
from contracts.framework import Context
from contracts.remote.using import check_not_reimbursed
from faults import Rejected


def key_of(bill: BillRecord) -> str:
    """The bill's state key."""
    return bill_key(bill.public.code, bill.public.number)


def require_home(ctx: Context, bill: BillRecord) -> None:
    """Raise Rejected(NOT_HOME_CHAIN) unless this chain issued the bill."""
    if bill.home_chain != ctx.chain_id:
        raise Rejected(NOT_HOME_CHAIN, home=bill.home_chain)


def bill_at_home(ctx: Context, code: str, number: str, action: str) -> BillRecord:
    """The bill a packet asks about, which must be at home here; refusals from here on are saved."""
    key = bill_key(code, number)
    ctx.keep_refusal(key, action)
    bill = ctx.require(BillRecord, key, BILL_NOT_FOUND)
    require_home(ctx, bill)
    return bill


def grant_lock(ctx: Context, bill: BillRecord, wanted: Lock, supersedes: int = 0) -> Lock:
    """Confirm a lock under a new fencing token; tokens rise by one for ever and never come back.

    `supersedes` is the token of the asking chain's own lock that lapsed there: it gives way at
    once.
    """
    check_not_reimbursed(ctx, bill.public.code, bill.public.number)
    held = bill.lock
    if held and held.holder_chain == wanted.holder_chain and held.token == supersedes:
        free = bill if bill.entry else bill.changed(lock=None)
        check_state(free, Action.LOCK, ctx.time_ms)
    else:
        check_state(bill, Action.LOCK, ctx.time_ms)
    token = bill.last_token + 1
    lock = Lock(
        state=CONFIRMED,
        holder_org=wanted.holder_org,
        holder_chain=wanted.holder_chain,
        purpose=wanted.purpose,
        since_ms=ctx.time_ms,
        expires_ms=wanted.expires_ms,
        token=token,
    )
    ctx.store(key_of(bill), bill.changed(lock=lock, last_token=token))
    ctx.emit(
        key_of(bill),
        "lock",
        holder=lock.holder_org,
        chain=lock.holder_chain,
        token=token,
        expires_ms=lock.expires_ms,
    )
    return lock


def release_lock(ctx: Context, bill: BillRecord, reason: str) -> None:
    """End a lock; the caller has checked who asks."""
    token = bill.lock.token if bill.lock else 0
    ctx.store(key_of(bill), bill.changed(lock=None))
    ctx.emit(key_of(bill), "unlock", token=token, reason=reason)


def record_entry(ctx: Context, bill: BillRecord, body: EntryBody, chain_id: str) -> None:
    """Enter the bill for the agency that holds it under this token, once per cycle.

    A lock that has expired but wasn't taken by anybody still counts: the entry was in flight.
    """
    check_state(bill, Action.ENTER, 0)
    check_not_reimbursed(ctx, bill.public.code, bill.public.number)
    lock = bill.lock
    if lock is None:
        raise Rejected(BILL_NOT_LOCKED)
    check_token(lock, body.token)
    if (lock.holder_org, lock.holder_chain) != (body.agency_org, chain_id):
        raise Rejected(NOT_LOCK_HOLDER, holder=lock.holder_org)
    if body.cycle != bill.entry_cycle:
        raise Rejected(ENTRY_MISMATCH, field="cycle", expected=bill.entry_cycle)
    check_amount(bill, body.amount_fen)
    entry = Entry(
        state=CONFIRMED,
        agency_org=body.agency_org,
        agency_chain=chain_id,
        amount_fen=body.amount_fen,
        voucher_number=body.voucher_number,
        token=body.token,
        cycle=body.cycle,
        entered_ms=ctx.time_ms,
    )
    ctx.store(key_of(bill), bill.changed(entry=entry))
    ctx.emit(
        key_of(bill),
        "enter",
        agency=entry.agency_org,
        chain=chain_id,
        amount_fen=entry.amount_fen,
        voucher=entry.voucher_number,
        cycle=entry.cycle,
    )


def cancel_entry(ctx: Context, bill: BillRecord, body: EntryReversalBody, chain_id: str) -> None:
    """Take the entry back; with it ends the lock it stood on, and the next cycle begins."""
    entry = bill.entry
    if entry is None:
        raise Rejected(BILL_NOT_ENTERED)
    for field, given, expected in (
        ("agency", (body.agency_org, chain_id), (entry.agency_org, entry.agency_chain)),
        ("amount_fen", body.amount_fen, entry.amount_fen),
        ("token", body.token, entry.token),
        ("cycle", body.cycle, entry.cycle),
    ):
        if given != expected:
            raise Rejected(ENTRY_MISMATCH, field=field)
    ctx.store(key_of(bill), bill.changed(entry=None, lock=None, entry_cycle=bill.entry_cycle + 1))
    ctx.emit(
        key_of(bill),
        "reverse_entry",
        agency=entry.agency_org,
        amount_fen=entry.amount_fen,
        cycle=entry.cycle,
        reason=body.reason,
    )
