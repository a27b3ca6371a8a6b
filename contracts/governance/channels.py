"""Channels to other chains: opened, resumed, changed and closed by motion, paused by one alone.

Pausing is one-sided and at once, so that whoever sees something wrong can stop it; resuming is a
motion on each side that paused. A paused channel neither sends nor takes packets in; receipts of
what was sent still come in. A closed one sends nothing and answers what arrives with a receipt GOV,
so nothing on either side stays half-way.
"""

from collections.abc import Iterable, Mapping

import msgspec

from contracts.bridge.codes import CHANNEL_CLOSED, CHANNEL_PAUSED, NO_CHANNEL, NO_VERIFIER
from contracts.bridge.genesis import PACKET_TTL_MS, channel_of, client_of
from contracts.bridge.operations import incoming_operation, receipt_operation
from contracts.bridge.proving import LIGHT_CLIENT
from contracts.bridge.records import (
    CHANNELS_KEY,
    Channel,
    ChannelList,
    channel_key,
    client_key,
    require_channel,
)
from contracts.fields import identifier, malformed, public_key, text
from contracts.framework import Context, Result
from contracts.governance.codes import (
    CHANGED_MEANWHILE,
    CHANNEL_EXISTS,
    CHANNEL_OPEN,
    CLIENT_NOT_FROZEN,
    PEER_DIFFERS,
)
from contracts.governance.fields import check_ascending
from contracts.states import START, StateTable
from faults import Rejected
from ledger.genesis import ASSURANCES, GenesisChannel, GenesisValidator, check_channel
from ledger.light_client import LightClientState, initial_client
from ledger.limits import HASH_BYTES
from ledger.validators import Validator, ValidatorSet
from proto.governance_pb2 import (
    CarriedOperation,
    CloseChannel,
    OpenChannel,
    PauseChannelRequest,
    PeerValidator,
    ReanchorPeer,
    ResumeChannel,
    SetChannelOperation,
    SetPeerRouterKey,
)

CHANNELS_MAX = 64
OPERATIONS_MAX = 128
TTL_MS_MIN, TTL_MS_MAX = 60_000, 366 * 24 * 3_600_000

OPEN, PAUSED, CLOSED = "open", "paused", "closed"
MAKE, PAUSE, RESUME, CHANGE, CLOSE = "make", "pause", "resume", "change", "close"

TABLE = StateTable(
    name="channel",
    states=(OPEN, PAUSED, CLOSED),
    actions=(MAKE, PAUSE, RESUME, CHANGE, CLOSE),
    moves={
        (START, MAKE): OPEN,
        (OPEN, PAUSE): PAUSED,
        (PAUSED, RESUME): OPEN,
        (OPEN, CHANGE): OPEN,
        (PAUSED, CHANGE): PAUSED,
        (OPEN, CLOSE): CLOSED,
        (PAUSED, CLOSE): CLOSED,
    },
    refusals={
        **{(START, action): NO_CHANNEL for action in (PAUSE, RESUME, CHANGE, CLOSE)},
        **{(state, MAKE): CHANNEL_EXISTS for state in (OPEN, PAUSED, CLOSED)},
        (OPEN, RESUME): CHANNEL_OPEN,
        (PAUSED, PAUSE): CHANNEL_PAUSED,
    },
    otherwise=CHANNEL_CLOSED,
)


def state_of(channel: Channel | None) -> str:
    """The channel's state in the table."""
    if channel is None:
        return START
    if channel.closed:
        return CLOSED
    return PAUSED if channel.paused else OPEN


def pause(ctx: Context, request: PauseChannelRequest) -> Result:
    """Stop the channel here, at once. Raises Rejected: the table's codes, MALFORMED_REQUEST."""
    reason = text("reason", request.reason, required=True)
    channel = _moved(ctx, request.channel, PAUSE)
    _change(ctx, channel, "pause", {"reason": reason}, paused=True)
    return {"object": channel_key(channel.channel_id), "status": PAUSED}


