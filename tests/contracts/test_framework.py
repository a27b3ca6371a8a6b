"""The view's savepoints, the context's attempts, and that the same input gives the same bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.account import AccountRecord
from contracts.findings import NONE, RULE_KEY, FindingRule
from contracts.framework import Context, Identity
from contracts.registry import initial_state
from contracts.state_view import StateView
from contracts.trace import Traced, traced_as
from crypto.suites import suite
from faults import InvariantBroken, Misuse, Rejected
from ledger.genesis import Parameters
from ledger.records import encode
from tests.contracts.harness import Chain, enter, genesis, key_bytes, unlock


class Reader:
    """A dictionary as committed state."""

    def __init__(self, **state: bytes) -> None:
        self.state = state

    def get(self, key: str) -> bytes | None:
        return self.state.get(key)


KEYS = st.sampled_from(["a", "b", "c"])
WRITES = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=2)))


@given(WRITES, WRITES, WRITES)
@pytest.mark.covers(row=15)
def test_rollback_restores_exactly(
    first: list[tuple[str, bytes | None]],
    second: list[tuple[str, bytes | None]],
    third: list[tuple[str, bytes | None]],
) -> None:
    view = StateView(Reader(a=b"1", b=b"2"))
    for key, value in first:
        write(view, key, value)
    outer, at_outer = view.savepoint(), dict(view.writes())
    for key, value in second:
        write(view, key, value)
    inner, at_inner = view.savepoint(), dict(view.writes())
    for key, value in third:
        write(view, key, value)
    view.rollback(inner)
    assert dict(view.writes()) == at_inner
    view.rollback(outer)
    assert dict(view.writes()) == at_outer


def write(view: StateView, key: str, value: bytes | None) -> None:
    if value is None:
        view.delete(key)
    else:
        view.put(key, value)


def test_a_view_reads_through_and_lists_its_writes_in_order() -> None:
    view = StateView(Reader(a=b"1", b=b"2"))
    view.put("z", b"9")
    view.put("a", b"3")
    view.delete("b")
    assert (view.get("a"), view.get("b"), view.get("c")) == (b"3", None, None)
    assert list(view.writes().items()) == [("a", b"3"), ("b", None), ("z", b"9")]


def test_a_view_refuses_what_no_state_could_hold() -> None:
    view = StateView(Reader())
    assert view.get("x" * 257) is None
    with pytest.raises(InvariantBroken):
        view.put("x" * 257, b"")
    with pytest.raises(Misuse):
        view.rollback(1)


def test_what_is_not_the_record_is_refused() -> None:
    view = StateView(Reader(**{"account/1": b"\x80"}))
    with pytest.raises(Rejected):
        view.load(AccountRecord, "account/1")


# ---- the context


def context(state: Reader) -> Context:
    return Context(
        chain_id="yl-test",
        suite=suite("gm"),
        height=1,
        time_ms=1,
        tx_hash=bytes(32),
        operation_index=0,
        signer=Identity(key_bytes("x"), "org-x", ("agency",)),
        view=StateView(state),
    )


def account(trace_count: int = 0) -> AccountRecord:
    return AccountRecord(
        account_id="1",
        public_key=key_bytes("p"),
        insured_type="",
        id_type="",
        trace_count=trace_count,
    )


def test_a_record_is_never_stored_over_a_newer_trace() -> None:
    ctx = context(Reader())
    ctx.store("account/1", account())
    stale = ctx.require(AccountRecord, "account/1")
    ctx.emit("account/1", "first")
    with pytest.raises(InvariantBroken):
        ctx.store("account/1", stale)
    with pytest.raises(InvariantBroken):
        ctx.store("account/2", account(trace_count=3))


def test_attempts_nest_and_save_only_what_was_asked_for() -> None:
    ctx = context(Reader(**{"account/1": encode(account())}))

    def inner() -> None:
        ctx.keep_refusal("account/1", "inner")
        ctx.keep_refusal("account/1", "inner")
        ctx.keep_refusal("account/9", "absent")
        ctx.keep_refusal("nothing/1", "untraced")
        ctx.view.put("x", b"1")
        ctx.emit("x", "untraced")
        ctx.require(AccountRecord, "account/7")

    def outer() -> None:
        ctx.view.put("y", b"1")
        with pytest.raises(Rejected):
            ctx.attempt(inner)

    ctx.attempt(outer)
    assert ctx.view.get("x") is None and ctx.view.get("y") == b"1"
    assert [key for key, _ in ctx.events] == ["account/1"]
    saved = ctx.require(AccountRecord, "account/1")
    assert saved.trace_count == 1
    with pytest.raises(Rejected):
        ctx.attempt(lambda: ctx.require(AccountRecord, "account/7"))
    assert len(ctx.events) == 1


def test_a_prefix_belongs_to_one_record_class() -> None:
    with pytest.raises(Misuse):
        traced_as("bill")(Traced)


# ---- purity


@pytest.mark.covers(row=(14, 15))
def test_applying_twice_gives_the_same_bytes() -> None:
    chain = Chain()
    chain.issue(1)
    chain.issue(2)
    lock = chain.lock(1).SerializeToString()
    calls = [
        ("finance", "bill.issue_blue", [chain.blue(3).SerializeToString(), b"\xff"]),
        ("agency_a", "bill.lock", [lock, lock, chain.lock(2).SerializeToString()]),
        ("agency_a", "bill.enter", [enter(1).SerializeToString()]),
        ("agency_a", "bill.unlock", [unlock(2).SerializeToString()]),
    ]
    for who, name, operations in calls:
        parsed = chain.parsed(key_bytes(who), name, operations)
        runs = [chain.apply(parsed) for _ in range(2)]
        assert runs[0][0] == runs[1][0]
        writes = [list(view.writes().items()) for _, view in runs]
        assert writes[0] == writes[1] == sorted(writes[0])
        chain.call_raw(who, name, *operations)
    assert chain.bill(1).entry is not None and chain.bill(2).lock is None


# ---- the first state


def test_the_first_state_has_identities_and_the_rule_of_findings() -> None:
    state = initial_state(genesis("yl-test", "gm"))
    assert list(state) == sorted(state)
    assert state[RULE_KEY] == encode(FindingRule())
    lenient = genesis("yl-test", "gm")
    changed = type(lenient)(
        chain_id="yl-test",
        suite="gm",
        time_ms=lenient.time_ms,
        org="org-bureau",
        validators=lenient.validators,
        parameters=Parameters(refuse_findings=False),
    )
    assert initial_state(changed)[RULE_KEY] == encode(FindingRule(submitted=NONE))
