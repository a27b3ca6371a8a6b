"""Documents of other provinces (异地电子票据, 异地电子结算凭证), fetched and kept."""

from contracts.remote.records import remote_bill_key, remote_voucher_key
from documents import (
    Dialect,
    RemoteEbill,
    StandardForm,
    parse_remote_ebill,
    parse_voucher,
    voucher_findings,
)
from faults import Rejected
from node.codes import REQUEST_INVALID
from node.custodian.attribution import Attribution
from node.custodian.people import Person
from node.custodian.preparing.desk import Desk, reply
from node.custodian.preparing.job import Job
from node.custodian.preparing.owners import (
    attribute_form,
    follows,
    queue_unbound,
    same_owner,
)
from node.custodian.reading import remote_differences, to_messages
from proto.reimbursement_pb2 import StoreBillRequest, StoreVoucherRequest
from proto.services_pb2 import PrepareReply


def store_voucher(desk: Desk, job: Job) -> PrepareReply:
    """A voucher as 4901 carries it; one that is uploaded anew stays its owner's."""
    voucher = parse_voucher(job.document)
    if voucher.is_red:
        reason = "a red voucher is noted as its original's status"
        raise Rejected(REQUEST_INVALID, field="document", reason=reason)
    findings = voucher_findings(voucher)
    key = remote_voucher_key(job.text("region"), voucher.form.public["settlement_id"])
    before = desk.payloads.owned(key)
    attribution = attribute_form(desk, voucher.form)
    if before is not None and before.account_id:
        attribution, _ = same_owner(desk, before.account_id, voucher.form)
    person = desk.owner(attribution.account_id)
    committed, payload = desk.seal(voucher.form, voucher.document, person)
    request = StoreVoucherRequest(
        region=job.text("region"),
        form=committed.to_form(),
        payload=payload,
        account_id=attribution.account_id or "",
        findings=to_messages(findings),
        source=job.text("source"),
        source_reference=job.text("source_reference"),
    )
    body = desk.bodies.make("voucher", "store_voucher", request, job.signer)
    queue_unbound(desk, key, voucher.form, attribution)
    return reply(key, attribution, [body], findings)


def store_bill(desk: Desk, job: Job) -> PrepareReply:
    """A bill in its province's XML, read by the dialect table that the caller names."""
    bill = parse_remote_ebill(job.document, [_dialect(desk, job.text("dialect"))])
    findings = remote_differences(bill, desk.institutions)
    key = remote_bill_key(bill.form.public["code"], bill.form.public["number"])
    attribution, person = _owner(desk, bill)
    committed, payload = desk.seal(bill.form, bill.document, person)
    request = StoreBillRequest(
        form=committed.to_form(),
        payload=payload,
        account_id=attribution.account_id or "",
        findings=to_messages(findings),
        source=job.text("source"),
        source_reference=job.text("source_reference"),
        dialect=bill.dialect.name,
        dialect_sm3=bill.dialect.sm3,
    )
    body = desk.bodies.make("voucher", "store_bill", request, job.signer)
    queue_unbound(desk, key, bill.form, attribution)
    return reply(key, attribution, [body], findings)


def _dialect(desk: Desk, name: str) -> Dialect:
    for one in desk.dialects:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in desk.dialects)
    raise Rejected(REQUEST_INVALID, field="options.dialect", reason=f"known: {known}")


def _owner(desk: Desk, bill: RemoteEbill) -> tuple[Attribution, Person | None]:
    form: StandardForm = bill.form
    if form.public["color"] == "red":
        blue = desk.payloads.owned(
            remote_bill_key(form.public["blue.code"], form.public["blue.number"])
        )
        person = desk.owner(blue.account_id if blue is not None else "")
        return follows(person), person
    attribution = attribute_form(desk, form)
    return attribution, desk.owner(attribution.account_id)
