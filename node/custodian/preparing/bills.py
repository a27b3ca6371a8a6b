"""Bills (医疗收费电子票据): blue, red, and compared with their settlement."""

from contracts.bill.record import bill_key
from contracts.settlement import settlement_key
from documents import PayloadPlain, compare
from node.custodian.preparing.desk import Desk, reply
from node.custodian.preparing.job import Job
from node.custodian.preparing.owners import (
    NO_PERSON,
    attribute_form,
    owner_of_red,
    queue_unbound,
)
from node.custodian.reading import bill_differences, read_bill, to_messages
from proto.contracts_pb2 import BillKey, IssueBlueRequest, IssueRedRequest, VerifyRequest
from proto.services_pb2 import PrepareReply

UNSEEN_PAIRS = ("color", "institution_name", "selfpay", "person")
"""Pairs of the comparison that need a private field, or that no contract compares."""


def issue_blue(desk: Desk, job: Job) -> PrepareReply:
    """A blue bill, for the account it can be attributed to; else it waits in the unbound queue."""
    ebill = read_bill(job.document, red=False)
    findings = bill_differences(ebill, desk.institutions)
    key = bill_key(ebill.code, ebill.number)
    attribution = attribute_form(desk, ebill.form)
    person = desk.owner(attribution.account_id)
    committed, payload = desk.seal(ebill.form, ebill.document, person)
    request = IssueBlueRequest(
        form=committed.to_form(),
        payload=payload,
        account_id=attribution.account_id or "",
        findings=to_messages(findings),
    )
    body = desk.bodies.make("bill", "issue_blue", request, job.signer)
    queue_unbound(desk, key, ebill.form, attribution)
    return reply(key, attribution, [body], findings)


def issue_red(desk: Desk, job: Job) -> PrepareReply:
    """A red bill, sealed to its blue bill's owner."""
    ebill = read_bill(job.document, red=True)
    findings = bill_differences(ebill, desk.institutions)
    attribution, person = owner_of_red(desk, ebill.form)
    committed, payload = desk.seal(ebill.form, ebill.document, person)
    request = IssueRedRequest(
        form=committed.to_form(), payload=payload, findings=to_messages(findings)
    )
    body = desk.bodies.make("bill", "issue_red", request, job.signer)
    return reply(bill_key(ebill.code, ebill.number), attribution, [body], findings)


def verify(desk: Desk, job: Job) -> PrepareReply:
    """票实核对 on the opened bill and settlement: what the private fields show as well."""
    code, number = job.bill
    settlement_id = job.text("settlement_id")
    bill, settlement = open_pair(desk, job)
    compared = compare(bill.form, settlement.form, desk.institutions)
    # The contract compares the public fields by itself: what it can't see goes along.
    unseen = [one.finding for one in compared.pairs if one.finding and one.name in UNSEEN_PAIRS]
    request = VerifyRequest(
        bill=BillKey(code=code, number=number),
        settlement_id=settlement_id,
        findings=to_messages(unseen),
    )
    body = desk.bodies.make("bill", "verify", request, job.signer)
    return reply(bill_key(code, number), NO_PERSON, [body], compared.findings)


def open_pair(desk: Desk, job: Job) -> tuple[PayloadPlain, PayloadPlain]:
    """The bill and the settlement that the options name, opened."""
    bill = desk.payloads.open(desk.payloads.find(bill_key(*job.bill)))
    settlement = desk.payloads.find(settlement_key(job.text("settlement_id")))
    return bill, desk.payloads.open(settlement)
