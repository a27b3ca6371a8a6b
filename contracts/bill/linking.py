"""Bill and settlement: linking the two, and comparing what they say (票实核对)."""

from collections.abc import Iterable

from contracts.bill.home import key_of
from contracts.bill.record import BillRecord, Verification
from contracts.codes import ALREADY_LINKED, LINK_MISMATCH
from contracts.compare import compare, merge
from contracts.findings import ERROR, WARN, FindingRecord, finding_codes
from contracts.framework import Context
from contracts.settlement import SettlementRecord, check_in_force, settlement_key
from faults import Rejected


def link(ctx: Context, bill: BillRecord, settlement: SettlementRecord) -> None:
    """Let the two point at each other: same account, same total, neither linked elsewhere."""
    check_in_force(settlement)
    bill_name, settlement_name = key_of(bill), settlement_key(settlement.public.settlement_id)
    if bill.settlement_id or settlement.bill:
        raise Rejected(ALREADY_LINKED, bill=bill_name, settlement=settlement_name)
    if not bill.account_id or bill.account_id != settlement.account_id:
        raise Rejected(LINK_MISMATCH, field="account")
    if bill.public.total_fen != settlement.public.total_fen:
        raise Rejected(
            LINK_MISMATCH,
            field="total_fen",
            bill_fen=bill.public.total_fen,
            settlement_fen=settlement.public.total_fen,
        )
    ctx.store(bill_name, bill.changed(settlement_id=settlement.public.settlement_id))
    ctx.emit(bill_name, "link", settlement=settlement_name)
    ctx.store(settlement_name, settlement.changed(bill=bill_name))
    ctx.emit(settlement_name, "link", bill=bill_name)


def verify(
    ctx: Context,
    bill: BillRecord,
    settlement: SettlementRecord,
    submitted: Iterable[FindingRecord],
) -> Verification:
    """Record every difference, those of the public fields and those that the submitter found."""
    differences = merge(compare(bill.public, settlement.public), submitted)
    verification = Verification(
        settlement_id=settlement.public.settlement_id,
        time_ms=ctx.time_ms,
        differences=differences,
    )
    ctx.store(key_of(bill), bill.changed(verification=verification))
    ctx.emit(
        key_of(bill),
        "verify",
        settlement=settlement_key(settlement.public.settlement_id),
        errors=count(differences, ERROR),
        warnings=count(differences, WARN),
        codes=finding_codes(differences),
    )
    return verification


def count(findings: Iterable[FindingRecord], grade: str) -> int:
    """How many findings have this grade."""
    return sum(1 for one in findings if one.grade == grade)
