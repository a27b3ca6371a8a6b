"""Acknowledgement: once, on a proved receipt, the commitment closed before anything acts on it."""

from dataclasses import replace

import msgspec
import pytest

from contracts.bridge.closing import acknowledge
from contracts.bridge.inbox import deliver
from contracts.bridge.records import (
    CLOSED,
    DeadLetter,
    OutboxEntry,
    client_key,
    dead_letter_key,
)
from contracts.framework import Result
from faults import Rejected
from ledger.light_client import LightClientState
from ledger.packet import Packet, outbox_key, receipt_key
from ledger.records import encode
from ledger.trace import decode_event
from proto.contracts_pb2 import AcknowledgeRequest
from tests.contracts.bridge.chain import (
    APPLY,
    CHANNEL,
    REFUSE,
    REJECTED_RECEIPT,
    ROUTER,
    UNHEARD,
    MemoryChain,
    note_key,
    two_chains,
)


def close(chain: MemoryChain, request: AcknowledgeRequest) -> Result:
    return chain.run(lambda ctx: acknowledge(ctx, request), ROUTER)


def refused(chain: MemoryChain, request: AcknowledgeRequest) -> str:
    before = chain.tree.root(chain.height)
    with pytest.raises(Rejected) as caught:
        close(chain, request)
    assert chain.tree.root(chain.height) == before
    return caught.value.code.name


def carried(a: MemoryChain, b: MemoryChain, operation: str = APPLY, name: str = "n1") -> Packet:
    packet = a.send(name, operation)
    request = a.delivery_of(packet)
    b.run(lambda ctx: deliver(ctx, request), ROUTER)
    return packet


def entry(chain: MemoryChain, packet: Packet) -> OutboxEntry:
    found = chain.load(OutboxEntry, outbox_key(CHANNEL, 1, packet.sequence))
    assert isinstance(found, OutboxEntry)
    return found


def saved_failures(chain: MemoryChain) -> list[tuple[str, str, str]]:
    events = [(key, decode_event(event)) for key, event in chain.last_events]
    return [
        (key, one.code, one.details["next_action"])
        for key, one in events
        if one.action == "FAIL_SAVED"
    ]


@pytest.mark.parametrize("suites", [("intl", "gm"), ("gm", "intl")])
def test_a_proved_receipt_closes_the_packet_once(suites: tuple[str, str]) -> None:
    a, b = two_chains(suites)
    packet = carried(a, b)
    result = close(a, b.acknowledgement_of(packet))
    assert (result["outcome"], result["frozen"]) == ("OK", 0)
    assert a.note("n1").heard == ("OK:OK",)
    closed = entry(a, packet)
    assert (closed.status, closed.packet, closed.outcome) == (CLOSED, b"", "OK")
    assert a.channel().closed_below == 2
    assert refused(a, b.acknowledgement_of(packet)) == "ALREADY_ACKNOWLEDGED"
    assert a.note("n1").heard == ("OK:OK",)
    assert saved_failures(a) == []


def test_a_closed_leaf_delivers_nothing_any_more() -> None:
    a, b = two_chains()
    packet = carried(a, b)
    close(a, b.acknowledgement_of(packet))
    request = a.delivery_of(packet)
    b.run(lambda ctx: ctx.delete(receipt_key(CHANNEL, 1, 1)))  # even if the inbox forgot it
    with pytest.raises(Rejected, match="BAD_PROOF"):
        b.run(lambda ctx: deliver(ctx, request), ROUTER)


def test_what_was_never_sent_cannot_be_acknowledged() -> None:
    a, b = two_chains()
    packet = carried(a, b)
    request = b.acknowledgement_of(packet)
    request.packet_id = b"\1" * 32
    assert refused(a, request) == "NOT_SENT"
    request.packet_id = b""
    assert refused(a, request) == "NOT_SENT"


def test_no_receipt_yet_is_no_receipt() -> None:
    a, b = two_chains()
    packet = a.send("n1")
    assert refused(a, b.acknowledgement_of(packet)) == "BAD_PROOF"


def test_a_receipt_of_another_packet_is_refused() -> None:
    a, b = two_chains()
    first, second = carried(a, b), carried(a, b, name="n2")
    request = b.acknowledgement_of(second)
    request.packet_id = first.id
    assert refused(a, request) == "BAD_PROOF"


def test_a_forged_receipt_is_refused() -> None:
    a, b = two_chains()
    packet = carried(a, b, REFUSE)
    key = receipt_key(CHANNEL, 1, packet.sequence)
    evidence = b.evidence(key)
    forged = encode(msgspec.structs.replace(b.receipt_of(packet), outcome="OK", code="OK"))
    request = AcknowledgeRequest(
        packet_id=packet.id, proof=replace(evidence, value=forged).encode()
    )
    assert refused(a, request) == "BAD_PROOF"
    stranger = two_chains()[1]
    request.proof = replace(evidence, certificate=stranger.certify(evidence.header)).encode()
    assert refused(a, request) == "BAD_CERTIFICATE"
    request.proof = b""
    assert refused(a, request) == "MALFORMED"


