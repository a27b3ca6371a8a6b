"""Standard forms: the public fields a contract decides on, typed and proved.

A committed form shows exactly the public fields its schema lists: a missing one can't be decided
on, and an unexpected one could publish what belongs into the sealed payload. FORMATS.md says where
the fields come from; `documents/` makes the forms.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from contracts.codes import FORM_FIELDS_INVALID
from contracts.fields import shown
from faults import Rejected
from ledger.commitment import pcommit_of
from ledger.records import Record
from proto.transaction_pb2 import CommittedForm

EBILL = "ebill/1"
SETTLEMENT = "settlement/1"
VOUCHER = "voucher/1"
FUND_LINES = "fund-lines/1"
REIMBURSEMENT = "reimbursement/1"
ARCHIVE = "archive/1"
FILING = "filing/1"

BLUE = "blue"
RED = "red"

AMOUNT_FEN_MAX = 10**13  # a hundred thousand million yuan: far above any bill, far below 2**53
COUNT_MAX = 100_000
SIZE_MAX = 9_999_999_999


class EbillFields(Record, frozen=True, kw_only=True):
    """Public fields of `ebill/1`. Amounts in fen, negated on a red bill; dates yyyymmdd."""

    code: str
    number: str
    issue_date: str
    business_date: str  # when the care was paid for; "" when the bill doesn't say
    kind: str  # "outpatient", "inpatient" or "other"
    issuer_code: str  # unified social credit code of the issuing institution
    color: str
    blue_code: str  # on a red bill, the blue bill it cancels
    blue_number: str
    settlement_id: str  # as the bill names it; "" when it names none
    total_fen: int
    fund_fen: int
    other_fund_fen: int
    account_fen: int
    cash_fen: int


class SettlementFields(Record, frozen=True, kw_only=True):
    """Public fields of `settlement/1`. Amounts in fen; all negative on a reversal."""

    settlement_id: str
    settlement_type: str  # "local" or "remote"
    settled_date: str
    institution_code: str
    institution_uscc: str
    insurance_type: str
    color: str  # "red" = a reversal
    original_settlement_id: str
    bill_code: str
    bill_number: str
    region: str
    insured_region: str
    total_fen: int
    pooled_fund_fen: int
    other_fund_fen: int
    fund_total_fen: int
    account_fen: int
    cash_fen: int
    wallet_fen: int
    credit_fen: int
    hospital_fen: int
    selfpay_fen: int


class VoucherFields(Record, frozen=True, kw_only=True):
    """Public fields of `voucher/1` (电子结算凭证). Amounts in fen."""

    settlement_id: str
    bill_code: str
    bill_number: str
    bill_amount_fen: int
    fund_fen: int
    account_fen: int
    cash_fen: int
    diagnosis_count: int
    fee_count: int
    operation_count: int


class FundLinesFields(Record, frozen=True, kw_only=True):
    """Public fields of `fund-lines/1`: one part of a fund batch's lines. Amount in fen."""

    batch_number: str
    first: int  # number of the part's first line
    line_count: int
    total_fen: int


class ReimbursementFields(Record, frozen=True, kw_only=True):
    """Public fields of `reimbursement/1` (异地报销申请). Amounts in fen."""

    application_id: str
    applied_date: str
    insured_region: str
    treatment_region: str
    care: str  # "outpatient", "inpatient" or "other"
    issuer_code: str  # unified social credit code of the institution; "" when not stated
    settlement_id: str  # of the settlement elsewhere; "" when not stated
    bill_code: str
    bill_number: str
    claimed_fen: int  # 0 = whatever is due


class ArchiveFields(Record, frozen=True, kw_only=True):
    """Public fields of `archive/1` (参保档案, DA/T 94 elements). Whose it is stays sealed."""

    archive_code: str  # 档号 M8
    file_number: str  # 电子文件号 M7
    owner_kind: str  # "person" or "enterprise"
    fonds_code: str  # 全宗号 M9
    category: str  # 类别号 M14
    year: str  # 年度 M11
    retention: str  # 保管期限 M12
    filed_date: str  # 日期 M33
    format: str  # 格式信息 M54
    item_count: int
    page_count: int
    content_bytes: int


