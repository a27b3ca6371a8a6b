"""The shell of one channel's relay: it carries out the core's effects and answers with events.

Nothing is kept on disk. Every effect is answered exactly once, by its result or by `Failed`.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from faults import Rejected, failpoint, invariant
from router.codes import NO_ENVELOPE, UNEXPECTED_BODY
from router.connector import CallFailed, OwnChain, PeerRouter
from router.envelopes import unseal
from router.logs import log
from router.messages import (
    ACKNOWLEDGE,
    DELIVER,
    PREPARE,
    PULL,
    RECEIPTS,
    AskPeerPackets,
    AskPeerReceipts,
    Backoff,
    DeliveryPrepared,
    Effect,
    Event,
    Failed,
    OwnRead,
    PacketsPulled,
    PrepareDelivery,
    ReadOwn,
    ReceiptsPulled,
    RelayState,
    Settings,
    SubmitAcknowledge,
    SubmitAnswered,
    SubmitDeliver,
    Tick,
)
from router.proofs import (
    acknowledgement_body,
    check_bodies,
    check_carriage,
    delivery_body,
)
from router.relay import step
from router.views import client_key, client_view

NONCE_BYTES = 16
OK = "OK"


def monotonic_ms() -> int:
    """Milliseconds of a clock that never goes back."""
    return time.monotonic_ns() // 1_000_000


def random_permille() -> int:
    """A draw from 0 to 999, for jitter."""
    return secrets.randbelow(1000)


@dataclass(frozen=True, slots=True)
class Keys:
    """Who this router is on its own chain, and the key envelopes to it are sealed for."""

    chain_id: str
    public_key: bytes
    envelope_private_key: bytes


class ChannelRelay:
    """Runs the relay core of one channel against its own chain and the peer's router."""

    def __init__(
        self,
        settings: Settings,
        keys: Keys,
        own: OwnChain,
        peer: PeerRouter,
        *,
        clock: Callable[[], int] = monotonic_ms,
        draw: Callable[[], int] = random_permille,
    ) -> None:
        self.state = RelayState()
        self._settings = settings
        self._keys = keys
        self._own = own
        self._peer = peer
        self._clock = clock
        self._draw = draw
        self._events: asyncio.Queue[Event] = asyncio.Queue()

    async def run(self) -> None:
        """Relay until cancelled."""
        pause = self._settings.poll_ms / 1000
        async with asyncio.TaskGroup() as group:
            while True:
                self._feed(group, Tick(self._clock(), self._draw()))
                # Not wait_for: on Python 3.11 it can swallow the cancellation that stops us.
                try:
                    async with asyncio.timeout(pause):
                        event = await self._events.get()
                except TimeoutError:
                    continue
                self._feed(group, event)

    def _feed(self, group: asyncio.TaskGroup, event: Event) -> None:
        self.state, effects = step(self._settings, self.state, event)
        for effect in effects:
            if isinstance(effect, Backoff):
                self._log(effect)
            else:
                group.create_task(self._perform(effect))

    async def _perform(self, effect: Effect) -> None:
        """Carry out one effect and put its one answer into the queue."""
        try:
            event = await self._answer(effect)
        except CallFailed as failed:
            event = _failed(effect, failed.code, failed.poison)
        except Rejected as refused:
            event = _failed(effect, refused.code.name, True)
        if isinstance(event, SubmitAnswered):
            log(
                "router.answered",
                channel=self._settings.channel,
                purpose=event.purpose,
                sequence=event.sequence,
                code=event.code,
            )
        self._events.put_nowait(event)

    async def _answer(self, effect: Effect) -> Event:
        match effect:
            case ReadOwn():
                read = await self._own.read(effect.keys)
                return OwnRead(effect.purpose, read.values, read.block_time_ms)
            case AskPeerPackets():
                return await self._pull(effect)
            case AskPeerReceipts():
                trusted = await self._trusted_height()
                receipts = await self._peer.pull_receipts(effect.channel, effect.sequences, trusted)
                return ReceiptsPulled(receipts)
            case PrepareDelivery():
                return await self._prepare(effect)
            case SubmitDeliver():
                return await self._deliver(effect)
            case SubmitAcknowledge():
                return await self._acknowledge(effect)
        invariant(False, f"{type(effect).__name__} is an effect to carry out")
        raise Rejected(UNEXPECTED_BODY)

    async def _pull(self, effect: AskPeerPackets) -> PacketsPulled:
        trusted = await self._trusted_height()
        failpoint("router.pull.before")
        packets = await self._peer.pull_packets(
            effect.channel, effect.from_sequence, effect.limit, trusted
        )
        failpoint("router.pull.after")
        return PacketsPulled(packets)

    async def _trusted_height(self) -> int | None:
        """How far our chain's light client knows the peer's chain; None while we can't say."""
        channel = self.state.channel
        if channel is None:
            return None
        record = (await self._own.read((client_key(channel.peer_chain),))).values[0]
        return client_view(record).height if record is not None else None

    async def _prepare(self, effect: PrepareDelivery) -> DeliveryPrepared:
        check_carriage(effect.packet, effect.carried)
        if not effect.carried.envelope:
            raise CallFailed(NO_ENVELOPE.name)
        failpoint("router.open.before")
        plaintext = await asyncio.to_thread(
            unseal, self._keys.envelope_private_key, effect.packet, effect.carried.envelope
        )
        failpoint("router.open.after")
        failpoint("router.prepare.before")
        bodies = await self._own.prepare_delivery(
            effect.carried.packet, effect.carried.proof, plaintext
        )
        failpoint("router.prepare.after")
        height = (await self._own.read(())).height
        check_bodies(
            bodies,
            chain_id=self._keys.chain_id,
            signer=self._keys.public_key,
            height=height,
            carried=effect.carried,
        )
        return DeliveryPrepared(effect.packet.sequence, bodies)

    async def _deliver(self, effect: SubmitDeliver) -> SubmitAnswered:
        bodies = effect.bodies or (await self._bare(effect),)
        code = OK
        failpoint("router.submit.before")
        for index, body in enumerate(bodies):
            code = await self._own.submit(body)
            if code != OK and index < len(bodies) - 1:
                # Say, another router opened the account first: prepare anew, it is seen then.
                raise CallFailed(code)
        failpoint("router.submit.after")
        return SubmitAnswered(DELIVER, effect.sequence, code)

    async def _bare(self, effect: SubmitDeliver) -> bytes:
        return delivery_body(
            effect.carried,
            chain_id=self._keys.chain_id,
            signer=self._keys.public_key,
            height=(await self._own.read(())).height,
            nonce=secrets.token_bytes(NONCE_BYTES),
        )

    async def _acknowledge(self, effect: SubmitAcknowledge) -> SubmitAnswered:
        body = acknowledgement_body(
            effect.packet_id,
            effect.proof,
            chain_id=self._keys.chain_id,
            signer=self._keys.public_key,
            height=(await self._own.read(())).height,
            nonce=secrets.token_bytes(NONCE_BYTES),
        )
        failpoint("router.ack.before")
        code = await self._own.submit(body)
        failpoint("router.ack.after")
        return SubmitAnswered(ACKNOWLEDGE, effect.sequence, code)

    def _log(self, backoff: Backoff) -> None:
        log(
            "router.poison" if backoff.poison else "router.backoff",
            level=logging.WARNING,
            channel=self._settings.channel,
            purpose=backoff.purpose,
            sequence=backoff.sequence,
            code=backoff.code,
            failures=backoff.failures,
            rests_ms=max(0, backoff.until_ms - self.state.now_ms),
        )


def _failed(effect: Effect, code: str, poison: bool) -> Failed:
    match effect:
        case ReadOwn():
            return Failed(effect.purpose, 0, code, poison)
        case AskPeerPackets():
            return Failed(PULL, 0, code, poison)
        case AskPeerReceipts():
            return Failed(RECEIPTS, 0, code, poison)
        case PrepareDelivery():
            return Failed(PREPARE, effect.packet.sequence, code, poison)
        case SubmitAcknowledge():
            return Failed(ACKNOWLEDGE, effect.sequence, code, poison)
        case SubmitDeliver():
            return Failed(DELIVER, effect.sequence, code, poison)
    invariant(False, f"{type(effect).__name__} is an effect that can fail")
    return Failed(PULL, 0, code, poison)
