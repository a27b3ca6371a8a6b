"""Bills of other provinces: tables written in TOML, and the one form that they all lead to."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import sm3
from documents import Dialect, load_dialects, parse_ebill, parse_remote_ebill
from documents.codes import (
    AMOUNT_INVALID,
    AMOUNT_SIGN,
    DIALECT_AMBIGUOUS,
    DIALECT_TABLE,
    DIALECT_TARGET,
    DIALECT_UNKNOWN,
    DIALECT_VALUE,
    DOCUMENT_ENCODING,
    DOCUMENT_TOO_LARGE,
    ELEMENT_DUPLICATED,
    ELEMENT_INVALID,
    ELEMENT_MISSING,
    IDENTIFIER_INVALID,
    XML_FORBIDDEN,
)
from documents.dialect_table import MAX_DIALECTS, MAX_TABLE_BYTES
from documents.findings import bill_findings
from faults import Code, Rejected
from tests.documents.support import SAMPLES, edit, refused, sample

TABLES = Path(__file__).parents[2] / "documents" / "dialects"
BILLS = sorted(path.name for path in SAMPLES.glob("ebill_*.xml"))

# A province that writes everything differently: Chinese names, attributes, fen, words for codes.
TABLE = """
name = "elsewhere_1"
title = "某省医疗票据 1.0"
root = "票据"
red_amounts = "positive"

[recognise]
present = ["头/@代码"]
starts = { "头/@代码" = ["4306", "4307"] }

[constants]
currency = "CNY"

[[field]]
to = "code"
from = ["头/@代码"]
[[field]]
to = "number"
from = ["头/@号码"]
[[field]]
to = "check_code"
from = ["头/校验码"]
[[field]]
to = "total_fen"
from = ["金额/合计"]
unit = "fen"
[[field]]
to = "fund_fen"
from = ["金额/统筹"]
[[field]]
to = "cash_fen"
from = ["金额/现金", "金额/自付"]
[[field]]
to = "issue_date"
from = ["头/开票日期"]
date = "yyyy年MM月dd日"
[[field]]
to = "issuer_code"
from = ["医院/信用代码"]
[[field]]
to = "issuer.name"
from = ["医院/名称"]
[[field]]
to = "kind"
from = ["头/类别"]
codes = { "门诊" = "outpatient", "住院" = "inpatient" }
[[field]]
to = "pay_mode"
from = ["头/交款方式"]
codes = { "现金" = "1", "刷卡" = "2" }
[[field]]
to = "payer.code"
from = ["患者/证件号"]
[[field]]
to = "payer.name"
from = ["患者/姓名"]
[[field]]
to = "settlement_id"
from = ["附注"]
after = ["结算号:", "结算号："]
[[field]]
to = "blue.code"
from = ["冲红/代码"]
[[field]]
to = "blue.number"
from = ["冲红/号码"]

[[rows]]
to = "item"
each = "明细/行"
[[rows.field]]
to = "name"
from = ["@名称"]
[[rows.field]]
to = "amount_fen"
from = ["金额"]
unit = "fen"
"""
BILL = """<票据>
  <头 代码="43060124" 号码="0000000009"><校验码>55e825</校验码><开票日期>2024年08月22日</开票日期>
    <类别>住院</类别><交款方式>刷卡</交款方式></头>
  <医院><信用代码>12460105999999015Q</信用代码><名称>某市医院</名称><床位>900</床位></医院>
  <患者 级别="A"><证件号>420982********0059</证件号><姓名>测试甲</姓名></患者>
  <金额><合计>12345</合计><统筹>100.00</统筹><现金/><自付>23.45</自付></金额>
  <明细><行 名称="床位费"><金额>12000</金额></行>
    <行 名称="西药费" 等级="乙"><金额>345</金额></行></明细>
  <附注>住院 结算号： 430000900001，已核</附注>
