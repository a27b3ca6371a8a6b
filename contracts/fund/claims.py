"""Which line pays a settlement, and what that means for the settlement's reversal.

A claim is as alive as its line: a line that failed or bounced, or whose batch was withdrawn or
reversed, binds nothing, and the next claim takes its place.
"""

from contracts.findings import ERROR, FindingRecord
from contracts.framework import Context
from contracts.fund.codes import (
    FUND_BATCH_NOT_FOUND,
    FUND_SETTLEMENT_CLAIMED,
    SETTLEMENT_FUND_PAID,
    SETTLEMENT_FUND_SENT,
)
from contracts.fund.findings import with_findings
from contracts.fund.records import (
    BatchRecord,
    ClaimRecord,
    LineRecord,
    batch_key,
    claim_key,
    line_key,
)
from contracts.fund.rules import DEAD, LINE_DEAD, LINE_OPEN, LINE_PAID, PAYOUT, SENT
from faults import Rejected

SETTLEMENT_REVERSED_FINDING = "FUND_SETTLEMENT_REVERSED"


def live_line(ctx: Context, key: str) -> tuple[LineRecord, BatchRecord] | None:
    """The line at `key` and its batch, or None when it binds nothing (any more)."""
    line = ctx.load(LineRecord, key)
    if line is None or line.state in LINE_DEAD:
        return None
    batch = ctx.require(BatchRecord, batch_key(line.batch_number), FUND_BATCH_NOT_FOUND)
    return None if batch.state in DEAD else (line, batch)


def claimed(
    ctx: Context, direction: str, settlement_id: str
) -> tuple[LineRecord, BatchRecord] | None:
    """The live line that pays (or recovers) the settlement and its batch, or None."""
    claim = ctx.load(ClaimRecord, claim_key(direction, settlement_id))
    return None if claim is None else live_line(ctx, claim.line)


def claim(ctx: Context, direction: str, settlement_id: str, line: str) -> None:
    """Let `line` pay the settlement; Rejected(FUND_SETTLEMENT_CLAIMED) while another one does."""
    key = claim_key(direction, settlement_id)
    before = ctx.load(ClaimRecord, key)
    # A line names a settlement once; while it is being added it does not stand in the state yet.
    if before is not None and (before.line == line or live_line(ctx, before.line) is not None):
        raise Rejected(FUND_SETTLEMENT_CLAIMED, settlement=settlement_id, line=before.line)
    ctx.store(key, ClaimRecord(line=line))


def is_paid(ctx: Context, settlement_id: str) -> bool:
    """Whether a line that pays the settlement is paid, and stands."""
    held = claimed(ctx, PAYOUT, settlement_id)
    return held is not None and held[0].state == LINE_PAID


def before_settlement_reversal(ctx: Context, settlement_id: str) -> None:
    """What the fund has to say to the reversal of a settlement.

    Rejected(SETTLEMENT_FUND_PAID) or (SETTLEMENT_FUND_SENT); in a batch that is not at the bank yet
    the reversal becomes an error finding of the line.
    """
    held = claimed(ctx, PAYOUT, settlement_id)
    if held is None:
        return
    line, batch = held
    about: dict[str, str | int] = {
        "settlement": settlement_id,
        "batch": line.batch_number,
        "line": line.number,
    }
    if line.state == LINE_PAID:
        raise Rejected(SETTLEMENT_FUND_PAID, **about)
    if line.state == LINE_OPEN and batch.state == SENT:
        raise Rejected(SETTLEMENT_FUND_SENT, **about)
    found = FindingRecord(
        code=SETTLEMENT_REVERSED_FINDING,
        grade=ERROR,
        field=f"line.{line.number}.settlements",
        detail=f"settlement={settlement_id}",
    )
    key = line_key(line.batch_number, line.number)
    ctx.store(key, line.changed(findings=with_findings(line.findings, (found,))))
    ctx.emit(key, "finding", found=found.code, grade=found.grade, settlement=settlement_id)
    ctx.store(batch_key(line.batch_number), batch.changed(errors=batch.errors + 1))
    ctx.emit(
        batch_key(line.batch_number),
        "finding",
        found=found.code,
        grade=found.grade,
        line=line.number,
        settlement=settlement_id,
    )
