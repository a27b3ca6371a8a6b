"""Whose an arriving document is: by its operation, where its object stands and who owns it.

A document that creates an object is attributed as one that is prepared here. One that changes an
object belongs to the object's owner and is sealed to them, because the contract asks for it; if it
names somebody else, nothing is prepared: the packet fails where it came from, and nobody reads a
stranger's document.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contracts.archive.carrying import ARCHIVE_CARRY
from contracts.archive.records import archive_key
from contracts.bill.packets import BILL_BLUE, BILL_RED
from contracts.bill.record import bill_key
from contracts.filing.incoming import FILING_CHANGE, FILING_REGISTRATION
from contracts.filing.records import filing_key
from contracts.reimbursement.packets import APPLY_OPERATION
from contracts.reimbursement.records import application_key
from contracts.settlement import SETTLEMENT_REPORT, settlement_key
from contracts.voucher import VOUCHER_REPORT, voucher_key
from documents import (
    ARCHIVE,
    EBILL,
    FILING,
    REIMBURSEMENT,
    SETTLEMENT,
    VOUCHER,
    StandardForm,
)
from faults import Rejected
from ledger.packet import Packet
from node.custodian.attribution import Attribution
from node.custodian.codes import ACCOUNT_MISSING, PAYLOAD_MISMATCH
from node.custodian.people import Person
from node.custodian.preparing.desk import Desk
from node.custodian.preparing.owners import (
    NO_PERSON,
    attribute_form,
    follows,
    owner_of_red,
    require_owner,
    same_owner,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an arriving document goes: object, attribution, whom to seal it to.

    `account_id` is what the delivery names: "" where the contract takes the owner from elsewhere.
    `queued` says whether the object waits in the unbound queue when nobody was found.
    """

    key: str
    attribution: Attribution
    person: Person | None
    account_id: str = ""
    queued: bool = False


def arrive(desk: Desk, packet: Packet, form: StandardForm) -> Place:
    """The place of a packet's document.

    Raises Rejected: CUSTODIAN_PAYLOAD_MISMATCH for a form that the operation doesn't carry,
    CUSTODIAN_IDENTITY_CONFLICT, CUSTODIAN_ACCOUNT_MISSING.
    """
    known = _PLACES.get(packet.operation)
    if known is None:
        # Whether it is taken at all is the contract's to say; here it belongs to nobody.
        return Place("", NO_PERSON, None)
    schema, find = known
    if form.schema != schema:
        raise Rejected(PAYLOAD_MISMATCH, operation=packet.operation, schema=form.schema)
    return find(desk, form)


def _created(desk: Desk, key: str, form: StandardForm) -> Place:
    attribution = attribute_form(desk, form)
    person = desk.owner(attribution.account_id)
    return Place(key, attribution, person, attribution.account_id or "", queued=True)


def _blue(desk: Desk, form: StandardForm) -> Place:
    return _created(desk, bill_key(form.public["code"], form.public["number"]), form)


def _red(desk: Desk, form: StandardForm) -> Place:
    # A red bill's owner is its blue bill's: the contract takes it from there.
    key = bill_key(form.public["code"], form.public["number"])
    return Place(key, *owner_of_red(desk, form))


def _settlement(desk: Desk, form: StandardForm) -> Place:
    return _created(desk, settlement_key(form.public["settlement_id"]), form)


def _voucher(desk: Desk, form: StandardForm) -> Place:
    """A voucher is its settlement's owner's, who stands on the chain before it in the same lane."""
    settlement_id = form.public["settlement_id"]
    settlement = desk.payloads.owned(settlement_key(settlement_id))
    person = desk.owner(settlement.account_id if settlement is not None else "")
    account_id = person.account_id if person is not None else ""
    return Place(voucher_key(settlement_id), follows(person), person, account_id)


def _application(desk: Desk, form: StandardForm) -> Place:
    return _created(desk, application_key(form.public["application_id"]), form)


def _archive(desk: Desk, form: StandardForm) -> Place:
    key = archive_key(form.public["archive_code"])
    replica = desk.payloads.owned(key)
    if replica is None:
        return _created(desk, key, form)
    return Place(key, *same_owner(desk, replica.account_id, form))


def _filing(desk: Desk, form: StandardForm) -> Place:
    key = filing_key(form.public["filing_id"])
    attribution, person = require_owner(desk, form)
    return Place(key, attribution, person, person.account_id)


def _filing_change(desk: Desk, form: StandardForm) -> Place:
    key = filing_key(form.public["filing_id"])
    filing = desk.payloads.owned(key)
    if filing is None:
        # The contract answers FILING_NOT_FOUND; meanwhile it is sealed to nobody's key but ours.
        return Place(key, NO_PERSON, None)
    attribution, person = same_owner(desk, filing.account_id, form)
    if person is None:
        raise Rejected(ACCOUNT_MISSING, reason=attribution.reason)
    return Place(key, attribution, person)


_PLACES: Mapping[str, tuple[str, Callable[[Desk, StandardForm], Place]]] = {
    ARCHIVE_CARRY: (ARCHIVE, _archive),
    BILL_BLUE: (EBILL, _blue),
    BILL_RED: (EBILL, _red),
    FILING_CHANGE: (FILING, _filing_change),
    FILING_REGISTRATION: (FILING, _filing),
    APPLY_OPERATION: (REIMBURSEMENT, _application),
    SETTLEMENT_REPORT: (SETTLEMENT, _settlement),
    VOUCHER_REPORT: (VOUCHER, _voucher),
}
"""Operation -> the schema that it carries, and whose its document is."""
