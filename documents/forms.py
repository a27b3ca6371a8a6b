"""Standard forms: what every source format becomes before it is committed, sealed and sent.

A form has a schema, public fields (anyone on the ledger sees them) and private fields (only
inside the sealed payload). Both map paths to canonical text. The public paths of a schema are
always all there: an amount that the document leaves out is "0" (and a bill's business date is
then its issue date); what was left out is named in the private field "absent".
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from documents.codes import DOCUMENT_TOO_LARGE, FORM_INVALID
from faults import Rejected

EBILL = "ebill/1"
SETTLEMENT = "settlement/1"
ARCHIVE = "archive/1"
VOUCHER = "voucher/1"
FUND_LINES = "fund-lines/1"
REIMBURSEMENT = "reimbursement/1"
FILING = "filing/1"

# The limits of a committed form, section by section (the ledger checks the same ones).
MAX_PATH = 128  # UTF-8 bytes
MAX_VALUE = 8192  # UTF-8 bytes
MAX_FIELDS = 4096
# Rows that a long hospital stay has thousands of; each becomes one field when there are too many.
_LONG_ROWS = ("aux", "fee", "line")

PUBLIC_PATHS: Mapping[str, tuple[str, ...]] = {
    EBILL: (
        "account_fen",
        "blue.code",
        "blue.number",
        "business_date",
        "cash_fen",
        "code",
        "color",
        "fund_fen",
        "issue_date",
        "issuer_code",
        "kind",
        "number",
        "other_fund_fen",
        "settlement_id",
        "total_fen",
    ),
    SETTLEMENT: (
        "account_fen",
        "bill.code",
        "bill.number",
        "cash_fen",
        "color",
        "credit_fen",
        "fund_total_fen",
        "hospital_fen",
        "institution_code",
        "institution_uscc",
        "insurance_type",
        "insured_region",
        "original.settlement_id",
        "other_fund_fen",
        "pooled_fund_fen",
        "region",
        "selfpay_fen",
        "settled_date",
        "settlement_id",
        "settlement_type",
        "total_fen",
        "wallet_fen",
    ),
    ARCHIVE: (
        "archive_code",
        "category",
        "content_bytes",
        "file_number",
        "filed_date",
        "fonds_code",
        "format",
        "item_count",
        "owner_kind",
        "page_count",
        "retention",
        "year",
    ),
    VOUCHER: (
        "account_fen",
        "bill.code",
        "bill.number",
        "bill_amount_fen",
        "cash_fen",
        "diagnosis_count",
        "fee_count",
        "fund_fen",
        "operation_count",
        "settlement_id",
    ),
    FUND_LINES: ("batch_number", "first", "line_count", "total_fen"),
    REIMBURSEMENT: (
        "application_id",
        "applied_date",
        "bill.code",
        "bill.number",
        "care",
        "claimed_fen",
        "insured_region",
        "issuer_code",
        "settlement_id",
        "treatment_region",
    ),
    FILING: (
        "begin_date",
        "end_date",
        "filing_id",
        "institution_code",
        "insurance_type",
        "insured_region",
        "kind",
        "treatment_region",
    ),
}

_ROW = re.compile(r"([a-z]+)\.([1-9][0-9]{0,5})(?:\.(.+))?")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,15}")


@dataclass(frozen=True, repr=False)
class StandardForm:
    """One document in standard form. Its repr shows no value."""

    schema: str
    public: Mapping[str, str]
    private: Mapping[str, str]

    def __repr__(self) -> str:
        return (
            f"<StandardForm {self.schema}: {len(self.public)} public, {len(self.private)} private>"
        )

    def fen(self, path: str) -> int:
        """A public amount in fen."""
        return _integer(self.public[path], path)

    def private_fen(self, path: str) -> int | None:
        """A private amount in fen, or None when the document does not give it."""
        text = self.private.get(path, "")
        return _integer(text, path) if text else None

    def absent(self) -> tuple[str, ...]:
        """The public paths whose value the document left out (amounts stand as "0")."""
        return tuple(filter(None, self.private.get("absent", "").split(",")))

    def rows(self, name: str) -> Iterator[dict[str, str]]:
        """The rows "name.1.*", "name.2.*" … in order, each as a map of the rest of its paths."""
        by_index: dict[int, dict[str, str]] = {}
        for path, value in self.private.items():
            row = _ROW.fullmatch(path)
            if row is None or row[1] != name:
                continue
            if row[3]:
                by_index.setdefault(int(row[2]), {})[row[3]] = value
            elif name in _LONG_ROWS:
                by_index.setdefault(int(row[2]), {}).update(_unpack(value, path))
        for index in sorted(by_index):
            yield by_index[index]


def row_fen(row: Mapping[str, str], field: str) -> int:
    """An amount of one row in fen; absent is 0. Rejected FORM_INVALID when it is no integer."""
    return _integer(row.get(field) or "0", field)


def make_form(schema: str, public: Mapping[str, str], private: Mapping[str, str]) -> StandardForm:
    """A form with its public paths checked and both maps sorted. Rejected FORM_INVALID."""
    if len(private) > MAX_FIELDS:
        private = _packed(private)
    form = StandardForm(schema, dict(sorted(public.items())), dict(sorted(private.items())))
    check_form(form)
    return form


def _check_private_amounts(private: Mapping[str, str]) -> None:
    """Every amount is an integer or empty, so that findings can be computed of any checked form."""
    for path, value in private.items():
        row = _ROW.fullmatch(path)
        if row is not None and row[1] in _LONG_ROWS and not row[3]:
            for field, text in _unpack(value, path).items():
                if field.endswith("_fen") and text:
                    _integer(text, path)
        elif path.endswith("_fen") and value:
            _integer(value, path)


def _packed(private: Mapping[str, str]) -> dict[str, str]:
    """The long rows as one field each: canonical JSON, keys sorted, under the row's path."""
    packed: dict[str, str] = {}
    rows: dict[str, dict[str, str]] = {}
    for path, value in private.items():
        row = _ROW.fullmatch(path)
        if row is not None and row[1] in _LONG_ROWS and row[3]:
            rows.setdefault(f"{row[1]}.{row[2]}", {})[row[3]] = value
        else:
            packed[path] = value
    for path, fields in rows.items():
        packed[path] = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return packed


def _unpack(value: str, path: str) -> dict[str, str]:
    try:
        fields = json.loads(value)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict) or any(not isinstance(field, str) for field in fields.values()):
        raise Rejected(FORM_INVALID, element=path, reason="row")
    return fields


def check_form(form: StandardForm) -> None:
    """Rejected FORM_INVALID: unknown schema, other public paths, bad amounts, or over a limit."""
    expected = PUBLIC_PATHS.get(form.schema)
    if expected is None:
        raise Rejected(FORM_INVALID, reason="schema")
    if tuple(sorted(form.public)) != expected:
        raise Rejected(FORM_INVALID, schema=form.schema, reason="public paths")
    if len(form.private) > MAX_FIELDS:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_FIELDS, reason="fields")
    for path, value in form.public.items():
        if path.endswith(("_fen", "_count", "_bytes")):
            _integer(value, path)
    _check_private_amounts(form.private)
    for path, value in (*form.public.items(), *form.private.items()):
        if len(path.encode()) > MAX_PATH or len(value.encode()) > MAX_VALUE or not path:
            raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_VALUE, reason="field")


def _integer(text: str, path: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise Rejected(FORM_INVALID, element=path, reason="integer")
    return int(text)
