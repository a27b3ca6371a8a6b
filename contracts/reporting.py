"""How far another chain knows a thing that is told to it by packets: one table for all of them.

A report that was refused or lost may be sent again (失败补偿); one that is on its way or was
confirmed may not, so that no packet is ever sent for nothing.
"""

from contracts.codes import ALREADY_REPORTED, NOT_REPORTING, REPORT_PENDING
from contracts.framework import OK
from contracts.states import START, StateTable
from ledger.packet import PacketReceipt

NOT_REPORTED, REPORTING, REPORTED, REPORT_FAILED = "", "pending", "confirmed", "failed"
REPORT, CONFIRM, FAIL = "report", "confirm", "fail"

REPORTS = StateTable(
    name="report",
    states=(REPORTING, REPORTED, REPORT_FAILED),
    actions=(REPORT, CONFIRM, FAIL),
    moves={
        (START, REPORT): REPORTING,
        (REPORT_FAILED, REPORT): REPORTING,
        (REPORTING, CONFIRM): REPORTED,
        (REPORTING, FAIL): REPORT_FAILED,
    },
    otherwise=NOT_REPORTING,
    refusals={
        (REPORTING, REPORT): REPORT_PENDING,
        (REPORTED, REPORT): ALREADY_REPORTED,
    },
)


def begun(report: str, **about: str | int) -> str:
    """The state once a packet is sent. Raises Rejected REPORT_PENDING or ALREADY_REPORTED."""
    return REPORTS.move(report or START, REPORT, **about)


def answered(report: str, *, good: bool, **about: str | int) -> str:
    """The state once the packet's receipt is proved; Rejected(NOT_REPORTING) if none waits."""
    return REPORTS.move(report or START, CONFIRM if good else FAIL, **about)


def code_of(receipt: PacketReceipt) -> str:
    """The receipt's code for an event: a timeout and a governance answer may carry none."""
    return OK if receipt.outcome == OK else receipt.code or receipt.outcome
