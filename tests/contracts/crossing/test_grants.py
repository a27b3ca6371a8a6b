"""Grants about another chain's bill go to its home (票据授权同步), and so do their revocations."""

from typing import Any

import msgspec
import pytest

from contracts.bridge.records import Channel, channel_key
from contracts.grant.crossing import GrantBody, GrantRef
from contracts.grant.records import (
    AuthorizationRecord,
    GrantedRecord,
    authorization_key,
    granted_key,
)
from contracts.reporting import REPORTS
from ledger.packet import Packet, decode_packet_receipt, receipt_key
from ledger.records import Record, encode
from proto import contracts_pb2 as pb
from tests.contracts.crossing.packets import forge, send_late, send_raw
from tests.contracts.harness import (
    FINANCE,
    HOUR_MS,
    PROVINCE,
    START_MS,
    Chain,
    Network,
    bill_name,
    key_bytes,
)

OWNER, GRANT_ID = f"{1:032x}", "a" * 32
RESEND = pb.ResendAuthorizationRequest(authorization_id=GRANT_ID)
REVOKE = pb.RevokeRequest(authorization_id=GRANT_ID, reason="asked by the owner")
HERE, THERE = authorization_key(GRANT_ID), granted_key(PROVINCE, GRANT_ID)
UNTIL_MS = START_MS + 1000 * HOUR_MS


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Network:
    """Bill 1 is finance's; in the province it belongs to an account."""
    made = Network(monkeypatch)
    made.finance.issue(1)
    made.province.open_account(1)
    assert made.send_all(made.finance, account_id=OWNER) == ["OK"]
    return made


def grant(**changes: Any) -> pb.GrantRequest:
    fields: dict[str, Any] = {
        "authorization_id": GRANT_ID,
        "account_id": OWNER,
        "grantee_org": "org-insurer",
        "object": bill_name(1),
        "compartments": ["full", "fees"],
        "purpose": "claim",
        "from_ms": START_MS,
        "to_ms": UNTIL_MS,
        "identity_check": "face",
        "identity_reference": "ref-4711",
    }
    return pb.GrantRequest(**{**fields, **changes})


def read() -> pb.ReadRequest:
    return pb.ReadRequest(
        object=bill_name(1), compartment="full", purpose="claim", reader_key=key_bytes("insurer")
    )


def told(net: Network) -> tuple[str, str]:
    record = net.province.load(AuthorizationRecord, HERE)
    return record.told, record.told_revocation


def granted(net: Network) -> GrantedRecord:
    return net.finance.load(GrantedRecord, THERE)


def check_traces(net: Network) -> None:
    for chain, key, cls in (
        (net.province, HERE, AuthorizationRecord),
        (net.finance, THERE, GrantedRecord),
    ):
        if key in chain.state:
            record = chain.load(cls, key)
            chain.check_trace(key, record.trace_count, record.trace_head)
    for chain in (net.province, net.finance):
        bill = chain.bill(1)
        chain.check_trace(bill_name(1), bill.trace_count, bill.trace_head)


def change_channel(chain: Chain, **changes: Any) -> None:
    channel = chain.load(Channel, channel_key("fp"))
    chain.state[channel_key("fp")] = encode(msgspec.structs.replace(channel, **changes))


def test_the_home_learns_who_may_read_and_nothing_about_the_person(net: Network) -> None:
    net.province.ok("bureau", "authorization.grant", grant())
    # It counts here at once, whatever the home answers.
    net.province.ok("insurer", "authorization.read", read())
    entry = net.pending(net.province)[0][1]
    for private in (OWNER.encode(), bytes.fromhex(OWNER), b"ref-4711"):
        assert private not in entry.packet
    assert told(net) == ("pending", "")
    assert net.send_all(net.province) == ["OK"]
    assert told(net) == ("confirmed", "")
    kept = granted(net)
    assert (kept.chain_id, kept.bill, kept.grantee_org) == (PROVINCE, bill_name(1), "org-insurer")
    assert (kept.compartments, kept.purpose) == (("fees", "full"), "claim")
    assert (kept.from_ms, kept.to_ms, kept.identity_check) == (START_MS, UNTIL_MS, "face")
    event = net.finance.trace(bill_name(1))[-1]
    assert (event.action, event.details["chain"]) == ("authorize", PROVINCE)
    # The same name on two chains is not yet the same organisation.
    net.finance.refused("insurer", "authorization.read", read(), "NOT_AUTHORIZED")
    check_traces(net)


