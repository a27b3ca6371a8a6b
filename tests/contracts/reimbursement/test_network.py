"""Applications from the national chain, and what is reported back: proved, saved, sent again."""

import json
from dataclasses import replace as replace_packet
from typing import Any

import pytest
from msgspec.structs import replace

from contracts.reimbursement.packets import ReportBody
from contracts.reimbursement.records import Amounts, ReportedRecord
from ledger.packet import Packet
from ledger.records import encode
from tests.contracts.harness import NATIONAL, PROVINCE, Network
from tests.contracts.reimbursement.support import (
    INDEX,
    SECOND,
    application_id,
    approve,
    forward,
    key,
    make_approved,
    of,
    pay,
    receive,
    refuse,
    report,
    review,
    staffed,
    sync_bill,
    sync_voucher,
    withdraw,
)
from tests.contracts.remote.support import store_both

REPORTED = f"reimbursement_report/{PROVINCE}/{application_id(1)}"
FORWARD, REPORT = "reimbursement.forward", "reimbursement.report"
DAY_MS = 24 * 3_600_000


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Network:
    made = Network(monkeypatch)
    staffed(made.province)
    return made


def handed_on(net: Network, **extra: Any) -> None:
    net.national.ok("bureau", FORWARD, forward(net.national, "pn"))
    assert net.send_all(net.national, **extra) == ["OK"]


def decided(net: Network) -> None:
    """The province has fetched both documents and approves."""
    province = net.province
    store_both(province)
    province.ok("bureau", "reimbursement.sync_voucher", sync_voucher())
    province.ok("bureau", "reimbursement.sync_bill", sync_bill())
    province.ok("bureau", "reimbursement.review", review(index=INDEX))
    province.ok(SECOND, "reimbursement.approve", approve())


def reported(net: Network) -> ReportedRecord:
    return net.national.load(ReportedRecord, REPORTED)


def test_an_application_goes_to_the_insured_province(net: Network) -> None:
    net.national.ok("bureau", FORWARD, forward(net.national, "pn"))
    assert (of(net.national).state, of(net.national).destination) == ("forwarded", PROVINCE)
    net.national.refused("bureau", FORWARD, forward(net.national, "pn"), "APPLICATION_EXISTS")
    assert net.send_all(net.national, account_id=f"{1:032x}") == ["OK"]
    there, here = of(net.national), of(net.province)
    assert (there.state, here.state) == ("accepted", "received")
    assert (here.origin_chain, here.origin_channel) == (NATIONAL, "pn")
    assert (here.pcommit, here.public) == (there.pcommit, there.public)
    assert here.account_id == f"{1:032x}"
    assert net.province.account(here.account_id).item_count == 1
    for chain in (net.national, net.province):
        chain.check_trace(key(), of(chain).trace_count, of(chain).trace_head)


def test_decision_and_payment_are_reported_one_after_the_other(net: Network) -> None:
    handed_on(net)
    decided(net)
    province = net.province
    province.ok("bureau", REPORT, report())
    province.refused("bureau", REPORT, report(), "REPORT_PENDING")
    assert net.send_all(province) == ["OK"]
    province.refused("bureau", REPORT, report(), "ALREADY_REPORTED")
    first = reported(net)
    assert (first.state, first.amounts.total_fen, first.reports) == ("approved", 10_000, 1)
    assert (first.amounts.account_fen, first.bill_number) == (1500, "0000000001")
    assert of(net.national).state == "answered"
    province.ok("centre", "reimbursement.record_payment", pay("sent"))
    province.ok("centre", "reimbursement.record_payment", pay("paid"))
    province.ok("bureau", REPORT, report())
    assert net.send_all(province) == ["OK"]
    last = reported(net)
    assert (last.state, last.payment_reference, last.reports) == ("paid", "PAY-1", 2)
    net.national.check_trace(REPORTED, last.trace_count, last.trace_head)
    for chain in (net.national, province):
        chain.check_trace(key(), of(chain).trace_count, of(chain).trace_head)
    told = [(one.action, one.code) for one in province.trace(key())]
    assert told.count(("report", "OK")) == 2


