"""Settlements (医保结算) and their reversals."""

from contracts.settlement import settlement_key
from documents import parse_settlement, settlement_findings
from faults import Rejected
from node.codes import REQUEST_INVALID
from node.custodian.accounts import identity_of
from node.custodian.preparing.accounts import Link, attach_waiting
from node.custodian.preparing.desk import Desk, reply
from node.custodian.preparing.job import Job
from node.custodian.preparing.owners import follows, opening, propose, verified
from node.custodian.reading import to_messages
from proto.contracts_pb2 import ReverseSettlementRequest, UploadSettlementRequest
from proto.services_pb2 import PrepareReply


def upload(desk: Desk, job: Job) -> PrepareReply:
    """Open or find the person's account, upload, and attach the bills that waited for it."""
    accounts = desk.persons()
    settlement = parse_settlement(job.document, desk.institutions)
    if settlement.is_reversal:
        raise Rejected(REQUEST_INVALID, field="kind", reason="the document is a reversal")
    form, settlement_id = settlement.form, settlement.settlement_id
    identity = identity_of(form)
    person = propose(job, accounts, identity)
    bodies = opening(desk, job, accounts, person)
    findings = settlement_findings(form)
    committed, payload = desk.seal(form, settlement.document, person)
    request = UploadSettlementRequest(
        form=committed.to_form(),
        payload=payload,
        account_id=person.account_id,
        findings=to_messages(findings),
    )
    bodies.append(desk.bodies.make("settlement", "upload", request, job.signer))
    bill = (form.public["bill.code"], form.public["bill.number"])
    named = bill if all(bill) else None
    accounts.people.keep(person, identity)
    accounts.people.link_settlement(settlement_id, person.account_id, named)
    bodies += attach_waiting(desk, job, accounts, person, Link(settlement_id, named))
    return reply(settlement_key(settlement_id), verified(person), bodies, findings)


def reverse(desk: Desk, job: Job) -> PrepareReply:
    """A reversal, sealed to the owner of the settlement that it takes back."""
    settlement = parse_settlement(job.document, desk.institutions)
    if not settlement.is_reversal:
        raise Rejected(REQUEST_INVALID, field="kind", reason="the document is no reversal")
    form = settlement.form
    original = desk.payloads.owned(settlement_key(form.public["original.settlement_id"]))
    person = desk.owner(original.account_id if original is not None else None)
    findings = settlement_findings(form)
    committed, payload = desk.seal(form, settlement.document, person)
    request = ReverseSettlementRequest(
        form=committed.to_form(), payload=payload, findings=to_messages(findings)
    )
    body = desk.bodies.make("settlement", "reverse", request, job.signer)
    return reply(settlement_key(settlement.settlement_id), follows(person), [body], findings)
