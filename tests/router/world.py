"""Two real chains in memory and any number of relay cores between them, moved by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field

from contracts.bridge.closing import acknowledge
from contracts.bridge.inbox import deliver
from contracts.bridge.records import OutboxEntry
from faults import Rejected
from ledger.commitment import commit_form
from ledger.packet import outbox_key, receipt_key
from proto.contracts_pb2 import AcknowledgeRequest, DeliverRequest
from proto.transaction_pb2 import SealedPayload
from router.messages import (
    ACKNOWLEDGE,
    DELIVER,
    PREPARE,
    PULL,
    RECEIPTS,
    AskPeerPackets,
    AskPeerReceipts,
    Backoff,
    Carried,
    CarriedBack,
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
from router.relay import step
from tests.contracts.bridge.chain import CHANNEL, DOCUMENT, ROUTER, MemoryChain, two_chains

DOCUMENT_FORM = commit_form("test/1", {"total_fen": "100"}, {"x": "y"}, b"\5" * 32)
SETTINGS = Settings(
    CHANNEL, poll_ms=10, page=4, in_flight=3, backoff_base_ms=10, backoff_max_ms=80, park_ms=200
)


def reach(effect: Effect) -> str:
    """What a fault would name: the effect's kind."""
    return type(effect).__name__


@dataclass
class Relay:
    """One router's core with what it asked for and hasn't been answered."""

    own: MemoryChain
    peer: MemoryChain
    settings: Settings = SETTINGS
    state: RelayState = field(default_factory=RelayState)
    waiting: list[Effect] = field(default_factory=list)
    notes: list[Backoff] = field(default_factory=list)

    def feed(self, event: Event) -> None:
        self.state, effects = step(self.settings, self.state, event)
        for effect in effects:
            if isinstance(effect, Backoff):
                self.notes.append(effect)
            else:
                self.waiting.append(effect)

    def tick(self, now_ms: int, jitter: int = 0) -> None:
        self.feed(Tick(now_ms, jitter))

    def perform(self, index: int = 0, answer: bool = True) -> None:
        """Carry out one waiting effect; without `answer` its reply is lost for ever."""
        event = do(self, self.waiting.pop(index))
        if answer:
            self.feed(event)

    def fail(self, index: int, poison: bool = False) -> None:
        """Let a waiting effect come to nothing without being carried out."""
        self.feed(failure(self.waiting.pop(index), poison))

    def kill(self) -> None:
        """kill -9: all that it knew and waited for is gone."""
        self.state, self.waiting = RelayState(), []


def failure(effect: Effect, poison: bool = False, code: str = "TEST_FAULT") -> Failed:
    match effect:
        case ReadOwn():
            return Failed(effect.purpose, 0, code, poison)
        case AskPeerPackets():
            return Failed(PULL, 0, code, poison)
        case AskPeerReceipts():
            return Failed(RECEIPTS, 0, code, poison)
        case PrepareDelivery():
            return Failed(PREPARE, effect.packet.sequence, code, poison)
        case SubmitDeliver():
            return Failed(DELIVER, effect.sequence, code, poison)
        case SubmitAcknowledge():
            return Failed(ACKNOWLEDGE, effect.sequence, code, poison)
        case _:
            raise AssertionError(effect)


def do(relay: Relay, effect: Effect) -> Event:
    """The effect's true answer from the two chains."""
    match effect:
        case ReadOwn():
            values = tuple(relay.own.tree.get(key) for key in effect.keys)
            return OwnRead(effect.purpose, values, relay.own.time_ms)
        case AskPeerPackets():
            return PacketsPulled(pull(relay.peer, effect.from_sequence, effect.limit))
        case AskPeerReceipts():
            return ReceiptsPulled(receipts(relay.peer, effect.sequences))
        case PrepareDelivery():
            return DeliveryPrepared(effect.packet.sequence, (b"prepared",))
        case SubmitDeliver():
            return SubmitAnswered(DELIVER, effect.sequence, submit_delivery(relay.own, effect))
        case SubmitAcknowledge():
            request = AcknowledgeRequest(packet_id=effect.packet_id, proof=effect.proof)
            code = code_of(lambda: relay.own.run(lambda ctx: acknowledge(ctx, request), ROUTER))
            return SubmitAnswered(ACKNOWLEDGE, effect.sequence, code)
        case _:
            raise AssertionError(effect)


