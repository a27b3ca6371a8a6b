"""The states of an application, here and on the chain that forwarded it."""

from contracts.reimbursement.codes import (
    ALREADY_DECIDED,
    ALREADY_PAID,
    APPLICATION_EXISTS,
    APPLICATION_NOT_FOUND,
    APPLICATION_WITHDRAWN,
    DOCUMENTS_MISSING,
    NOT_APPROVED,
    NOT_DECIDED,
    NOT_HANDLED_HERE,
    PAYMENT_NOT_SENT,
    PAYMENT_PENDING,
)
from contracts.states import START, StateTable
from faults import Code

RECEIVED, VOUCHED, BILLED, READY = "received", "has_voucher", "has_bill", "ready"
APPROVED, REFUSED, WITHDRAWN = "approved", "refused", "withdrawn"
PAYING, PAY_FAILED, PAID = "paying", "payment_failed", "paid"
# On the chain that received the application first and handed it on.
FORWARDED, UNSENT, ACCEPTED, ANSWERED = "forwarded", "unsent", "accepted", "answered"

RECEIVE, FORWARD = "receive", "forward"
SYNC_VOUCHER, SYNC_BILL, REVIEW = "sync_voucher", "sync_bill", "review"
APPROVE, REFUSE, WITHDRAW, REPORT = "approve", "refuse", "withdraw", "report"
SEND_PAYMENT, CONFIRM_PAYMENT, FAIL_PAYMENT = "send_payment", "confirm_payment", "fail_payment"
ACCEPT, REJECT, ANSWER = "forward_accepted", "forward_refused", "answer"

UNDECIDED = (RECEIVED, VOUCHED, BILLED, READY)
HANDLED = (*UNDECIDED, APPROVED, PAYING, PAY_FAILED, PAID, REFUSED, WITHDRAWN)
PASSED_ON = (FORWARDED, UNSENT, ACCEPTED, ANSWERED)
_OUTCOMES = (APPROVED, PAYING, PAY_FAILED, PAID, REFUSED, WITHDRAWN)
_IN_PAYMENT = (APPROVED, PAYING, PAY_FAILED, PAID)
_DOCUMENTS = (SYNC_VOUCHER, SYNC_BILL, REVIEW)
_PAYMENTS = (SEND_PAYMENT, CONFIRM_PAYMENT, FAIL_PAYMENT)
_CALLS = (*_DOCUMENTS, APPROVE, REFUSE, WITHDRAW, REPORT, *_PAYMENTS)

_MOVES: dict[tuple[str, str], str] = {
    (START, RECEIVE): RECEIVED,
    (RECEIVED, SYNC_VOUCHER): VOUCHED,
    (VOUCHED, SYNC_VOUCHER): VOUCHED,
    (BILLED, SYNC_VOUCHER): READY,
    (READY, SYNC_VOUCHER): READY,
    (RECEIVED, SYNC_BILL): BILLED,
    (VOUCHED, SYNC_BILL): READY,
    (BILLED, SYNC_BILL): BILLED,
    (READY, SYNC_BILL): READY,
    (READY, REVIEW): READY,
    (READY, APPROVE): APPROVED,
    **{(state, REFUSE): REFUSED for state in UNDECIDED},
    (APPROVED, SEND_PAYMENT): PAYING,
    (PAY_FAILED, SEND_PAYMENT): PAYING,
    (PAYING, CONFIRM_PAYMENT): PAID,
    (PAYING, FAIL_PAYMENT): PAY_FAILED,
    **{(state, WITHDRAW): WITHDRAWN for state in (*UNDECIDED, APPROVED, PAY_FAILED)},
    **{(state, REPORT): state for state in _OUTCOMES},
    (START, FORWARD): FORWARDED,
    (UNSENT, FORWARD): FORWARDED,
    (FORWARDED, ACCEPT): ACCEPTED,
    (FORWARDED, REJECT): UNSENT,
    # An answer may overtake the receipt of what it answers: they travel on two lanes.
    (ANSWERED, ACCEPT): ANSWERED,
    **{(state, ANSWER): ANSWERED for state in (FORWARDED, ACCEPTED, ANSWERED)},
}


def _refusals() -> dict[tuple[str, str], Code]:
    """What is due for each pair that is no move; the later lines win over the earlier ones."""
    found: dict[tuple[str, str], Code] = {}
    found.update({(START, call): APPLICATION_NOT_FOUND for call in _CALLS})
    found.update({(state, RECEIVE): APPLICATION_EXISTS for state in (*HANDLED, *PASSED_ON)})
    found.update({(state, FORWARD): APPLICATION_EXISTS for state in (*HANDLED, *PASSED_ON)})
    for state in UNDECIDED:
        found.update({(state, call): DOCUMENTS_MISSING for call in (REVIEW, APPROVE)})
        found.update({(state, call): NOT_APPROVED for call in _PAYMENTS})
        found[state, REPORT] = NOT_DECIDED
    for state in (*_IN_PAYMENT, REFUSED):
        decided = (*_DOCUMENTS, APPROVE, REFUSE, WITHDRAW)
        found.update({(state, call): ALREADY_DECIDED for call in decided})
    found.update({(REFUSED, call): NOT_APPROVED for call in _PAYMENTS})
    for state in (APPROVED, PAY_FAILED):
        found.update({(state, call): PAYMENT_NOT_SENT for call in _PAYMENTS})
    found.update({(PAYING, call): PAYMENT_PENDING for call in (SEND_PAYMENT, WITHDRAW)})
    found.update({(PAID, call): ALREADY_PAID for call in (*_PAYMENTS, WITHDRAW)})
    found.update({(WITHDRAWN, call): APPLICATION_WITHDRAWN for call in _CALLS})
    return {pair: code for pair, code in found.items() if pair not in _MOVES}


APPLICATION_STATES = StateTable(
    name="reimbursement application",
    states=(*HANDLED, *PASSED_ON),
    actions=(RECEIVE, FORWARD, *_CALLS, ACCEPT, REJECT, ANSWER),
    moves=_MOVES,
    otherwise=NOT_HANDLED_HERE,
    refusals=_refusals(),
)
