"""Every state of an application × every action, through the real contract."""

import pytest
from google.protobuf.message import Message
from msgspec.structs import replace

from contracts.reimbursement.states import APPLICATION_STATES
from contracts.states import START
from ledger.records import encode
from tests.contracts.harness import NATIONAL, PROVINCE, Chain, channel
from tests.contracts.reimbursement import support
from tests.contracts.reimbursement.support import (
    SECOND,
    approve,
    key,
    make_ready,
    of,
    pay,
    put_into,
    receive,
    refuse,
    report,
    review,
    staffed,
    sync_bill,
    sync_voucher,
    withdraw,
)

# The rules written down a second time. A state = allowed; other words = the legend.
LEGEND = {
    "exists": "APPLICATION_EXISTS",
    "none": "APPLICATION_NOT_FOUND",
    "docs": "DOCUMENTS_MISSING",
    "decided": "ALREADY_DECIDED",
    "undecided": "NOT_DECIDED",
    "unapproved": "NOT_APPROVED",
    "over": "APPLICATION_WITHDRAWN",
    "unsent!": "PAYMENT_NOT_SENT",
    "pending": "PAYMENT_PENDING",
    "paid!": "ALREADY_PAID",
    "away": "NOT_HANDLED_HERE",
}
DECIDING = """
                receive   forward    sync_voucher  sync_bill  review   approve   refuse
-               received  forwarded  none          none       none     none      none
received        exists    exists     has_voucher   has_bill   docs     docs      refused
has_voucher     exists    exists     has_voucher   ready      docs     docs      refused
has_bill        exists    exists     ready         has_bill   docs     docs      refused
ready           exists    exists     ready         ready      ready    approved  refused
approved        exists    exists     decided       decided    decided  decided   decided
paying          exists    exists     decided       decided    decided  decided   decided
payment_failed  exists    exists     decided       decided    decided  decided   decided
paid            exists    exists     decided       decided    decided  decided   decided
refused         exists    exists     decided       decided    decided  decided   decided
withdrawn       exists    exists     over          over       over     over      over
forwarded       exists    exists     away          away       away     away      away
unsent          exists    forwarded  away          away       away     away      away
accepted        exists    exists     away          away       away     away      away
answered        exists    exists     away          away       away     away      away
"""
AFTERWARDS = """
                withdraw   report          send_payment  confirm_payment  fail_payment
-               none       none            none          none             none
received        withdrawn  undecided       unapproved    unapproved       unapproved
has_voucher     withdrawn  undecided       unapproved    unapproved       unapproved
has_bill        withdrawn  undecided       unapproved    unapproved       unapproved
ready           withdrawn  undecided       unapproved    unapproved       unapproved
approved        withdrawn  approved        paying        unsent!          unsent!
paying          pending    paying          pending       paid             payment_failed
payment_failed  withdrawn  payment_failed  paying        unsent!          unsent!
paid            paid!      paid            paid!         paid!            paid!
refused         decided    refused         unapproved    unapproved       unapproved
withdrawn       over       withdrawn       over          over             over
forwarded       away       away            away          away             away
unsent          away       away            away          away             away
accepted        away       away            away          away             away
answered        away       away            away          away             away
"""
# What packets bring about on the chain that handed the application on.
BY_PACKET = {
    ("forwarded", "forward_accepted"): "accepted",
    ("forwarded", "forward_refused"): "unsent",
    ("answered", "forward_accepted"): "answered",
    ("forwarded", "answer"): "answered",
    ("accepted", "answer"): "answered",
    ("answered", "answer"): "answered",
}


def expected_table() -> dict[tuple[str, str], str]:
    cells = {}
    for table in (DECIDING, AFTERWARDS):
        lines = table.strip().splitlines()
        for row in lines[1:]:
            state, *given = row.split()
            pairs = zip(lines[0].split(), given, strict=True)
            cells.update({(state, action): cell for action, cell in pairs})
    return cells


CELLS = expected_table()
ACTIONS = [action for state, action in CELLS if state == START]


