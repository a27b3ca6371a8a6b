"""The bank's return file (回盘文件, 6131R), read and written, and compared with its payment file.

A return is the bank's word: what is not well formed is refused, but sums that are wrong, lines that
are missing, strange or twice are differences with the codes that the chain uses, and none is lost.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from documents.bar_file import MAX_LINES, Row, read_rows, write_rows
from documents.codes import ELEMENT_INVALID
from documents.findings import Finding, Grade
from documents.fund_file import (
    BANK_NUMBER,
    IDENTIFIER,
    FundDetail,
    FundFile,
    check_batch,
)
from documents.fund_layout import LAYOUT, Layout
from documents.money import format_fen
from documents.text import canonical_moment, comparable_name
from faults import Rejected

RETURN_TYPE = "6131R"
PAID, FAILED = "paid", "failed"
RESULTS = {"1": PAID, "2": FAILED}
_MOMENT = r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})?"


@dataclass(frozen=True, repr=False)
class ReturnDetail:
    """The bank's answer to one line. `number` is the line's in the payment file."""

    number: int
    slip_number: str
    payee_code: str
    name: str
    account_number: str
    amount_fen: int
    result: str  # "paid" or "failed"
    result_code: str
    result_text: str
    bank_serial: str
    posted: str  # yyyymmddhhmmss, "" when nothing was paid

    def __repr__(self) -> str:
        return f"<ReturnDetail {self.number}: {self.result}>"


@dataclass(frozen=True, repr=False)
class ReturnFile:
    """A return file: its header as it says, its lines as they came."""

    batch_number: str
    bank_number: str
    returned_date: str
    count: int
    total_fen: int
    paid_count: int
    paid_fen: int
    failed_count: int
    failed_fen: int
    lines: tuple[ReturnDetail, ...]

    def __repr__(self) -> str:
        return f"<ReturnFile {self.batch_number}: {len(self.lines)} lines>"

    def of(self, *results: str) -> tuple[ReturnDetail, ...]:
        """The lines with these results."""
        return tuple(one for one in self.lines if one.result in results)


def parse_return_file(raw: bytes, layout: Layout = LAYOUT) -> ReturnFile:
    """A return file.

    Rejected: ELEMENT_INVALID, AMOUNT_INVALID, FUND_FILE_BATCH, and those of `bar_file.read_rows`.
    Wrong sums are not refused: see `return_differences`.
    """
    head, rows = read_rows(
        raw,
        layout.return_head,
        layout.return_detail,
        file_type=RETURN_TYPE,
        line_end=layout.line_end,
    )
    batch = head.text("批次号", IDENTIFIER)
    return ReturnFile(
        batch_number=batch,
        bank_number=head.text("行号", BANK_NUMBER),
        returned_date=head.day("回盘日期"),
        count=head.count("总笔数"),
        total_fen=head.fen("总金额"),
        paid_count=head.count("成功笔数"),
        paid_fen=head.fen("成功金额"),
        failed_count=head.count("失败笔数"),
        failed_fen=head.fen("失败金额"),
        lines=tuple(_detail(row, batch) for row in rows),
    )


def write_return_file(file: ReturnFile, layout: Layout = LAYOUT) -> bytes:
    """The file's bytes. Rejected as `parse_return_file` does when they would not be read so."""
    head = {
        "文件类型": RETURN_TYPE,
        "批次号": file.batch_number,
        "行号": file.bank_number,
        "回盘日期": file.returned_date,
        "总笔数": str(file.count),
        "总金额": format_fen(file.total_fen),
        "成功笔数": str(file.paid_count),
        "成功金额": format_fen(file.paid_fen),
        "失败笔数": str(file.failed_count),
        "失败金额": format_fen(file.failed_fen),
    }
    rows = [["H", *(head[name] for name in layout.return_head)]]
    for line in file.lines:
        columns = _columns(line, file.batch_number)
        rows.append(["D", *(columns[name] for name in layout.return_detail)])
    raw = write_rows(rows, layout.line_end)
    if parse_return_file(raw, layout) != file:
        raise Rejected(ELEMENT_INVALID, reason="not as it would be read")
    return raw


def return_differences(sent: FundFile, returned: ReturnFile) -> tuple[Finding, ...]:
    """Everything in which the return does not match its payment file: totals, counts, lines."""
    return (
        *_header_differences(sent, returned),
        *_sum_differences(returned),
        *_line_differences(sent, returned),
    )


def payee_differences(sent: Iterable[FundDetail], returned: ReturnFile) -> tuple[Finding, ...]:
    """What only an opened line shows of its answer: another slip, payee or name."""
    lines = {line.number: line for line in sent}
    return tuple(
        found
        for answer in returned.lines
        if answer.number in lines
        for found in _payee(lines[answer.number], answer)
    )


