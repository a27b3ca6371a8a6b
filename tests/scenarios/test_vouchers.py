"""Electronic settlement vouchers (电子结算凭证): made here, reported to the national chain."""

import pytest

from node.client import Client
from tests.scenarios.looking import actions, denial, events, proved, refused
from tests.scenarios.papers import CODE, FUND_FEN, TOTAL_FEN, reversal
from tests.scenarios.parties import Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.mark.clause("2.2.1.3.7", "2.2.1.6.7")
def test_a_voucher_reaches_the_national_chain_after_its_settlement(parties: Parties) -> None:
    settlement_id, number = parties.settled()
    desk, national = parties["bureau desk"], parties["national desk"].vouchers
    desk.settlements.report(settlement_id)
    done = desk.vouchers.report(settlement_id, code=CODE, number=number)
    assert len(bytes.fromhex(done.tx_hash)) == 32
    pending = lambda: desk.vouchers.report(settlement_id, code=CODE, number=number)  # noqa: E731
    assert refusal(pending) in ("REPORT_PENDING", "ALREADY_REPORTED")
    until(lambda: desk.vouchers.get(settlement_id).record.report == "confirmed")
    here, there = desk.vouchers.get(settlement_id).record, national.get(settlement_id)
    assert (here.public.bill_code, here.public.bill_number) == (CODE, number)
    assert (here.public.bill_amount_fen, here.public.fund_fen) == (TOTAL_FEN, FUND_FEN)
    assert here.public.fee_count == 6
    assert here.account_id == parties.account()
    assert there.record.public == here.public
    assert there.record.pcommit == here.pcommit
    assert proved(parties, "national", f"voucher/{settlement_id}", there.state) is not None
    assert refusal(pending) == "ALREADY_REPORTED"
    assert actions(desk.vouchers.trace(settlement_id)) == ["report_asked", "report"]
    assert actions(national.trace(settlement_id)) == ["receive"]


@pytest.mark.clause("2.2.1.3.7", "2.2.1.3.4", "2.2.1.6.1")
def test_a_voucher_that_came_before_its_settlement_is_refused_saved_and_sent_again(
    parties: Parties,
) -> None:
    settlement_id, number = parties.settled()
    desk, national = parties["bureau desk"], parties["national desk"].vouchers
    desk.vouchers.report(settlement_id, code=CODE, number=number)
    until(lambda: desk.vouchers.get(settlement_id).record.report == "failed")
    assert not national.get(settlement_id).HasField("record")
    trace = desk.vouchers.trace(settlement_id)
    assert refused(trace) == ["SETTLEMENT_NOT_FOUND", "SETTLEMENT_NOT_FOUND"]
    refusing, saved = events(trace)[-2:]
    assert (refusing["action"], saved["action"]) == ("report_refused", "FAIL_SAVED")
    assert saved["details"]["operation"] == "VOUCHER_REPORT"
    assert saved["details"]["next_action"] == "resend"
    desk.settlements.report(settlement_id)
    desk.vouchers.report(settlement_id, code=CODE, number=number)
    until(lambda: desk.vouchers.get(settlement_id).record.report == "confirmed")
    pcommit = desk.vouchers.get(settlement_id).record.pcommit
    assert national.get(settlement_id).record.pcommit == pcommit


@pytest.mark.clause("2.2.1.3.7")
def test_no_voucher_is_made_of_what_does_not_belong_together(parties: Parties) -> None:
    settlement_id, number = parties.settled()
    _, other = parties.settled()
    desk, hospital = parties["bureau desk"], parties["hospital desk"]

    def report(whose: Client, bill_number: str) -> str:
        return denial(lambda: whose.vouchers.report(settlement_id, code=CODE, number=bill_number))

    assert report(desk, other) == "VOUCHER_MISMATCH"
    assert report(hospital, number) == "NOT_PERMITTED"
    hospital.settlements.reverse(reversal(settlement_id))
    assert report(desk, number) == "SETTLEMENT_REVERSED"
    assert not desk.vouchers.get(settlement_id).HasField("record")