</票据>"""


def table(raw: str = TABLE) -> tuple[Dialect, ...]:
    return load_dialects([raw.encode()])


def national() -> tuple[Dialect, ...]:
    return load_dialects([(TABLES / "national_einvoice.toml").read_bytes()])


def change(old: str, new: str, text: str = BILL) -> bytes:
    return edit(text.encode(), old, new)


# ---- the tables that ship


def test_the_tables_that_ship_load_together() -> None:
    files = sorted(TABLES.iterdir())
    assert {path.suffix for path in files} == {".toml"}
    loaded = load_dialects([path.read_bytes() for path in files])
    assert [one.name for one in loaded] == [path.stem for path in files]
    for one, path in zip(loaded, files, strict=True):
        assert one.sm3 == sm3(path.read_bytes())


@pytest.mark.parametrize("name", BILLS)
def test_the_national_table_reads_what_our_own_parser_reads(name: str) -> None:
    """Two readers of one format, one of them a table: the same form, private fields and all."""
    raw = sample(name)
    own, other = parse_ebill(raw).form, parse_remote_ebill(raw, national()).form
    assert other.public == own.public
    private = dict(other.private)
    assert private.pop("dialect.name") == "national_einvoice"
    assert private.pop("dialect.sm3") == national()[0].sm3.hex()
    assert private == own.private


def test_the_remote_sample_goes_through() -> None:
    bill = parse_remote_ebill(sample("ebill_in_04_remote.xml"), national())
    public = bill.form.public
    assert (public["total_fen"], public["fund_fen"], public["kind"]) == (
        "1843275",
        "1327700",
        "inpatient",
    )
    assert public["settlement_id"] == "300000900003"
    assert len(list(bill.form.rows("item"))) == 9 and len(list(bill.form.rows("aux"))) == 11
    assert bill.document == sample("ebill_in_04_remote.xml")
    assert bill_findings(bill.form) == bill_findings(parse_ebill(bill.document).form)
    assert repr(bill) == "<RemoteEbill 46060224-0000000201>"


# ---- a province that writes everything differently


def test_another_dialect_leads_to_the_same_form() -> None:
    form = parse_remote_ebill(BILL.encode(), table()).form
    assert form.public == {
        "account_fen": "0",
        "blue.code": "",
        "blue.number": "",
        "business_date": "20240822",
        "cash_fen": "2345",
        "code": "43060124",
        "color": "blue",
        "fund_fen": "10000",
        "issue_date": "20240822",
        "issuer_code": "12460105999999015Q",
        "kind": "inpatient",
        "number": "0000000009",
        "other_fund_fen": "0",
        "settlement_id": "430000900001",
        "total_fen": "12345",
    }
    private = form.private
    assert (private["pay_mode"], private["currency"]) == ("2", "CNY")
    assert private["absent"] == "other_fund_fen,account_fen,business_date"
    assert list(form.rows("item")) == [
        {"name": "床位费", "amount_fen": "12000"},
        {"name": "西药费", "amount_fen": "345"},
    ]
    assert private["document.sm3"] == sm3(BILL.encode()).hex()


def test_what_no_field_maps_stays_with_the_bill() -> None:
    private = parse_remote_ebill(BILL.encode(), table()).form.private
    extra = {path: value for path, value in private.items() if path.startswith("extra.")}
    assert extra == {
        "extra.医院.床位": "900",
        "extra.患者.@级别": "A",
        "extra.明细.行[2].@等级": "乙",
    }


def test_a_red_bill_with_unsigned_amounts() -> None:
    red = change("</票据>", "<冲红><代码>43060124</代码><号码>0000000001</号码></冲红></票据>")
    form = parse_remote_ebill(red, table()).form
    assert (form.public["color"], form.public["total_fen"]) == ("red", "-12345")
    assert (form.public["cash_fen"], form.public["account_fen"]) == ("-2345", "0")
    assert [row["amount_fen"] for row in form.rows("item")] == ["-12000", "-345"]
    signed = TABLE.replace('red_amounts = "positive"\n', "")
    refused(AMOUNT_SIGN, lambda: parse_remote_ebill(red, table(signed)), "total_fen")


@pytest.mark.parametrize(
    ("remark", "found", "ambiguous"),
    [
        ("", "", False),
        ("无", "", False),
        ("结算号:1", "1", False),
        ("结算号:1 结算号：1", "1", False),
        ("结算号:1 结算号:2", "", True),
        ("结算号:无", "", True),
    ],
)
def test_the_settlement_id_stands_behind_its_marker(
    remark: str, found: str, ambiguous: bool
) -> None:
    raw = change("住院 结算号： 430000900001，已核", remark)
    form = parse_remote_ebill(raw, table()).form
    assert form.public["settlement_id"] == found
    assert (form.private.get("ambiguous") == "settlement_id") == ambiguous


def test_a_settlement_id_of_its_own_element_is_taken_whole() -> None:
    own = table(TABLE.replace('after = ["结算号:", "结算号："]\n', ""))
    refused(ELEMENT_INVALID, lambda: parse_remote_ebill(BILL.encode(), own), "附注")
    raw = change("住院 结算号： 430000900001，已核", "430000900001")
    assert parse_remote_ebill(raw, own).form.public["settlement_id"] == "430000900001"


@pytest.mark.parametrize(
    ("old", "new", "code", "element"),
    [
        ("43060124", "4306", ELEMENT_INVALID, "头/@代码"),
        (' 号码="0000000009"', "", ELEMENT_MISSING, "头/@号码"),
        ("<校验码>55e825</校验码>", "", ELEMENT_MISSING, "头/校验码"),
        ("<校验码>55e825", "<校验码><a>1</a>", ELEMENT_INVALID, "头/校验码"),
        ("</头>", "<校验码>55e826</校验码></头>", ELEMENT_DUPLICATED, "头/校验码"),
        ("12345", "123.45", ELEMENT_INVALID, "金额/合计"),
        ("12345", "+1", ELEMENT_INVALID, "金额/合计"),
        ("12345", "007", ELEMENT_INVALID, "金额/合计"),
        ("12345", "-12345", AMOUNT_SIGN, "total_fen"),
        ("100.00", "100.001", AMOUNT_INVALID, "金额/统筹"),
        ("2024年08月22日", "2024-08-22", ELEMENT_INVALID, "头/开票日期"),
        ("2024年08月22日", "2024年02月30日", ELEMENT_INVALID, "头/开票日期"),
        ("刷卡", "支票", DIALECT_VALUE, "头/交款方式"),
        ("12460105999999015Q", "12460105999999015A", IDENTIFIER_INVALID, "医院/信用代码"),
        ("420982********0059", "469900198403129993", IDENTIFIER_INVALID, "患者/证件号"),
        ("<金额>345</金额>", "", ELEMENT_MISSING, "明细/行[2]/金额"),
        ("<金额>345</金额>", "<金额>3.45</金额>", ELEMENT_INVALID, "明细/行[2]/金额"),
        ("<金额>345</金额></行>", "字</行>", ELEMENT_INVALID, "明细/行[2]"),
        ("</票据>", "<冲红><代码>43060124</代码></冲红></票据>", ELEMENT_MISSING, "冲红/号码"),
        (
            "</票据>",
            "<冲红><代码>43060124</代码><号码>0000000009</号码></冲红></票据>",
            ELEMENT_INVALID,
            "号码",
        ),
        ("<票据>", "<!DOCTYPE x><票据>", XML_FORBIDDEN, None),
    ],
)
def test_what_is_wrong_is_refused_by_its_own_name(
    old: str, new: str, code: Code, element: str | None
) -> None:
    refused(code, lambda: parse_remote_ebill(change(old, new), table()), element)


# ---- which table


def test_a_document_that_no_table_knows() -> None:
    refused(DIALECT_UNKNOWN, lambda: parse_remote_ebill(BILL.encode(), national()))
    refused(DIALECT_UNKNOWN, lambda: parse_remote_ebill(BILL.encode(), ()))
    refused(DIALECT_UNKNOWN, lambda: parse_remote_ebill(change("43060124", "46060124"), table()))
    refused(DIALECT_UNKNOWN, lambda: parse_remote_ebill(sample("ebill_out_01.xml"), table()))


def test_two_tables_that_both_know_a_document() -> None:
    second = TABLE.replace('"elsewhere_1"', '"elsewhere_2"').replace(', "4307"', "")
    both = load_dialects([TABLE.encode(), second.encode()])
    rejected = refused(DIALECT_AMBIGUOUS, lambda: parse_remote_ebill(BILL.encode(), both))
    assert rejected.fields["tables"] == "elsewhere_1,elsewhere_2"
    only = parse_remote_ebill(change("43060124", "43070124"), both)
    assert only.dialect.name == "elsewhere_1"


# ---- tables with mistakes never meet a bill


FOREIGN_ROW = 'to = "unit"\nfrom = ["金额"]'


def broken(old: str, new: str) -> str:
    assert old in TABLE
    return TABLE.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('name = "elsewhere_1"', "", DIALECT_TABLE),
        ('name = "elsewhere_1"', 'name = "Else where"', DIALECT_TABLE),
        ('name = "elsewhere_1"', "name = 1", DIALECT_TABLE),
        ('title = "某省医疗票据 1.0"', "", DIALECT_TABLE),
        ('root = "票据"', 'root = "a/b"', DIALECT_TABLE),
        ('red_amounts = "positive"', 'red_amounts = "odd"', DIALECT_TABLE),
        ('red_amounts = "positive"', "red_amounts = [1]", DIALECT_TABLE),
        ("[recognise]", "surprise = 1\n[recognise]", DIALECT_TABLE),
        ('present = ["头/@代码"]', "", DIALECT_TABLE),
        ('present = ["头/@代码"]', "present = []", DIALECT_TABLE),
        ('present = ["头/@代码"]', 'present = ["头//代码"]', DIALECT_TABLE),
        ('present = ["头/@代码"]', 'present = ["明细/行/金额"]', DIALECT_TABLE),
        ("starts = {", "ends = {", DIALECT_TABLE),
        ('["4306", "4307"]', '"4306"', DIALECT_TABLE),
        ('["4306", "4307"]', '["4306", ""]', DIALECT_TABLE),
        ('["4306", "4307"]', '["4306", "4306"]', DIALECT_TABLE),
        ('{ "头/@代码" = ["4306", "4307"] }', '{ "@a/b" = ["4306"] }', DIALECT_TABLE),
        ('currency = "CNY"', 'money = "CNY"', DIALECT_TARGET),
        ('currency = "CNY"', 'total_fen = "1"', DIALECT_TARGET),
        ('currency = "CNY"', 'account_fen = "1"', DIALECT_TARGET),
        ('currency = "CNY"', 'code = "43060124"', DIALECT_TARGET),
        ('currency = "CNY"', 'settlement_id = "1"', DIALECT_TARGET),
        ('currency = "CNY"', 'currency = ""', DIALECT_TABLE),
        ('currency = "CNY"', 'currency = " CNY"', DIALECT_TABLE),
        ('currency = "CNY"', 'area = "43"', DIALECT_TABLE),
        ('currency = "CNY"', 'kind = "spa"', DIALECT_TABLE),
        ('currency = "CNY"', 'pay_mode = "1"', DIALECT_TARGET),
        ('to = "fund_fen"', 'to = "fund"', DIALECT_TARGET),
        ('to = "fund_fen"', 'to = "cash_fen"', DIALECT_TARGET),
        ('to = "fund_fen"', "", DIALECT_TABLE),
        ('to = "check_code"', 'to = "remark"', DIALECT_TARGET),
        ('to = "issuer.name"', 'to = "handler"', DIALECT_TARGET),
        ('to = "blue.number"', 'to = "handler"', DIALECT_TARGET),
        ('from = ["金额/统筹"]', "", DIALECT_TABLE),
        ('from = ["金额/统筹"]', 'from = "金额/统筹"', DIALECT_TABLE),
        ('from = ["金额/统筹"]', "from = []", DIALECT_TABLE),
        ('from = ["金额/统筹"]', 'from = ["金额/@a/b"]', DIALECT_TABLE),
        ('from = ["金额/统筹"]', 'from = ["/统筹"]', DIALECT_TABLE),
        ('from = ["金额/统筹"]', 'from = ["明细/行"]', DIALECT_TABLE),
        ('from = ["金额/统筹"]', 'from = ["明细/行/金额"]', DIALECT_TABLE),
        ('from = ["金额/统筹"]', 'from = ["金额/统筹"]\nscale = 2', DIALECT_TABLE),
        ('from = ["金额/统筹"]', 'from = ["金额/统筹"]\nunit = "jiao"', DIALECT_TABLE),
        ('from = ["金额/统筹"]', 'from = ["金额/统筹"]\ncodes = { a = "1" }', DIALECT_TABLE),
        ('from = ["医院/名称"]', 'from = ["医院/名称"]\nunit = "fen"', DIALECT_TABLE),
        ('from = ["医院/名称"]', 'from = ["医院/名称"]\nafter = ["x"]', DIALECT_TABLE),
        ('from = ["医院/名称"]', 'from = ["医院/名称"]\ndate = "yyyyMMdd"', DIALECT_TABLE),
        ('date = "yyyy年MM月dd日"', 'date = "yyyy年MM月"', DIALECT_TABLE),
        ('date = "yyyy年MM月dd日"', 'date = "yyyyMMddyyyy"', DIALECT_TABLE),
        ('date = "yyyy年MM月dd日"', 'date = "yyyyMMdd"\nunit = "fen"', DIALECT_TABLE),
        ('codes = { "现金" = "1", "刷卡" = "2" }', "codes = {}", DIALECT_TABLE),
        ('codes = { "现金" = "1", "刷卡" = "2" }', 'codes = { "现金" = "x" }', DIALECT_TABLE),
        ('codes = { "现金" = "1", "刷卡" = "2" }', 'codes = { "现金" = 1 }', DIALECT_TABLE),
        ('codes = { "门诊" = "outpatient", "住院" = "inpatient" }', "", DIALECT_TABLE),
        ('codes = { "门诊" = "outpatient"', 'codes = { "门诊" = "spa"', DIALECT_TABLE),
        ('to = "item"', 'to = "thing"', DIALECT_TARGET),
        ('each = "明细/行"', 'each = "明细/@行"', DIALECT_TABLE),
        ('each = "明细/行"', 'each = "金额/统筹"', DIALECT_TABLE),
        ('to = "amount_fen"\nfrom = ["金额"]\nunit = "fen"', FOREIGN_ROW, DIALECT_TARGET),
        ('to = "amount_fen"', 'to = "total_fen"', DIALECT_TARGET),
        ('[[rows.field]]\nto = "name"', '[rows.field]\nto = "name"', DIALECT_TABLE),
    ],
)
def test_mistakes_in_a_table_are_found_when_it_is_loaded(old: str, new: str, code: Code) -> None:
    refused(code, lambda: table(broken(old, new)))


def test_a_table_is_toml_within_limits_and_its_name_is_its_own() -> None:
    refused(DIALECT_TABLE, lambda: table("= nothing"))
    refused(DIALECT_TABLE, lambda: table(""))
    for raw in (b"\xff\xfe", b"\xef\xbb\xbf" + TABLE.encode()):
        with pytest.raises(Rejected) as caught:
            load_dialects([raw])
        assert caught.value.code in (DIALECT_TABLE, DOCUMENT_ENCODING)
    refused(DOCUMENT_TOO_LARGE, lambda: table("#" * (MAX_TABLE_BYTES + 1)))
    refused(DIALECT_TABLE, lambda: load_dialects([TABLE.encode()] * 2))
    many = [TABLE.replace("elsewhere_1", f"t{one}").encode() for one in range(MAX_DIALECTS + 1)]
    refused(DOCUMENT_TOO_LARGE, lambda: load_dialects(many))


def test_two_kinds_of_rows_need_two_elements() -> None:
    second = '\n[[rows]]\nto = "aux"\neach = "明细/行"\n[[rows.field]]\nto = "amount_fen"\n'
    refused(DIALECT_TABLE, lambda: table(TABLE + second + 'from = ["金额"]\n'))


# ---- whatever comes


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_bytes_do_more_than_be_refused(data: Any) -> None:
    raw = bytearray(BILL.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        form = parse_remote_ebill(bytes(raw), table()).form
    except Rejected as rejected:
        assert "测试甲" not in str(rejected)
        return
    assert re.fullmatch("[0-9]{8}", form.public["code"])


@given(st.text(max_size=40), st.integers(0, len(TABLE) - 1))
@settings(max_examples=150, deadline=None)
def test_no_table_does_more_than_be_refused(text: str, place: int) -> None:
    raw = (TABLE[:place] + text + TABLE[place + len(text) :]).encode("utf-8", "ignore")
    try:
        loaded = load_dialects([raw])
    except Rejected:
        return
    assert loaded[0].sm3 == sm3(raw)
