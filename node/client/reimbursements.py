"""Remote reimbursement (异地报销): applications, decisions, payments, lists."""

from node.client.domain import Domain
from node.client.outcome import Receipt, Recorded
from proto.api.reimbursement_pb2 import (
    DESCRIPTOR,
    ApplicationKey,
    ApplicationReply,
    ListedKey,
    ListedReply,
    ReportedKey,
    ReportedReply,
)
from proto.reimbursement_pb2 import (
    AddListedRequest,
    ApprovedAmounts,
    ApproveRequest,
    ChangeListedRequest,
    ListedSubject,
    PaymentRequest,
    RefuseRequest,
    RemoveListedRequest,
    ReportReimbursementRequest,
    SyncBillRequest,
    SyncVoucherRequest,
    WithdrawRequest,
)
from proto.services_pb2 import TraceReply


class Reimbursements(Domain):
    """Remote reimbursement (异地报销)."""

    contract = "reimbursement"
    service = DESCRIPTOR.services_by_name["Reimbursements"]

    def add_listed(
        self, subject: ListedSubject, *, reason: str, from_ms: int, to_ms: int = 0
    ) -> Receipt:
        """Put a subject on the blacklist or whitelist (黑白名单录入)."""
        return self._write(
            "add_listed",
            AddListedRequest(subject=subject, reason=reason, from_ms=from_ms, to_ms=to_ms),
        )

    def approve(
        self, application_id: str, *, amounts: ApprovedAmounts, applicant_index: str = ""
    ) -> Receipt:
        """Approve with amounts by kind of payment (异地报销审核通过)."""
        return self._write(
            "approve",
            ApproveRequest(
                application_id=application_id, amounts=amounts, applicant_index=applicant_index
            ),
        )

    def change_listed(
        self, subject: ListedSubject, *, reason: str, from_ms: int, to_ms: int
    ) -> Receipt:
        """Change an entry's reason and period (黑白名单修改)."""
        return self._write(
            "change_listed",
            ChangeListedRequest(subject=subject, reason=reason, from_ms=from_ms, to_ms=to_ms),
        )

    def forward(self, document: bytes, *, channel: str) -> Recorded:
        """Hand an application on to the insured province (异地报销申请转交)."""
        return self._record("forward", document=document, channel=channel)

    def receive(self, document: bytes) -> Recorded:
        """Take an application in (异地报销申请接收)."""
        return self._record("receive", document=document)

    def record_payment(
        self, application_id: str, *, step: str, amount_fen: int, reference: str, reason_code: str
    ) -> Receipt:
        """Record that the payment was sent, made or failed (异地报销支付状态)."""
        return self._write(
            "record_payment",
            PaymentRequest(
                application_id=application_id,
                step=step,
                amount_fen=amount_fen,
                reference=reference,
                reason_code=reason_code,
            ),
        )

    def refuse(self, application_id: str, *, reason_code: str, reason: str = "") -> Receipt:
        """Refuse with a reason code (异地报销审核不通过)."""
        return self._write(
            "refuse",
            RefuseRequest(application_id=application_id, reason_code=reason_code, reason=reason),
        )

    def remove_listed(self, subject: ListedSubject, *, reason: str) -> Receipt:
        """Take a subject off either list (黑白名单删除)."""
        return self._write("remove_listed", RemoveListedRequest(subject=subject, reason=reason))

    def report(self, application_id: str) -> Receipt:
        """Report decision and state, or send a failed report again (上报国家链)."""
        return self._write("report", ReportReimbursementRequest(application_id=application_id))

    def review(self, application_id: str) -> Recorded:
        """A first official looks before another approves (异地报销初审)."""
        return self._record("review", application_id=application_id)

    def sync_bill(self, application_id: str, *, bill: str) -> Receipt:
        """Record that the bill was fetched and is stored (异地电子票据同步)."""
        return self._write("sync_bill", SyncBillRequest(application_id=application_id, bill=bill))

    def sync_voucher(self, application_id: str, *, voucher: str) -> Receipt:
        """Record that the voucher was fetched and is stored (电子结算凭证同步)."""
        return self._write(
            "sync_voucher", SyncVoucherRequest(application_id=application_id, voucher=voucher)
        )

    def withdraw(self, application_id: str, *, reason: str) -> Receipt:
        """End an application that is not paid, and free its bill (异地报销撤销)."""
        return self._write(
            "withdraw", WithdrawRequest(application_id=application_id, reason=reason)
        )

    def get(self, application_id: str) -> ApplicationReply:
        """An application: documents, decision, payment, report."""
        return self._get(
            "GetApplication", ApplicationKey(application_id=application_id), ApplicationReply
        )

    def trace(self, application_id: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceApplication", ApplicationKey(application_id=application_id), TraceReply
        )

    def get_listed(self, list: str, kind: str, subject: str) -> ListedReply:
        """An entry of the blacklist or whitelist (名单查询)."""
        return self._get("GetListed", ListedKey(list=list, kind=kind, subject=subject), ListedReply)

    def trace_listed(self, list: str, kind: str, subject: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceListed", ListedKey(list=list, kind=kind, subject=subject), TraceReply
        )

    def get_reported(self, chain_id: str, application_id: str) -> ReportedReply:
        """What a province reported of an application."""
        return self._get(
            "GetReported",
            ReportedKey(chain_id=chain_id, application_id=application_id),
            ReportedReply,
        )

    def trace_reported(self, chain_id: str, application_id: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceReported",
            ReportedKey(chain_id=chain_id, application_id=application_id),
            TraceReply,
        )
