"""Digital accounts: opened for the person of an archive, and given the objects that wait for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.account import account_key
from contracts.archive.records import ArchiveRecord, version_key
from contracts.bill.record import bill_key
from documents import EBILL, PayloadPlain
from documents.person import is_about_a_person
from faults import Rejected
from node.codes import REQUEST_INVALID
from node.custodian.accounts import Accounts
from node.custodian.attribution import Attribution
from node.custodian.callers import is_custodian
from node.custodian.people import Person
from node.custodian.preparing.desk import Desk, reply
from node.custodian.preparing.job import Job
from node.custodian.preparing.owners import opening, propose, verified
from node.custodian.reading import read_archive
from proto.contracts_pb2 import AttachRequest
from proto.services_pb2 import PrepareReply


@dataclass(frozen=True, slots=True)
class Link:
    """A settlement that is being uploaded, and the bill that its file names, if it names one."""

    settlement_id: str
    bill: tuple[str, str] | None


def open_account(desk: Desk, job: Job) -> PrepareReply:
    """Open the account of an archive's person, and give it the objects that waited for it."""
    accounts = desk.persons()
    identity, findings = read_archive(job.document, job.text("content"))
    person = propose(job, accounts, identity)
    bodies = opening(desk, job, accounts, person)
    accounts.people.keep(person, identity)
    bodies += attach_waiting(desk, job, accounts, person)
    return reply(account_key(person.account_id), verified(person), bodies, findings)


def attach(desk: Desk, job: Job) -> PrepareReply:
    """Attribute a waiting object again, or as a clerk decided (option `account_id`)."""
    accounts = desk.persons()
    key = job.text("object")
    found = desk.payloads.find(key)
    if found.record.account_id:
        accounts.people.unqueue(key)
        return reply(key, Attribution("none", found.record.account_id, "SAME_OWNER"), [])
    plain = desk.payloads.open(found)
    decided = job.text("account_id")
    if decided:
        attribution = Attribution("person", decided, "PERSON")
    elif plain.schema == EBILL or is_about_a_person(plain.form):
        attribution = accounts.attribute_form(plain.form)
    else:
        raise Rejected(REQUEST_INVALID, field="options.account_id", reason="required")
    if attribution.account_id is None:
        return reply(key, attribution, [])
    person = accounts.person(attribution.account_id)
    if person is None:
        raise Rejected(REQUEST_INVALID, field="options.account_id", reason="not open")
    body = _body(desk, job, key, plain, found.record.pcommit, person, attribution.kind)
    return reply(key, attribution, [body])


def attach_waiting(
    desk: Desk, job: Job, accounts: Accounts, person: Person, link: Link | None = None
) -> list[bytes]:
    """Bodies that attach the queued objects which now lead to this person, who is kept."""
    if not is_custodian(job.identity):
        return []
    linked = _linked(accounts, link) if link is not None else []
    borne = accounts.people.waiting_for(
        certificate=person.certificate, insured_number=person.insured_number
    )
    linking = (link.settlement_id, person.account_id) if link is not None else None
    bodies = []
    for key in dict.fromkeys([*linked, *_with_versions(desk, borne)]):
        account = None if key in linked else person.account_id
        body = _if_theirs(desk, job, accounts, person, key, linking, account)
        bodies += [body] if body is not None else []
    return bodies


def _linked(accounts: Accounts, link: Link) -> Sequence[str]:
    linked = accounts.people.waiting_for(settlement_id=link.settlement_id)
    if link.bill is not None and accounts.people.waiting(bill_key(*link.bill)) is not None:
        linked = sorted({*linked, bill_key(*link.bill)})
    return linked


def _with_versions(desk: Desk, keys: Sequence[str]) -> Iterator[str]:
    """The keys, each archive's followed by those of its versions that have a leaf of their own."""
    for key in keys:
        yield key
        record = desk.payloads.owned(key)
        if isinstance(record, ArchiveRecord):
            code = record.public.archive_code
            yield from (version_key(code, number + 1) for number in range(record.version))


def _if_theirs(
    desk: Desk,
    job: Job,
    accounts: Accounts,
    person: Person,
    key: str,
    linking: tuple[str, str] | None,
    account: str | None,
) -> bytes | None:
    """The body that attaches one queued object, None when it isn't this person's or not there."""
    record = desk.payloads.owned(key)
    if record is None:
        return None
    if record.account_id:
        accounts.people.unqueue(key)
        return None
    plain = desk.payloads.open(desk.payloads.find(key))
    found = accounts.attribute_form(plain.form, linking=linking, opening=account)
    if found.account_id != person.account_id:
        return None
    return _body(desk, job, key, plain, record.pcommit, person, found.kind)


def _body(
    desk: Desk,
    job: Job,
    key: str,
    plain: PayloadPlain,
    pcommit: bytes,
    person: Person,
    basis: str,
) -> bytes:
    request = AttachRequest(
        account_id=person.account_id,
        object=key,
        basis=basis,
        payload=desk.payloads.seal(plain, pcommit, person),
    )
    return desk.bodies.make("account", "attach", request, job.signer)
