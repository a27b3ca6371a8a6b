"""Delivery: verified, in order, once, and always with a terminal receipt."""

from dataclasses import replace

import msgspec
import pytest

from contracts.bridge.contract import Bridge
from contracts.bridge.inbox import deliver
from contracts.bridge.records import Channel, channel_key, client_key
from contracts.framework import BadDelivery, Context, Result
from faults import Rejected
from ledger.block import HEADER_BYTES_MAX, Header
from ledger.codec import Reader
from ledger.commitment import commit_form
from ledger.light_client import LightClientState
from ledger.packet import Packet, outbox_key, receipt_key
from ledger.records import encode
from ledger.state_evidence import StateEvidence
from ledger.trace import decode_event
from proto.contracts_pb2 import DeliverRequest
from proto.transaction_pb2 import CommittedForm, SealedPayload
from tests.contracts.bridge.chain import (
    APPLY,
    CARRIED_BADLY,
    CHANNEL,
    DOCUMENT,
    REFUSE,
    ROUTER,
    START_MS,
    MemoryChain,
    note_key,
    two_chains,
)

SUITES = [("intl", "gm"), ("gm", "intl"), ("gm", "gm")]


def take(chain: MemoryChain, request: DeliverRequest) -> Result:
    return chain.run(lambda ctx: deliver(ctx, request), ROUTER)


def refused(chain: MemoryChain, request: DeliverRequest) -> str:
    """The code of the refusal, which must leave the state as it was."""
    before = chain.tree.root(chain.height)
    with pytest.raises(Rejected) as caught:
        take(chain, request)
    assert chain.tree.root(chain.height) == before
    return caught.value.code.name


@pytest.mark.parametrize("suites", SUITES)
def test_a_packet_is_applied_by_the_channel_and_answered(suites: tuple[str, str]) -> None:
    a, b = two_chains(suites)
    packet = a.send("n1")
    result = take(b, a.delivery_of(packet))
    assert (result["outcome"], result["code"], result["frozen"]) == ("OK", "OK", 0)
    assert b.note("n1").total_fen == 100
    receipt = b.receipt_of(packet)
    assert (receipt.outcome, receipt.result, receipt.assurance) == ("OK", b"applied", "L3")
    assert (receipt.packet_id, receipt.height) == (packet.id, b.height)
    events = [decode_event(event) for key, event in b.last_events if key == note_key("n1")]
    assert [event.actor_org for event in events] == ["channel:ab"]
    assert b.channel().next_inbound == 2


def test_sending_numbers_channel_and_lanes_densely() -> None:
    a, _ = two_chains()
    packets = [a.send(name) for name in ("n1", "n2", "n1", "n1", "n2")]
    assert [one.sequence for one in packets] == [1, 2, 3, 4, 5]
    assert [one.lane_sequence for one in packets] == [1, 1, 2, 3, 2]
    assert packets[0].lane == packets[2].lane != packets[1].lane
    assert packets[0].deadline_ms == START_MS + 2_000 + a.channel().ttl_ms
    assert a.channel().next_outbound == 6


def test_a_refused_business_change_sends_nothing() -> None:
    a, _ = two_chains()

    def act(ctx: Context) -> None:
        channel = ctx.require(Channel, channel_key(CHANNEL))
        ctx.store(channel_key(CHANNEL), msgspec.structs.replace(channel, paused=True))

    a.run(act)
    with pytest.raises(Rejected, match="CHANNEL_PAUSED"):
        a.send("n1")
    assert a.load(Channel, note_key("n1")) is None
    assert a.tree.get(outbox_key(CHANNEL, 1, 1)) is None


def test_nothing_is_sent_without_a_channel() -> None:
    a, _ = two_chains()
    with pytest.raises(Rejected, match="NO_CHANNEL"):
        a.send("n1", "TEST_UNLISTED")
    with pytest.raises(Rejected, match="NO_CHANNEL"):
        a.send("n1", channel="elsewhere")


