"""Bills on two chains: what the home decides, and what its answers do on the replica."""

from typing import Any

import msgspec
import pytest

from contracts.bill import packets
from contracts.bill.packets import EntryBody, LockBody, UnlockBody
from contracts.bill.record import BillRecord, State, state_of
from contracts.bridge.outbox import send_packet
from contracts.framework import Context, Identity
from contracts.state_view import StateView
from crypto.suites import suite
from ledger.packet import Packet
from ledger.records import Record, encode
from tests.contracts.harness import (
    FINANCE,
    HOUR_MS,
    PROVINCE,
    PURPOSE,
    START_MS,
    Chain,
    Network,
    bill_name,
    enter,
    finding,
    red_number,
    reverse_entry,
    unlock,
)

DAY_MS = 24 * HOUR_MS


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Network:
    """The bill is issued by finance and is a replica in the province."""
    made = Network(monkeypatch)
    made.finance.issue(1)
    assert made.send_all(made.finance) == ["OK"]
    return made


def at(chain: Chain) -> State:
    return state_of(chain.bill(1), chain.time_ms)


def states(net: Network) -> tuple[State, State]:
    return at(net.province), at(net.finance)


def lock(net: Network, who: str = "agency_a") -> list[str]:
    net.province.ok(who, "bill.lock", net.province.lock())
    return net.send_all(net.province)


def send_raw(
    chain: Chain,
    operation: str,
    body: Record,
    cycle: int = 0,
    key: str = "",
    home: str = FINANCE,
) -> None:
    """Put a packet into a chain's outbox that its own contract would never send."""
    view = StateView(chain)
    ctx = Context(
        chain_id=chain.chain_id,
        suite=suite(chain.suite_name),
        height=chain.height,
        time_ms=chain.time_ms,
        tx_hash=bytes(32),
        operation_index=0,
        signer=Identity(b"", "org-agency-a", ()),
        view=view,
    )
    name = key or bill_name(1)
    send_packet(
        ctx,
        operation=operation,
        channel="fp",
        lane_object=name,
        home_chain=home,
        body=body,
        cycle=cycle,
    )
    for written, value in view.writes().items():
        assert value is not None
        chain.state[written] = value


# ---- bills arrive


def test_a_bill_arrives_as_a_replica_with_the_same_commitment(net: Network) -> None:
    home, replica = net.finance.bill(1), net.province.bill(1)
    assert (replica.home_chain, replica.home_channel) == ("yl-finance", "fp")
    assert (replica.pcommit, replica.public) == (home.pcommit, home.public)
    assert (home.payload.suite, replica.payload.suite) == ("intl", "gm")
    assert [event.action for event in net.finance.trace(bill_name(1))] == ["issue_blue", "shared"]


def test_what_finance_proves_is_taken_with_its_findings(net: Network) -> None:
    net.finance.issue(2, cash_fen=1)
    wrong = [finding("BILL_TOTAL_NOT_SUM_OF_ITEMS", "error")]
    assert net.send_all(net.finance, findings=wrong) == ["OK"]
    assert {one.code for one in net.province.bill(2).findings} == {
        "BILL_TOTAL_NOT_SUM_OF_ITEMS",
        "BILL_TOTAL_NOT_SUM_OF_KINDS",
    }


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ({"account_id": f"{9:032x}"}, "ACCOUNT_NOT_FOUND"),
        ({"account_id": "abc"}, "MALFORMED_REQUEST"),
        ({"findings": [finding("lower", "error")]}, "MALFORMED_REQUEST"),
        ({"payload": "intl"}, "PAYLOAD_INVALID"),
    ],
)
def test_the_carriers_fault_decides_no_packet(
    net: Network, extra: dict[str, Any], code: str
) -> None:
    net.finance.issue(2)
    packet = Packet.decode(net.pending(net.finance)[0][1].packet)
    if "payload" in extra:
        extra = {"payload": net.finance.payload()}
    before = dict(net.province.state)
    assert net.deliver(packet, **extra).code == code
    assert net.province.state == before
    assert net.send_all(net.finance) == ["OK"]


