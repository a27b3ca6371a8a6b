"""Filings for treatment elsewhere (参保人备案): registered, changed, revoked, by account."""

import pytest

from contracts.filing.records import filing_key
from tests.scenarios.looking import denial, evident, let_read, told
from tests.scenarios.papers import fresh_id
from tests.scenarios.papers_insured import filing, fresh_person, with_account
from tests.scenarios.parties import Parties, refusal

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.mark.clause("2.2.1.2")
def test_a_filing_is_on_the_chain_and_stands_in_its_persons_account(parties: Parties) -> None:
    desk, auditor = parties["bureau desk"].filings, parties["auditor"].filings
    person, account_id = with_account(parties)
    filing_id = fresh_id("BA4601")
    document = filing(person, filing_id)
    made = desk.register(document)
    assert (made.account_id, len(made.tx_hash)) == (account_id, 64)
    record = auditor.get(filing_id).record
    assert (record.public.insured_region, record.public.treatment_region) == ("460100", "430100")
    assert (record.public.begin_date, record.public.end_date) == ("20240801", "")
    assert (record.state, record.version, record.home_chain) == ("filed", 1, "province")
    listed = auditor.get_filings_of_account(account_id).record.filings
    assert [one.filing_id for one in listed] == [filing_id]
    assert person["certno"].encode() not in evident(parties, "auditor", filing_key(filing_id))
    assert let_read(parties, filing_key(filing_id), account_id).document == document
    assert refusal(lambda: desk.register(document)) == "FILING_EXISTS"
    other = filing(person, fresh_id("BA4601"))
    assert refusal(lambda: desk.register(other)) == "FILING_OVERLAP"


@pytest.mark.clause("2.2.1.2")
def test_a_filing_is_changed_and_revoked_with_all_its_terms_in_its_trace(parties: Parties) -> None:
    desk = parties["bureau desk"].filings
    person, account_id = with_account(parties)
    filing_id = fresh_id("BA4601")
    desk.register(filing(person, filing_id))
    ended = filing(person, filing_id, enddate="20991231", mdtrtarea_admdvs="440100")
    desk.change(ended, supersedes=1)
    record = desk.get(filing_id).record
    assert (record.version, record.public.treatment_region) == (2, "440100")
    assert refusal(lambda: desk.change(ended, supersedes=1)) == "FILING_VERSION_STALE"
    begun = filing(person, filing_id, begndate="2024-09-01")
    assert refusal(lambda: desk.change(begun, supersedes=2)) == "FILING_MISMATCH"
    revoke = lambda: desk.revoke(filing_id, reason="返回参保地")  # noqa: E731
    assert len(revoke().tx_hash) == 64
    assert (desk.get(filing_id).record.state, desk.get(filing_id).record.reason) == (
        "revoked",
        "返回参保地",
    )
    assert not desk.get_filings_of_account(account_id).record.filings
    assert refusal(revoke) == "FILING_REVOKED"
    assert told(parties["auditor"].filings.trace(filing_id)) == [
        "register",
        "change",
        "change FILING_VERSION_STALE",
        "change FILING_MISMATCH",
        "revoke",
        "revoke FILING_REVOKED",
    ]


@pytest.mark.clause("2.2.1.2")
def test_a_filing_is_the_bureaus_to_register_and_always_somebodys(parties: Parties) -> None:
    filing_id = fresh_id("BA4601")
    mine = filing(with_account(parties)[0], filing_id)
    assert denial(lambda: parties["hospital desk"].filings.register(mine)) == "NOT_PERMITTED"
    nobodys = filing(fresh_person(), fresh_id("BA4601"))
    desk = parties["bureau desk"].filings
    assert denial(lambda: desk.register(nobodys)) == "CUSTODIAN_ACCOUNT_MISSING"
    desk.register(mine)
    theirs = filing(with_account(parties)[0], filing_id, enddate="20991231")
    assert denial(lambda: desk.change(theirs, supersedes=1)) == "CUSTODIAN_IDENTITY_CONFLICT"
