"""Persons as the chain sees them: which of the vault's accounts are open, and what leads to them.

The vault knows an account before the chain does. Only what stands on the chain attributes anything,
except inside the one preparation that is about to open or link it.
"""

from contracts.account import AccountRecord, account_key
from contracts.settlement import settlement_key
from documents import EBILL, PersonIdentity, StandardForm, person_of
from documents.identifiers import is_resident_id, mask_covers
from faults import Rejected, invariant
from ledger.records import decode
from node.custodian.attribution import Attribution, Facts, attribute
from node.custodian.chain_reader import ChainReader
from node.custodian.codes import IDENTITY_CONFLICT
from node.custodian.payloads import Payloads
from node.custodian.people import RESIDENT_CARD, Identity, People, Person, Waiting
from proto.contracts_pb2 import OpenAccountRequest

ID_TYPE_LENGTH_MAX = 4
INSURED_TYPE_LENGTH_MAX = 6


class Accounts:
    """The persons of one custodian and their accounts on one chain."""

    def __init__(self, people: People, payloads: Payloads, chain: ChainReader) -> None:
        self.people = people
        self._payloads = payloads
        self._chain = chain

    def is_open(self, person: Person) -> bool:
        """Whether the account is on the chain, with the key the vault holds."""
        raw = self._chain.state(account_key(person.account_id))
        if raw is None:
            return False
        record = decode(AccountRecord, raw)
        invariant(
            record.public_key == person.public_key, "an account's key on the chain is the vault's"
        )
        return True

    def open_request(self, person: Person) -> OpenAccountRequest:
        """What opens the person's account."""
        insured, id_type = person.insured_type, person.certificate_type
        return OpenAccountRequest(
            account_id=person.account_id,
            public_key=person.public_key,
            insured_type=insured if _is_short_code(insured, INSURED_TYPE_LENGTH_MAX) else "",
            id_type=id_type if _is_short_code(id_type, ID_TYPE_LENGTH_MAX) else "",
        )

    def person(self, account_id: str) -> Person | None:
        """The person of an account that is open on the chain, or None."""
        person = self.people.person(account_id) if account_id else None
        return person if person is not None and self.is_open(person) else None

    def settlement_account(self, settlement_id: str) -> str | None:
        """The account of a settlement that is on the chain, or None."""
        if not settlement_id:
            return None
        record = self._payloads.owned(settlement_key(settlement_id))
        known = self.people.settlement_account(settlement_id)
        if record is None or record.account_id != known:
            return None
        return known

    def attribute(
        self,
        facts: Facts,
        *,
        linking: tuple[str, str] | None = None,
        opening: str | None = None,
    ) -> Attribution:
        """Whose bill it is. `linking` is a settlement and its account that are being prepared,
        `opening` an account that is."""
        return attribute(facts, _Known(self, linking, opening))

    def attribute_form(
        self,
        form: StandardForm,
        *,
        linking: tuple[str, str] | None = None,
        opening: str | None = None,
    ) -> Attribution:
        """Whose document it is: a bill by all that may lead to its payer, any other by the identity
        that the insurer or the archive system verified before it wrote it there."""
        if form.schema == EBILL:
            return self.attribute(facts_of(form), linking=linking, opening=opening)
        return self._attribute_verified(person_of(form), opening)

    def contradicts(self, person: Person, form: StandardForm) -> bool:
        """Whether a document names somebody else. What one side doesn't say contradicts nothing."""
        said = person_of(form)
        if said.id_number and person.certificate:
            same_type = said.id_type == person.certificate_type
            if same_type:
                return said.id_number.upper() != person.certificate.upper()
        if not _mask_fits(said, person):
            return True
        return bool(said.psn_no and person.insured_number) and not self._leads_to(said, person)

    def _leads_to(self, said: PersonIdentity, person: Person) -> bool:
        found = self.people.by_insured_number(said.psn_no)
        return found is not None and found.account_id == person.account_id

    def _attribute_verified(self, said: PersonIdentity, opening: str | None) -> Attribution:
        if not said.is_identified:
            reason = "PERSON_MASKED" if said.masked_id_number else "PERSON_NOT_GIVEN"
            return Attribution("unbound", None, reason)
        try:
            person = self.people.find(_identity(said))
        except Rejected as refused:
            if refused.code is not IDENTITY_CONFLICT:
                raise
            return Attribution("unbound", None, "PERSON_CONFLICT")
        if person is None or not (person.account_id == opening or self.is_open(person)):
            return Attribution("unbound", None, "PERSON_UNKNOWN")
        if not _mask_fits(said, person):
            return Attribution("unbound", None, "PERSON_CONFLICT")
        kind = "certificate" if said.id_number and person.certificate else "insured_number"
        return Attribution(kind, person.account_id, "VERIFIED")


