"""Where each document holds a text, a day, an amount or a number that proves itself.

The table of `test_bad_input` puts wrong values into these places.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from documents import (
    load_dialects,
    load_institutions,
    parse_archive,
    parse_catalogue,
    parse_ebill,
    parse_fund_file,
    parse_policy,
    parse_remote_ebill,
    parse_return_file,
    parse_settlement,
)
from faults import Rejected
from tests.documents.support import SAMPLES, edit, sample
from tests.documents.test_catalogue_file import RAW as CATALOGUE
from tests.documents.test_policy_file import RAW as POLICY

MAIN = "EInvoiceData/Main"
INFO = "response.output.setlinfo"
CONTENT = sample("archive_01_content.json")
DIALECTS = load_dialects(
    [(SAMPLES.parents[1] / "documents/dialects/national_einvoice.toml").read_bytes()]
)

Put = Callable[[str], bytes]


@dataclass(frozen=True)
class Place:
    """A document's element: its name in refusals, and the document with another value in it."""

    element: str
    put: Put


@dataclass(frozen=True)
class Document:
    """One kind of document and its places by what they hold: text, day, amount, …"""

    name: str
    parse: Callable[[bytes], object]
    places: dict[str, Place]

    def refusal(self, raw: bytes) -> tuple[str, str]:
        """(code, element or "line N") of what is wrong; ("OK", "") when it is taken."""
        try:
            self.parse(raw)
        except Rejected as refused:
            line = refused.fields.get("line")
            return refused.code.name, refused.fields.get("element") or (
                f"line {line}" if line else ""
            )
        return "OK", ""


def between(raw: bytes, before: str, value: str, after: str) -> Put:
    return lambda new: edit(raw, f"{before}{value}{after}", f"{before}{new}{after}")


def escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;")


def xml(name: str, before: str, value: str) -> Put:
    raw = sample(name)
    return lambda new: edit(raw, f"<{before}>{value}", f"<{before}>{escaped(new)}")


def member(raw: bytes, *path: str | int) -> Put:
    """A member of a JSON document, as text."""

    def put(new: str) -> bytes:
        message = json.loads(raw, parse_float=str)
        at: Any = message
        for key in path[:-1]:
            at = at[key]
        assert path[-1] in at
        at[path[-1]] = new
        return json.dumps(message, ensure_ascii=False).encode()

    return put


def bill_places(name: str, **more: Place) -> dict[str, Place]:
    """An e-bill's, by the national names."""
    return {
        "text": Place(f"{MAIN}/Checker", xml(name, "Checker", "测试复核员")),
        "day": Place(f"{MAIN}/IssueDate", xml(name, "IssueDate", "20240816")),
        "amount": Place(f"{MAIN}/TotalAmount", xml(name, "TotalAmount", "231.40")),
        "resident id": Place(
            f"{MAIN}/PayerParty/PayerPartyCode", xml(name, "PayerPartyCode", "469900198403129992")
        ),
        "credit code": Place(
            f"{MAIN}/InvoicingParty/InvoicingPartyCode",
            xml(name, "InvoicingPartyCode", "12460105999999015Q"),
        ),
        **more,
    }


SETTLEMENT = sample("setl_2207_bill01.json")
ARCHIVE = sample("archive_01_record.json")
SENT = sample("6131_460000_20240830_0001.txt")
RETURNED = sample("6131_460000_20240830_0001_RET.txt")
TABLE = sample("institutions.toml")
INFO_PATH = ("response", "output", "setlinfo")

DOCUMENTS = (
    Document("e-bill", parse_ebill, bill_places("ebill_out_01.xml")),
    Document(
        "remote e-bill",
        lambda raw: parse_remote_ebill(raw, DIALECTS),
        bill_places("ebill_out_01.xml"),
    ),
    Document(
        "settlement",
        parse_settlement,
        {
            "text": Place(f"{INFO}.psn_name", member(SETTLEMENT, *INFO_PATH, "psn_name")),
            "day": Place(f"{INFO}.setl_time", member(SETTLEMENT, *INFO_PATH, "setl_time")),
            "amount": Place(f"{INFO}.hifp_pay", member(SETTLEMENT, *INFO_PATH, "hifp_pay")),
            "resident id": Place(f"{INFO}.certno", member(SETTLEMENT, *INFO_PATH, "certno")),
            "institution": Place("fixmedins_code", member(SETTLEMENT, "request", "fixmedins_code")),
            "region": Place(
                "request.mdtrtarea_admvs", member(SETTLEMENT, "request", "mdtrtarea_admvs")
            ),
        },
    ),
    Document(
        "archive",
        lambda raw: parse_archive(raw, CONTENT),
        {
            "text": Place("M22", member(ARCHIVE, "文件实体", "M22题名")),
            "day": Place("M33", member(ARCHIVE, "文件实体", "M33日期")),
            "resident id": Place("档案归属.证件号码", member(ARCHIVE, "档案归属", "证件号码")),
            "organisation code": Place("M85", member(ARCHIVE, "机构人员实体", "M85组织机构代码")),
        },
    ),
    Document(
        "policy",
        parse_policy,
        {
            "text": Place("title", member(POLICY, "title")),
            "day": Place("effective_from", member(POLICY, "effective_from")),
            "amount": Place("rules[1].deductible", member(POLICY, "rules", 0, "deductible")),
        },
    ),
    Document(
        "catalogue",
        parse_catalogue,
        {
            "text": Place("hilist_name", between(CATALOGUE, "Z0002,", "测试中成药", ",")),
            "day": Place("begndate", between(CATALOGUE, "12.50,", "20240101", ",")),
            "amount": Place("hilist_pric_uplmt_amt", between(CATALOGUE, ",0,,", "12.50", ",")),
        },
    ),
    Document(
        "payment file",
        parse_fund_file,
        {
            "text": Place("名称", between(SENT, "|", "海口测试综合医院", "|")),
            "day": Place("业务日期", between(SENT, "|", "20240830", "|")),
            "amount": Place("金额", between(SENT, "|", "1081.80", "|")),
            "resident id": Place("证件号", between(SENT, "|", "469900195607189985", "|")),
            "credit code": Place("证件号", between(SENT, "|", "12460105999999015Q", "|")),
        },
    ),
    Document(
        "return file",
        parse_return_file,
        {
            "text": Place("结果说明", between(RETURNED, "|", "账户户名不符", "|")),
            "day": Place("回盘日期", between(RETURNED, "|", "20240902", "|")),
            "amount": Place("金额", between(RETURNED, "|", "1081.80", "|")),
        },
    ),
    Document(
        "institution table",
        lambda raw: load_institutions(raw, form="toml"),
        {
            "institution": Place(
                "institution[1].code", between(TABLE, 'code = "', "H46010599901", '"')
            ),
            "credit code": Place(
                "institution[1].uscc", between(TABLE, 'uscc = "', "12460105999999015Q", '"')
            ),
        },
    ),
)
