"""What the routers carry: proved by headers, applied once, late or refused without harm."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from ledger.packet import Packet, decode_packet_receipt, outbox_key, receipt_key
from node.client import Client
from proto.contracts_pb2 import DeliverRequest
from proto.transaction_pb2 import TxBody
from tests.scenarios.looking import actions, events, proved, refused
from tests.scenarios.papers import CODE, fresh_number, red
from tests.scenarios.parties import HOUR_MS, Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def delivery_of(client: Client, number: str) -> DeliverRequest:
    """What a router submitted when it brought the bill to this chain, from the chain's blocks."""
    for height in range(client.status().height, 0, -1):
        for transaction in client.block(height).transactions:
            body = TxBody.FromString(transaction.body)
            if (body.contract, body.method) != ("bridge", "deliver"):
                continue
            for operation in body.operations:
                request = DeliverRequest.FromString(operation)
                if number.encode() in Packet.decode(request.packet).body:
                    return request
    raise AssertionError("the bill did not come by a router")


def deliver(client: Client, request: DeliverRequest) -> str:
    """What comes of delivering it, signed by this client."""
    assert client.signer is not None
    return client.call("bridge", "deliver", [request], client.signer).operations[0].code


def record(client: Client, key: str) -> dict[str, Any]:
    """The record of a leaf."""
    found: dict[str, Any] = json.loads(client.state(key).record_json)
    return found


@contextmanager
def router_away(parties: Parties) -> Iterator[None]:
    """The province's router does nothing meanwhile, as if its machine stood still."""
    router = parties.stage.routers["province"].running
    assert router is not None
    router.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        router.send_signal(signal.SIGCONT)


def lock(parties: Parties, number: str) -> str:
    expires_ms = parties.now_ms() + HOUR_MS
    agency = parties["agency one"].bills
    return refusal(
        lambda: agency.lock(CODE, number, purpose="reimbursement", expires_ms=expires_ms)
    )


@pytest.mark.clause("2.2.1.3.1", "2.2.1.3.2", "2.2.1.3.6")
def test_a_bill_changes_its_cipher_on_the_way_but_not_its_commitment(parties: Parties) -> None:
    number = parties.issued()
    key = f"bill/{CODE}-{number}"
    here = parties["bureau desk"].bills.get(CODE, number)
    there = parties["finance desk"].bills.get(CODE, number)
    assert (there.record.payload.suite, here.record.payload.suite) == ("intl", "gm")
    assert here.record.payload.hash != there.record.payload.hash
    assert here.record.pcommit == there.record.pcommit
    assert here.record.public == there.record.public
    # Whoever has the two genesis files verifies both leaves by certified headers.
    assert proved(parties, "finance", key, there.state) == there.state.value
    assert proved(parties, "province", key, here.state) == here.state.value


@pytest.mark.clause("2.2.1.3.1", "2.2.1.3.2", "2.2.1.3.4")
def test_a_delivery_is_proved_by_the_sources_header_and_counts_once(parties: Parties) -> None:
    number = parties.issued()
    province, router = parties["bureau desk"], parties["province router"]
    before = province.bills.get(CODE, number).state.value
    request = delivery_of(province, number)
    packet = Packet.decode(request.packet)
    assert (packet.source, packet.destination) == ("finance", "province")
    assert packet.operation == "BILL_BLUE"
    leaf = outbox_key(packet.channel, packet.epoch, packet.sequence)
    state = parties["finance desk"].state(leaf)
    assert proved(parties, "finance", leaf, state) is not None
    assert deliver(router, request) == "ALREADY_DELIVERED"
    assert deliver(parties["hospital desk"], request) == "NOT_PERMITTED"
    unsent = replace(packet, sequence=packet.sequence + 1_000_000)
    forged = DeliverRequest(packet=unsent.encode(), proof=request.proof)
    assert deliver(router, forged) == "BAD_PROOF"
    elsewhere = replace(packet, destination="national")
    assert deliver(router, DeliverRequest(packet=elsewhere.encode())) == "WRONG_CHANNEL"
    assert province.bills.get(CODE, number).state.value == before


@pytest.mark.clause("2.2.1.3.1", "2.2.1.3.4")
def test_what_a_halted_router_left_lying_is_carried_late_and_once(parties: Parties) -> None:
    number = parties.issued()
    agency, finance = parties["agency one"].bills, parties["finance desk"].bills
    with router_away(parties):
        assert lock(parties, number) == "OK"
        assert agency.get(CODE, number).record.lock.state == "pending"
        early = lambda: agency.enter(  # noqa: E731
            CODE, number, amount_fen=100, voucher_number="PZ-2"
        )
        assert refusal(early) == "LOCK_PENDING"
        assert not finance.get(CODE, number).record.HasField("lock")
    until(lambda: agency.get(CODE, number).record.lock.state == "confirmed")
    token = finance.get(CODE, number).record.lock.token
    assert agency.get(CODE, number).record.lock.token == token == 1
    assert actions(finance.trace(CODE, number)).count("lock") == 1


@pytest.mark.clause("2.2.1.3.4", "2.2.1.3.6", "2.2.1.6.1")
def test_a_lock_that_its_home_refuses_is_undone_and_the_failure_saved(parties: Parties) -> None:
    number = parties.issued()
    agency_client, finance = parties["agency one"], parties["finance desk"].bills
    agency = agency_client.bills
    with router_away(parties):
        finance.issue_red(red(fresh_number(), number))
        assert lock(parties, number) == "OK"
    until(lambda: not agency.get(CODE, number).record.HasField("lock"))
    until(lambda: agency.get(CODE, number).record.flush == "red_flushed")
    assert refused(finance.trace(CODE, number)) == ["BILL_RED"]
    saved = [one for one in events(agency.trace(CODE, number)) if one["action"] == "FAIL_SAVED"]
    assert [(one["code"], one["details"]["operation"]) for one in saved] == [("BILL_RED", "LOCK")]
    assert saved[0]["details"]["next_action"] == "lock_again"
    # Both ends keep how the packet ended: the outbox leaf here, the receipt leaf there.
    sent = record(agency_client, f"bridge/sent/{saved[0]['details']['packet_id']}")
    place = (sent["channel_id"], sent["epoch"], sent["sequence"])
    closed = record(agency_client, outbox_key(*place))
    assert (closed["status"], closed["outcome"], closed["code"]) == ("closed", "ERR", "BILL_RED")
    answered = parties["finance desk"].state(receipt_key(*place))
    receipt = decode_packet_receipt(answered.value)
    assert (receipt.outcome, receipt.code) == ("ERR", "BILL_RED")
    assert receipt.packet_id.hex() == saved[0]["details"]["packet_id"]
    assert proved(parties, "finance", receipt_key(*place), answered) == answered.value
    assert lock(parties, number) == "BILL_RED"
