"""Errors across gRPC: a stable code becomes a status with a detail in its trailer, and back."""

from typing import Any

import grpc

from faults import Code, PeerFault, Rejected
from node.codes import INTERNAL, NODE_UNREACHABLE, REQUEST_TOO_LARGE
from proto.services_pb2 import ErrorDetail

TRAILER = "yilian-error-bin"

_S = grpc.StatusCode

# By exact code first, then by its ending; what is in neither is a state that refuses now.
_STATUS_OF: dict[str, grpc.StatusCode] = {
    "BAD_SIGNATURE": _S.PERMISSION_DENIED,
    "BAD_REQUEST_SIGNATURE": _S.PERMISSION_DENIED,
    "NOT_AUTHORIZED": _S.PERMISSION_DENIED,
    "NOT_PERMITTED": _S.PERMISSION_DENIED,
    "UNKNOWN_IDENTITY": _S.PERMISSION_DENIED,
    "ORGANISATION_SUSPENDED": _S.PERMISSION_DENIED,
    "ORGANISATION_REMOVED": _S.PERMISSION_DENIED,
    "MALFORMED": _S.INVALID_ARGUMENT,
    "MALFORMED_REQUEST": _S.INVALID_ARGUMENT,
    "WRONG_CHAIN": _S.INVALID_ARGUMENT,
    "TX_TOO_FAR_AHEAD": _S.INVALID_ARGUMENT,
    "UNKNOWN_SUITE": _S.INVALID_ARGUMENT,
    "UNKNOWN_METHOD": _S.INVALID_ARGUMENT,
    "POOL_FULL": _S.RESOURCE_EXHAUSTED,
    "POOL_SIGNER_FULL": _S.RESOURCE_EXHAUSTED,
    "NODE_BUSY": _S.RESOURCE_EXHAUSTED,
    "NODE_STOPPING": _S.UNAVAILABLE,
    "NODE_UNREACHABLE": _S.UNAVAILABLE,
    "INTERNAL": _S.INTERNAL,
}
_STATUS_OF_ENDING: tuple[tuple[str, grpc.StatusCode], ...] = (
    ("_NOT_FOUND", _S.NOT_FOUND),
    ("_UNKNOWN", _S.NOT_FOUND),
    ("_TOO_LARGE", _S.RESOURCE_EXHAUSTED),
    ("_INVALID", _S.INVALID_ARGUMENT),
    ("_MALFORMED", _S.INVALID_ARGUMENT),
    ("_NOT_ALLOWED", _S.PERMISSION_DENIED),
)

_CODE_OF_STATUS: dict[grpc.StatusCode, Code] = {
    _S.RESOURCE_EXHAUSTED: REQUEST_TOO_LARGE,
    _S.UNAVAILABLE: NODE_UNREACHABLE,
    _S.DEADLINE_EXCEEDED: NODE_UNREACHABLE,
}


class ClientError(Exception):
    """A node refused or could not be reached: `code` to switch on, `zh`/`en` to show, `fields`."""

    def __init__(self, code: str, zh: str, en: str, fields: dict[str, str]) -> None:
        self.code = code
        self.zh = zh
        self.en = en
        self.fields = fields
        about = ", ".join(f"{name}={value}" for name, value in sorted(fields.items()))
        super().__init__(f"{code}: {en}" + (f" ({about})" if about else ""))


def detail_of(error: Exception) -> ErrorDetail:
    """What a caller is told about `error`; of an unexpected one no more than that it is ours."""
    if isinstance(error, Rejected):
        code, fields = error.code, error.fields
    else:
        code = error.code if isinstance(error, PeerFault) else INTERNAL
        fields = {}
    return ErrorDetail(code=code.name, zh=code.zh, en=code.en, fields=fields)


def status_of(code: str) -> grpc.StatusCode:
    """The gRPC status under which a stable code travels."""
    if code in _STATUS_OF:
        return _STATUS_OF[code]
    for ending, status in _STATUS_OF_ENDING:
        if code.endswith(ending):
            return status
    return _S.FAILED_PRECONDITION


def to_status(
    error: Exception,
) -> tuple[grpc.StatusCode, str, tuple[tuple[str, bytes], ...]]:
    """Status, sentence and trailing metadata for `context.abort`."""
    detail = detail_of(error)
    sentence = f"{detail.code}: {detail.en}"
    return status_of(detail.code), sentence, ((TRAILER, detail.SerializeToString()),)


def from_status(error: grpc.RpcError) -> ClientError:
    """The client's side: the detail if the node sent one, else the nearest stable code."""
    call: Any = error  # every RpcError a call raises is also a grpc.Call
    for key, value in call.trailing_metadata() or ():
        if key == TRAILER and isinstance(value, bytes):
            detail = ErrorDetail.FromString(value)
            return ClientError(detail.code, detail.zh, detail.en, dict(detail.fields))
    status: grpc.StatusCode = call.code()
    code = _CODE_OF_STATUS.get(status, INTERNAL)
    reason = str(call.details() or "")[:200]
    return ClientError(code.name, code.zh, code.en, {"grpc": status.name, "reason": reason})