class _Known:
    """The look-ups of attribution over the vault and the chain."""

    def __init__(
        self, accounts: Accounts, linking: tuple[str, str] | None, opening: str | None
    ) -> None:
        self._accounts = accounts
        self._people = accounts.people
        self._linking = linking
        self._opening = opening

    def by_certificate(self, certificate: str) -> str | None:
        return self._open(self._people.by_certificate(RESIDENT_CARD, certificate))

    def by_insured_number(self, insured_number: str) -> str | None:
        return self._open(self._people.by_insured_number(insured_number))

    def by_settlement(self, settlement_id: str, code: str, number: str) -> str | None:
        """The settlement the bill names and the one that names the bill must not disagree."""
        named = (settlement_id, self._people.settlement_of_bill(code, number) or "")
        found = {self._settlement_account(one) for one in named} - {None}
        return found.pop() if len(found) == 1 else None

    def identifiers(self, account_id: str) -> tuple[str, str]:
        person = self._people.person(account_id)
        return ("", "") if person is None else (person.certificate, person.insured_number)

    def _settlement_account(self, settlement_id: str) -> str | None:
        if self._linking is not None and settlement_id == self._linking[0]:
            return self._linking[1]
        account_id = self._accounts.settlement_account(settlement_id)
        return account_id if account_id and self._accounts.person(account_id) else None

    def _open(self, person: Person | None) -> str | None:
        if person is None:
            return None
        is_open = person.account_id == self._opening or self._accounts.is_open(person)
        return person.account_id if is_open else None


def facts_of(form: StandardForm) -> Facts:
    """What a document says about whose it is; only a bill has a number and a settlement.

    The settlement that another province's bill names is no settlement of ours, even if one of ours
    has its id: such ids are unique within a region only.
    """
    identity = person_of(form)
    is_bill = form.schema == EBILL
    is_remote = "dialect.name" in form.private
    return Facts(
        code=form.public["code"] if is_bill else "",
        number=form.public["number"] if is_bill else "",
        payer_code=identity.id_number or identity.masked_id_number,
        payer_name=identity.name,
        insured_number=identity.psn_no,
        settlement_id=form.public["settlement_id"] if is_bill and not is_remote else "",
    )


def waiting_of(object_key: str, form: StandardForm, reason: str) -> Waiting:
    """The row of the unbound queue for a document."""
    facts = facts_of(form)
    return Waiting(
        object=object_key,
        reason=reason,
        code=facts.code,
        number=facts.number,
        payer_code=facts.payer_code,
        payer_name=facts.payer_name,
        insured_number=facts.insured_number,
        settlement_id=facts.settlement_id,
    )


def identity_of(form: StandardForm) -> Identity:
    """The verified identity in a settlement or an archive."""
    return _identity(person_of(form))


def _identity(said: PersonIdentity) -> Identity:
    return Identity(
        certificate_type=said.id_type if said.id_number else "",
        certificate=said.id_number,
        insured_number=said.psn_no,
        insured_type=said.insured_type,
    )


def _mask_fits(said: PersonIdentity, person: Person) -> bool:
    """Whether a masked certificate could be the person's; no mask contradicts nothing."""
    if not said.masked_id_number or not is_resident_id(person.certificate):
        return True
    return mask_covers(said.masked_id_number, person.certificate)


def _is_short_code(value: str, length_max: int) -> bool:
    return len(value) <= length_max and value.isascii() and value.isalnum()