def code_of(act: Callable[[], object]) -> str:
    try:
        act()
    except Rejected as refused:
        return refused.code.name
    return "OK"


def pull(chain: MemoryChain, start: int, limit: int) -> tuple[Carried, ...]:
    channel = chain.channel()
    found: list[Carried] = []
    for sequence in range(max(start, 1), channel.next_outbound):
        key = outbox_key(CHANNEL, channel.epoch, sequence)
        entry = chain.load(OutboxEntry, key)
        assert isinstance(entry, OutboxEntry)
        if entry.status == "pending" and len(found) < limit:
            found.append(Carried(entry.packet, chain.evidence(key).encode(), b""))
    return tuple(found)


def receipts(chain: MemoryChain, sequences: tuple[int, ...]) -> tuple[CarriedBack, ...]:
    found = []
    for sequence in sequences:
        key = receipt_key(CHANNEL, 1, sequence)
        value = chain.tree.get(key)
        if value is not None:
            found.append(CarriedBack(sequence, value, chain.evidence(key).encode()))
    return tuple(found)


def submit_delivery(chain: MemoryChain, effect: SubmitDeliver) -> str:
    request = DeliverRequest(packet=effect.carried.packet, proof=effect.carried.proof)
    if effect.bodies:
        request.form.CopyFrom(DOCUMENT_FORM.to_form())
        request.payload.CopyFrom(SealedPayload(suite="gm", ciphertext=bytes(40)))
    return code_of(lambda: chain.run(lambda ctx: deliver(ctx, request), ROUTER))


class World:
    """Chain A sends to chain B; `routers` of them stand at each side."""

    def __init__(self, routers: int = 1) -> None:
        self.a, self.b = two_chains()
        self.now_ms = 0
        self.sent: list[str] = []
        self.inbound = [Relay(self.b, self.a) for _ in range(routers)]
        self.outbound = [Relay(self.a, self.b) for _ in range(routers)]

    @property
    def relays(self) -> list[Relay]:
        return [*self.inbound, *self.outbound]

    def send(self, name: str, document: bool = False) -> None:
        if document:
            self.a.send(
                name, DOCUMENT, form_pcommit=DOCUMENT_FORM.pcommit, schema=DOCUMENT_FORM.schema
            )
        else:
            self.a.send(name)
        self.sent.append(name)

    def tick(self, by_ms: int = 10) -> None:
        self.now_ms += by_ms
        for relay in self.relays:
            relay.tick(self.now_ms)

    def settle(self, rounds: int = 400) -> None:
        """Everything works from here on: run until nothing is pending."""
        for _ in range(rounds):
            if self.a.channel().closed_below == self.a.channel().next_outbound:
                return
            self.tick(50)
            for relay in self.relays:
                while relay.waiting:
                    relay.perform()
        raise AssertionError("packets are still pending")

    def check(self) -> None:
        """Nothing lost, nothing doubled: each packet applied once and heard of once."""
        for name in sorted(set(self.sent)):
            count = self.sent.count(name)
            assert self.b.note(name).total_fen == 100 * count
            assert self.a.note(name).heard == ("OK:OK",) * count
        self.check_never_more()

    def check_never_more(self) -> None:
        """Holds at every moment: no effect without its packet, no receipt acted on twice."""
        for name in sorted(set(self.sent)):
            count = self.sent.count(name)
            if self.b.tree.get(f"note/{name}") is not None:
                assert self.b.note(name).total_fen <= 100 * count
            assert len(self.a.note(name).heard) <= count