def test_a_refusal_is_reported_with_its_reason(net: Network) -> None:
    handed_on(net)
    net.province.ok("bureau", "reimbursement.refuse", refuse())
    net.province.ok("bureau", REPORT, report())
    assert net.send_all(net.province) == ["OK"]
    assert (reported(net).state, reported(net).reason_code) == ("refused", "NOT_INSURED_THEN")
    assert reported(net).amounts == Amounts()


def test_what_the_bureau_took_in_itself_is_reported_too(net: Network) -> None:
    make_approved(net.province)
    net.province.ok("bureau", REPORT, report())
    assert net.send_all(net.province) == ["OK"]
    assert reported(net).state == "approved"
    assert key() not in net.national.state
    net.province.ok("bureau", "reimbursement.withdraw", withdraw())
    net.province.ok("bureau", REPORT, report())
    assert net.send_all(net.province) == ["OK"]
    assert (reported(net).state, reported(net).reports) == ("withdrawn", 2)


def test_a_report_overtaken_by_events_is_not_the_last_word(net: Network) -> None:
    make_approved(net.province)
    net.province.ok("bureau", REPORT, report())
    net.province.ok("centre", "reimbursement.record_payment", pay("sent"))
    net.province.refused("bureau", REPORT, report(), "REPORT_PENDING")
    assert net.send_all(net.province) == ["OK"]
    assert of(net.province).report == ""
    net.province.ok("bureau", REPORT, report())
    assert net.send_all(net.province) == ["OK"]
    assert (reported(net).state, of(net.province).report) == ("paying", "confirmed")


def test_a_lost_report_is_saved_and_sent_again(net: Network) -> None:
    make_approved(net.province)
    net.province.ok("bureau", REPORT, report())
    net.national.time_ms += 2 * DAY_MS
    assert net.send_all(net.province) == ["TIMED_OUT"]
    saved = net.province.trace(key())[-2:]
    assert [(one.action, one.code) for one in saved] == [
        ("report_refused", "TIMED_OUT"),
        ("FAIL_SAVED", "TIMED_OUT"),
    ]
    assert saved[1].details["next_action"] == "resend_or_decide"
    assert REPORTED not in net.national.state
    net.province.time_ms = net.national.time_ms
    net.province.ok("bureau", REPORT, report())
    assert net.send_all(net.province) == ["OK"]
    assert of(net.province).report == "confirmed"


def test_a_lost_application_is_sent_again_as_it_is_then(net: Network) -> None:
    net.national.ok("bureau", FORWARD, forward(net.national, "pn"))
    net.province.time_ms += 2 * DAY_MS
    assert net.send_all(net.national) == ["TIMED_OUT"]
    assert of(net.national).state == "unsent"
    net.national.time_ms = net.province.time_ms
    handed_on(net)
    assert (of(net.national).state, of(net.province).state) == ("accepted", "received")
    record = of(net.national)
    net.national.check_trace(key(), record.trace_count, record.trace_head)


def test_an_id_that_is_taken_is_refused_by_receipt(net: Network) -> None:
    net.province.ok("bureau", "reimbursement.receive", receive(net.province))
    net.national.ok("bureau", FORWARD, forward(net.national, "pn"))
    assert net.send_all(net.national) == ["APPLICATION_EXISTS"]
    assert of(net.national).state == "unsent"
    assert of(net.province).origin_chain == PROVINCE


def test_a_carriers_fault_decides_nothing(net: Network) -> None:
    net.national.ok("bureau", FORWARD, forward(net.national, "pn"))
    ((_, entry),) = net.pending(net.national)
    packet = Packet.decode(entry.packet)
    result = net.deliver(packet, account_id=f"{1:032x}", payload=net.province.payload())
    assert result.code == "PAYLOAD_RECIPIENT"
    assert key() not in net.province.state
    assert net.send_all(net.national) == ["OK"]


