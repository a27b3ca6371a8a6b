"""Paper bills (纸票换开 / 打印): one live paper for a bill, and no paper for two bills.

A second printing is refused until the first paper is taken back and cancelled: two papers of one
bill would be two documents to be reimbursed. A cancelled paper's code and number stay used. The
same call once more, with the same paper, prints or cancels nothing: it tells the chains again that
do not know yet, which compensates a packet that was refused or lost.
"""

import re

from contracts.bill.home import key_of
from contracts.bill.packets import PrintBody, PrintCancelBody
from contracts.bill.record import BillRecord, CancelledPaper, Paper
from contracts.bill.rules import Action, check_state
from contracts.codes import BILL_NOT_PRINTED, BILL_PRINTED, PAPER_USED
from contracts.fields import malformed, text
from contracts.forms import is_date
from contracts.framework import Context
from faults import Rejected
from ledger.records import Record
from proto.reimbursement_pb2 import CancelPrintRequest, PrintRequest

_PAPER = re.compile(r"[0-9A-Za-z][0-9A-Za-z\-]{0,49}", re.ASCII)


class PaperUse(Record, frozen=True, kw_only=True):
    """Which bill a paper was printed for, so that no paper serves two."""

    bill: str  # state key


def paper_key(code: str, number: str) -> str:
    """State key of a paper's use; codes and numbers may hold "-", so "/" parts them."""
    return f"paper/{code}/{number}"


def print_body(bill: BillRecord, request: PrintRequest) -> PrintBody:
    """What is recorded here and told to other chains; Rejected(MALFORMED_REQUEST) names a field."""
    body = PrintBody(
        code=bill.public.code,
        number=bill.public.number,
        paper_code=request.paper_code,
        paper_number=request.paper_number,
        printed_date=request.printed_date,
        cycle=bill.print_cycle,
    )
    check_print_body(body)
    return body


def check_print_body(body: PrintBody) -> None:
    """Raise Rejected(MALFORMED_REQUEST) unless paper and date are well formed."""
    check_paper(body)
    if not is_date(body.printed_date):
        raise malformed("printed_date", "not a day as yyyymmdd")


def cancel_body(bill: BillRecord, request: CancelPrintRequest) -> PrintCancelBody:
    """What is recorded here and told to other chains."""
    body = PrintCancelBody(
        code=bill.public.code,
        number=bill.public.number,
        paper_code=request.paper_code,
        paper_number=request.paper_number,
        reason=text("reason", request.reason, required=True),
        cycle=bill.print_cycle,
    )
    check_paper(body)
    return body


def record_paper(ctx: Context, bill: BillRecord, body: PrintBody) -> None:
    """Keep the paper with the bill. Raises Rejected by state, BILL_PRINTED or PAPER_USED."""
    check_state(bill, Action.PRINT, ctx.time_ms)
    if bill.paper is not None:
        raise Rejected(BILL_PRINTED, paper_code=bill.paper.code, paper_number=bill.paper.number)
    used = paper_key(body.paper_code, body.paper_number)
    if ctx.view.get(used) is not None:
        raise Rejected(PAPER_USED, paper_code=body.paper_code, paper_number=body.paper_number)
    key = key_of(bill)
    paper = Paper(
        code=body.paper_code,
        number=body.paper_number,
        printed_date=body.printed_date,
        recorded_ms=ctx.time_ms,
    )
    ctx.store(used, PaperUse(bill=key))
    ctx.store(key, bill.changed(paper=paper))
    ctx.emit(
        key, "print", paper_code=paper.code, paper_number=paper.number, date=paper.printed_date
    )


def cancel_paper(ctx: Context, bill: BillRecord, body: PrintCancelBody) -> None:
    """Take the live paper back; the next printing is another cycle."""
    check_state(bill, Action.CANCEL_PRINT, ctx.time_ms)
    paper = bill.paper
    if paper is None or (paper.code, paper.number) != (body.paper_code, body.paper_number):
        raise Rejected(BILL_NOT_PRINTED, paper_code=body.paper_code, paper_number=body.paper_number)
    key, cycle = key_of(bill), bill.print_cycle + 1
    cancelled = CancelledPaper(code=paper.code, number=paper.number, reason=body.reason)
    ctx.store(key, bill.changed(paper=None, print_cycle=cycle, cancelled=cancelled))
    ctx.emit(
        key,
        "cancel_print",
        paper_code=paper.code,
        paper_number=paper.number,
        reason=body.reason,
    )


def caught_up(bill: BillRecord, cycle: int) -> BillRecord:
    """A replica that missed packets: the papers of cycles before the home's are no longer live."""
    return bill if cycle == bill.print_cycle else bill.changed(paper=None, print_cycle=cycle)


def with_missed_paper(bill: BillRecord, body: PrintCancelBody, time_ms: int) -> BillRecord:
    """A replica that never heard of the paper which its home now cancels."""
    if bill.paper is not None:
        return bill
    missed = Paper(
        code=body.paper_code, number=body.paper_number, printed_date="", recorded_ms=time_ms
    )
    return bill.changed(paper=missed)


def is_same_paper(bill: BillRecord, body: PrintBody) -> bool:
    """Whether the paper is the one that is live already: then the call only tells of it again."""
    paper = bill.paper
    given = (body.paper_code, body.paper_number, body.printed_date)
    return paper is not None and (paper.code, paper.number, paper.printed_date) == given


def is_cancelled_paper(bill: BillRecord, body: PrintCancelBody) -> bool:
    """Whether the paper is the one that was cancelled last, and none was printed since."""
    paper = bill.cancelled
    given = (body.paper_code, body.paper_number)
    return bill.paper is None and paper is not None and (paper.code, paper.number) == given


def check_paper(body: PrintBody | PrintCancelBody) -> None:
    """Raise Rejected(MALFORMED_REQUEST) unless the paper's code and number are well formed."""
    for field, value in (("paper_code", body.paper_code), ("paper_number", body.paper_number)):
        if not _PAPER.fullmatch(value):
            raise malformed(field, "not 1 to 50 letters, digits and hyphens")