def test_the_table_is_complete_and_as_expected() -> None:
    found = {
        (state, action): after or code for state, action, after, code in APPLICATION_STATES.rows()
    }
    called = {pair: cell for pair, cell in found.items() if pair[1] in ACTIONS}
    assert called == {pair: LEGEND.get(cell, cell) for pair, cell in CELLS.items()}
    packets = {pair: cell for pair, cell in found.items() if pair[1] not in ACTIONS}
    assert {pair: cell for pair, cell in packets.items() if cell.islower()} == BY_PACKET
    assert {cell for cell in packets.values() if not cell.islower()} == {"NOT_HANDLED_HERE"}


def request_for(chain: Chain, action: str) -> tuple[str, str, Message]:
    """Who asks, which method, and a request that only the application's state could refuse."""
    requests: dict[str, tuple[str, str, Message]] = {
        "receive": ("bureau", "receive", receive(chain)),
        "forward": ("bureau", "forward", support.forward(chain, "pn")),
        "sync_voucher": ("bureau", "sync_voucher", sync_voucher()),
        "sync_bill": ("bureau", "sync_bill", sync_bill()),
        "review": ("bureau", "review", review()),
        "approve": (SECOND, "approve", approve()),
        "refuse": ("bureau", "refuse", refuse()),
        "withdraw": ("bureau", "withdraw", withdraw()),
        "report": ("bureau", "report", report()),
        "send_payment": ("centre", "record_payment", pay("sent")),
        "confirm_payment": ("centre", "record_payment", pay("paid")),
        "fail_payment": ("centre", "record_payment", pay("failed")),
    }
    who, method, request = requests[action]
    return who, f"reimbursement.{method}", request


def prepared() -> Chain:
    operations = "REIMBURSEMENT_APPLY REIMBURSEMENT_REPORT"
    chain = staffed(Chain(PROVINCE, "gm", (channel("pn", NATIONAL, "gm", operations, home=False),)))
    make_ready(chain)
    chain.ok("bureau", "reimbursement.review", review())
    return chain


def without_trace(chain: Chain) -> dict[str, bytes]:
    application = replace(of(chain), trace_count=0, trace_head=bytes(32))
    return {**chain.state, key(): encode(application)}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("state", APPLICATION_STATES.states)
def test_state_and_action(state: str, action: str) -> None:
    chain = prepared()
    put_into(chain, state)
    expected = CELLS[state, action]
    before, traced = without_trace(chain), of(chain).trace_count

    result = chain.call(*request_for(chain, action))

    if expected not in LEGEND:
        assert result.code == "OK", result.fields
        assert of(chain).state == expected
        assert of(chain).trace_count > traced
        assert without_trace(chain) != before or action in ("sync_bill", "sync_voucher", "review")
        return
    assert result.code == LEGEND[expected]
    assert without_trace(chain) == before
    # Refusals are saved in the trace, but for documents that name an id that is taken.
    saved = 0 if action in ("receive", "forward") else 1
    assert of(chain).trace_count == traced + saved
    assert bool(chain.writes) == bool(saved)


@pytest.mark.parametrize("action", ACTIONS[2:])
def test_what_does_not_exist_is_not_found(action: str) -> None:
    chain = staffed(Chain())
    chain.refused(*request_for(chain, action), "APPLICATION_NOT_FOUND")
    assert not chain.writes


@pytest.mark.parametrize("method", ["receive", "approve", "record_payment", "add_listed"])
def test_others_have_no_say(method: str) -> None:
    chain = prepared()
    requests = {
        "receive": receive(chain, 2),
        "approve": approve(),
        "record_payment": pay("sent"),
        "add_listed": support.add_listed("black", "index", support.INDEX),
    }
    before = dict(chain.state)
    allowed = {"bureau", *(["centre"] if method == "record_payment" else [])}
    for who in ("hospital", "agency_a", "finance", "custodian", "insurer", "router", "centre"):
        if who not in allowed:
            name = f"reimbursement.{method}"
            chain.refused(who, name, requests[method], "NOT_PERMITTED")
    assert chain.state == before