def test_a_replay_changes_nothing() -> None:
    a, b = two_chains()
    packet = a.send("n1")
    request = a.delivery_of(packet)
    take(b, request)
    assert refused(b, request) == "ALREADY_DELIVERED"
    # A newer proof of the same packet doesn't help either.
    a.send("n2")
    assert refused(b, a.delivery_of(packet)) == "ALREADY_DELIVERED"
    assert b.note("n1").total_fen == 100


def test_a_lane_is_kept_in_order_and_lanes_are_independent() -> None:
    a, b = two_chains()
    first, second, other = a.send("n1"), a.send("n1"), a.send("n2")
    assert refused(b, a.delivery_of(second)) == "LANE_ORDER"
    take(b, a.delivery_of(other))
    assert b.channel().next_inbound == 1
    take(b, a.delivery_of(first))
    assert b.channel().next_inbound == 2
    take(b, a.delivery_of(second))
    assert b.channel().next_inbound == 4
    assert b.note("n1").total_fen == 200


def test_a_late_packet_is_tombstoned_and_its_lane_goes_on() -> None:
    a, b = two_chains()
    first, second = a.send("n1"), a.send("n1")
    b.time_ms = first.deadline_ms - 1_000  # the next block's time is the deadline: too late
    result = take(b, a.delivery_of(first))
    assert (result["outcome"], result["code"]) == ("TIMEOUT", "TIMED_OUT")
    assert b.tree.get(note_key("n1")) is None
    b.time_ms = START_MS
    assert take(b, a.delivery_of(second))["outcome"] == "OK"
    assert refused(b, a.delivery_of(first)) == "ALREADY_DELIVERED"


def test_one_millisecond_before_the_deadline_is_in_time() -> None:
    a, b = two_chains()
    packet = a.send("n1")
    b.time_ms = packet.deadline_ms - 1_001
    assert take(b, a.delivery_of(packet))["outcome"] == "OK"


def test_a_late_document_needs_no_document() -> None:
    a, b = two_chains()
    packet = a.send("n1", DOCUMENT, form_pcommit=b"\x07" * 32, schema="test/1")
    b.time_ms = packet.deadline_ms
    assert take(b, a.delivery_of(packet))["outcome"] == "TIMEOUT"


def test_the_same_business_twice_is_answered_duplicate() -> None:
    a, b = two_chains()
    first, second, other_cycle = (a.send("n1", cycle=cycle) for cycle in (7, 7, 8))
    assert first.business_key == second.business_key != other_cycle.business_key
    take(b, a.delivery_of(first))
    result = take(b, a.delivery_of(second))
    assert (result["outcome"], result["code"]) == ("ERR", "DUPLICATE")
    assert b.receipt_of(second).result == first.id
    assert take(b, a.delivery_of(other_cycle))["outcome"] == "OK"
    assert b.note("n1").total_fen == 200


def test_a_refusal_is_a_receipt_that_undoes_the_handler_and_is_saved() -> None:
    a, b = two_chains()
    packet = a.send("n1", REFUSE, cycle=1)
    result = take(b, a.delivery_of(packet))
    assert (result["outcome"], result["code"]) == ("ERR", "TEST_REFUSED")
    assert b.tree.get(note_key("n1")) is None
    assert b.receipt_of(packet).result == b'{"part":"rule"}'
    saved = [decode_event(event) for _, event in b.last_events]
    (failure,) = [one for one in saved if one.action == "FAIL_SAVED"]
    assert failure.code == "TEST_REFUSED"
    assert failure.details["next_action"] == "source_compensates"
    # A refused attempt does not use up the business key.
    again = a.send("n1", REFUSE, cycle=1)
    assert take(b, a.delivery_of(again))["code"] == "TEST_REFUSED"


def test_an_operation_the_destination_does_not_take_is_a_receipt() -> None:
    a, b = two_chains()

    def drop(ctx: Context) -> None:
        channel = ctx.require(Channel, channel_key(CHANNEL))
        ctx.store(channel_key(CHANNEL), msgspec.structs.replace(channel, operations=()))

    b.run(drop)
    packet = a.send("n1")
    result = take(b, a.delivery_of(packet))
    assert (result["outcome"], result["code"]) == ("ERR", "OPERATION_NOT_ALLOWED")


