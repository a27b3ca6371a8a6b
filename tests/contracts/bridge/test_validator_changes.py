"""A channel goes on while the validators at its other end change five times."""

import msgspec
import pytest

from contracts.bridge.closing import acknowledge
from contracts.bridge.inbox import deliver
from contracts.bridge.records import client_key
from crypto.suites import suite
from faults import Rejected
from ledger.block import Header
from ledger.certificate import COMMITTED, Certificate, committed_bytes
from ledger.evidence import LineageStep, StateEvidence
from ledger.light_client import LightClientState
from ledger.packet import Packet, outbox_key, receipt_key
from ledger.validators import Validator, ValidatorSet
from proto.contracts_pb2 import AcknowledgeRequest, DeliverRequest
from tests.contracts.bridge.chain import ROUTER, MemoryChain, two_chains


class MovingChain(MemoryChain):
    """A chain of one validator whose key changes whenever it is told to."""

    def __post_init__(self) -> None:
        self.keys: dict[int, bytes] = {}  # first height -> private key
        super().__post_init__()

    def key_at(self, height: int) -> bytes:
        return next(
            (self.keys[first] for first in sorted(self.keys, reverse=True) if first <= height),
            self.private_key,
        )

    def set_at(self, height: int) -> ValidatorSet:
        return ValidatorSet.of(Validator(self.suite.public_key(self.key_at(height)), 1))

    def header(self, height: int, state_root: bytes) -> Header:
        made = super().header(height, state_root)
        return Header(
            **{name: getattr(made, name) for name in Header.__slots__}
            | {
                "validators_hash": self.set_at(height).hash(self.suite),
                "next_validators_hash": self.set_at(height + 1).hash(self.suite),
            }
        )

    def certify(self, header: Header) -> Certificate:
        made = super().certify(header)
        message = committed_bytes(header.chain_id, header.height, made.block_hash)
        assert made.kind == COMMITTED
        signer = self.suite.signer(self.key_at(header.height))
        return Certificate(
            kind=COMMITTED,
            chain_id=made.chain_id,
            height=made.height,
            round=0,
            block_hash=made.block_hash,
            bitmap=made.bitmap,
            signatures=(signer.sign(message),),
        )

    def change_validators(self) -> None:
        """From the block after the next one, another key decides."""
        self.keys[self.height + 2] = self.suite.generate_private_key()
        self._commit({})
        self._commit({})

    def proof(self, key: str, trusted_height: int) -> bytes:
        """What a node answers a router that says how far its light client is."""
        evidence = self.evidence(key)
        steps = tuple(
            LineageStep(
                self.headers[first - 2], self.certify(self.headers[first - 2]), self.set_at(first)
            )
            for first in sorted(self.keys)
            if trusted_height < first <= self.height
        )
        return StateEvidence(
            evidence.header,
            evidence.certificate,
            key,
            evidence.value,
            evidence.proof,
            steps,
        ).encode()


@pytest.fixture(params=[("intl", "gm"), ("gm", "gm")])
def chains(request: pytest.FixtureRequest) -> tuple[MovingChain, MovingChain]:
    made = two_chains(request.param)
    first, second = (MovingChain(one.genesis, one.suite, one.private_key) for one in made)
    assert suite(first.genesis.suite) == first.suite
    return first, second


def known(chain: MovingChain, peer: MovingChain) -> LightClientState:
    found = chain.load(LightClientState, client_key(peer.chain_id))
    assert isinstance(found, LightClientState)
    return found


def carry(source: MovingChain, target: MovingChain, packet: Packet, trusted: int) -> None:
    key = outbox_key(packet.channel, packet.epoch, packet.sequence)
    request = DeliverRequest(packet=packet.encode(), proof=source.proof(key, trusted))
    target.run(lambda ctx: deliver(ctx, request), ROUTER)


def bring_back(source: MovingChain, target: MovingChain, packet: Packet) -> None:
    key = receipt_key(packet.channel, packet.epoch, packet.sequence)
    proof = target.proof(key, known(source, target).height)
    request = AcknowledgeRequest(packet_id=packet.id, proof=proof)
    source.run(lambda ctx: acknowledge(ctx, request), ROUTER)


def test_five_changes_between_packets(chains: tuple[MovingChain, MovingChain]) -> None:
    source, target = chains
    for number in range(5):
        source.change_validators()
        packet = source.send(f"n{number}")
        carry(source, target, packet, known(target, source).height)
        target.change_validators()
        bring_back(source, target, packet)
        assert source.note(f"n{number}").heard == ("OK:OK",)
    assert len(source.keys) == len(target.keys) == 5
    assert known(target, source).validators == source.set_at(source.height - 1).encode()


def test_five_changes_in_one_proof(chains: tuple[MovingChain, MovingChain]) -> None:
    source, target = chains
    first = source.send("before")
    carry(source, target, first, known(target, source).height)
    stood = known(target, source)
    for _ in range(5):
        source.change_validators()
    packet = source.send("after")
    with pytest.raises(Rejected) as refused:
        carry(source, target, packet, source.height)  # a proof without the lineage
    assert refused.value.code.name == "UNKNOWN_VALIDATORS"
    assert known(target, source) == stood
    carry(source, target, packet, stood.height)
    assert target.note("after").total_fen == 100
    assert known(target, source).height == source.height
    # Another router comes later, with a proof for the height at which it last looked.
    again = source.send("later")
    carry(source, target, again, stood.height)
    assert target.note("later").total_fen == 100


def test_a_conflicting_step_freezes_the_channel(chains: tuple[MovingChain, MovingChain]) -> None:
    source, target = chains
    carry(source, target, source.send("first"), 0)
    height = known(target, source).height
    source.change_validators()
    packet = source.send("second")
    key = outbox_key(packet.channel, packet.epoch, packet.sequence)
    evidence = StateEvidence.decode(source.proof(key, height))
    (step,) = evidence.lineage
    header = source.headers[height - 1]
    fields = {name: getattr(header, name) for name in Header.__slots__}
    twin = Header(**fields | {"receipts_root": bytes([9]) * 32})
    twin_step = LineageStep(twin, source.certify(twin), source.set_at(height))
    lying = StateEvidence(
        evidence.header,
        evidence.certificate,
        key,
        evidence.value,
        evidence.proof,
        (twin_step, step),
    )
    request = DeliverRequest(packet=packet.encode(), proof=lying.encode())
    result = target.run(lambda ctx: deliver(ctx, request), ROUTER)
    assert result["frozen"] == 1
    assert known(target, source).frozen
    assert msgspec.structs.replace(known(target, source), frozen=False).height == height
