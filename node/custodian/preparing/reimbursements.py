"""Applications for remote reimbursement (异地报销申请): taken in here, or handed on unopened."""

from contracts.reimbursement.records import application_key
from documents import StandardForm, parse_application, reimbursement_findings
from node.custodian.accounts import identity_of
from node.custodian.preparing.desk import Desk, reply
from node.custodian.preparing.job import Job
from node.custodian.preparing.owners import NO_PERSON, attribute_form, queue_unbound
from node.custodian.reading import to_messages
from proto.reimbursement_pb2 import (
    ForwardApplicationRequest,
    ReceiveApplicationRequest,
    ReviewRequest,
)
from proto.services_pb2 import PrepareReply


def receive(desk: Desk, job: Job) -> PrepareReply:
    """An application for its person's account, else unbound; with the applicant's blind index."""
    application = parse_application(job.document)
    key = application_key(application.application_id)
    findings = reimbursement_findings(application.form)
    attribution = attribute_form(desk, application.form)
    person = desk.owner(attribution.account_id)
    committed, payload = desk.seal(application.form, application.document, person)
    request = ReceiveApplicationRequest(
        form=committed.to_form(),
        payload=payload,
        account_id=attribution.account_id or "",
        applicant_index=blind_index(desk, application.form),
        findings=to_messages(findings),
    )
    body = desk.bodies.make("reimbursement", "receive", request, job.signer)
    queue_unbound(desk, key, application.form, attribution)
    return reply(key, attribution, [body], findings)


def forward(desk: Desk, job: Job) -> PrepareReply:
    """An application for another province, over the channel that leads there.

    It is that province's person: here it is sealed to the organisation and belongs to nobody.
    """
    application = parse_application(job.document)
    findings = reimbursement_findings(application.form)
    committed, payload = desk.seal(application.form, application.document, None)
    request = ForwardApplicationRequest(
        form=committed.to_form(),
        payload=payload,
        channel=job.text("channel"),
        findings=to_messages(findings),
    )
    body = desk.bodies.make("reimbursement", "forward", request, job.signer)
    return reply(application_key(application.application_id), NO_PERSON, [body], findings)


def review(desk: Desk, job: Job) -> PrepareReply:
    """A first review, with the applicant's blind index, which an application that came by packet
    lacks: only who opens it can say whose it is."""
    application_id = job.text("application_id")
    key = application_key(application_id)
    form = desk.payloads.open(desk.payloads.find(key)).form
    request = ReviewRequest(application_id=application_id, applicant_index=blind_index(desk, form))
    body = desk.bodies.make("reimbursement", "review", request, job.signer)
    return reply(key, NO_PERSON, [body], reimbursement_findings(form))


def blind_index(desk: Desk, form: StandardForm) -> str:
    """64 hex digits that stand for the applicant on the lists; "" when the form names nobody.

    The certificate counts before the insured number, also one that only the vault knows: a person
    on the blacklist doesn't leave it by applying under another number.
    """
    identity = identity_of(form)
    if desk.accounts is None or not (identity.certificate or identity.insured_number):
        return ""
    known = desk.accounts.people.by_insured_number(identity.insured_number)
    kind, certificate = identity.certificate_type, identity.certificate
    if not certificate and known is not None:
        kind, certificate = known.certificate_type, known.certificate
    parts = (kind, certificate.upper()) if certificate else ("", identity.insured_number)
    return desk.derive("applicant", *parts).hex()