def test_a_receipt_for_another_packet_at_our_sequence_is_refused() -> None:
    """The peer restored an older state, say: it answers for a packet we don't have."""
    a, b = two_chains()
    packet = carried(a, b)
    wrong = encode(msgspec.structs.replace(b.receipt_of(packet), packet_id=b"\3" * 32))
    b.run(lambda ctx: ctx.view.put(receipt_key(CHANNEL, 1, 1), wrong))
    assert refused(a, b.acknowledgement_of(packet)) == "BAD_PROOF"


def test_a_refusal_reaches_the_source_and_is_saved_in_the_object() -> None:
    a, b = two_chains()
    packet = carried(a, b, REFUSE)
    before = a.note("n1").trace_count
    close(a, b.acknowledgement_of(packet))
    assert a.note("n1").heard == ("ERR:TEST_REFUSED",)
    assert saved_failures(a) == [(note_key("n1"), "TEST_REFUSED", "compensate")]
    assert a.note("n1").trace_count == before + 1


def test_a_timeout_reaches_the_source() -> None:
    a, b = two_chains()
    packet = a.send("n1")
    b.time_ms = packet.deadline_ms
    request = a.delivery_of(packet)
    b.run(lambda ctx: deliver(ctx, request), ROUTER)
    close(a, b.acknowledgement_of(packet))
    assert a.note("n1").heard == ("TIMEOUT:TIMED_OUT",)
    assert saved_failures(a) == [(note_key("n1"), "TIMED_OUT", "resend")]


def test_a_receipt_handler_that_refuses_leaves_a_dead_letter() -> None:
    a, b = two_chains()
    packet = carried(a, b, REJECTED_RECEIPT)
    assert close(a, b.acknowledgement_of(packet))["outcome"] == "OK"
    assert a.note("n1").heard == ()
    assert entry(a, packet).status == CLOSED
    letter = a.load(DeadLetter, dead_letter_key(packet.id))
    assert isinstance(letter, DeadLetter)
    assert (letter.code, letter.next_action) == ("TEST_REFUSED", "decide_by_hand")
    assert saved_failures(a) == [(note_key("n1"), "TEST_REFUSED", "decide_by_hand")]


def test_a_receipt_nobody_handles_leaves_a_dead_letter() -> None:
    a, b = two_chains()
    packet = carried(a, b, UNHEARD)
    close(a, b.acknowledgement_of(packet))
    assert a.load(DeadLetter, dead_letter_key(packet.id)) is not None
    assert refused(a, b.acknowledgement_of(packet)) == "ALREADY_ACKNOWLEDGED"


def test_acknowledgements_may_come_in_any_order() -> None:
    a, b = two_chains()
    packets = [carried(a, b, name=name) for name in ("n1", "n2", "n3")]
    for packet in reversed(packets):
        close(a, b.acknowledgement_of(packet))
    assert a.channel().closed_below == 4
    assert [a.note(name).heard for name in ("n1", "n2", "n3")] == [("OK:OK",)] * 3


def test_an_equivocating_destination_freezes_the_client() -> None:
    a, b = two_chains()
    first, second = carried(a, b), carried(a, b, name="n2")
    close(a, b.acknowledgement_of(first))
    evidence = b.evidence(receipt_key(CHANNEL, 1, second.sequence))
    twin = replace(evidence.header, transactions_root=b"\2" * 32)
    forged = replace(evidence, header=twin, certificate=b.certify(twin))
    request = AcknowledgeRequest(packet_id=second.id, proof=forged.encode())
    result = close(a, request)
    assert result == {"frozen": 1, "chain": "chain-b", "height": twin.height}
    client = a.load(LightClientState, client_key(b.chain_id))
    assert isinstance(client, LightClientState) and client.frozen
    assert entry(a, second).status == "pending"
    assert refused(a, b.acknowledgement_of(second)) == "CLIENT_FROZEN"


def test_a_frozen_client_leaves_the_pending_packet_pending() -> None:
    a, b = two_chains()
    packet = carried(a, b)
    client = a.load(LightClientState, client_key(b.chain_id))
    assert isinstance(client, LightClientState)
    frozen = msgspec.structs.replace(client, frozen=True)
    a.run(lambda ctx: ctx.store(client_key(b.chain_id), frozen))
    assert refused(a, b.acknowledgement_of(packet)) == "CLIENT_FROZEN"
    assert entry(a, packet).status == "pending"
