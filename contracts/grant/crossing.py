"""Grants about a bill whose home is another chain go there (票据授权同步), and their revocations.

What travels says which organisation may read which bill, what for and how long, and how identity
was verified: no account, no person, no reference of the verifying party. The grant counts here from
its own block on, whatever the home answers. What failed is in the bill's trace, and is sent again.
"""

from contracts.bill.home import bill_at_home, key_of
from contracts.bill.record import BillRecord
from contracts.bill.rules import Action, check_state
from contracts.bridge.operations import Delivery, incoming, on_receipt
from contracts.bridge.outbox import channels_for, send_packet
from contracts.bridge.records import require_channel
from contracts.codes import (
    AUTHORIZATION_EXISTS,
    AUTHORIZATION_NOT_FOUND,
    AUTHORIZATION_PERIOD,
    AUTHORIZATION_REVOKED,
    NOTHING_TO_RESEND,
    PACKET_INCONSISTENT,
)
from contracts.fields import identifier, random_id, word
from contracts.framework import OK, Context
from contracts.grant.records import (
    AuthorizationRecord,
    GrantedRecord,
    authorization_key,
    compartments_of,
    granted_key,
)
from contracts.intake import check_packet
from contracts.reporting import REPORTED, REPORTING, answered, begun, code_of
from contracts.trace import record_class
from faults import Rejected
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record, decode, encode

AUTHORIZATION, AUTHORIZATION_REVOCATION = "AUTHORIZATION", "AUTHORIZATION_REVOCATION"


class GrantBody(Record, frozen=True, kw_only=True):
    """Body of AUTHORIZATION."""

    authorization_id: str
    code: str
    number: str
    grantee_org: str
    compartments: tuple[str, ...]
    purpose: str
    from_ms: int
    to_ms: int
    identity_check: str


class GrantRef(Record, frozen=True, kw_only=True):
    """Body of AUTHORIZATION_REVOCATION, and both operations' result."""

    authorization_id: str
    code: str
    number: str


def tell_home(ctx: Context, authorization_id: str) -> None:
    """Send a grant, or its revocation, home if a channel takes it there now.

    A channel that is paused or doesn't carry it stops nobody from granting, still less from
    revoking: `resend` tells of it later.
    """
    grant = ctx.require(AuthorizationRecord, authorization_key(authorization_id))
    bill = _replica(ctx, grant)
    if bill is None or not _is_due(grant):
        return
    channel, operation = bill.home_channel, _operation(grant)
    if channel in channels_for(ctx, operation) and not require_channel(ctx, channel).paused:
        _send(ctx, grant, bill, operation)


def resend(ctx: Context, authorization_id: str) -> bytes:
    """Send what the home refused or never took; the packet's id.

    Raises Rejected NOTHING_TO_RESEND, REPORT_PENDING, ALREADY_REPORTED, and the outbox's codes.
    """
    grant = ctx.require(AuthorizationRecord, authorization_key(authorization_id))
    bill = _replica(ctx, grant)
    if bill is None or not _is_due(grant):
        raise Rejected(NOTHING_TO_RESEND, authorization=authorization_id)
    return _send(ctx, grant, bill, _operation(grant))


@incoming(AUTHORIZATION, next_action="resend")
def receive_grant(ctx: Context, delivery: Delivery) -> bytes:
    """Another chain granted the reading of a bill of ours: kept, and shown in the bill's trace."""
    packet = delivery.packet
    body = decode(GrantBody, packet.body)
    bill = _asked_about(ctx, packet, body, "authorize")
    check_state(bill, Action.GRANT, ctx.time_ms)
    if not body.from_ms < body.to_ms:
        raise Rejected(AUTHORIZATION_PERIOD, to_ms=body.to_ms, from_ms=body.from_ms)
    key = granted_key(packet.source, body.authorization_id)
    if ctx.view.get(key) is not None:
        raise Rejected(AUTHORIZATION_EXISTS, authorization=body.authorization_id)
    granted = GrantedRecord(
        chain_id=packet.source,
        authorization_id=body.authorization_id,
        bill=key_of(bill),
        grantee_org=identifier("grantee_org", body.grantee_org),
        compartments=compartments_of(body.compartments),
        purpose=word("purpose", body.purpose),
        from_ms=body.from_ms,
        to_ms=body.to_ms,
        identity_check=word("identity_check", body.identity_check),
        received_ms=ctx.time_ms,
    )
    ctx.store(key, granted)
    ctx.emit(key, "grant", object=granted.bill, org=granted.grantee_org)
    ctx.emit(
        granted.bill,
        "authorize",
        authorization=granted.authorization_id,
        chain=packet.source,
        org=granted.grantee_org,
        purpose=granted.purpose,
        to_ms=granted.to_ms,
        identity_check=granted.identity_check,
    )
    return _result(body)


