"""Every state of a batch × every action, through the real contract: allowed or unchanged."""

from collections.abc import Callable, Mapping

import pytest
from google.protobuf.message import Message
from msgspec.structs import replace

from contracts.fund import codes
from contracts.fund.records import BatchRecord, batch_key
from contracts.fund.rules import ACTIONS, STATES, TABLE
from contracts.states import START
from faults import Code
from ledger.records import decode, encode
from proto import fund_pb2 as fund
from tests.contracts.fund.desk import (
    Desk,
    answer,
    audit,
    compensation,
    header,
    line,
    refund,
    resubmission,
    returned,
    send_back,
    sending,
    statement,
    withdrawal,
)

LINES = (line(1, [1, 2]), line(2))
KEY = batch_key("B1")

# The rules of DOMAIN.md written down a second time. A word = the state after; B_… = refused.
EXPECTED = """
*          -          collecting submitted returned  audited  sent
submit     collecting B_EXISTS   B_EXISTS  B_EXISTS  B_EXISTS B_EXISTS
add        B_NONE     submitted  B_STATE   B_STATE   B_STATE  B_STATE
withdraw   B_NONE     withdrawn  withdrawn withdrawn B_LATE   B_LATE
accept     B_NONE     B_STATE    audited   B_STATE   B_STATE  B_STATE
send_back  B_NONE     B_STATE    returned  B_STATE   returned B_STATE
resubmit   B_NONE     B_STATE    B_STATE   submitted B_STATE  B_STATE
send       B_NONE     B_STATE    B_STATE   B_STATE   sent     B_STATE
result     B_NONE     B_STATE    B_STATE   B_STATE   B_STATE  paid
bounce     B_NONE     B_STATE    B_STATE   B_STATE   B_STATE  sent
reconcile  B_NONE     B_STATE    B_STATE   B_STATE   B_STATE  B_STATE
reverse    B_NONE     B_STATE    B_STATE   B_STATE   B_STATE  B_STATE
compensate B_NONE     B_STATE    B_STATE   B_STATE   B_STATE  B_STATE

*          paid        partly_paid failed     reconciled withdrawn reversed
submit     B_EXISTS    B_EXISTS    B_EXISTS   B_EXISTS   B_EXISTS  B_EXISTS
add        B_STATE     B_STATE     B_STATE    B_STATE    B_STATE   B_STATE
withdraw   B_LATE      B_LATE      B_LATE     B_LATE     B_STATE   B_STATE
accept     B_STATE     B_STATE     B_STATE    B_STATE    B_STATE   B_STATE
send_back  B_STATE     B_STATE     B_STATE    B_STATE    B_STATE   B_STATE
resubmit   B_STATE     B_STATE     B_STATE    B_STATE    B_STATE   B_STATE
send       B_STATE     B_STATE     B_STATE    B_STATE    B_STATE   B_STATE
result     B_STATE     B_STATE     B_STATE    B_STATE    B_STATE   B_STATE
bounce     partly_paid failed      B_STATE    failed     B_STATE   B_STATE
reconcile  reconciled  reconciled  reconciled B_STATE    B_STATE   B_STATE
reverse    reversed    reversed    B_UNPAID   reversed   B_STATE   B_STATE
compensate B_UNFAILED  partly_paid failed     reconciled B_STATE   B_STATE
"""
CODES = {
    "B_EXISTS": "FUND_BATCH_EXISTS",
    "B_NONE": "FUND_BATCH_NOT_FOUND",
    "B_STATE": "FUND_BATCH_STATE",
    "B_LATE": "FUND_IN_PAYMENT",
    "B_UNPAID": "FUND_NOTHING_PAID",
    "B_UNFAILED": "FUND_NOTHING_FAILED",
}


def expected_table() -> dict[tuple[str, str], str]:
    cells = {}
    for block in EXPECTED.strip().split("\n\n"):
        (_, *states), *rows = (row.split() for row in block.splitlines())
        for action, *found in rows:
            for state, cell in zip(states, found, strict=True):
                cells[state, action] = cell
    return cells


CELLS = expected_table()
CALLED = tuple(dict.fromkeys(action for _, action in CELLS))


def reach(desk: Desk, state: str) -> None:
    """Bring batch B1 into a state, by operations only."""
    desk.settle(1, 2)
    if state == START:
        return
    desk.chain.ok("centre", "fund.submit", fund.SubmitFundBatchRequest(header=header("B1", LINES)))
    desk.chain.ok("centre", "fund.add_lines", desk.part("B1", LINES[:1]))
    if state == "collecting":
        return
    desk.chain.ok("centre", "fund.add_lines", desk.part("B1", LINES[1:]))
    for step in PATHS[state]:
        step(desk)


def answering(*results: str) -> Callable[[Desk], None]:
    answers = [answer(one, result) for one, result in zip(LINES, results, strict=True)]
    return lambda desk: desk.record("B1", answers)