def _detail(row: Row, batch: str) -> ReturnDetail:
    check_batch(row, batch)
    number = row.count("序号")
    if not 1 <= number <= MAX_LINES:
        raise row.refuse(ELEMENT_INVALID, "序号", "from 1")
    result = row.choice("支付标志", RESULTS)
    serial = row.text("银行流水", rf"({IDENTIFIER})?")
    posted = _posted(row)
    if (result == PAID) != bool(serial and posted):
        element = "入账时间" if serial else "银行流水"
        raise row.refuse(ELEMENT_INVALID, element, "with a payment, and only then")
    return ReturnDetail(
        number=number,
        slip_number=row.text("进账单号", IDENTIFIER),
        payee_code=row.text("编号", r"[0-9A-Za-z]{1,32}"),
        name=row.required("名称"),
        account_number=row.text("账号", r"[0-9]{1,32}"),
        amount_fen=row.fen("金额"),
        result=result,
        result_code=row.text("结果码", r"[0-9A-Za-z_]{1,16}"),
        result_text=row.columns["结果说明"],
        bank_serial=serial,
        posted=posted,
    )


def _posted(row: Row) -> str:
    value = row.text("入账时间", _MOMENT)
    try:
        return canonical_moment(value, "入账时间")
    except Rejected:
        raise row.refuse(ELEMENT_INVALID, "入账时间", "no such moment") from None


def _columns(line: ReturnDetail, batch: str) -> dict[str, str]:
    at = line.posted
    day, time = f"{at[:4]}-{at[4:6]}-{at[6:8]}", f"{at[8:10]}:{at[10:12]}:{at[12:14]}"
    return {
        "序号": str(line.number),
        "批次号": batch,
        "进账单号": line.slip_number,
        "编号": line.payee_code,
        "名称": line.name,
        "账号": line.account_number,
        "金额": format_fen(line.amount_fen),
        "支付标志": next(code for code, result in RESULTS.items() if result == line.result),
        "结果码": line.result_code,
        "结果说明": line.result_text,
        "银行流水": line.bank_serial,
        "入账时间": f"{day} {time}" if at else "",
    }


def _compare(code: str, field: str, own: int, expected: int) -> Iterator[Finding]:
    if own != expected:
        yield Finding(code, "error", field, f"own={own} expected={expected}")


def _header_differences(sent: FundFile, returned: ReturnFile) -> Iterator[Finding]:
    if returned.batch_number != sent.batch_number:
        yield Finding("FUND_RETURN_BATCH", "error", "batch_number")
    if returned.bank_number != sent.payer_bank_number:
        yield Finding("FUND_RETURN_BANK", "warn", "bank_number")
    yield from _compare("FUND_RETURN_COUNT", "count", returned.count, len(sent.lines))
    yield from _compare("FUND_RETURN_TOTAL", "total_fen", returned.total_fen, sent.total_fen)


def _sum_differences(returned: ReturnFile) -> Iterator[Finding]:
    """The header against the file's own lines."""
    for prefix, lines in (
        ("", returned.lines),
        ("paid_", returned.of(PAID)),
        ("failed_", returned.of(FAILED)),
    ):
        name = f"{prefix}fen" if prefix else "total_fen"
        count, fen = len(lines), sum(one.amount_fen for one in lines)
        header = (getattr(returned, f"{prefix}count"), getattr(returned, name))
        yield from _compare("FUND_RETURN_SUMS", f"{prefix}count", count, header[0])
        yield from _compare("FUND_RETURN_SUMS", name, fen, header[1])


def _line_differences(sent: FundFile, returned: ReturnFile) -> Iterator[Finding]:
    lines = {line.number: line for line in sent.lines}
    answered: dict[int, ReturnDetail] = {}
    for answer in returned.lines:
        field = f"line.{answer.number}"
        detail = f"result={answer.result} amount_fen={answer.amount_fen}"
        line, first = lines.get(answer.number), answered.get(answer.number)
        if line is None:
            yield Finding("FUND_RETURN_LINE_UNKNOWN", "error", field, detail)
        elif first is not None:
            same = (first.result, first.amount_fen) == (answer.result, answer.amount_fen)
            code = "FUND_RETURN_LINE_REPEATED" if same else "FUND_RETURN_LINE_CONTRADICTS"
            yield Finding(code, "warn" if same else "error", field, detail)
        else:
            answered[answer.number] = answer
            yield from _answer_differences(line, answer)
    for number in lines:
        if number not in answered:
            yield Finding("FUND_RETURN_LINE_MISSING", "error", f"line.{number}")


def _answer_differences(line: FundDetail, answer: ReturnDetail) -> Iterator[Finding]:
    field = f"line.{line.number}"
    yield from _compare(
        "FUND_RETURN_AMOUNT", f"{field}.amount_fen", answer.amount_fen, line.amount_fen
    )
    if answer.account_number != line.account_number:
        yield Finding("FUND_RETURN_ACCOUNT", "error", f"{field}.account")
    yield from _payee(line, answer)


def _payee(line: FundDetail, answer: ReturnDetail) -> Iterator[Finding]:
    field = f"line.{line.number}"
    pairs: tuple[tuple[str, Grade, str, str, str], ...] = (
        ("SLIP", "error", "slip_number", answer.slip_number, line.slip_number),
        ("PAYEE", "error", "payee_code", answer.payee_code, line.payee_code),
        ("NAME", "warn", "name", comparable_name(answer.name), comparable_name(line.name)),
    )
    for name, grade, path, own, expected in pairs:
        if own != expected:
            yield Finding(f"FUND_RETURN_{name}", grade, f"{field}.{path}")
