"""What a bill's home tells the chains that keep it, and what each of them has been told.

The document, and its last paper or that paper's cancellation, go to every chain that takes them.
A packet that was refused or lost is sent again (失败补偿), only to the chains that lack it.
"""

from contracts.bill import packets
from contracts.bill.home import key_of
from contracts.bill.packets import BillRef, PrintBody, PrintCancelBody, RedRef
from contracts.bill.record import NORMAL, BillRecord, Share, bill_key
from contracts.bridge.outbox import channels_for, send_packet
from contracts.bridge.records import require_channel
from contracts.forms import RED
from contracts.framework import OK, Context
from contracts.reporting import NOT_REPORTED, REPORTED, REPORTING, answered, begun
from faults import Misuse
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record

_DOCUMENTS = (packets.BILL_BLUE, packets.BILL_RED)


def share(ctx: Context, key: str, operation: str, *, skip_paused: bool = False) -> int:
    """Tell every chain that takes `operation`, is no bills' home and doesn't know yet.

    Returns how many packets went. Raises Rejected(CHANNEL_PAUSED), unless such are skipped.
    """
    sent = 0
    for channel in channels_for(ctx, operation):
        bill, route = ctx.require(BillRecord, key), require_channel(ctx, channel)
        cycle = _cycle(bill, operation)
        state = _state(bill, channel, operation, cycle)
        if route.home or state in (REPORTING, REPORTED) or (route.paused and skip_paused):
            continue
        document = operation in _DOCUMENTS
        send_packet(
            ctx,
            operation=operation,
            channel=channel,
            lane_object=_lane_object(bill),
            home_chain=bill.home_chain,
            body=_body(bill, operation),
            form_pcommit=bill.pcommit if document else b"",
            schema=bill.schema if document else "",
            cycle=cycle,
            payload_object=key,
        )
        told = Share(channel=channel, operation=operation, cycle=cycle, state=begun(state))
        ctx.store(key, _with(bill, told))
        sent += 1
    return sent


def share_again(ctx: Context, key: str) -> int:
    """Send again what some chain lacks of a bill: the blue one, its paper, its red one.

    Given the red bill it does the same, for a red bill is nothing where its blue one is missing.
    A paused channel holds up no other: Rejected(CHANNEL_PAUSED) when only such lack something.
    Returns how many packets went.
    """
    bill = ctx.require(BillRecord, key)
    if bill.public.color == RED:
        key = bill_key(bill.public.blue_code, bill.public.blue_number)
        bill = ctx.require(BillRecord, key)
    told = [(key, packets.BILL_BLUE)]
    if bill.paper is not None and bill.flush == NORMAL:
        told.append((key, packets.PRINT))
    if bill.paper is None and bill.cancelled is not None:
        told.append((key, packets.PRINT_CANCEL))
    if bill.red:
        told.append((bill.red, packets.BILL_RED))
    sent = sum(share(ctx, one, operation, skip_paused=True) for one, operation in told)
    return sent or sum(share(ctx, one, operation) for one, operation in told)


def note_answer(ctx: Context, key: str, packet: Packet, receipt: PacketReceipt) -> None:
    """A chain has it, or it may be sent there again; a later paper's state is not touched."""
    bill = ctx.require(BillRecord, key)
    state = _state(bill, packet.channel, packet.operation, packet.cycle)
    if state == REPORTING:
        told = Share(
            channel=packet.channel,
            operation=packet.operation,
            cycle=packet.cycle,
            state=answered(state, good=receipt.outcome == OK),
        )
        ctx.store(key, _with(bill, told))
    if receipt.outcome == OK:
        ctx.emit(key, "shared", chain=packet.destination)


def _body(bill: BillRecord, operation: str) -> Record:
    code, number = bill.public.code, bill.public.number
    if operation == packets.BILL_BLUE:
        return BillRef(code=code, number=number)
    if operation == packets.BILL_RED:
        return RedRef(
            code=code,
            number=number,
            blue_code=bill.public.blue_code,
            blue_number=bill.public.blue_number,
        )
    if operation == packets.PRINT and bill.paper is not None:
        return PrintBody(
            code=code,
            number=number,
            paper_code=bill.paper.code,
            paper_number=bill.paper.number,
            printed_date=bill.paper.printed_date,
            cycle=bill.print_cycle,
        )
    if operation == packets.PRINT_CANCEL and bill.cancelled is not None:
        return PrintCancelBody(
            code=code,
            number=number,
            paper_code=bill.cancelled.code,
            paper_number=bill.cancelled.number,
            reason=bill.cancelled.reason,
            cycle=_cycle(bill, operation),
        )
    raise Misuse(f"{key_of(bill)} has nothing to tell by {operation}")


def _cycle(bill: BillRecord, operation: str) -> int:
    if operation == packets.PRINT:
        return bill.print_cycle
    # The cancellation ended its paper's cycle.
    return bill.print_cycle - 1 if operation == packets.PRINT_CANCEL else 0


def _lane_object(bill: BillRecord) -> str:
    """A red bill travels in its blue bill's lane."""
    if bill.public.color == RED:
        return bill_key(bill.public.blue_code, bill.public.blue_number)
    return key_of(bill)


def _state(bill: BillRecord, channel: str, operation: str, cycle: int) -> str:
    for one in bill.shares:
        if (one.channel, one.operation, one.cycle) == (channel, operation, cycle):
            return one.state
    return NOT_REPORTED


def _with(bill: BillRecord, told: Share) -> BillRecord:
    """With `told` in the place of what the same channel was told by the same operation before."""
    others = [
        one for one in bill.shares if (one.channel, one.operation) != (told.channel, told.operation)
    ]
    ordered = sorted((*others, told), key=lambda one: (one.channel, one.operation))
    return bill.changed(shares=tuple(ordered))
