"""What the methods of the contract have in common: batches looked up, moved, stored."""

from contracts.fields import identifier, text
from contracts.findings import ERROR, WARN, FindingRecord
from contracts.framework import Context, Result
from contracts.fund import codes
from contracts.fund.line_form import read_header
from contracts.fund.lines import is_complete
from contracts.fund.records import BatchRecord, Header, batch_key
from contracts.fund.rules import TABLE
from contracts.fund.summary import submitted, summarise
from contracts.states import START
from faults import Rejected
from proto.fund_pb2 import FundBatchHeader

BUREAU, FUND = "bureau", "fund"


def declare(ctx: Context, given: FundBatchHeader, original: str) -> Result:
    """Store a new batch; Rejected(FUND_BATCH_EXISTS) when its number is taken."""
    header: Header = read_header(given)
    key = batch_key(header.batch_number)
    known = ctx.load(BatchRecord, key)
    state = TABLE.move(known.state if known else START, "submit", batch=header.batch_number)
    batch = BatchRecord(header=header, state=state, submitter_org=ctx.signer.org, original=original)
    return stored(
        ctx,
        batch,
        "declare",
        count=header.count,
        total_fen=header.total_fen,
        direction=header.direction,
        original=original,
    )


def store_added(ctx: Context, batch: BatchRecord, **about: int) -> Result:
    """Store the batch with what was added to it; submitted when it is complete."""
    complete = is_complete(batch)
    result = stored(ctx, batch, "add", added=batch.added_count, **about)
    if not complete:
        return result
    batch = moved(require_batch(ctx, batch.header.batch_number), "complete")
    summarise(ctx, batch, submitted)
    return stored(ctx, batch, "submit", total_fen=batch.added_fen, count=batch.added_count)


def require_batch(ctx: Context, batch_number: str) -> BatchRecord:
    """The batch; Rejected(FUND_BATCH_NOT_FOUND) when there is none."""
    key = batch_key(identifier("batch_number", batch_number))
    return ctx.require(BatchRecord, key, codes.FUND_BATCH_NOT_FOUND)


def own_batch(ctx: Context, batch_number: str, action: str) -> BatchRecord:
    """The batch after `action`, which only the organisation that submitted it may do."""
    batch = require_batch(ctx, batch_number)
    if ctx.signer.org != batch.submitter_org:
        raise Rejected(codes.FUND_NOT_SUBMITTER, submitter=batch.submitter_org)
    return moved(batch, action)


def moved(batch: BatchRecord, action: str) -> BatchRecord:
    """The batch in the state after `action`; Rejected with what the table says otherwise."""
    number_ = batch.header.batch_number
    return batch.changed(state=TABLE.move(batch.state, action, batch=number_))


def stored(ctx: Context, batch: BatchRecord, action: str, **about: str | int) -> Result:
    """Store the batch and note the action in its trace; the method's result."""
    key = batch_key(batch.header.batch_number)
    ctx.store(key, batch)
    ctx.emit(key, action, state=batch.state, **about)
    return {"object": key, "state": batch.state}


def check_submitter_or_bureau(ctx: Context, batch: BatchRecord) -> None:
    """Raise Rejected(FUND_NOT_SUBMITTER) for any other organisation."""
    if ctx.signer.org != batch.submitter_org and BUREAU not in ctx.signer.roles:
        raise Rejected(codes.FUND_NOT_SUBMITTER, submitter=batch.submitter_org)


def check_closed(batch: BatchRecord) -> None:
    """Raise Rejected(FUND_RETURN_OPEN) while a return is recorded in part."""
    if batch.open_return is not None:
        raise Rejected(codes.FUND_RETURN_OPEN, return_number=batch.open_return.return_number)


def about_lines(batch: BatchRecord) -> tuple[FindingRecord, ...]:
    """What the lines' findings amount to, for the rule of findings."""
    grades = ((ERROR, batch.errors), (WARN, batch.warnings))
    return tuple(
        FindingRecord(
            code="FUND_LINE_FINDINGS", grade=grade, field="lines", detail=f"count={count}"
        )
        for grade, count in grades
        if count
    )


def required_reason(given: str, field: str = "reason") -> str:
    """A text that is not blank; Rejected(FUND_REASON_REQUIRED) otherwise."""
    reason = text(field, given)
    if not reason.strip():
        raise Rejected(codes.FUND_REASON_REQUIRED, field=field)
    return reason