def test_a_bill_that_exists_is_answered_with_an_error(net: Network) -> None:
    net.province.issue(2, who="bureau")
    net.finance.issue(2)
    assert net.send_all(net.finance) == ["BILL_EXISTS"]
    assert net.province.bill(2).home_chain == "yl-province"
    assert net.finance.trace(bill_name(2))[-1].code == "BILL_EXISTS"


def test_the_province_does_not_share_bills_with_their_home(net: Network) -> None:
    net.province.issue(2, who="bureau")
    assert net.pending(net.province) == []


def test_only_the_home_issues_the_red_bill(net: Network) -> None:
    net.province.refused("bureau", "bill.issue_red", net.province.red(), "NOT_HOME_CHAIN")


# ---- locks


def test_a_lock_is_pending_until_the_home_answers(net: Network) -> None:
    net.province.ok("agency_a", "bill.lock", net.province.lock())
    assert states(net) == (State.LOCK_PENDING, State.FREE)
    net.province.refused("agency_b", "bill.lock", net.province.lock(), "BILL_LOCKED")
    net.province.refused("agency_a", "bill.enter", enter(), "LOCK_PENDING")
    assert net.send_all(net.province) == ["OK"]
    assert states(net) == (State.LOCKED, State.LOCKED)
    here, home = net.province.bill(1).lock, net.finance.bill(1).lock
    assert here is not None and home is not None
    assert (here.token, home.token, home.holder_chain) == (1, 1, "yl-province")
    net.finance.refused("finance", "bill.issue_red", net.finance.red(), "BILL_LOCKED")


def test_a_refused_lock_is_released_and_saved(net: Network) -> None:
    net.finance.ok("agency_b", "bill.lock", net.finance.lock())
    assert lock(net) == ["BILL_LOCKED"]
    assert states(net) == (State.FREE, State.LOCKED)
    refusals = [event for event in net.province.trace(bill_name(1)) if event.code != "OK"]
    assert ("lock_refused", "BILL_LOCKED") in [(one.action, one.code) for one in refusals]
    assert ("lock", "BILL_LOCKED") in [
        (one.action, one.code) for one in net.finance.trace(bill_name(1))
    ]
    net.finance.ok("agency_b", "bill.unlock", unlock())
    assert lock(net) == ["OK"]


def test_a_lock_that_came_too_late_is_released(net: Network) -> None:
    net.province.ok("agency_a", "bill.lock", net.province.lock(hours=48))
    net.finance.time_ms += DAY_MS + HOUR_MS
    assert net.send_all(net.province) == ["TIMED_OUT"]
    assert states(net) == (State.FREE, State.FREE)


def test_the_longest_lock_survives_clocks_that_differ(net: Network) -> None:
    net.finance.time_ms -= 600_000
    net.province.ok("agency_a", "bill.lock", net.province.lock(hours=30 * 24))
    assert net.send_all(net.province) == ["OK"]


def test_unlocking_waits_for_the_home(net: Network) -> None:
    lock(net)
    net.province.ok("agency_a", "bill.unlock", unlock())
    assert states(net) == (State.UNLOCKING, State.LOCKED)
    net.province.refused("agency_a", "bill.enter", enter(), "UNLOCK_PENDING")
    net.province.refused("agency_b", "bill.lock", net.province.lock(), "BILL_LOCKED")
    assert net.send_all(net.province) == ["OK"]
    assert states(net) == (State.FREE, State.FREE)
    assert lock(net, "agency_b") == ["OK"]
    taken = net.province.bill(1).lock
    assert taken is not None and taken.token == 2


