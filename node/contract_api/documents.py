"""Answers to calls that bring a document: the custodian's, from the call's fields.

The call's `document` is the document, every other field an option of the same name; the two
numbers of a bill are the options `code` and `number`.
"""

from collections.abc import Callable
from typing import Any

from faults import Rejected
from node.codes import NO_CUSTODIAN
from node.contract_api.unsigned import check_caller
from proto.contracts_pb2 import BillKey
from proto.services_pb2 import PrepareReply, PrepareRequest

Prepare = Callable[[PrepareRequest], PrepareReply]


def prepared(prepare: Prepare | None, kind: str, call: Any) -> PrepareReply:
    """The bodies the custodian makes for `kind`, "contract.method".

    Raises Rejected NO_CUSTODIAN, REQUEST_INVALID, and whatever the custodian refuses with.
    """
    if prepare is None:
        raise Rejected(NO_CUSTODIAN)
    check_caller(call.caller)
    request = PrepareRequest(kind=kind, signer=call.caller.public_key)
    for field, value in call.ListFields():
        if field.name == "document":
            request.document = value
        elif isinstance(value, BillKey):
            request.options.update(code=value.code, number=value.number)
        elif field.name != "caller":
            request.options[field.name] = _text(value)
    return prepare(request)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else ""
    return value.hex() if isinstance(value, bytes) else str(value)
