"""What a chain does with a replica of a bill: it asks the home and waits for the proved answer.

Until then the lock, entry or reversal stands as pending, and pins the bill.
"""

from msgspec.structs import replace

from contracts.bill import packets
from contracts.bill.home import key_of
from contracts.bill.packets import EntryBody, EntryReversalBody, LockBody, UnlockBody
from contracts.bill.record import PENDING, RELEASING, REVERSING, BillRecord, Entry, Lock
from contracts.bridge.outbox import send_packet
from contracts.framework import Context
from contracts.remote.using import check_not_reimbursed
from faults import invariant
from ledger.records import Record


def ask_lock(ctx: Context, bill: BillRecord, wanted: Lock) -> Lock:
    """Ask the home for a lock. An own lock that lapsed here gives way to it there too."""
    check_not_reimbursed(ctx, bill.public.code, bill.public.number)
    body = LockBody(
        code=bill.public.code,
        number=bill.public.number,
        holder_org=wanted.holder_org,
        purpose=wanted.purpose,
        expires_ms=wanted.expires_ms,
        supersedes=bill.lock.token if bill.lock else 0,
    )
    packet_id = _send(ctx, bill, packets.LOCK, body, attempt_number(ctx))
    lock = Lock(
        state=PENDING,
        holder_org=wanted.holder_org,
        holder_chain=ctx.chain_id,
        purpose=wanted.purpose,
        since_ms=ctx.time_ms,
        expires_ms=wanted.expires_ms,
        packet_id=packet_id,
    )
    ctx.store(key_of(bill), bill.changed(lock=lock))
    ctx.emit(key_of(bill), "lock_asked", holder=lock.holder_org, expires_ms=lock.expires_ms)
    return lock


def ask_unlock(ctx: Context, bill: BillRecord, lock: Lock, reason: str) -> None:
    """Ask the home to end the lock."""
    body = UnlockBody(
        code=bill.public.code, number=bill.public.number, token=lock.token, reason=reason
    )
    packet_id = _send(ctx, bill, packets.UNLOCK, body, attempt_number(ctx))
    releasing = replace(lock, state=RELEASING, packet_id=packet_id)
    ctx.store(key_of(bill), bill.changed(lock=releasing))
    ctx.emit(key_of(bill), "unlock_asked", token=lock.token, reason=reason)


def report_entry(ctx: Context, bill: BillRecord, body: EntryBody) -> None:
    """Enter the bill and report it to the home (入账反馈); the entry is live from now on."""
    check_not_reimbursed(ctx, body.code, body.number)
    packet_id = _send(ctx, bill, packets.ENTRY, body, body.cycle)
    entry = Entry(
        state=PENDING,
        agency_org=body.agency_org,
        agency_chain=ctx.chain_id,
        amount_fen=body.amount_fen,
        voucher_number=body.voucher_number,
        token=body.token,
        cycle=body.cycle,
        entered_ms=ctx.time_ms,
        packet_id=packet_id,
    )
    ctx.store(key_of(bill), bill.changed(entry=entry))
    ctx.emit(
        key_of(bill),
        "enter_asked",
        agency=entry.agency_org,
        amount_fen=entry.amount_fen,
        voucher=entry.voucher_number,
        cycle=entry.cycle,
    )


def ask_reversal(ctx: Context, bill: BillRecord, reason: str) -> None:
    """Open the reversal of the live entry; the cycle rises when the home's OK is proved."""
    entry = bill.entry
    invariant(entry is not None, "a reversal is opened for a live entry")
    if entry is None:
        return
    body = EntryReversalBody(
        code=bill.public.code,
        number=bill.public.number,
        agency_org=entry.agency_org,
        amount_fen=entry.amount_fen,
        token=entry.token,
        cycle=entry.cycle,
        reason=reason,
    )
    packet_id = _send(
        ctx, bill, packets.ENTRY_REVERSAL, body, entry.cycle, reference=entry.packet_id
    )
    reversing = replace(entry, state=REVERSING, packet_id=packet_id)
    ctx.store(key_of(bill), bill.changed(entry=reversing))
    ctx.emit(key_of(bill), "reverse_entry_asked", cycle=entry.cycle, reason=reason)


def attempt_number(ctx: Context) -> int:
    """A cycle for what may be asked again: no two transactions, nor two chains, share one.

    A lock is guarded by its state and token, so its business key only has to differ each time.
    """
    return int.from_bytes(ctx.tx_hash[:4], "big")


def _send(
    ctx: Context,
    bill: BillRecord,
    operation: str,
    body: Record,
    cycle: int,
    reference: bytes = b"",
) -> bytes:
    return send_packet(
        ctx,
        operation=operation,
        channel=bill.home_channel,
        lane_object=key_of(bill),
        home_chain=bill.home_chain,
        body=body,
        cycle=cycle,
        reference=reference,
    )