class FilingFields(Record, frozen=True, kw_only=True):
    """Public fields of `filing/1` (异地就医备案). Dates yyyymmdd, both days included."""

    filing_id: str
    kind: str
    insurance_type: str
    insured_region: str
    treatment_region: str
    institution_code: str  # where a referral goes to (转往定点医药机构); "" when none is named
    begin_date: str
    end_date: str  # "" = until it is revoked


# What a blue bill's payment is split into; a red bill negates each.
BILL_KINDS = ("fund_fen", "other_fund_fen", "account_fen", "cash_fen")
SETTLEMENT_KINDS = (
    "fund_total_fen",
    "account_fen",
    "cash_fen",
    "wallet_fen",
    "credit_fen",
    "hospital_fen",
)
SETTLEMENT_AMOUNTS = (
    "total_fen",
    "pooled_fund_fen",
    "other_fund_fen",
    *SETTLEMENT_KINDS,
    "selfpay_fen",
)

Value = str | int
F = TypeVar("F", bound=Record)


@dataclass(frozen=True, slots=True)
class CheckedForm:
    """A form whose public fields are proved: its schema, its fields' text, and its commitment."""

    schema: str
    texts: Mapping[str, str]
    pcommit: bytes


def check_form(form: CommittedForm, schema: str) -> CheckedForm:
    """Recompute the commitment of `form`, which must be of `schema`.

    Raises Rejected: FORM_FIELDS_INVALID, or the ledger's codes for a malformed commitment.
    """
    if form.schema != schema:
        raise Rejected(FORM_FIELDS_INVALID, field="schema", expected=schema)
    return CheckedForm(schema, {one.path: one.value for one in form.fields}, pcommit_of(form))


def ebill_fields(form: CheckedForm) -> EbillFields:
    """The typed public fields of an `ebill/1` form."""
    fields = _typed(EbillFields, _EBILL, form)
    named = (fields.blue_code, fields.blue_number)
    if fields.color == BLUE and named != ("", ""):
        raise Rejected(
            FORM_FIELDS_INVALID, field="blue.code", reason="a blue bill names no blue bill"
        )
    if fields.color == RED and "" in named:
        raise Rejected(
            FORM_FIELDS_INVALID, field="blue.code", reason="a red bill names its blue bill"
        )
    _check_sign(fields.color, fields.total_fen)
    return fields


def settlement_fields(form: CheckedForm) -> SettlementFields:
    """The typed public fields of a `settlement/1` form."""
    fields = _typed(SettlementFields, _SETTLEMENT, form)
    if (fields.color == RED) != (fields.original_settlement_id != ""):
        raise Rejected(
            FORM_FIELDS_INVALID,
            field="original.settlement_id",
            reason="named by a reversal, and only there",
        )
    if (fields.bill_code == "") != (fields.bill_number == ""):
        raise Rejected(
            FORM_FIELDS_INVALID, field="bill.number", reason="code and number go together"
        )
    _check_sign(fields.color, fields.total_fen)
    return fields


def voucher_fields(form: CheckedForm) -> VoucherFields:
    """The typed public fields of a `voucher/1` form."""
    return _typed(VoucherFields, _VOUCHER, form)


def fund_lines_fields(form: CheckedForm) -> FundLinesFields:
    """The typed public fields of a `fund-lines/1` form."""
    return _typed(FundLinesFields, _FUND_LINES, form)


def reimbursement_fields(form: CheckedForm) -> ReimbursementFields:
    """The typed public fields of a `reimbursement/1` form."""
    fields = _typed(ReimbursementFields, _REIMBURSEMENT, form)
    if fields.claimed_fen < 0:
        raise Rejected(FORM_FIELDS_INVALID, field="claimed_fen", reason="negative")
    return fields


