"""E-settlement vouchers and other provinces' documents (电子结算凭证、异地票据)."""

from node.client.domain import Domain
from node.client.outcome import Receipt, Recorded
from proto.api.voucher_pb2 import (
    DESCRIPTOR,
    RemoteBillReply,
    RemoteVoucherKey,
    RemoteVoucherReply,
    VoucherKey,
    VoucherReply,
)
from proto.contracts_pb2 import BillKey
from proto.reimbursement_pb2 import NoteStatusRequest
from proto.services_pb2 import TraceReply


class Vouchers(Domain):
    """E-settlement vouchers and other provinces' documents (电子结算凭证、异地票据)."""

    contract = "voucher"
    service = DESCRIPTOR.services_by_name["Vouchers"]

    def note_status(
        self,
        object: str,
        *,
        red: bool = False,
        reimbursed: bool = False,
        source: str,
        source_reference: str,
    ) -> Receipt:
        """Record what a remote document's source says of it (异地票据状态)."""
        return self._write(
            "note_status",
            NoteStatusRequest(
                object=object,
                red=red,
                reimbursed=reimbursed,
                source=source,
                source_reference=source_reference,
            ),
        )

    def report(self, settlement_id: str, *, code: str, number: str) -> Recorded:
        """Keep a settlement's voucher and report it to the national chain, after the settlement."""
        return self._record(
            "report", settlement_id=settlement_id, bill=BillKey(code=code, number=number)
        )

    def store_bill(
        self, document: bytes, *, dialect: str, source: str = "", source_reference: str
    ) -> Recorded:
        """Keep another province's bill, read by a dialect (异地电子票据上链)."""
        return self._record(
            "store_bill",
            document=document,
            dialect=dialect,
            source=source,
            source_reference=source_reference,
        )

    def store_voucher(
        self, document: bytes, *, region: str, source: str = "", source_reference: str
    ) -> Recorded:
        """Keep another province's voucher (异地电子结算凭证上链)."""
        return self._record(
            "store_voucher",
            document=document,
            region=region,
            source=source,
            source_reference=source_reference,
        )

    def get(self, settlement_id: str) -> VoucherReply:
        """An e-settlement voucher made here."""
        return self._get("GetVoucher", VoucherKey(settlement_id=settlement_id), VoucherReply)

    def trace(self, settlement_id: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceVoucher", VoucherKey(settlement_id=settlement_id), TraceReply)

    def get_remote_voucher(self, region: str, settlement_id: str) -> RemoteVoucherReply:
        """Another province's voucher."""
        return self._get(
            "GetRemoteVoucher",
            RemoteVoucherKey(region=region, settlement_id=settlement_id),
            RemoteVoucherReply,
        )

    def trace_remote_voucher(self, region: str, settlement_id: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceRemoteVoucher",
            RemoteVoucherKey(region=region, settlement_id=settlement_id),
            TraceReply,
        )

    def get_remote_bill(self, code: str, number: str) -> RemoteBillReply:
        """Another province's bill (异地电子票据查询)."""
        return self._get("GetRemoteBill", BillKey(code=code, number=number), RemoteBillReply)

    def trace_remote_bill(self, code: str, number: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceRemoteBill", BillKey(code=code, number=number), TraceReply)