def open_channel(ctx: Context, wanted: OpenChannel) -> None:
    """Register a channel, and the peer's light client where there is none yet.

    A peer that is known keeps its client; what the motion says of it must agree.
    Raises Rejected: CHANNEL_EXISTS, PEER_DIFFERS, NO_VERIFIER, MALFORMED_REQUEST.
    """
    one = _described(ctx, wanted)
    key = channel_key(one.id)
    TABLE.move(state_of(ctx.load(Channel, key)), MAKE, channel=one.id)
    listed = ctx.load(ChannelList, CHANNELS_KEY)
    ids = listed.channel_ids if listed is not None else ()
    if len(ids) >= CHANNELS_MAX:
        raise malformed("actions", f"more than {CHANNELS_MAX} channels")
    client = client_of(one)
    known = ctx.load(LightClientState, client_key(one.peer_chain))
    if known is None:
        ctx.store(client_key(one.peer_chain), client)
    elif (known.suite, known.genesis_hash) != (client.suite, client.genesis_hash):
        raise Rejected(PEER_DIFFERS, chain=one.peer_chain)
    ctx.store(key, channel_of(one, wanted.ttl_ms or PACKET_TTL_MS))
    ctx.store(CHANNELS_KEY, ChannelList(channel_ids=tuple(sorted((*ids, one.id)))))
    ctx.emit(key, "open", peer=one.peer_chain, operations=",".join(sorted(one.operations))[:500])


def resume(ctx: Context, wanted: ResumeChannel) -> None:
    """Let a paused channel carry again."""
    _change(ctx, _moved(ctx, wanted.channel, RESUME), "resume", {}, paused=False)


def close(ctx: Context, wanted: CloseChannel) -> None:
    """End a channel for good. Receipts go on in both directions."""
    channel = _moved(ctx, wanted.channel, CLOSE)
    _change(ctx, channel, "close", {}, closed=True, paused=False)


def set_operation(ctx: Context, wanted: SetChannelOperation) -> None:
    """Change the assurance wanted of one operation from `before` to `after`; "" = not carried.

    Raises Rejected: CHANGED_MEANWHILE, NO_VERIFIER, MALFORMED_REQUEST.
    """
    channel = _moved(ctx, wanted.channel, CHANGE)
    operation = _read_operation(wanted.operation)
    _check_assurance(operation, wanted.after)
    carried = dict(channel.operations)
    now = carried.pop(operation, "")
    if wanted.before != now or wanted.after == now:
        raise Rejected(CHANGED_MEANWHILE, operation=operation, now=now or "not carried")
    if wanted.after:
        carried[operation] = wanted.after
    about = {"operation": operation, "before": now or "-", "after": wanted.after or "-"}
    _change(ctx, channel, "operation", about, operations=tuple(sorted(carried.items())))


def set_peer_router_key(ctx: Context, wanted: SetPeerRouterKey) -> None:
    """Envelopes for the peer's router are sealed to another key. Raises CHANGED_MEANWHILE."""
    channel = _moved(ctx, wanted.channel, CHANGE)
    after = public_key("actions.after", wanted.after)
    if wanted.before != channel.peer_envelope_key or wanted.before == after:
        raise Rejected(CHANGED_MEANWHILE, now=channel.peer_envelope_key.hex())
    about = {"before": wanted.before.hex(), "after": after.hex()}
    _change(ctx, channel, "peer_router_key", about, peer_envelope_key=after)


