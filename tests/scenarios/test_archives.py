"""Archives: catalogued, checked, on the chain; updated, read, carried, revoked here and there."""

import json

import pytest

from contracts.archive.records import archive_key, version_key
from documents.archive_json import split_archive
from node.client.outcome import Recorded
from proto.archive_pb2 import ArchiveCheck
from tests.scenarios.looking import denial, evident, let_read, told
from tests.scenarios.papers_insured import (
    MOVED,
    PAID,
    benefit_archive,
    company_archive,
    fresh_archive_code,
    fresh_person,
    with_account,
)
from tests.scenarios.parties import Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

CHECKS = [
    ArchiveCheck(code=f"GD-{number}-1", result="passed") for number in (1, 2, 3, 4)
]  # 真实性 完整性 可用性 安全性


def register(parties: Parties, papers: tuple[bytes, str], party: str = "archive desk") -> Recorded:
    record, content = papers
    return parties[party].archives.register(record, checks=CHECKS, content=content)


def update(parties: Parties, papers: tuple[bytes, str], supersedes: int) -> Recorded:
    record, content = papers
    return parties["archive desk"].archives.update(
        record, checks=CHECKS, supersedes=supersedes, content=content
    )


def carried(parties: Parties) -> tuple[str, dict[str, str]]:
    """An archive that stands on the government chain too, and whose it is."""
    person, _ = with_account(parties)
    code = fresh_archive_code()
    register(parties, benefit_archive(person, code))
    parties["archive desk"].archives.carry(code)
    until(lambda: carrying(parties, code) == "carried")
    return code, person


def state(parties: Parties, code: str, party: str = "archive desk") -> str:
    return str(parties[party].archives.get(code).record.state)


def carrying(parties: Parties, code: str, version: int = 1) -> str:
    """How far a version is on its way to the government chain."""
    return str(parties["archive desk"].archives.get_version(code, version).record.carrying)


@pytest.mark.clause(
    "2.2.1.4.7.1", "2.2.1.4.7.4", "2.2.1.5.3", "2.2.1.6.16.4", "2.2.1.6.16.5", "2.2.1.6.16.7"
)
def test_an_archive_is_catalogued_checked_and_read_by_whom_its_person_lets(
    parties: Parties,
) -> None:
    person, account_id = with_account(parties)
    code = fresh_archive_code()
    papers = benefit_archive(person, code)
    made = register(parties, papers)
    assert (made.attribution, made.account_id) == ("certificate", account_id)
    assert len(made.tx_hash) == 64
    record = parties["auditor"].archives.get(code).record
    assert (record.version, record.public.category, record.public.year) == (1, "CBBG", "2024")
    assert [one.result for one in record.checks] == ["passed"] * 4
    assert person["psn_name"].encode() not in evident(parties, "auditor", archive_key(code))
    read = let_read(parties, archive_key(code), account_id)
    assert split_archive(read.document) == (papers[0], papers[1].encode())
    content = json.loads(split_archive(read.document)[1])
    assert (content["缴费记录"], content["社保转移"]) == (PAID, MOVED)
    assert content["参保人"]["证件号码"] == person["certno"]
    assert content["变更事项"]
    trace = told(parties["auditor"].archives.trace(code))
    assert trace == ["register", "authorize", "read"]
    assert refusal(lambda: register(parties, papers)) == "ARCHIVE_EXISTS"


@pytest.mark.clause("2.2.1.4.7.1", "2.2.1.6.16.4")
def test_what_is_not_checked_or_not_the_keepers_is_refused(parties: Parties) -> None:
    record, content = company_archive(fresh_archive_code())
    desk = parties["archive desk"].archives
    half = lambda: desk.register(record, checks=CHECKS[:3], content=content)  # noqa: E731
    assert refusal(half) == "ARCHIVE_CHECKS_INCOMPLETE"
    failed = [*CHECKS[:3], ArchiveCheck(code="GD-4-1", result="failed")]
    bad = lambda: desk.register(record, checks=failed, content=content)  # noqa: E731
    assert refusal(bad) == "ARCHIVE_CHECK_FAILED"
    made = register(parties, (record, content))
    assert (made.attribution, made.account_id) == ("none", "")


@pytest.mark.clause("2.2.1.4.7.2", "2.2.1.6.16.6", "2.2.1.6.16.7")
def test_an_update_supersedes_and_keeps_what_was(parties: Parties) -> None:
    person, account_id = with_account(parties)
    code = fresh_archive_code()
    register(parties, benefit_archive(person, code))
    before = parties["archive desk"].archives.get(code).record
    changed = benefit_archive(person, code, 3, 变更事项=[{"字段": "人员类别", "变更后": "1102"}])
    assert len(update(parties, changed, 1).tx_hash) == 64
    record = parties["auditor"].archives.get(code).record
    assert (record.version, record.public.page_count, record.account_id) == (2, 3, account_id)
    old = parties["auditor"].archives.get_version(code, 1).record
    assert (old.pcommit, old.until_ms) == (before.pcommit, record.since_ms)
    assert refusal(lambda: update(parties, changed, 1)) == "ARCHIVE_VERSION_STALE"
    read = let_read(parties, archive_key(code), account_id)
    assert json.loads(split_archive(read.document)[1])["变更事项"][0]["变更后"] == "1102"
    assert (
        split_archive(let_read(parties, version_key(code, 1), account_id).document)[0] != changed[0]
    )
    trace = told(parties["auditor"].archives.trace(code))
    assert trace[:3] == ["register", "update", "update ARCHIVE_VERSION_STALE"]


