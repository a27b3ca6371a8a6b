"""Using a remote bill: once, for one reimbursement, until that is withdrawn."""

from contracts.framework import Context
from contracts.remote.codes import BILL_REIMBURSED
from contracts.remote.records import (
    BILL_STATES,
    CONFLICT,
    RELEASE,
    SPEND,
    USE,
    USED,
    RemoteBillRecord,
    remote_bill_key,
    require_remote_bill,
)
from faults import Rejected


def use_bill(ctx: Context, key: str, reimbursement: str) -> None:
    """Let the reimbursement use the bill; Rejected BILL_REIMBURSED, REIMBURSED_ELSEWHERE or RED."""
    bill = require_remote_bill(ctx, key)
    state = BILL_STATES.move(bill.state, USE, bill=key, used_by=bill.used_by)
    ctx.store(key, bill.changed(state=state, used_by=reimbursement))
    ctx.emit(key, "reimburse", reimbursement=reimbursement)


def release_bill(ctx: Context, key: str, reimbursement: str) -> None:
    """The reimbursement no longer uses the bill.

    What its source said meanwhile about another reimbursement counts from now on.
    """
    bill = require_remote_bill(ctx, key)
    state = BILL_STATES.move(bill.state, RELEASE, bill=key)
    if bill.reimbursed:
        state = BILL_STATES.move(state, SPEND)
    ctx.store(key, bill.changed(state=state, used_by=""))
    ctx.emit(key, "release", reimbursement=reimbursement)


def check_not_reimbursed(ctx: Context, code: str, number: str) -> None:
    """Raise Rejected(BILL_REIMBURSED) when a remote reimbursement uses the bill of this number."""
    bill = ctx.load(RemoteBillRecord, remote_bill_key(code, number))
    if bill is not None and bill.state in (USED, CONFLICT):
        raise Rejected(BILL_REIMBURSED, used_by=bill.used_by)