def test_a_late_unlock_leaves_the_lock_standing(net: Network) -> None:
    net.province.ok("agency_a", "bill.lock", net.province.lock(hours=200))
    net.send_all(net.province)
    net.province.ok("agency_a", "bill.unlock", unlock())
    net.finance.time_ms += 2 * DAY_MS
    assert net.send_all(net.province) == ["TIMED_OUT"]
    assert at(net.province) is State.LOCKED
    net.province.time_ms = net.finance.time_ms
    net.province.ok("agency_a", "bill.unlock", unlock())
    assert net.send_all(net.province) == ["OK"]
    assert states(net) == (State.FREE, State.FREE)


def test_an_old_token_ends_nobody_elses_lock(net: Network) -> None:
    lock(net)
    net.finance.ok("bureau", "bill.unlock", unlock(reason="ordered by the court"))
    net.finance.ok("agency_b", "bill.lock", net.finance.lock())
    net.province.ok("agency_a", "bill.unlock", unlock())
    assert net.send_all(net.province) == ["FENCING_TOKEN_STALE"]
    assert states(net) == (State.FREE, State.LOCKED)


def test_a_lapsed_lock_gives_way_at_the_home_too(net: Network) -> None:
    net.province.ok("agency_a", "bill.lock", net.province.lock(hours=1))
    net.send_all(net.province)
    # The province's clock is ahead: there the lock has lapsed, at home it has not.
    net.province.time_ms += HOUR_MS
    assert states(net) == (State.LOCK_EXPIRED, State.LOCKED)
    assert lock(net, "agency_b") == ["OK"]
    home = net.finance.bill(1).lock
    assert home is not None and (home.holder_org, home.token) == ("org-agency-b", 2)


# ---- entries


def test_an_entry_is_reported_and_reversed_by_proved_answers(net: Network) -> None:
    lock(net)
    net.province.ok("agency_a", "bill.enter", enter())
    assert states(net) == (State.ENTRY_PENDING, State.LOCKED)
    net.province.refused("agency_a", "bill.reverse_entry", reverse_entry(), "ENTRY_PENDING")
    net.province.refused("agency_b", "bill.lock", net.province.lock(), "BILL_ENTERED")
    assert net.send_all(net.province) == ["OK"]
    assert states(net) == (State.ENTERED, State.ENTERED)
    net.finance.refused("finance", "bill.issue_red", net.finance.red(), "BILL_ENTERED")

    net.province.ok("agency_a", "bill.reverse_entry", reverse_entry())
    assert states(net) == (State.REVERSING, State.ENTERED)
    assert net.province.bill(1).entry_cycle == 0
    net.province.refused("agency_a", "bill.reverse_entry", reverse_entry(), "REVERSAL_PENDING")
    net.finance.refused("finance", "bill.issue_red", net.finance.red(), "BILL_ENTERED")
    assert net.send_all(net.province) == ["OK"]
    assert states(net) == (State.FREE, State.FREE)
    assert net.province.bill(1).entry_cycle == net.finance.bill(1).entry_cycle == 1

    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    assert net.send_all(net.finance) == ["OK"]
    assert states(net) == (State.FLUSHED, State.FLUSHED)
    assert net.province.bill(red_number(1)).public.total_fen == -23140
    for chain in (net.province, net.finance):
        bill = chain.bill(1)
        chain.check_trace(bill_name(1), bill.trace_count, bill.trace_head)


def test_a_second_cycle_needs_a_new_token(net: Network) -> None:
    for cycle in range(2):
        assert lock(net) == ["OK"]
        net.province.ok("agency_a", "bill.enter", enter())
        assert net.send_all(net.province) == ["OK"]
        entry = net.finance.bill(1).entry
        assert entry is not None and (entry.cycle, entry.token) == (cycle, cycle + 1)
        net.province.ok("agency_a", "bill.reverse_entry", reverse_entry())
        assert net.send_all(net.province) == ["OK"]


def test_an_entry_under_a_lost_lock_is_undone(net: Network) -> None:
    lock(net)
    net.finance.ok("bureau", "bill.unlock", unlock(reason="ordered by the court"))
    net.province.ok("agency_a", "bill.enter", enter())
    assert net.send_all(net.province) == ["BILL_NOT_LOCKED"]
    assert states(net) == (State.FREE, State.FREE)
    assert net.province.bill(1).entry_cycle == 0


