"""Digital accounts (数字账户): opened by an archive; bills, archives and settlements find them."""

import pytest

from contracts.account import AccountRecord, next_item_head
from crypto.suites import GM
from ledger.records import decode
from ledger.trace import EMPTY_HEAD
from node.client import Client
from proto.archive_pb2 import ArchiveCheck
from tests.scenarios.looking import actions, denial, events, proved
from tests.scenarios.papers import CODE, fresh_id, fresh_number
from tests.scenarios.papers_persons import (
    CHECKS,
    archive,
    archive_code,
    bill_of,
    new_person,
    settlement_of,
)
from tests.scenarios.parties import Parties, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

PASSED = [
    ArchiveCheck(code=code, result=result)
    for code, result in (one.split(":") for one in CHECKS.split(","))
]


def items(client: Client, account_id: str) -> list[str]:
    """The objects of an account in order; its leaf, proved with them, says that these are all."""
    trace = client.accounts.trace(account_id)
    record = decode(AccountRecord, trace.state.value)
    found = [
        str(event["details"]["object"]) for event in events(trace) if event["action"] == "attach"
    ]
    head = EMPTY_HEAD
    for key in found:
        head = next_item_head(GM, head, key)
    assert (record.item_count, record.item_head) == (len(found), head)
    return found


@pytest.mark.clause("2.2.1.5.1")
def test_an_archives_person_gets_one_account_under_a_random_id(parties: Parties) -> None:
    person, desk = new_person(), parties["bureau desk"]
    record, content = archive(person)
    done = desk.accounts.open(record, content=content)
    assert len(bytes.fromhex(done.tx_hash)) == 32
    account = desk.accounts.get(done.account_id)
    assert (account.record.id_type, account.record.insured_type) == ("01", "310")
    assert len(account.record.public_key) == 65
    key = f"account/{done.account_id}"
    assert proved(parties, "province", key, account.state) == account.state.value
    assert actions(desk.accounts.trace(done.account_id)) == ["open"]
    again = desk.accounts.open(record, content=content)
    assert (again.account_id, again.receipts) == (done.account_id, ())


@pytest.mark.clause("2.2.1.5.1")
def test_only_the_custodian_opens_accounts_and_nobody_is_named_on_the_chain(
    parties: Parties,
) -> None:
    person = new_person()
    record, content = archive(person)

    def opening(party: str) -> str:
        return denial(lambda: parties[party].accounts.open(record, content=content))

    others = ("bureau clerk", "hospital desk", "stranger")
    assert {opening(other) for other in others} == {"NOT_PERMITTED"}
    desk = parties["bureau desk"]
    before = desk.status().height
    account_id = desk.accounts.open(record, content=content).account_id
    kept = desk.accounts.get(account_id).state.record_json
    blocks = [desk.block(height) for height in range(before + 1, desk.status().height + 1)]
    written = b"".join(one.body for block in blocks for one in block.transactions)
    assert account_id.encode() in written
    for named in (person["certno"], person["psn_no"], person["psn_name"]):
        assert named.encode() not in written + kept


@pytest.mark.clause("2.2.1.5.2", "2.2.1.4.1.1")
def test_a_bill_waits_until_its_payers_account_is_open(parties: Parties) -> None:
    person, number, desk = new_person(), fresh_number(), parties["bureau desk"]
    parties["finance desk"].bills.issue_blue(bill_of(person, number, fresh_id()))
    until(lambda: desk.bills.get(CODE, number).HasField("record"))
    key = f"bill/{CODE}-{number}"
    assert desk.bills.get(CODE, number).record.account_id == ""
    waiting = {one.object: one.reason for one in desk.list_unbound()}
    assert "no account is open" in waiting[key]
    record, content = archive(person)
    opened = desk.accounts.open(record, content=content)
    assert desk.bills.get(CODE, number).record.account_id == opened.account_id
    assert items(desk, opened.account_id) == [key]
    assert key not in [one.object for one in desk.list_unbound()]
    assert actions(desk.bills.trace(CODE, number))[-1] == "attach"


@pytest.mark.clause("2.2.1.5.2")
def test_a_bill_of_a_known_payer_belongs_to_them_when_it_arrives(parties: Parties) -> None:
    person, number, desk = new_person(), fresh_number(), parties["bureau desk"]
    record, content = archive(person)
    account_id = desk.accounts.open(record, content=content).account_id
    parties["finance desk"].bills.issue_blue(bill_of(person, number, fresh_id()))
    arrived = until(
        lambda: desk.bills.get(CODE, number).record if items(desk, account_id) else None
    )
    assert arrived.account_id == account_id
    assert items(desk, account_id) == [f"bill/{CODE}-{number}"]


