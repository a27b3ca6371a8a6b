"""Applications, and chains on which they stand in a given state."""

from collections.abc import Mapping
from typing import Any

from contracts.reimbursement.records import (
    Amounts,
    ApplicationRecord,
    Decision,
    Payment,
)
from contracts.remote.records import USED
from ledger.records import encode
from proto import reimbursement_pb2 as pb
from proto.contracts_pb2 import RegisterIdentityRequest
from proto.transaction_pb2 import CommittedForm
from tests.contracts.harness import BILL_FIELDS, PROVINCE, Chain, changed, form, key_bytes
from tests.contracts.remote.support import (
    CODE,
    REGION,
    bill_of,
    number,
    remote_bill,
    remote_voucher,
    settlement,
    store_both,
)

INDEX, OTHER_INDEX = "ab" * 32, "cd" * 32
ISSUER = str(BILL_FIELDS["issuer_code"])
SECOND = "second_bureau"
AMOUNTS = pb.ApprovedAmounts(pooled_fund_fen=8000, account_fen=1500, other_fen=500)
APPROVED_FEN = 10_000


def application_id(application: int) -> str:
    return f"YDBX-{application:06d}"


def key(application: int = 1) -> str:
    return f"reimbursement/{application_id(application)}"


def application_form(application: int = 1, bill: int = 0, **changes: Any) -> CommittedForm:
    own = bill or application
    fields: Mapping[str, str | int] = {
        "application_id": application_id(application),
        "applied_date": "20240901",
        "insured_region": "460100",
        "treatment_region": REGION,
        "care": "outpatient",
        "issuer_code": ISSUER,
        "settlement_id": settlement(own),
        "bill.code": CODE,
        "bill.number": number(own),
        "claimed_fen": 0,
    }
    return form("reimbursement/1", changed(fields, changes))


def receive(
    chain: Chain, application: int = 1, bill: int = 0, *, account: int = 0, **changes: Any
) -> pb.ReceiveApplicationRequest:
    return pb.ReceiveApplicationRequest(
        form=application_form(application, bill, **changes),
        payload=chain.payload(account),
        account_id=f"{account:032x}" if account else "",
        applicant_index=INDEX,
    )


def sync_voucher(application: int = 1, bill: int = 0) -> pb.SyncVoucherRequest:
    return pb.SyncVoucherRequest(
        application_id=application_id(application), voucher=remote_voucher(bill or application)
    )


def sync_bill(application: int = 1, bill: int = 0) -> pb.SyncBillRequest:
    return pb.SyncBillRequest(
        application_id=application_id(application), bill=remote_bill(bill or application)
    )


def review(application: int = 1, index: str = "") -> pb.ReviewRequest:
    return pb.ReviewRequest(application_id=application_id(application), applicant_index=index)


def approve(
    application: int = 1, amounts: pb.ApprovedAmounts = AMOUNTS, index: str = ""
) -> pb.ApproveRequest:
    return pb.ApproveRequest(
        application_id=application_id(application), amounts=amounts, applicant_index=index
    )


def refuse(application: int = 1, **changes: str) -> pb.RefuseRequest:
    own = {"reason_code": "NOT_INSURED_THEN", "reason": "not insured in that month"}
    return pb.RefuseRequest(application_id=application_id(application), **{**own, **changes})


def pay(step: str, application: int = 1, **changes: Any) -> pb.PaymentRequest:
    own: dict[str, Any] = {"amount_fen": APPROVED_FEN, "reference": "PAY-1"}
    own["reason_code"] = "ACCOUNT_CLOSED" if step == "failed" else ""
    return pb.PaymentRequest(
        application_id=application_id(application), step=step, **{**own, **changes}
    )


def withdraw(application: int = 1, reason: str = "asked by the applicant") -> pb.WithdrawRequest:
    return pb.WithdrawRequest(application_id=application_id(application), reason=reason)


def report(application: int = 1) -> pb.ReportReimbursementRequest:
    return pb.ReportReimbursementRequest(application_id=application_id(application))


def forward(chain: Chain, channel: str, application: int = 1) -> pb.ForwardApplicationRequest:
    return pb.ForwardApplicationRequest(
        form=application_form(application), payload=chain.payload(), channel=channel
    )


def subject(name: str, kind: str, value: str) -> pb.ListedSubject:
    return pb.ListedSubject(list=name, kind=kind, subject=value)


def add_listed(name: str, kind: str, value: str, **changes: Any) -> pb.AddListedRequest:
    own: dict[str, Any] = {"reason": "case 2024-7", "from_ms": 0, "to_ms": 0}
    return pb.AddListedRequest(subject=subject(name, kind, value), **{**own, **changes})


def of(chain: Chain, application: int = 1) -> ApplicationRecord:
    return chain.load(ApplicationRecord, key(application))


def staffed(chain: Chain) -> Chain:
    """The chain with a second official of the bureau, and one account."""
    request = RegisterIdentityRequest(
        public_key=key_bytes(SECOND), org="org-bureau", roles=["bureau"], label="second desk"
    )
    chain.ok("governor", "identity.register", request)
    chain.open_account(1)
    return chain


def make_ready(chain: Chain, application: int = 1, *, account: int = 0, **changes: Any) -> None:
    """Received, with its voucher and bill; not yet reviewed."""
    store_both(chain, application, account)
    request = receive(chain, application, account=account, **changes)
    chain.ok("bureau", "reimbursement.receive", request)
    chain.ok("bureau", "reimbursement.sync_voucher", sync_voucher(application))
    chain.ok("bureau", "reimbursement.sync_bill", sync_bill(application))


def make_approved(chain: Chain, application: int = 1, **changes: Any) -> None:
    make_ready(chain, application, **changes)
    chain.ok("bureau", "reimbursement.review", review(application))
    chain.ok(SECOND, "reimbursement.approve", approve(application))


def put_into(chain: Chain, state: str) -> None:
    """Application 1, which is ready and reviewed, as it would stand in `state`."""
    application = of(chain)
    decision = Decision(
        approved=state != "refused",
        amounts=Amounts(pooled_fund_fen=8000, account_fen=1500, other_fen=500),
        reason_code="NOT_INSURED_THEN" if state == "refused" else "",
        org="org-bureau",
        time_ms=chain.time_ms,
        whitelisted=False,
    )
    sent = Payment(
        step="sent",
        amount_fen=APPROVED_FEN,
        reference="PAY-1",
        reason_code="",
        time_ms=chain.time_ms,
    )
    in_payment = ("approved", "paying", "payment_failed", "paid")
    passed_on = ("forwarded", "unsent", "accepted", "answered")
    changes: dict[str, Any] = {"state": state}
    if state in ("received", "has_voucher"):
        changes["bill"] = ""
    if state in ("received", "has_bill"):
        changes |= {"voucher": "", "voucher_version": 0}
    if state in (*in_payment, "refused"):
        changes["decision"] = decision
    if state in in_payment[1:]:
        changes["payment"] = sent
    if state in passed_on:
        changes |= {"voucher": "", "bill": "", "destination": PROVINCE}
    chain.state[key()] = encode(application.changed(**changes))
    if state in in_payment:
        used = bill_of(chain).changed(state=USED, used_by=key())
        chain.state[remote_bill(1)] = encode(used)
