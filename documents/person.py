"""Who a document is about. For the custodian only: never for a log, a state or an error."""

from dataclasses import dataclass

from documents.forms import ARCHIVE, EBILL, SETTLEMENT, StandardForm
from documents.identifiers import is_masked, upgrade_resident_id
from faults import Rejected

RESIDENT_CARD = "01"


@dataclass(frozen=True, repr=False)
class PersonIdentity:
    """What a document says about its person; what it does not say is "". Its repr shows no value.

    `id_number` is complete and, for a resident card, valid and in its 18-character form. A masked
    number is kept apart in `masked_id_number`: it is a candidate only and never identifies anyone.
    """

    name: str = ""
    id_type: str = ""
    id_number: str = ""
    psn_no: str = ""
    masked_id_number: str = ""
    phone: str = ""
    insured_type: str = ""

    def __repr__(self) -> str:
        return "<PersonIdentity>"

    @property
    def is_identified(self) -> bool:
        """Whether there is a certificate number or an insured number to find an account by."""
        return bool(self.id_number or self.psn_no)


def person_of(form: StandardForm) -> PersonIdentity:
    """The person of a bill (its payer), a settlement or an archive; empty for other forms."""
    private = form.private
    if form.schema == EBILL:
        if private.get("payer.type", "1") != "1":
            return PersonIdentity()
        return _identity(form, "payer.name", "payer.code", "psn_no")
    if form.schema in (SETTLEMENT, ARCHIVE):
        return _identity(form, "person.name", "person.id_number", "person.psn_no")
    return PersonIdentity()


def _identity(form: StandardForm, name: str, number: str, psn_no: str) -> PersonIdentity:
    private = form.private
    given = private.get(number, "")
    id_type = private.get("person.id_type", "")
    masked = is_masked(given)
    full = "" if masked else given.upper()
    if full and id_type in ("", RESIDENT_CARD):
        full, id_type = _resident(full, id_type)
    insured = form.public.get("insurance_type") or private.get("person.insured_type", "")
    insured_number = private.get(psn_no, "")
    return PersonIdentity(
        name=private.get(name, ""),
        id_type=id_type,
        id_number=full,
        psn_no="" if is_masked(insured_number) else insured_number,
        masked_id_number=given if masked else "",
        phone=private.get("person.phone", ""),
        insured_type=insured,
    )


def _resident(number: str, id_type: str) -> tuple[str, str]:
    """A resident id in its 18-character form; a number of unknown kind identifies nobody."""
    try:
        return upgrade_resident_id(number), RESIDENT_CARD
    except Rejected:
        return "", id_type
