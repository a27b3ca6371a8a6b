"""Archives: whose they are, which versions, and what an update may not do to its owner."""

import pytest

from documents.archive_json import join_archive
from proto.archive_pb2 import RegisterArchiveRequest
from tests.node.custodian import papers
from tests.node.custodian.papers import ARCHIVE_CODE, CHECKS, ONE, TWO
from tests.node.custodian.stage import (
    Chain,
    body_of,
    check_nothing_personal,
    methods,
    national_chain,
    refused,
    sample,
)

KEY = f"archive/{ARCHIVE_CODE}"


def registered(chain: Chain, who: str = "desk") -> str:
    record, content = papers.archive()
    return chain.do(who, "archive.register", record, content=content, checks=CHECKS).account_id


def test_a_custodian_registers_and_opens_the_account_in_the_open(province: Chain) -> None:
    record, content = papers.archive()
    reply = province.do("desk", "archive.register", record, content=content, checks=CHECKS)
    assert methods(reply) == ["account.open", "archive.register"]
    assert (reply.object, reply.attribution) == (KEY, "certificate")
    assert province.owned(KEY).account_id == reply.account_id != ""
    plain = province.custodian._desk.payloads.open(province.custodian._desk.payloads.find(KEY))
    assert plain.document == join_archive(record, content.encode())
    again = province.prepare("desk", "archive.register", record, content=content, checks=CHECKS)
    assert methods(again) == ["archive.register"]
    check_nothing_personal(province, reply, again)


@pytest.mark.parametrize("who", ["archivist", "clerk"])
def test_who_may_open_no_account_finds_one_or_leaves_it_unbound(province: Chain, who: str) -> None:
    record, content = papers.archive()
    reply = province.do(who, "archive.register", record, content=content, checks=CHECKS)
    assert methods(reply) == ["archive.register"]
    assert (reply.attribution, reply.account_id) == ("unbound", "")
    assert "no account is open" in reply.attribution_reason
    assert province.owned(KEY).account_id == ""
    opened = province.do("desk", "account.open", record, content=content)
    assert methods(opened) == ["account.open", "account.attach"]
    assert province.owned(KEY).account_id == opened.account_id
    check_nothing_personal(province, reply, opened)


def test_the_archive_system_finds_an_open_account(province: Chain) -> None:
    opened = province.do("desk", "account.open", sample("archive_01_record.json"))
    assert registered(province, "archivist") == opened.account_id
    assert province.owned(KEY).account_id == opened.account_id


def test_an_archive_completes_what_is_known_of_its_person(province: Chain) -> None:
    """What the archive adds leads to the account from then on, and to what waited under it."""
    card = {name: text for name, text in ONE.items() if name != "psn_no"}
    record, content = papers.archive(card)
    account = province.do("desk", "account.open", record, content=content).account_id
    bare = papers.application({"psn_name": "测试甲", "psn_no": ONE["psn_no"]})
    assert province.do("desk", "reimbursement.receive", bare).attribution == "unbound"
    record, content = papers.archive()
    reply = province.do("desk", "archive.register", record, content=content, checks=CHECKS)
    assert methods(reply) == ["archive.register", "account.attach"]
    assert province.owned("reimbursement/BX460100202401010001").account_id == account


def test_the_account_of_an_archive_takes_what_waited(province: Chain) -> None:
    waiting = province.do("desk", "bill.issue_blue", sample("ebill_out_01.xml"))
    assert waiting.attribution == "unbound"
    record, content = papers.archive()
    reply = province.do("desk", "archive.register", record, content=content, checks=CHECKS)
    assert methods(reply) == ["account.open", "archive.register", "account.attach"]
    assert province.owned(waiting.object).account_id == reply.account_id


def test_an_enterprise_archive_belongs_to_nobody(province: Chain) -> None:
    record, content = papers.enterprise_archive()
    reply = province.do("desk", "archive.register", record, content=content, checks=CHECKS)
    assert (methods(reply), reply.attribution) == (["archive.register"], "none")
    assert province.owned(reply.object).account_id == ""
    assert list(province.custodian._people.all_waiting()) == []
    update = papers.enterprise_archive()[0]
    options = {"content": content, "checks": CHECKS, "supersedes": "1"}
    assert province.do("desk", "archive.update", update, **options).attribution == "none"
    assert list(province.custodian._people.all_waiting()) == []


def test_a_masked_number_binds_nothing_and_an_insured_number_does(province: Chain) -> None:
    account = registered(province)
    masked = {**ONE, "certno": "469900********9992"}
    bare = {name: text for name, text in masked.items() if name != "psn_no"}
    for number, (person, found) in enumerate(((bare, "unbound"), (masked, "insured_number"))):
        record, content = papers.archive(person, M8档号=f"YB99-{number}")
        reply = province.do("desk", "archive.register", record, content=content, checks=CHECKS)
        assert reply.attribution == found
        assert reply.account_id == (account if found != "unbound" else "")
    other = {**masked, "certno": "469900********0000"}
    record, content = papers.archive(other, M8档号="YB99-9")
    reply = province.prepare("desk", "archive.register", record, content=content, checks=CHECKS)
    assert (reply.attribution, reply.account_id) == ("unbound", "")
    assert "clerk" in reply.attribution_reason


def test_numbers_of_two_persons_bind_nothing(province: Chain) -> None:
    registered(province)
    record, content = papers.archive(TWO, M8档号="YB99-2")
    province.do("desk", "archive.register", record, content=content, checks=CHECKS)
    mixed = {**ONE, "psn_no": TWO["psn_no"]}
    record, content = papers.archive(mixed, M8档号="YB99-3")
    reply = province.do("desk", "archive.register", record, content=content, checks=CHECKS)
    assert (reply.attribution, methods(reply)) == ("unbound", ["archive.register"])


