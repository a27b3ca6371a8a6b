"""Bills (医疗收费电子票据): issue, flush, print, lock, enter, link, verify, query."""

from node.client.domain import Domain
from node.client.outcome import Receipt, Recorded
from proto.api.bill_pb2 import DESCRIPTOR, BillReply
from proto.contracts_pb2 import (
    BillKey,
    EnterRequest,
    LinkSettlementRequest,
    LockRequest,
    ResendBillRequest,
    ReverseEntryRequest,
    UnlockRequest,
)
from proto.reimbursement_pb2 import CancelPrintRequest, PrintRequest
from proto.services_pb2 import TraceReply


class Bills(Domain):
    """Bills (医疗收费电子票据)."""

    contract = "bill"
    service = DESCRIPTOR.services_by_name["Bills"]

    def cancel_print(
        self, code: str, number: str, *, paper_code: str, paper_number: str, reason: str
    ) -> Receipt:
        """取消换开: the paper was taken back; or tell of the same paper again."""
        return self._write(
            "cancel_print",
            CancelPrintRequest(
                bill=BillKey(code=code, number=number),
                paper_code=paper_code,
                paper_number=paper_number,
                reason=reason,
            ),
        )

    def enter(self, code: str, number: str, *, amount_fen: int, voucher_number: str) -> Receipt:
        """入账: use the bill for the reimbursement its lock was taken for; reported to its home."""
        return self._write(
            "enter",
            EnterRequest(
                bill=BillKey(code=code, number=number),
                amount_fen=amount_fen,
                voucher_number=voucher_number,
            ),
        )

    def issue_blue(self, document: bytes) -> Recorded:
        """蓝票上链: put a bill on the chain that is its home, and share it over the channels."""
        return self._record("issue_blue", document=document)

    def issue_red(self, document: bytes) -> Recorded:
        """红票上链 / 冲红: cancel a blue bill for ever; its home refuses while it is in use."""
        return self._record("issue_red", document=document)

    def link_settlement(self, code: str, number: str, *, settlement_id: str) -> Receipt:
        """关联结算: bill and settlement point at each other."""
        return self._write(
            "link_settlement",
            LinkSettlementRequest(
                bill=BillKey(code=code, number=number), settlement_id=settlement_id
            ),
        )

    def lock(self, code: str, number: str, *, purpose: str, expires_ms: int) -> Receipt:
        """锁定: hold a bill for a reimbursement; pending until its home answers with a token."""
        return self._write(
            "lock",
            LockRequest(
                bill=BillKey(code=code, number=number), purpose=purpose, expires_ms=expires_ms
            ),
        )

    def print(
        self, code: str, number: str, *, paper_code: str, paper_number: str, printed_date: str
    ) -> Receipt:
        """纸票换开 / 打印: record the paper, or tell of the same paper again."""
        return self._write(
            "print",
            PrintRequest(
                bill=BillKey(code=code, number=number),
                paper_code=paper_code,
                paper_number=paper_number,
                printed_date=printed_date,
            ),
        )

    def resend(self, code: str, number: str) -> Receipt:
        """失败补偿: send a bill, its paper and its red bill again to the chains that lack them."""
        return self._write("resend", ResendBillRequest(bill=BillKey(code=code, number=number)))

    def reverse_entry(self, code: str, number: str, *, reason: str) -> Receipt:
        """入账撤销: by the agency that entered; it ends the entry and the lock it stood on."""
        return self._write(
            "reverse_entry",
            ReverseEntryRequest(bill=BillKey(code=code, number=number), reason=reason),
        )

    def unlock(self, code: str, number: str, *, reason: str) -> Receipt:
        """解锁: by the locker, by the bureau with a reason, by any agency once it has expired."""
        return self._write(
            "unlock", UnlockRequest(bill=BillKey(code=code, number=number), reason=reason)
        )

    def verify(self, code: str, number: str, *, settlement_id: str) -> Recorded:
        """验真验重 / 票实核对: record every difference between a bill and a settlement."""
        return self._record(
            "verify", bill=BillKey(code=code, number=number), settlement_id=settlement_id
        )

    def get(self, code: str, number: str) -> BillReply:
        """A bill's public half and its state: red-flushed, printed, locked, entered, linked
        (票据数据查询). Its XML is read under an authorization.
        """
        return self._get("GetBill", BillKey(code=code, number=number), BillReply)

    def trace(self, code: str, number: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceBill", BillKey(code=code, number=number), TraceReply)
