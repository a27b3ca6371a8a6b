"""Another province's electronic settlement voucher (异地电子结算凭证, 4901), JSON to voucher/1.

The message has four tables; the first is one row, the head, the others are lists of rows. Names are
the upper-case ones of the data model. Every head element is kept under its name, rows stay in the
document: they are read by whoever opens it. Counts and sums that don't hold are findings.
"""

import re
from collections.abc import Mapping

from crypto import sm3
from documents.codes import (
    AMOUNT_SIGN,
    ELEMENT_INVALID,
    ELEMENT_MISSING,
    ELEMENT_UNKNOWN,
    IDENTIFIER_INVALID,
)
from documents.findings import Finding
from documents.forms import VOUCHER, make_form
from documents.identifiers import is_masked, is_resident_id, looks_like_resident_id
from documents.json_strict import (
    JsonObject,
    object_at,
    objects_at,
    parse_json_object,
    scalar_text,
)
from documents.money import parse_fen, require_fen
from documents.voucher import Voucher
from faults import Rejected

HEAD = "mid_bsw_bill_mdtrt_info"
ROWS: Mapping[str, tuple[str, str]] = {
    "mid_bsw_diag_info": ("DIAG_INFO_COUNT", "diagnosis_count"),
    "mid_bsw_fee_detl": ("FEE_DETL_COUNT", "fee_count"),
    "mid_bsw_oprn_info": ("OPRN_INFO_COUNT", "operation_count"),
}
"""Table -> the head's count of its rows, and the public field of their number."""

AMOUNTS: Mapping[str, str] = {
    "BILL_AMT": "bill_amount_fen",
    "HIFP_PAY_AMT": "fund_fen",
    "PSN_ACCT_PAY": "account_fen",
    "PSN_CASH_PAY": "cash_fen",
}
_PRIVATE_AMOUNTS = ("MEDFEE_AMT", "OTH_PAY", "PSN_SELFPAY", "PSN_OWNPAY")
_FORMS: Mapping[str, tuple[str, str, bool]] = {
    "SETL_ID": ("settlement_id", r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,63}", True),
    "BILL_CODE": ("bill.code", r"[0-9]{8}", True),
    "BILL_NO": ("bill.number", r"[0-9]{10}", True),
    "ELEC_SETL_CERT_FLAG": ("", r"[01]", True),
    "HI_NO": ("", r"[0-9A-Za-z*]{1,30}", False),
}
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,47}", re.ASCII)
ROWS_MAX = 20_000


def parse_voucher(raw: bytes) -> Voucher:
    """A voucher from its JSON bytes.

    Rejected: the codes of documents.json_strict; ELEMENT_UNKNOWN, ELEMENT_MISSING, ELEMENT_INVALID,
    AMOUNT_INVALID, AMOUNT_SIGN or IDENTIFIER_INVALID naming the element. Nothing else is ever
    raised for any bytes.
    """
    message = parse_json_object(raw)
    for number, key in enumerate(message, start=1):
        if key not in (HEAD, *ROWS):
            raise Rejected(ELEMENT_UNKNOWN, element="document", number=number)
    head = _head(message)
    public = {}
    for name, (path, pattern, required) in _FORMS.items():
        value = head.get(name, "")
        if not value and required:
            raise Rejected(ELEMENT_MISSING, element=name)
        if value and re.fullmatch(pattern, value, re.ASCII) is None:
            raise Rejected(ELEMENT_INVALID, element=name, reason="form")
        if path:
            public[path] = value
    for name, path in AMOUNTS.items():
        public[path] = str(require_fen(head.get(name, ""), name))
    for name in _PRIVATE_AMOUNTS:
        parse_fen(head.get(name, ""), name)
    if int(public["bill_amount_fen"]) * (-1 if head["ELEC_SETL_CERT_FLAG"] == "1" else 1) < 0:
        raise Rejected(AMOUNT_SIGN, element="BILL_AMT")
    for table, (_, path) in ROWS.items():
        rows = objects_at(message, table, table)
        if len(rows) > ROWS_MAX:
            raise Rejected(ELEMENT_INVALID, element=table, reason=f"more than {ROWS_MAX} rows")
        public[path] = str(len(rows))
        _check_rows(table, rows)
    _check_certificate(head)
    private = {f"voucher.{name.lower()}": value for name, value in head.items() if value}
    private["document.sm3"] = sm3(raw).hex()
    return Voucher(make_form(VOUCHER, public, private), raw)


def voucher_findings(voucher: Voucher) -> tuple[Finding, ...]:
    """Counts of rows and sums of payments that the voucher's own elements contradict."""
    public, private = voucher.form.public, voucher.form.private
    found = []
    for count, path in ROWS.values():
        said, have = private.get(f"voucher.{count.lower()}", ""), public[path]
        if said and said != have:
            found.append(Finding("VOUCHER_ROWS", "error", path, f"stated={said[:9]} rows={have}"))
    total = parse_fen(private.get("voucher.medfee_amt", ""), "MEDFEE_AMT")
    if total is None:
        return (*found, Finding("VOUCHER_TOTAL_ABSENT", "info", "bill_amount_fen"))
    other = parse_fen(private.get("voucher.oth_pay", ""), "OTH_PAY") or 0
    paid = other + sum(int(public[path]) for path in ("fund_fen", "account_fen", "cash_fen"))
    if total != paid:
        detail = f"total_fen={total} sum_fen={paid}"
        found.append(Finding("VOUCHER_TOTAL_PARTS", "warn", "bill_amount_fen", detail))
    if total != int(public["bill_amount_fen"]):
        detail = f"total_fen={total} bill_fen={public['bill_amount_fen']}"
        found.append(Finding("VOUCHER_BILL_AMOUNT", "warn", "bill_amount_fen", detail))
    return tuple(found)


def _head(message: JsonObject) -> dict[str, str]:
    given = object_at(message, HEAD, HEAD)
    if not given:
        raise Rejected(ELEMENT_MISSING, element=HEAD)
    head = {}
    for number, (name, value) in enumerate(given.items(), start=1):
        if _NAME.fullmatch(name) is None:
            raise Rejected(ELEMENT_UNKNOWN, element=HEAD, number=number)
        head[name] = scalar_text(value, name)
    return head


def _check_rows(table: str, rows: list[JsonObject]) -> None:
    for index, row in enumerate(rows, start=1):
        for value in row.values():
            scalar_text(value, f"{table}[{index}]")
        amount = row.get("DETITEM_FEE_SUMAMT")
        if amount is not None:
            element = f"{table}[{index}].DETITEM_FEE_SUMAMT"
            parse_fen(scalar_text(amount, element), element)


def _check_certificate(head: Mapping[str, str]) -> None:
    number = head.get("CERT_NO", "")
    if not is_masked(number) and looks_like_resident_id(number) and not is_resident_id(number):
        raise Rejected(IDENTIFIER_INVALID, element="CERT_NO", reason="resident id")