def returning(desk: Desk) -> None:
    desk.chain.ok("bureau", "fund.audit", send_back("B1"))


def withdrawing(desk: Desk) -> None:
    desk.chain.ok("centre", "fund.withdraw", withdrawal("B1"))


PATHS: Mapping[str, tuple[Callable[[Desk], None], ...]] = {
    "submitted": (),
    "returned": (returning,),
    "audited": (Desk.accept,),
    "sent": (Desk.to_bank,),
    "paid": (Desk.to_bank, answering("paid", "paid")),
    "partly_paid": (Desk.to_bank, answering("paid", "failed")),
    "failed": (Desk.to_bank, answering("failed", "failed")),
    "reconciled": (Desk.to_bank, answering("paid", "failed"), Desk.reconcile),
    "withdrawn": (withdrawing,),
    "reversed": (Desk.to_bank, answering("paid", "failed"), Desk.reverse),
}


def request_for(desk: Desk, action: str) -> tuple[str, str, Message]:
    """Who asks, which method, and a request that only the batch's state could refuse."""
    raw = desk.chain.state.get(KEY)
    batch = decode(BatchRecord, raw) if raw else None
    paid = (batch.paid_count, batch.paid_fen) if batch else (1, LINES[0].amount_fen)
    again = line(1, original_line=2, amount_fen=LINES[1].amount_fen)
    new = {"return_number": "R2"}
    requests: dict[str, tuple[str, str, Message]] = {
        "submit": (
            "centre", "fund.submit", fund.SubmitFundBatchRequest(header=header("B1", LINES))
        ),
        "add": ("centre", "fund.add_lines", desk.part("B1", LINES[1:])),
        "withdraw": ("centre", "fund.withdraw", withdrawal("B1")),
        "accept": ("bureau", "fund.audit", audit("B1")),
        "send_back": ("bureau", "fund.audit", send_back("B1")),
        "resubmit": ("centre", "fund.resubmit", resubmission("B1")),
        "send": ("centre", "fund.send", sending("B1")),
        "result": (
            "bank", "fund.record_result", returned("B1", [answer(one) for one in LINES], **new)
        ),
        "bounce": (
            "bank",
            "fund.record_result",
            returned("B1", [answer(LINES[0], "bounced")], kind="bounce", **new),
        ),
        "reconcile": ("bureau", "fund.reconcile", statement("B1", *paid)),
        "reverse": ("bureau", "fund.reverse", refund("B1", paid[0], -paid[1])),
        "compensate": ("centre", "fund.compensate", compensation("B1", "C1", [again])),
    }  # fmt: skip
    return requests[action]


def test_the_table_is_complete_and_as_expected() -> None:
    rows = {(state, action): after or code for state, action, after, code in TABLE.rows()}
    assert len(rows) == (len(STATES) + 1) * len(ACTIONS)
    assert {state for state, _ in CELLS} == {START, *STATES}
    # `complete` and the conclusions are never asked for: they follow from lines and answers.
    inner = {one for one in ACTIONS if one == "complete" or one.startswith("conclude")}
    assert set(CALLED) == set(ACTIONS) - inner
    follow_on = {
        ("collecting", "add"),
        *((state, "bounce") for state in STATES),
        ("sent", "result"),
    }
    for pair, cell in CELLS.items():
        if pair not in follow_on or cell in CODES:
            assert rows[pair] == CODES.get(cell, cell), pair


def without_trace(desk: Desk) -> dict[str, bytes]:
    """The state with the batch's trace left out: what a saved failure may add to."""
    state = dict(desk.chain.state)
    if KEY in state:
        state[KEY] = encode(replace(desk.batch(), trace_count=0, trace_head=bytes(32)))
    return state


@pytest.mark.parametrize("action", CALLED)
@pytest.mark.parametrize("state", [START, *STATES])
def test_state_and_action(state: str, action: str) -> None:
    desk = Desk()
    reach(desk, state)
    if state != START:
        assert desk.batch().state == state
    before, cell = without_trace(desk), CELLS[state, action]
    traced = 0 if state == START else desk.batch().trace_count

    result = desk.chain.call(*request_for(desk, action))

    if cell not in CODES:
        assert result.code == "OK", result.fields
        assert desk.batch().state == cell
        desk.check_traces()
        return
    assert result.code == CODES[cell]
    assert without_trace(desk) == before
    if state == START:
        assert not desk.chain.writes
        return
    # The refusal is kept in the batch's trace, but for a second batch of one number: its submitter
    # may be anybody.
    kept = 0 if action == "submit" else 1
    assert desk.batch().trace_count == traced + kept
    desk.check_traces()


def test_every_code_says_what_to_do_in_both_languages() -> None:
    declared = [value for value in vars(codes).values() if isinstance(value, Code)]
    assert len(declared) > 25
    for code in declared:
        assert code.zh.endswith("。") and code.en.endswith("."), code.name
        assert len(code.en) > 20, code.name
