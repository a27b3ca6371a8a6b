"""Bills and settlements at home, any order of calls, against a model of sets and sums.

What the model promises: a number is used once; a red bill points to its blue one, mirrors it, and
together they come to nothing; a settlement is reversed once; two things are linked once and agree;
an account counts exactly what is its own; a trace holds every success and every saved refusal.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from contracts.account import AccountRecord, account_key, next_item_head
from contracts.bill.record import BillRecord
from contracts.settlement import SettlementRecord
from crypto.suites import suite
from ledger.trace import EMPTY_HEAD
from proto import contracts_pb2 as pb
from tests.contracts.harness import (
    BILL_FIELDS,
    PROVINCE,
    Chain,
    bill_name,
    bill_ref,
    enter,
    red_number,
    reversal_form,
    reverse_entry,
    settlement_form,
    unlock,
)

TOTAL = int(BILL_FIELDS["total_fen"])
OWNER = f"{1:032x}"
numbers = st.integers(1, 3)
mostly = st.sampled_from([True, True, True, False])
agencies = st.sampled_from(["agency_a", "agency_b"])
off = st.sampled_from([0, 0, 0, 1])


@dataclass
class Blue:
    owned: bool
    red: bool = False
    locked_by: str = ""
    entered: bool = False
    settlement: int = 0


@dataclass
class Settled:
    owned: bool
    total: int
    reversal: str = ""
    bill: int = 0


@dataclass
class Model:
    blues: dict[int, Blue] = field(default_factory=dict)
    settled: dict[int, Settled] = field(default_factory=dict)
    items: list[str] = field(default_factory=list)  # the owner's, in order
    refused: dict[str, list[str]] = field(default_factory=dict)  # object -> codes saved
    done: dict[str, int] = field(default_factory=dict)  # object -> successes about it


def settlement_id(n: int) -> str:
    return f"30000090000{n}"


def settlement_name(n: int) -> str:
    return f"settlement/{settlement_id(n)}"


class Home(RuleBasedStateMachine):
    """Finance, agencies, a hospital and the bureau on the bills' home chain."""

    def __init__(self) -> None:
        super().__init__()
        self.chain = Chain(PROVINCE, "gm")
        self.chain.open_account(1)
        self.model = Model()

    def call(self, who: str, name: str, request: object, key: str, allowed: bool) -> bool:
        """Make the call; it is taken exactly when the model says so."""
        stands = key in self.chain.state
        result = self.chain.call(who, name, request)  # type: ignore[arg-type]
        assert (result.code == "OK") == allowed, (name, result.code, dict(result.fields))
        if allowed:
            self.model.done[key] = self.model.done.get(key, 0) + 1
        elif stands and name not in ("bill.issue_blue", "settlement.upload"):
            self.model.refused.setdefault(key, []).append(result.code)
        return allowed

    @initialize()
    def begin(self) -> None:
        """Two bills and two settlements of one person: what walks need to get anywhere."""
        for n in (1, 2):
            self.issue(n, True)
            self.upload(n, True, TOTAL)

    # ---- bills
    @rule(n=numbers, owned=mostly)
    def issue(self, n: int, owned: bool) -> None:
        request = self.chain.blue(n, account=int(owned))
        allowed = n not in self.model.blues
        if self.call("finance", "bill.issue_blue", request, bill_name(n), allowed):
            self.model.blues[n] = Blue(owned)
            self.own(bill_name(n), owned)

    @rule(n=numbers, off=off)
    def flush(self, n: int, off: int) -> None:
        blue = self.model.blues.get(n)
        free = blue is not None and not (blue.red or blue.locked_by or blue.entered)
        request = self.chain.red(n, account=1, cash_fen=-int(BILL_FIELDS["cash_fen"]) + off)
        if self.call("finance", "bill.issue_red", request, bill_name(n), free and not off) and blue:
            blue.red = True
            self.own(bill_name(red_number(n)), blue.owned)

    @rule(n=numbers, who=agencies)
    def lock(self, n: int, who: str) -> None:
        blue = self.model.blues.get(n)
        free = blue is not None and not (blue.red or blue.locked_by)
        if self.call(who, "bill.lock", self.chain.lock(n, hours=600), bill_name(n), free) and blue:
            blue.locked_by = who

    @rule(n=numbers, who=agencies)
    def unlock(self, n: int, who: str) -> None:
        blue = self.model.blues.get(n)
        allowed = blue is not None and blue.locked_by == who and not blue.entered
        if self.call(who, "bill.unlock", unlock(n), bill_name(n), allowed) and blue:
            blue.locked_by = ""

    @rule(n=numbers, who=agencies, amount=st.sampled_from([0, 1, TOTAL, TOTAL + 1]))
    def enter(self, n: int, who: str, amount: int) -> None:
        blue = self.model.blues.get(n)
        held = blue is not None and blue.locked_by == who and not blue.entered
        allowed = held and 0 < amount <= TOTAL
        if self.call(who, "bill.enter", enter(n, amount), bill_name(n), allowed) and blue:
            blue.entered = True

    @rule(n=numbers, who=agencies)
    def reverse_entry(self, n: int, who: str) -> None:
        blue = self.model.blues.get(n)
        allowed = blue is not None and blue.entered and blue.locked_by == who
        if self.call(who, "bill.reverse_entry", reverse_entry(n), bill_name(n), allowed) and blue:
            blue.entered, blue.locked_by = False, ""

    # ---- settlements
    @rule(n=numbers, owned=mostly, total=st.sampled_from([TOTAL, TOTAL, TOTAL + 1]))
    def upload(self, n: int, owned: bool, total: int) -> None:
        request = pb.UploadSettlementRequest(
            form=settlement_form(settlement_id=settlement_id(n), total_fen=total),
            payload=self.chain.payload(int(owned)),
            account_id=OWNER if owned else "",
        )
        allowed = n not in self.model.settled
        if self.call("hospital", "settlement.upload", request, settlement_name(n), allowed):
            self.model.settled[n] = Settled(owned, total)
            self.own(settlement_name(n), owned)

    @rule(n=numbers, off=off, other=st.booleans())
    def reverse(self, n: int, off: int, other: bool) -> None:
        """Under one of two ids, so that the second isn't refused for its id alone."""
        reversal = f"{settlement_id(n)}-R{int(other)}"
        settled = self.model.settled.get(n)
        total = settled.total if settled else TOTAL
        request = pb.ReverseSettlementRequest(
            form=reversal_form(
                settlement_id=reversal,
                original__settlement_id=settlement_id(n),
                total_fen=-total - off,
            ),
            payload=self.chain.payload(1),
        )
        allowed = settled is not None and not settled.reversal and not off
        if self.call("hospital", "settlement.reverse", request, settlement_name(n), allowed):
            assert settled
            settled.reversal = reversal
            self.own(f"settlement/{reversal}", settled.owned)

    @rule(n=numbers, m=numbers)
    def link(self, n: int, m: int) -> None:
        blue, settled = self.model.blues.get(n), self.model.settled.get(m)
        allowed = (
            blue is not None
            and settled is not None
            and not (blue.red or blue.settlement or settled.reversal or settled.bill)
            and blue.owned
            and settled.owned
            and settled.total == TOTAL
        )
        request = pb.LinkSettlementRequest(bill=bill_ref(n), settlement_id=settlement_id(m))
        if self.call("bureau", "bill.link_settlement", request, bill_name(n), allowed):
            assert blue and settled
            blue.settlement, settled.bill = m, n

    def own(self, key: str, owned: bool) -> None:
        if owned:
            self.model.items.append(key)

    # ---- what always holds
    @invariant()
    def a_red_bill_and_its_blue_one_come_to_nothing(self) -> None:
        bills = {
            key: self.chain.load(BillRecord, key) for key in self.chain.state if key[:5] == "bill/"
        }
        reds = {key: one for key, one in bills.items() if one.public.color == "red"}
        assert sorted(reds) == sorted(
            bill_name(red_number(n)) for n, blue in self.model.blues.items() if blue.red
        )
        for key, red in reds.items():
            blue = bills[f"bill/{red.public.blue_code}-{red.public.blue_number}"]
            assert (blue.flush, blue.red) == ("red_flushed", key)
            assert blue.lock is None and blue.entry is None
            for amount in ("total_fen", "fund_fen", "other_fund_fen", "account_fen", "cash_fen"):
                assert getattr(blue.public, amount) + getattr(red.public, amount) == 0
        standing = sum(not blue.red for blue in self.model.blues.values())
        assert sum(one.public.total_fen for one in bills.values()) == standing * TOTAL

    @invariant()
    def bills_and_settlements_are_the_models(self) -> None:
        for n, blue in self.model.blues.items():
            record = self.chain.bill(n)
            assert (record.lock.holder_org if record.lock else "") == (
                f"org-{blue.locked_by.replace('_', '-')}" if blue.locked_by else ""
            )
            assert (record.entry is not None) == blue.entered
            assert record.settlement_id == (
                settlement_id(blue.settlement) if blue.settlement else ""
            )
        for n, settled in self.model.settled.items():
            found = self.chain.load(SettlementRecord, settlement_name(n))
            reversal = f"settlement/{settled.reversal}" if settled.reversal else ""
            assert found.reversed_by == reversal
            assert found.bill == (bill_name(settled.bill) if settled.bill else "")

    @invariant()
    def an_account_counts_what_is_its_own(self) -> None:
        account = self.chain.load(AccountRecord, account_key(OWNER))
        head = EMPTY_HEAD
        for key in self.model.items:
            head = next_item_head(suite("gm"), head, key)
        assert (account.item_count, account.item_head) == (len(self.model.items), head)

    @invariant()
    def traces_hold_all_that_happened(self) -> None:
        keys = [key for key in self.chain.state if key.split("/")[0] in ("bill", "settlement")]
        for key in keys:
            kind = BillRecord if key.startswith("bill/") else SettlementRecord
            record = self.chain.load(kind, key)
            self.chain.check_trace(key, record.trace_count, record.trace_head)
            codes = [event.code for event in self.chain.trace(key)]
            assert [one for one in codes if one != "OK"] == self.model.refused.get(key, [])
            assert codes.count("OK") >= self.model.done.get(key, 0)


@pytest.mark.slow
def test_bills_and_settlements_are_the_models_on_every_walk() -> None:
    run_state_machine_as_test(
        Home, settings=settings(max_examples=80, stateful_step_count=40, deadline=None)
    )
