"""Bills: issued by finance, held by the province, used once, printed, cancelled, traced."""

import json

import pytest

from tests.scenarios.papers import CODE, FUND_FEN, TOTAL_FEN
from tests.scenarios.parties import HOUR_MS, Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]


def actions(parties: Parties, party: str, number: str) -> list[str]:
    trace = parties[party].bills.trace(CODE, number)
    return [json.loads(event.event_json)["action"] for event in trace.events]


@pytest.mark.clause(
    "2.2.1.4.1.1", "2.2.1.4.1.3", "2.2.1.6.2", "2.2.1.3.1", "2.2.1.3.2", "2.2.1.3.6"
)
def test_a_bill_that_finance_issues_is_held_by_the_province(parties: Parties) -> None:
    number = parties.issued()
    here = parties["bureau desk"].bills.get(CODE, number)
    there = parties["finance desk"].bills.get(CODE, number)
    assert here.record.public.total_fen == TOTAL_FEN
    assert here.record.home_chain == "finance"
    assert here.record.pcommit == there.record.pcommit
    assert (here.record.flush, here.record.HasField("paper")) == ("normal", False)
    assert here.state.proof


@pytest.mark.clause("2.2.1.6.1", "2.2.1.4.4", "2.2.1.3.4", "2.2.1.6.7")
def test_a_bill_is_used_for_one_reimbursement_only(parties: Parties) -> None:
    number = parties.issued()
    one, two = parties["agency one"].bills, parties["agency two"].bills
    until_ms = parties.now_ms() + HOUR_MS
    one.lock(CODE, number, purpose="reimbursement", expires_ms=until_ms)
    until(lambda: one.get(CODE, number).record.lock.state == "confirmed")

    def lock() -> object:
        return two.lock(CODE, number, purpose="reimbursement", expires_ms=until_ms)

    assert refusal(lock) == "BILL_LOCKED"
    one.enter(CODE, number, amount_fen=FUND_FEN, voucher_number="PZ-1")
    until(lambda: one.get(CODE, number).record.entry.state == "confirmed")
    assert refusal(lock) == "BILL_ENTERED"
    reported = parties["finance desk"].bills.get(CODE, number).record.entry
    assert (reported.agency_org, reported.amount_fen) == ("agency-one", FUND_FEN)
    one.reverse_entry(CODE, number, reason="refund to the patient")
    until(lambda: not one.get(CODE, number).record.HasField("entry"))
    seen = actions(parties, "auditor", number)
    assert seen[0] == "issue_blue"
    assert seen.count("lock") >= 2
    assert seen[-1] == "reverse_entry"
