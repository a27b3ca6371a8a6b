"""The relay of one channel as a pure machine: `step(settings, state, event) -> (state, effects)`.

Two halves run in turns, both driven by polling. *Inbound* asks the peer for packets from the own
chain's low-water mark on, leaves out those whose receipt already stands, and delivers the rest, one
at a time in each lane and many lanes at once. *Outbound* asks for the receipts of the packets that
are still pending here, and acknowledges them.

All it remembers can be read from the chains again, so the state may be lost at any step. It only
ever causes submissions that the chain itself refuses when they come twice, so any number may run.

The next stop is `router.shell`, which carries out the effects.
"""

from copy import copy
from dataclasses import fields, replace
from typing import TypeVar

from faults import Rejected
from ledger.packet import Packet, decode_packet_receipt, outbox_key, receipt_key
from router.codes import BAD_CARRIAGE, UNKNOWN_CHANNEL
from router.messages import (
    ACKNOWLEDGE,
    CHANNEL,
    DELIVER,
    INBOX,
    OUTBOX,
    PULL,
    RECEIPTS,
    AskPeerPackets,
    AskPeerReceipts,
    Backoff,
    DeliveryPrepared,
    Effect,
    Event,
    Failed,
    Job,
    OwnRead,
    PacketsPulled,
    PrepareDelivery,
    ReadOwn,
    ReceiptsPulled,
    RelayState,
    Retry,
    Sent,
    Settings,
    SubmitAcknowledge,
    SubmitAnswered,
    SubmitDeliver,
    Tick,
)
from router.views import PENDING, channel_key, channel_view, outbox_view

# The chain says it is done, by us or by another router.
FINISHED_CODES = frozenset({"OK", "ALREADY_DELIVERED", "ALREADY_ACKNOWLEDGED"})
# The same packet may well succeed later, with a fresh proof or after an earlier one.
PASSING_CODES = frozenset(
    {"LANE_ORDER", "CHANNEL_PAUSED", "TX_EXPIRED", "TX_REPLAYED", "POOL_FULL", "UNKNOWN_VALIDATORS"}
)

Effects = list[Effect]
K = TypeVar("K")
V = TypeVar("V")


def step(settings: Settings, state: RelayState, event: Event) -> tuple[RelayState, Effects]:
    """The state after `event` and what to do about it. `state` itself is left as it is."""
    after = _copied(state)
    out: Effects = []
    match event:
        case Tick():
            _tick(settings, after, event, out)
        case OwnRead(purpose=purpose) if purpose == CHANNEL:
            _channel_read(settings, after, event, out)
        case OwnRead(purpose=purpose) if purpose == OUTBOX:
            _outbox_read(settings, after, event, out)
        case OwnRead():
            _inbox_read(settings, after, event, out)
        case PacketsPulled():
            _packets_pulled(settings, after, event, out)
        case ReceiptsPulled():
            _receipts_pulled(settings, after, event, out)
        case DeliveryPrepared():
            _prepared(after, event, out)
        case SubmitAnswered():
            _answered(settings, after, event, out)
        case Failed():
            _failed(settings, after, event, out)
    return after, out


def _copied(state: RelayState) -> RelayState:
    after = copy(state)
    for one in fields(state):
        value = getattr(state, one.name)
        if isinstance(value, dict):
            setattr(after, one.name, dict(value))
    return after


# ---- polling


def _tick(settings: Settings, state: RelayState, event: Tick, out: Effects) -> None:
    state.now_ms, state.jitter = event.now_ms, event.jitter
    if state.inbound_busy or state.outbound_busy or state.now_ms < state.poll_at_ms:
        return
    state.inbound_busy = state.outbound_busy = True
    state.poll_failed = False
    state.poll_at_ms = state.now_ms + settings.poll_ms
    out.append(ReadOwn(CHANNEL, (channel_key(settings.channel),)))