@pytest.mark.parametrize("channel", ["", "fp", "no"])
def test_an_application_needs_a_channel_that_carries_it(net: Network, channel: str) -> None:
    net.national.refused("bureau", FORWARD, forward(net.national, channel), "NO_CHANNEL")
    assert not net.national.writes


def test_a_chain_without_a_channel_reports_nothing(net: Network) -> None:
    staffed(net.finance)
    make_approved(net.finance)
    net.finance.refused("bureau", REPORT, report(), "NO_CHANNEL")
    assert of(net.finance).report == ""


# ---- packets that say something else than what was committed about


def resent(net: Network, body: Any, **changes: Any) -> str:
    """The receipt's code for the first packet waiting at the province, with another body."""
    key_, entry = net.pending(net.province)[0]
    packet = replace_packet(Packet.decode(entry.packet), body=encode(body), **changes)
    net.province.state[key_] = encode(replace(entry, packet=packet.encode()))
    result = net.deliver(packet)
    assert result.code == "OK"
    return str(json.loads(result.result)["code"])


def report_body(**changes: Any) -> ReportBody:
    own: dict[str, Any] = {
        "application_id": application_id(1),
        "state": "approved",
        "amounts": Amounts(),
        "reason_code": "",
        "bill_code": "43060124",
        "bill_number": "0000000001",
        "payment_reference": "",
        "cycle": 0,
    }
    return ReportBody(**{**own, **changes})


@pytest.mark.parametrize(
    ("changes", "packet", "code"),
    [
        ({}, {}, "OK"),
        ({"application_id": application_id(2)}, {}, "PACKET_INCONSISTENT"),
        ({"application_id": "a/b"}, {}, "MALFORMED_REQUEST"),
        ({"cycle": 1}, {}, "PACKET_INCONSISTENT"),
        ({"cycle": 1}, {"cycle": 1}, "PACKET_INCONSISTENT"),
        ({"state": "accepted"}, {}, "PACKET_INCONSISTENT"),
        ({"amounts": Amounts(cash_fen=-1)}, {}, "MALFORMED_REQUEST"),
        ({"amounts": Amounts(cash_fen=10**13 + 1)}, {}, "MALFORMED_REQUEST"),
        ({"reason_code": "x" * 201}, {}, "MALFORMED_REQUEST"),
        ({"payment_reference": "a\nb"}, {}, "MALFORMED_REQUEST"),
        ({"state": "rich"}, {}, "PACKET_INCONSISTENT"),
        ({}, {"business_key": bytes(32)}, "PACKET_INCONSISTENT"),
    ],
)
def test_a_report_is_judged(
    net: Network, changes: dict[str, Any], packet: dict[str, Any], code: str
) -> None:
    make_approved(net.province)
    net.province.ok("bureau", REPORT, report())
    assert resent(net, report_body(**changes), **packet) == code
    assert (REPORTED in net.national.state) == (code == "OK")


def test_a_report_about_anothers_application_changes_nothing_of_it(net: Network) -> None:
    """The national chain took an application in for another province; this one reports the id."""
    net.national.ok("bureau", "reimbursement.receive", receive(net.national))
    make_approved(net.province)
    net.province.ok("bureau", REPORT, report())
    before = of(net.national)
    assert net.send_all(net.province) == ["OK"]
    assert of(net.national) == before
    assert reported(net).chain_id == PROVINCE


def test_an_answer_may_overtake_the_receipt_of_the_application(net: Network) -> None:
    net.national.ok("bureau", FORWARD, forward(net.national, "pn"))
    ((_, entry),) = net.pending(net.national)
    packet = Packet.decode(entry.packet)
    assert net.deliver(packet).code == "OK"
    net.province.ok("bureau", "reimbursement.refuse", refuse())
    net.province.ok("bureau", REPORT, report())
    assert net.send_all(net.province) == ["OK"]
    assert of(net.national).state == "answered"
    assert net.acknowledge(packet).code == "OK"
    record = of(net.national)
    assert record.state == "answered"
    net.national.check_trace(key(), record.trace_count, record.trace_head)
