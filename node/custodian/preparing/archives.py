"""Archives of persons and enterprises (参保档案): registered, and superseded by a new version.

A person's archive is the document that accounts open on: a caller who may open accounts opens one,
any other finds one or leaves the archive unbound. An enterprise's archive belongs to nobody.
"""

from contracts.archive.codes import ARCHIVE_NOT_FOUND
from contracts.archive.records import archive_key, version_key
from documents import Archive, parse_archive
from documents.archive_json import split_archive
from documents.person import is_about_a_person
from faults import Rejected
from node.custodian.accounts import identity_of
from node.custodian.attribution import Attribution
from node.custodian.callers import is_custodian
from node.custodian.people import Person
from node.custodian.preparing.accounts import attach_waiting
from node.custodian.preparing.desk import Desk, reply
from node.custodian.preparing.job import Job
from node.custodian.preparing.options import archive_checks
from node.custodian.preparing.owners import (
    NOT_ATTACHED,
    attribute_form,
    opening,
    propose,
    queue_unbound,
    same_owner,
    verified,
)
from proto.archive_pb2 import RegisterArchiveRequest, UpdateArchiveRequest
from proto.services_pb2 import PrepareReply


def register(desk: Desk, job: Job) -> PrepareReply:
    """Register an archive for its person's account, or unbound."""
    archive = _read(job)
    key = archive_key(archive.form.public["archive_code"])
    attribution, person, bodies = _owner(desk, job, archive)
    committed, payload = desk.seal(archive.form, archive.document, person)
    request = RegisterArchiveRequest(
        form=committed.to_form(),
        payload=payload,
        account_id=attribution.account_id or "",
        checks=archive_checks(job.text("checks")),
    )
    body = desk.bodies.make("archive", "register", request, job.signer)
    waiting = []
    if person is not None:
        desk.persons().people.keep(person, identity_of(archive.form))
        waiting = attach_waiting(desk, job, desk.persons(), person)
    queue_unbound(desk, key, archive.form, attribution)
    return reply(key, attribution, [*bodies, body, *waiting])


def update(desk: Desk, job: Job) -> PrepareReply:
    """A new version, sealed to the archive's owner."""
    archive = _read(job)
    code = archive.form.public["archive_code"]
    key = archive_key(code)
    before = desk.payloads.owned(key)
    if before is None:
        raise Rejected(ARCHIVE_NOT_FOUND, archive=key)
    attribution, person = same_owner(desk, before.account_id, archive.form)
    committed, payload = desk.seal(archive.form, archive.document, person)
    supersedes = job.number("supersedes")
    request = UpdateArchiveRequest(
        form=committed.to_form(),
        payload=payload,
        checks=archive_checks(job.text("checks")),
        supersedes=supersedes,
    )
    body = desk.bodies.make("archive", "update", request, job.signer)
    if not before.account_id:
        _queue_versions(desk, archive, key, version_key(code, supersedes))
    return reply(key, attribution, [body])


def _read(job: Job) -> Archive:
    """The archive in record and content: two files, or one that joins them."""
    content = job.text("content")
    if content or job.document.lstrip().startswith(b"{"):
        return parse_archive(job.document, content.encode())
    return parse_archive(*split_archive(job.document))


def _owner(
    desk: Desk, job: Job, archive: Archive
) -> tuple[Attribution, Person | None, list[bytes]]:
    """Whose it is, the person to seal to, and the body that opens the account first."""
    attribution = attribute_form(desk, archive.form)
    is_new = attribution.reason == "PERSON_UNKNOWN" and is_custodian(job.identity)
    if attribution.account_id is None and not is_new:
        return attribution, None, []
    accounts = desk.persons()
    person = propose(job, accounts, identity_of(archive.form))
    found = verified(person) if is_new else attribution
    return found, person, opening(desk, job, accounts, person)


def _queue_versions(desk: Desk, archive: Archive, key: str, superseded: str) -> None:
    """An unbound archive and the version it supersedes are each found again by their own person."""
    before = desk.payloads.open(desk.payloads.find(key)).form
    for at, form in ((key, archive.form), (superseded, before)):
        if is_about_a_person(form):
            queue_unbound(desk, at, form, NOT_ATTACHED)
