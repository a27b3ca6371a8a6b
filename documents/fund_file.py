"""The 6131 payment file (业务支出文件): a batch's header and its lines, read and written.

What a submitter gets wrong is refused with its line; what is merely odd is a finding.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from documents.bar_file import Row, read_details, read_rows, write_rows
from documents.codes import (
    ELEMENT_INVALID,
    FUND_FILE_BATCH,
    FUND_FILE_COUNT,
    FUND_FILE_DUPLICATE,
    FUND_FILE_ORDER,
    FUND_FILE_TOTAL,
    IDENTIFIER_INVALID,
)
from documents.findings import Finding
from documents.fund_layout import LAYOUT, Layout
from documents.identifiers import is_division, is_resident_id, is_uscc, luhn_holds
from documents.money import format_fen
from documents.text import comparable_name, is_date
from faults import Rejected

FILE_TYPE = "6131"
PERSON, UNIT = "person", "unit"
RESIDENT_CARD = "01"

KINDS = {"1": PERSON, "2": UNIT}

IDENTIFIER = r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,63}"
ACCOUNT = r"[0-9]{6,32}"
BANK_NUMBER = r"[0-9]{12}"


@dataclass(frozen=True, repr=False)
class FundDetail:
    """One line (明细). Amount in fen; its repr shows nothing of the payee."""

    number: int
    slip_number: str
    payee_kind: str
    payee_code: str
    name: str
    id_type: str
    id_number: str
    insurance_type: str
    category: str
    bank_number: str
    bank_name: str
    account_number: str
    account_name: str
    linked_account: str
    amount_fen: int
    voucher_number: str
    summary: str
    remark: str

    def __repr__(self) -> str:
        return f"<FundDetail {self.number}: {self.amount_fen} fen>"


@dataclass(frozen=True, repr=False)
class FundFile:
    """A payment file that holds together: count, total, numbering and slips are right."""

    batch_number: str
    region: str
    period: str
    business_date: str
    payer_account: str
    payer_name: str
    payer_bank_number: str
    total_fen: int
    lines: tuple[FundDetail, ...] = field(default=())

    def __repr__(self) -> str:
        return f"<FundFile {self.batch_number}: {len(self.lines)} lines, {self.total_fen} fen>"


def parse_fund_file(raw: bytes, layout: Layout = LAYOUT) -> FundFile:
    """A 6131 file.

    Rejected, with the line's number where there is one: FUND_FILE_COUNT, FUND_FILE_TOTAL,
    FUND_FILE_ORDER, FUND_FILE_DUPLICATE, FUND_FILE_BATCH, ELEMENT_INVALID, AMOUNT_INVALID,
    IDENTIFIER_INVALID, and those of `bar_file.read_rows`.
    """
    head, rows = read_rows(
        raw, layout.head, layout.detail, file_type=FILE_TYPE, line_end=layout.line_end
    )
    batch = head.text("批次号", IDENTIFIER)
    lines = tuple(_detail(row, index, batch) for index, row in enumerate(rows, 1))
    _check_slips(lines)
    count, total = head.count("总笔数"), head.fen("总金额", least=1)
    if count != len(lines) or not lines:
        raise Rejected(FUND_FILE_COUNT, line=1, header=count, lines=len(lines))
    if total != (found := sum(one.amount_fen for one in lines)):
        raise Rejected(FUND_FILE_TOTAL, line=1, header_fen=total, lines_fen=found)
    return FundFile(
        batch_number=batch,
        region=head.checked("机构区划", is_division, "division"),
        period=_period(head),
        business_date=head.day("业务日期"),
        payer_account=head.text("付款账号", ACCOUNT),
        payer_name=head.required("付款户名"),
        payer_bank_number=head.text("付款行号", BANK_NUMBER),
        total_fen=total,
        lines=lines,
    )


def write_fund_file(file: FundFile, layout: Layout = LAYOUT) -> bytes:
    """The file's bytes. Rejected as `parse_fund_file` does when they would not be read so again."""
    head = {
        "文件类型": FILE_TYPE,
        "批次号": file.batch_number,
        "机构区划": file.region,
        "台帐年月": file.period,
        "业务日期": file.business_date,
        "付款账号": file.payer_account,
        "付款户名": file.payer_name,
        "付款行号": file.payer_bank_number,
        "总笔数": str(len(file.lines)),
        "总金额": format_fen(file.total_fen),
    }
    raw = write_rows([["H", *(head[name] for name in layout.head)]], layout.line_end)
    raw += write_lines(file.batch_number, file.lines, layout)
    if parse_fund_file(raw, layout) != file:
        raise Rejected(ELEMENT_INVALID, reason="not as it would be read")
    return raw


def write_lines(batch_number: str, lines: Iterable[FundDetail], layout: Layout = LAYOUT) -> bytes:
    """These lines as they stand in a file of the batch; nothing is checked."""
    rows = []
    for line in lines:
        columns = _columns(line, batch_number)
        rows.append(["D", *(columns[name] for name in layout.detail)])
    return write_rows(rows, layout.line_end)


