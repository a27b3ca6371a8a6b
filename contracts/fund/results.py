"""The bank's return (回盘, 退票): its lines recorded one by one, its sums compared at its end."""

import msgspec

from contracts.fields import identifier, malformed
from contracts.findings import ERROR, WARN
from contracts.framework import Context
from contracts.fund.codes import (
    FUND_LINES_ORDER,
    FUND_RETURN_CHANGED,
    FUND_RETURN_KNOWN,
    FUND_RETURN_OPEN,
)
from contracts.fund.differences import Differences
from contracts.fund.line_form import (
    COUNT_MAX,
    LINES_MAX,
    date,
    hash_bytes,
    moment,
    number,
    result_code,
    sum_of,
)
from contracts.fund.records import BatchRecord, LineRecord, ReturnRecord, Tally, line_key
from contracts.fund.rules import (
    BOUNCE,
    FAILED,
    LINE_BOUNCED,
    LINE_FAILED,
    LINE_OPEN,
    LINE_PAID,
    PAID,
    PARTLY_PAID,
    RESULT,
)
from contracts.fund.summary import answered, summarise
from faults import Rejected
from proto.fund_pb2 import FundReturnLine, RecordFundResultRequest

RETURNS_MAX = 1_000  # return files of one batch
KINDS = (RESULT, BOUNCE)
RESULTS = {RESULT: (LINE_PAID, LINE_FAILED), BOUNCE: (LINE_BOUNCED,)}
_HEADER = (
    "kind",
    "returned_date",
    "count",
    "total_fen",
    "paid_count",
    "paid_fen",
    "failed_count",
    "failed_fen",
)


def record_part(
    ctx: Context, batch: BatchRecord, request: RecordFundResultRequest
) -> tuple[BatchRecord, Differences]:
    """Record a part of a return file; returns the batch, which the caller stores, and what differs.

    The lines are stored here.
    """
    if len(request.lines) > LINES_MAX or (not request.lines and not request.last):
        raise malformed("lines", f"1 to {LINES_MAX}")
    opened = _opened(batch, request)
    if request.offset != opened.seen_count:
        raise Rejected(FUND_LINES_ORDER, field="offset", expected=opened.seen_count)
    before = batch
    differences = Differences(opened.return_number)
    for line in request.lines:
        _check_line(line, opened.kind)
        opened = _seen(opened, line)
        batch = _record_line(ctx, batch, line, opened.kind, differences)
    tallies = {one.insurance_type: one for one in before.tallies}
    summarise(ctx, batch, lambda after: answered(tallies[after.insurance_type], after))
    if request.last:
        _compare_sums(opened, differences)
        batch = batch.changed(open_return=None, returns=(*batch.returns, opened.return_number))
    else:
        batch = batch.changed(open_return=opened)
    return differences.counted(batch), differences


def outcome(batch: BatchRecord) -> str | None:
    """The state in which the answers put the batch; None while a line waits for one."""
    if batch.waiting_count:
        return None
    if not batch.failed_count:
        return PAID
    return PARTLY_PAID if batch.paid_count else FAILED


def _opened(batch: BatchRecord, request: RecordFundResultRequest) -> ReturnRecord:
    """The return that the request goes on with, or a new one."""
    given = _read_header(batch, request)
    opened = batch.open_return
    if given.return_number in batch.returns:
        raise Rejected(FUND_RETURN_KNOWN, return_number=given.return_number)
    if opened is None:
        if len(batch.returns) >= RETURNS_MAX:
            raise malformed("return_number", f"more than {RETURNS_MAX} returns of one batch")
        return given
    if opened.return_number != given.return_number:
        raise Rejected(FUND_RETURN_OPEN, return_number=opened.return_number)
    for field in _HEADER:
        if getattr(opened, field) != getattr(given, field):
            raise Rejected(FUND_RETURN_CHANGED, field=field)
    return opened


def _read_header(batch: BatchRecord, request: RecordFundResultRequest) -> ReturnRecord:
    is_result = request.kind == RESULT
    return ReturnRecord(
        return_number=identifier("return_number", request.return_number),
        kind=request.kind,
        returned_date=date("returned_date", request.returned_date),
        count=number("count", request.count, COUNT_MAX),
        total_fen=sum_of("total_fen", request.total_fen),
        paid_count=number("paid_count", request.paid_count, COUNT_MAX),
        paid_fen=sum_of("paid_fen", request.paid_fen),
        failed_count=number("failed_count", request.failed_count, COUNT_MAX),
        failed_fen=sum_of("failed_fen", request.failed_fen),
        expected_count=batch.waiting_count if is_result else 0,
        expected_fen=batch.waiting_fen if is_result else 0,
    )