def test_an_entry_that_came_too_late_is_undone_and_may_be_made_again(net: Network) -> None:
    net.province.ok("agency_a", "bill.lock", net.province.lock(hours=200))
    net.send_all(net.province)
    net.province.ok("agency_a", "bill.enter", enter())
    net.finance.time_ms += 2 * DAY_MS
    assert net.send_all(net.province) == ["TIMED_OUT"]
    assert states(net) == (State.LOCKED, State.LOCKED)
    net.province.time_ms = net.finance.time_ms
    net.province.ok("agency_a", "bill.enter", enter())
    assert net.send_all(net.province) == ["OK"]


def test_an_entry_in_flight_counts_though_its_lock_expired_meanwhile(net: Network) -> None:
    lock(net)
    net.province.ok("agency_a", "bill.enter", enter())
    net.finance.time_ms += 2 * HOUR_MS
    assert at(net.finance) is State.LOCK_EXPIRED
    assert net.send_all(net.province) == ["OK"]
    assert states(net) == (State.ENTERED, State.ENTERED)


def entry_body(**changes: Any) -> EntryBody:
    body = EntryBody(
        code="46060124",
        number="0000000001",
        agency_org="org-agency-a",
        amount_fen=10_000,
        voucher_number="PZ-1",
        token=1,
        cycle=0,
    )
    return msgspec.structs.replace(body, **changes)


@pytest.mark.parametrize(
    ("changes", "cycle", "code"),
    [
        ({"token": 0}, 0, "FENCING_TOKEN_STALE"),
        ({"token": 2}, 0, "FENCING_TOKEN_STALE"),
        ({"agency_org": "org-agency-b"}, 0, "NOT_LOCK_HOLDER"),
        ({"amount_fen": 0}, 0, "AMOUNT_OUT_OF_RANGE"),
        ({"amount_fen": 23141}, 0, "AMOUNT_OUT_OF_RANGE"),
        ({"cycle": 1}, 1, "ENTRY_MISMATCH"),
        ({"cycle": 1}, 0, "PACKET_INCONSISTENT"),
        ({"number": "0000000002"}, 0, "BILL_NOT_FOUND"),
        ({"voucher_number": "x" * 201}, 0, "MALFORMED_REQUEST"),
    ],
)
def test_the_home_believes_no_entry_that_does_not_fit(
    net: Network, changes: dict[str, Any], cycle: int, code: str
) -> None:
    lock(net)
    send_raw(net.province, packets.ENTRY, entry_body(**changes), cycle)
    assert net.send_all(net.province) == [code]
    assert at(net.finance) is State.LOCKED


def test_the_business_key_follows_from_the_bill(net: Network) -> None:
    lock(net)
    net.finance.issue(2)
    send_raw(net.province, packets.ENTRY, entry_body(), key=bill_name(2))
    assert net.send_all(net.province) == ["PACKET_INCONSISTENT"]


def test_one_live_entry_whatever_packet_brings_it(net: Network) -> None:
    lock(net)
    net.province.ok("agency_a", "bill.enter", enter())
    net.send_all(net.province)
    send_raw(net.province, packets.ENTRY, entry_body())
    assert net.send_all(net.province) == ["DUPLICATE"]
    send_raw(net.province, packets.ENTRY, entry_body(cycle=1), 1)
    assert net.send_all(net.province) == ["BILL_ENTERED"]
    assert at(net.finance) is State.ENTERED


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"agency_org": "org-agency-b"}, "agency"),
        ({"amount_fen": 9_999}, "amount_fen"),
        ({"token": 2}, "token"),
    ],
)
def test_the_home_compares_a_reversal_with_its_entry(
    net: Network, changes: dict[str, Any], field: str
) -> None:
    lock(net)
    net.province.ok("agency_a", "bill.enter", enter())
    net.send_all(net.province)
    body = packets.EntryReversalBody(
        code="46060124",
        number="0000000001",
        agency_org="org-agency-a",
        amount_fen=10_000,
        token=1,
        cycle=0,
        reason="x",
    )
    send_raw(net.province, packets.ENTRY_REVERSAL, msgspec.structs.replace(body, **changes))
    assert net.send_all(net.province) == ["ENTRY_MISMATCH"]
    assert at(net.finance) is State.ENTERED
    assert net.finance.trace(bill_name(1))[-1].details["field"] == field


