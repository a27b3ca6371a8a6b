"""Fund batches (基金费用、基金拨付): lines, audit, payment, the bank's answer, reconciliation."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from node.client.domain import Domain
from node.client.outcome import Receipt, Recorded
from proto.api.fund_pb2 import (
    DESCRIPTOR,
    BatchKey,
    BatchReply,
    DifferenceKey,
    DifferenceReply,
    LineKey,
    LineOriginal,
    LineReply,
    LineSettlements,
    SummaryKey,
    SummaryReply,
)
from proto.fund_pb2 import (
    AddFundLinesRequest,
    AddFundSettlementsRequest,
    AuditFundBatchRequest,
    FundLine,
    ReconcileFundBatchRequest,
    ResubmitFundBatchRequest,
    ReverseFundBatchRequest,
    SendFundBatchRequest,
    WithdrawFundBatchRequest,
)
from proto.services_pb2 import TraceReply
from proto.transaction_pb2 import CommittedForm, Finding, SealedPayload

_LINES = ("fund.add_lines", "fund.add_settlements")


class Funds(Domain):
    """Fund batches (基金费用、基金拨付)."""

    contract = "fund"
    service = DESCRIPTOR.services_by_name["Funds"]
    beside: ClassVar[Mapping[str, tuple[str, ...]]] = {"submit": _LINES, "compensate": _LINES}

    def add_lines(
        self,
        batch_number: str,
        *,
        lines: Sequence[FundLine],
        form: CommittedForm,
        payload: SealedPayload,
    ) -> Receipt:
        """Add the next lines (费用明细上链); the last completes it."""
        return self._write(
            "add_lines",
            AddFundLinesRequest(batch_number=batch_number, lines=lines, form=form, payload=payload),
        )

    def add_settlements(
        self, batch_number: str, *, line: int, offset: int, settlement_ids: Sequence[str]
    ) -> Receipt:
        """Name more of the settlements that a line pays (明细所含结算)."""
        return self._write(
            "add_settlements",
            AddFundSettlementsRequest(
                batch_number=batch_number, line=line, offset=offset, settlement_ids=settlement_ids
            ),
        )

    def audit(
        self, batch_number: str, *, accepted: bool, reason: str, findings: Sequence[Finding] = ()
    ) -> Receipt:
        """Accept a batch or send it back with findings (稽核)."""
        return self._write(
            "audit",
            AuditFundBatchRequest(
                batch_number=batch_number, accepted=accepted, reason=reason, findings=findings
            ),
        )

    def compensate(
        self,
        document: bytes,
        *,
        original: str,
        reason: str,
        originals: Sequence[LineOriginal],
        settlements: Sequence[LineSettlements] = (),
    ) -> Recorded:
        """Declare a batch that pays another's failed lines again (基金费用补偿)."""
        return self._record(
            "compensate",
            document=document,
            original=original,
            reason=reason,
            originals=originals,
            settlements=settlements,
        )

    def reconcile(
        self,
        batch_number: str,
        *,
        statement_number: str,
        paid_count: int,
        paid_fen: int,
        explanation: str,
        differences: Sequence[Finding],
    ) -> Receipt:
        """Compare batch, bank's answer and account statement (基金对账)."""
        return self._write(
            "reconcile",
            ReconcileFundBatchRequest(
                batch_number=batch_number,
                statement_number=statement_number,
                paid_count=paid_count,
                paid_fen=paid_fen,
                explanation=explanation,
                differences=differences,
            ),
        )

    def record_result(self, document: bytes, *, return_number: str, kind: str = "") -> Recorded:
        """Record the bank's answer, line by line (基金拨付状态上链)."""
        return self._record(
            "record_result", document=document, return_number=return_number, kind=kind
        )

    def resubmit(self, batch_number: str, *, explanation: str) -> Receipt:
        """Answer the audit that sent the batch back (退回后重新提交)."""
        return self._write(
            "resubmit", ResubmitFundBatchRequest(batch_number=batch_number, explanation=explanation)
        )

    def reverse(
        self,
        batch_number: str,
        *,
        reason: str,
        refund_number: str,
        refund_count: int,
        refund_fen: int,
    ) -> Receipt:
        """Take back what was paid, mirrored by its refund (基金拨付撤销)."""
        return self._write(
            "reverse",
            ReverseFundBatchRequest(
                batch_number=batch_number,
                reason=reason,
                refund_number=refund_number,
                refund_count=refund_count,
                refund_fen=refund_fen,
            ),
        )

    def send(self, batch_number: str, *, bank_org: str, warnings_seen: int) -> Receipt:
        """Send an audited batch to the bank (推送银行)."""
        return self._write(
            "send",
            SendFundBatchRequest(
                batch_number=batch_number, bank_org=bank_org, warnings_seen=warnings_seen
            ),
        )

    def submit(
        self, document: bytes, *, direction: str = "", settlements: Sequence[LineSettlements] = ()
    ) -> Recorded:
        """Declare a batch (基金费用明细提交); its lines follow."""
        return self._record(
            "submit",
            document=document,
            direction=direction,
            settlements=settlements,
        )

    def withdraw(self, batch_number: str, *, reason: str) -> Receipt:
        """Take a batch back before it is audited (基金费用明细撤销)."""
        return self._write(
            "withdraw", WithdrawFundBatchRequest(batch_number=batch_number, reason=reason)
        )

    def get(self, batch_number: str) -> BatchReply:
        """A batch: what it declared, how far it is, what was paid (基金费用查询)."""
        return self._get("GetBatch", BatchKey(batch_number=batch_number), BatchReply)

    def trace(self, batch_number: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceBatch", BatchKey(batch_number=batch_number), TraceReply)

    def get_line(self, batch_number: str, number: int) -> LineReply:
        """One line of a batch with the bank's answer."""
        return self._get("GetLine", LineKey(batch_number=batch_number, number=number), LineReply)

    def trace_line(self, batch_number: str, number: int) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceLine", LineKey(batch_number=batch_number, number=number), TraceReply)

    def get_difference(self, batch_number: str, number: int) -> DifferenceReply:
        """One thing that did not match in a return or a reconciliation."""
        return self._get(
            "GetDifference",
            DifferenceKey(batch_number=batch_number, number=number),
            DifferenceReply,
        )

    def get_summary(self, period: str, direction: str, insurance_type: str) -> SummaryReply:
        """Sums over all batches of a period (汇总)."""
        return self._get(
            "GetSummary",
            SummaryKey(period=period, direction=direction, insurance_type=insurance_type),
            SummaryReply,
        )
