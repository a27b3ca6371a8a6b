"""Random walks over several applications for two bills, against a small model of the rules.

The model knows no tables and no records: who holds which bill, and what was paid for it.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.reimbursement.records import ApplicationRecord
from proto import reimbursement_pb2 as pb
from tests.contracts.harness import PROVINCE, Chain
from tests.contracts.reimbursement.support import (
    SECOND,
    approve,
    key,
    of,
    pay,
    receive,
    refuse,
    review,
    staffed,
    sync_bill,
    sync_voucher,
    withdraw,
)
from tests.contracts.remote.support import TOTAL, bill_of, note, remote_bill, store_both

APPLICATIONS, BILLS = (1, 2, 3, 4, 5), (1, 2)
BILL_OF = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2}
# What walks would hardly ever do one by one; the rules decide about each part all the same.
PREPARE = ("receive", "voucher", "bill", "review")
TOGETHER = {"claim": (*PREPARE, "approve"), "settle": ("send", "paid"), "prepare": PREPARE}
ACTS = (
    *("claim", "settle") * 8,
    *("send", "paid", "failed", "withdraw", "approve", "prepare") * 3,
    *(*PREPARE, "refuse", "elsewhere", "back", "red"),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTS),
        st.sampled_from(APPLICATIONS),
        st.sampled_from([5000, 1, TOTAL, TOTAL, 5000, TOTAL + 1]),
    ),
    min_size=10,
    max_size=40,
)


@dataclass
class Claim:
    """What the model knows of one application."""

    voucher: bool = False
    bill: bool = False
    reviewed: bool = False
    approved: int = 0  # fen
    over: bool = False  # refused, withdrawn or paid
    sent: bool = False


@dataclass
class Model:
    claims: dict[int, Claim] = field(default_factory=dict)
    holder: dict[int, int] = field(default_factory=dict)  # bill -> application
    elsewhere: set[int] = field(default_factory=set)
    red: set[int] = field(default_factory=set)
    paid: dict[int, int] = field(default_factory=dict)  # bill -> fen

    def step(self, act: str, number: int, amount: int) -> bool:
        """Whether the contract has to take it; the model is changed if so."""
        bill, claim = BILL_OF[number], self.claims.get(number)
        if act == "receive":
            if claim is not None:
                return False
            self.claims[number] = Claim()
            return True
        if act in ("elsewhere", "back", "red"):
            return self._note(act, bill)
        if claim is None or claim.over:
            return False
        undecided = claim.approved == 0
        if act in ("voucher", "bill"):
            if undecided:
                setattr(claim, act, True)
                claim.reviewed = False
            return undecided
        if act == "review":
            allowed = undecided and claim.voucher and claim.bill
            claim.reviewed = claim.reviewed or allowed
            return allowed
        if act == "approve":
            return self._approve(number, claim, amount)
        if act == "refuse":
            claim.over = undecided
            return undecided
        if act == "withdraw":
            if claim.sent:
                return False
            claim.over = True
            if claim.approved:
                del self.holder[bill]
            return True
        return self._pay(act, number, claim)

    def _note(self, act: str, bill: int) -> bool:
        if act == "red":
            self.red.add(bill)
            self.elsewhere.discard(bill)
            return True
        if bill in self.red:
            return False
        (self.elsewhere.add if act == "elsewhere" else self.elsewhere.discard)(bill)
        return True

    def _approve(self, number: int, claim: Claim, amount: int) -> bool:
        bill = BILL_OF[number]
        allowed = (
            claim.approved == 0
            and claim.reviewed
            and bill not in self.holder
            and bill not in self.elsewhere
            and bill not in self.red
            and 0 < amount <= TOTAL
        )
        if allowed:
            claim.approved, self.holder[bill] = amount, number
        return allowed

    def _pay(self, act: str, number: int, claim: Claim) -> bool:
        bill = BILL_OF[number]
        if act == "send":
            allowed = claim.approved > 0 and not claim.sent and bill not in self.red
            claim.sent = claim.sent or allowed
            return allowed
        if not claim.sent:
            return False
        claim.sent = False
        if act == "paid":
            claim.over = True
            self.paid[bill] = self.paid.get(bill, 0) + claim.approved
        return True


def ask(chain: Chain, model: Model, act: str, number: int, amount: int) -> str:
    bill = BILL_OF[number]
    approved = model.claims[number].approved if number in model.claims else 0
    name = "reimbursement."
    calls = {
        "receive": ("bureau", name + "receive", receive(chain, number, bill)),
        "voucher": ("bureau", name + "sync_voucher", sync_voucher(number, bill)),
        "bill": ("bureau", name + "sync_bill", sync_bill(number, bill)),
        "review": ("bureau", name + "review", review(number)),
        "approve": (
            SECOND,
            name + "approve",
            approve(number, pb.ApprovedAmounts(pooled_fund_fen=amount)),
        ),
        "refuse": ("bureau", name + "refuse", refuse(number)),
        "withdraw": ("bureau", name + "withdraw", withdraw(number)),
        "send": ("centre", name + "record_payment", pay("sent", number, amount_fen=approved)),
        "paid": ("centre", name + "record_payment", pay("paid", number, amount_fen=approved)),
        "failed": ("centre", name + "record_payment", pay("failed", number, amount_fen=approved)),
        "elsewhere": ("bureau", "voucher.note_status", note(remote_bill(bill), reimbursed=True)),
        "back": ("bureau", "voucher.note_status", note(remote_bill(bill))),
        "red": ("bureau", "voucher.note_status", note(remote_bill(bill), red=True)),
    }
    return chain.call(*calls[act]).code


def check(chain: Chain, model: Model) -> None:
    for bill in BILLS:
        record = bill_of(chain, bill)
        holder = model.holder.get(bill)
        assert record.used_by == (key(holder) if holder else "")
        chain.check_trace(remote_bill(bill), record.trace_count, record.trace_head)
        # Never twice: what was paid for a bill is at most the bill.
        assert model.paid.get(bill, 0) <= TOTAL
    paid: dict[int, int] = {}
    for number, claim in model.claims.items():
        application: ApplicationRecord = of(chain, number)
        chain.check_trace(key(number), application.trace_count, application.trace_head)
        if application.state == "paid":
            bill = BILL_OF[number]
            assert application.payment is not None and bill not in paid
            paid[bill] = application.payment.amount_fen
        assert (application.state == "paying") == claim.sent
    assert paid == model.paid


@pytest.mark.slow
@given(STEPS)
@settings(max_examples=120, deadline=None)
def test_no_bill_is_reimbursed_twice_on_any_walk(steps: list[tuple[str, int, int]]) -> None:
    chain, model = staffed(Chain(PROVINCE, "gm")), Model()
    for bill in BILLS:
        store_both(chain, bill)
    for named, number, amount in steps:
        for act in TOGETHER.get(named, (named,)):
            expected = model.step(act, number, amount)
            code = ask(chain, model, act, number, amount)
            assert (code == "OK") == expected, (act, number, amount, code)
        check(chain, model)
