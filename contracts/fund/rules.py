"""The states of a fund batch as a table, and the words its records use."""

from contracts.fund.codes import (
    FUND_BATCH_EXISTS,
    FUND_BATCH_NOT_FOUND,
    FUND_BATCH_STATE,
    FUND_IN_PAYMENT,
    FUND_NOTHING_FAILED,
    FUND_NOTHING_PAID,
)
from contracts.states import START, StateTable

COLLECTING = "collecting"
SUBMITTED = "submitted"
RETURNED = "returned"  # by the audit
AUDITED = "audited"
SENT = "sent"
PAID = "paid"
PARTLY_PAID = "partly_paid"
FAILED = "failed"
RECONCILED = "reconciled"
WITHDRAWN = "withdrawn"
REVERSED = "reversed"
STATES = (
    COLLECTING,
    SUBMITTED,
    RETURNED,
    AUDITED,
    SENT,
    PAID,
    PARTLY_PAID,
    FAILED,
    RECONCILED,
    WITHDRAWN,
    REVERSED,
)
# What binds nobody any more: the settlements of such a batch may be paid by another, or reversed.
DEAD = (WITHDRAWN, REVERSED)

ACTIONS = (
    "submit",
    "add",
    "complete",
    "withdraw",
    "accept",
    "send_back",
    "resubmit",
    "send",
    "result",
    "bounce",
    "conclude_paid",
    "conclude_partly_paid",
    "conclude_failed",
    "reconcile",
    "reverse",
    "compensate",
)
CONCLUSIONS = {
    PAID: "conclude_paid",
    PARTLY_PAID: "conclude_partly_paid",
    FAILED: "conclude_failed",
}

PAYOUT, RECOVERY = "payout", "recovery"
DIRECTIONS = (PAYOUT, RECOVERY)

# States of a line; before the bank's answer it is as far as its batch.
LINE_OPEN, LINE_PAID, LINE_FAILED, LINE_BOUNCED = "open", "paid", "failed", "bounced"
LINE_DEAD = (LINE_FAILED, LINE_BOUNCED)

RESULT, BOUNCE = "result", "bounce"

TABLE = StateTable(
    name="fund batch",
    states=STATES,
    actions=ACTIONS,
    moves={
        (START, "submit"): COLLECTING,
        (COLLECTING, "add"): COLLECTING,
        (COLLECTING, "complete"): SUBMITTED,
        (COLLECTING, "withdraw"): WITHDRAWN,
        (SUBMITTED, "withdraw"): WITHDRAWN,
        (RETURNED, "withdraw"): WITHDRAWN,
        (SUBMITTED, "accept"): AUDITED,
        (SUBMITTED, "send_back"): RETURNED,
        (AUDITED, "send_back"): RETURNED,
        (RETURNED, "resubmit"): SUBMITTED,
        (AUDITED, "send"): SENT,
        (SENT, "result"): SENT,
        (SENT, "bounce"): SENT,
        (PAID, "bounce"): PAID,
        (PARTLY_PAID, "bounce"): PARTLY_PAID,
        (RECONCILED, "bounce"): RECONCILED,
        (SENT, "conclude_paid"): PAID,
        (SENT, "conclude_partly_paid"): PARTLY_PAID,
        (SENT, "conclude_failed"): FAILED,
        # After a bounce the outcome is another, and what was reconciled has to be so once more.
        (PAID, "conclude_paid"): PAID,
        (PAID, "conclude_partly_paid"): PARTLY_PAID,
        (PAID, "conclude_failed"): FAILED,
        (PARTLY_PAID, "conclude_partly_paid"): PARTLY_PAID,
        (PARTLY_PAID, "conclude_failed"): FAILED,
        (RECONCILED, "conclude_paid"): PAID,
        (RECONCILED, "conclude_partly_paid"): PARTLY_PAID,
        (RECONCILED, "conclude_failed"): FAILED,
        (PAID, "reconcile"): RECONCILED,
        (PARTLY_PAID, "reconcile"): RECONCILED,
        (FAILED, "reconcile"): RECONCILED,
        (PAID, "reverse"): REVERSED,
        (PARTLY_PAID, "reverse"): REVERSED,
        (RECONCILED, "reverse"): REVERSED,
        (PARTLY_PAID, "compensate"): PARTLY_PAID,
        (FAILED, "compensate"): FAILED,
        (RECONCILED, "compensate"): RECONCILED,
    },
    otherwise=FUND_BATCH_STATE,
    refusals={
        **{(state, "submit"): FUND_BATCH_EXISTS for state in STATES},
        **{(START, action): FUND_BATCH_NOT_FOUND for action in ACTIONS if action != "submit"},
        **{
            (state, "withdraw"): FUND_IN_PAYMENT
            for state in (AUDITED, SENT, PAID, PARTLY_PAID, FAILED, RECONCILED)
        },
        (FAILED, "reverse"): FUND_NOTHING_PAID,
        (PAID, "compensate"): FUND_NOTHING_FAILED,
    },
)
