"""Random walks over two chains: whatever is asked in whatever order, the rules of a bill hold."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.bill.record import BillRecord, State, state_of
from tests.contracts.harness import (
    HOUR_MS,
    Chain,
    Network,
    bill_name,
    enter,
    reverse_entry,
    unlock,
)

# Weighted, so that walks get as far as entries and reversals before something ends them.
KINDS = (
    *("lock", "enter", "up") * 4,
    *("reverse", "down", "unlock") * 2,
    *("red", "wait", "home_lock", "free"),
)
PEOPLE = (*("agency_a",) * 5, "agency_b", "bureau")
STEPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(PEOPLE)), min_size=10, max_size=50
)


def step(net: Network, what: str, who: str) -> None:
    province, finance = net.province, net.finance
    if what == "lock":
        province.call(who, "bill.lock", province.lock())
    elif what == "unlock":
        province.call(who, "bill.unlock", unlock(reason="walk"))
    elif what == "enter":
        province.call(who, "bill.enter", enter())
    elif what == "reverse":
        province.call(who, "bill.reverse_entry", reverse_entry())
    elif what == "red":
        finance.call("finance", "bill.issue_red", finance.red())
    elif what == "home_lock":
        finance.call(who, "bill.lock", finance.lock())
    elif what == "free":
        finance.call("bureau", "bill.unlock", unlock(reason="walk"))
    elif what == "wait":
        for chain in (province, finance):
            chain.time_ms += HOUR_MS
    else:
        net.send_all(province if what == "up" else finance)


def check(chain: Chain, tokens: list[int]) -> None:
    bill = chain.load(BillRecord, bill_name(1))
    chain.check_trace(bill_name(1), bill.trace_count, bill.trace_head)
    if bill.flush == "red_flushed":
        assert bill.entry is None
    if bill.entry is not None:
        assert bill.lock is not None and bill.entry.token == bill.lock.token
    tokens.append(bill.last_token)
    assert tokens == sorted(tokens)


@pytest.mark.slow
@given(STEPS)
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_promises_hold_on_every_walk(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, str]]
) -> None:
    net = Network(monkeypatch)
    net.finance.issue(1)
    net.send_all(net.finance)
    tokens: list[int] = []
    for what, who in steps:
        step(net, what, who)
        check(net.finance, tokens)
        check(net.province, [])
        # Two live entries never stand under different locks, and a confirmed one is the home's.
        here, home = net.province.bill(1), net.finance.bill(1)
        if here.entry is not None and here.entry.state == "confirmed":
            assert home.entry is not None and home.entry.cycle == here.entry.cycle
    net.settle()
    here, home = net.province.bill(1), net.finance.bill(1)
    assert (here.entry is None) == (home.entry is None)
    assert here.flush == home.flush
    if home.entry is not None:
        assert here.entry is not None and here.entry.amount_fen == home.entry.amount_fen
        assert state_of(here, net.province.time_ms) is State.ENTERED
