"""What holds for a bill in whatever XML it came: signs, payer, kind, and its standard form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from crypto import sm3
from documents.codes import (
    AMOUNT_SIGN,
    DOCUMENT_TOO_LARGE,
    ELEMENT_INVALID,
    ELEMENT_MISSING,
    IDENTIFIER_INVALID,
)
from documents.forms import EBILL, MAX_PATH, PUBLIC_PATHS, StandardForm, make_form
from documents.identifiers import is_masked, is_resident_id, looks_like_resident_id
from documents.text import canonical_text
from documents.xml_strict import XmlNode
from faults import Rejected

KINDS_OF_PAYMENT = ("fund_fen", "other_fund_fen", "account_fen", "cash_fen")


def known_name(name: str) -> str:
    """Real bills differ in the case of the first letter only (patientNumber, PatientNumber)."""
    return name[:1].upper() + name[1:]


@dataclass
class Extra:
    """What a bill holds besides the known elements: kept, under "extra.<path>"."""

    values: dict[str, str] = field(default_factory=dict)
    repeats: dict[str, int] = field(default_factory=dict)

    def keep(self, path: str, value: str) -> None:
        """Keep a text; a repetition gets "#2", "#3" … ("#" cannot be in an XML name)."""
        key = canonical_text("extra." + path.replace("/", "."), "unknown element")
        if len(key.encode()) > MAX_PATH - 8:
            raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_PATH, reason="path of an unknown element")
        if value:
            count = self.repeats[key] = self.repeats.get(key, 0) + 1
            self.values[key if count == 1 else f"{key}#{count}"] = value

    def keep_attributes(self, node: XmlNode, path: str) -> None:
        """Keep a node's attributes."""
        for name, value in node.attributes:
            self.keep(f"{path}/@{name}".lstrip("/"), canonical_text(value, "unknown attribute"))


def check_payer(values: Mapping[str, str], element: str) -> None:
    """Raise Rejected(IDENTIFIER_INVALID) for a person's unmasked resident id that can't be one."""
    code = values.get("payer.code", "")
    if values.get("payer.type", "1") != "1" or is_masked(code):
        return
    if looks_like_resident_id(code) and not is_resident_id(code):
        raise Rejected(IDENTIFIER_INVALID, element=element, reason="resident id")


def check_signs(values: Mapping[str, str], code_element: str, number_element: str) -> None:
    """A blue bill's total and payments are not negative; a red bill's are not positive.

    The elements are those that name the blue bill: both or neither, and never the bill itself.
    """
    code, number = values.get("blue.code", ""), values.get("blue.number", "")
    if bool(code) != bool(number):
        raise Rejected(ELEMENT_MISSING, element=number_element if code else code_element)
    if code and (code, number) == (values["code"], values["number"]):
        name = number_element.rsplit("/", 1)[-1]
        raise Rejected(ELEMENT_INVALID, element=name, reason="names itself")
    for path in ("total_fen", *KINDS_OF_PAYMENT):
        fen = int(values.get(path, "0"))
        if fen > 0 if code else fen < 0:
            raise Rejected(AMOUNT_SIGN, element=path)


def ebill_form(
    values: Mapping[str, str],
    extra: Mapping[str, str],
    settlement_ids: Sequence[str],
    xml: bytes,
) -> StandardForm:
    """The standard form of non-empty `values` by path. Several settlement ids give none."""
    public = {path: values.get(path, "") for path in PUBLIC_PATHS[EBILL]}
    absent = [path for path in KINDS_OF_PAYMENT if path not in values]
    public.update(dict.fromkeys(absent, "0"))
    public["color"] = "red" if values.get("blue.code") else "blue"
    public["kind"] = values.get("kind") or kind_of(values)
    if not public["business_date"]:
        public["business_date"] = public["issue_date"]
        absent.append("business_date")
    private = {path: value for path, value in values.items() if path not in public}
    private.update(extra)
    if len(settlement_ids) == 1:
        public["settlement_id"] = settlement_ids[0]
    elif settlement_ids:
        private["ambiguous"] = "settlement_id"
    if absent:
        private["absent"] = ",".join(absent)
    private["document.sm3"] = sm3(xml).hex()
    return make_form(EBILL, public, private)


def kind_of(values: Mapping[str, str]) -> str:
    """By what the bill says it is; the code's kind digits vary by province and decide last."""
    for path in ("medical_type", "name"):
        text = values.get(path, "")
        if "住院" in text:
            return "inpatient"
        if "门诊" in text or "急诊" in text:
            return "outpatient"
    return {"0601": "outpatient", "0602": "inpatient"}.get(values["code"][2:6], "other")
