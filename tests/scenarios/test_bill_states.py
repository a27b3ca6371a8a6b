"""A bill's states follow finance's: red-flushed, printed, its paper taken back (冲红、打印)."""

import pytest

from node.client import Client
from tests.scenarios.looking import actions, events, proved, refused
from tests.scenarios.papers import CODE, TOTAL_FEN, fresh_number, red
from tests.scenarios.parties import HOUR_MS, Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

PAPER_CODE, DAY = "4601", "20240819"


def paper(client: Client, number: str, paper_number: str) -> str:
    """What comes of printing a bill on this paper."""
    return refusal(
        lambda: client.bills.print(
            CODE, number, paper_code=PAPER_CODE, paper_number=paper_number, printed_date=DAY
        )
    )


@pytest.mark.clause("2.2.1.4.1.2", "2.2.1.6.3", "2.2.1.6.1")
def test_a_red_bill_flushes_its_blue_bill_on_both_chains(parties: Parties) -> None:
    number, red_number = parties.issued(), fresh_number()
    finance, bureau = parties["finance desk"].bills, parties["bureau desk"].bills
    done = finance.issue_red(red(red_number, number))
    assert len(bytes.fromhex(done.tx_hash)) == 32
    until(lambda: bureau.get(CODE, number).record.flush == "red_flushed")
    for chain, bills in (("finance", finance), ("province", bureau)):
        blue, cancelling = bills.get(CODE, number), bills.get(CODE, red_number).record
        assert (blue.record.flush, blue.record.red) == ("red_flushed", done.object)
        assert cancelling.public.color == "red"
        assert cancelling.public.blue_number == number
        assert cancelling.public.total_fen == -TOTAL_FEN
        assert proved(parties, chain, f"bill/{CODE}-{number}", blue.state) == blue.state.value
    assert (
        bureau.get(CODE, red_number).record.pcommit == finance.get(CODE, red_number).record.pcommit
    )


@pytest.mark.clause("2.2.1.4.1.2", "2.2.1.6.3")
def test_nothing_more_is_done_with_a_flushed_bill(parties: Parties) -> None:
    number, red_number = parties.issued(), fresh_number()
    finance, bureau = parties["finance desk"].bills, parties["bureau desk"].bills
    from_here = lambda: bureau.issue_red(red(red_number, number))  # noqa: E731
    assert refusal(from_here) == "NOT_HOME_CHAIN"
    finance.issue_red(red(red_number, number))
    until(lambda: bureau.get(CODE, number).record.flush == "red_flushed")
    assert refusal(lambda: finance.issue_red(red(fresh_number(), number))) == "BILL_RED"
    assert paper(parties["finance desk"], number, f"A{number}") == "BILL_RED"
    expires_ms = parties.now_ms() + HOUR_MS
    lock = lambda: parties["agency one"].bills.lock(  # noqa: E731
        CODE, number, purpose="reimbursement", expires_ms=expires_ms
    )
    assert refusal(lock) == "BILL_RED"
    assert refused(bureau.trace(CODE, number)) == ["NOT_HOME_CHAIN", "BILL_RED"]
    assert refused(finance.trace(CODE, number)) == ["BILL_RED", "BILL_RED"]


@pytest.mark.clause("2.2.1.4.1.2", "2.2.1.6.3", "2.2.1.6.1")
def test_a_bill_in_use_is_not_flushed_until_it_is_released(parties: Parties) -> None:
    number, red_number = parties.issued(), fresh_number()
    finance, agency = parties["finance desk"].bills, parties["agency one"].bills
    agency.lock(CODE, number, purpose="reimbursement", expires_ms=parties.now_ms() + HOUR_MS)
    until(lambda: agency.get(CODE, number).record.lock.state == "confirmed")
    assert refusal(lambda: finance.issue_red(red(red_number, number))) == "BILL_LOCKED"
    assert refused(finance.trace(CODE, number)) == ["BILL_LOCKED"]
    assert not finance.get(CODE, red_number).HasField("record")
    stranger = parties["agency two"].bills
    assert refusal(lambda: stranger.unlock(CODE, number, reason="")) == "NOT_LOCK_HOLDER"
    agency.unlock(CODE, number, reason="claim withdrawn")
    until(lambda: not agency.get(CODE, number).record.HasField("lock"))
    assert not finance.get(CODE, number).record.HasField("lock")
    assert refusal(lambda: finance.issue_red(red(red_number, number))) == "OK"
    until(lambda: agency.get(CODE, number).record.flush == "red_flushed")