def parse_lines(
    raw: bytes, batch_number: str, first: int, layout: Layout = LAYOUT
) -> tuple[FundDetail, ...]:
    """Lines that `write_lines` wrote, numbered from `first`. Rejected as `parse_fund_file`."""
    rows = read_details(raw, layout.detail, layout.line_end)
    return tuple(_detail(row, index, batch_number) for index, row in enumerate(rows, first))


def fund_file_findings(file: FundFile) -> tuple[Finding, ...]:
    """What is odd about payees: an account in another name, a card number that can't be one."""
    found = []
    for line in file.lines:
        if comparable_name(line.account_name) != comparable_name(line.name):
            found.append(Finding("FUND_ACCOUNT_NAME", "warn", f"line.{line.number}.account_name"))
        card = line.account_number
        is_card = line.payee_kind == PERSON and card.startswith("62") and 16 <= len(card) <= 19
        if is_card and not luhn_holds(card):
            found.append(Finding("FUND_ACCOUNT_CHECK", "warn", f"line.{line.number}.account"))
    return tuple(found)


def check_batch(row: Row, batch: str) -> None:
    """Rejected FUND_FILE_BATCH when a line names another batch than the header."""
    if row.columns["批次号"] != batch:
        raise row.refuse(FUND_FILE_BATCH, "批次号", "not that of the header")


def _detail(row: Row, index: int, batch: str) -> FundDetail:
    check_batch(row, batch)
    if row.count("序号") != index:
        raise row.refuse(FUND_FILE_ORDER, "序号", f"{index} expected")
    kind = row.choice("对方类别", KINDS)
    id_type, id_number = _identity(row, kind)
    return FundDetail(
        number=index,
        slip_number=row.text("进账单号", IDENTIFIER),
        payee_kind=kind,
        payee_code=row.text("单位或个人编号", r"[0-9A-Za-z]{1,32}"),
        name=row.required("名称"),
        id_type=id_type,
        id_number=id_number,
        insurance_type=row.text("险种", r"[0-9A-Za-z]{1,6}"),
        category=row.text("业务类别", r"[0-9A-Za-z]{1,8}"),
        bank_number=row.text("收款行号", BANK_NUMBER),
        bank_name=row.required("收款行名"),
        account_number=row.text("收款账号", ACCOUNT),
        account_name=row.required("收款户名"),
        linked_account=row.text("关联存折账号", rf"({ACCOUNT})?"),
        amount_fen=row.fen("金额", least=1),
        voucher_number=row.text("业务凭据号", rf"({IDENTIFIER})?"),
        summary=row.columns["摘要"],
        remark=row.columns["备注"],
    )


def _identity(row: Row, kind: str) -> tuple[str, str]:
    """A unit by its credit code; a person by a certificate, in full: nobody pays a masked one."""
    id_type = row.text("证件类型", r"([0-9]{2})?")
    if kind == UNIT:
        if id_type:
            raise row.refuse(ELEMENT_INVALID, "证件类型", "a unit has none")
        return id_type, row.checked("证件号", is_uscc, "credit code")
    if not id_type:
        raise row.refuse(ELEMENT_INVALID, "证件类型", "empty")
    if id_type == RESIDENT_CARD:
        return id_type, row.checked("证件号", is_resident_id, "resident id")
    return id_type, row.text("证件号", r"[0-9A-Za-z()\-]{4,50}", code=IDENTIFIER_INVALID)


def _period(head: Row) -> str:
    period = head.columns["台帐年月"]
    if not is_date(f"{period}01"):
        raise head.refuse(ELEMENT_INVALID, "台帐年月", "yyyymm")
    return period


def _check_slips(lines: tuple[FundDetail, ...]) -> None:
    seen: dict[str, int] = {}
    for line in lines:
        first = seen.setdefault(line.slip_number, line.number)
        if first != line.number:
            # Lines of the file: the header is the first.
            raise Rejected(
                FUND_FILE_DUPLICATE, element="进账单号", line=line.number + 1, first=first + 1
            )


def _columns(line: FundDetail, batch: str) -> dict[str, str]:
    return {
        "序号": str(line.number),
        "批次号": batch,
        "进账单号": line.slip_number,
        "对方类别": next(code for code, kind in KINDS.items() if kind == line.payee_kind),
        "单位或个人编号": line.payee_code,
        "名称": line.name,
        "证件类型": line.id_type,
        "证件号": line.id_number,
        "险种": line.insurance_type,
        "业务类别": line.category,
        "收款行号": line.bank_number,
        "收款行名": line.bank_name,
        "收款账号": line.account_number,
        "收款户名": line.account_name,
        "关联存折账号": line.linked_account,
        "金额": format_fen(line.amount_fen),
        "业务凭据号": line.voucher_number,
        "摘要": line.summary,
        "备注": line.remark,
    }
