"""Random walks: batches, banks and reversals in any order, against a small model of the money.

The model knows lines, settlements and sums only; it has its own idea of what is allowed.
"""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proto import contracts_pb2 as pb
from proto import fund_pb2 as fund
from tests.contracts.fund.desk import (
    Desk,
    answer,
    audit,
    compensation,
    header,
    line,
    owed,
    refund,
    resubmission,
    returned,
    send_back,
    sending,
    statement,
    withdrawal,
)

SETTLEMENTS = tuple(range(1, 16))
OVER = ("withdrawn", "reversed")
AT_REST = ("paid", "partly_paid", "failed", "reconciled")


@dataclass
class Paid:
    """A line in the model."""

    message: fund.FundLine
    settlements: tuple[int, ...]
    state: str = "open"
    again: tuple[str, int] | None = None  # the line that compensates this one
    spoiled: bool = False  # one of its settlements was reversed


@dataclass
class Batch:
    """A batch in the model."""

    lines: list[Paid]
    state: str = "submitted"
    original: str = ""

    def sum(self, *states: str) -> int:
        return sum(one.message.amount_fen for one in self.lines if one.state in states)

    def count(self, *states: str) -> int:
        return sum(one.state in states for one in self.lines)

    def conclude(self) -> None:
        if not self.count("open"):
            paid = self.count("paid")
            dead = len(self.lines) - paid
            self.state = "partly_paid" if paid and dead else "paid" if paid else "failed"


