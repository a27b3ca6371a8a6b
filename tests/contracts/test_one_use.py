"""One bill is reimbursed once, whichever way: by an agency's entry or by a remote reimbursement.

The same bill stands here as finance's bill and as the copy that an application names. Random walks
lock and enter the one and approve and pay on the other, against a model that knows neither tables
nor records, only who has a hold on the bill.
"""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.bill.record import BillRecord
from proto import contracts_pb2 as cpb
from proto import reimbursement_pb2 as pb
from tests.contracts.harness import HOUR_MS, PROVINCE, PURPOSE, Chain, red_form
from tests.contracts.reimbursement.support import (
    SECOND,
    approve,
    key,
    make_ready,
    of,
    pay,
    receive,
    review,
    staffed,
    sync_bill,
    sync_voucher,
    withdraw,
)
from tests.contracts.remote.support import CODE, TOTAL, bill_of, number, remote_bill

BILLS, APPLICATIONS = (1, 2), (1, 2, 3, 4)
BILL_OF = {1: 1, 2: 2, 3: 1, 4: 2}
REF = {bill: cpb.BillKey(code=CODE, number=number(bill)) for bill in BILLS}
BY_AGENCY = ("lock", "enter", "unlock", "reverse")
BY_BUREAU = ("approve", "send", "paid", "failed", "withdraw")
ACTS = (*("lock", "enter", "approve") * 4, *("reverse", "unlock", "send", "withdraw") * 2)
STEPS = st.lists(
    st.tuples(
        st.sampled_from((*ACTS, "paid", "failed", "wait", "red")),
        st.sampled_from(("agency_a", "agency_b")),
        st.sampled_from(APPLICATIONS),
        st.sampled_from((1, 5000, TOTAL, TOTAL, TOTAL + 1, 0)),
    ),
    min_size=10,
    max_size=40,
)
Step = tuple[str, str, int, int]


@dataclass
class Hold:
    """What has a hold on one bill."""

    locked_by: str = ""
    expires_ms: int = 0
    entered_by: str = ""
    red: bool = False
    application: int = 0
    used_fen: list[int] = field(default_factory=list)  # what stands reimbursed

    def locked(self, now_ms: int) -> bool:
        return self.locked_by != "" and now_ms < self.expires_ms


@dataclass
class Model:
    bills: dict[int, Hold] = field(default_factory=lambda: {one: Hold() for one in BILLS})
    claims: dict[int, str] = field(default_factory=lambda: dict.fromkeys(APPLICATIONS, "ready"))
    approved: dict[int, int] = field(default_factory=dict)

    def takes(self, step: Step, now_ms: int) -> bool:
        """Whether the contracts have to take it; the model is changed if so."""
        act, who, application, amount = step
        hold = self.bills[BILL_OF[application]]
        if act in BY_AGENCY:
            return self._agency(act, who, amount, hold, now_ms)
        if act in BY_BUREAU:
            return self._bureau(act, application, amount, hold, now_ms)
        allowed = not (hold.red or hold.entered_by or hold.locked(now_ms))
        if allowed:
            hold.red, hold.locked_by = True, ""
        return allowed

    def _agency(self, act: str, who: str, amount: int, hold: Hold, now_ms: int) -> bool:
        if act == "reverse":
            allowed = hold.entered_by == who
            if allowed:
                hold.entered_by = hold.locked_by = ""
                hold.used_fen.pop()
            return allowed
        if hold.red or hold.entered_by:
            return False
        if act == "lock":
            allowed = not hold.locked(now_ms) and not hold.application
            if allowed:
                hold.locked_by, hold.expires_ms = who, now_ms - 1_000 + HOUR_MS
        elif act == "unlock":
            own = hold.locked_by == who or not hold.locked(now_ms)
            allowed = hold.locked_by != "" and own
            if allowed:
                hold.locked_by = ""
        else:
            mine = hold.locked(now_ms) and hold.locked_by == who
            allowed = mine and not hold.application and 0 < amount <= TOTAL
            if allowed:
                hold.entered_by = who
                hold.used_fen.append(amount)
        return allowed

    def _bureau(self, act: str, application: int, amount: int, hold: Hold, now_ms: int) -> bool:
        state = self.claims[application]
        if act == "approve":
            free = not (hold.red or hold.entered_by or hold.application or hold.locked(now_ms))
            allowed = state == "ready" and free and 0 < amount <= TOTAL
            if allowed:
                self.claims[application], self.approved[application] = "approved", amount
                hold.application = application
                hold.used_fen.append(amount)
            return allowed
        if act == "withdraw":
            allowed = state in ("ready", "approved")
            if state == "approved":
                hold.application = 0
                hold.used_fen.pop()
            if allowed:
                self.claims[application] = "over"
            return allowed
        allowed = state == "paying" if act != "send" else state == "approved" and not hold.red
        if allowed:
            self.claims[application] = {"send": "paying", "paid": "paid", "failed": "approved"}[act]
        return allowed