@pytest.mark.parametrize("assurance", ["L0", "L1", "L2"])
def test_without_a_verifier_of_the_level_nothing_is_taken(assurance: str) -> None:
    a, b = two_chains(operations={APPLY: assurance})
    packet = a.send("n1")
    assert refused(b, a.delivery_of(packet)) == "NO_VERIFIER"


def test_without_a_light_client_nothing_is_taken() -> None:
    a, b = two_chains()
    b.run(lambda ctx: ctx.delete(client_key(a.chain_id)))
    assert refused(b, a.delivery_of(a.send("n1"))) == "NO_VERIFIER"


@pytest.mark.parametrize("proof", [b"", b"\0", b"\xff" * 100, b"\0" * 5000])
def test_no_proof_is_no_proof(proof: bytes) -> None:
    a, b = two_chains()
    packet = a.send("n1")
    request = DeliverRequest(packet=packet.encode(), proof=proof)
    assert refused(b, request) == "MALFORMED"


@pytest.mark.parametrize(
    "change",
    [
        {"net": "other"},
        {"source": "chain-c"},
        {"destination": "chain-c"},
        {"epoch": 2},
    ],
)
def test_a_packet_of_another_route_is_refused(change: dict[str, object]) -> None:
    a, b = two_chains()
    packet = a.send("n1")
    request = a.delivery_of(packet)
    request.packet = replace(packet, **change).encode()  # type: ignore[arg-type]
    assert refused(b, request) == "WRONG_CHANNEL"


def test_a_packet_of_an_unknown_channel_is_refused() -> None:
    a, b = two_chains()
    packet = a.send("n1")
    request = a.delivery_of(packet)
    request.packet = replace(packet, channel="zz").encode()
    assert refused(b, request) == "NO_CHANNEL"


@pytest.mark.parametrize(
    "change",
    [
        {"lane": b"\1" * 32},
        {"lane_sequence": 2},
        {"operation": REFUSE},
        {"schema": "x/1"},
        {"sender": "x"},
        {"receiver": "x"},
        {"deadline_ms": 2**62},
        {"business_key": b"\1" * 32},
        {"cycle": 99},
        {"pcommit": b"\1" * 32},
        {"body": b"\x80"},
        {"reference": b"\1" * 32},
    ],
)
def test_every_field_of_the_packet_is_proved(change: dict[str, object]) -> None:
    a, b = two_chains()
    packet = a.send("n1")
    request = a.delivery_of(packet)
    request.packet = replace(packet, **change).encode()  # type: ignore[arg-type]
    assert refused(b, request) == "BAD_PROOF"


def test_a_packet_under_the_proof_of_another_is_refused() -> None:
    a, b = two_chains()
    first, second = a.send("n1"), a.send("n2")
    request = DeliverRequest(packet=first.encode(), proof=a.delivery_of(second).proof)
    assert refused(b, request) == "BAD_PROOF"


def test_trailing_bytes_are_refused() -> None:
    a, b = two_chains()
    request = a.delivery_of(a.send("n1"))
    request.packet += b"\0"
    assert refused(b, request) == "MALFORMED"


def test_absence_and_a_receipt_leaf_prove_no_packet() -> None:
    a, b = two_chains()
    packet = a.send("n1")
    absent = a.evidence(outbox_key(CHANNEL, 1, 1), height=1)
    assert absent.value is None
    request = DeliverRequest(packet=packet.encode(), proof=absent.encode())
    assert refused(b, request) == "BAD_PROOF"
    other = a.evidence(channel_key(CHANNEL))
    request = DeliverRequest(packet=packet.encode(), proof=other.encode())
    assert refused(b, request) == "BAD_PROOF"


@pytest.mark.parametrize("name", [one for one in Header.__dataclass_fields__ if one != "chain_id"])
def test_every_field_of_the_header_is_certified(name: str) -> None:
    a, b = two_chains()
    packet = a.send("n1")
    evidence = a.evidence(outbox_key(CHANNEL, 1, 1))
    value = getattr(evidence.header, name)
    changed = value + 1 if isinstance(value, int) else bytes((*value[:-1], value[-1] ^ 1))
    header: Header = replace(evidence.header, **{name: changed})  # type: ignore[arg-type]
    forged = replace(evidence, header=header)
    request = DeliverRequest(packet=packet.encode(), proof=forged.encode())
    assert refused(b, request) in {"BAD_CERTIFICATE", "UNKNOWN_VALIDATORS"}


