"""Adding lines to a batch, and settlements to a line, until the batch is what it declared."""

from collections.abc import Sequence

from contracts.fields import identifier, malformed
from contracts.findings import ERROR, INFO, WARN, FindingRecord, check_findings
from contracts.forms import FUND_LINES, RED, check_form, fund_lines_fields
from contracts.framework import Context
from contracts.fund.claims import SETTLEMENT_REVERSED_FINDING, claim, is_paid, live_line
from contracts.fund.codes import (
    FUND_COMPENSATION_MISMATCH,
    FUND_LINE_NOT_FAILED,
    FUND_LINES_ORDER,
    FUND_LINES_PART,
    FUND_ROOT_MISMATCH,
    FUND_SETTLEMENTS_MISMATCH,
    FUND_TOTAL_MISMATCH,
)
from contracts.fund.findings import count_grades, with_findings
from contracts.fund.line_form import LINES_MAX, check_line, line_leaf, next_settlements_head
from contracts.fund.records import (
    BatchRecord,
    LineRecord,
    SlipRecord,
    Tally,
    line_key,
    slip_key,
)
from contracts.fund.rules import LINE_DEAD, PAYOUT
from contracts.payload import PayloadRef, place_payload
from contracts.settlement import SettlementRecord, require_settlement, settlement_key
from crypto.digest import sm3
from faults import Rejected
from ledger.merkle import HashLog
from proto.fund_pb2 import AddFundLinesRequest, AddFundSettlementsRequest, FundLine

SLIPS_KEPT = 20


def add_lines(ctx: Context, batch: BatchRecord, request: AddFundLinesRequest) -> BatchRecord:
    """Store the next lines of the batch; returns the batch with them, which the caller stores."""
    lines = request.lines
    if not 1 <= len(lines) <= LINES_MAX:
        raise malformed("lines", f"1 to {LINES_MAX}")
    if sum(len(one.settlement_ids) for one in lines) > LINES_MAX:
        raise malformed("settlement_ids", f"more than {LINES_MAX} in one operation")
    pcommit = _check_part(batch, request)
    place = place_payload(ctx, request.payload)
    log = HashLog.decode(batch.lines_log)
    for line in lines:
        batch = _add_line(ctx, batch, line, (pcommit, place))
        log = log.append(sm3, line_leaf(line))
    return batch.changed(lines_log=log.encode())


def add_settlements(
    ctx: Context, batch: BatchRecord, request: AddFundSettlementsRequest
) -> BatchRecord:
    """Give a line more of its settlements; returns the batch, which the caller stores."""
    if not 1 <= len(request.settlement_ids) <= LINES_MAX:
        raise malformed("settlement_ids", f"1 to {LINES_MAX}")
    key = line_key(batch.header.batch_number, request.line)
    line = ctx.load(LineRecord, key)
    if line is None:
        raise Rejected(FUND_LINES_ORDER, field="line", expected=batch.added_count)
    if request.offset != line.claimed_count:
        raise Rejected(FUND_LINES_ORDER, field="offset", expected=line.claimed_count)
    changed, found = _claim_all(ctx, batch, line, request.settlement_ids)
    ctx.store(key, changed)
    ctx.emit(key, "add_settlements", count=len(request.settlement_ids), total=changed.claimed_count)
    _emit_findings(ctx, key, found)
    done = changed.claimed_count == changed.settlement_count
    return _counting(batch, found).changed(incomplete=batch.incomplete - done)


def is_complete(batch: BatchRecord) -> bool:
    """Whether all lines and all their settlements are there.

    Raises Rejected FUND_TOTAL_MISMATCH or FUND_ROOT_MISMATCH when the lines are not those declared.
    """
    header = batch.header
    if batch.added_count < header.count:
        return False
    if batch.added_fen != header.total_fen:
        raise Rejected(FUND_TOTAL_MISMATCH, lines_fen=batch.added_fen, total_fen=header.total_fen)
    if HashLog.decode(batch.lines_log).root(sm3) != header.lines_root:
        raise Rejected(FUND_ROOT_MISMATCH)
    return batch.incomplete == 0


