"""A chain in memory: real state tree, headers, one-validator certificates and light clients."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from contracts.bridge import outbox
from contracts.bridge.genesis import initial_bridge_state
from contracts.bridge.operations import Delivery, incoming, on_receipt
from contracts.bridge.records import Channel, OutboxEntry, channel_key
from contracts.framework import BadDelivery, Context, Identity
from contracts.state_view import StateView
from contracts.trace import Traced, traced_as
from crypto.suites import Suite, suite
from faults import Rejected, declare
from ledger import records
from ledger.block import Header, block_hash
from ledger.certificate import COMMITTED, Certificate, committed_bytes
from ledger.genesis import Genesis, GenesisChannel, GenesisValidator, core_hash
from ledger.kv import MemoryKeyValue
from ledger.packet import Packet, PacketReceipt, outbox_key, receipt_key
from ledger.records import Record
from ledger.state_evidence import StateEvidence
from ledger.state_tree import StateTree
from ledger.validators import ValidatorSet
from proto.contracts_pb2 import AcknowledgeRequest, DeliverRequest

APPLY, REFUSE, DOCUMENT, REJECTED_RECEIPT, UNHEARD, CARRIED_BADLY = (
    "TEST_APPLY",
    "TEST_REFUSE",
    "TEST_DOCUMENT",
    "TEST_REJECTED_RECEIPT",
    "TEST_UNHEARD",
    "TEST_CARRIED_BADLY",
)
TEST_REFUSED = declare("TEST_REFUSED", zh="测试拒绝。", en="Refused by a test.")
START_MS = 1_700_000_000_000
BLOCK_MS = 1_000
CHANNEL = "ab"
R = TypeVar("R")


class NoteBody(Record, frozen=True, kw_only=True):
    name: str
    amount_fen: int


@traced_as("note")
class Note(Traced, frozen=True, kw_only=True):
    name: str
    total_fen: int = 0
    heard: tuple[str, ...] = ()


def note_key(name: str) -> str:
    return f"note/{name}"


def _apply(ctx: Context, delivery: Delivery) -> bytes:
    body = records.decode(NoteBody, delivery.packet.body)
    key = note_key(body.name)
    note = ctx.load(Note, key) or Note(name=body.name)
    changed = replace_struct(note, total_fen=note.total_fen + body.amount_fen)
    ctx.store(key, changed)
    ctx.emit(key, "applied", actor=ctx.signer.org)
    return b"applied"


def replace_struct(note: Note, **changes: object) -> Note:
    return msgspec.structs.replace(note, **changes)


@incoming(APPLY)
def apply_note(ctx: Context, delivery: Delivery) -> bytes:
    return _apply(ctx, delivery)


@incoming(DOCUMENT)
def apply_document(ctx: Context, delivery: Delivery) -> bytes:
    return _apply(ctx, delivery)


@incoming(REJECTED_RECEIPT)
def apply_rejected_receipt(ctx: Context, delivery: Delivery) -> bytes:
    return _apply(ctx, delivery)


@incoming(UNHEARD)
def apply_unheard(ctx: Context, delivery: Delivery) -> bytes:
    return _apply(ctx, delivery)


@incoming(CARRIED_BADLY)
def refuse_carrier(ctx: Context, delivery: Delivery) -> bytes:
    _apply(ctx, delivery)
    raise BadDelivery(Rejected(TEST_REFUSED))


@incoming(REFUSE)
def refuse_note(ctx: Context, delivery: Delivery) -> bytes:
    _apply(ctx, delivery)
    raise Rejected(TEST_REFUSED, part="rule")


def _hear(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    body = records.decode(NoteBody, packet.body)
    key = note_key(body.name)
    note = ctx.require(Note, key)
    ctx.store(key, replace_struct(note, heard=(*note.heard, f"{receipt.outcome}:{receipt.code}")))


@on_receipt(APPLY, next_action="resend")
def hear_apply(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    _hear(ctx, packet, receipt)


@on_receipt(DOCUMENT)
def hear_document(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    _hear(ctx, packet, receipt)


@on_receipt(REFUSE, next_action="compensate")
def hear_refuse(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    _hear(ctx, packet, receipt)


@on_receipt(REJECTED_RECEIPT)
def hear_badly(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    _hear(ctx, packet, receipt)
    raise Rejected(TEST_REFUSED)


ROUTER = Identity(public_key=b"\x04" * 65, org="router-org", roles=("router",))
DESK = Identity(public_key=b"\x04" * 65, org="desk", roles=("bureau",))


@dataclass
class MemoryChain:
    """One chain with one validator. Every call makes a block."""

    genesis: Genesis
    suite: Suite
    private_key: bytes
    tree: StateTree = field(init=False)
    kv: MemoryKeyValue = field(init=False)
    headers: list[Header] = field(default_factory=list)
    time_ms: int = START_MS
    last_events: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kv = MemoryKeyValue()
        self.tree = StateTree(self.kv, self.suite.hash)
        self._commit(dict(initial_bridge_state(self.genesis)))

    @property
    def chain_id(self) -> str:
        return self.genesis.chain_id

    @property
    def validators(self) -> ValidatorSet:
        return self.genesis.validator_set

    @property
    def height(self) -> int:
        return len(self.headers)

    def _commit(self, writes: dict[str, bytes | None]) -> None:
        height = self.height + 1
        staged = self.tree.stage(height, height - 1 if height > 1 else None, writes)
        self.kv.write(staged.batch)
        self.time_ms += BLOCK_MS
        self.headers.append(self.header(height, staged.root))

    def header(self, height: int, state_root: bytes) -> Header:
        previous = (
            block_hash(self.suite, self.headers[height - 2])
            if height > 1
            else core_hash(self.genesis)
        )
        return Header(
            chain_id=self.chain_id,
            height=height,
            time_ms=self.time_ms,
            previous_hash=previous,
            transactions_root=bytes(32),
            receipts_root=bytes(32),
            state_root=state_root,
            history_root=bytes(32),
            validators_hash=self.validators.hash(self.suite),
            next_validators_hash=self.validators.hash(self.suite),
            proposer=self.validators.validators[0].public_key,
        )

    def certify(self, header: Header) -> Certificate:
        digest = block_hash(self.suite, header)
        message = committed_bytes(header.chain_id, header.height, digest)
        return Certificate(
            kind=COMMITTED,
            chain_id=header.chain_id,
            height=header.height,
            round=0,
            block_hash=digest,
            bitmap=b"\x01",
            signatures=(self.suite.signer(self.private_key).sign(message),),
        )

    def evidence(self, key: str, height: int | None = None) -> StateEvidence:
        at = height or self.height
        header = self.headers[at - 1]
        return StateEvidence(
            header=header,
            certificate=self.certify(header),
            key=key,
            value=self.tree.get(key, at),
            proof=self.tree.prove(key, at),
        )

    def run(self, act: Callable[[Context], R], signer: Identity = DESK) -> R:
        """Run one operation in a block of its own; what Rejected leaves is committed as well."""
        view = StateView(self.tree)
        ctx = Context(
            chain_id=self.chain_id,
            suite=self.suite,
            height=self.height + 1,
            time_ms=self.time_ms + BLOCK_MS,
            tx_hash=bytes(32),
            operation_index=0,
            signer=signer,
            view=view,
        )
        try:
            return ctx.attempt(lambda: act(ctx))
        finally:
            self.last_events = list(ctx.events)
            self._commit(dict(view.writes()))

    def load(self, cls: type[Record], key: str) -> Record | None:
        raw = self.tree.get(key)
        return None if raw is None else records.decode(cls, raw)

    def channel(self) -> Channel:
        found = self.load(Channel, channel_key(CHANNEL))
        assert isinstance(found, Channel)
        return found

    def note(self, name: str) -> Note:
        found = self.load(Note, note_key(name))
        assert isinstance(found, Note)
        return found

    def send(self, name: str, operation: str = APPLY, **more: object) -> Packet:
        """Store the note if it is new and send a packet about it."""

        def act(ctx: Context) -> None:
            if ctx.load(Note, note_key(name)) is None:
                ctx.store(note_key(name), Note(name=name))
            arguments = {"cycle": self.channel().next_outbound, **more}
            outbox.send_packet(
                ctx,
                operation=operation,
                lane_object=note_key(name),
                home_chain=self.chain_id,
                body=NoteBody(name=name, amount_fen=100),
                **arguments,  # type: ignore[arg-type]
            )

        self.run(act)
        return self.sent(self.channel().next_outbound - 1)

    def sent(self, sequence: int) -> Packet:
        entry = self.load(OutboxEntry, outbox_key(CHANNEL, 1, sequence))
        assert isinstance(entry, OutboxEntry)
        return Packet.decode(entry.packet)

    def delivery_of(self, packet: Packet) -> DeliverRequest:
        """What a router carries to the peer: the packet and the proof of its outbox leaf."""
        key = outbox_key(packet.channel, packet.epoch, packet.sequence)
        return DeliverRequest(packet=packet.encode(), proof=self.evidence(key).encode())

    def receipt_of(self, packet: Packet) -> PacketReceipt:
        found = self.load(PacketReceipt, receipt_key(packet.channel, packet.epoch, packet.sequence))
        assert isinstance(found, PacketReceipt)
        return found

    def acknowledgement_of(self, packet: Packet) -> AcknowledgeRequest:
        key = receipt_key(packet.channel, packet.epoch, packet.sequence)
        return AcknowledgeRequest(packet_id=packet.id, proof=self.evidence(key).encode())


def two_chains(
    suites: tuple[str, str] = ("intl", "gm"), operations: dict[str, str] | None = None
) -> tuple[MemoryChain, MemoryChain]:
    """Chains "chain-a" and "chain-b", with channel "ab" between them."""
    taken = operations or {
        APPLY: "L3",
        REFUSE: "L3",
        DOCUMENT: "L3",
        REJECTED_RECEIPT: "L3",
        UNHEARD: "L3",
        CARRIED_BADLY: "L3",
    }
    names = ("chain-a", "chain-b")
    keys = [suite(one).generate_private_key() for one in suites]
    members = [
        (GenesisValidator(public_key=suite(one).public_key(key).hex(), power=1),)
        for one, key in zip(suites, keys, strict=True)
    ]
    bare = [
        Genesis(
            chain_id=name, suite=one, time_ms=START_MS, org=f"org-{name}", validators=validators
        )
        for name, one, validators in zip(names, suites, members, strict=True)
    ]
    chains = []
    for own, other in ((0, 1), (1, 0)):
        channel = GenesisChannel(
            id=CHANNEL,
            peer_chain=names[other],
            peer_suite=suites[other],
            peer_genesis_hash=core_hash(bare[other]).hex(),
            peer_validators=members[other],
            peer_router_key="04" + "11" * 64,
            operations=taken,
        )
        genesis = msgspec.structs.replace(bare[own], channels=(channel,))
        chains.append(MemoryChain(genesis, suite(suites[own]), keys[own]))
    return chains[0], chains[1]
