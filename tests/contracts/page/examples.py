"""Values that an example request shows, by the field's name."""

import base64

from google.protobuf.descriptor import FieldDescriptor

_TEXTS = {
    "code": "46060124",
    "number": "0000000101",
    "account_id": "41185269d5d90e98ee16592fb31d9d18",
    "settlement_id": "300000900001",
    "object": "bill/46060124-0000000101",
    "purpose": "reimbursement",
    "reason": "refund to the patient",
    "voucher_number": "PZ-2024-0001",
    "schema": "ebill/1",
    "suite": "gm",
    "path": "total_fen",
    "value": "23140",
    "grade": "warn",
    "field": "total_fen",
    "compartment": "full",
    "org": "insurer",
    "organisations": "org-bureau",
    "orgs": "org-bureau",
    "roles": "bureau",
    "label": "claims desk",
    "rule": "2/3",
    "contract": "bill",
    "method": "issue_blue",
    "insured_type": "310",
    "id_type": "01",
    "basis": "settlement",
    "channel": "province-finance",
    "region": "460100",
    "insured_region": "460100",
    "treatment_region": "110100",
    "date": "20240819",
    "submitted": "error",
    "proved": "none",
}
_OPTIONS = {
    "checks": "GD-1-7:passed,GD-2-1:passed",
    "supersedes": "1",
    "originals": '{"1": 5}',
    "dialect": "national_einvoice",
    "return_number": "RET0001",
    "source": "national",
}
_KEY = bytes([4]) + bytes(range(64))
_BYTES = {"public_key": _KEY, "recipient": _KEY, "signer": _KEY, "absent": _KEY}
_INTEGERS = (
    FieldDescriptor.TYPE_INT32,
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT32,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_SINT32,
    FieldDescriptor.TYPE_SINT64,
)
_WIDE = (
    FieldDescriptor.TYPE_INT64,
    FieldDescriptor.TYPE_UINT64,
    FieldDescriptor.TYPE_SINT64,
)


def value_of(message: str, field: FieldDescriptor) -> object:
    """A value of the field's type; a sensible one where its name tells."""
    if field.type == FieldDescriptor.TYPE_BYTES:
        return base64.b64encode(_BYTES.get(field.name, bytes(16))).decode()
    if field.type == FieldDescriptor.TYPE_BOOL:
        return True
    if field.type == FieldDescriptor.TYPE_ENUM:
        return field.enum_type.values[-1].name
    if field.type in _INTEGERS:
        value = _number(field.name)
        return str(value) if field.type in _WIDE else value
    return _text(message, field.name)


def _number(name: str) -> int:
    if name.endswith("_fen"):
        return 11_544
    if name.endswith("_ms"):
        return 1_795_590_671_449
    return 1


def _text(message: str, name: str) -> str:
    if message == "Finding" and name == "code":
        return "VERIFY_DATE"
    if name in _TEXTS:
        return _TEXTS[name]
    if name.endswith(("_date", "_from", "_to", "begin", "end")):
        return "20240819"
    return name.replace("_", "-")


def option_example(name: str) -> str:
    """A value of a document's option, as it is typed."""
    return _OPTIONS.get(name) or _text("", name)
