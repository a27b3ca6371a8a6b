"""Settlements (医保结算): uploaded, queried, reversed once, reported to the national chain."""

import secrets

import pytest

from tests.documents.support import edit
from tests.scenarios.looking import FULL, actions, denial, events, opened, proved, refused
from tests.scenarios.papers import (
    CODE,
    FUND_FEN,
    TOTAL_FEN,
    fresh_id,
    fresh_number,
    remote_settlement,
    reversal,
    settlement,
)
from tests.scenarios.parties import HOUR_MS, Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

REMOTE_FEN = 1843275


def remote(parties: Parties) -> str:
    """A settlement of somebody insured in Hunan, uploaded by the bureau; its id."""
    settlement_id = fresh_id()
    parties["bureau desk"].settlements.upload(remote_settlement(settlement_id, fresh_number()))
    return settlement_id


@pytest.mark.clause("2.2.1.4.4.1", "2.2.1.6.8", "2.2.1.6.9", "2.2.1.4.4.3", "2.2.1.6.1")
def test_a_hospitals_settlement_is_on_the_chain_and_shows_its_amounts(parties: Parties) -> None:
    settlement_id, number = fresh_id(), parties.issued()
    account_id = parties.account()
    hospital = parties["hospital desk"].settlements
    done = hospital.upload(settlement(settlement_id, number))
    assert len(bytes.fromhex(done.tx_hash)) == 32
    found = hospital.get(settlement_id)
    record, public = found.record, found.record.public
    assert (record.account_id, record.home_chain) == (account_id, "province")
    assert (public.settlement_type, public.color, public.settled_date) == (
        "local",
        "blue",
        "20240816",
    )
    assert (public.total_fen, public.pooled_fund_fen) == (TOTAL_FEN, FUND_FEN)
    assert public.fund_total_fen + public.account_fen + public.cash_fen == TOTAL_FEN
    assert (public.bill_code, public.bill_number) == (CODE, number)
    key = f"settlement/{settlement_id}"
    assert proved(parties, "province", key, found.state) == found.state.value
    absent = hospital.get(fresh_id())
    assert not absent.HasField("record")
    again = lambda: hospital.upload(settlement(settlement_id, number))  # noqa: E731
    assert refusal(again) == "SETTLEMENT_EXISTS"
    insurer = lambda: parties["insurer"].settlements.upload(  # noqa: E731
        settlement(fresh_id(), number)
    )
    assert denial(insurer) == "NOT_PERMITTED"


@pytest.mark.clause("2.2.1.6.9", "2.2.1.4.4.3", "2.2.1.4.4.1")
def test_the_fee_lines_of_a_settlement_are_read_under_an_authorization(parties: Parties) -> None:
    settlement_id, number = parties.settled()
    desk, key = parties["bureau desk"], f"settlement/{settlement_id}"
    now_ms = parties.now_ms()
    desk.authorizations.grant(
        secrets.token_hex(16),
        account_id=parties.account(),
        grantee_org="settlement-centre",
        object=key,
        compartments=[FULL],
        purpose="settlement_query",
        from_ms=now_ms,
        to_ms=now_ms + HOUR_MS,
        identity_check="sms",
        identity_reference="SMS-1",
    )
    ticket = parties["fund desk"].authorizations.read(
        key,
        compartment=FULL,
        purpose="settlement_query",
        reader_key=parties.stage.actors["fund desk"].public_key,
    )
    plain = opened(parties, "fund desk", ticket.tx_hash)
    assert plain.document == settlement(settlement_id, number)
    lines = [value for path, value in plain.private.items() if "det_item_fee_sumamt" in path]
    assert len(lines) == 6
    assert sum(int(value) for value in lines) == TOTAL_FEN
    shown = desk.settlements.get(settlement_id).state.record_json.decode()
    assert "苯磺酸氨氯地平片" not in shown


@pytest.mark.clause("2.2.1.4.4.1", "2.2.1.6.8")
def test_a_settlement_whose_amounts_do_not_add_up_is_refused(parties: Parties) -> None:
    settlement_id = fresh_id()
    parties.account()
    document = settlement(settlement_id, fresh_number())
    short = edit(document, '"psn_cash_pay": 15.96', '"psn_cash_pay": 5.96')
    hospital = parties["hospital desk"].settlements
    assert refusal(lambda: hospital.upload(short)) == "FINDINGS_REFUSED"
    assert not hospital.get(settlement_id).HasField("record")
    assert refusal(lambda: hospital.upload(document)) == "OK"


