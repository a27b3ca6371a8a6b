"""What a packet does when it arrives, and what its receipt does when it comes back.

Business contracts register one function per operation and side; importing their module is enough.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from contracts.framework import Context
from faults import Misuse
from ledger.packet import Packet, PacketReceipt
from proto.transaction_pb2 import CommittedForm, Finding, SealedPayload


@dataclass(frozen=True, slots=True)
class Delivery:
    """A proved packet with what the router brought along, already matched to the commitment."""

    packet: Packet
    packet_id: bytes
    channel_id: str
    form: CommittedForm | None
    payload: SealedPayload | None
    account_id: str
    findings: tuple[Finding, ...]


Incoming = Callable[[Context, Delivery], bytes]
OnReceipt = Callable[[Context, Packet, PacketReceipt], None]
H = TypeVar("H", bound=Incoming)
K = TypeVar("K", bound=OnReceipt)


@dataclass(frozen=True, slots=True)
class IncomingOperation:
    """A destination's handler, and what people or programs do next when it refuses."""

    handle: Incoming
    next_action: str


@dataclass(frozen=True, slots=True)
class ReceiptOperation:
    """A source's handler, and what people or programs do next when the outcome is not OK."""

    handle: OnReceipt
    next_action: str


_incoming: dict[str, IncomingOperation] = {}
_on_receipt: dict[str, ReceiptOperation] = {}


def incoming(operation: str, *, next_action: str = "source_compensates") -> Callable[[H], H]:
    """Register the handler of packets of `operation` that arrive here.

    It returns the result that the receipt carries back. Raising Rejected undoes its writes and
    makes the receipt ERR with that code; raising BadDelivery refuses the carrier and leaves the
    packet to a better one. `keep_refusal` works in it as anywhere.
    """

    def register(handle: H) -> H:
        if operation in _incoming:
            raise Misuse(f"two handlers for incoming {operation}")
        _incoming[operation] = IncomingOperation(handle, next_action)
        return handle

    return register


def on_receipt(operation: str, *, next_action: str = "resend_or_decide") -> Callable[[K], K]:
    """Register what a proved receipt of `operation` does on the chain that sent the packet."""

    def register(handle: K) -> K:
        if operation in _on_receipt:
            raise Misuse(f"two receipt handlers for {operation}")
        _on_receipt[operation] = ReceiptOperation(handle, next_action)
        return handle

    return register


def incoming_operation(operation: str) -> IncomingOperation | None:
    """The registered destination handler, or None."""
    return _incoming.get(operation)


def receipt_operation(operation: str) -> ReceiptOperation | None:
    """The registered source handler, or None."""
    return _on_receipt.get(operation)
