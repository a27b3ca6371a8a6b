"""The application for remote reimbursement (异地报销申请) as JSON: `reimbursement/1`.

One flat object: the applicant, the bill and settlement that the care was paid with, what is
claimed, and the account to pay to. Which bill and how much is public, the rest is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crypto import sm3
from documents.codes import IDENTIFIER_INVALID
from documents.findings import Finding
from documents.forms import PUBLIC_PATHS, REIMBURSEMENT, StandardForm, make_form
from documents.identifiers import is_uscc, luhn_holds
from documents.json_form import (
    PERSON,
    Element,
    check_person,
    coded,
    day,
    division,
    fen,
    identifier,
    insurance_type,
    read_document,
    text,
)
from documents.text import comparable_name
from faults import Rejected

CARE = ("outpatient", "inpatient", "other")


def _uscc(value: str, element: str) -> str:
    if not is_uscc(value):
        raise Rejected(IDENTIFIER_INVALID, element=element, reason="credit code")
    return value


ELEMENTS: tuple[Element, ...] = (
    Element("application_id", "application_id", identifier, required=True),
    Element("applied_date", "applied_date", day, required=True),
    *PERSON,
    Element("insutype", "insurance_type", insurance_type),
    Element("insuplc_admdvs", "insured_region", division, required=True),
    Element("mdtrtarea_admvs", "treatment_region", division, required=True),
    Element("care", "care", coded("|".join(CARE), f"one of {', '.join(CARE)}"), required=True),
    Element("uscc", "issuer_code", _uscc),
    Element("fixmedins_name", "institution_name", text(200)),
    Element("setl_id", "settlement_id", identifier),
    Element("bill_code", "bill.code", coded(r"[0-9]{8}", "8 digits"), required=True),
    Element("bill_no", "bill.number", coded(r"[0-9]{10}", "10 digits"), required=True),
    Element("bill_chkcode", "bill.check_code", coded(r"[0-9a-f]{6}", "a check code")),
    Element("bill_amt", "bill.amount_fen", fen, number=True),
    Element("claimed_amt", "claimed_fen", fen, number=True),
    Element("begntime", "care.from", day),
    Element("endtime", "care.to", day),
    Element("diag_code", "diagnosis.code", text(20)),
    Element("diag_name", "diagnosis.name", text(100)),
    Element("bank_name", "payee.bank_name", text(200)),
    Element("bank_no", "payee.bank_number", coded(r"[0-9]{12}", "12 digits")),
    Element("bank_acct", "payee.account_number", coded(r"[0-9]{6,32}", "6 to 32 digits")),
    Element("acct_name", "payee.account_name", text(50)),
    Element("agnter_name", "agent.name", text(50)),
    Element("agnter_certno", "agent.id_number", text(50)),
    Element("agnter_tel", "agent.phone", text(30)),
    Element("appy_rea", "reason", text(500)),
    Element("memo", "memo", text(500)),
)


@dataclass(frozen=True, repr=False)
class Application:
    """A parsed application: its standard form and the original bytes."""

    form: StandardForm
    document: bytes

    def __repr__(self) -> str:
        return f"<Application {self.application_id}>"

    @property
    def application_id(self) -> str:
        """The application's id (申请编号)."""
        return self.form.public["application_id"]


def parse_application(raw: bytes) -> Application:
    """An application from its JSON bytes.

    Rejected as json_form.read_document, and IDENTIFIER_INVALID. Nothing else is ever raised for
    any bytes.
    """
    found = read_document(raw, REIMBURSEMENT, ELEMENTS)
    check_person(found)
    public = {path: found.pop(path, "") for path in PUBLIC_PATHS[REIMBURSEMENT]}
    if not public["claimed_fen"]:
        public["claimed_fen"] = "0"
        found["absent"] = "claimed_fen"
    found["document.sm3"] = sm3(raw).hex()
    return Application(make_form(REIMBURSEMENT, public, found), raw)


def reimbursement_findings(application: StandardForm) -> tuple[Finding, ...]:
    """What is odd about a reimbursement/1 form by itself; bill and voucher are compared later."""
    public, private = application.public, application.private
    found = []
    if "*" in private.get("person.id_number", ""):
        found.append(Finding("REIMBURSEMENT_PERSON_MASKED", "info", "person.id_number"))
    if public["insured_region"][:4] == public["treatment_region"][:4]:
        found.append(Finding("REIMBURSEMENT_NOT_REMOTE", "warn", "treatment_region"))
    if "claimed_fen" in application.absent():
        found.append(Finding("REIMBURSEMENT_CLAIM_ABSENT", "info", "claimed_fen"))
    billed = application.private_fen("bill.amount_fen")
    if billed is not None and application.fen("claimed_fen") > billed:
        detail = f"claimed_fen={application.fen('claimed_fen')} bill_fen={billed}"
        found.append(Finding("REIMBURSEMENT_CLAIM_ABOVE_STATED", "warn", "claimed_fen", detail))
    if private.get("care.from", "") > (private.get("care.to") or public["applied_date"]):
        found.append(Finding("REIMBURSEMENT_CARE_DATES", "warn", "care.to"))
    return (*found, *_payee_findings(private))


def _payee_findings(private: Mapping[str, str]) -> tuple[Finding, ...]:
    """An account in another name than the applicant's or agent's; a card that can't be one."""
    found = []
    holder = private.get("payee.account_name", "")
    names = [private.get(path, "") for path in ("person.name", "agent.name")]
    if holder and comparable_name(holder) not in [comparable_name(name) for name in names]:
        found.append(Finding("REIMBURSEMENT_ACCOUNT_NAME", "warn", "payee.account_name"))
    card = private.get("payee.account_number", "")
    if card.startswith("62") and 16 <= len(card) <= 19 and not luhn_holds(card):
        found.append(Finding("REIMBURSEMENT_ACCOUNT_CHECK", "warn", "payee.account_number"))
    return tuple(found)