@pytest.mark.clause("2.2.1.4.7.2")
def test_an_update_of_another_person_or_by_a_stranger_is_refused(parties: Parties) -> None:
    person, _ = with_account(parties)
    code = fresh_archive_code()
    register(parties, benefit_archive(person, code))
    other = benefit_archive(with_account(parties)[0], code)
    assert denial(lambda: update(parties, other, 1)) == "CUSTODIAN_IDENTITY_CONFLICT"
    revoke = lambda: parties["hospital desk"].archives.revoke(code, reason="错")  # noqa: E731
    assert refusal(revoke) == "NOT_PERMITTED"
    assert parties["auditor"].archives.get(code).record.version == 1


@pytest.mark.clause("2.2.1.6.1", "2.2.1.6.16.7", "2.2.1.3.1")
def test_an_archive_and_its_update_are_carried_to_the_government_chain(parties: Parties) -> None:
    code, person = carried(parties)
    here = parties["auditor"].archives.get(code).record
    there = parties["government desk"].archives.get(code).record
    assert (there.home_chain, there.version, there.pcommit) == ("province", 1, here.pcommit)
    sent = parties["auditor"].archives.get_version(code, 1).record
    assert (here.carried_version, here.on_the_way, sent.attempts) == (1, 0, 1)
    assert list(there.checks) == list(here.checks)
    carry = lambda: parties["archive desk"].archives.carry(code)  # noqa: E731
    assert refusal(carry) == "ALREADY_CARRIED"
    foreign = lambda: parties["government desk"].archives.revoke(code, reason="错")  # noqa: E731
    assert refusal(foreign) == "ARCHIVE_FOREIGN"
    update(parties, benefit_archive(person, code, 5), 1)
    carry()
    until(lambda: carrying(parties, code, 2) == "carried")
    there = parties["government desk"].archives.get(code).record
    assert (there.version, there.public.page_count) == (2, 5)
    assert evident(parties, "government desk", archive_key(code))
    trace = told(parties["auditor"].archives.trace(code))
    assert trace.count("carried") == 2
    assert "carry ALREADY_CARRIED" in trace


@pytest.mark.clause("2.2.1.4.7.2", "2.2.1.6.1", "2.2.1.6.16.7")
def test_a_revocation_is_carried_too(parties: Parties) -> None:
    code, person = carried(parties)
    desk = parties["archive desk"].archives
    assert len(desk.revoke(code, reason="参保关系终止").tx_hash) == 64
    assert state(parties, code) == "to_recall"
    assert state(parties, code, "government desk") == "in_force"
    desk.carry(code)
    until(lambda: state(parties, code) == "recalled")
    there = parties["government desk"].archives.get(code).record
    assert (there.state, there.reason) == ("revoked", "参保关系终止")
    again = lambda: update(parties, benefit_archive(person, code), 1)  # noqa: E731
    assert refusal(again) == "ARCHIVE_REVOKED"
    assert told(parties["government desk"].archives.trace(code)) == ["register", "revoke"]


@pytest.mark.clause("2.2.1.6.1", "2.2.1.6.16.7", "2.2.1.3.4")
def test_a_failed_carriage_is_saved_with_its_reason_and_compensated(parties: Parties) -> None:
    """The government chain has an archive of its own under the number, and keeps it."""
    code, desk = fresh_archive_code(), parties["archive desk"].archives
    register(parties, company_archive(code), "government desk")
    register(parties, benefit_archive(fresh_person(), code))
    assert refusal(lambda: desk.compensate(code)) == "NOTHING_TO_COMPENSATE"
    desk.carry(code)
    until(lambda: carrying(parties, code) == "carry_failed")
    assert "FAIL_SAVED ARCHIVE_EXISTS" in told(desk.trace_version(code, 1))
    assert refusal(lambda: desk.carry(code)) == "CARRY_FAILED"
    assert len(desk.compensate(code).tx_hash) == 64
    assert desk.get_version(code, 1).record.attempts == 2
    until(lambda: carrying(parties, code) == "carry_failed")
    assert told(desk.trace_version(code, 1)).count("FAIL_SAVED ARCHIVE_EXISTS") == 2
    assert told(desk.trace(code)).count("carry_failed ARCHIVE_EXISTS") == 2
    assert parties["government desk"].archives.get(code).record.home_chain == "government"
