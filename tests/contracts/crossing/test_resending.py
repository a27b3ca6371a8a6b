"""A bill that a chain refused or never took is sent there again by its home (失败补偿)."""

from typing import Any

import msgspec
import pytest

from contracts.bill.record import Share
from contracts.bridge.records import Channel, channel_key
from ledger.packet import Packet
from ledger.records import encode
from proto import contracts_pb2 as pb
from tests.contracts.crossing.packets import send_late
from tests.contracts.harness import (
    Chain,
    Network,
    bill_name,
    bill_ref,
    cancel_print,
    print_bill,
    red_number,
)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(monkeypatch)


def resend(number: int = 1) -> pb.ResendBillRequest:
    return pb.ResendBillRequest(bill=bill_ref(number))


def waiting(net: Network) -> list[str]:
    return [Packet.decode(entry.packet).operation for _, entry in net.pending(net.finance)]


def shares(chain: Chain, number: int = 1) -> dict[str, tuple[int, str]]:
    return {one.operation: (one.cycle, one.state) for one in chain.bill(number).shares}


def check_traces(*chains: Chain, numbers: tuple[int, ...] = (1,)) -> None:
    for chain in chains:
        for number in numbers:
            bill = chain.bill(number)
            chain.check_trace(bill_name(number), bill.trace_count, bill.trace_head)


@pytest.mark.parametrize("who", ["finance", "bureau"])
def test_a_lost_bill_is_sent_again(net: Network, who: str) -> None:
    net.finance.issue(1)
    assert shares(net.finance) == {"BILL_BLUE": (0, "pending")}
    net.finance.refused(who, "bill.resend", resend(), "NOTHING_TO_RESEND")
    assert send_late(net, net.finance) == ["TIMED_OUT"]
    assert shares(net.finance) == {"BILL_BLUE": (0, "failed")}
    saved = net.finance.trace(bill_name(1))[-1]
    assert (saved.action, saved.code, saved.details["next_action"]) == (
        "FAIL_SAVED",
        "TIMED_OUT",
        "resend",
    )
    net.finance.ok(who, "bill.resend", resend())
    net.finance.refused(who, "bill.resend", resend(), "NOTHING_TO_RESEND")
    assert net.send_all(net.finance) == ["OK"]
    assert net.finance.bill(1).shares == (
        Share(channel="fp", operation="BILL_BLUE", cycle=0, state="confirmed"),
    )
    assert net.province.bill(1).pcommit == net.finance.bill(1).pcommit
    net.finance.refused(who, "bill.resend", resend(), "NOTHING_TO_RESEND")
    assert net.province.bill(1).shares == ()
    check_traces(net.finance, net.province)


@pytest.mark.parametrize("number", [1, red_number(1)])
def test_a_lost_red_bill_goes_again_and_its_blue_one_before_it(net: Network, number: int) -> None:
    net.finance.issue(1)
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    assert send_late(net, net.finance) == ["TIMED_OUT", "TIMED_OUT"]
    net.finance.ok("finance", "bill.resend", resend(number))
    assert waiting(net) == ["BILL_BLUE", "BILL_RED"]
    assert net.send_all(net.finance) == ["OK", "OK"]
    assert net.province.bill(1).flush == "red_flushed"
    check_traces(net.finance, net.province, numbers=(1, red_number(1)))


def test_a_red_bill_alone_goes_again_alone(net: Network) -> None:
    net.finance.issue(1)
    net.settle()
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    send_late(net, net.finance)
    net.finance.ok("finance", "bill.resend", resend())
    assert waiting(net) == ["BILL_RED"]
    assert net.send_all(net.finance) == ["OK"]
    assert net.province.bill(1).red == bill_name(red_number(1))


def test_a_red_bill_whose_blue_one_was_refused_is_held_and_goes_again(net: Network) -> None:
    net.finance.issue(1)
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    blue, red = [Packet.decode(entry.packet) for _, entry in net.pending(net.finance)]
    now = net.province.time_ms
    net.province.time_ms = blue.deadline_ms
    assert net.deliver(blue).code == "OK"
    net.province.time_ms = now
    assert net.deliver(red).code == "OK"
    for packet in (red, blue):
        assert net.acknowledge(packet).code == "OK"
    assert shares(net.finance, red_number(1)) == {"BILL_RED": (0, "failed")}
    assert net.finance.trace(bill_name(red_number(1)))[-1].code == "BILL_NOT_FOUND"
    net.finance.ok("finance", "bill.resend", resend(red_number(1)))
    assert net.send_all(net.finance) == ["OK", "OK"]
    assert net.province.bill(1).flush == "red_flushed"


def test_a_lost_paper_and_its_lost_cancellation_are_told_again(net: Network) -> None:
    net.finance.issue(1)
    net.settle()
    net.finance.ok("finance", "bill.print", print_bill())
    send_late(net, net.finance)
    net.finance.ok("finance", "bill.resend", resend())
    assert net.send_all(net.finance) == ["OK"]
    assert net.province.bill(1).paper is not None
    net.finance.ok("finance", "bill.cancel_print", cancel_print())
    send_late(net, net.finance)
    assert shares(net.finance)["BILL_PRINT_CANCEL"] == (0, "failed")
    net.finance.ok("finance", "bill.resend", resend())
    assert waiting(net) == ["BILL_PRINT_CANCEL"]
    assert net.send_all(net.finance) == ["OK"]
    assert (net.province.bill(1).paper, net.province.bill(1).print_cycle) == (None, 1)
    net.finance.refused("finance", "bill.resend", resend(), "NOTHING_TO_RESEND")
    check_traces(net.finance, net.province)


