"""Who a document is about. For the custodian only: never for a log, a state or an error."""

from dataclasses import dataclass

from documents.forms import (
    ARCHIVE,
    EBILL,
    FILING,
    REIMBURSEMENT,
    SETTLEMENT,
    VOUCHER,
    StandardForm,
)
from documents.identifiers import is_masked, upgrade_resident_id
from faults import Rejected

RESIDENT_CARD = "01"

# Where the name, the certificate number and the insured number stand in each form.
_PATHS = {
    EBILL: ("payer.name", "payer.code", "psn_no"),
    VOUCHER: ("voucher.psn_name", "voucher.cert_no", "voucher.hi_no"),
    **dict.fromkeys(
        (SETTLEMENT, ARCHIVE, FILING, REIMBURSEMENT),
        ("person.name", "person.id_number", "person.psn_no"),
    ),
}


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


def is_about_a_person(form: StandardForm) -> bool:
    """Whether a document of this kind is about one person: no payment file, no company's archive,
    no bill that a company pays."""
    if form.schema == EBILL:
        return form.private.get("payer.type", "1") == "1"
    if form.schema == ARCHIVE:
        return form.public["owner_kind"] == "person"
    return form.schema in _PATHS


def person_of(form: StandardForm) -> PersonIdentity:
    """The person that a document is about (a bill's payer); empty when it is about none."""
    if not is_about_a_person(form):
        return PersonIdentity()
    return _identity(form, *_PATHS[form.schema])


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