def _check_part(batch: BatchRecord, request: AddFundLinesRequest) -> bytes:
    """The commitment of the part's form, whose public fields are those of its lines."""
    form = check_form(request.form, FUND_LINES)
    fields = fund_lines_fields(form)
    for field, own, expected in (
        ("batch_number", fields.batch_number, batch.header.batch_number),
        ("first", fields.first, request.lines[0].number),
        ("line_count", fields.line_count, len(request.lines)),
        ("total_fen", fields.total_fen, sum(one.amount_fen for one in request.lines)),
    ):
        if own != expected:
            raise Rejected(FUND_LINES_PART, field=field, own=own, expected=expected)
    return form.pcommit


def _add_line(
    ctx: Context, batch: BatchRecord, line: FundLine, part: tuple[bytes, PayloadRef]
) -> BatchRecord:
    header = batch.header
    if line.number != batch.added_count + 1 or line.number > header.count:
        expected = min(batch.added_count + 1, header.count)
        raise Rejected(FUND_LINES_ORDER, field="number", expected=expected)
    check_line(line, header)
    key = line_key(header.batch_number, line.number)
    record = LineRecord(
        batch_number=header.batch_number,
        number=line.number,
        slip_number=line.slip_number,
        payee_kind=line.payee_kind,
        institution_code=line.institution_code,
        insurance_type=line.insurance_type,
        category=line.category,
        amount_fen=line.amount_fen,
        account_commitment=line.account_commitment,
        pcommit=part[0],
        payload=part[1],
        settlement_count=line.settlement_count,
        settlements_head=line.settlements_head,
        original=_compensate(ctx, batch, line, key),
    )
    repeated = _take_slip(ctx, batch, record, key)
    record, found = _claim_all(ctx, batch, record, line.settlement_ids, repeated)
    ctx.store(key, record)
    ctx.emit(
        key,
        "add",
        slip=record.slip_number,
        amount_fen=record.amount_fen,
        insurance=record.insurance_type,
        settlements=record.settlement_count,
    )
    _emit_findings(ctx, key, found)
    return _counting(batch, found).changed(
        added_count=batch.added_count + 1,
        added_fen=batch.added_fen + line.amount_fen,
        incomplete=batch.incomplete + (record.claimed_count < record.settlement_count),
        tallies=_tallied(batch.tallies, record),
    )


def _compensate(ctx: Context, batch: BatchRecord, line: FundLine, key: str) -> str:
    """Tie a compensating line to the failed line that it repeats; returns that line's state key."""
    if not batch.original:
        if line.original_line:
            raise malformed("original_line", "only in a compensation")
        return ""
    original_key = line_key(batch.original, line.original_line)
    original = ctx.require(LineRecord, original_key, FUND_LINE_NOT_FAILED)
    again = original.compensated_by
    if original.state not in LINE_DEAD or (again and live_line(ctx, again) is not None):
        raise Rejected(FUND_LINE_NOT_FAILED, batch=batch.original, line=line.original_line)
    for field in (
        "payee_kind",
        "institution_code",
        "insurance_type",
        "amount_fen",
        "settlement_count",
        "settlements_head",
    ):
        if getattr(line, field) != getattr(original, field):
            raise Rejected(FUND_COMPENSATION_MISMATCH, field=field, line=line.number)
    ctx.store(original_key, original.changed(compensated_by=key))
    ctx.emit(original_key, "compensate", by=key)
    return original_key


def _take_slip(
    ctx: Context, batch: BatchRecord, line: LineRecord, key: str
) -> tuple[FindingRecord, ...]:
    """Note the line under its slip number; a finding when another live line has that number."""
    at = slip_key(batch.header.direction, line.slip_number)
    known = ctx.load(SlipRecord, at) or SlipRecord(lines=())
    alive = tuple(one for one in known.lines if live_line(ctx, one) is not None)
    ctx.store(at, SlipRecord(lines=(*alive, key)[-SLIPS_KEPT:]))
    if not alive:
        return ()
    own = line_key(line.batch_number, 0).removesuffix("0")
    # Inside one batch it can only be a mistake; another batch may have its reason.
    grade = ERROR if any(one.startswith(own) for one in alive) else WARN
    detail = f"slip={line.slip_number} line={alive[-1]}"
    return (_finding("FUND_SLIP_REPEATED", grade, line, "slip_number", detail),)


