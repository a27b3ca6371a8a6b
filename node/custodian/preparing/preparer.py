"""Answers requests to prepare by the table of kinds: sizes, options and the caller come first."""

from faults import Rejected
from node.codes import REQUEST_INVALID, REQUEST_TOO_LARGE
from node.custodian.codes import KIND_UNKNOWN
from node.custodian.preparing.desk import Desk
from node.custodian.preparing.job import Job, check_options
from node.custodian.preparing.kinds import KINDS
from proto.services_pb2 import PrepareReply, PrepareRequest

DOCUMENT_BYTES_MAX = 4 * 1024 * 1024
OPTIONS_MAX = 16


class Preparer:
    """Answers PrepareRequest. Calls come one at a time: the service holds its lock."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def prepare(self, request: PrepareRequest) -> PrepareReply:
        """The bodies to sign, in order; none when there is nothing to do.

        Raises Rejected: what is wrong with the request, the caller or the document.
        """
        kind = KINDS.get(request.kind)
        if kind is None:
            raise Rejected(KIND_UNKNOWN, kinds=", ".join(KINDS))
        if len(request.document) > DOCUMENT_BYTES_MAX:
            raise Rejected(REQUEST_TOO_LARGE, field="document", limit=DOCUMENT_BYTES_MAX)
        size = sum(len(name) + len(value) for name, value in request.options.items())
        if len(request.options) > OPTIONS_MAX or size > DOCUMENT_BYTES_MAX:
            raise Rejected(REQUEST_TOO_LARGE, field="options", limit=DOCUMENT_BYTES_MAX)
        contract, method = request.kind.split(".", 1)
        identity = self._desk.callers.may_call(request.signer, contract, method)
        if request.document and not kind.document:
            raise Rejected(REQUEST_INVALID, field="document", reason="this kind takes none")
        check_options(request, kind.options)
        return kind.handle(self._desk, Job(request, identity))