def test_no_byte_of_the_proof_can_be_changed() -> None:
    a, b = two_chains(("intl", "gm"))
    packet = a.send("n1")
    proof = a.delivery_of(packet).proof
    codes = set()
    for position in range(len(proof)):
        for bit in (1, 0x80):
            changed = bytearray(proof)
            changed[position] ^= bit
            request = DeliverRequest(packet=packet.encode(), proof=bytes(changed))
            with pytest.raises(Rejected) as caught:
                _dry_run(b, request)
            codes.add(caught.value.code.name)
    assert codes <= {"MALFORMED", "BAD_PROOF", "BAD_CERTIFICATE", "UNKNOWN_VALIDATORS"}
    assert take(b, a.delivery_of(packet))["outcome"] == "OK"


def _dry_run(chain: MemoryChain, request: DeliverRequest) -> Result:
    """Deliver without making a block, for loops."""
    from contracts.state_view import StateView

    ctx = Context(
        chain_id=chain.chain_id,
        suite=chain.suite,
        height=chain.height + 1,
        time_ms=chain.time_ms + 1,
        tx_hash=bytes(32),
        operation_index=0,
        signer=ROUTER,
        view=StateView(chain.tree),
    )
    return ctx.attempt(lambda: deliver(ctx, request))


def test_a_certificate_of_strangers_is_refused() -> None:
    a, b = two_chains()
    stranger, _ = two_chains()
    packet = stranger.send("n1")
    assert refused(b, stranger.delivery_of(packet)) == "UNKNOWN_VALIDATORS"
    # The same header signed by another key: the bitmap can't say who signed.
    evidence = a.evidence(channel_key(CHANNEL))
    forged = replace(evidence, certificate=stranger.certify(evidence.header))
    request = DeliverRequest(packet=a.send("n1").encode(), proof=forged.encode())
    assert refused(b, request) == "BAD_PROOF"
    key = outbox_key(CHANNEL, 1, 1)
    forged = replace(a.evidence(key), certificate=stranger.certify(a.evidence(key).header))
    request.proof = forged.encode()
    assert refused(b, request) == "BAD_CERTIFICATE"


def test_an_older_header_still_proves_and_does_not_turn_the_client_back() -> None:
    a, b = two_chains()
    first = a.send("n1")
    old = a.delivery_of(first)
    take(b, a.delivery_of(a.send("n2")))
    newest = b.load(LightClientState, client_key(a.chain_id))
    assert isinstance(newest, LightClientState) and newest.height == a.height
    assert take(b, old)["outcome"] == "OK"
    after = b.load(LightClientState, client_key(a.chain_id))
    assert isinstance(after, LightClientState) and after.height == newest.height


def test_two_blocks_at_one_height_freeze_the_client_for_good() -> None:
    a, b = two_chains()
    packet = a.send("n1")
    take(b, a.delivery_of(packet))
    second = a.send("n1")
    a.headers[-1] = replace(a.headers[-1])
    key = outbox_key(CHANNEL, 1, packet.sequence)
    twin_header = replace(a.headers[packet_height(b, a) - 1], receipts_root=b"\2" * 32)
    evidence = a.evidence(key, height=twin_header.height)
    twin = replace(evidence, header=twin_header, certificate=a.certify(twin_header))
    request = DeliverRequest(
        packet=second.encode(),
        proof=replace(
            a.evidence(outbox_key(CHANNEL, 1, second.sequence)),
            header=twin.header,
            certificate=twin.certificate,
        ).encode(),
    )
    result = take(b, request)
    assert result == {"frozen": 1, "chain": "chain-a", "height": twin_header.height}
    client = b.load(LightClientState, client_key(a.chain_id))
    assert isinstance(client, LightClientState) and client.frozen
    assert b.tree.get(receipt_key(CHANNEL, 1, second.sequence)) is None
    assert refused(b, a.delivery_of(second)) == "CLIENT_FROZEN"


