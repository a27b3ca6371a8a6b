"""Preparing: who may, what is refused, what is found, and that nothing is written for a refusal."""

import json
import threading
from collections.abc import Callable
from functools import partial

from documents.archive_json import join_archive
from proto.contracts_pb2 import IssueBlueRequest, RevokeIdentityRequest
from proto.services_pb2 import PrepareRequest
from tests.node.custodian.stage import (
    Chain,
    body_of,
    province_chain,
    refused,
    sample,
)


def test_kinds_sizes_and_options(province: Chain) -> None:
    blue = sample("ebill_out_01.xml")
    huge = bytes(4 * 1024 * 1024 + 1)
    key = {"code": "46060124", "number": "0000000101"}
    cases: list[tuple[str, Callable[[], object]]] = [
        ("CUSTODIAN_KIND_INVALID", lambda: province.prepare("desk", "", blue)),
        ("CUSTODIAN_KIND_INVALID", lambda: province.prepare("desk", "bill.green", blue)),
        ("REQUEST_TOO_LARGE", lambda: province.prepare("desk", "bill.issue_blue", huge)),
        ("REQUEST_INVALID", lambda: province.prepare("desk", "bill.issue_red", blue)),
        ("REQUEST_INVALID", lambda: province.prepare("desk", "bill.verify")),
        ("REQUEST_INVALID", lambda: province.prepare("desk", "bill.verify", code="1", number="2")),
        ("REQUEST_INVALID", lambda: province.prepare("desk", "voucher.report", **key)),
        (
            "OBJECT_NOT_FOUND",
            lambda: province.prepare("desk", "voucher.report", settlement_id="1", **key),
        ),
        ("REQUEST_INVALID", lambda: province.prepare("desk", "account.attach")),
        ("OBJECT_NOT_FOUND", lambda: province.prepare("desk", "account.attach", object="bill/1")),
        ("REQUEST_INVALID", lambda: province.prepare("desk", "account.attach", object="x" * 1000)),
        (
            "OBJECT_NOT_FOUND",
            lambda: province.prepare("desk", "account.attach", object="identity/00"),
        ),
    ]
    for code, call in cases:
        refused(province, code, call)
    options = {f"option{n}": "x" for n in range(17)}
    refused(
        province, "REQUEST_TOO_LARGE", lambda: province.prepare("desk", "bill.verify", **options)
    )


def test_callers(province: Chain) -> None:
    document = sample("setl_2207_bill01.json")
    for actor in ("insurer", "router"):
        refused(
            province,
            "NOT_PERMITTED",
            partial(province.prepare, actor, "settlement.upload", document),
        )
    for signer in (b"", b"\x04" * 65, bytes(10_000)):
        request = PrepareRequest(kind="settlement.upload", document=document, signer=signer)
        refused(province, "UNKNOWN_IDENTITY", partial(province.custodian.Prepare, request))


def test_a_revoked_caller() -> None:
    chain = province_chain()
    chain.actors["governor"] = ("bureau", ("governance",))
    chain.__post_init__()
    chain.begin(chain.genesis())
    request = RevokeIdentityRequest(public_key=chain.keys["desk"].public_key, reason="lost")
    assert chain.call("governor", "identity", "revoke", request).code == "OK"
    document = sample("setl_2207_bill01.json")
    refused(chain, "IDENTITY_REVOKED", lambda: chain.prepare("desk", "settlement.upload", document))


def edited(name: str, old: str, new: str) -> bytes:
    raw = sample(name)
    assert old.encode() in raw
    return raw.replace(old.encode(), new.encode())


def test_hostile_bills(finance: Chain) -> None:
    dtd = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    cases = [
        ("XML_MALFORMED", b""),
        ("XML_MALFORMED", b"<EInvoice>"),
        ("XML_FORBIDDEN", dtd),
        ("DOCUMENT_ENCODING", b"\xff\xfe" + sample("ebill_out_01.xml")),
        ("EBILL_SIGNATURE", edited("ebill_out_01.xml", "测试甲", "测试乙")),
        ("AMOUNT_INVALID", edited("ebill_out_01.xml", "231.40", "1e3")),
    ]
    for code, document in cases:
        refused(finance, code, partial(finance.prepare, "desk", "bill.issue_blue", document))


def test_a_bill_whose_signer_is_unknown_is_a_finding(finance: Chain) -> None:
    finance.custodian._desk.institutions._by_uscc.clear()  # type: ignore[union-attr]
    reply = finance.prepare("desk", "bill.issue_blue", sample("ebill_out_01.xml"))
    found = [(one.code, one.grade, one.field) for one in reply.findings]
    assert ("BILL_SIGNER_UNKNOWN", "warn", "signature.issuer") in found
    request = IssueBlueRequest.FromString(body_of(reply.bodies[0]).operations[0])
    assert list(request.findings) == list(reply.findings)


def test_every_preparation_has_its_own_secret(finance: Chain) -> None:
    forms = [
        IssueBlueRequest.FromString(
            body_of(
                finance.prepare("desk", "bill.issue_blue", sample("ebill_out_01.xml")).bodies[0]
            ).operations[0]
        )
        for _ in range(3)
    ]
    assert len({one.form.private_root for one in forms}) == 3
    assert len({one.payload.ciphertext for one in forms}) == 3
    assert {one.account_id for one in forms} == {""}