def _claim_all(
    ctx: Context,
    batch: BatchRecord,
    line: LineRecord,
    settlement_ids: Sequence[str],
    before: tuple[FindingRecord, ...] = (),
) -> tuple[LineRecord, tuple[FindingRecord, ...]]:
    """Claim settlements for the line; returns it, unstored, with all that was found."""
    found = list(before)
    head, fen = line.claimed_head, line.claimed_fen
    key = line_key(line.batch_number, line.number)
    for settlement_id in settlement_ids:
        settlement = require_settlement(ctx, identifier("settlement_ids", settlement_id))
        found += _about_settlement(ctx, batch, line, settlement)
        claim(ctx, batch.header.direction, settlement_id, key)
        ctx.emit(settlement_key(settlement_id), f"fund_{batch.header.direction}", line=key)
        head = next_settlements_head(head, settlement_id)
        fen += settlement.public.fund_total_fen
    count = line.claimed_count + len(settlement_ids)
    if count > line.settlement_count or (
        count == line.settlement_count and head != line.settlements_head
    ):
        raise Rejected(FUND_SETTLEMENTS_MISMATCH, line=line.number, declared=line.settlement_count)
    if count == line.settlement_count and count:
        found += _about_sum(line, fen)
    check_findings(ctx, ctx.signer, found)
    changed = line.changed(
        claimed_count=count,
        claimed_head=head,
        claimed_fen=fen,
        findings=with_findings(line.findings, found),
    )
    return changed, tuple(found)


def _about_settlement(
    ctx: Context, batch: BatchRecord, line: LineRecord, settlement: SettlementRecord
) -> list[FindingRecord]:
    public = settlement.public
    about = f"settlement={public.settlement_id}"
    found = []
    if batch.header.direction == PAYOUT:
        if public.color == RED or settlement.reversed_by:
            found.append(_finding(SETTLEMENT_REVERSED_FINDING, ERROR, line, "settlements", about))
    elif not is_paid(ctx, public.settlement_id):
        found.append(_finding("FUND_RECOVERY_UNPAID", WARN, line, "settlements", about))
    if line.payee_kind == "unit" and public.institution_code != line.institution_code:
        found.append(_finding("FUND_LINE_INSTITUTION", ERROR, line, "institution_code", about))
    if public.insurance_type and public.insurance_type != line.insurance_type:
        found.append(_finding("FUND_LINE_INSURANCE", WARN, line, "insurance_type", about))
    return found


def _about_sum(line: LineRecord, settlements_fen: int) -> list[FindingRecord]:
    """A line above what its settlements owe pays too much; one below is a deduction (审核扣款)."""
    if line.amount_fen == settlements_fen:
        return []
    detail = f"amount_fen={line.amount_fen} settlements_fen={settlements_fen}"
    over = line.amount_fen > settlements_fen
    code = "FUND_LINE_ABOVE_SETTLEMENTS" if over else "FUND_LINE_BELOW_SETTLEMENTS"
    return [_finding(code, ERROR if over else INFO, line, "amount_fen", detail)]


def _finding(code: str, grade: str, line: LineRecord, field: str, detail: str) -> FindingRecord:
    return FindingRecord(
        code=code, grade=grade, field=f"line.{line.number}.{field}", detail=detail[:200]
    )


def _emit_findings(ctx: Context, key: str, found: Sequence[FindingRecord]) -> None:
    for one in found:
        ctx.emit(key, "finding", found=one.code, grade=one.grade, detail=one.detail)


def _counting(batch: BatchRecord, found: Sequence[FindingRecord]) -> BatchRecord:
    warnings, errors = count_grades(found)
    return batch.changed(warnings=batch.warnings + warnings, errors=batch.errors + errors)


def _tallied(tallies: tuple[Tally, ...], line: LineRecord) -> tuple[Tally, ...]:
    by_type = {one.insurance_type: one for one in tallies}
    before = by_type.get(line.insurance_type) or Tally(insurance_type=line.insurance_type)
    by_type[line.insurance_type] = Tally(
        insurance_type=line.insurance_type,
        count=before.count + 1,
        total_fen=before.total_fen + line.amount_fen,
    )
    return tuple(by_type[name] for name in sorted(by_type))
