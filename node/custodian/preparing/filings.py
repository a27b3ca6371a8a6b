"""Filings for treatment elsewhere (参保人异地就医备案): registered and changed, always owned."""

from contracts.filing.codes import FILING_NOT_FOUND
from contracts.filing.records import filing_key
from documents import filing_findings, parse_filing
from faults import Rejected
from node.custodian.codes import ACCOUNT_MISSING
from node.custodian.preparing.desk import Desk, reply
from node.custodian.preparing.job import Job
from node.custodian.preparing.owners import require_owner, same_owner
from proto.filing_pb2 import ChangeFilingRequest, RegisterFilingRequest
from proto.services_pb2 import PrepareReply


def register(desk: Desk, job: Job) -> PrepareReply:
    """A filing for its person's account, which has to be open."""
    filing = parse_filing(job.document)
    attribution, person = require_owner(desk, filing.form)
    committed, payload = desk.seal(filing.form, filing.document, person)
    request = RegisterFilingRequest(
        form=committed.to_form(), payload=payload, account_id=person.account_id
    )
    body = desk.bodies.make("filing", "register", request, job.signer)
    return reply(filing_key(filing.filing_id), attribution, [body], filing_findings(filing.form))


def change(desk: Desk, job: Job) -> PrepareReply:
    """The next version of a filing, sealed to its owner, whose it must be."""
    desk.persons()
    filing = parse_filing(job.document)
    key = filing_key(filing.filing_id)
    before = desk.payloads.owned(key)
    if before is None:
        raise Rejected(FILING_NOT_FOUND, filing=filing.filing_id)
    attribution, person = same_owner(desk, before.account_id, filing.form)
    if person is None:
        raise Rejected(ACCOUNT_MISSING, reason=attribution.reason)
    committed, payload = desk.seal(filing.form, filing.document, person)
    request = ChangeFilingRequest(
        form=committed.to_form(), payload=payload, supersedes=job.number("supersedes")
    )
    body = desk.bodies.make("filing", "change", request, job.signer)
    return reply(key, attribution, [body], filing_findings(filing.form))
