"""A bill that two chains keep: each is told by itself, and sent again only what it lacks."""

from typing import Any

import msgspec
import pytest

from contracts.bridge.records import Channel, channel_key
from contracts.grant.records import GrantedRecord, granted_key
from ledger.packet import Packet
from ledger.records import encode
from proto import contracts_pb2 as pb
from tests.contracts.crossing.packets import DAYS_MS
from tests.contracts.harness import (
    BILL_OPERATIONS,
    FINANCE,
    HOUR_MS,
    PROVINCE,
    Chain,
    Network,
    bill_name,
    bill_ref,
    channel,
    print_bill,
)

SECOND, OWNER = "yl-second", f"{1:032x}"
RESEND = pb.ResendBillRequest(bill=bill_ref(1))


class TwoProvinces(Network):
    """Finance shares its bills with two provinces, by the channels "fp" and "fq"."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        first = channel("fp", PROVINCE, "gm", BILL_OPERATIONS, home=False)
        second = channel("fq", SECOND, "gm", BILL_OPERATIONS, home=False)
        home = channel("fq", FINANCE, "intl", BILL_OPERATIONS, home=True)
        self.finance = Chain(FINANCE, "intl", (first, second))
        self.second = Chain(SECOND, "gm", (home,))
        self.chains.update({FINANCE: self.finance, SECOND: self.second})


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> TwoProvinces:
    made = TwoProvinces(monkeypatch)
    made.finance.issue(1)
    return made


def lose(net: TwoProvinces, chain: Chain) -> None:
    """What waits for `chain` comes too late; everything else arrives."""
    now = chain.time_ms
    chain.time_ms = now + DAYS_MS
    net.send_all(net.finance)
    chain.time_ms = now


def waiting(net: TwoProvinces) -> list[tuple[str, str]]:
    packets = [Packet.decode(entry.packet) for _, entry in net.pending(net.finance)]
    return [(packet.destination, packet.operation) for packet in packets]


def pause(net: TwoProvinces, name: str, *, paused: bool) -> None:
    key = channel_key(name)
    kept = net.finance.load(Channel, key)
    net.finance.state[key] = encode(msgspec.structs.replace(kept, paused=paused))


def shares(net: TwoProvinces) -> set[tuple[str, str, str]]:
    return {(one.channel, one.operation, one.state) for one in net.finance.bill(1).shares}


def test_only_the_chain_that_lacks_it_is_sent_it_again(net: TwoProvinces) -> None:
    lose(net, net.second)
    assert shares(net) == {("fp", "BILL_BLUE", "confirmed"), ("fq", "BILL_BLUE", "failed")}
    net.finance.ok("finance", "bill.print", print_bill())
    assert waiting(net) == [(PROVINCE, "BILL_PRINT"), (SECOND, "BILL_PRINT")]
    assert net.send_all(net.finance) == ["OK", "BILL_NOT_FOUND"]
    net.finance.ok("finance", "bill.resend", RESEND)
    assert waiting(net) == [(SECOND, "BILL_BLUE"), (SECOND, "BILL_PRINT")]
    assert net.send_all(net.finance) == ["OK", "OK"]
    for province in (net.province, net.second):
        paper = province.bill(1).paper
        assert paper is not None and paper.number == "0000000007"
    assert {state for _, _, state in shares(net)} == {"confirmed"}
    net.finance.refused("finance", "bill.resend", RESEND, "NOTHING_TO_RESEND")


def test_a_paused_channel_holds_up_no_other(net: TwoProvinces) -> None:
    for chain in (net.province, net.second):
        chain.time_ms += DAYS_MS
    assert net.send_all(net.finance) == ["TIMED_OUT"] * 2
    net.finance.time_ms = net.province.time_ms
    pause(net, "fp", paused=True)
    net.finance.ok("finance", "bill.resend", RESEND)
    assert waiting(net) == [(SECOND, "BILL_BLUE")]
    assert net.send_all(net.finance) == ["OK"]
    net.finance.refused("finance", "bill.resend", RESEND, "CHANNEL_PAUSED")
    pause(net, "fp", paused=False)
    net.finance.ok("finance", "bill.resend", RESEND)
    assert waiting(net) == [(PROVINCE, "BILL_BLUE")]
    assert net.send_all(net.finance) == ["OK"]


def test_each_provinces_grants_are_its_own(net: TwoProvinces) -> None:
    """The same id on two chains names two grants; each is revoked by its own chain only."""
    for chain in (net.province, net.second):
        chain.open_account(1)
    assert net.send_all(net.finance, account_id=OWNER) == ["OK", "OK"]
    for chain in (net.province, net.second):
        chain.ok("bureau", "authorization.grant", grant(chain))
    assert net.send_all(net.province) + net.send_all(net.second) == ["OK", "OK"]
    revoke = pb.RevokeRequest(authorization_id="a" * 32, reason="asked by the owner")
    net.second.ok("bureau", "authorization.revoke", revoke)
    assert net.send_all(net.second) == ["OK"]
    records = [
        net.finance.load(GrantedRecord, granted_key(one, "a" * 32)) for one in (PROVINCE, SECOND)
    ]
    assert [one.revoked_ms > 0 for one in records] == [False, True]


def grant(chain: Chain, **changes: Any) -> pb.GrantRequest:
    fields: dict[str, Any] = {
        "authorization_id": "a" * 32,
        "account_id": OWNER,
        "grantee_org": "org-insurer",
        "object": bill_name(1),
        "compartments": ["full"],
        "purpose": "claim",
        "from_ms": chain.time_ms,
        "to_ms": chain.time_ms + HOUR_MS,
        "identity_check": "counter",
        "identity_reference": "ref-1",
    }
    return pb.GrantRequest(**{**fields, **changes})