def _check_line(line: FundReturnLine, kind: str) -> None:
    if line.result not in RESULTS[kind]:
        raise malformed("result", f"one of {', '.join(RESULTS[kind])}")
    sum_of("amount_fen", line.amount_fen)
    result_code("result_code", line.result_code)
    hash_bytes("account_commitment", line.account_commitment)
    if line.bank_serial:
        identifier("bank_serial", line.bank_serial)
    moment("posted", line.posted)


def _record_line(
    ctx: Context,
    batch: BatchRecord,
    answer: FundReturnLine,
    kind: str,
    differences: Differences,
) -> BatchRecord:
    key = line_key(batch.header.batch_number, answer.number)
    line = ctx.load(LineRecord, key)
    field = f"line.{answer.number}"
    about: dict[str, str | int] = {"result": answer.result, "amount_fen": answer.amount_fen}
    if line is None:
        differences.add("FUND_RETURN_LINE_UNKNOWN", ERROR, field, **about)
        return batch
    if line.state != (LINE_OPEN if kind == RESULT else LINE_PAID):
        # The first answer stands; the same once more is a repetition, another contradicts it.
        same = (line.state, line.bank_fen) == (answer.result, answer.amount_fen)
        code = "FUND_RETURN_LINE_REPEATED" if same else "FUND_RETURN_LINE_CONTRADICTS"
        grade = WARN if same else ERROR
        differences.add(code, grade, field, state=line.state, **about)
        return batch
    if answer.amount_fen != line.amount_fen:
        code, expected = "FUND_RETURN_AMOUNT", line.amount_fen
        differences.add(
            code, ERROR, f"{field}.amount_fen", own=answer.amount_fen, expected=expected
        )
    if answer.account_commitment != line.account_commitment:
        differences.add("FUND_RETURN_ACCOUNT", ERROR, f"{field}.account", result=answer.result)
    changed = line.changed(
        state=answer.result,
        bank_fen=answer.amount_fen,
        result_code=answer.result_code,
        bank_serial=answer.bank_serial,
        posted=answer.posted,
    )
    ctx.store(key, changed)
    ctx.emit(key, answer.result, bank_fen=answer.amount_fen, result_code=answer.result_code)
    paid_fen = {LINE_PAID: answer.amount_fen, LINE_BOUNCED: -line.bank_fen}.get(answer.result, 0)
    return batch.changed(
        tallies=tuple(_answered(one, line, answer.result) for one in batch.tallies),
        bank_paid_fen=batch.bank_paid_fen + paid_fen,
    )


def _answered(tally: Tally, line: LineRecord, result: str) -> Tally:
    """The tally with one line's answer; `line` is as it stood before."""
    if tally.insurance_type != line.insurance_type:
        return tally
    paid = (result == LINE_PAID) - (line.state == LINE_PAID)
    failed = int(result != LINE_PAID)
    return msgspec.structs.replace(
        tally,
        paid_count=tally.paid_count + paid,
        paid_fen=tally.paid_fen + paid * line.amount_fen,
        failed_count=tally.failed_count + failed,
        failed_fen=tally.failed_fen + failed * line.amount_fen,
    )


def _seen(opened: ReturnRecord, line: FundReturnLine) -> ReturnRecord:
    paid = line.result == LINE_PAID
    return msgspec.structs.replace(
        opened,
        seen_count=opened.seen_count + 1,
        seen_fen=opened.seen_fen + line.amount_fen,
        seen_paid_count=opened.seen_paid_count + paid,
        seen_paid_fen=opened.seen_paid_fen + paid * line.amount_fen,
        seen_failed_count=opened.seen_failed_count + (not paid),
        seen_failed_fen=opened.seen_failed_fen + (not paid) * line.amount_fen,
    )


def _compare_sums(ended: ReturnRecord, differences: Differences) -> None:
    """Three ways: the file's header, the file's lines, and what the batch still expected."""
    for field in ("count", "fen", "paid_count", "paid_fen", "failed_count", "failed_fen"):
        name = "total_fen" if field == "fen" else field
        seen = int(getattr(ended, f"seen_{field}"))
        differences.compare("FUND_RETURN_SUMS", name, seen, int(getattr(ended, name)))
    if ended.kind == RESULT:
        differences.compare("FUND_RETURN_COUNT", "count", ended.count, ended.expected_count)
        differences.compare("FUND_RETURN_TOTAL", "total_fen", ended.total_fen, ended.expected_fen)
