"""What the contracts' clients share: prepare at the node, check, sign here, submit, read.

The node that prepares a body is not trusted with what it says: a body that is not exactly what was
asked for is never signed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from crypto.ports import Signer
from node.bodies import build_body
from node.client.outcome import Receipt, Recorded, Refused, accepted, receipts_of, recorded
from node.codes import BODY_DIFFERS, NO_SIGNER
from node.grpc_errors import ClientError
from node.rpc_names import rpc_name
from proto.api.call_pb2 import Caller, Unsigned
from proto.services_pb2 import PrepareReply, ReceiptReply
from proto.transaction_pb2 import TxBody

M = TypeVar("M", bound=Message)

BESIDE_DOCUMENTS = ("account.open", "account.attach")
"""What a person's document may bring along: their account, and what waited for it."""


class Connection(Protocol):
    """What a domain needs of the client it belongs to."""

    signer: Signer | None

    @property
    def chain_id(self) -> str:
        """The chain that is written to."""
        ...

    def unary(self, service: ServiceDescriptor, rpc: str, request: Message, reply: type[M]) -> M:
        """One call."""
        ...

    def prepare(
        self, kind: str, document: bytes, signer: bytes, options: Mapping[str, str] | None
    ) -> PrepareReply:
        """Have the custodian make bodies out of a document."""
        ...

    def sign_and_submit(self, bodies: Sequence[bytes], signer: Signer) -> list[ReceiptReply]:
        """Sign and submit bodies in order, each after the receipt of the one before."""
        ...


class Domain:
    """One contract's methods. Every writing one raises ClientError, also when no block came."""

    contract: ClassVar[str]
    service: ClassVar[ServiceDescriptor]
    beside: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Method -> the methods ("contract.method") whose bodies may come with its document, where
    those are others than BESIDE_DOCUMENTS."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def many(
        self, method: str, operations: Sequence[Message], *, all_or_nothing: bool = False
    ) -> list[Receipt | Refused]:
        """Up to 1,000 operations of one method under one signature; each one's outcome, in order.

        `method` is the contract's name for it, e.g. "lock". With `all_or_nothing` one refused
        operation refuses all.
        """
        return receipts_of(self._transact(method, operations, all_or_nothing))

    def _write(self, method: str, operation: Message) -> Receipt:
        return accepted(self._transact(method, [operation], all_or_nothing=False))[0]

    def _transact(
        self, method: str, operations: Sequence[Message], all_or_nothing: bool
    ) -> ReceiptReply:
        signer, rpc = self._signer(), rpc_name(method)
        caller = Caller(public_key=signer.public_key, all_or_nothing=all_or_nothing)
        call = self._call_class(rpc)(caller=caller, operations=operations)
        unsigned = self._connection.unary(self.service, rpc, call, Unsigned)
        said = self._read_body(unsigned.body)
        asked = build_body(
            self._connection.chain_id,
            self.contract,
            method,
            operations,
            signer.public_key,
            nonce=said.nonce,
            last_height=said.last_height,
            all_or_nothing=all_or_nothing,
        )
        if unsigned.body != asked:
            raise _differs("body")
        return self._connection.sign_and_submit([unsigned.body], signer)[0]

    def _record(self, method: str, **fields: Any) -> Recorded:
        """Have a document prepared; sign and submit its bodies until one is refused."""
        rpc = rpc_name(method)
        call = self._call_class(rpc)(caller=Caller(public_key=self._signer().public_key), **fields)
        prepared = self._connection.unary(self.service, rpc, call, PrepareReply)
        return self._submit_prepared(method, prepared)

    def bring(self, method: str, document: bytes, options: Mapping[str, str]) -> Recorded:
        """Have a document prepared with options as text, as docs/preparing.md lists them.

        For whoever passes on what a person typed; programs use the methods' own arguments.
        """
        kind, signer = f"{self.contract}.{method}", self._signer()
        prepared = self._connection.prepare(kind, document, signer.public_key, options)
        return self._submit_prepared(method, prepared)

    def _submit_prepared(self, method: str, prepared: PrepareReply) -> Recorded:
        """Their sealed and committed contents are the custodian's word; their methods are not."""
        signer = self._signer()
        allowed = {f"{self.contract}.{method}", *self.beside.get(method, BESIDE_DOCUMENTS)}
        for raw in prepared.bodies:
            body = self._read_body(raw)
            self._expect("method", f"{body.contract}.{body.method}" in allowed)
        receipts: tuple[Receipt, ...] = ()
        for raw in prepared.bodies:
            receipts += accepted(self._connection.sign_and_submit([raw], signer)[0])
        return recorded(prepared, receipts)

    def _get(self, rpc: str, request: Message, reply: type[M]) -> M:
        return self._connection.unary(self.service, rpc, request, reply)

    def _read_body(self, raw: bytes) -> TxBody:
        """The body, which is for our chain and our signature, and nobody's endorsement."""
        try:
            body = TxBody.FromString(raw)
        except DecodeError:
            raise _differs("body") from None
        self._expect("chain_id", body.chain_id == self._connection.chain_id)
        self._expect("signer", body.signer == self._signer().public_key)
        self._expect("endorsements", not body.endorsements)
        return body

    def _expect(self, what: str, holds: bool) -> None:
        if not holds:
            raise _differs(what)

    def _signer(self) -> Signer:
        signer = self._connection.signer
        if signer is None:
            raise ClientError(NO_SIGNER.name, NO_SIGNER.zh, NO_SIGNER.en, {})
        return signer

    def _call_class(self, rpc: str) -> Callable[..., Message]:
        return GetMessageClass(self.service.methods_by_name[rpc].input_type)


def _differs(what: str) -> ClientError:
    return ClientError(BODY_DIFFERS.name, BODY_DIFFERS.zh, BODY_DIFFERS.en, {"field": what})