def archive_fields(form: CheckedForm) -> ArchiveFields:
    """The typed public fields of an `archive/1` form."""
    return _typed(ArchiveFields, _ARCHIVE, form)


def filing_fields(form: CheckedForm) -> FilingFields:
    """The typed public fields of a `filing/1` form."""
    return _typed(FilingFields, _FILING, form)


def _check_sign(color: str, total_fen: int) -> None:
    if total_fen < 0 if color == BLUE else total_fen > 0:
        raise Rejected(FORM_FIELDS_INVALID, field="total_fen", reason=f"wrong sign for {color}")


def _typed(cls: type[F], rules: Mapping[str, Callable[[str], Value]], form: CheckedForm) -> F:
    for path in sorted(form.texts.keys() - rules.keys()):
        raise Rejected(FORM_FIELDS_INVALID, field=shown(path), reason="not a public field")
    values: dict[str, Value] = {}
    for path, read in rules.items():
        if path not in form.texts:
            raise Rejected(FORM_FIELDS_INVALID, field=path, reason="missing")
        try:
            values[path.replace(".", "_")] = read(form.texts[path])
        except ValueError as wrong:
            raise Rejected(FORM_FIELDS_INVALID, field=path, reason=str(wrong)) from None
    return cls(**values)


def _pattern(expression: str, what: str) -> Callable[[str], str]:
    compiled = re.compile(expression, re.ASCII)

    def read(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(f"not {what}")
        return value

    return read


def _integer(value: str) -> int:
    if not re.fullmatch(r"0|-?[1-9][0-9]{0,14}", value, re.ASCII):
        raise ValueError("not a whole number in its only form")
    return int(value)


def _amount(value: str) -> int:
    amount = _integer(value)
    if abs(amount) > AMOUNT_FEN_MAX:
        raise ValueError("amount out of range")
    return amount


def _count(value: str) -> int:
    count = _integer(value)
    if not 0 <= count <= COUNT_MAX:
        raise ValueError("count out of range")
    return count


def _size(value: str) -> int:
    size = _integer(value)
    if not 0 <= size <= SIZE_MAX:
        raise ValueError("size out of range")
    return size


def is_date(value: str) -> bool:
    """Whether `value` is a calendar day as yyyymmdd."""
    try:
        return day(value) == value
    except ValueError:
        return False


def is_region(value: str) -> bool:
    """Whether `value` is an administrative division's code (医保区划), 6 digits."""
    return bool(value) and re.fullmatch("[0-9]{6}", value, re.ASCII) is not None


def day(value: str) -> str:
    """A real day as yyyymmdd; ValueError otherwise."""
    if not re.fullmatch(r"[0-9]{8}", value, re.ASCII):
        raise ValueError("not yyyymmdd")
    year, month, day = int(value[:4]), int(value[4:6]), int(value[6:])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    days = (31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    if not (1900 <= year <= 2199 and 1 <= month <= 12 and 1 <= day <= days[month - 1]):
        raise ValueError("no such day")
    return value


def _date_or_none(value: str) -> str:
    return day(value) if value else value


_bill_code = _pattern(r"[0-9]{8}", "8 digits")
_bill_number = _pattern(r"[0-9]{10}", "10 digits")
_bill_code_or_none = _pattern(r"([0-9]{8})?", "8 digits or empty")
_bill_number_or_none = _pattern(r"([0-9]{10})?", "10 digits or empty")
_settlement_id = _pattern(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,63}", "a settlement id")
_settlement_id_or_none = _pattern(
    r"([0-9A-Za-z][0-9A-Za-z_.\-]{0,63})?", "a settlement id or empty"
)
_institution = _pattern(r"[0-9A-Za-z]{0,32}", "an institution code")
_kind = _pattern(r"outpatient|inpatient|other", "a kind of bill")
_color = _pattern(r"blue|red", "blue or red")
_settlement_type = _pattern(r"local|remote", "local or remote")
_insurance_type = _pattern(r"[0-9A-Za-z]{0,6}", "an insurance type code")
_application_id = _pattern(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,63}", "an application id")
_region_code = _pattern(r"[1-9][0-9]{5}", "a 6-digit region")
_region = _pattern(r"([0-9]{6})?", "a 6-digit region or empty")

_EBILL: Mapping[str, Callable[[str], Value]] = {
    "code": _bill_code,
    "number": _bill_number,
    "issue_date": day,
    "business_date": _date_or_none,
    "kind": _kind,
    "issuer_code": _institution,
    "color": _color,
    "blue.code": _bill_code_or_none,
    "blue.number": _bill_number_or_none,
    "settlement_id": _settlement_id_or_none,
    "total_fen": _amount,
    "fund_fen": _amount,
    "other_fund_fen": _amount,
    "account_fen": _amount,
    "cash_fen": _amount,
}

_SETTLEMENT: Mapping[str, Callable[[str], Value]] = {
    "settlement_id": _settlement_id,
    "settlement_type": _settlement_type,
    "settled_date": day,
    "institution_code": _institution,
    "institution_uscc": _institution,
    "insurance_type": _insurance_type,
    "color": _color,
    "original.settlement_id": _settlement_id_or_none,
    "bill.code": _bill_code_or_none,
    "bill.number": _bill_number_or_none,
    "region": _region,
    "insured_region": _region,
    **dict.fromkeys(SETTLEMENT_AMOUNTS, _amount),
}

_VOUCHER: Mapping[str, Callable[[str], Value]] = {
    "settlement_id": _settlement_id,
    "bill.code": _bill_code,
    "bill.number": _bill_number,
    "bill_amount_fen": _amount,
    "fund_fen": _amount,
    "account_fen": _amount,
    "cash_fen": _amount,
    "diagnosis_count": _count,
    "fee_count": _count,
    "operation_count": _count,
}

_FUND_LINES: Mapping[str, Callable[[str], Value]] = {
    "batch_number": _settlement_id,
    "first": _count,
    "line_count": _count,
    "total_fen": _amount,
}

_REIMBURSEMENT: Mapping[str, Callable[[str], Value]] = {
    "application_id": _application_id,
    "applied_date": day,
    "insured_region": _region_code,
    "treatment_region": _region_code,
    "care": _kind,
    "issuer_code": _institution,
    "settlement_id": _settlement_id_or_none,
    "bill.code": _bill_code,
    "bill.number": _bill_number,
    "claimed_fen": _amount,
}

_archive_code = _pattern(r"[0-9A-Za-z][0-9A-Za-z_.·-]{0,63}", "an archive number")
_archive_word = _pattern(r"[0-9A-Za-z_.-]{0,32}", "a catalogue code or empty")
_file_number = _pattern(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,63}", "a file number")

_ARCHIVE: Mapping[str, Callable[[str], Value]] = {
    "archive_code": _archive_code,
    "file_number": _file_number,
    "owner_kind": _pattern(r"person|enterprise", "person or enterprise"),
    "fonds_code": _archive_word,
    "category": _archive_word,
    "year": _pattern(r"([12][0-9]{3})?", "a year or empty"),
    "retention": _pattern(r"(永久|长期|短期|(定期)?[0-9]{1,3}年?)?", "a retention period"),
    "filed_date": _date_or_none,
    "format": _pattern(r"[0-9A-Za-z+._-]{0,20}", "a file format"),
    "item_count": _size,
    "page_count": _size,
    "content_bytes": _size,
}

_FILING: Mapping[str, Callable[[str], Value]] = {
    "filing_id": _pattern(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,63}", "a filing id"),
    "kind": _pattern(r"[a-z][a-z_]{0,31}", "a kind of filing"),
    "insurance_type": _insurance_type,
    "insured_region": _region_code,
    "treatment_region": _region_code,
    "institution_code": _institution,
    "begin_date": day,
    "end_date": _date_or_none,
}