def _channel_read(settings: Settings, state: RelayState, event: OwnRead, out: Effects) -> None:
    if not event.values or event.values[0] is None:
        failed = Failed(CHANNEL, 0, UNKNOWN_CHANNEL.name)
        _failed(settings, state, failed, out)
        return
    try:
        channel = channel_view(event.values[0])
    except Rejected as refused:
        _failed(settings, state, Failed(CHANNEL, 0, refused.code.name), out)
        return
    state.channel, state.block_time_ms = channel, event.block_time_ms
    _forget(state, state.finished, channel.next_inbound)
    _forget(state, state.closed, channel.closed_below)
    for table in (state.resting, state.sent, state.close_retries):
        for sequence in [one for one in table if one < _mark(state, table)]:
            del table[sequence]
    _bound(state, settings.window)
    _ask_packets(settings, state, out)
    _read_outbox(settings, state, out)


def _mark(state: RelayState, table: object) -> int:
    channel = state.channel
    if channel is None:
        return 0
    return channel.next_inbound if table is state.resting else channel.closed_below


def _forget(state: RelayState, table: dict[int, None], below: int) -> None:
    for sequence in [one for one in table if one < below]:
        del table[sequence]


# ---- inbound: the peer's packets


def _ask_packets(settings: Settings, state: RelayState, out: Effects) -> None:
    channel = state.channel
    room = settings.page - len(state.jobs)
    if channel is None or channel.paused or room <= 0:
        state.inbound_busy = False
        return
    start = channel.next_inbound
    while start in state.finished or start in state.jobs or _rests(state, start):
        start += 1
    out.append(AskPeerPackets(settings.channel, max(start, state.cursor), room))


def _rests(state: RelayState, sequence: int) -> bool:
    lane = state.resting.get(sequence)
    return lane is not None and _lane_rests(state, lane)


def _lane_rests(state: RelayState, lane: bytes) -> bool:
    retry = state.lanes.get(lane)
    return retry is not None and retry.not_before_ms > state.now_ms


def _packets_pulled(
    settings: Settings, state: RelayState, event: PacketsPulled, out: Effects
) -> None:
    state.poll_failures, state.poll_failed = 0, False
    state.cursor = 0
    state.inspected = {}
    room = settings.page - len(state.jobs)
    for carried in event.packets[:room]:
        try:
            packet = _decode(settings, state, carried.packet)
        except Rejected as refused:
            _count_poison(settings, state, PULL, 0, refused.code.name, out)
            continue
        state.cursor = max(state.cursor, packet.sequence + 1)
        known = packet.sequence in state.jobs or packet.sequence in state.finished
        if known or _lane_rests(state, packet.lane):
            continue
        state.inspected[packet.sequence] = Job(packet, carried)
    if not state.inspected:
        state.inbound_busy = False
        return
    keys = tuple(
        receipt_key(job.packet.channel, job.packet.epoch, sequence)
        for sequence, job in sorted(state.inspected.items())
    )
    out.append(ReadOwn(INBOX, keys))


def _decode(settings: Settings, state: RelayState, raw: bytes) -> Packet:
    packet = Packet.decode(raw)
    channel = state.channel
    if (
        channel is None
        or packet.channel != settings.channel
        or packet.source != channel.peer_chain
        or packet.epoch != channel.epoch
        or packet.sequence < channel.next_inbound
    ):
        raise Rejected(BAD_CARRIAGE, channel=settings.channel)
    return packet


def _inbox_read(settings: Settings, state: RelayState, event: OwnRead, out: Effects) -> None:
    state.inbound_busy = False
    state.block_time_ms = max(state.block_time_ms, event.block_time_ms)
    for (sequence, job), receipt in zip(
        sorted(state.inspected.items()), event.values, strict=False
    ):
        if receipt is not None:
            state.finished[sequence] = None
        elif not _lane_rests(state, job.packet.lane):
            state.jobs[sequence] = job
            # There may be more behind it: ask again without waiting.
            state.poll_at_ms = state.now_ms
    state.inspected = {}
    _start(settings, state, out)


def _start(settings: Settings, state: RelayState, out: Effects) -> None:
    """Start the head of every lane that has nothing under way, up to the limit."""
    running = sum(1 for job in state.jobs.values() if job.started)
    taken: dict[bytes, None] = {}
    for sequence, job in sorted(state.jobs.items()):
        if running >= settings.in_flight:
            return
        if job.packet.lane in taken:
            continue
        taken[job.packet.lane] = None
        if job.started:
            continue
        state.jobs[sequence] = replace(job, started=True)
        running += 1
        # Past its deadline a packet is only tombstoned, and for that nobody needs to open it.
        if job.packet.pcommit and state.block_time_ms < job.packet.deadline_ms:
            out.append(PrepareDelivery(job.packet, job.carried))
        else:
            out.append(SubmitDeliver(sequence, job.carried, ()))


