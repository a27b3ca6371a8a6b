"""Settlements (医保结算): upload, reverse, report, query."""

from node.client.domain import Domain
from node.client.outcome import Receipt, Recorded
from proto.api.settlement_pb2 import DESCRIPTOR, SettlementKey, SettlementReply
from proto.contracts_pb2 import ReportReversalRequest, ReportSettlementRequest
from proto.services_pb2 import TraceReply


class Settlements(Domain):
    """Settlements (医保结算)."""

    contract = "settlement"
    service = DESCRIPTOR.services_by_name["Settlements"]

    def report(self, settlement_id: str) -> Receipt:
        """Report a settlement to the national chain (结算信息上传)."""
        return self._write("report", ReportSettlementRequest(settlement_id=settlement_id))

    def report_reversal(self, settlement_id: str) -> Receipt:
        """Report the reversal of a settlement that was reported (结算信息撤销上传)."""
        return self._write("report_reversal", ReportReversalRequest(settlement_id=settlement_id))

    def reverse(self, document: bytes) -> Recorded:
        """Reverse a settlement once (结算撤销), and not while the fund has paid it."""
        return self._record("reverse", document=document)

    def upload(self, document: bytes) -> Recorded:
        """Put a local or remote settlement on the chain (结算上链)."""
        return self._record("upload", document=document)

    def get(self, settlement_id: str) -> SettlementReply:
        """A settlement: amounts by kind of payment, its reversal, its bill (本地结算信息查询)."""
        return self._get(
            "GetSettlement", SettlementKey(settlement_id=settlement_id), SettlementReply
        )

    def trace(self, settlement_id: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceSettlement", SettlementKey(settlement_id=settlement_id), TraceReply)