@pytest.mark.clause("2.2.1.6.1", "2.2.1.6.7")
def test_an_agencys_lock_is_ended_by_the_bureau_only_with_a_reason(parties: Parties) -> None:
    number = parties.issued()
    agency, bureau = parties["agency one"].bills, parties["bureau desk"].bills
    agency.lock(CODE, number, purpose="reimbursement", expires_ms=parties.now_ms() + HOUR_MS)
    until(lambda: agency.get(CODE, number).record.lock.state == "confirmed")
    too_much = lambda: agency.enter(  # noqa: E731
        CODE, number, amount_fen=TOTAL_FEN + 1, voucher_number="PZ-3"
    )
    assert refusal(too_much) == "AMOUNT_OUT_OF_RANGE"
    assert refusal(lambda: bureau.unlock(CODE, number, reason="")) == "REASON_REQUIRED"
    assert refusal(lambda: bureau.unlock(CODE, number, reason="agency closed")) == "OK"
    until(lambda: not bureau.get(CODE, number).record.HasField("lock"))
    assert actions(bureau.trace(CODE, number))[-1] == "unlock"
    at_home = parties["finance desk"].bills.trace(CODE, number)
    assert events(at_home)[-1]["details"]["reason"] == "agency closed"
    kept = refused(bureau.trace(CODE, number))
    assert kept == ["AMOUNT_OUT_OF_RANGE", "REASON_REQUIRED"]


@pytest.mark.clause("2.2.1.6.3", "2.2.1.4.1.2", "2.2.1.6.2")
def test_one_paper_is_out_for_a_bill_and_no_paper_serves_two(parties: Parties) -> None:
    number, other = parties.issued(), parties.issued()
    finance, bureau = parties["finance desk"], parties["bureau desk"]
    first, second = f"P{number}", f"Q{number}"
    assert paper(bureau, number, first) == "NOT_HOME_CHAIN"
    assert paper(finance, number, first) == "OK"
    until(lambda: bureau.bills.get(CODE, number).record.HasField("paper"))
    here = bureau.bills.get(CODE, number).record.paper
    assert (here.code, here.number, here.printed_date) == (PAPER_CODE, first, DAY)
    assert paper(finance, number, second) == "BILL_PRINTED"
    assert paper(finance, other, first) == "PAPER_USED"
    assert paper(parties["hospital desk"], other, second) == "NOT_PERMITTED"
    assert not bureau.bills.get(CODE, other).record.HasField("paper")


@pytest.mark.clause("2.2.1.6.3", "2.2.1.4.1.2", "2.2.1.6.7")
def test_a_paper_is_taken_back_on_both_chains_and_its_number_stays_used(parties: Parties) -> None:
    number = parties.issued()
    finance, bureau = parties["finance desk"], parties["bureau desk"]
    first, second = f"P{number}", f"Q{number}"

    def cancel(paper_number: str) -> str:
        return refusal(
            lambda: finance.bills.cancel_print(
                CODE, number, paper_code=PAPER_CODE, paper_number=paper_number, reason="returned"
            )
        )

    assert cancel(first) == "BILL_NOT_PRINTED"
    assert paper(finance, number, first) == "OK"
    assert cancel(second) == "BILL_NOT_PRINTED"
    assert cancel(first) == "OK"
    until(lambda: bureau.bills.get(CODE, number).record.print_cycle == 1)
    assert not bureau.bills.get(CODE, number).record.HasField("paper")
    assert not finance.bills.get(CODE, number).record.HasField("paper")
    assert paper(finance, number, first) == "PAPER_USED"
    assert paper(finance, number, second) == "OK"
    until(lambda: bureau.bills.get(CODE, number).record.paper.number == second)
    for client in (finance, bureau):
        done = actions(client.bills.trace(CODE, number))
        papers = [one for one in done if one in ("print", "cancel_print")]
        assert papers == ["print", "cancel_print", "print"]
