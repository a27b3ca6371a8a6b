"""Documents as the custodian takes them in: parsed, checked, and what is odd about them.

What a caller submits is refused when a signature is wrong. What another chain proved is that
chain's own word: there the same fault is a finding, kept with the record and shown.
"""

from collections.abc import Callable, Mapping, Sequence

from documents import (
    EBILL,
    FILING,
    REIMBURSEMENT,
    SETTLEMENT,
    Ebill,
    Finding,
    InstitutionTable,
    PayloadPlain,
    RemoteEbill,
    StandardForm,
    bill_findings,
    filing_findings,
    parse_archive,
    parse_ebill,
    reimbursement_findings,
    settlement_findings,
    verify_signatures,
)
from documents.archive_json import split_archive
from documents.codes import ELEMENT_MISSING, IDENTIFIER_INVALID
from documents.identifiers import is_masked, upgrade_resident_id
from documents.json_strict import object_at, parse_json_object, scalar_text
from faults import Rejected
from node.codes import REQUEST_INVALID
from node.custodian.accounts import identity_of
from node.custodian.people import RESIDENT_CARD, Identity
from proto.transaction_pb2 import Finding as FindingMessage

OWNER = "档案归属"
CONTENT_NOT_GIVEN = Finding("ARCHIVE_CONTENT_NOT_GIVEN", "warn", "content.sm3")
FINDINGS_OF: Mapping[str, Callable[[StandardForm], tuple[Finding, ...]]] = {
    SETTLEMENT: settlement_findings,
    FILING: filing_findings,
    REIMBURSEMENT: reimbursement_findings,
}


def read_bill(document: bytes, *, red: bool) -> Ebill:
    """The bill in an XML document, which must be red or blue as expected."""
    ebill = parse_ebill(document)
    if ebill.is_red != red:
        color = "red" if ebill.is_red else "blue"
        raise Rejected(REQUEST_INVALID, field="kind", reason=f"the document is a {color} bill")
    return ebill


def read_archive(record: bytes, content: str) -> tuple[Identity, tuple[Finding, ...]]:
    """Whose archive it is. With its content file, which `content` holds or which is joined to the
    record, the digest is checked; without, that it was not is a finding."""
    if content:
        return identity_of(parse_archive(record, content.encode()).form), ()
    if not record.lstrip().startswith(b"{"):
        return identity_of(parse_archive(*split_archive(record)).form), ()
    return _owner_of(record), (CONTENT_NOT_GIVEN,)


def _owner_of(record: bytes) -> Identity:
    owner = object_at(parse_json_object(record), OWNER, OWNER)
    name, kind, number, insured_number = (
        scalar_text(owner.get(key), f"{OWNER}.{key}")
        for key in ("姓名", "证件类型", "证件号码", "人员编号")
    )
    if not name:
        raise Rejected(ELEMENT_MISSING, element=f"{OWNER}.姓名")
    if is_masked(number) or is_masked(insured_number):
        raise Rejected(IDENTIFIER_INVALID, element=OWNER, reason="masked")
    if number and kind in ("", RESIDENT_CARD):
        number, kind = upgrade_resident_id(number), RESIDENT_CARD
    return Identity(
        certificate_type=kind if number else "",
        certificate=number,
        insured_number=insured_number,
        insured_type="",
    )


def bill_differences(ebill: Ebill, institutions: InstitutionTable) -> tuple[Finding, ...]:
    """A bill's findings. Rejected(EBILL_SIGNATURE) when a signature we have the key for is wrong.

    A signer that the institution table doesn't know is a finding: its signature was not checked.
    """
    return (*bill_findings(ebill.form), *_signer_findings(ebill, institutions))


def remote_differences(bill: RemoteEbill, institutions: InstitutionTable) -> tuple[Finding, ...]:
    """As `bill_differences`, for another province's bill.

    Only the national layout says what its signatures cover: in any other they stay unchecked, which
    is a finding.
    """
    findings = bill_findings(bill.form)
    try:
        ebill = parse_ebill(bill.document)
    except Rejected:
        return (*findings, Finding("BILL_SIGNATURE_UNCHECKED", "warn", "signature"))
    return (*findings, *_signer_findings(ebill, institutions))


def _signer_findings(ebill: Ebill, institutions: InstitutionTable) -> tuple[Finding, ...]:
    keys = {
        "issuer": institutions.hospital_key(ebill.form.public["issuer_code"]),
        "supervisor": institutions.finance_key(ebill.form.private.get("area", "")),
    }
    verify_signatures(ebill, keys["issuer"], keys["supervisor"])
    return tuple(
        Finding("BILL_SIGNER_UNKNOWN", "warn", f"signature.{party}")
        for party, key in keys.items()
        if key is None
    )


def arrived_differences(plain: PayloadPlain, institutions: InstitutionTable) -> tuple[Finding, ...]:
    """The findings of a document that another chain proved."""
    if plain.schema in FINDINGS_OF:
        return FINDINGS_OF[plain.schema](plain.form)
    if plain.schema != EBILL:
        return ()
    try:
        ebill = parse_ebill(plain.document)
        if ebill.form != plain.form:
            differs = Finding("BILL_FORM_NOT_OF_DOCUMENT", "error", "document.sm3")
            return (*bill_findings(plain.form), differs)
        return bill_differences(ebill, institutions)
    except Rejected as refused:
        # The code says what is wrong; the refusal's fields stay out of the chain.
        wrong = Finding("BILL_DOCUMENT_REFUSED", "error", "document.sm3", refused.code.name)
        return (*bill_findings(plain.form), wrong)


def to_messages(findings: Sequence[Finding]) -> list[FindingMessage]:
    """Findings as they stand in a request."""
    return [
        FindingMessage(code=one.code, grade=one.grade, field=one.field, detail=one.detail)
        for one in findings
    ]
