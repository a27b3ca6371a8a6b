"""What comes in beside a document's public fields: its payload, its owner, the findings about it.

A caller answers for all of it. When a packet brings the document, the carrier answers for these
parts: they're its own work, and what is wrong with them must not decide the packet.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.account import AccountRecord, require_account
from contracts.bridge.operations import Delivery
from contracts.codes import PACKET_INCONSISTENT
from contracts.fields import random_id
from contracts.findings import FindingRecord, read_findings
from contracts.framework import BadDelivery, Context
from contracts.payload import PayloadRef, place_payload, require_sealed_to
from faults import Rejected
from ledger.packet import Packet, business_key_of, lane_of
from proto.transaction_pb2 import Finding, SealedPayload


@dataclass(frozen=True, slots=True)
class Intake:
    """The checked parts: where the payload stands, whose it is ("" = unbound), what was found."""

    payload: SealedPayload
    place: PayloadRef
    account_id: str
    findings: tuple[FindingRecord, ...]


def take_in(
    ctx: Context, payload: SealedPayload, account_id: str, findings: Iterable[Finding]
) -> Intake:
    """Check what a caller brings. Raises Rejected about payload, account or findings."""
    read = read_findings(findings)
    place = place_payload(ctx, payload)
    if account_id:
        account: AccountRecord = require_account(ctx, random_id("account_id", account_id))
        require_sealed_to(payload, account.public_key)
    return Intake(payload, place, account_id, read)


def take_delivered(ctx: Context, delivery: Delivery) -> Intake:
    """Check what a carrier brings along with a proved packet; its faults are BadDelivery.

    A packet that commits to no document is its source's fault: Rejected(PACKET_INCONSISTENT).
    """
    if delivery.payload is None:
        raise Rejected(PACKET_INCONSISTENT, field="pcommit")
    try:
        return take_in(ctx, delivery.payload, delivery.account_id, delivery.findings)
    except Rejected as refused:
        raise BadDelivery(refused) from None


def check_packet(packet: Packet, home_chain: str, object_key: str) -> None:
    """The packet's lane and business key follow from its object; no source chooses them."""
    key = business_key_of(home_chain, object_key, packet.operation, packet.cycle)
    if packet.business_key != key or packet.lane != lane_of(home_chain, object_key):
        raise Rejected(PACKET_INCONSISTENT, object=object_key)
