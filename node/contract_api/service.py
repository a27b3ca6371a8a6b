"""The contracts' services as a node serves them: one handler per rpc of proto/api/.

What an rpc is shows in its description: `…Call` with operations answers Unsigned, `…Call` with a
document answers what the custodian prepared, `Get…` and `Trace…` read a leaf.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass

from faults import Misuse
from ledger.records import decode
from node.contract_api.answers import ANSWERS
from node.contract_api.documents import Prepare, prepared
from node.contract_api.messages import fill
from node.contract_api.reads import READS, Read
from node.contract_api.unsigned import BodyMaker
from node.reader import Reader
from node.rpc_names import method_name
from proto.api.call_pb2 import Unsigned
from proto.services_pb2 import PrepareReply

SUBJECTS = (
    "account",
    "archive",
    "authorization",
    "benefit",
    "bill",
    "bridge",
    "catalogue",
    "equivocation",
    "filing",
    "fund",
    "governance",
    "identity",
    "policy",
    "region",
    "reimbursement",
    "settlement",
    "voucher",
)
"""One file of proto/api/ each, with one service."""

Handler = Callable[[Any, Any], Any]


def descriptions() -> Iterator[tuple[str, ServiceDescriptor]]:
    """(contract, service) for every file of proto/api/ that holds a service."""
    for subject in SUBJECTS:
        file = import_module(f"proto.api.{subject}_pb2").DESCRIPTOR
        for service in file.services_by_name.values():
            yield subject, service


@dataclass(frozen=True, slots=True)
class ContractApi:
    """What the handlers work with. `prepare` is None on a node without a custodian."""

    bodies: BodyMaker
    reader: Reader
    prepare: Prepare | None

    def services(self) -> Iterator[tuple[ServiceDescriptor, Mapping[str, Handler]]]:
        """Every service with its handlers by rpc name."""
        for subject, service in descriptions():
            yield service, {rpc.name: self._handler(subject, rpc) for rpc in service.methods}

    def _handler(self, subject: str, rpc: MethodDescriptor) -> Handler:
        name = f"{subject}.{rpc.name}"
        if name in ANSWERS:
            answer = ANSWERS[name]
            return lambda request, context: answer(self.reader, request)
        if rpc.output_type is Unsigned.DESCRIPTOR:
            method = method_name(rpc.name)
            return lambda request, context: self.bodies.make(subject, method, request)
        if rpc.output_type is PrepareReply.DESCRIPTOR:
            kind = f"{subject}.{method_name(rpc.name)}"
            return lambda request, context: prepared(self.prepare, kind, request)
        for verb, answer_with in (("Get", self._get), ("Trace", self._trace)):
            read = READS.get(f"{subject}.{rpc.name.removeprefix(verb)}")
            if rpc.name.startswith(verb) and read is not None:
                return answer_with(read, GetMessageClass(rpc.output_type))
        raise Misuse(f"nothing answers {rpc.full_name}")

    def _get(self, read: Read, reply_class: Any) -> Handler:
        def get(request: Any, context: Any) -> Any:
            reply = reply_class(state=self.reader.state(read.key(request)))
            if reply.state.found:
                fill(reply.record, decode(read.record, reply.state.value))
            return reply

        return get

    def _trace(self, read: Read, reply_class: Any) -> Handler:
        def trace(request: Any, context: Any) -> Any:
            return self.reader.trace(read.key(request))

        return trace
