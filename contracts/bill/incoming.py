"""What packets about bills do on the chain they arrive at.

Bills come from their home; locks, entries and reversals come to it. What a packet asks is judged
by the same rules as a caller's request, and a refusal is saved in the bill's trace.
"""

from contracts.bill import packets
from contracts.bill.answers import RED_CONFLICT_REASON
from contracts.bill.home import (
    bill_at_home,
    cancel_entry,
    grant_lock,
    key_of,
    record_entry,
    release_lock,
)
from contracts.bill.issuing import (
    Origin,
    blue_of,
    create_blue,
    create_red,
    flush,
    read_red,
)
from contracts.bill.packets import (
    EntryBody,
    EntryReversalBody,
    LockBody,
    LockGranted,
    PrintBody,
    PrintCancelBody,
    UnlockBody,
    applied,
    read_body,
)
from contracts.bill.printing import (
    cancel_paper,
    caught_up,
    check_paper,
    check_print_body,
    record_paper,
    with_missed_paper,
)
from contracts.bill.record import CONFIRMED, PENDING, BillRecord, Lock, bill_key
from contracts.bill.replica import ask_reversal
from contracts.bill.rules import CHAIN_CLOCKS_MS, Action, check_expiry, check_state, check_token
from contracts.bridge.operations import Delivery, incoming
from contracts.codes import (
    BILL_NOT_FOUND,
    BILL_NOT_LOCKED,
    NOT_HOME_CHAIN,
    NOT_LOCK_HOLDER,
    PACKET_INCONSISTENT,
)
from contracts.fields import identifier, text, word
from contracts.framework import Context
from contracts.intake import check_packet, take_delivered
from faults import Rejected
from ledger.packet import Packet
from ledger.records import encode
from proto.transaction_pb2 import CommittedForm


@incoming(packets.BILL_BLUE, next_action="resend")
def receive_blue(ctx: Context, delivery: Delivery) -> bytes:
    """A bill that its home issued becomes a replica here."""
    intake = take_delivered(ctx, delivery)
    packet = delivery.packet
    origin = Origin(packet.source, delivery.channel_id)
    bill = create_blue(ctx, _form(delivery), intake, origin)
    check_packet(packet, packet.source, key_of(bill))
    return applied(key_of(bill))


@incoming(packets.BILL_RED, next_action="hold_lane")
def receive_red(ctx: Context, delivery: Delivery) -> bytes:
    """A red bill its home proved is never refused for an entry here: it is a conflict."""
    intake = take_delivered(ctx, delivery)
    packet = delivery.packet
    blue = blue_of(ctx, read_red(_form(delivery)))
    check_packet(packet, packet.source, key_of(blue))
    if blue.home_chain != packet.source:
        raise Rejected(NOT_HOME_CHAIN, home=blue.home_chain)
    red = create_red(ctx, _form(delivery), intake, Origin(packet.source, delivery.channel_id))
    flushed = flush(ctx, red)
    if flushed.entry is not None and flushed.entry.state == CONFIRMED:
        ask_reversal(ctx, flushed, RED_CONFLICT_REASON)
    return applied(key_of(red))


@incoming(packets.PRINT, next_action="resend")
def receive_print(ctx: Context, delivery: Delivery) -> bytes:
    """The home printed its bill on paper; the replica says so too."""
    body = read_body(PrintBody, delivery.packet.body)
    bill = _replica(ctx, delivery.packet, body, "print")
    check_print_body(body)
    record_paper(ctx, caught_up(bill, body.cycle), body)
    return applied(key_of(bill))


@incoming(packets.PRINT_CANCEL, next_action="resend")
def receive_print_cancelled(ctx: Context, delivery: Delivery) -> bytes:
    """The home took a paper back; it comes after the printing, in the bill's lane."""
    body = read_body(PrintCancelBody, delivery.packet.body)
    bill = _replica(ctx, delivery.packet, body, "cancel_print")
    text("reason", body.reason, required=True)
    check_paper(body)
    cancel_paper(ctx, with_missed_paper(caught_up(bill, body.cycle), body, ctx.time_ms), body)
    return applied(key_of(bill))


