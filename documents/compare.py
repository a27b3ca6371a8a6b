"""票实核对: whether a bill and a settlement say the same (pairs of FORMATS 1.8), on opened
plaintexts.

Every pair is reported: the same, different, explained by a known way of printing, or not
comparable because one side is silent. A difference is a finding; none is hidden and none
refuses anything by itself.
"""

from dataclasses import dataclass
from typing import Literal

from documents.codes import FORM_INVALID
from documents.findings import Finding, Grade
from documents.forms import EBILL, SETTLEMENT, StandardForm
from documents.identifiers import mask_covers
from documents.institutions import InstitutionTable
from documents.person import person_of
from documents.text import comparable_name
from faults import Rejected

Status = Literal["same", "different", "explained", "unknown"]


@dataclass(frozen=True)
class Pair:
    """One compared pair. `finding` is None when the two sides agree."""

    name: str
    status: Status
    finding: Finding | None = None


@dataclass(frozen=True)
class Verification:
    """All pairs of one comparison, in a fixed order."""

    pairs: tuple[Pair, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of the pairs that have one."""
        return tuple(pair.finding for pair in self.pairs if pair.finding is not None)

    @property
    def agrees(self) -> bool:
        """Whether no pair is different with the grade "error"."""
        return all(finding.grade != "error" for finding in self.findings)


def compare(
    bill: StandardForm, settlement: StandardForm, institutions: InstitutionTable
) -> Verification:
    """Compare a blue bill with its settlement, or a red bill with the reversal.

    Rejected FORM_INVALID when the forms are not ebill/1 and settlement/1, in this order.
    """
    if bill.schema != EBILL or settlement.schema != SETTLEMENT:
        raise Rejected(FORM_INVALID, reason="schema")
    return Verification(
        (
            _color(bill, settlement),
            _settlement_id(bill, settlement),
            _bill_key(bill, settlement),
            _date(bill, settlement),
            _institution_code(bill, settlement, institutions),
            _institution_name(bill, settlement, institutions),
            _amount("total", "total_fen", bill, settlement, "total_fen"),
            *_funds(bill, settlement),
            _selfpay(bill, settlement),
            _amount("account", "account_fen", bill, settlement, "account_fen"),
            _amount("cash", "cash_fen", bill, settlement, "cash_fen"),
            _person(bill, settlement),
        )
    )


def _differs(name: str, grade: Grade, field: str, detail: str = "") -> Pair:
    return Pair(name, "different", Finding(f"VERIFY_{name.upper()}", grade, field, detail))


def _color(bill: StandardForm, settlement: StandardForm) -> Pair:
    if bill.public["color"] == settlement.public["color"]:
        return Pair("color", "same")
    detail = f"bill={bill.public['color']} settlement={settlement.public['color']}"
    return _differs("color", "error", "color", detail)


def _settlement_id(bill: StandardForm, settlement: StandardForm) -> Pair:
    """A red bill may keep naming the settlement that its reversal takes back."""
    named = bill.public["settlement_id"]
    if not named:
        return Pair("settlement_id", "unknown")
    ids = (settlement.public["settlement_id"], settlement.public["original.settlement_id"])
    if named in ids:
        return Pair("settlement_id", "same")
    return _differs("settlement_id", "error", "settlement_id")


def _bill_key(bill: StandardForm, settlement: StandardForm) -> Pair:
    named = (settlement.public["bill.code"], settlement.public["bill.number"])
    if not any(named):
        return Pair("bill_key", "unknown")
    if named == (bill.public["code"], bill.public["number"]):
        return Pair("bill_key", "same")
    return _differs("bill_key", "error", "bill.number")


def _date(bill: StandardForm, settlement: StandardForm) -> Pair:
    """The business date is the settlement's; a bill may be issued later, never earlier."""
    settled, issued = settlement.public["settled_date"], bill.public["issue_date"]
    business = bill.public["business_date"]
    detail = f"settled={settled} business={business} issued={issued}"
    if issued < settled:
        return _differs("date", "error", "issue_date", detail)
    is_known = "business_date" not in bill.absent() and bill.public["color"] == "blue"
    if is_known and business != settled:
        return _differs("date", "warn", "business_date", detail)
    return Pair("date", "same")


def _institution_code(
    bill: StandardForm, settlement: StandardForm, institutions: InstitutionTable
) -> Pair:
    code, issuer = settlement.public["institution_code"], bill.public["issuer_code"]
    known = institutions.by_code(code)
    uscc = known.uscc if known is not None else settlement.public["institution_uscc"]
    if not uscc:
        finding = Finding("VERIFY_INSTITUTION_UNKNOWN", "warn", "institution_code", f"code={code}")
        return Pair("institution_code", "unknown", finding)
    if uscc == issuer:
        return Pair("institution_code", "same")
    detail = f"code={code} uscc={uscc} issuer={issuer}"
    return _differs("institution_code", "error", "issuer_code", detail)


def _institution_name(
    bill: StandardForm, settlement: StandardForm, institutions: InstitutionTable
) -> Pair:
    printed = bill.private.get("issuer.name", "")
    settled = settlement.private.get("request.fixmedins_name", "")
    known = institutions.by_code(settlement.public["institution_code"])
    if not printed or not (settled or known):
        return Pair("institution_name", "unknown")
    if settled and comparable_name(printed) == comparable_name(settled):
        return Pair("institution_name", "same")
    if known is not None and known.has_name(printed) and (not settled or known.has_name(settled)):
        return Pair("institution_name", "same")
    return _differs("institution_name", "warn", "issuer.name")


def _amount(name: str, path: str, bill: StandardForm, settlement: StandardForm, other: str) -> Pair:
    if path in bill.absent() or other in settlement.absent():
        return Pair(name, "unknown")
    on_bill, settled = bill.fen(path), settlement.fen(other)
    if on_bill == settled:
        return Pair(name, "same")
    return _differs(name, "error", path, f"bill_fen={on_bill} settlement_fen={settled}")


def _funds(bill: StandardForm, settlement: StandardForm) -> tuple[Pair, Pair]:
    """Pooled fund and other funds. Some hospitals print the sum of all funds as the pooled fund."""
    pooled = _amount("pooled_fund", "fund_fen", bill, settlement, "pooled_fund_fen")
    other = _amount("other_fund", "other_fund_fen", bill, settlement, "other_fund_fen")
    printed = bill.fen("fund_fen")
    is_total = printed == settlement.fen("fund_total_fen") and bill.fen("other_fund_fen") == 0
    if pooled.status != "different" or not is_total:
        return pooled, other
    detail = f"bill_fen={printed} pooled_fen={settlement.fen('pooled_fund_fen')}"
    finding = Finding("VERIFY_FUND_TOTAL_AS_POOLED", "warn", "fund_fen", detail)
    return Pair("pooled_fund", "different", finding), Pair("other_fund", "explained")


def _selfpay(bill: StandardForm, settlement: StandardForm) -> Pair:
    """个人自付: computed for most settlements, so a difference is only a warning there."""
    printed = bill.private_fen("selfpay_fen")
    if printed is None:
        return Pair("selfpay", "unknown")
    settled = settlement.fen("selfpay_fen")
    if printed == settled:
        return Pair("selfpay", "same")
    is_given = settlement.private_fen("amount.psn_selfpay_fen") is not None
    detail = f"difference_fen={printed - settled}"
    return _differs("selfpay", "error" if is_given else "warn", "selfpay_fen", detail)


def _person(bill: StandardForm, settlement: StandardForm) -> Pair:
    """Payer and insured person, by the strongest identifier both give. Nothing of them is shown."""
    payer, insured = person_of(bill), person_of(settlement)
    known = False
    for ours, theirs in ((payer.id_number, insured.id_number), (payer.psn_no, insured.psn_no)):
        if ours and theirs:
            known = True
            if ours != theirs:
                return _differs("person", "error", "payer.code")
    # A mask that fits proves nothing, but one that does not fit proves another person.
    masked = payer.masked_id_number
    if masked and insured.id_number and not mask_covers(masked, insured.id_number):
        return _differs("person", "error", "payer.code")
    if payer.name and insured.name and comparable_name(payer.name) != comparable_name(insured.name):
        return _differs("person", "warn", "payer.name")
    return Pair("person", "same" if known else "unknown")