class Walk:
    """Steps of a centre, a bureau, a bank and a hospital."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.batches: dict[str, Batch] = {}
        self.reversed: set[int] = set()
        self.slips = 0
        self.returns = 0

    def settle(self) -> None:
        self.desk.settle(*SETTLEMENTS)

    # ---- what the model thinks
    def payers(self, settlement: int) -> list[tuple[Batch, Paid]]:
        """Every line that pays the settlement, or still may."""
        return [
            (batch, one)
            for batch in self.batches.values()
            for one in batch.lines
            if settlement in one.settlements
            and batch.state not in OVER
            and one.state not in ("failed", "bounced")
        ]

    def live(self, at: tuple[str, int]) -> bool:
        batch = self.batches[at[0]]
        dead = batch.lines[at[1] - 1].state in ("failed", "bounced")
        return batch.state not in OVER and not dead

    def call(self, who: str, method: str, request: object, allowed: bool) -> bool:
        result = self.desk.chain.call(who, method, request)  # type: ignore[arg-type]
        assert (result.code == "OK") == allowed, (method, result.code, dict(result.fields))
        return allowed

    def pick(self, index: int) -> tuple[str, Batch]:
        """A batch, of those that are not over if there are any, but for one time in ten."""
        going = [name for name, batch in self.batches.items() if batch.state not in OVER]
        names = going if going and index else list(self.batches)
        name = names[-1 - index % len(names)]
        return name, self.batches[name]

    def slip(self) -> str:
        self.slips += 1
        return f"S{self.slips}"

    # ---- steps
    def submit(self, groups: list[list[int]]) -> None:
        name = f"B{len(self.batches) + 1}"
        lines = [
            line(number, group, slip_number=self.slip()) for number, group in enumerate(groups, 1)
        ]
        asked = [one for group in groups for one in group]
        allowed = (
            len(asked) == len(set(asked))
            and not self.reversed & set(asked)
            and not any(self.payers(one) for one in asked)
        )
        self.desk.chain.ok(
            "centre", "fund.submit", fund.SubmitFundBatchRequest(header=header(name, lines))
        )
        batch = Batch([Paid(one, tuple(group)) for one, group in zip(lines, groups, strict=True)])
        self.batches[name] = batch
        if not self.call("centre", "fund.add_lines", self.desk.part(name, lines), allowed):
            self.call("centre", "fund.withdraw", withdrawal(name), allowed=True)
            batch.state, batch.lines = "withdrawn", []

    def office(self, index: int, step: str) -> None:
        name, batch = self.pick(index)
        spoiled = any(one.spoiled for one in batch.lines)
        if step == "accept":
            if self.call(
                "bureau", "fund.audit", audit(name), batch.state == "submitted" and not spoiled
            ):
                batch.state = "audited"
        elif step == "send_back":
            allowed = batch.state in ("submitted", "audited")
            if self.call("bureau", "fund.audit", send_back(name), allowed):
                batch.state = "returned"
        elif self.call("centre", "fund.resubmit", resubmission(name), batch.state == "returned"):
            batch.state = "submitted"

    def withdraw(self, index: int) -> None:
        name, batch = self.pick(index)
        allowed = batch.state in ("submitted", "returned")
        if self.call("centre", "fund.withdraw", withdrawal(name), allowed):
            batch.state = "withdrawn"

    def send(self, index: int) -> None:
        name, batch = self.pick(index)
        spoiled = any(one.spoiled for one in batch.lines)
        if batch.state == "submitted" and not spoiled:
            self.office(index, "accept")
        if self.call(
            "centre", "fund.send", sending(name), batch.state == "audited" and not spoiled
        ):
            batch.state = "sent"

    def bank_answers(self, index: int, results: list[str]) -> None:
        sent = [one for one in self.batches if self.batches[one].state == "sent"]
        if not sent:
            return
        name = sent[index % len(sent)]
        batch = self.batches[name]
        said = [
            (one, result)
            for one, result in zip(batch.lines, results, strict=False)
            if result != "silent" and one.state == "open"
        ]
        self.returns += 1
        request = returned(
            name,
            [answer(one.message, result) for one, result in said],
            return_number=f"R{self.returns}",
        )
        self.call("bank", "fund.record_result", request, allowed=True)
        for one, result in said:
            one.state = result
        batch.conclude()

    def bounce(self, index: int, number: int) -> None:
        name, batch = self.pick(index)
        message = line(number) if number > len(batch.lines) else batch.lines[number - 1].message
        self.returns += 1
        request = returned(
            name, [answer(message, "bounced")], kind="bounce", return_number=f"R{self.returns}"
        )
        allowed = batch.state in ("sent", "paid", "partly_paid", "reconciled")
        if not self.call("bank", "fund.record_result", request, allowed):
            return
        if number <= len(batch.lines) and batch.lines[number - 1].state == "paid":
            batch.lines[number - 1].state = "bounced"
        batch.conclude()

    def reconcile(self, index: int) -> None:
        name, batch = self.pick(index)
        request = statement(name, batch.count("paid"), batch.sum("paid"), explanation="looked at")
        allowed = batch.state in ("paid", "partly_paid", "failed")
        if self.call("bureau", "fund.reconcile", request, allowed):
            batch.state = "reconciled"

    def reverse(self, index: int, off: int) -> None:
        name, batch = self.pick(index)
        paid = batch.sum("paid")
        allowed = batch.state in AT_REST and paid > 0 and not off
        request = refund(name, batch.count("paid"), -paid - off)
        if self.call("bureau", "fund.reverse", request, allowed):
            batch.state = "reversed"

    def compensate(self, index: int, number: int) -> None:
        original_name, original = self.pick(index)
        if number > len(original.lines):
            return
        old = original.lines[number - 1]
        name = f"B{len(self.batches) + 1}"
        again = fund.FundLine()
        again.CopyFrom(old.message)
        again.number, again.original_line = 1, number
        allowed = original.state in AT_REST and original.count("failed", "bounced") > 0
        request = compensation(original_name, name, [again])
        if not self.call("centre", "fund.compensate", request, allowed):
            return
        batch = Batch([Paid(again, old.settlements)], original=original_name)
        self.batches[name] = batch
        allowed = (
            old.state in ("failed", "bounced")
            and (old.again is None or not self.live(old.again))
            and not self.reversed & set(old.settlements)
            and not any(self.payers_but(batch, one) for one in old.settlements)
        )
        if self.call("centre", "fund.add_lines", self.desk.part(name, [again]), allowed):
            old.again = (name, 1)
        else:
            self.call("centre", "fund.withdraw", withdrawal(name), allowed=True)
            batch.state, batch.lines = "withdrawn", []

    def payers_but(self, batch: Batch, settlement: int) -> list[tuple[Batch, Paid]]:
        return [one for one in self.payers(settlement) if one[0] is not batch]

    def reverse_settlement(self, number: int) -> None:
        payers = self.payers(number)
        held = any(one.state == "paid" or batch.state == "sent" for batch, one in payers)
        allowed = number not in self.reversed and not held
        request: pb.ReverseSettlementRequest = self.desk.reversal(number)
        if self.call("hospital", "settlement.reverse", request, allowed):
            self.reversed.add(number)
            for _, one in payers:
                one.spoiled = True

    # ---- what always holds
    def nothing_is_paid_twice(self) -> None:
        for settlement in SETTLEMENTS:
            paid = [one for _, one in self.payers(settlement) if one.state == "paid"]
            assert len(paid) <= 1
            if settlement in self.reversed:
                assert not paid

    def the_chain_says_the_same(self) -> None:
        for name, batch in self.batches.items():
            record = self.desk.batch(name)
            assert record.state == batch.state, name
            assert record.paid_fen == batch.sum("paid") == record.bank_paid_fen
            assert record.failed_fen == batch.sum("failed", "bounced")
            for number, one in enumerate(batch.lines, 1):
                assert self.desk.line(number, name).state == one.state
            if batch.lines:
                assert record.paid_fen + record.failed_fen + record.waiting_fen == sum(
                    one.message.amount_fen for one in batch.lines
                )
            if batch.state in AT_REST:
                assert record.waiting_count == 0

    def summaries_are_the_sums(self) -> None:
        if "fund_summary/202408/payout/310" not in self.desk.chain.state:
            assert not any(batch.lines for batch in self.batches.values())
            return
        summary = self.desk.summary()
        known = [batch for batch in self.batches.values() if batch.lines]
        standing = [batch for batch in known if batch.state != "reversed"]
        taken_back = [batch for batch in known if batch.state == "reversed"]
        withdrawn = [batch for batch in known if batch.state == "withdrawn"]
        assert summary.batch_count == len(known)
        assert summary.paid_fen == sum(batch.sum("paid") for batch in standing)
        assert summary.failed_fen == sum(batch.sum("failed", "bounced") for batch in known)
        assert summary.reversed_fen == sum(batch.sum("paid") for batch in taken_back)
        assert summary.withdrawn_fen == sum(batch.sum("open") for batch in withdrawn)
        assert summary.paid_fen <= summary.total_fen
        owed_at_most = sum(owed(one) for one in SETTLEMENTS)
        paid = [
            one
            for batch in standing
            for one in batch.lines
            if one.state == "paid" and one.settlements
        ]
        assert sum(one.message.amount_fen for one in paid) <= owed_at_most

    def check(self) -> None:
        self.nothing_is_paid_twice()
        self.the_chain_says_the_same()
        self.summaries_are_the_sums()


KINDS = (
    *("submit", "send", "bank") * 6,
    *("compensate", "bounce", "reverse", "reconcile") * 3,
    *("accept", "send_back", "resubmit", "withdraw", "reverse_settlement"),
)
RESULTS = ("paid", "paid", "failed", "silent")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 9),
        st.integers(1, 3),
        st.lists(
            st.lists(st.sampled_from(SETTLEMENTS), max_size=3, unique=True), min_size=1, max_size=3
        ),
        st.lists(st.sampled_from(RESULTS), min_size=3, max_size=3),
    ),
    min_size=25,
    max_size=60,
)
Step = tuple[str, int, int, list[list[int]], list[str]]


def take(walk: Walk, step: Step) -> None:
    kind, index, number, groups, results = step
    if kind == "submit":
        walk.submit(groups)
    elif kind == "bank":
        walk.bank_answers(index, results)
    elif kind in ("bounce", "compensate"):
        getattr(walk, kind)(index, number)
    elif kind == "reverse_settlement":
        walk.reverse_settlement(SETTLEMENTS[(index * 3 + number) % len(SETTLEMENTS)])
    elif kind in ("accept", "send_back", "resubmit"):
        walk.office(index, kind)
    elif kind == "reverse":
        walk.reverse(index, off=int(groups == [[]]))
    else:
        getattr(walk, kind)(index)


def walked(steps: list[Step]) -> Walk:
    walk = Walk()
    walk.settle()
    walk.submit([[1], [2, 3], []])
    for step in steps:
        take(walk, step)
        walk.check()
    for name in walk.batches:
        walk.desk.check_traces(name)
    return walk


@pytest.mark.slow
@given(STEPS)
@settings(max_examples=100, deadline=None)
def test_the_money_is_right_on_every_walk(steps: list[Step]) -> None:
    walk = walked(steps)
    # A model that forgot a step would hold the same states by accident, never the same sums.
    assert walk.desk.chain.height > len(steps)