@incoming(packets.LOCK, next_action="release_lock")
def apply_lock(ctx: Context, delivery: Delivery) -> bytes:
    """The home grants the lock with a fencing token, or refuses."""
    body = read_body(LockBody, delivery.packet.body)
    bill = _home_bill(ctx, delivery.packet, body.code, body.number, "lock")
    check_expiry(ctx, body.expires_ms, CHAIN_CLOCKS_MS)
    wanted = Lock(
        state=PENDING,
        holder_org=identifier("holder_org", body.holder_org),
        holder_chain=delivery.packet.source,
        purpose=word("purpose", body.purpose),
        since_ms=ctx.time_ms,
        expires_ms=body.expires_ms,
    )
    lock = grant_lock(ctx, bill, wanted, body.supersedes)
    return encode(LockGranted(token=lock.token, entry_cycle=bill.entry_cycle))


@incoming(packets.UNLOCK, next_action="release_lock")
def apply_unlock(ctx: Context, delivery: Delivery) -> bytes:
    """The home ends the lock that the token names, and no other."""
    body = read_body(UnlockBody, delivery.packet.body)
    bill = _home_bill(ctx, delivery.packet, body.code, body.number, "unlock")
    if bill.lock is None:
        raise Rejected(BILL_NOT_LOCKED)
    check_token(bill.lock, body.token)
    if bill.lock.holder_chain != delivery.packet.source:
        raise Rejected(NOT_LOCK_HOLDER, holder=bill.lock.holder_org)
    check_state(bill, Action.UNLOCK, ctx.time_ms)
    release_lock(ctx, bill, text("reason", body.reason))
    return applied(key_of(bill))


@incoming(packets.ENTRY, next_action="undo_entry")
def apply_entry(ctx: Context, delivery: Delivery) -> bytes:
    """入账反馈: the home records the entry against the lock it granted."""
    packet = delivery.packet
    body = read_body(EntryBody, packet.body)
    bill = _home_bill(ctx, packet, body.code, body.number, "enter")
    if body.cycle != packet.cycle:
        raise Rejected(PACKET_INCONSISTENT, field="cycle")
    text("voucher_number", body.voucher_number)
    record_entry(ctx, bill, body, packet.source)
    return applied(key_of(bill))


@incoming(packets.ENTRY_REVERSAL, next_action="decide_by_hand")
def apply_reversal(ctx: Context, delivery: Delivery) -> bytes:
    """The home takes the entry back; the bill is free for a new lock or a red bill."""
    packet = delivery.packet
    body = read_body(EntryReversalBody, packet.body)
    bill = _home_bill(ctx, packet, body.code, body.number, "reverse_entry")
    if body.cycle != packet.cycle:
        raise Rejected(PACKET_INCONSISTENT, field="cycle")
    text("reason", body.reason)
    cancel_entry(ctx, bill, body, packet.source)
    return applied(key_of(bill))


def _form(delivery: Delivery) -> CommittedForm:
    if delivery.form is None:
        raise Rejected(PACKET_INCONSISTENT, field="pcommit")
    return delivery.form


def _replica(
    ctx: Context, packet: Packet, body: PrintBody | PrintCancelBody, action: str
) -> BillRecord:
    """The bill its home tells of; refusals from here on are saved."""
    key = bill_key(body.code, body.number)
    ctx.keep_refusal(key, action)
    bill = ctx.require(BillRecord, key, BILL_NOT_FOUND)
    if bill.home_chain != packet.source:
        raise Rejected(NOT_HOME_CHAIN, home=bill.home_chain)
    check_packet(packet, packet.source, key)
    # A cycle may have passed unseen: what a lost packet said is over when the next one comes.
    if body.cycle != packet.cycle or body.cycle < bill.print_cycle:
        raise Rejected(PACKET_INCONSISTENT, field="cycle")
    return bill


def _home_bill(ctx: Context, packet: Packet, code: str, number: str, action: str) -> BillRecord:
    """The bill at home here that a packet asks about, in the bill's own lane."""
    bill = bill_at_home(ctx, code, number, action)
    check_packet(packet, ctx.chain_id, key_of(bill))
    return bill