@pytest.mark.clause("2.2.1.4.4.2", "2.2.1.6.8", "2.2.1.6.11", "2.2.1.6.1")
def test_a_settlement_is_reversed_once_and_its_bill_says_so(parties: Parties) -> None:
    settlement_id, number = parties.settled()
    desk, hospital = parties["bureau desk"], parties["hospital desk"].settlements
    desk.bills.link_settlement(CODE, number, settlement_id=settlement_id)
    halved = edit(reversal(settlement_id), '"psn_cash_pay": -15.96', '"psn_cash_pay": -5.96')
    assert refusal(lambda: hospital.reverse(halved)) == "REVERSAL_MISMATCH"
    done = hospital.reverse(reversal(settlement_id))
    original = hospital.get(settlement_id).record
    assert original.reversed_by == done.object == f"settlement/{settlement_id}91"
    undone = hospital.get(f"{settlement_id}91").record
    assert (undone.public.color, undone.public.total_fen) == ("red", -TOTAL_FEN)
    assert undone.public.original_settlement_id == settlement_id
    assert undone.account_id == original.account_id
    assert actions(desk.bills.trace(CODE, number))[-1] == "settlement_reversed"
    again = lambda: hospital.reverse(reversal(settlement_id))  # noqa: E731
    assert refusal(again) == "SETTLEMENT_REVERSED"
    trace = parties["auditor"].settlements.trace(settlement_id)
    assert actions(trace) == ["upload", "link", "reverse"]
    assert refused(trace) == ["REVERSAL_MISMATCH", "SETTLEMENT_REVERSED"]
    assert actions(hospital.trace(f"{settlement_id}91")) == ["reversal_of"]


@pytest.mark.clause("2.2.1.4.4.2", "2.2.1.4.1.4")
def test_a_reversed_settlement_is_neither_linked_nor_reported(parties: Parties) -> None:
    settlement_id, number = parties.settled()
    desk = parties["bureau desk"]
    parties["hospital desk"].settlements.reverse(reversal(settlement_id))
    link = lambda: desk.bills.link_settlement(  # noqa: E731
        CODE, number, settlement_id=settlement_id
    )
    assert refusal(link) == "SETTLEMENT_REVERSED"
    assert refusal(lambda: desk.settlements.report(settlement_id)) == "SETTLEMENT_REVERSED"
    unknown = lambda: desk.settlements.reverse(reversal(fresh_id()))  # noqa: E731
    assert refusal(unknown) == "SETTLEMENT_NOT_FOUND"


@pytest.mark.clause("2.2.1.6.12", "2.2.1.4.5.7", "2.2.1.6.1", "2.2.1.6.11", "2.2.1.3.7")
def test_a_remote_settlement_is_shared_with_the_national_chain(parties: Parties) -> None:
    settlement_id = remote(parties)
    desk, national = parties["bureau desk"].settlements, parties["national desk"].settlements
    here = desk.get(settlement_id).record
    assert (here.public.settlement_type, here.public.total_fen) == ("remote", REMOTE_FEN)
    assert (here.public.region, here.public.insured_region) == ("460100", "430100")
    assert not national.get(settlement_id).HasField("record")
    clerk = parties["hospital desk"].settlements
    assert refusal(lambda: clerk.report(settlement_id)) == "NOT_PERMITTED"
    asked = desk.report(settlement_id)
    assert len(bytes.fromhex(asked.tx_hash)) == 32
    until(lambda: desk.get(settlement_id).record.report == "confirmed")
    there = national.get(settlement_id)
    assert there.record.public == here.public
    assert there.record.pcommit == here.pcommit
    assert there.record.payload.hash != here.payload.hash
    assert there.record.home_chain == "province"
    key = f"settlement/{settlement_id}"
    assert proved(parties, "national", key, there.state) == there.state.value
    assert refusal(lambda: desk.report(settlement_id)) == "ALREADY_REPORTED"
    trace = desk.trace(settlement_id)
    assert actions(trace) == ["upload", "report_asked", "report"]
    assert events(trace)[2]["details"]["chain"] == "national"
    assert refused(trace) == ["ALREADY_REPORTED"]
    assert actions(national.trace(settlement_id)) == ["upload"]


@pytest.mark.clause("2.2.1.4.4.2", "2.2.1.6.1", "2.2.1.6.11")
def test_the_national_chain_hears_of_a_reversal_of_what_it_knows(parties: Parties) -> None:
    settlement_id, _ = parties.settled()
    desk, national = parties["bureau desk"].settlements, parties["national desk"].settlements
    desk.report(settlement_id)
    until(lambda: desk.get(settlement_id).record.report == "confirmed")
    early = lambda: desk.report_reversal(settlement_id)  # noqa: E731
    assert refusal(early) == "SETTLEMENT_NOT_REVERSED"
    parties["hospital desk"].settlements.reverse(reversal(settlement_id))
    undone = f"{settlement_id}91"
    desk.report_reversal(settlement_id)
    until(lambda: desk.get(undone).record.report == "confirmed")
    there = national.get(settlement_id).record
    assert there.reversed_by == f"settlement/{undone}"
    assert national.get(undone).record.pcommit == desk.get(undone).record.pcommit
    assert national.get(undone).record.public.total_fen == -TOTAL_FEN
    assert refusal(lambda: desk.report_reversal(settlement_id)) == "ALREADY_REPORTED"
    assert actions(national.trace(settlement_id)) == ["upload", "reverse"]
