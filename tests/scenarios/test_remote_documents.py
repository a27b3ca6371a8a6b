"""Other provinces' bills and vouchers: read by a dialect, stored, their states noted, opened."""

import pytest

from crypto import sm3
from node.client.outcome import Recorded
from tests.scenarios.looking import denial, evident, let_read, told
from tests.scenarios.papers_remote import CODE, DIALECT, REGION, TOTAL_FEN, Visit, fresh_visit
from tests.scenarios.parties import Parties, refusal

pytestmark = [pytest.mark.processes, pytest.mark.slow]

FETCH = "FETCH-7"


def store(parties: Parties, visit: Visit, dialect: str = DIALECT) -> Recorded:
    return parties["bureau desk"].vouchers.store_bill(
        visit.bill, dialect=dialect, source="national", source_reference=FETCH
    )


@pytest.mark.clause("2.2.1.6.16.12", "2.2.1.6.16.13")
def test_another_provinces_bill_is_stored_by_its_dialect_and_found_again(parties: Parties) -> None:
    visit = fresh_visit(parties)
    made = store(parties, visit)
    assert (made.object, made.account_id) == (visit.bill_key, visit.account_id)
    assert len(made.tx_hash) == 64
    assert "BILL_SIGNER_UNKNOWN" in [one.code for one in made.findings]
    record = parties["auditor"].vouchers.get_remote_bill(CODE, visit.number).record
    assert (record.state, record.public.total_fen) == ("free", TOTAL_FEN)
    assert (record.dialect, len(record.dialect_sm3)) == (DIALECT, 32)
    assert (record.fetched.source, record.fetched.reference) == ("national", FETCH)
    plain = let_read(parties, visit.bill_key, visit.account_id)
    assert sm3(plain.document) == sm3(visit.bill)
    assert plain.public["settlement_id"] == visit.settlement_id
    kept = evident(parties, "auditor", visit.bill_key)
    assert visit.person["psn_name"].encode() not in kept
    assert refusal(lambda: store(parties, visit)) == "BILL_EXISTS"
    trace = told(parties["auditor"].vouchers.trace_remote_bill(CODE, visit.number))
    assert trace == ["store", "authorize", "read"]


@pytest.mark.clause("2.2.1.6.16.12")
def test_a_bill_that_its_dialect_does_not_read_is_not_stored(parties: Parties) -> None:
    visit = fresh_visit(parties)
    assert denial(lambda: store(parties, visit, "hunan_1")) == "REQUEST_INVALID"
    desk, bad = parties["bureau desk"].vouchers, visit.bill.replace(b"EInvoice>", b"Bill>")
    unread = lambda: desk.store_bill(  # noqa: E731
        bad, dialect=DIALECT, source="national", source_reference=FETCH
    )
    assert denial(unread) == "DIALECT_UNKNOWN"
    mine = lambda: parties["hospital desk"].vouchers.store_bill(  # noqa: E731
        visit.bill, dialect=DIALECT, source="national", source_reference=FETCH
    )
    assert denial(mine) == "NOT_PERMITTED"
    absent = parties["auditor"].vouchers.get_remote_bill(CODE, visit.number)
    assert not absent.HasField("record")
    assert absent.state.proof


@pytest.mark.clause("2.2.1.6.16.13", "2.2.1.4.3.2")
def test_what_the_source_says_later_of_bill_and_voucher_is_noted(parties: Parties) -> None:
    visit = fresh_visit(parties)
    store(parties, visit)
    desk = parties["bureau desk"].vouchers
    voucher = desk.store_voucher(
        visit.voucher, region=REGION, source="centre", source_reference="PZ-9"
    )
    assert (voucher.object, voucher.account_id) == (visit.voucher_key, visit.account_id)
    for key in (visit.bill_key, visit.voucher_key):
        desk.note_status(key, red=True, reimbursed=True, source="centre", source_reference="ST-1")
    bill = parties["auditor"].vouchers.get_remote_bill(CODE, visit.number).record
    assert (bill.state, bill.reimbursed, bill.status.reference) == ("red_flushed", True, "ST-1")
    kept = parties["auditor"].vouchers.get_remote_voucher(REGION, visit.settlement_id).record
    assert (kept.red, kept.reimbursed, kept.fetched.source) == (True, True, "centre")
    trace = told(parties["auditor"].vouchers.trace_remote_voucher(REGION, visit.settlement_id))
    assert trace == ["store", "status"]
