"""Whose document it is, and whose account is opened for it.

An account opens on an archive or a settlement, and only by a caller that may open accounts: the
body that does it is the first of the answer, so nobody's account is opened unseen (decision 0005).
What comes without an owner goes to the unbound queue; a filing can't, so it is refused until its
person has an account.
"""

from contracts.bill.record import BillRecord, bill_key
from documents import EBILL, StandardForm
from documents.person import is_about_a_person
from faults import Rejected
from node.custodian.accounts import Accounts, waiting_of
from node.custodian.attribution import Attribution
from node.custodian.callers import is_custodian
from node.custodian.codes import ACCOUNT_MISSING, CALLER_NOT_ALLOWED, IDENTITY_CONFLICT
from node.custodian.people import Identity, Person
from node.custodian.preparing.desk import Desk
from node.custodian.preparing.job import Job

NO_PERSON = Attribution("none", None, "NO_PERSON")
NOT_CUSTODIAN = Attribution("none", None, "NOT_CUSTODIAN")
NOT_ATTACHED = Attribution("unbound", None, "NOT_ATTACHED")


def attribute_form(desk: Desk, form: StandardForm) -> Attribution:
    """Whose document it is, by what it says of its person. Writes nothing."""
    if desk.accounts is None:
        return NOT_CUSTODIAN
    if form.schema != EBILL and not is_about_a_person(form):
        return NO_PERSON
    return desk.accounts.attribute_form(form)


def queue_unbound(desk: Desk, key: str, form: StandardForm, attribution: Attribution) -> None:
    """Put an object that nobody was found for into the unbound queue, to be found again there."""
    if desk.accounts is None or attribution.kind != "unbound":
        return
    desk.accounts.people.queue(waiting_of(key, form, attribution.reason))


def require_owner(desk: Desk, form: StandardForm) -> tuple[Attribution, Person]:
    """The owner of a document that can't be without one.

    Raises Rejected CUSTODIAN_NO_PERSONS, CUSTODIAN_ACCOUNT_MISSING.
    """
    desk.persons()
    attribution = attribute_form(desk, form)
    person = desk.owner(attribution.account_id)
    if person is None:
        raise Rejected(ACCOUNT_MISSING, reason=attribution.reason)
    return attribution, person


def same_owner(
    desk: Desk, account_id: str, form: StandardForm
) -> tuple[Attribution, Person | None]:
    """The owner of an object whose next version `form` is.

    A version that names somebody else is never sealed to the owner, who could read it: Rejected
    CUSTODIAN_IDENTITY_CONFLICT.
    """
    person = desk.owner(account_id)
    if desk.accounts is None:
        return NOT_CUSTODIAN, None
    if person is None:
        # A version alone changes no owner: it waits until somebody attaches the object.
        return NOT_ATTACHED if is_about_a_person(form) else NO_PERSON, None
    if desk.accounts.contradicts(person, form):
        raise Rejected(IDENTITY_CONFLICT, reason="the version names another person")
    return follows(person), person


def owner_of_red(desk: Desk, red: StandardForm) -> tuple[Attribution, Person | None]:
    """A red bill belongs to whom its blue bill belongs to."""
    if desk.accounts is None:
        return NOT_CUSTODIAN, None
    blue = desk.payloads.owned(bill_key(red.public["blue.code"], red.public["blue.number"]))
    owner = blue.account_id if isinstance(blue, BillRecord) else ""
    person = desk.owner(owner)
    return follows(person), person


def propose(job: Job, accounts: Accounts, identity: Identity) -> Person:
    """The one person of an identity, a new one if the caller may open accounts.

    `People.keep` it once the bodies are made: a refusal leaves nobody behind.
    """
    known = accounts.people.find(identity)
    may_open = is_custodian(job.identity)
    if not may_open and (known is None or not accounts.is_open(known)):
        raise Rejected(CALLER_NOT_ALLOWED, needs="custodian", to="open an account")
    return accounts.people.proposed(identity)


def opening(desk: Desk, job: Job, accounts: Accounts, person: Person) -> list[bytes]:
    """The body that opens the person's account; none when it is open."""
    if accounts.is_open(person):
        return []
    request = accounts.open_request(person)
    return [desk.bodies.make("account", "open", request, job.signer)]


def verified(person: Person) -> Attribution:
    """Found, or opened, by a verified identity."""
    kind = "certificate" if person.certificate else "insured_number"
    return Attribution(kind, person.account_id, "VERIFIED")


def follows(person: Person | None) -> Attribution:
    """It goes where the object it is about is."""
    if person is None:
        return NO_PERSON
    return Attribution("settlement", person.account_id, "SAME_OWNER")