def test_all_that_was_lost_goes_in_the_order_that_heals(net: Network) -> None:
    net.finance.issue(1)
    net.finance.ok("finance", "bill.print", print_bill())
    net.finance.ok("finance", "bill.cancel_print", cancel_print())
    net.finance.ok("finance", "bill.print", print_bill(paper=8))
    assert send_late(net, net.finance) == ["TIMED_OUT"] * 4
    net.finance.ok("finance", "bill.resend", resend())
    # The older paper and its cancellation are over when the newer paper is told of.
    assert waiting(net) == ["BILL_BLUE", "BILL_PRINT"]
    assert net.send_all(net.finance) == ["OK", "OK"]
    replica = net.province.bill(1)
    assert replica.paper is not None
    assert (replica.paper.number, replica.print_cycle) == ("0000000008", 1)
    net.finance.refused("finance", "bill.resend", resend(), "NOTHING_TO_RESEND")


def test_a_late_receipt_of_an_older_paper_says_nothing_of_the_newer(net: Network) -> None:
    net.finance.issue(1)
    net.settle()
    net.finance.ok("finance", "bill.print", print_bill())
    old = Packet.decode(net.pending(net.finance)[0][1].packet)
    net.finance.ok("finance", "bill.cancel_print", cancel_print())
    net.finance.ok("finance", "bill.print", print_bill(paper=8))
    now = net.province.time_ms
    net.province.time_ms = old.deadline_ms
    assert net.deliver(old).code == "OK"
    net.province.time_ms = now
    assert net.acknowledge(old).code == "OK"
    assert shares(net.finance)["BILL_PRINT"] == (1, "pending")
    assert net.send_all(net.finance) == ["OK", "OK"]
    assert shares(net.finance)["BILL_PRINT"] == (1, "confirmed")


def test_a_flushed_bills_lost_paper_is_not_told_again(net: Network) -> None:
    net.finance.issue(1)
    net.settle()
    net.finance.ok("finance", "bill.print", print_bill())
    send_late(net, net.finance)
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    net.settle()
    net.finance.refused("finance", "bill.resend", resend(), "NOTHING_TO_RESEND")


def test_a_chain_that_has_another_bill_under_the_number_keeps_it(net: Network) -> None:
    net.province.issue(1, who="bureau", cash_fen=0, account_fen=11596)
    kept = net.province.bill(1)
    net.finance.issue(1)
    for _ in range(2):
        assert net.send_all(net.finance) == ["BILL_EXISTS"]
        assert shares(net.finance) == {"BILL_BLUE": (0, "failed")}
        net.finance.ok("finance", "bill.resend", resend())
    assert net.province.bill(1) == kept


@pytest.mark.parametrize("who", ["agency_a", "hospital", "insurer", "router"])
def test_others_send_nothing_again(net: Network, who: str) -> None:
    net.finance.issue(1)
    send_late(net, net.finance)
    net.finance.refused(who, "bill.resend", resend(), "NOT_PERMITTED")
    assert net.pending(net.finance) == []


def test_only_the_home_sends_a_bill_again(net: Network) -> None:
    net.finance.issue(1)
    net.settle()
    net.province.refused("bureau", "bill.resend", resend(), "NOT_HOME_CHAIN")
    net.finance.refused("finance", "bill.resend", resend(2), "BILL_NOT_FOUND")
    malformed = pb.ResendBillRequest(bill=pb.BillKey(code="1", number="2"))
    net.finance.refused("finance", "bill.resend", malformed, "MALFORMED_REQUEST")


def test_a_paused_channel_takes_nothing_again(net: Network) -> None:
    net.finance.issue(1)
    send_late(net, net.finance)
    channel = net.finance.load(Channel, channel_key("fp"))
    net.finance.state[channel_key("fp")] = encode(msgspec.structs.replace(channel, paused=True))
    net.finance.refused("finance", "bill.resend", resend(), "CHANNEL_PAUSED")
    assert shares(net.finance) == {"BILL_BLUE": (0, "failed")}


def test_a_channel_that_was_opened_later_gets_the_bill_by_the_same_call(net: Network) -> None:
    channel = net.finance.load(Channel, channel_key("fp"))
    changes: dict[str, Any] = {"operations": ()}
    net.finance.state[channel_key("fp")] = encode(msgspec.structs.replace(channel, **changes))
    net.finance.issue(1)
    assert net.pending(net.finance) == []
    net.finance.refused("finance", "bill.resend", resend(), "NOTHING_TO_RESEND")
    net.finance.state[channel_key("fp")] = encode(channel)
    net.finance.ok("finance", "bill.resend", resend())
    assert net.send_all(net.finance) == ["OK"]
    assert net.province.bill(1).home_chain == "yl-finance"