@pytest.mark.clause("2.2.1.5.2")
def test_a_bill_that_names_nobody_is_given_to_an_owner_by_a_clerk(parties: Parties) -> None:
    number, desk = fresh_number(), parties["bureau desk"]
    masked = dict(new_person(), certno="469900********0011", psn_no="")
    parties["finance desk"].bills.issue_blue(bill_of(masked, number, fresh_id()))
    until(lambda: desk.bills.get(CODE, number).HasField("record"))
    key = f"bill/{CODE}-{number}"
    by_rules = desk.accounts.attach(key)
    assert (by_rules.attribution, by_rules.receipts) == ("unbound", ())
    record, content = archive(new_person())
    account_id = desk.accounts.open(record, content=content).account_id
    decided = desk.accounts.attach(key, account_id=account_id)
    assert decided.attribution == "person"
    assert desk.bills.get(CODE, number).record.account_id == account_id
    assert desk.accounts.attach(key, account_id=account_id).receipts == ()


@pytest.mark.clause("2.2.1.5.3")
def test_an_archive_belongs_to_the_person_it_is_about(parties: Parties) -> None:
    person, desk = new_person(), parties["bureau desk"]
    code = archive_code(person)
    record, content = archive(person, M8档号=code)
    kept = parties["archive desk"].archives.register(record, checks=PASSED, content=content)
    assert kept.attribution == "unbound"
    account_id = desk.accounts.open(record, content=content).account_id
    assert desk.archives.get(code).record.account_id == account_id
    assert items(desk, account_id) == [f"archive/{code}"]
    changed, content = archive(person, attachments="变更", M8档号=code)
    desk.archives.update(changed, checks=PASSED, supersedes=1, content=content)
    assert desk.archives.get(code).record.account_id == account_id
    other, content = archive(new_person(), M8档号=code)
    stolen = lambda: desk.archives.update(  # noqa: E731
        other, checks=PASSED, supersedes=2, content=content
    )
    assert denial(stolen) == "CUSTODIAN_IDENTITY_CONFLICT"


@pytest.mark.clause("2.2.1.5.4", "2.2.1.5.2")
def test_a_settlement_belongs_to_its_insured_person_and_brings_its_bill(
    parties: Parties,
) -> None:
    person, number, settlement_id = new_person(), fresh_number(), fresh_id()
    desk = parties["bureau desk"]
    masked = dict(person, certno=f"{person['certno'][:6]}********{person['certno'][14:]}")
    unnamed = bill_of(dict(masked, psn_no=""), number, settlement_id)
    parties["finance desk"].bills.issue_blue(unnamed)
    until(lambda: desk.bills.get(CODE, number).HasField("record"))
    document = settlement_of(person, settlement_id, number)
    too_early = lambda: parties["hospital desk"].settlements.upload(document)  # noqa: E731
    assert denial(too_early) == "CUSTODIAN_CALLER_NOT_ALLOWED"
    done = desk.settlements.upload(document)
    settled = desk.settlements.get(settlement_id).record
    assert settled.account_id == done.account_id == desk.bills.get(CODE, number).record.account_id
    assert items(desk, done.account_id) == [
        f"settlement/{settlement_id}",
        f"bill/{CODE}-{number}",
    ]


@pytest.mark.clause("2.2.1.5.5")
def test_an_accounts_items_are_asked_for_and_the_list_is_complete(parties: Parties) -> None:
    person, number, settlement_id = new_person(), fresh_number(), fresh_id()
    desk, code = parties["bureau desk"], archive_code(person)
    record, content = archive(person, M8档号=code)
    account_id = desk.archives.register(record, checks=PASSED, content=content).account_id
    parties["finance desk"].bills.issue_blue(bill_of(person, number, settlement_id))
    until(lambda: desk.bills.get(CODE, number).HasField("record"))
    parties["hospital desk"].settlements.upload(settlement_of(person, settlement_id, number))
    found = items(parties["auditor"], account_id)
    assert found == [
        f"archive/{code}",
        f"bill/{CODE}-{number}",
        f"settlement/{settlement_id}",
    ]
    assert all(account_id.encode() in desk.state(key).record_json for key in found)
    nobody = desk.accounts.get("00" * 16)
    assert not nobody.HasField("record")
    assert proved(parties, "province", f"account/{'00' * 16}", nobody.state) is None
