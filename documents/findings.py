"""Findings: differences that are kept and shown, not refused and not hidden.

Every function takes a standard form, so a finding can be computed at the edge and again by
whoever opens the payload. Details hold amounts in fen, counts and codes, never personal data.
"""

from dataclasses import dataclass
from typing import Literal

from documents.forms import StandardForm, row_fen
from documents.settlement_fields import KINDS_OF_PAYMENT

Grade = Literal["info", "warn", "error"]


@dataclass(frozen=True)
class Finding:
    """One difference: a stable code, a grade, the path it is about and a detail without names."""

    code: str
    grade: Grade
    field: str
    detail: str = ""


def has_errors(findings: tuple[Finding, ...]) -> bool:
    """Whether any finding has the grade "error"."""
    return any(finding.grade == "error" for finding in findings)


_BILL_KINDS = ("fund_fen", "other_fund_fen", "account_fen", "cash_fen")


def bill_findings(bill: StandardForm) -> tuple[Finding, ...]:
    """What is arithmetically or formally odd about an ebill/1 form."""
    return (
        *_bill_numbering(bill),
        *_bill_kinds(bill),
        *_bill_items(bill),
        *_bill_dates(bill),
        *_bill_payer(bill),
    )


def _bill_numbering(bill: StandardForm) -> list[Finding]:
    found = []
    number, code = bill.public["number"], bill.public["code"]
    einvoice_id = bill.private.get("einvoice_id", "")
    if einvoice_id and einvoice_id != f"{number[::-1]}-{code[::-1]}":
        found.append(Finding("BILL_ID_RULE", "warn", "einvoice_id"))
    specimen = bill.private.get("specimen_code", "")
    if specimen and not specimen.startswith(code):
        found.append(Finding("BILL_SPECIMEN_CODE", "info", "specimen_code"))
    return found


def _bill_kinds(bill: StandardForm) -> list[Finding]:
    absent = [path for path in _BILL_KINDS if path in bill.absent()]
    if len(absent) == len(_BILL_KINDS):
        return [Finding("BILL_KINDS_ABSENT", "info", "total_fen")]
    found = [Finding("AMOUNT_ABSENT", "info", path) for path in absent]
    kinds = sum(bill.fen(path) for path in _BILL_KINDS)
    if kinds != bill.fen("total_fen"):
        detail = f"total_fen={bill.fen('total_fen')} sum_fen={kinds}"
        found.append(Finding("BILL_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen", detail))
    return found


def _bill_items(bill: StandardForm) -> list[Finding]:
    items = list(bill.rows("item"))
    if not items:
        return [Finding("BILL_WITHOUT_ITEMS", "info", "item")]
    found = []
    total = sum(row_fen(item, "amount_fen") for item in items)
    if total != bill.fen("total_fen"):
        detail = f"total_fen={bill.fen('total_fen')} sum_fen={total}"
        found.append(Finding("BILL_TOTAL_NOT_SUM_OF_ITEMS", "error", "total_fen", detail))
    return found + _bill_lines(bill, items)


def _bill_lines(bill: StandardForm, items: list[dict[str, str]]) -> list[Finding]:
    """Detail lines of one item code add up to the items of that code."""
    item_sums: dict[str, int] = {}
    first: dict[str, int] = {}
    for index, item in enumerate(items, 1):
        code = item.get("code", "")
        item_sums[code] = item_sums.get(code, 0) + row_fen(item, "amount_fen")
        first.setdefault(code, index)
    line_sums: dict[str, int] = {}
    found = []
    for index, line in enumerate(bill.rows("aux"), 1):
        code = line.get("related_code", "")
        if code in item_sums:
            line_sums[code] = line_sums.get(code, 0) + row_fen(line, "amount_fen")
        else:
            found.append(Finding("BILL_LINE_WITHOUT_ITEM", "warn", f"aux.{index}"))
    for code, amount in line_sums.items():
        if amount != item_sums[code]:
            field = f"item.{first[code]}.amount_fen"
            difference = f"difference_fen={amount - item_sums[code]}"
            found.append(Finding("BILL_ITEM_NOT_SUM_OF_LINES", "warn", field, difference))
    return found


def _bill_dates(bill: StandardForm) -> list[Finding]:
    issued, business = bill.public["issue_date"], bill.public["business_date"]
    if "business_date" in bill.absent():
        return [Finding("BILL_BUSINESS_DATE_ABSENT", "info", "business_date")]
    if issued < business:
        detail = f"issued={issued} business={business}"
        return [Finding("BILL_ISSUED_BEFORE_BUSINESS", "warn", "issue_date", detail)]
    return []


def _bill_payer(bill: StandardForm) -> list[Finding]:
    found = []
    if "*" in bill.private.get("payer.code", ""):
        found.append(Finding("BILL_PAYER_MASKED", "info", "payer.code"))
    if "settlement_id" in bill.private.get("ambiguous", "").split(","):
        found.append(Finding("BILL_SETTLEMENT_ID_AMBIGUOUS", "warn", "settlement_id"))
    return found


# Payments of the basic and the additional funds that make up fund_pay_sumamt.
FUND_PARTS = (
    "hifp_pay",
    "cvlserv_pay",
    "hifes_pay",
    "hifmi_pay",
    "hifob_pay",
    "maf_pay",
    "oth_pay",
    "hifdm_pay",
)
SCOPE_PARTS = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
# Rows of the fund split that are personal accounts, not funds.
ACCOUNT_FUND_TYPES = ("310200", "390500")