def test_a_revocation_follows_its_grant(net: Network) -> None:
    net.province.ok("bureau", "authorization.grant", grant())
    net.province.ok("bureau", "authorization.revoke", REVOKE)
    net.province.refused("insurer", "authorization.read", read(), "NOT_AUTHORIZED")
    waiting = [Packet.decode(entry.packet) for _, entry in net.pending(net.province)]
    assert [one.operation for one in waiting] == ["AUTHORIZATION", "AUTHORIZATION_REVOCATION"]
    assert net.deliver(waiting[1]).code == "LANE_ORDER"
    for packet in waiting:
        assert net.deliver(packet).code == "OK"
        revoked_ms = net.finance.time_ms
        assert net.deliver(packet).code == "ALREADY_DELIVERED"
    for packet in reversed(waiting):
        assert net.acknowledge(packet).code == "OK"
    assert told(net) == ("confirmed", "confirmed")
    assert granted(net).revoked_ms == revoked_ms
    actions = [event.action for event in net.finance.trace(bill_name(1))]
    assert actions[-2:] == ["authorize", "revoke_authorization"]
    check_traces(net)


def test_a_revocation_holds_after_the_bill_turned_red(net: Network) -> None:
    net.province.ok("bureau", "authorization.grant", grant())
    net.settle()
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    net.province.ok("bureau", "authorization.revoke", REVOKE)
    assert net.send_all(net.province) == ["OK"]
    assert granted(net).revoked_ms > 0


# ---- failures


def test_a_lost_grant_and_a_lost_revocation_are_saved_and_sent_again(net: Network) -> None:
    province = net.province
    province.ok("bureau", "authorization.grant", grant())
    for request, state in ((None, ("failed", "")), (REVOKE, ("confirmed", "failed"))):
        if request is not None:
            province.ok("bureau", "authorization.revoke", request)
        assert send_late(net, province) == ["TIMED_OUT"]
        assert told(net) == state
        saved = province.trace(bill_name(1))[-1]
        assert (saved.action, saved.code) == ("FAIL_SAVED", "TIMED_OUT")
        assert saved.details["next_action"] == "resend"
        province.ok("bureau", "authorization.resend", RESEND)
        province.refused("bureau", "authorization.resend", RESEND, "REPORT_PENDING")
        assert net.send_all(province) == ["OK"]
        province.refused("bureau", "authorization.resend", RESEND, "ALREADY_REPORTED")
    assert told(net) == ("confirmed", "confirmed")
    assert granted(net).revoked_ms > 0
    actions = [event.action for event in net.finance.trace(bill_name(1))]
    assert actions.count("authorize") == actions.count("revoke_authorization") == 1
    check_traces(net)


def test_what_the_home_refuses_is_saved_on_both_sides(net: Network) -> None:
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    net.province.ok("bureau", "authorization.grant", grant())
    assert net.send_all(net.province) == ["BILL_RED"]
    assert (net.finance.trace(bill_name(1))[-1].code, THERE in net.finance.state) == (
        "BILL_RED",
        False,
    )
    assert net.province.trace(bill_name(1))[-1].code == "BILL_RED"
    assert net.province.trace(HERE)[-1].action == "tell_refused"
    # What never reached the home need not be taken back there.
    net.province.ok("bureau", "authorization.revoke", REVOKE)
    net.province.refused("bureau", "authorization.resend", RESEND, "NOTHING_TO_RESEND")
    assert net.pending(net.province) == []


