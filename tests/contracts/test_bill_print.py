"""Printing a bill on paper (纸票换开): one live paper, told to every chain that keeps the bill."""

import json
from dataclasses import replace as replace_packet
from typing import Any

import pytest
from msgspec.structs import replace

from contracts.bill.packets import PrintBody
from contracts.bill.printing import PaperUse
from ledger.packet import Packet
from ledger.records import encode
from tests.contracts.harness import (
    Chain,
    Network,
    bill_name,
    cancel_print,
    print_bill,
)

DAY_MS = 24 * 3_600_000


@pytest.fixture
def chain() -> Chain:
    made = Chain()
    made.issue(1)
    made.issue(2)
    return made


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Network:
    made = Network(monkeypatch)
    made.finance.issue(1)
    made.send_all(made.finance)
    return made


@pytest.mark.parametrize("who", ["finance", "bureau"])
def test_the_papers_code_and_number_are_kept(chain: Chain, who: str) -> None:
    chain.ok(who, "bill.print", print_bill())
    bill = chain.bill(1)
    assert bill.paper is not None
    assert (bill.paper.code, bill.paper.number) == ("46060199", "0000000007")
    assert (bill.paper.printed_date, bill.paper.recorded_ms) == ("20240820", chain.time_ms)
    assert chain.load(PaperUse, "paper/46060199/0000000007").bill == bill_name(1)
    assert chain.trace(bill_name(1))[-1].details == {
        "paper_code": "46060199",
        "paper_number": "0000000007",
        "date": "20240820",
    }
    chain.check_trace(bill_name(1), bill.trace_count, bill.trace_head)


def test_a_printed_bill_is_printed_again_only_after_its_paper_is_cancelled(chain: Chain) -> None:
    chain.ok("finance", "bill.print", print_bill())
    before = chain.bill(1)
    chain.refused("finance", "bill.print", print_bill(paper=8), "BILL_PRINTED")
    another_day = print_bill(printed_date="20240821")
    chain.refused("finance", "bill.print", another_day, "BILL_PRINTED")
    assert chain.bill(1).paper == before.paper
    assert "paper/46060199/0000000008" not in chain.state
    assert [one.code for one in chain.trace(bill_name(1))[-2:]] == ["BILL_PRINTED"] * 2
    chain.ok("bureau", "bill.cancel_print", cancel_print())
    assert (chain.bill(1).paper, chain.bill(1).print_cycle) == (None, 1)
    chain.ok("finance", "bill.print", print_bill(paper=8))
    paper = chain.bill(1).paper
    assert paper is not None and paper.number == "0000000008"


def test_no_paper_serves_two_bills_nor_a_bill_twice(chain: Chain) -> None:
    chain.ok("finance", "bill.print", print_bill())
    chain.refused("finance", "bill.print", print_bill(2), "PAPER_USED")
    assert chain.bill(2).paper is None
    chain.ok("finance", "bill.cancel_print", cancel_print())
    for number in (1, 2):
        chain.refused("finance", "bill.print", print_bill(number), "PAPER_USED")


def test_only_the_live_paper_is_cancelled(chain: Chain) -> None:
    chain.refused("finance", "bill.cancel_print", cancel_print(), "BILL_NOT_PRINTED")
    chain.ok("finance", "bill.print", print_bill())
    chain.refused("finance", "bill.cancel_print", cancel_print(paper=8), "BILL_NOT_PRINTED")
    chain.refused("finance", "bill.cancel_print", cancel_print(2), "BILL_NOT_PRINTED")
    assert chain.bill(1).paper is not None


def test_a_paper_is_taken_back_after_its_bill_turned_red(chain: Chain) -> None:
    chain.ok("finance", "bill.print", print_bill())
    chain.ok("finance", "bill.issue_red", chain.red())
    chain.ok("finance", "bill.cancel_print", cancel_print())
    assert chain.bill(1).paper is None
    chain.refused("finance", "bill.print", print_bill(paper=8), "BILL_RED")


