"""Answers to calls that bring a document: the custodian's, from the call's fields.

The call's `document` is the document, every other field an option of the same name; the two
numbers of a bill are the options `code` and `number`. Options are text: what a call lists is
written as the custodian's table of kinds says.
"""

import json
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
            request.options[field.name] = _text(field.name, value)
    return prepare(request)


def _text(name: str, value: Any) -> str:
    if name == "checks":
        return ",".join(f"{one.code}:{one.result}" for one in value)
    if name == "originals":
        return json.dumps({str(one.line): one.original for one in value})
    if name == "settlements":
        return json.dumps({str(one.line): list(one.settlement_ids) for one in value})
    return str(value)
