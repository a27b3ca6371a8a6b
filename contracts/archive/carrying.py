"""Archives between chains (档案搬运): the packets, what they do there, and their receipts here."""

from contracts.account import require_account
from contracts.archive.changes import create, supersede, withdraw
from contracts.archive.codes import ARCHIVE_EXISTS, ARCHIVE_NOT_FOUND, ARCHIVE_VERSION_STALE
from contracts.archive.records import ArchiveRecord, archive_key
from contracts.archive.states import ARCHIVES, CARRYING, CONFIRM, FAIL
from contracts.bridge.operations import Delivery, incoming, on_receipt
from contracts.bridge.outbox import send_packet
from contracts.codes import PACKET_INCONSISTENT, PAYLOAD_RECIPIENT
from contracts.forms import ARCHIVE, archive_fields, check_form
from contracts.framework import OK, BadDelivery, Context
from contracts.intake import Intake, check_packet, take_delivered
from contracts.payload import is_sealed_to
from faults import Rejected
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record, decode, encode

ARCHIVE_CARRY = "ARCHIVE"
ARCHIVE_REVOCATION = "ARCHIVE_REVOCATION"


class ArchiveRef(Record, frozen=True, kw_only=True):
    """Body of ARCHIVE, and both operations' result: which version of which archive."""

    archive_code: str
    version: int


class ArchiveRevoked(Record, frozen=True, kw_only=True):
    """Body of ARCHIVE_REVOCATION."""

    archive_code: str
    version: int
    reason: str


def send_archive(ctx: Context, archive: ArchiveRecord, action: str) -> bytes:
    """Send the archive, or its revocation, as the table says for `action`; the packet's id."""
    code = archive.public.archive_code
    key = archive_key(code)
    state = ARCHIVES.move(archive.state, action, archive=key)
    carries = state == CARRYING
    body: Record = (
        ArchiveRef(archive_code=code, version=archive.version)
        if carries
        else ArchiveRevoked(archive_code=code, version=archive.version, reason=archive.reason)
    )
    operation = ARCHIVE_CARRY if carries else ARCHIVE_REVOCATION
    packet_id = send_packet(
        ctx,
        operation=operation,
        lane_object=key,
        home_chain=archive.home_chain,
        body=body,
        form_pcommit=archive.pcommit if carries else b"",
        schema=archive.schema if carries else "",
        cycle=archive.version,
    )
    attempts = archive.attempts + 1
    ctx.store(key, archive.changed(state=state, attempts=attempts))
    ctx.emit(
        key,
        f"{action}_asked",
        packet=packet_id.hex(),
        operation=operation,
        version=archive.version,
        attempt=attempts,
    )
    return packet_id


@incoming(ARCHIVE_CARRY, next_action="resend")
def receive_archive(ctx: Context, delivery: Delivery) -> bytes:
    """An archive's version that another chain proved is kept here as a replica."""
    intake = take_delivered(ctx, delivery)
    packet = delivery.packet
    body = decode(ArchiveRef, packet.body)
    key = archive_key(body.archive_code)
    check_packet(packet, packet.source, key)
    ctx.keep_refusal(key, "receive")
    if delivery.form is None or packet.cycle != body.version or body.version < 1:
        raise Rejected(PACKET_INCONSISTENT, object=key)
    checked = check_form(delivery.form, ARCHIVE)
    fields = archive_fields(checked)
    if fields.archive_code != body.archive_code:
        raise Rejected(PACKET_INCONSISTENT, object=key)
    before = ctx.load(ArchiveRecord, key)
    if before is None:
        home, version = packet.source, body.version
        create(ctx, checked, fields, intake, (), home_chain=home, version=version)
        return encode(body)
    if before.home_chain != packet.source:
        raise Rejected(ARCHIVE_EXISTS, archive=key, home=before.home_chain)
    if body.version <= before.version:
        raise Rejected(ARCHIVE_VERSION_STALE, current=before.version)
    _check_carrier(ctx, before, intake)
    supersede(ctx, before, checked, fields, intake, (), version=body.version)
    return encode(body)


@incoming(ARCHIVE_REVOCATION, next_action="resend")
def receive_revocation(ctx: Context, delivery: Delivery) -> bytes:
    """The home revoked the archive; its replica here goes out of force."""
    packet = delivery.packet
    body = decode(ArchiveRevoked, packet.body)
    key = archive_key(body.archive_code)
    check_packet(packet, packet.source, key)
    ctx.keep_refusal(key, "revoke")
    replica = ctx.require(ArchiveRecord, key, ARCHIVE_NOT_FOUND)
    if replica.home_chain != packet.source:
        raise Rejected(PACKET_INCONSISTENT, object=key)
    withdraw(ctx, replica, body.reason)
    return encode(ArchiveRef(archive_code=body.archive_code, version=body.version))


@on_receipt(ARCHIVE_CARRY, next_action="compensate")
def archive_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The version stands on the other chain, or the failure waits for its compensation."""
    body = decode(ArchiveRef, packet.body)
    _answered(ctx, body.archive_code, packet, receipt, carried_version=body.version)


@on_receipt(ARCHIVE_REVOCATION, next_action="compensate")
def revocation_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The revocation holds on the other chain, or waits for its compensation."""
    body = decode(ArchiveRevoked, packet.body)
    _answered(ctx, body.archive_code, packet, receipt)


def _answered(
    ctx: Context, code: str, packet: Packet, receipt: PacketReceipt, **confirmed: int
) -> None:
    key = archive_key(code)
    archive = ctx.require(ArchiveRecord, key, ARCHIVE_NOT_FOUND)
    good = receipt.outcome == OK
    state = ARCHIVES.move(archive.state, CONFIRM if good else FAIL, archive=key)
    ctx.store(key, archive.changed(state=state, **(confirmed if good else {})))
    if good:
        ctx.emit(key, state, chain=packet.destination, version=packet.cycle)
    else:
        ctx.emit(key, state, receipt.code or receipt.outcome, chain=packet.destination)


def _check_carrier(ctx: Context, replica: ArchiveRecord, intake: Intake) -> None:
    """The carrier must seal a new version to the replica's owner; that is not the packet's fault.

    An owner that the carrier names for a replica without one is not taken: attaching is the
    custodian's, with its basis.
    """
    if not replica.account_id:
        return
    account = require_account(ctx, replica.account_id)
    if not is_sealed_to(intake.payload, account.public_key):
        raise BadDelivery(Rejected(PAYLOAD_RECIPIENT))