def test_a_revocation_of_a_grant_that_was_lost_has_nothing_to_take_back(net: Network) -> None:
    net.province.ok("bureau", "authorization.grant", grant())
    net.province.ok("bureau", "authorization.revoke", REVOKE)
    given, revoked = [Packet.decode(entry.packet) for _, entry in net.pending(net.province)]
    now = net.finance.time_ms
    net.finance.time_ms = given.deadline_ms
    assert net.deliver(given).code == "OK"
    net.finance.time_ms = now
    assert net.deliver(revoked).code == "OK"
    for packet in (revoked, given):
        assert net.acknowledge(packet).code == "OK"
    assert told(net) == ("failed", "confirmed")
    net.province.refused("bureau", "authorization.resend", RESEND, "NOTHING_TO_RESEND")
    assert THERE not in net.finance.state


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"paused": True}, "CHANNEL_PAUSED"), ({"operations": (("LOCK", "L3"),)}, "NO_CHANNEL")],
)
def test_no_channel_stops_a_grant_or_a_revocation(
    net: Network, changes: dict[str, Any], code: str
) -> None:
    before = net.province.load(Channel, channel_key("fp"))
    change_channel(net.province, **changes)
    net.province.ok("bureau", "authorization.grant", grant())
    net.province.ok("insurer", "authorization.read", read())
    net.province.refused("bureau", "authorization.resend", RESEND, code)
    assert told(net) == ("", "")
    change_channel(net.province, paused=before.paused, operations=before.operations)
    net.province.ok("bureau", "authorization.resend", RESEND)
    assert net.send_all(net.province) == ["OK"]
    change_channel(net.province, **changes)
    net.province.ok("bureau", "authorization.revoke", REVOKE)
    net.province.refused("insurer", "authorization.read", read(), "NOT_AUTHORIZED")
    change_channel(net.province, paused=before.paused, operations=before.operations)
    net.province.ok("bureau", "authorization.resend", RESEND)
    assert net.send_all(net.province) == ["OK"]
    assert granted(net).revoked_ms > 0


def test_only_grants_about_another_chains_bill_travel(net: Network) -> None:
    province = net.province
    province.issue(2, account=1, who="bureau")
    province.ok("bureau", "authorization.grant", grant(object=bill_name(2)))
    whole = grant(authorization_id="b" * 32, object=f"account/{OWNER}")
    province.ok("bureau", "authorization.grant", whole)
    assert net.pending(province) == []
    for number in ("a", "b"):
        request = pb.ResendAuthorizationRequest(authorization_id=number * 32)
        province.refused("bureau", "authorization.resend", request, "NOTHING_TO_RESEND")
    unknown = pb.ResendAuthorizationRequest(authorization_id="c" * 32)
    province.refused("bureau", "authorization.resend", unknown, "AUTHORIZATION_NOT_FOUND")
    province.refused("insurer", "authorization.resend", RESEND, "NOT_PERMITTED")


# ---- what packets say is judged


def body(**changes: Any) -> GrantBody:
    fields: dict[str, Any] = {
        "authorization_id": GRANT_ID,
        "code": "46060124",
        "number": "0000000001",
        "grantee_org": "org-insurer",
        "compartments": ("full",),
        "purpose": "claim",
        "from_ms": START_MS,
        "to_ms": UNTIL_MS,
        "identity_check": "face",
    }
    return GrantBody(**{**fields, **changes})


@pytest.mark.parametrize(
    ("changes", "packet", "code"),
    [
        ({}, {}, "OK"),
        ({"authorization_id": "b" * 32}, {}, "PACKET_INCONSISTENT"),
        ({"authorization_id": "A" * 32}, {}, "MALFORMED_REQUEST"),
        ({}, {"cycle": 1}, "PACKET_INCONSISTENT"),
        ({}, {"lane": bytes(32), "lane_sequence": 1}, "PACKET_INCONSISTENT"),
        ({"number": "0000000002"}, {}, "BILL_NOT_FOUND"),
        ({"grantee_org": "a/b"}, {}, "MALFORMED_REQUEST"),
        ({"compartments": ()}, {}, "MALFORMED_REQUEST"),
        ({"compartments": ("full", "full")}, {}, "MALFORMED_REQUEST"),
        ({"purpose": "测试甲"}, {}, "MALFORMED_REQUEST"),
        ({"identity_check": "photo of 测试甲"}, {}, "MALFORMED_REQUEST"),
        ({"to_ms": START_MS}, {}, "AUTHORIZATION_PERIOD"),
    ],
)
def test_the_home_judges_a_grant(
    net: Network, changes: dict[str, Any], packet: dict[str, Any], code: str
) -> None:
    net.province.ok("bureau", "authorization.grant", grant())
    assert forge(net, net.province, body(**changes), **packet) == code
    assert (THERE in net.finance.state) == (code == "OK")