def settlement_findings(settlement: StandardForm) -> tuple[Finding, ...]:
    """The identities of a settlement/1 form that do not hold, or cannot be checked.

    They hold in most records and break in real ones, so they are graded "warn". What the contract
    itself adds up is an error there, and so here: the kinds of payment against the total.
    """
    found = [Finding("AMOUNT_ABSENT", "info", path) for path in settlement.absent()]
    found += _kinds_of_payment(settlement)
    total = settlement.fen("total_fen")
    funds = settlement.fen("fund_total_fen")
    person = _amount(settlement, "psn_part_amt")
    found += _identity("SETTLEMENT_FUND_PARTS", "fund_total_fen", funds, _fund_parts(settlement))
    hospital = settlement.fen("hospital_fen")
    burden = None if person is None else funds + person + hospital
    found += _identity("SETTLEMENT_TOTAL_PARTS", "total_fen", total, burden)
    found += _person_parts(settlement, person)
    found += _identity("SETTLEMENT_SCOPE_PARTS", "total_fen", total, _scope_parts(settlement))
    found += _identity("SETTLEMENT_FUND_ROWS", "fund_total_fen", funds, _fund_rows(settlement))
    found += _identity("SETTLEMENT_FEE_ROWS", "total_fen", total, _fee_rows(settlement))
    bill_amount = settlement.private_fen("bill.amount_fen")
    found += _identity("SETTLEMENT_BILL_AMOUNT", "total_fen", total, bill_amount)
    requested = settlement.private_fen("request.data.medfee_sumamt_fen")
    found += _identity("SETTLEMENT_REQUESTED_TOTAL", "total_fen", total, requested)
    found += _settlement_notes(settlement)
    return tuple(found)


def _kinds_of_payment(settlement: StandardForm) -> list[Finding]:
    """Kinds that are all zero are no split at all, as in the one public record."""
    amounts = [settlement.fen(path) for path in KINDS_OF_PAYMENT]
    total = settlement.fen("total_fen")
    if not any(amounts) or sum(amounts) == total:
        return []
    detail = f"total_fen={total} sum_fen={sum(amounts)}"
    return [Finding("SETTLEMENT_TOTAL_NOT_SUM_OF_KINDS", "error", "total_fen", detail)]


def _identity(code: str, field: str, expected: int, actual: int | None) -> list[Finding]:
    if actual is None or expected == actual:
        return []
    return [Finding(code, "warn", field, f"{field}={expected} sum_fen={actual}")]


def _amount(settlement: StandardForm, element: str) -> int | None:
    return settlement.private_fen(f"amount.{element}_fen")


def _fund_parts(settlement: StandardForm) -> int | None:
    parts = [_amount(settlement, element) for element in FUND_PARTS]
    given = [part for part in parts if part is not None]
    return sum(given) if given else None


def _scope_parts(settlement: StandardForm) -> int | None:
    parts = [_amount(settlement, element) for element in SCOPE_PARTS]
    return None if None in parts else sum(part for part in parts if part is not None)


def _person_parts(settlement: StandardForm, person: int | None) -> list[Finding]:
    """The shared account may stand inside acct_pay or beside it: either is right."""
    if person is None:
        return []
    paid = settlement.fen("account_fen") + settlement.fen("cash_fen")
    paid += settlement.fen("wallet_fen") + settlement.fen("credit_fen")
    if person in (paid, paid + (_amount(settlement, "acct_mulaid_pay") or 0)):
        return []
    detail = f"psn_part_fen={person} paid_fen={paid}"
    return [Finding("SETTLEMENT_PERSON_PARTS", "warn", "cash_fen", detail)]


def _fund_rows(settlement: StandardForm) -> int | None:
    rows = list(settlement.rows("fund"))
    if not rows:
        return None
    return sum(
        row_fen(row, "amount_fen") for row in rows if row.get("type") not in ACCOUNT_FUND_TYPES
    )


def _fee_rows(settlement: StandardForm) -> int | None:
    rows = list(settlement.rows("fee"))
    if not rows:
        return None
    return sum(row_fen(row, "det_item_fee_sumamt_fen") for row in rows)


def _settlement_notes(settlement: StandardForm) -> list[Finding]:
    found = []
    if settlement.fen("selfpay_fen") * (-1 if settlement.public["color"] == "red" else 1) < 0:
        found.append(Finding("SETTLEMENT_SELFPAY_NEGATIVE", "warn", "selfpay_fen"))
    if not settlement.public["region"] or not settlement.public["insured_region"]:
        found.append(Finding("SETTLEMENT_REGION_UNKNOWN", "info", "region"))
    if not settlement.public["institution_code"]:
        found.append(Finding("SETTLEMENT_INSTITUTION_UNKNOWN", "warn", "institution_code"))
    if settlement.private.get("sign_normalised"):
        found.append(Finding("SETTLEMENT_REVERSAL_POSITIVE", "info", "total_fen"))
    if settlement.public["settlement_id"] == settlement.public["original.settlement_id"]:
        found.append(Finding("SETTLEMENT_REVERSAL_SAME_ID", "info", "settlement_id"))
    return found
