"""Findings: differences kept with a record and shown, and the rule by which a grade refuses.

Real documents break textbook identities. What is wrong in structure or identity is refused
elsewhere; here a difference has a grade, and who submitted the document decides what the grade
means: a hospital or the bureau is asked to correct an error, the finance chain is the authority on
its own bills.
"""

import re
from collections.abc import Iterable, Sequence

from contracts.codes import FINDINGS_REFUSED
from contracts.fields import malformed, text
from contracts.forms import BILL_KINDS, SETTLEMENT_KINDS, EbillFields, SettlementFields
from contracts.framework import Context, Identity
from faults import Rejected
from ledger.records import Record
from proto.transaction_pb2 import Finding

INFO, WARN, ERROR, NONE = "info", "warn", "error", "none"
GRADES = (INFO, WARN, ERROR)
FINDINGS_MAX = 500
RULE_KEY = "parameters/findings"
# Finance is the authority on its bills; a channel proves what a peer chain committed.
AUTHORITIES = ("finance", "channel")

BILL_TOTAL_NOT_SUM_OF_KINDS = "BILL_TOTAL_NOT_SUM_OF_KINDS"
SETTLEMENT_TOTAL_NOT_SUM_OF_KINDS = "SETTLEMENT_TOTAL_NOT_SUM_OF_KINDS"

_CODE = re.compile(r"[A-Z][A-Z0-9_]{1,63}", re.ASCII)
_FIELD = re.compile(r"[0-9A-Za-z_.]{0,128}", re.ASCII)


class FindingRecord(Record, frozen=True, kw_only=True):
    """One difference as the state keeps it."""

    code: str
    grade: str
    field: str
    detail: str


class FindingRule(Record, frozen=True, kw_only=True):
    """From which grade on findings refuse a document; "none" never refuses. Set by governance."""

    submitted: str = ERROR
    proved: str = NONE


def read_findings(findings: Iterable[Finding]) -> tuple[FindingRecord, ...]:
    """The findings of a request, checked one by one, in the order given."""
    read = []
    for number, one in enumerate(findings, start=1):
        if number > FINDINGS_MAX:
            raise malformed("findings", f"more than {FINDINGS_MAX}")
        if not _CODE.fullmatch(one.code) or one.grade not in GRADES:
            raise malformed("findings", f"code or grade of number {number}")
        if not _FIELD.fullmatch(one.field):
            raise malformed("findings", f"field of number {number}")
        detail = text("findings.detail", one.detail)
        read.append(FindingRecord(code=one.code, grade=one.grade, field=one.field, detail=detail))
    return tuple(read)


def with_bill_arithmetic(
    fields: EbillFields, submitted: tuple[FindingRecord, ...]
) -> tuple[FindingRecord, ...]:
    """Add what the public amounts themselves show, whether or not the submitter said it.

    A bill whose kinds are all zero gives no split at all, which is no contradiction.
    """
    return _with_sum(fields, BILL_KINDS, BILL_TOTAL_NOT_SUM_OF_KINDS, submitted)


def with_settlement_arithmetic(
    fields: SettlementFields, submitted: tuple[FindingRecord, ...]
) -> tuple[FindingRecord, ...]:
    """As for bills. The one public record, whose kinds are all zero, gives no split either."""
    code = SETTLEMENT_TOTAL_NOT_SUM_OF_KINDS
    return _with_sum(fields, SETTLEMENT_KINDS, code, submitted)


def beyond(
    original: Iterable[FindingRecord], findings: Iterable[FindingRecord]
) -> tuple[FindingRecord, ...]:
    """What was not found in the document that this one takes back.

    A mirror image repeats what was accepted with the original: refusing it for that would leave
    the original standing for ever.
    """
    known = {one.code for one in original}
    return tuple(one for one in findings if one.code not in known)


def check_findings(ctx: Context, source: Identity, findings: Sequence[FindingRecord]) -> None:
    """Raise Rejected(FINDINGS_REFUSED) when one has a grade that refuses what `source` brings."""
    rule = ctx.load(FindingRule, RULE_KEY) or FindingRule()
    proved = any(role in AUTHORITIES for role in source.roles)
    threshold = rule.proved if proved else rule.submitted
    if threshold not in GRADES:
        return
    for one in findings:
        if GRADES.index(one.grade) >= GRADES.index(threshold):
            raise Rejected(
                FINDINGS_REFUSED,
                finding=one.code,
                grade=one.grade,
                field=one.field,
                detail=one.detail,
            )


def finding_codes(findings: Iterable[FindingRecord]) -> str:
    """The distinct codes, ascending and comma-separated, at most 500 characters: for events."""
    return ",".join(sorted({one.code for one in findings}))[:500]


def _with_sum(
    fields: EbillFields | SettlementFields,
    kinds: Sequence[str],
    code: str,
    submitted: tuple[FindingRecord, ...],
) -> tuple[FindingRecord, ...]:
    amounts = [int(getattr(fields, kind)) for kind in kinds]
    if not any(amounts) or sum(amounts) == fields.total_fen:
        return submitted
    detail = f"total_fen={fields.total_fen} sum_fen={sum(amounts)}"
    found = FindingRecord(code=code, grade=ERROR, field="total_fen", detail=detail)
    return (*(one for one in submitted if one.code != code), found)