def send(net: Network, operation: str, what: Record, source: Chain, **more: Any) -> str:
    fields = {"channel": "fp", "lane": granted_key(source.chain_id, GRANT_ID), **more}
    lane, home = fields.pop("lane"), fields.pop("home", FINANCE)
    packet = send_raw(source, operation, what, lane, home, **fields)
    assert net.deliver(packet).code == "OK"
    key = receipt_key(packet.channel, packet.epoch, packet.sequence)
    return decode_packet_receipt(net.chains[packet.destination].state[key]).code


def ref(**changes: Any) -> GrantRef:
    fields = {"authorization_id": GRANT_ID, "code": "46060124", "number": "0000000001"}
    return GrantRef(**{**fields, **changes})


def test_a_grant_takes_effect_once_whatever_packet_brings_it(net: Network) -> None:
    net.province.ok("bureau", "authorization.grant", grant())
    net.settle()
    assert send(net, "AUTHORIZATION", body(to_ms=UNTIL_MS + 1), net.province) == "DUPLICATE"
    assert granted(net).to_ms == UNTIL_MS
    assert send(net, "AUTHORIZATION_REVOCATION", ref(), net.province) == "OK"
    first = granted(net).revoked_ms
    assert send(net, "AUTHORIZATION_REVOCATION", ref(), net.province) == "DUPLICATE"
    assert granted(net).revoked_ms == first


def test_a_revocation_finds_its_grant(net: Network) -> None:
    assert send(net, "AUTHORIZATION_REVOCATION", ref(), net.province) == "AUTHORIZATION_NOT_FOUND"
    assert send(net, "AUTHORIZATION_REVOCATION", body(), net.province) == "MALFORMED"


def test_a_revocation_takes_back_its_own_grant_only(net: Network) -> None:
    net.finance.issue(2)
    net.province.ok("bureau", "authorization.grant", grant())
    net.settle()
    other = granted(net).changed(bill=bill_name(2))
    net.finance.state[THERE] = encode(other)
    assert send(net, "AUTHORIZATION_REVOCATION", ref(), net.province) == "PACKET_INCONSISTENT"
    net.finance.state[THERE] = encode(other.changed(bill=bill_name(1), revoked_ms=7))
    assert send(net, "AUTHORIZATION_REVOCATION", ref(), net.province) == "AUTHORIZATION_REVOKED"
    assert granted(net).revoked_ms == 7


def test_only_the_bills_home_is_told(net: Network) -> None:
    assert send(net, "AUTHORIZATION", body(), net.finance, home=PROVINCE) == "NOT_HOME_CHAIN"
    assert net.province.trace(bill_name(1))[-1].code == "NOT_HOME_CHAIN"
    assert granted_key(FINANCE, GRANT_ID) not in net.province.state


def test_a_grant_comes_in_its_own_lane(net: Network) -> None:
    for lane in (bill_name(1), granted_key(FINANCE, GRANT_ID), granted_key(PROVINCE, "b" * 32)):
        sent = send(net, "AUTHORIZATION", body(), net.province, lane=lane)
        assert sent == "PACKET_INCONSISTENT"
    assert send(net, "AUTHORIZATION", body(), net.province, cycle=1) == "PACKET_INCONSISTENT"
    assert THERE not in net.finance.state


@pytest.mark.parametrize("row", tuple(REPORTS.rows()), ids=lambda row: f"{row[0]}-{row[1]}")
def test_every_state_of_a_report_takes_what_the_table_says(
    net: Network, row: tuple[str, str, str, str]
) -> None:
    """On a grant: `told` is such a state."""
    state, action, after, code = row
    province = net.province
    province.ok("bureau", "authorization.grant", grant())
    packet = Packet.decode(net.pending(province)[0][1].packet)
    record = province.load(AuthorizationRecord, HERE)
    province.state[HERE] = encode(record.changed(told="" if state == "-" else state))
    if action == "report":
        assert province.call("bureau", "authorization.resend", RESEND).code == (code or "OK")
    else:
        if action == "fail":
            net.finance.time_ms = packet.deadline_ms
        assert net.deliver(packet).code == "OK"
        assert net.acknowledge(packet).code == "OK"
        dead = f"bridge/dead/{packet.id.hex()}"
        assert (dead in province.state) == bool(code)
    assert (told(net)[0] or "-") == (after or state)