@pytest.mark.parametrize(
    "changes",
    [
        {"paper_code": ""},
        {"paper_code": "4/6"},
        {"paper_code": "-46"},
        {"paper_number": "x" * 51},
        {"paper_number": "纸"},
        {"printed_date": ""},
        {"printed_date": "20240230"},
        {"printed_date": "2024-08-20"},
    ],
)
def test_a_printing_is_well_formed(chain: Chain, changes: dict[str, str]) -> None:
    before = chain.bill(1)
    chain.refused("finance", "bill.print", print_bill(**changes), "MALFORMED_REQUEST")
    assert (chain.bill(1).paper, chain.bill(1).print_cycle) == (before.paper, 0)
    assert set(chain.writes) == {bill_name(1)}  # the kept refusal


def test_cancelling_needs_a_reason(chain: Chain) -> None:
    chain.ok("finance", "bill.print", print_bill())
    for reason in ("", "  ", "x" * 201):
        request = cancel_print(reason=reason)
        chain.refused("finance", "bill.cancel_print", request, "MALFORMED_REQUEST")
    assert chain.bill(1).paper is not None


@pytest.mark.parametrize("who", ["agency_a", "hospital", "insurer", "custodian", "router"])
def test_others_do_not_print(chain: Chain, who: str) -> None:
    chain.refused(who, "bill.print", print_bill(), "NOT_PERMITTED")
    chain.refused(who, "bill.cancel_print", cancel_print(), "NOT_PERMITTED")
    assert chain.bill(1).paper is None


# ---- told to the chains that keep the bill


def test_finance_tells_the_province(net: Network) -> None:
    net.finance.ok("finance", "bill.print", print_bill())
    assert net.send_all(net.finance) == ["OK"]
    here, home = net.province.bill(1), net.finance.bill(1)
    assert here.paper is not None and home.paper is not None
    assert (here.paper.code, here.paper.number) == (home.paper.code, home.paper.number)
    net.finance.ok("finance", "bill.cancel_print", cancel_print())
    net.finance.ok("finance", "bill.print", print_bill(paper=8))
    assert net.send_all(net.finance) == ["OK", "OK"]
    again = net.province.bill(1)
    assert again.paper is not None and again.paper.number == "0000000008"
    assert again.print_cycle == net.finance.bill(1).print_cycle == 1
    net.province.check_trace(bill_name(1), again.trace_count, again.trace_head)
    assert [one.action for one in net.finance.trace(bill_name(1))].count("shared") == 4


def test_a_replica_is_printed_by_its_home_only(net: Network) -> None:
    net.province.refused("bureau", "bill.print", print_bill(), "NOT_HOME_CHAIN")
    net.province.refused("bureau", "bill.cancel_print", cancel_print(), "NOT_HOME_CHAIN")


def test_a_bill_in_use_is_printed_and_stays_in_use(net: Network) -> None:
    net.province.ok("agency_a", "bill.lock", net.province.lock())
    net.settle()
    net.finance.ok("finance", "bill.print", print_bill())
    net.settle()
    bill = net.province.bill(1)
    assert bill.paper is not None and bill.lock is not None and bill.lock.state == "confirmed"


def test_a_lost_printing_is_told_again_by_the_same_call(net: Network) -> None:
    net.finance.ok("finance", "bill.print", print_bill())
    net.province.time_ms += 2 * DAY_MS
    assert net.send_all(net.finance) == ["TIMED_OUT"]
    assert net.province.bill(1).paper is None
    net.finance.time_ms = net.province.time_ms
    before = net.finance.bill(1).paper
    net.finance.ok("finance", "bill.print", print_bill())
    assert net.finance.bill(1).paper == before
    assert net.send_all(net.finance) == ["OK"]
    assert net.province.bill(1).paper is not None
    count = net.finance.bill(1).trace_count
    net.finance.ok("finance", "bill.print", print_bill())
    assert (net.pending(net.finance), net.finance.bill(1).trace_count) == ([], count)


