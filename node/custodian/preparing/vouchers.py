"""Electronic settlement vouchers (电子结算凭证) of our own settlements, reported onward."""

from contracts.settlement import settlement_key
from contracts.voucher import voucher_key
from documents import build_voucher
from node.custodian.preparing.bills import open_pair
from node.custodian.preparing.desk import Desk, reply
from node.custodian.preparing.job import Job
from node.custodian.preparing.owners import follows
from proto.contracts_pb2 import BillKey, ReportVoucherRequest
from proto.services_pb2 import PrepareReply


def report(desk: Desk, job: Job) -> PrepareReply:
    """The voucher made of a settlement and its bill, sealed to the settlement's owner."""
    code, number = job.bill
    settlement_id = job.text("settlement_id")
    bill, settlement = open_pair(desk, job)
    voucher = build_voucher(settlement.form, bill.form)
    record = desk.payloads.owned(settlement_key(settlement_id))
    person = desk.owner(record.account_id if record is not None else None)
    committed, payload = desk.seal(voucher.form, voucher.document, person)
    request = ReportVoucherRequest(
        settlement_id=settlement_id,
        bill=BillKey(code=code, number=number),
        form=committed.to_form(),
        payload=payload,
    )
    body = desk.bodies.make("voucher", "report", request, job.signer)
    return reply(voucher_key(settlement_id), follows(person), [body])