def packet_height(b: MemoryChain, a: MemoryChain) -> int:
    client = b.load(LightClientState, client_key(a.chain_id))
    assert isinstance(client, LightClientState)
    return client.height


def _document() -> tuple[CommittedForm, bytes]:
    committed = commit_form("test/1", {"total_fen": "100"}, {"secret": "x"}, b"\x05" * 32)
    return committed.to_form(), committed.pcommit


def _sealed() -> SealedPayload:
    return SealedPayload(suite="gm", ciphertext=bytes(40))


def test_a_document_must_be_the_committed_one() -> None:
    a, b = two_chains()
    form, pcommit = _document()
    packet = a.send("n1", DOCUMENT, form_pcommit=pcommit, schema="test/1")
    request = a.delivery_of(packet)
    assert refused(b, request) == "COMMITMENT_MISMATCH"
    request.form.CopyFrom(form)
    assert refused(b, request) == "COMMITMENT_MISMATCH"  # the payload is missing
    request.payload.CopyFrom(_sealed())
    request.form.fields[0].value = "101"
    assert refused(b, request) == "COMMITMENT_MISMATCH"
    request.form.CopyFrom(form)
    request.form.schema = "test/2"
    assert refused(b, request) == "COMMITMENT_MISMATCH"
    request.form.CopyFrom(form)
    assert take(b, request)["outcome"] == "OK"


def test_a_packet_without_document_takes_none() -> None:
    a, b = two_chains()
    request = a.delivery_of(a.send("n1"))
    request.form.CopyFrom(_document()[0])
    assert refused(b, request) == "UNEXPECTED_DOCUMENT"


def test_a_paused_channel_takes_nothing_in() -> None:
    a, b = two_chains()

    def pause(ctx: Context) -> None:
        channel = ctx.require(Channel, channel_key(CHANNEL))
        ctx.store(channel_key(CHANNEL), msgspec.structs.replace(channel, paused=True))

    b.run(pause)
    assert refused(b, a.delivery_of(a.send("n1"))) == "CHANNEL_PAUSED"


def test_the_leaf_is_the_record_and_the_key_counts() -> None:
    """A leaf of the source that merely looks like an outbox entry proves nothing."""
    a, b = two_chains()
    real = a.send("n1")
    forged = replace(real, body=b"\x80")

    def plant(ctx: Context) -> None:
        from contracts.bridge.records import OutboxEntry

        entry = OutboxEntry(
            status="pending", packet_id=forged.id, packet=forged.encode(), object_key="x"
        )
        ctx.view.put("bridge/out/zz/1/000000000001", encode(entry))

    a.run(plant)
    planted = a.evidence("bridge/out/zz/1/000000000001")
    request = DeliverRequest(packet=forged.encode(), proof=planted.encode())
    assert refused(b, request) == "BAD_PROOF"


def test_only_routers_may_call() -> None:
    methods = Bridge.methods()
    assert sorted(methods) == ["acknowledge", "deliver"]
    assert all(one.rule.roles == ("router",) for one in methods.values())


def test_evidence_layout_is_what_the_byte_test_believes() -> None:
    a, _ = two_chains()
    packet = a.send("n1")
    proof = a.delivery_of(packet).proof
    header = Header.decode(Reader(proof[: 4 + HEADER_BYTES_MAX], "x").lp(HEADER_BYTES_MAX))
    assert header == a.headers[-1]
    assert StateEvidence.decode(proof).encode() == proof
    assert Packet.decode(packet.encode()) == packet


def test_a_bad_carrier_is_refused_and_the_packet_stays_deliverable() -> None:
    """What the router adds of its own (payload, attribution) must not decide the packet."""
    a, b = two_chains()
    packet = a.send("n1", CARRIED_BADLY)
    before = b.tree.root(b.height)
    with pytest.raises(BadDelivery):
        take(b, a.delivery_of(packet))
    assert b.tree.root(b.height) == before
    assert b.tree.get(receipt_key(CHANNEL, 1, 1)) is None
