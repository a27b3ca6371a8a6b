"""The insured person's filing for treatment elsewhere (异地就医备案) as JSON: `filing/1`.

The elements are those of 2501 and 2505 in the national interface, in one flat object; who may treat
when and where is public, everything about the person is not.
"""

from dataclasses import dataclass

from crypto import sm3
from documents.codes import ELEMENT_MISSING, PERIOD_INVALID
from documents.findings import Finding
from documents.forms import FILING, PUBLIC_PATHS, StandardForm, make_form
from documents.json_form import (
    PERSON,
    Element,
    check_person,
    coded,
    day,
    division,
    identifier,
    insurance_type,
    read_document,
    text,
)
from faults import Rejected

REFERRAL = "referral"
KINDS = (
    "resettled_retiree",
    "long_term_resident",
    "posted_worker",
    REFERRAL,
    "emergency",
    "temporary",
)
"""异地安置退休, 异地长期居住, 常驻异地工作, 异地转诊, 异地急诊抢救, 其他临时外出就医."""

_institution = coded(r"[HP][0-9]{11}", "a designated institution's code")
_flag = coded(r"[01]", "0 or 1")

ELEMENTS: tuple[Element, ...] = (
    Element("filing_id", "filing_id", identifier, required=True),
    Element("kind", "kind", coded("|".join(KINDS), f"one of {', '.join(KINDS)}"), required=True),
    *PERSON,
    Element("addr", "person.address", text(200)),
    Element("insutype", "insurance_type", insurance_type, required=True),
    Element("insu_optins", "insured_region", division, required=True),
    Element("mdtrtarea_admdvs", "treatment_region", division, required=True),
    Element("begndate", "begin_date", day, required=True),
    Element("enddate", "end_date", day),
    Element("reflin_medins_no", "institution_code", _institution),
    Element("reflin_medins_name", "referral.institution_name", text(200)),
    Element("hosp_agre_refl_flag", "referral.agreed", _flag),
    Element("refl_type", "referral.type", text(30)),
    Element("refl_date", "referral.date", day),
    Element("refl_rea", "referral.reason", text(100)),
    Element("refl_opnn", "referral.opinion", text(200)),
    Element("diag_code", "diagnosis.code", text(20)),
    Element("diag_name", "diagnosis.name", text(100)),
    Element("dise_cond_dscr", "diagnosis.condition", text(2000)),
    Element("agnter_name", "agent.name", text(50)),
    Element("agnter_cert_type", "agent.id_type", coded(r"[0-9]{2,6}", "a certificate type")),
    Element("agnter_certno", "agent.id_number", text(50)),
    Element("agnter_tel", "agent.phone", text(30)),
    Element("agnter_addr", "agent.address", text(200)),
    Element("agnter_rlts", "agent.relation", text(3)),
    Element("memo", "memo", text(500)),
)


@dataclass(frozen=True, repr=False)
class Filing:
    """A parsed filing: its standard form and the original bytes."""

    form: StandardForm
    document: bytes

    def __repr__(self) -> str:
        return f"<Filing {self.filing_id}>"

    @property
    def filing_id(self) -> str:
        """The filing's id (备案编号)."""
        return self.form.public["filing_id"]


def parse_filing(raw: bytes) -> Filing:
    """A filing from its JSON bytes.

    Rejected as json_form.read_document; ELEMENT_MISSING for a referral without an institution,
    PERIOD_INVALID, IDENTIFIER_INVALID. Nothing else is ever raised for any bytes.
    """
    found = read_document(raw, FILING, ELEMENTS)
    check_person(found)
    if found["kind"] == REFERRAL and not found.get("institution_code"):
        raise Rejected(ELEMENT_MISSING, element="reflin_medins_no")
    ends = found.get("end_date", "")
    if ends and ends < found["begin_date"]:
        raise Rejected(PERIOD_INVALID, element="enddate")
    public = {path: found.pop(path, "") for path in PUBLIC_PATHS[FILING]}
    found["document.sm3"] = sm3(raw).hex()
    return Filing(make_form(FILING, public, found), raw)


def filing_findings(filing: StandardForm) -> tuple[Finding, ...]:
    """What is odd about a filing/1 form; which filings exclude each other only the chain knows."""
    found = []
    public, private = filing.public, filing.private
    if "*" in private.get("person.id_number", ""):
        found.append(Finding("FILING_PERSON_MASKED", "info", "person.id_number"))
    if public["kind"] == REFERRAL:
        if private.get("referral.agreed") != "1":
            found.append(Finding("FILING_REFERRAL_NOT_AGREED", "warn", "referral.agreed"))
        if not private.get("diagnosis.code"):
            found.append(Finding("FILING_DIAGNOSIS_ABSENT", "info", "diagnosis.code"))
        referred = private.get("referral.date", "")
        if referred > public["begin_date"]:
            detail = f"referred={referred} begins={public['begin_date']}"
            found.append(Finding("FILING_REFERRED_LATER", "warn", "referral.date", detail))
    elif public["institution_code"]:
        found.append(Finding("FILING_INSTITUTION_UNASKED", "info", "institution_code"))
    return tuple(found)