@pytest.mark.parametrize(
    ("operation", "body", "code"),
    [
        (
            packets.UNLOCK,
            UnlockBody(code="46060124", number="0000000001", token=1, reason=""),
            "BILL_NOT_LOCKED",
        ),
        (packets.ENTRY, entry_body(), "BILL_NOT_LOCKED"),
        (
            packets.LOCK,
            LockBody(
                code="46060124",
                number="0000000001",
                holder_org="a/b",
                purpose=PURPOSE,
                expires_ms=2**60,
                supersedes=0,
            ),
            "EXPIRY_INVALID",
        ),
        (packets.LOCK, entry_body(), "MALFORMED"),
    ],
)
def test_packets_that_fit_no_state(net: Network, operation: str, body: Record, code: str) -> None:
    send_raw(net.province, operation, body)
    assert net.send_all(net.province) == [code]
    assert at(net.finance) is State.FREE


def lock_body(**changes: Any) -> LockBody:
    body = LockBody(
        code="46060124",
        number="0000000001",
        holder_org="org-agency-b",
        purpose=PURPOSE,
        expires_ms=START_MS + HOUR_MS,
        supersedes=0,
    )
    return msgspec.structs.replace(body, **changes)


@pytest.mark.parametrize("supersedes", [0, 2])
def test_only_the_lapsed_lock_itself_is_superseded(net: Network, supersedes: int) -> None:
    lock(net)
    send_raw(net.province, packets.LOCK, lock_body(supersedes=supersedes), 7)
    assert net.send_all(net.province) == ["BILL_LOCKED"]


def test_no_lock_supersedes_one_that_carries_an_entry(net: Network) -> None:
    lock(net)
    net.province.ok("agency_a", "bill.enter", enter())
    net.send_all(net.province)
    send_raw(net.province, packets.LOCK, lock_body(supersedes=1), 7)
    assert net.send_all(net.province) == ["BILL_ENTERED"]


def test_a_token_works_only_for_the_chain_that_got_it(net: Network) -> None:
    net.finance.ok("agency_a", "bill.lock", net.finance.lock())
    send_raw(net.province, packets.ENTRY, entry_body())
    assert net.send_all(net.province) == ["NOT_LOCK_HOLDER"]
    body = UnlockBody(code="46060124", number="0000000001", token=1, reason="")
    send_raw(net.province, packets.UNLOCK, body)
    assert net.send_all(net.province) == ["NOT_LOCK_HOLDER"]
    send_raw(net.province, packets.LOCK, lock_body(supersedes=1), 7)
    assert net.send_all(net.province) == ["BILL_LOCKED"]


def test_only_the_home_decides_a_lock(net: Network) -> None:
    send_raw(net.finance, packets.LOCK, lock_body(), home=PROVINCE)
    assert net.send_all(net.finance) == ["NOT_HOME_CHAIN"]
    assert at(net.province) is State.FREE


# ---- red after entry


def force_red(net: Network) -> None:
    """A finance chain that flushes whatever the province does: its own rules are out of the way."""
    bill = net.finance.bill(1)
    held = (bill.lock, bill.entry)
    free = bill.changed(lock=None, entry=None)
    net.finance.state[bill_name(1)] = encode(free)
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    flushed = net.finance.bill(1).changed(lock=held[0], entry=held[1])
    net.finance.state[bill_name(1)] = encode(flushed)