def _prepared(state: RelayState, event: DeliveryPrepared, out: Effects) -> None:
    job = state.jobs.get(event.sequence)
    if job is not None:
        out.append(SubmitDeliver(event.sequence, job.carried, event.bodies))


# ---- outbound: receipts for our packets


def _read_outbox(settings: Settings, state: RelayState, out: Effects) -> None:
    channel = state.channel
    if channel is None:
        state.outbound_busy = False
        return
    end = min(channel.next_outbound, channel.closed_below + settings.window)
    unknown = [
        sequence
        for sequence in range(channel.closed_below, end)
        if sequence not in state.sent and sequence not in state.closed
    ][: settings.page]
    if not unknown:
        _ask_receipts(settings, state, out)
        return
    state.read_sequences = tuple(unknown)
    keys = tuple(outbox_key(settings.channel, channel.epoch, sequence) for sequence in unknown)
    out.append(ReadOwn(OUTBOX, keys))


def _outbox_read(settings: Settings, state: RelayState, event: OwnRead, out: Effects) -> None:
    for sequence, leaf in zip(state.read_sequences, event.values, strict=False):
        if leaf is None:
            continue
        try:
            entry = outbox_view(leaf)
            if entry.status == PENDING:
                lane = Packet.decode(entry.packet).lane
                state.sent[sequence] = Sent(entry.packet_id, lane)
            else:
                state.closed[sequence] = None
        except Rejected as refused:
            _count_poison(settings, state, OUTBOX, sequence, refused.code.name, out)
    state.read_sequences = ()
    _ask_receipts(settings, state, out)


def _ask_receipts(settings: Settings, state: RelayState, out: Effects) -> None:
    waiting = [
        sequence
        for sequence in sorted(state.sent)
        if sequence not in state.closing and not _close_rests(state, sequence)
    ]
    # Go round, so that packets nobody answers don't keep the others from being asked about.
    behind = [one for one in waiting if one > state.asked_up_to]
    chosen = (behind + [one for one in waiting if one <= state.asked_up_to])[: settings.page]
    if not chosen:
        state.outbound_busy = False
        return
    state.asked_up_to = chosen[-1]
    out.append(AskPeerReceipts(settings.channel, tuple(sorted(chosen))))


def _close_rests(state: RelayState, sequence: int) -> bool:
    retry = state.close_retries.get(sequence)
    return retry is not None and retry.not_before_ms > state.now_ms


def _receipts_pulled(
    settings: Settings, state: RelayState, event: ReceiptsPulled, out: Effects
) -> None:
    state.outbound_busy = False
    state.poll_failures, state.poll_failed = 0, False
    lanes = {state.sent[one].lane: None for one in state.closing if one in state.sent}
    for carried in sorted(event.receipts, key=lambda one: one.sequence):
        sent = state.sent.get(carried.sequence)
        if sent is None or carried.sequence in state.closing:
            continue
        if sent.lane in lanes or len(state.closing) >= settings.in_flight:
            continue
        try:
            if decode_packet_receipt(carried.receipt).packet_id != sent.packet_id:
                raise Rejected(BAD_CARRIAGE, sequence=carried.sequence)
        except Rejected as refused:
            _rest_closing(settings, state, carried.sequence, refused.code.name, True, out)
            continue
        lanes[sent.lane] = None
        state.closing[carried.sequence] = None
        out.append(SubmitAcknowledge(carried.sequence, sent.packet_id, carried.proof))


# ---- answers and failures


def _answered(settings: Settings, state: RelayState, event: SubmitAnswered, out: Effects) -> None:
    if event.code not in FINISHED_CODES:
        poison = event.code not in PASSING_CODES
        failed = Failed(event.purpose, event.sequence, event.code, poison)
        _failed(settings, state, failed, out)
        return
    # What stood behind it in its lane may be ready: look at once.
    state.poll_at_ms = state.now_ms
    if event.purpose == ACKNOWLEDGE:
        state.closing.pop(event.sequence, None)
        state.sent.pop(event.sequence, None)
        state.close_retries.pop(event.sequence, None)
        state.closed[event.sequence] = None
        state.acknowledged += event.code == "OK"
        return
    job = state.jobs.pop(event.sequence, None)
    if job is not None:
        state.lanes.pop(job.packet.lane, None)
        state.resting.pop(event.sequence, None)
    state.finished[event.sequence] = None
    state.delivered += event.code == "OK"
    _start(settings, state, out)


