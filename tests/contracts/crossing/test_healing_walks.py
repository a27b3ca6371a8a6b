"""Whatever is lost on the way: sending again brings home and replica together, and ends."""

import random

import pytest

from contracts.bill.record import BillRecord
from contracts.grant.records import AuthorizationRecord, GrantedRecord, authorization_key
from ledger.packet import Packet
from proto import contracts_pb2 as pb
from tests.contracts.crossing.packets import DAYS_MS
from tests.contracts.harness import (
    HOUR_MS,
    Chain,
    Network,
    bill_name,
    bill_ref,
    cancel_print,
    print_bill,
    red_number,
)

OWNER = f"{1:032x}"
RESEND = pb.ResendBillRequest(bill=bill_ref(1))


def carry(net: Network, source: Chain, draw: random.Random, lost: float) -> None:
    """Bring what waits, some of it too late; the receipts come back in any order."""
    waiting = [Packet.decode(entry.packet) for _, entry in net.pending(source)]
    for packet in waiting:
        destination = net.chains[packet.destination]
        now = destination.time_ms
        if draw.random() < lost:
            destination.time_ms = max(now, source.time_ms) + DAYS_MS
        assert net.deliver(packet).code == "OK"
        destination.time_ms = now
    for packet in draw.sample(waiting, len(waiting)):
        assert net.acknowledge(packet).code == "OK"


def live_paper(bill: BillRecord) -> tuple[str, str] | None:
    return (bill.paper.code, bill.paper.number) if bill.paper is not None else None


@pytest.mark.parametrize("seed", range(12))
def test_a_replica_comes_to_know_what_its_home_knows(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    net, draw = Network(monkeypatch), random.Random(seed)
    home, paper = net.finance, 0
    home.issue(1)
    for _ in range(25):
        action = draw.choice(("print", "print", "cancel", "red", "resend", "carry", "carry"))
        if action == "carry":
            carry(net, home, draw, lost=0.5)
        elif action == "print":
            paper += 1
            home.call("finance", "bill.print", print_bill(paper=paper))
        elif action == "cancel":
            live = home.bill(1).paper
            number = int(live.number) if live is not None else draw.randrange(paper + 1)
            home.call("finance", "bill.cancel_print", cancel_print(paper=number))
        elif action == "red" and draw.random() < 0.2:
            home.call("finance", "bill.issue_red", home.red())
        elif action == "resend":
            home.call("finance", "bill.resend", RESEND)
    rounds = 0
    while net.pending(home) or home.call("finance", "bill.resend", RESEND).code == "OK":
        carry(net, home, draw, lost=0)
        rounds += 1
        assert rounds < 5
    here, there = home.bill(1), net.province.bill(1)
    assert (there.flush, there.red) == (here.flush, here.red)
    # The paper of a bill that turned red is told no more; until then it is the same one.
    if here.flush == "normal":
        assert live_paper(there) == live_paper(here)
    else:
        assert net.province.bill(red_number(1)).pcommit == home.bill(red_number(1)).pcommit
    for chain in (home, net.province):
        bill = chain.bill(1)
        chain.check_trace(bill_name(1), bill.trace_count, bill.trace_head)


@pytest.mark.parametrize("seed", range(12))
def test_the_home_comes_to_know_which_grants_stand(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    net, draw = Network(monkeypatch), random.Random(seed)
    net.finance.issue(1)
    net.province.open_account(1)
    net.send_all(net.finance, account_id=OWNER)
    province, ids = net.province, [f"{number:032x}" for number in range(1, 6)]
    for _ in range(30):
        grant_id = draw.choice(ids)
        action = draw.choice(("grant", "grant", "revoke", "resend", "carry"))
        if action == "carry":
            carry(net, province, draw, lost=0.5)
        elif action == "grant":
            province.call("bureau", "authorization.grant", grant(province, grant_id))
        elif action == "revoke":
            request = pb.RevokeRequest(authorization_id=grant_id, reason="asked by the owner")
            province.call("bureau", "authorization.revoke", request)
        else:
            resend(province, grant_id)
    rounds = 0
    while net.pending(province) or "OK" in [resend(province, grant_id) for grant_id in ids]:
        carry(net, province, draw, lost=0)
        rounds += 1
        assert rounds < 5
    for grant_id in ids:
        key = f"granted/{province.chain_id}/{grant_id}"
        there = net.finance.load(GrantedRecord, key) if key in net.finance.state else None
        stands = there is not None and not there.revoked_ms
        mine = authorization_key(grant_id)
        here = province.load(AuthorizationRecord, mine) if mine in province.state else None
        assert stands == (here is not None and not here.revoked_ms)
        if here is not None:
            province.check_trace(mine, here.trace_count, here.trace_head)


def resend(chain: Chain, grant_id: str) -> str:
    request = pb.ResendAuthorizationRequest(authorization_id=grant_id)
    return chain.call("bureau", "authorization.resend", request).code


def grant(chain: Chain, grant_id: str) -> pb.GrantRequest:
    return pb.GrantRequest(
        authorization_id=grant_id,
        account_id=OWNER,
        grantee_org="org-insurer",
        object=bill_name(1),
        compartments=["full"],
        purpose="claim",
        from_ms=chain.time_ms,
        to_ms=chain.time_ms + 500 * HOUR_MS,
        identity_check="counter",
        identity_reference="ref-1",
    )
