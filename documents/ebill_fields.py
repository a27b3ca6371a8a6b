"""Where each element of an e-bill's XML goes in the standard form ebill/1, and how it is read.

The tree is the one of FORMATS section 1.2–1.3 (docs/formats.md): an element that is not
listed here is kept under "extra.<its path>".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from documents.codes import AMOUNT_INVALID, ELEMENT_INVALID, IDENTIFIER_INVALID
from documents.identifiers import is_uscc
from documents.money import canonical_quantity, parse_fen
from documents.text import canonical_date, canonical_text, canonical_time
from faults import Rejected

Reader = Callable[[str, str], str]


@dataclass(frozen=True)
class Leaf:
    """One element with text: its path in the form, and the reader that makes it canonical."""

    path: str
    read: Reader


def _text(limit: int) -> Reader:
    def read(text: str, element: str) -> str:
        return canonical_text(text, element, limit)

    return read


def _pattern(expression: str) -> Reader:
    compiled = re.compile(expression)

    def read(text: str, element: str) -> str:
        if text and compiled.fullmatch(text) is None:
            raise Rejected(ELEMENT_INVALID, element=element, reason="form")
        return text

    return read


def _money(text: str, element: str) -> str:
    fen = parse_fen(text, element)
    return "" if fen is None else str(fen)


def _price(text: str, element: str) -> str:
    """A unit price or charge standard: some bills print words here, which are kept as they are."""
    try:
        return canonical_quantity(text, element)
    except Rejected as rejected:
        if rejected.code is not AMOUNT_INVALID:
            raise
        return canonical_text(text, element, 100)


def _issuer(text: str, element: str) -> str:
    if text and not is_uscc(text):
        raise Rejected(IDENTIFIER_INVALID, element=element, reason="uscc")
    return text


_CODE = _pattern("[0-9]{8}")
_NUMBER = _pattern("[0-9]{10}")
_SHORT, _NAME, _LONG, _SIGNATURE = _text(50), _text(200), _text(1000), _text(8192)

_MAIN: Mapping[str, Leaf] = {
    "EInvoiceName": Leaf("name", _text(100)),
    "EInvoiceCode": Leaf("code", _CODE),
    "EInvoiceNumber": Leaf("number", _NUMBER),
    "RandomNumber": Leaf("check_code", _pattern("[0-9a-f]{6}")),
    "EInvoiceSpecimenCode": Leaf("specimen_code", _pattern("[0-9A-Za-z]{1,20}")),
    "SupervisorAreaCode": Leaf("area", _pattern("[0-9]{6}")),
    "TotalAmount": Leaf("total_fen", _money),
    "IssueDate": Leaf("issue_date", canonical_date),
    "IssueTime": Leaf("issue_time", canonical_time),
    "InvoicingParty/InvoicingPartyCode": Leaf("issuer_code", _issuer),
    "InvoicingParty/InvoicingPartyName": Leaf("issuer.name", _NAME),
    "InvoicingParty/RecName": Leaf("issuer.receiver", _NAME),
    "InvoicingParty/RecAcct": Leaf("issuer.account", _SHORT),
    "InvoicingParty/RecOpBk": Leaf("issuer.bank", _NAME),
    "PayerParty/PayerPartyType": Leaf("payer.type", _pattern("[0-9]")),
    "PayerParty/PayerPartyCode": Leaf("payer.code", _SHORT),
    "PayerParty/PayerPartyName": Leaf("payer.name", _NAME),
    "PayerParty/PayerAcct": Leaf("payer.account", _SHORT),
    "PayerParty/PayerOpBk": Leaf("payer.bank", _NAME),
    "PayMode": Leaf("pay_mode", _pattern("[0-9]{1,2}")),
    "BizCode": Leaf("biz_code", _SHORT),
    "CurrencyType": Leaf("currency", _SHORT),
    "ExchangeRate": Leaf("exchange_rate", canonical_quantity),
    "Remark": Leaf("remark", _LONG),
    "HandlingPerson": Leaf("handler", _NAME),
    "Checker": Leaf("checker", _NAME),
    "SupervisorRemark": Leaf("supervisor_remark", _LONG),
    "InvoicingPartySeal/SealId": Leaf("seal.issuer.id", _NAME),
    "InvoicingPartySeal/SealName": Leaf("seal.issuer.name", _NAME),
    "InvoicingPartySeal/SealHash": Leaf("seal.issuer.hash", _NAME),
    "SupervisorPartySeal/SealId": Leaf("seal.supervisor.id", _NAME),
    "SupervisorPartySeal/SealName": Leaf("seal.supervisor.name", _NAME),
    "SupervisorPartySeal/SealHash": Leaf("seal.supervisor.hash", _NAME),
}

_MAIN_EXT: Mapping[str, Leaf] = {
    "BusinessNumber": Leaf("business_number", _SHORT),
    "BusinessDate": Leaf("business_date", canonical_date),
    "Gender": Leaf("gender", _SHORT),
    "Age": Leaf("age", _SHORT),
    "Address": Leaf("address", _NAME),
    "MedicalType": Leaf("medical_type", _SHORT),
    "PatientNumber": Leaf("patient_number", _SHORT),
    "MedicalDate": Leaf("medical_date", canonical_date),
    "OrgType": Leaf("org_type", _SHORT),
    "MedicalInsuranceType": Leaf("insurance_type", _SHORT),
    "MedicalInsuranceID": Leaf("psn_no", _SHORT),
    "FundPayAmount": Leaf("fund_fen", _money),
    "OtherPayAmount": Leaf("other_fund_fen", _money),
    "AccountPayAmount": Leaf("account_fen", _money),
    "OwnPayAmount": Leaf("cash_fen", _money),
    "SelfpaymentAmount": Leaf("selfpay_fen", _money),
    "SelfpaymentCost": Leaf("ownpay_fen", _money),
    "CaseNumber": Leaf("case_number", _SHORT),
    "HospitalizationNumber": Leaf("hospitalization_number", _SHORT),
    "DepartmentName": Leaf("department", _NAME),
    "InHospitalDate": Leaf("admission_date", canonical_date),
    "OutHospitalDate": Leaf("discharge_date", canonical_date),
    "PrepayAmount": Leaf("prepay_fen", _money),
    "RechargeAmount": Leaf("recharge_fen", _money),
    "RefundAmount": Leaf("refund_fen", _money),
    "RelatedInvoiceCode": Leaf("blue.code", _CODE),
    "RelatedInvoiceNumber": Leaf("blue.number", _NUMBER),
    "PayCode": Leaf("pay_code", _SHORT),
    **{f"Custom{index}": Leaf(f"custom.{index}", _LONG) for index in range(1, 13)},
}

_SIGNATURE_NODE: Mapping[str, Leaf] = {
    "SignatureTime": Leaf("time", _SHORT),
    "SignatureFormat": Leaf("format", _SHORT),
    "SignatureAlgorithm": Leaf("algorithm", _SHORT),
    "SignatureValue": Leaf("value", _SIGNATURE),
}

LEAVES: Mapping[str, Leaf] = {
    "Header/EInvoiceTag": Leaf("tag", _SHORT),
    "Header/EInvoiceID": Leaf("einvoice_id", _SHORT),
    "Header/Version": Leaf("version", _SHORT),
    **{f"EInvoiceData/Main/{name}": leaf for name, leaf in _MAIN.items()},
    **{f"EInvoiceData/Main/MainExt/{name}": leaf for name, leaf in _MAIN_EXT.items()},
    **{
        f"EInvoiceSignature/{node}/{name}": Leaf(f"signature.{party}.{leaf.path}", leaf.read)
        for node, party in (
            ("InvoicingPartySignature", "issuer"),
            ("SupervisorPartySignature", "supervisor"),
        )
        for name, leaf in _SIGNATURE_NODE.items()
    },
}


@dataclass(frozen=True)
class Row:
    """A repeated element: the prefix of its rows in the form, its leaves, its amount."""

    prefix: str
    leaves: Mapping[str, Leaf]
    amount: str


ROWS: Mapping[str, Row] = {
    "EInvoiceData/Details/Item": Row(
        "item",
        {
            "ItemCode": Leaf("code", _SHORT),
            "ItemName": Leaf("name", _NAME),
            "ItemQuantity": Leaf("quantity", canonical_quantity),
            "ItemUnit": Leaf("unit", _SHORT),
            "ItemStd": Leaf("std", _price),
            "ItemAmount": Leaf("amount_fen", _money),
            "ItemRemark": Leaf("remark", _LONG),
            "ItemExt/ItemDetailName": Leaf("detail_name", _NAME),
        },
        "ItemAmount",
    ),
    "EInvoiceData/AuxDetails/AuxItem": Row(
        "aux",
        {
            "AuxItemRelatedCode": Leaf("related_code", _SHORT),
            "AuxItemRelatedName": Leaf("related_name", _NAME),
            "AuxItemCode": Leaf("code", _text(100)),
            "AuxItemName": Leaf("name", _text(300)),
            "AuxItemQuantity": Leaf("quantity", canonical_quantity),
            "AuxItemUnit": Leaf("unit", _SHORT),
            "AuxItemStd": Leaf("std", _price),
            "AuxItemAmount": Leaf("amount_fen", _money),
            "AuxItemRemark": Leaf("remark", _LONG),
        },
        "AuxItemAmount",
    ),
}

REQUIRED = (
    "EInvoiceData/Main/EInvoiceCode",
    "EInvoiceData/Main/EInvoiceNumber",
    "EInvoiceData/Main/RandomNumber",
    "EInvoiceData/Main/TotalAmount",
    "EInvoiceData/Main/IssueDate",
    "EInvoiceData/Main/InvoicingParty/InvoicingPartyCode",
    "EInvoiceData/Main/InvoicingParty/InvoicingPartyName",
)


def _containers() -> frozenset[str]:
    """Every element above a listed one: a known branch without children is not "unknown"."""
    found = {""}
    for path in (*LEAVES, *(f"{row}/{leaf}" for row in ROWS for leaf in ROWS[row].leaves)):
        parts = path.split("/")
        found.update("/".join(parts[:count]) for count in range(1, len(parts)))
    return frozenset(found)


CONTAINERS = _containers()