@incoming(AUTHORIZATION_REVOCATION, next_action="resend")
def receive_revocation(ctx: Context, delivery: Delivery) -> bytes:
    """The chain that granted it took it back; also after the bill was cancelled."""
    packet = delivery.packet
    body = decode(GrantRef, packet.body)
    bill = _asked_about(ctx, packet, body, "revoke_authorization")
    key = granted_key(packet.source, body.authorization_id)
    granted = ctx.require(GrantedRecord, key, AUTHORIZATION_NOT_FOUND)
    if granted.bill != key_of(bill):
        raise Rejected(PACKET_INCONSISTENT, object=granted.bill)
    if granted.revoked_ms:
        raise Rejected(AUTHORIZATION_REVOKED, authorization=body.authorization_id)
    ctx.store(key, granted.changed(revoked_ms=max(ctx.time_ms, 1)))
    ctx.emit(key, "revoke", chain=packet.source)
    ctx.emit(
        granted.bill,
        "revoke_authorization",
        authorization=body.authorization_id,
        chain=packet.source,
        org=granted.grantee_org,
    )
    return _result(body)


@on_receipt(AUTHORIZATION, next_action="resend")
def grant_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The home knows of the grant, or it may be sent again."""
    body = decode(GrantBody, packet.body)
    key = authorization_key(body.authorization_id)
    grant = ctx.require(AuthorizationRecord, key, AUTHORIZATION_NOT_FOUND)
    good = receipt.outcome == OK
    ctx.store(key, grant.changed(told=answered(grant.told, good=good)))
    ctx.emit(key, "told" if good else "tell_refused", code_of(receipt), chain=packet.destination)


@on_receipt(AUTHORIZATION_REVOCATION, next_action="resend")
def revocation_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The home took the grant back, or never had it; otherwise it is told again."""
    body = decode(GrantRef, packet.body)
    key = authorization_key(body.authorization_id)
    grant = ctx.require(AuthorizationRecord, key, AUTHORIZATION_NOT_FOUND)
    good = receipt.outcome == OK or receipt.code == AUTHORIZATION_NOT_FOUND.name
    ctx.store(key, grant.changed(told_revocation=answered(grant.told_revocation, good=good)))
    action = "told_revocation" if good else "tell_revocation_refused"
    ctx.emit(key, action, code_of(receipt), chain=packet.destination)


def _send(ctx: Context, grant: AuthorizationRecord, bill: BillRecord, operation: str) -> bytes:
    if operation == AUTHORIZATION:
        changed = grant.changed(told=begun(grant.told))
    else:
        changed = grant.changed(told_revocation=begun(grant.told_revocation))
    packet_id = send_packet(
        ctx,
        operation=operation,
        channel=bill.home_channel,
        lane_object=granted_key(ctx.chain_id, grant.authorization_id),
        home_chain=bill.home_chain,
        body=_body(grant, bill, operation),
        payload_object=key_of(bill),  # no document goes along, but a failure is saved there
    )
    key = authorization_key(grant.authorization_id)
    ctx.store(key, changed)
    ctx.emit(key, "tell_home", operation=operation, packet=packet_id.hex())
    return packet_id


def _body(grant: AuthorizationRecord, bill: BillRecord, operation: str) -> Record:
    code, number = bill.public.code, bill.public.number
    if operation == AUTHORIZATION_REVOCATION:
        return GrantRef(authorization_id=grant.authorization_id, code=code, number=number)
    return GrantBody(
        authorization_id=grant.authorization_id,
        code=code,
        number=number,
        grantee_org=grant.grantee_org,
        compartments=grant.compartments,
        purpose=grant.purpose,
        from_ms=grant.from_ms,
        to_ms=grant.to_ms,
        identity_check=grant.identity_check,
    )


def _operation(grant: AuthorizationRecord) -> str:
    return AUTHORIZATION_REVOCATION if grant.revoked_ms else AUTHORIZATION


def _is_due(grant: AuthorizationRecord) -> bool:
    """A revocation concerns the home only when the grant is there or on its way there."""
    return not grant.revoked_ms or grant.told in (REPORTING, REPORTED)


def _replica(ctx: Context, grant: AuthorizationRecord) -> BillRecord | None:
    """The bill the grant is about, when its home is another chain."""
    if record_class(grant.object) is not BillRecord:
        return None
    bill = ctx.require(BillRecord, grant.object)
    return None if bill.home_chain == ctx.chain_id else bill


def _asked_about(
    ctx: Context, packet: Packet, body: GrantBody | GrantRef, action: str
) -> BillRecord:
    """The bill; the packet comes in its grant's own lane, so each chain's grants are its own."""
    bill = bill_at_home(ctx, body.code, body.number, action)
    authorization_id = random_id("authorization_id", body.authorization_id)
    if packet.cycle:
        raise Rejected(PACKET_INCONSISTENT, field="cycle")
    check_packet(packet, ctx.chain_id, granted_key(packet.source, authorization_id))
    return bill


def _result(body: GrantBody | GrantRef) -> bytes:
    return encode(
        GrantRef(authorization_id=body.authorization_id, code=body.code, number=body.number)
    )