def test_a_lost_cancellation_is_told_again_by_the_same_call(net: Network) -> None:
    net.finance.ok("finance", "bill.print", print_bill())
    net.settle()
    net.finance.ok("finance", "bill.cancel_print", cancel_print())
    net.province.time_ms += 2 * DAY_MS
    assert net.send_all(net.finance) == ["TIMED_OUT"]
    assert net.province.bill(1).paper is not None
    net.finance.time_ms = net.province.time_ms
    net.finance.ok("finance", "bill.cancel_print", cancel_print(reason="asked again"))
    assert net.finance.trace(bill_name(1))[-1].action == "cancel_print_told_again"
    assert net.send_all(net.finance) == ["OK"]
    here, home = net.province.bill(1), net.finance.bill(1)
    assert (here.paper, here.print_cycle, home.print_cycle) == (None, 1, 1)
    # The reason that was recorded first is the one that is told.
    assert net.province.trace(bill_name(1))[-1].details["reason"] == "returned"
    count = home.trace_count
    net.finance.ok("finance", "bill.cancel_print", cancel_print())
    assert (net.pending(net.finance), net.finance.bill(1).trace_count) == ([], count)
    net.finance.ok("finance", "bill.print", print_bill(paper=8))
    net.finance.refused("finance", "bill.cancel_print", cancel_print(), "BILL_NOT_PRINTED")


def test_a_flushed_bills_paper_is_not_told_again(chain: Chain) -> None:
    chain.ok("finance", "bill.print", print_bill())
    chain.ok("finance", "bill.issue_red", chain.red())
    chain.refused("finance", "bill.print", print_bill(), "BILL_RED")


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_replica_that_missed_packets_follows_its_home_again(net: Network, lost: int) -> None:
    net.finance.ok("finance", "bill.print", print_bill())
    net.finance.ok("bureau", "bill.cancel_print", cancel_print())
    net.finance.ok("finance", "bill.print", print_bill(paper=8))
    net.finance.ok("bureau", "bill.cancel_print", cancel_print(paper=8))
    net.finance.ok("finance", "bill.print", print_bill(paper=9))
    packets = [Packet.decode(entry.packet) for _, entry in net.pending(net.finance)]
    assert [one.cycle for one in packets] == [0, 0, 1, 1, 2]
    early, later = net.province.time_ms, net.province.time_ms + 2 * DAY_MS
    for index, packet in enumerate(packets):
        net.province.time_ms = later if index in (lost, lost - 1) else early
        assert net.deliver(packet).code == "OK"
    bill = net.province.bill(1)
    assert bill.paper is not None
    assert (bill.paper.number, bill.print_cycle) == ("0000000009", 2)
    net.province.check_trace(bill_name(1), bill.trace_count, bill.trace_head)


def forged(net: Network, body: PrintBody, **changes: Any) -> str:
    """The receipt's code for a printing that finance really sent, with another body."""
    net.finance.ok("finance", "bill.print", print_bill())
    key, entry = net.pending(net.finance)[-1]
    packet = replace_packet(Packet.decode(entry.packet), body=encode(body), **changes)
    net.finance.state[key] = encode(replace(entry, packet=packet.encode()))
    result = net.deliver(packet)
    assert result.code == "OK"
    return str(json.loads(result.result)["code"])


def body(**changes: Any) -> PrintBody:
    own: dict[str, Any] = {
        "code": "46060124",
        "number": "0000000001",
        "paper_code": "46060199",
        "paper_number": "0000000007",
        "printed_date": "20240820",
        "cycle": 0,
    }
    return PrintBody(**{**own, **changes})


@pytest.mark.parametrize(
    ("changes", "packet", "code"),
    [
        ({}, {}, "OK"),
        ({"number": "0000000009"}, {}, "BILL_NOT_FOUND"),
        ({"cycle": 1}, {}, "PACKET_INCONSISTENT"),
        ({"cycle": 1}, {"cycle": 1}, "PACKET_INCONSISTENT"),
        ({}, {"lane": bytes(32), "lane_sequence": 1}, "PACKET_INCONSISTENT"),
        ({"printed_date": "20240231"}, {}, "MALFORMED_REQUEST"),
        ({"paper_number": ""}, {}, "MALFORMED_REQUEST"),
    ],
)
def test_what_a_packet_says_is_judged_too(
    net: Network, changes: dict[str, Any], packet: dict[str, Any], code: str
) -> None:
    assert forged(net, body(**changes), **packet) == code
    assert (net.province.bill(1).paper is not None) == (code == "OK")