def _failed(settings: Settings, state: RelayState, event: Failed, out: Effects) -> None:
    if event.purpose in {CHANNEL, OUTBOX, INBOX, PULL, RECEIPTS}:
        _poll_failed(settings, state, event, out)
    elif event.purpose == ACKNOWLEDGE:
        _rest_closing(settings, state, event.sequence, event.code, event.poison, out)
    else:
        _rest_lane(settings, state, event, out)
        _start(settings, state, out)


def _poll_failed(settings: Settings, state: RelayState, event: Failed, out: Effects) -> None:
    if event.purpose in {CHANNEL, INBOX, PULL}:
        state.inbound_busy, state.inspected, state.cursor = False, {}, 0
    if event.purpose in {CHANNEL, OUTBOX, RECEIPTS}:
        state.outbound_busy, state.read_sequences = False, ()
    # Both directions fail when a peer is away: one outage, which doubles the rest once.
    state.poll_failures += not state.poll_failed
    state.poll_failed = True
    state.poll_at_ms = state.now_ms + _delay_ms(settings, state, state.poll_failures)
    out.append(
        Backoff(event.purpose, 0, event.code, state.poll_failures, state.poll_at_ms, event.poison)
    )


def _rest_lane(settings: Settings, state: RelayState, event: Failed, out: Effects) -> None:
    """Put the lane aside for a while. Its packets are pulled anew then, with fresh proofs."""
    job = state.jobs.get(event.sequence)
    if job is None:
        return
    lane = job.packet.lane
    before = state.lanes.get(lane)
    failures = (before.failures if before is not None else 0) + 1
    retry = _retry(settings, state, failures, event.poison)
    for sequence in [one for one, job in state.jobs.items() if job.packet.lane == lane]:
        del state.jobs[sequence]
        state.resting[sequence] = lane
    state.lanes[lane] = retry
    state.rejected += event.poison
    out.append(
        Backoff(DELIVER, event.sequence, event.code, failures, retry.not_before_ms, event.poison)
    )


def _rest_closing(
    settings: Settings, state: RelayState, sequence: int, code: str, poison: bool, out: Effects
) -> None:
    state.closing.pop(sequence, None)
    before = state.close_retries.get(sequence)
    failures = (before.failures if before is not None else 0) + 1
    retry = _retry(settings, state, failures, poison)
    state.close_retries[sequence] = retry
    state.rejected += poison
    out.append(Backoff(ACKNOWLEDGE, sequence, code, failures, retry.not_before_ms, poison))


def _count_poison(
    settings: Settings, state: RelayState, purpose: str, sequence: int, code: str, out: Effects
) -> None:
    state.rejected += 1
    out.append(Backoff(purpose, sequence, code, 1, state.now_ms + settings.poll_ms, True))


def _retry(settings: Settings, state: RelayState, failures: int, poison: bool) -> Retry:
    if failures >= (settings.poison_budget if poison else settings.retry_budget):
        return Retry(failures, state.now_ms + _jittered(settings.park_ms, state.jitter))
    return Retry(failures, state.now_ms + _delay_ms(settings, state, failures))


def _delay_ms(settings: Settings, state: RelayState, failures: int) -> int:
    doubled = settings.backoff_base_ms << min(failures - 1, 20)
    return _jittered(min(doubled, settings.backoff_max_ms), state.jitter)


def _jittered(delay_ms: int, jitter: int) -> int:
    """Up to half as long again, so that many routers don't come back at one instant."""
    return delay_ms + delay_ms * jitter // 2000


def _bound(state: RelayState, limit: int) -> None:
    """Forget what was noted longest ago: it is merely looked at again, or tried sooner."""
    _trim(state.lanes, limit)
    _trim(state.resting, limit)
    _trim(state.finished, limit)


def _trim(table: dict[K, V], limit: int) -> None:
    while len(table) > limit:
        del table[next(iter(table))]
