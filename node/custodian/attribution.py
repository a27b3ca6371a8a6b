"""Whose bill it is: the order of attribution, as a pure function.

The order is that of the data dictionary (section 1.7): a full valid certificate number, then the
settlement link, then the insured number. A masked payer code is only a candidate, with or without a
name, and never binds. Identifiers that name different accounts bind nothing either: a medical bill
shown to the wrong person can't be taken back, a bill that waits for a clerk can.
"""

from dataclasses import dataclass
from typing import Protocol

from documents.identifiers import is_masked, is_resident_id, mask_covers


class Lookups(Protocol):
    """What is known already: identifiers of accounts that are open on the chain."""

    def by_certificate(self, certificate: str) -> str | None:
        """The account opened for a full resident identity number."""
        ...

    def by_settlement(self, settlement_id: str, code: str, number: str) -> str | None:
        """The account of the settlement the bill names, or that names the bill."""
        ...

    def by_insured_number(self, insured_number: str) -> str | None:
        """The account of a person's number in the insurance system (psn_no)."""
        ...

    def identifiers(self, account_id: str) -> tuple[str, str]:
        """The certificate number and the insured number of an account's person; "" = not known."""
        ...


@dataclass(frozen=True, slots=True)
class Facts:
    """What a bill says about whose it is. Personal data: only inside the vault and in memory."""

    code: str
    number: str
    payer_code: str
    payer_name: str
    insured_number: str
    settlement_id: str


@dataclass(frozen=True, slots=True)
class Attribution:
    """The outcome: `kind` as in the API, `account_id` when bound, `reason` a key of REASONS."""

    kind: str
    account_id: str | None
    reason: str

    @property
    def sentence(self) -> str:
        """Why, in Chinese and English, without personal data."""
        return sentence(self.reason)


REASONS: dict[str, tuple[str, str]] = {
    "CERTIFICATE": (
        "交款人代码是完整有效的证件号码，对应一个已开立的数字账户。",
        "The payer code is a full valid certificate number of an account that is open.",
    ),
    "SETTLEMENT": (
        "票据与一笔医保结算相互关联，归入该结算参保人的数字账户。",
        "The bill is linked with a settlement and goes to that settlement's account.",
    ),
    "INSURED_NUMBER": (
        "票据上的医保编号对应一个已开立的数字账户。",
        "The insured number on the bill belongs to an account that is open.",
    ),
    "VERIFIED": (
        "材料中的证件号码或人员编号是经核验的身份，据此找到或开立数字账户。",
        "The certificate or insured number in the document is a verified identity; its account was"
        " found or opened.",
    ),
    "PERSON": (
        "由经办人员人工认定归属。",
        "Attributed by hand by a clerk of the bureau.",
    ),
    "SAME_OWNER": (
        "随其所指的原结算或票据归属。",
        "It goes where the settlement or bill it is about is.",
    ),
    "NO_PERSON": (
        "此类数据不归入个人账户。",
        "Data of this kind goes to no personal account.",
    ),
    "NOT_CUSTODIAN": (
        "本链不保管个人账户，票据密文由本机构密钥封装。",
        "This chain keeps no personal accounts; the payload is sealed to the organisation's key.",
    ),
    "MASKED": (
        "交款人代码已脱敏，脱敏代码加姓名只能作为候选，不能自动归户；又无结算关联或医保编号可用。",
        "The payer code is masked; masked code and name are a candidate only, and neither a"
        " settlement nor an insured number leads to an account.",
    ),
    "NO_ACCOUNT": (
        "票据有完整证件号码、结算号或医保编号，但尚无对应的数字账户；账户开立后再归户。",
        "The bill names a certificate, settlement or insured number, but no account is open for it"
        " yet; it is attributed when one is.",
    ),
    "NO_IDENTIFIER": (
        "票据上没有可用于归户的标识。",
        "The bill bears nothing by which it could be attributed.",
    ),
    "PERSON_MASKED": (
        "材料中的证件号码已脱敏，又无人员编号，不能自动归户。",
        "The certificate number in the document is masked and no insured number is given; it binds"
        " nothing by itself.",
    ),
    "PERSON_UNKNOWN": (
        "材料写明了身份，但此人尚无数字账户；账户开立后再归户。",
        "The document names its person, but no account is open for them yet; it is attributed when"
        " one is.",
    ),
    "PERSON_NOT_GIVEN": (
        "材料中没有完整有效的证件号码或人员编号，无法归户。",
        "The document gives no full valid certificate number and no insured number.",
    ),
    "PERSON_CONFLICT": (
        "材料中的证件号码与人员编号指向不同的人，须人工核实。",
        "Certificate and insured number in the document lead to different persons; a clerk has to"
        " decide.",
    ),
    "NOT_ATTACHED": (
        "该对象尚未归户，新版本不改变归属；请先归户或由经办人员认定。",
        "The object is in no account yet and a new version changes that not; have it attached.",
    ),
    "CONFLICT": (
        "票据上的标识指向不同的数字账户，须人工核实。",
        "The bill's identifiers point at different accounts; a clerk has to decide.",
    ),
}
"""Reason -> (Chinese, English). None of them says anything about a person."""


def sentence(reason: str) -> str:
    """The reason's sentence in Chinese and English."""
    chinese, english = REASONS[reason]
    return f"{chinese} {english}"


def attribute(facts: Facts, lookups: Lookups) -> Attribution:
    """Decide whose bill it is by data dictionary 1.7; kind "unbound" when nothing binds it."""
    certificate = facts.payer_code.upper() if is_resident_id(facts.payer_code) else ""
    found = [
        (
            "certificate",
            "CERTIFICATE",
            lookups.by_certificate(certificate) if certificate else None,
        ),
        (
            "settlement",
            "SETTLEMENT",
            lookups.by_settlement(facts.settlement_id, facts.code, facts.number),
        ),
        (
            "insured_number",
            "INSURED_NUMBER",
            lookups.by_insured_number(facts.insured_number) if facts.insured_number else None,
        ),
    ]
    bound = [(kind, reason, account) for kind, reason, account in found if account is not None]
    if not bound:
        return Attribution("unbound", None, _why_unbound(facts, certificate))
    kind, reason, account = bound[0]
    if len({one for _, _, one in bound}) > 1 or not _may_be(facts, account, lookups):
        return Attribution("unbound", None, "CONFLICT")
    return Attribution(kind, account, reason)


def _why_unbound(facts: Facts, certificate: str) -> str:
    if certificate or facts.settlement_id or facts.insured_number:
        return "NO_ACCOUNT"
    return "MASKED" if is_masked(facts.payer_code) else "NO_IDENTIFIER"


def _may_be(facts: Facts, account: str, lookups: Lookups) -> bool:
    """Whether nothing on the bill contradicts that it is this account's.

    A settlement file names a bill by code and number; a wrong or forged link must not move another
    person's bill into the settlement's account, so the bill's own identifiers are compared first.
    An identifier that one side doesn't give contradicts nothing.
    """
    certificate, insured_number = lookups.identifiers(account)
    given = facts.insured_number
    if given and insured_number not in ("", given) and lookups.by_insured_number(given) is None:
        return False
    if not facts.payer_code or not is_resident_id(certificate):
        return True
    if is_masked(facts.payer_code):
        return mask_covers(facts.payer_code, certificate)
    return facts.payer_code.upper() == certificate or not is_resident_id(facts.payer_code)