def test_a_red_bill_after_an_entry_is_a_conflict_that_opens_the_reversal(net: Network) -> None:
    lock(net)
    net.province.ok("agency_a", "bill.enter", enter())
    net.send_all(net.province)
    force_red(net)
    assert net.send_all(net.finance) == ["OK"]
    bill = net.province.bill(1)
    assert (bill.flush, at(net.province)) == ("RED_CONFLICT", State.CONFLICT_IN_FLIGHT)
    assert bill.red == bill_name(red_number(1))
    net.province.refused("agency_b", "bill.lock", net.province.lock(), "BILL_FROZEN")
    actions = [event.action for event in net.province.trace(bill_name(1))]
    assert actions[-3:-1] == ["RED_CONFLICT", "reverse_entry_asked"]
    assert net.send_all(net.province) == ["OK"]
    settled = net.province.bill(1)
    assert (settled.flush, settled.entry, settled.entry_cycle) == ("red_flushed", None, 1)


def test_a_conflict_stays_until_its_reversal_is_proved(net: Network) -> None:
    lock(net)
    net.province.ok("agency_a", "bill.enter", enter())
    net.send_all(net.province)
    force_red(net)
    kept = net.finance.bill(1)
    net.finance.state[bill_name(1)] = encode(kept.changed(entry=None))
    net.send_all(net.finance)
    assert net.send_all(net.province) == ["BILL_NOT_ENTERED"]
    assert at(net.province) is State.CONFLICT
    net.finance.state[bill_name(1)] = encode(
        net.finance.bill(1).changed(entry=kept.entry, lock=kept.lock)
    )
    net.province.ok("agency_a", "bill.reverse_entry", reverse_entry())
    assert net.send_all(net.province) == ["OK"]
    assert at(net.province) is State.FLUSHED


def test_a_red_bill_meets_an_entry_in_flight(net: Network) -> None:
    lock(net)
    net.province.ok("agency_a", "bill.enter", enter())
    net.finance.time_ms += 2 * HOUR_MS
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    assert net.send_all(net.finance) == ["OK"]
    assert at(net.province) is State.CONFLICT_IN_FLIGHT
    assert net.send_all(net.province) == ["BILL_RED"]
    bill = net.province.bill(1)
    assert (bill.flush, bill.entry, bill.lock) == ("red_flushed", None, None)


def test_a_red_bill_meets_a_lock_in_flight(net: Network) -> None:
    net.province.ok("agency_a", "bill.lock", net.province.lock())
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    assert net.send_all(net.finance) == ["OK"]
    assert at(net.province) is State.FLUSHED
    assert net.send_all(net.province) == ["BILL_RED"]
    assert net.province.bill(1).lock is None


def test_the_answer_to_a_lock_comes_after_the_red_bill(net: Network) -> None:
    net.province.ok("agency_a", "bill.lock", net.province.lock())
    packet = Packet.decode(net.pending(net.province)[0][1].packet)
    assert net.deliver(packet).code == "OK"
    net.finance.time_ms += 2 * HOUR_MS
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    assert net.send_all(net.finance) == ["OK"]
    assert net.acknowledge(packet).code == "OK"
    assert (net.province.bill(1).lock, at(net.province)) == (None, State.FLUSHED)


def test_a_red_bill_ends_a_lock_that_its_home_no_longer_keeps(net: Network) -> None:
    lock(net)
    net.finance.time_ms += 2 * HOUR_MS
    net.finance.ok("finance", "bill.issue_red", net.finance.red())
    assert net.send_all(net.finance) == ["OK"]
    assert net.province.bill(1).lock is None


def test_a_red_bill_whose_blue_one_never_came(net: Network) -> None:
    net.finance.issue(2)
    net.province.issue(2, who="bureau")
    net.finance.ok("finance", "bill.issue_red", net.finance.red(2))
    assert net.send_all(net.finance) == ["BILL_EXISTS", "NOT_HOME_CHAIN"]
    assert net.province.load(BillRecord, bill_name(2)).flush == "normal"