def reanchor(ctx: Context, wanted: ReanchorPeer) -> None:
    """Trust a peer again from a block on that people agreed on, after its client froze.

    Raises Rejected: NO_CHANNEL, CLIENT_NOT_FROZEN, MALFORMED_REQUEST.
    """
    key = client_key(identifier("actions.peer_chain", wanted.peer_chain))
    frozen = ctx.require(LightClientState, key, NO_CHANNEL)
    if not frozen.frozen:
        raise Rejected(CLIENT_NOT_FROZEN, chain=wanted.peer_chain)
    if len(wanted.block_hash) != HASH_BYTES or not 1 <= wanted.height < 2**63:
        raise malformed("actions.block_hash", "a block's height and its hash of 32 bytes")
    if not 1 <= wanted.time_ms < 2**53:
        raise malformed("actions.time_ms", "the block's time")
    fresh = initial_client(
        frozen.chain_id, frozen.suite, frozen.genesis_hash, _validator_set(wanted.validators)
    )
    anchored = msgspec.structs.replace(
        fresh,
        height=wanted.height,
        block_hash=wanted.block_hash,
        time_ms=wanted.time_ms,
        recent=((wanted.height, wanted.block_hash),),
    )
    ctx.store(key, anchored)
    ctx.emit(key, "reanchor", height=wanted.height, hash=wanted.block_hash.hex())


# ---- what they share


def _moved(ctx: Context, channel_id: str, action: str) -> Channel:
    key = channel_key(identifier("channel", channel_id))
    TABLE.move(state_of(ctx.load(Channel, key)), action, channel=channel_id)
    return require_channel(ctx, channel_id)


def _change(
    ctx: Context, channel: Channel, action: str, about: Mapping[str, str], **changes: object
) -> None:
    key = channel_key(channel.channel_id)
    ctx.store(key, msgspec.structs.replace(channel, **changes))
    ctx.emit(key, action, **about)


def _described(ctx: Context, wanted: OpenChannel) -> GenesisChannel:
    """The channel as a genesis file would describe it, checked as there."""
    if wanted.ttl_ms and not TTL_MS_MIN <= wanted.ttl_ms <= TTL_MS_MAX:
        raise malformed("actions.ttl_ms", f"0 or {TTL_MS_MIN} to {TTL_MS_MAX}")
    one = GenesisChannel(
        id=identifier("actions.channel", wanted.channel),
        peer_chain=wanted.peer_chain,
        peer_suite=wanted.peer_suite,
        peer_genesis_hash=wanted.peer_genesis_hash.hex(),
        peer_validators=tuple(
            GenesisValidator(public_key=one.public_key.hex(), power=one.power)
            for one in wanted.peer_validators
        ),
        peer_router_key=wanted.peer_router_key.hex(),
        operations=_read_operations(wanted.operations),
        home=wanted.home,
    )
    try:
        check_channel(one, ctx.chain_id)
    except Rejected as refused:
        field = refused.fields["field"].partition(".")[2]
        raise malformed(f"actions.{field}", refused.fields["reason"]) from None
    return one


def _read_operations(operations: Iterable[CarriedOperation]) -> dict[str, str]:
    given = list(operations)
    check_ascending("operations", [one.operation for one in given], OPERATIONS_MAX)
    for one in given:
        _read_operation(one.operation)
        if not one.assurance:
            raise malformed("actions.assurance", "none")
        _check_assurance(one.operation, one.assurance)
    return {one.operation: one.assurance for one in given}


def _read_operation(operation: str) -> str:
    if incoming_operation(operation) is None and receipt_operation(operation) is None:
        raise malformed("actions.operation", "one that no contract knows")
    return operation


def _check_assurance(operation: str, wanted: str) -> None:
    if wanted not in ("", *ASSURANCES):
        raise malformed("actions.assurance", "none of " + ", ".join(ASSURANCES))
    if wanted not in ("", LIGHT_CLIENT):
        raise Rejected(NO_VERIFIER, operation=operation, wanted=wanted)


def _validator_set(members: Iterable[PeerValidator]) -> ValidatorSet:
    try:
        return ValidatorSet.of(*(Validator(one.public_key, one.power) for one in members))
    except Rejected as refused:
        raise malformed("actions.validators", refused.fields["reason"]) from None