def test_an_organisation_keeps_no_persons(finance: Chain) -> None:
    finance.actors["custodian"] = ("finance", ("custodian", "bureau"))
    finance.__post_init__()
    finance.begin(finance.genesis())
    cases = [
        ("account.open", sample("archive_01_record.json")),
        ("settlement.upload", sample("setl_2207_bill01.json")),
        ("account.attach", b""),
    ]
    for kind, document in cases:
        options = {"object": "bill/1"} if kind == "account.attach" else {}
        refused(
            finance,
            "CUSTODIAN_NO_PERSONS",
            partial(finance.prepare, "custodian", kind, document, **options),
        )


def settlement(**changes: str) -> bytes:
    message = json.loads(sample("setl_2207_bill01.json"))
    message["response"]["output"]["setlinfo"].update(changes)
    for name in ("psn_no",):
        if name in changes:
            message["request"]["input"]["data"][name] = changes[name]
    return json.dumps(message, ensure_ascii=False).encode()


def test_hostile_settlements(province: Chain) -> None:
    cases = [
        ("JSON_MALFORMED", b""),
        ("DOCUMENT_TOO_LARGE", b"[" * 100_000),
        ("JSON_DUPLICATE_KEY", b'{"a":1,"a":2}'),
        ("IDENTIFIER_INVALID", settlement(certno="469900198403129993")),
        ("CUSTODIAN_IDENTITY_MISSING", settlement(certno="", psn_no="")),
        ("CUSTODIAN_IDENTITY_MISSING", settlement(certno="469900********9992", psn_no="")),
        ("REQUEST_INVALID", sample("setl_2208_reversal_of_bill01.json")),
    ]
    for code, document in cases:
        refused(province, code, partial(province.prepare, "desk", "settlement.upload", document))
    refused(
        province,
        "REQUEST_INVALID",
        lambda: province.prepare("desk", "settlement.reverse", settlement()),
    )


def test_a_settlement_that_no_block_takes_leaves_nobody_behind(province: Chain) -> None:
    """The person used to be kept before the bodies were made, also when one was refused."""
    message = json.loads(settlement())
    message["remarks"] = ["x" * 3_900] * 400
    document = json.dumps(message).encode()
    refused(
        province,
        "REQUEST_TOO_LARGE",
        lambda: province.prepare("desk", "settlement.upload", document),
    )


def test_identities_that_contradict_each_other(province: Chain) -> None:
    province.do("desk", "settlement.upload", settlement())
    other = settlement(certno="469900195607189985", setl_id="300000900077")
    refused(
        province,
        "CUSTODIAN_IDENTITY_CONFLICT",
        lambda: province.prepare("desk", "settlement.upload", other),
    )


def test_archives(province: Chain) -> None:
    record, content = sample("archive_01_record.json"), sample("archive_01_content.json")
    joined = province.prepare("desk", "account.open", join_archive(record, content))
    split = province.prepare("desk", "account.open", record, content=content.decode())
    alone = province.prepare("desk", "account.open", record)
    assert joined.account_id == split.account_id == alone.account_id
    assert [len(reply.findings) for reply in (joined, split, alone)] == [0, 0, 1]
    cases = [
        ("ARCHIVE_CONTENT", record, content.decode() + " "),
        ("JSON_MALFORMED", b"{", ""),
        ("PAYLOAD_MALFORMED", b"", ""),
        ("PAYLOAD_MALFORMED", b"\xff\xff\xff\xff", ""),
        ("ELEMENT_MISSING", b"{}", ""),
        ("IDENTIFIER_INVALID", record.replace(b"469900198403129992", b"469900198403129993"), ""),
        ("IDENTIFIER_INVALID", record.replace(b"469900198403129992", b"469900********9992"), ""),
    ]
    for code, document, text in cases:
        refused(
            province,
            code,
            partial(province.prepare, "desk", "account.open", document, content=text),
        )


def test_many_at_once_open_one_account(province: Chain) -> None:
    document, found = sample("setl_2207_bill01.json"), []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        found.append(province.prepare("desk", "settlement.upload", document).account_id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_hospital_uploads_but_opens_no_account(province: Chain) -> None:
    document = sample("setl_2207_bill01.json")
    refused(
        province,
        "CUSTODIAN_CALLER_NOT_ALLOWED",
        lambda: province.prepare("hospital", "settlement.upload", document),
    )
    province.do("desk", "account.open", sample("archive_01_record.json"))
    reply = province.do("hospital", "settlement.upload", document)
    assert [body_of(raw).method for raw in reply.bodies] == ["upload"]


def test_an_account_that_is_only_prepared_attributes_nothing(province: Chain) -> None:
    province.prepare("desk", "settlement.upload", sample("setl_2207_bill01.json"))
    reply = province.prepare("desk", "bill.issue_blue", sample("ebill_out_01.xml"))
    assert (reply.attribution, reply.account_id) == ("unbound", "")


def test_a_forged_link_moves_nobody_elses_bill(province: Chain) -> None:
    """A settlement file that names another person's waiting bill does not get it."""
    province.do("desk", "bill.issue_blue", sample("ebill_out_02.xml"))
    message = json.loads(sample("setl_2207_bill01.json"))
    message["response"]["output"]["setlinfo"]["setl_id"] = "300000900002"
    message["billinfo"].update({"bill_code": "46060124", "bill_no": "0000000102"})
    reply = province.do("desk", "settlement.upload", json.dumps(message).encode())
    assert [body_of(raw).method for raw in reply.bodies] == ["open", "upload"]
    assert province.owned("bill/46060124-0000000102").account_id == ""
    again = province.prepare("desk", "account.attach", object="bill/46060124-0000000102")
    assert (again.attribution, list(again.bodies)) == ("unbound", [])
    assert "clerk" in again.attribution_reason
