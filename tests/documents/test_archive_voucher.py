"""Archives and vouchers beyond the samples."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from crypto import sm3
from documents import build_voucher, parse_archive, parse_ebill, parse_settlement, person_of
from documents.archive_json import MAX_CONTENT_BYTES, split_archive
from documents.codes import (
    ARCHIVE_CONTENT,
    ARCHIVE_OWNER,
    DOCUMENT_TOO_LARGE,
    ELEMENT_DUPLICATED,
    ELEMENT_INVALID,
    ELEMENT_MISSING,
    IDENTIFIER_INVALID,
    PAYLOAD_MALFORMED,
    VOUCHER_MISMATCH,
)
from faults import Code
from tests.documents.support import edit, edit_json, refused, sample, shows_a_person

RECORD, CONTENT = sample("archive_01_record.json"), sample("archive_01_content.json")


def _fixed(content: bytes, change: Callable[[Any], None] = lambda record: None) -> bytes:
    """The record with the digest and size of this content, then changed."""
    record = json.loads(RECORD)
    record["固化信息"]["摘要值"] = sm3(content).hex()
    record["文件实体"]["M56计算机文件大小"] = len(content)
    change(record)
    return json.dumps(record, ensure_ascii=False).encode()


def test_the_owner_and_the_content_are_private() -> None:
    archive = parse_archive(RECORD, CONTENT)
    person = person_of(archive.form)
    assert person.is_identified and person.name and person.phone and person.insured_type == "310"
    assert shows_a_person("\n".join(archive.form.private.values()))
    assert "content.变更事项.1.字段" in archive.form.private
    assert archive.form.private["document.sm3"] == sm3(archive.document).hex()
    assert split_archive(archive.document) == (RECORD, CONTENT)


@pytest.mark.parametrize("raw", [b"", b"\x00\x00", b"\x00\x00\x00\x05abcd"])
def test_a_joined_document_is_whole(raw: bytes) -> None:
    refused(PAYLOAD_MALFORMED, lambda: split_archive(raw))


def test_another_content_is_refused() -> None:
    refused(ARCHIVE_CONTENT, lambda: parse_archive(RECORD, CONTENT + b" "), "摘要值")
    refused(ARCHIVE_CONTENT, lambda: parse_archive(RECORD, b""), "摘要值")
    size = edit(RECORD, '"M56计算机文件大小": 766', '"M56计算机文件大小": 767')
    refused(ARCHIVE_CONTENT, lambda: parse_archive(size, CONTENT), "M56")
    huge = b"x" * (MAX_CONTENT_BYTES + 1)
    refused(DOCUMENT_TOO_LARGE, lambda: parse_archive(RECORD, huge))


def test_content_of_another_person_is_refused() -> None:
    other = edit(CONTENT, "469900198403129992", "469900195607189985")
    refused(ARCHIVE_OWNER, lambda: parse_archive(_fixed(other), other), "参保人.证件号码")
    other = edit(CONTENT, '"姓名": "测试甲"', '"姓名": "测试乙"')
    refused(ARCHIVE_OWNER, lambda: parse_archive(_fixed(other), other), "参保人.姓名")


COMPANY = {"单位名称": "海口测试科技有限公司", "统一社会信用代码": "91460100MA99990T26"}


def _owned_by(owner: dict[str, str]) -> bytes:
    return _fixed(b"pdf", lambda record: record.update(_owner(record, owner)))


def _owner(record: Any, owner: dict[str, str]) -> dict[str, Any]:
    return {"档案归属": owner, "文件实体": {**record["文件实体"], "M54格式信息": "PDF"}}


def test_an_enterprises_archive_names_it_only_in_private() -> None:
    form = parse_archive(_owned_by(COMPANY), b"pdf").form
    assert form.public["owner_kind"] == "enterprise"
    assert form.private["enterprise.uscc"] == COMPANY["统一社会信用代码"]
    assert not set(COMPANY.values()) & set(form.public.values())
    person = {**COMPANY, "姓名": "测试甲", "人员编号": "46000000000000009900000001"}
    assert parse_archive(_owned_by(person), b"pdf").form.public["owner_kind"] == "person"


def test_an_enterprise_is_named_and_its_code_holds() -> None:
    nameless = {**COMPANY, "单位名称": ""}
    refused(
        ELEMENT_MISSING, lambda: parse_archive(_owned_by(nameless), b"pdf"), "档案归属.单位名称"
    )
    wrong = {**COMPANY, "统一社会信用代码": "91460100MA99990T27"}
    refused(
        IDENTIFIER_INVALID,
        lambda: parse_archive(_owned_by(wrong), b"pdf"),
        "档案归属.统一社会信用代码",
    )


def test_content_that_is_no_json_is_only_hashed() -> None:
    def change(record: Any) -> None:
        record["文件实体"]["M54格式信息"] = "PDF"

    content = b"%PDF-1.4 \x00\xff"
    form = parse_archive(_fixed(content, change), content).form
    assert form.public["format"] == "PDF"
    assert not any(path.startswith("content.") and path != "content.sm3" for path in form.private)


def _set(entity: str, key: str, value: Any) -> Callable[[Any], None]:
    def change(record: Any) -> None:
        record[entity][key] = value

    return change


@pytest.mark.parametrize(
    ("entity", "key", "value", "code", "element"),
    [
        ("文件实体", "M7电子文件号", "", ELEMENT_MISSING, "M7"),
        ("文件实体", "M7电子文件号", "测试甲", ELEMENT_INVALID, "M7"),
        ("文件实体", "M8档号", None, ELEMENT_MISSING, "M8"),
        ("文件实体", "M11年度", "24", ELEMENT_INVALID, "M11"),
        ("文件实体", "M12保管期限", "测试甲469900198403129992", ELEMENT_INVALID, "M12"),
        ("文件实体", "M33日期", "20240732", ELEMENT_INVALID, "M33"),
        ("文件实体", "M49件数", "-1", ELEMENT_INVALID, "M49"),
        ("文件实体", "M49件数", [1], ELEMENT_INVALID, "M49"),
        ("文件实体", "M22", "测试甲", ELEMENT_DUPLICATED, "M22"),
        ("机构人员实体", "M85组织机构代码", "999999075", IDENTIFIER_INVALID, "M85"),
        ("档案归属", "姓名", "", ELEMENT_MISSING, "档案归属.姓名"),
        ("档案归属", "证件号码", "469900198403129993", IDENTIFIER_INVALID, "档案归属.证件号码"),
        ("档案归属", "证件号码", 1.5, ARCHIVE_OWNER, "参保人.证件号码"),
        ("固化信息", "摘要值", "", ELEMENT_MISSING, "摘要值"),
        ("固化信息", "摘要算法", "MD5", ELEMENT_INVALID, "摘要算法"),
    ],
)
def test_wrong_records_are_refused_by_element(
    entity: str, key: str, value: Any, code: Code, element: str
) -> None:
    raw = _fixed(CONTENT, _set(entity, key, value))
    refused(code, lambda: parse_archive(raw, CONTENT), element)


def test_an_owner_without_any_number_is_refused() -> None:
    def change(record: Any) -> None:
        record["档案归属"].update({"证件号码": "", "人员编号": ""})

    raw = _fixed(CONTENT, change)
    refused(ELEMENT_MISSING, lambda: parse_archive(raw, CONTENT), "档案归属.证件号码")


BILL = parse_ebill(sample("ebill_out_01.xml")).form
SETTLEMENT = parse_settlement(sample("setl_2207_bill01.json")).form


def test_a_voucher_carries_the_fields_of_4901() -> None:
    voucher = build_voucher(SETTLEMENT, BILL)
    assert dict(voucher.form.public) == {
        "account_fen": "10000",
        "bill.code": "46060124",
        "bill.number": "0000000101",
        "bill_amount_fen": "23140",
        "cash_fen": "1596",
        "diagnosis_count": "0",
        "fee_count": "6",
        "fund_fen": "11544",
        "operation_count": "0",
        "settlement_id": "300000900001",
    }
    document = json.loads(voucher.document)
    head = document["mid_bsw_bill_mdtrt_info"]
    assert head["BILL_AMT"] == "231.40" and head["PSN_OWNPAY"] == "15.00"
    assert head["ELEC_SETL_CERT_FLAG"] == "0" and head["MDTRT_TYPE"] == "1"
    rows = document["mid_bsw_fee_detl"]
    assert len(rows) == 6 == int(head["FEE_DETL_COUNT"])
    assert sum(round(float(row["DETITEM_FEE_SUMAMT"]) * 100) for row in rows) == 23140
    assert voucher.form.private["document.sm3"] == sm3(voucher.document).hex()
    assert build_voucher(SETTLEMENT, BILL).document == voucher.document
    assert not shows_a_person(repr(voucher)) and not shows_a_person(str(voucher.form.public))


def test_a_red_voucher_is_negative_and_names_its_blue_bill() -> None:
    red = parse_ebill(sample("ebill_out_06_red_of_01.xml")).form
    reversal = parse_settlement(sample("setl_2208_reversal_of_bill01.json")).form
    voucher = build_voucher(reversal, red)
    head = json.loads(voucher.document)["mid_bsw_bill_mdtrt_info"]
    assert head["ELEC_SETL_CERT_FLAG"] == "1" and head["REL_ELEC_SETL_CERT_NO"] == "0000000101"
    assert head["BILL_AMT"] == "-231.40" and voucher.form.fen("cash_fen") == -1596


def test_a_voucher_counts_diagnoses_and_operations() -> None:
    def change(message: Any) -> None:
        message["diseinfo"] = [{"diag_code": "I10"}, {"diag_code": "E78"}]
        message["oprninfo"] = [{"oprn_code": "1"}]

    settlement = parse_settlement(edit_json("setl_2207_bill01.json", change)).form
    form = build_voucher(settlement, BILL).form
    assert form.public["diagnosis_count"] == "2" and form.public["operation_count"] == "1"


def test_what_does_not_belong_together_makes_no_voucher() -> None:
    other = parse_ebill(sample("ebill_out_02.xml")).form
    red = parse_ebill(sample("ebill_out_06_red_of_01.xml")).form
    renumbered = parse_ebill(edit(sample("ebill_out_01.xml"), "0000000101", "0000000199")).form
    silent = parse_ebill(edit(sample("ebill_out_01.xml"), "医保结算号:300000900001", "")).form

    def unlink(message: Any) -> None:
        message["billinfo"] = None

    unlinked = parse_settlement(edit_json("setl_2207_bill01.json", unlink)).form
    cases = (
        (SETTLEMENT, other, "settlement_id"),
        (SETTLEMENT, red, "color"),
        (SETTLEMENT, renumbered, "bill"),
        (unlinked, silent, "unlinked"),
        (BILL, SETTLEMENT, "schema"),
    )
    for settlement, bill, reason in cases:
        rejected = refused(VOUCHER_MISMATCH, partial(build_voucher, settlement, bill))
        assert rejected.fields["reason"] == reason
    assert build_voucher(SETTLEMENT, silent).form.public["settlement_id"] == "300000900001"
    assert build_voucher(unlinked, BILL).form.public["bill.number"] == "0000000101"