def ask(chain: Chain, model: Model, step: Step) -> str:
    act, who, application, amount = step
    bill = BILL_OF[application]
    if act == "red":
        form = red_form(bill, code=CODE, blue__code=CODE)
        red = cpb.IssueRedRequest(form=form, payload=chain.payload())
        return chain.call("finance", "bill.issue_red", red).code
    if act in BY_AGENCY:
        expires = chain.time_ms + HOUR_MS
        requests = {
            "lock": cpb.LockRequest(bill=REF[bill], purpose=PURPOSE, expires_ms=expires),
            "unlock": cpb.UnlockRequest(bill=REF[bill]),
            "enter": cpb.EnterRequest(bill=REF[bill], amount_fen=amount, voucher_number="PZ-1"),
            "reverse": cpb.ReverseEntryRequest(bill=REF[bill], reason="by mistake"),
        }
        name = "reverse_entry" if act == "reverse" else act
        return chain.call(who, f"bill.{name}", requests[act]).code
    if act == "approve":
        given = pb.ApprovedAmounts(pooled_fund_fen=amount)
        return chain.call(SECOND, "reimbursement.approve", approve(application, given)).code
    if act == "withdraw":
        return chain.call("bureau", "reimbursement.withdraw", withdraw(application)).code
    step_of = {"send": "sent", "paid": "paid", "failed": "failed"}[act]
    request = pay(step_of, application, amount_fen=model.approved.get(application, 0))
    return chain.call("centre", "reimbursement.record_payment", request).code


def check(chain: Chain, model: Model) -> None:
    for bill, hold in model.bills.items():
        local = chain.load(BillRecord, f"bill/{CODE}-{number(bill)}")
        remote = bill_of(chain, bill)
        assert (local.entry is not None) == (hold.entered_by != "")
        assert remote.used_by == (key(hold.application) if hold.application else "")
        assert (local.flush == "red_flushed") == hold.red
        # Never twice: an entry and an application never stand side by side.
        assert local.entry is None or not remote.used_by
        assert len(hold.used_fen) <= 1 and sum(hold.used_fen) <= TOTAL
        if local.entry is not None:
            assert [local.entry.amount_fen] == hold.used_fen
        for at, record in ((f"bill/{CODE}-{number(bill)}", local), (remote_bill(bill), remote)):
            chain.check_trace(at, record.trace_count, record.trace_head)
    for application, state in model.claims.items():
        claim = of(chain, application)
        chain.check_trace(key(application), claim.trace_count, claim.trace_head)
        assert (claim.state == "paid") == (state == "paid")
        if state == "paid":
            assert claim.payment is not None
            assert claim.payment.amount_fen == model.approved[application]


def prepared() -> Chain:
    chain = staffed(Chain(PROVINCE, "gm"))
    for bill in BILLS:
        chain.issue(bill, code=CODE)
        make_ready(chain, bill)
    for application in APPLICATIONS[2:]:
        bill = BILL_OF[application]
        chain.ok("bureau", "reimbursement.receive", receive(chain, application, bill))
        chain.ok("bureau", "reimbursement.sync_voucher", sync_voucher(application, bill))
        chain.ok("bureau", "reimbursement.sync_bill", sync_bill(application, bill))
    for application in APPLICATIONS:
        chain.ok("bureau", "reimbursement.review", review(application))
    return chain


def walk(steps: list[Step]) -> Model:
    chain, model = prepared(), Model()
    for step in steps:
        if step[0] == "wait":
            chain.time_ms += HOUR_MS
            continue
        expected = model.takes(step, chain.time_ms + 1_000)
        code = ask(chain, model, step)
        assert (code == "OK") == expected, (step, code)
        check(chain, model)
    return model


@pytest.mark.slow
@given(STEPS)
@settings(max_examples=80, deadline=None)
def test_one_use_on_any_walk(steps: list[Step]) -> None:
    walk(steps)


def test_each_way_shuts_the_other() -> None:
    lock, enter = ("lock", "agency_a", 1, 1), ("enter", "agency_a", 1, 5000)
    claim, back = ("approve", "", 1, 5000), ("withdraw", "", 1, 0)
    other = ("approve", "", 3, 5000)
    model = walk([lock, claim, enter, claim, ("reverse", "agency_a", 1, 0), claim, lock, other])
    assert model.bills[1].application == 1
    model = walk([claim, other, lock, back, other, lock])
    assert (model.bills[1].application, model.claims[1]) == (3, "over")


def test_what_was_red_flushed_after_its_approval_is_not_paid() -> None:
    model = walk([("approve", "", 1, 5000), ("red", "", 1, 0), ("send", "", 1, 0)])
    assert model.claims[1] == "approved"
