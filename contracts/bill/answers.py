"""What the home's proved receipts do on the chain that asked.

OK confirms; anything else undoes what was pending. The bridge saves the failure with its next
action; the event here says what became of the bill.
"""

from msgspec.structs import replace

from contracts.bill import packets
from contracts.bill.home import key_of
from contracts.bill.packets import (
    BillRef,
    EntryBody,
    EntryReversalBody,
    LockBody,
    LockGranted,
    PrintBody,
    PrintCancelBody,
    RedRef,
    UnlockBody,
    read_body,
)
from contracts.bill.record import (
    CONFIRMED,
    CONFLICT,
    FLUSHED,
    NORMAL,
    PENDING,
    RELEASING,
    REVERSING,
    BillRecord,
    bill_key,
)
from contracts.bill.replica import ask_reversal
from contracts.bill.sharing import note_answer
from contracts.bridge.operations import on_receipt
from contracts.codes import (
    BILL_NOT_FOUND,
    BILL_NOT_LOCKED,
    BILL_RED,
    FENCING_TOKEN_STALE,
    NOT_LOCK_HOLDER,
)
from contracts.framework import OK, Context
from contracts.reporting import code_of
from ledger.packet import Packet, PacketReceipt

# Answers that say the home does not hold this lock for us: keeping it here would only mislead.
LOCK_IS_GONE = frozenset(
    one.name
    for one in (BILL_NOT_FOUND, BILL_NOT_LOCKED, BILL_RED, FENCING_TOKEN_STALE, NOT_LOCK_HOLDER)
)
RED_CONFLICT_REASON = "red_conflict"


@on_receipt(packets.BILL_BLUE, next_action="resend")
def blue_synced(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """A blue bill reached (or did not reach) another chain."""
    body = read_body(BillRef, packet.body)
    note_answer(ctx, bill_key(body.code, body.number), packet, receipt)


@on_receipt(packets.BILL_RED, next_action="resend")
def red_synced(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """A red bill reached (or did not reach) another chain."""
    body = read_body(RedRef, packet.body)
    note_answer(ctx, bill_key(body.code, body.number), packet, receipt)


@on_receipt(packets.PRINT, next_action="resend")
def print_synced(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """A printing reached (or did not reach) another chain."""
    body = read_body(PrintBody, packet.body)
    note_answer(ctx, bill_key(body.code, body.number), packet, receipt)


@on_receipt(packets.PRINT_CANCEL, next_action="resend")
def print_cancel_synced(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """A cancelled printing reached (or did not reach) another chain."""
    body = read_body(PrintCancelBody, packet.body)
    note_answer(ctx, bill_key(body.code, body.number), packet, receipt)


@on_receipt(packets.LOCK, next_action="lock_again")
def lock_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """Confirm the lock under the home's fencing token, or release it."""
    body = read_body(LockBody, packet.body)
    bill = _bill(ctx, body.code, body.number)
    if bill.lock is None or bill.lock.state != PENDING:
        return
    if receipt.outcome != OK:
        ctx.store(key_of(bill), bill.changed(lock=None))
        ctx.emit(key_of(bill), "lock_refused", code_of(receipt), holder=body.holder_org)
        return
    granted = read_body(LockGranted, receipt.result)
    lock = replace(bill.lock, state=CONFIRMED, token=granted.token, packet_id=b"")
    # A bill that turned red meanwhile has outlived the lock that was asked for it.
    kept = lock if bill.flush == NORMAL else None
    ctx.store(key_of(bill), bill.changed(lock=kept, entry_cycle=granted.entry_cycle))
    ctx.emit(key_of(bill), "lock", holder=body.holder_org, token=granted.token)


@on_receipt(packets.UNLOCK, next_action="unlock_again")
def unlock_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The lock ends when the home ended it or no longer knows it; otherwise it stands as before."""
    body = read_body(UnlockBody, packet.body)
    bill = _bill(ctx, body.code, body.number)
    if bill.lock is None or bill.lock.state != RELEASING:
        return
    ended = receipt.outcome == OK or receipt.code in LOCK_IS_GONE or bill.flush != NORMAL
    lock = None if ended else replace(bill.lock, state=CONFIRMED, packet_id=b"")
    ctx.store(key_of(bill), bill.changed(lock=lock))
    action = "unlock" if ended else "unlock_refused"
    ctx.emit(key_of(bill), action, code_of(receipt), token=body.token)


@on_receipt(packets.ENTRY, next_action="enter_again")
def entry_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The entry is confirmed as reported, or it never was."""
    body = read_body(EntryBody, packet.body)
    bill = _bill(ctx, body.code, body.number)
    if bill.entry is None or bill.entry.state != PENDING:
        return
    key = key_of(bill)
    if receipt.outcome == OK:
        entry = replace(bill.entry, state=CONFIRMED)
        ctx.store(key, bill.changed(entry=entry))
        ctx.emit(key, "enter", agency=body.agency_org, amount_fen=body.amount_fen)
        if bill.flush == CONFLICT:
            ask_reversal(ctx, ctx.require(BillRecord, key), RED_CONFLICT_REASON)
        return
    gone = receipt.code in LOCK_IS_GONE or bill.flush != NORMAL
    ctx.store(
        key,
        bill.changed(entry=None, lock=None if gone else bill.lock, flush=_settled(bill)),
    )
    ctx.emit(key, "enter_refused", code_of(receipt), agency=body.agency_org)


@on_receipt(packets.ENTRY_REVERSAL, next_action="reverse_again")
def reversal_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The entry ends and the cycle rises by the home's OK only; otherwise the entry stands."""
    body = read_body(EntryReversalBody, packet.body)
    bill = _bill(ctx, body.code, body.number)
    if bill.entry is None or bill.entry.state != REVERSING:
        return
    key = key_of(bill)
    if receipt.outcome != OK:
        ctx.store(key, bill.changed(entry=replace(bill.entry, state=CONFIRMED)))
        ctx.emit(key, "reverse_entry_refused", code_of(receipt), cycle=body.cycle)
        return
    ctx.store(
        key,
        bill.changed(entry=None, lock=None, entry_cycle=body.cycle + 1, flush=_settled(bill)),
    )
    ctx.emit(key, "reverse_entry", agency=body.agency_org, cycle=body.cycle)


def _bill(ctx: Context, code: str, number: str) -> BillRecord:
    return ctx.require(BillRecord, bill_key(code, number), BILL_NOT_FOUND)


def _settled(bill: BillRecord) -> str:
    """Without its entry a conflict is an ordinary red-flush."""
    return FLUSHED if bill.flush == CONFLICT else bill.flush