def test_an_update_is_its_owners(province: Chain) -> None:
    account = registered(province)
    record, content = papers.archive(M50页数=3)
    options = {"content": content, "checks": CHECKS, "supersedes": "1"}
    reply = province.do("desk", "archive.update", record, **options)
    assert (reply.account_id, reply.object) == (account, KEY)
    assert province.owned(KEY).account_id == account
    assert province.owned(f"archive_version/{ARCHIVE_CODE}~1").account_id == account
    record, content = papers.archive(TWO, M50页数=4)
    options = {"content": content, "checks": CHECKS, "supersedes": "2"}
    refused(
        province,
        "CUSTODIAN_IDENTITY_CONFLICT",
        lambda: province.prepare("desk", "archive.update", record, **options),
    )
    check_nothing_personal(province, reply)


def test_an_update_may_mask_what_it_named_before(province: Chain) -> None:
    account = registered(province)
    masked = {"psn_name": "测试甲", "psn_cert_type": "01", "certno": "469900********9992"}
    record, content = papers.archive(masked)
    options = {"content": content, "checks": CHECKS, "supersedes": "1"}
    assert province.do("desk", "archive.update", record, **options).account_id == account
    record, content = papers.archive({**masked, "certno": "469900********9985"})
    refused(
        province,
        "CUSTODIAN_IDENTITY_CONFLICT",
        lambda: province.prepare(
            "desk", "archive.update", record, content=content, checks=CHECKS, supersedes="2"
        ),
    )


def test_all_versions_of_an_unbound_archive_are_attached(province: Chain) -> None:
    registered(province, "archivist")
    record, content = papers.archive(M50页数=3)
    options = {"content": content, "checks": CHECKS, "supersedes": "1"}
    reply = province.do("archivist", "archive.update", record, **options)
    assert (reply.attribution, reply.account_id) == ("unbound", "")
    opened = province.do("desk", "account.open", record, content=content)
    assert methods(opened) == ["account.open", "account.attach", "account.attach"]
    for key in (KEY, f"archive_version/{ARCHIVE_CODE}~1"):
        assert province.owned(key).account_id == opened.account_id


def test_an_account_that_opens_meanwhile_does_not_lock_an_unbound_archive(province: Chain) -> None:
    """A version of an unbound archive is sealed to who can open it again: the organisation."""
    registered(province, "archivist")
    record, content = papers.archive(TWO, M8档号="YB99-2")
    province.do("desk", "archive.register", record, content=content, checks=CHECKS)
    province.do("desk", "settlement.upload", sample("setl_2207_bill01.json"))
    record, content = papers.archive(M50页数=3)
    options = {"content": content, "checks": CHECKS, "supersedes": "1"}
    unbound = papers.archive({"psn_name": "测试甲", "certno": "469900********9992"}, M8档号="Y-4")
    province.do("archivist", "archive.register", unbound[0], content=unbound[1], checks=CHECKS)
    named = papers.archive(M8档号="Y-4")
    reply = province.do(
        "archivist", "archive.update", named[0], content=named[1], checks=CHECKS, supersedes="1"
    )
    assert reply.attribution == "unbound"
    attached = province.do("desk", "account.attach", object="archive/Y-4")
    assert province.owned("archive/Y-4").account_id == attached.account_id != ""
    assert methods(province.prepare("desk", "archive.update", record, **options)) == [
        "archive.update"
    ]


def test_refusals_of_documents(province: Chain) -> None:
    record, content = papers.archive()
    joined = join_archive(record, content.encode())
    cases = [
        ("ARCHIVE_CONTENT", record, content + " "),
        ("ARCHIVE_CONTENT", joined + b" ", ""),
        ("PAYLOAD_MALFORMED", b"\xff\xff\xff\xff" + record, ""),
        ("IDENTIFIER_INVALID", *papers.archive({**ONE, "certno": "469900198403129993"})),
        ("ELEMENT_INVALID", *papers.archive(M8档号="a b")),
    ]
    for code, document, text in cases:
        options = {"checks": CHECKS, **({"content": text} if text else {})}
        refused(
            province,
            code,
            lambda d=document, o=options: province.prepare("desk", "archive.register", d, **o),
        )
    options = {"content": content, "checks": CHECKS, "supersedes": "1"}
    refused(
        province,
        "ARCHIVE_NOT_FOUND",
        lambda: province.prepare("desk", "archive.update", record, **options),
    )


def test_an_archive_that_no_block_takes_leaves_no_trace(province: Chain) -> None:
    record, content = papers.archive(attachments=["海" * 1000] * 700)
    options = {"content": content, "checks": CHECKS}
    for who in ("archivist", "desk"):
        refused(
            province,
            "REQUEST_TOO_LARGE",
            lambda w=who: province.prepare(w, "archive.register", record, **options),
        )


def test_without_persons_an_archive_is_the_organisations() -> None:
    chain = national_chain()
    chain.actors["archivist"] = ("national", ("archive",))
    chain.__post_init__()
    chain.begin(chain.genesis())
    record, content = papers.archive()
    reply = chain.do("archivist", "archive.register", record, content=content, checks=CHECKS)
    assert (reply.attribution, reply.account_id) == ("none", "")
    request = RegisterArchiveRequest.FromString(body_of(reply.bodies[0]).operations[0])
    own = chain.suite.public_key(chain.own_key)
    assert [key.recipient for key in request.payload.keys] == [own]
