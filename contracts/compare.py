"""票实核对: what the public fields of a bill and of its settlement say differently.

Pure: every difference is returned, none is weighed away. What only the sealed fields show (names,
self-paid amounts) comes from whoever opened both, as further findings under the same kind of code.
"""

from collections.abc import Iterable

from contracts.findings import ERROR, INFO, WARN, FindingRecord
from contracts.forms import BLUE, EbillFields, SettlementFields


def compare(bill: EbillFields, settlement: SettlementFields) -> tuple[FindingRecord, ...]:
    """Every difference between the two, in a fixed order."""
    return (
        *_identities(bill, settlement),
        *_dates(bill, settlement),
        *_institutions(bill, settlement),
        *_amounts(bill, settlement),
    )


def merge(
    own: tuple[FindingRecord, ...], submitted: Iterable[FindingRecord]
) -> tuple[FindingRecord, ...]:
    """Both sides' findings; where a submitted one repeats what the contract saw, its own stands."""
    seen = {(one.code, one.field) for one in own}
    return (*own, *(one for one in submitted if (one.code, one.field) not in seen))


def _finding(
    code: str, grade: str, field: str, bill: str | int, settlement: str | int
) -> FindingRecord:
    detail = f"bill={bill} settlement={settlement}"
    return FindingRecord(code=code, grade=grade, field=field, detail=detail)


def _identities(bill: EbillFields, settlement: SettlementFields) -> list[FindingRecord]:
    found = []
    if bill.color != settlement.color:
        colors = (bill.color, settlement.color)
        found.append(_finding("VERIFY_COLOR", ERROR, "color", *colors))
    # A red bill may go on naming the settlement that its reversal takes back.
    ids = (settlement.settlement_id, settlement.original_settlement_id)
    if bill.settlement_id and bill.settlement_id not in ids:
        differing = (bill.settlement_id, settlement.settlement_id)
        found.append(_finding("VERIFY_SETTLEMENT_ID", ERROR, "settlement_id", *differing))
    own = f"{bill.code}-{bill.number}"
    named = f"{settlement.bill_code}-{settlement.bill_number}"
    if settlement.bill_code and own != named:
        found.append(_finding("VERIFY_BILL_KEY", ERROR, "bill.number", own, named))
    return found


def _dates(bill: EbillFields, settlement: SettlementFields) -> list[FindingRecord]:
    """The business date is compared; a bill may be issued after its settlement, not before."""
    settled = settlement.settled_date
    if bill.issue_date < settled:
        return [_finding("VERIFY_DATE", ERROR, "issue_date", bill.issue_date, settled)]
    if bill.color == BLUE and bill.business_date and bill.business_date != settled:
        return [_finding("VERIFY_DATE", WARN, "business_date", bill.business_date, settled)]
    return []


def _institutions(bill: EbillFields, settlement: SettlementFields) -> list[FindingRecord]:
    """A bill has the credit code, a settlement its own: comparable where both are known."""
    own, theirs = bill.issuer_code, settlement.institution_uscc
    if not own or not theirs:
        values = (own or "none", theirs or settlement.institution_code)
        return [_finding("VERIFY_INSTITUTION_UNKNOWN", INFO, "institution_code", *values)]
    if own != theirs:
        return [_finding("VERIFY_INSTITUTION_CODE", ERROR, "issuer_code", own, theirs)]
    return []


def _amounts(bill: EbillFields, settlement: SettlementFields) -> list[FindingRecord]:
    # Some hospitals print all funds together as the pooled fund: a difference of its own kind.
    together = bill.fund_fen == settlement.fund_total_fen and bill.other_fund_fen == 0
    pooled = (bill.fund_fen, settlement.pooled_fund_fen)
    pairs = [("VERIFY_TOTAL", "total_fen", bill.total_fen, settlement.total_fen)]
    found = []
    if together and bill.fund_fen != settlement.pooled_fund_fen:
        found.append(_finding("VERIFY_FUND_TOTAL_AS_POOLED", WARN, "fund_fen", *pooled))
    else:
        others = (bill.other_fund_fen, settlement.other_fund_fen)
        pairs.append(("VERIFY_POOLED_FUND", "fund_fen", *pooled))
        pairs.append(("VERIFY_OTHER_FUND", "other_fund_fen", *others))
    pairs.append(("VERIFY_ACCOUNT", "account_fen", bill.account_fen, settlement.account_fen))
    pairs.append(("VERIFY_CASH", "cash_fen", bill.cash_fen, settlement.cash_fen))
    differing = [pair for pair in pairs if pair[2] != pair[3]]
    return [_finding(code, ERROR, field, *amounts) for code, field, *amounts in differing] + found
