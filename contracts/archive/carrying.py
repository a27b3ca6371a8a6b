"""Archives between chains (档案搬运): the packets, what they do there, and their receipts here.

A version travels with its document and the results of its checks (四性检测), and keeps its own leaf
meanwhile; the revocation travels behind the versions, in the archive's lane.
"""

from contracts.account import require_account
from contracts.archive.changes import create, supersede, withdraw
from contracts.archive.checks import CheckRecord, read_checks
from contracts.archive.codes import (
    ARCHIVE_EXISTS,
    ARCHIVE_FOREIGN,
    ARCHIVE_NOT_FOUND,
    ARCHIVE_VERSION_STALE,
    NOTHING_TO_COMPENSATE,
)
from contracts.archive.records import (
    ArchiveRecord,
    ArchiveVersionRecord,
    archive_key,
    keep_version,
    version_key,
)
from contracts.archive.states import (
    ARCHIVES,
    CARRY,
    CARRYINGS,
    CONFIRM,
    FAIL,
    IN_FORCE,
    NONE_THERE,
    RECALL_FAILED,
    TO_RECALL,
)
from contracts.bridge.operations import Delivery, incoming, on_receipt
from contracts.bridge.outbox import send_packet
from contracts.codes import PACKET_INCONSISTENT, PAYLOAD_RECIPIENT
from contracts.forms import ARCHIVE, archive_fields, check_form
from contracts.framework import OK, BadDelivery, Context
from contracts.intake import Intake, check_packet, take_delivered
from contracts.payload import is_sealed_to
from contracts.reporting import code_of
from contracts.states import START
from faults import Rejected
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record, decode, encode

ARCHIVE_CARRY = "ARCHIVE"
ARCHIVE_REVOCATION = "ARCHIVE_REVOCATION"


class ArchiveBody(Record, frozen=True, kw_only=True):
    """Body of ARCHIVE: which version of which archive, and what its checks found."""

    archive_code: str
    version: int
    checks: tuple[CheckRecord, ...]


class ArchiveRef(Record, frozen=True, kw_only=True):
    """Both operations' result: which version of which archive."""

    archive_code: str
    version: int


class ArchiveRevoked(Record, frozen=True, kw_only=True):
    """Body of ARCHIVE_REVOCATION."""

    archive_code: str
    version: int
    reason: str


def send_archive(ctx: Context, archive: ArchiveRecord, action: str) -> bytes:
    """Send a version, or the revocation, as the tables say for `action`; the packet's id."""
    key = archive_key(archive.public.archive_code)
    state = ARCHIVES.move(archive.state, action, archive=key)
    if state != IN_FORCE:
        return _send_revocation(ctx, archive.changed(state=state), action)
    if action == CARRY:
        keep_version(ctx, archive)
        return _send_version(ctx, archive, archive.version, action)
    if not archive.sent_version:
        raise Rejected(NOTHING_TO_COMPENSATE, archive=key)
    return _send_version(ctx, archive, archive.sent_version, action)


def _send_version(ctx: Context, archive: ArchiveRecord, version: int, action: str) -> bytes:
    code = archive.public.archive_code
    key, leaf = archive_key(code), version_key(code, version)
    kept = ctx.require(ArchiveVersionRecord, leaf)
    carrying = CARRYINGS.move(kept.carrying or START, action, archive=key, version=version)
    packet_id = send_packet(
        ctx,
        operation=ARCHIVE_CARRY,
        lane_object=key,
        home_chain=archive.home_chain,
        body=ArchiveBody(archive_code=code, version=version, checks=kept.checks),
        form_pcommit=kept.pcommit,
        schema=kept.schema,
        cycle=version,
        payload_object=leaf,
    )
    sent = kept.changed(carrying=carrying, attempts=kept.attempts + 1)
    ctx.store(leaf, sent)
    ctx.emit(leaf, f"{action}_asked", packet=packet_id.hex(), attempt=sent.attempts)
    ctx.store(key, archive.changed(sent_version=version, on_the_way=archive.on_the_way + 1))
    _note_sent(ctx, key, action, packet_id, ARCHIVE_CARRY, version, sent.attempts)
    return packet_id


def _send_revocation(ctx: Context, archive: ArchiveRecord, action: str) -> bytes:
    code = archive.public.archive_code
    key = archive_key(code)
    packet_id = send_packet(
        ctx,
        operation=ARCHIVE_REVOCATION,
        lane_object=key,
        home_chain=archive.home_chain,
        body=ArchiveRevoked(archive_code=code, version=archive.version, reason=archive.reason),
        cycle=archive.version,
    )
    recalls = archive.recalls + 1
    ctx.store(key, archive.changed(recalls=recalls))
    _note_sent(ctx, key, action, packet_id, ARCHIVE_REVOCATION, archive.version, recalls)
    return packet_id


def _note_sent(
    ctx: Context,
    key: str,
    action: str,
    packet_id: bytes,
    operation: str,
    version: int,
    attempt: int,
) -> None:
    ctx.emit(
        key,
        f"{action}_asked",
        packet=packet_id.hex(),
        operation=operation,
        version=version,
        attempt=attempt,
    )


@incoming(ARCHIVE_CARRY, next_action="compensate")
def receive_archive(ctx: Context, delivery: Delivery) -> bytes:
    """An archive's version that another chain proved is kept here as a replica, with its checks."""
    intake = take_delivered(ctx, delivery)
    packet = delivery.packet
    body = decode(ArchiveBody, packet.body)
    key = archive_key(body.archive_code)
    check_packet(packet, packet.source, key)
    ctx.keep_refusal(key, "receive")
    if delivery.form is None or packet.cycle != body.version or body.version < 1:
        raise Rejected(PACKET_INCONSISTENT, object=key)
    checked = check_form(delivery.form, ARCHIVE)
    fields = archive_fields(checked)
    if fields.archive_code != body.archive_code:
        raise Rejected(PACKET_INCONSISTENT, object=key)
    checks = read_checks(body.checks)
    before = ctx.load(ArchiveRecord, key)
    result = encode(ArchiveRef(archive_code=body.archive_code, version=body.version))
    if before is None:
        home, version = packet.source, body.version
        create(ctx, checked, fields, intake, checks, home_chain=home, version=version)
        return result
    if before.home_chain != packet.source:
        raise Rejected(ARCHIVE_EXISTS, archive=key, home=before.home_chain)
    if body.version <= before.version:
        raise Rejected(ARCHIVE_VERSION_STALE, current=before.version)
    _check_carrier(ctx, before, intake)
    supersede(ctx, before, checked, fields, intake, checks, version=body.version)
    return result


@incoming(ARCHIVE_REVOCATION, next_action="compensate")
def receive_revocation(ctx: Context, delivery: Delivery) -> bytes:
    """The home revoked the archive; its replica here goes out of force."""
    packet = delivery.packet
    body = decode(ArchiveRevoked, packet.body)
    key = archive_key(body.archive_code)
    check_packet(packet, packet.source, key)
    ctx.keep_refusal(key, "revoke")
    replica = ctx.require(ArchiveRecord, key, ARCHIVE_NOT_FOUND)
    if replica.home_chain != packet.source:
        raise Rejected(ARCHIVE_FOREIGN, archive=key, home=replica.home_chain)
    if packet.cycle != body.version or body.version < replica.version:
        raise Rejected(PACKET_INCONSISTENT, object=key)
    withdraw(ctx, replica, body.reason)
    return encode(ArchiveRef(archive_code=body.archive_code, version=body.version))


@on_receipt(ARCHIVE_CARRY, next_action="compensate")
def archive_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The version stands on the other chain, or the failure waits for its compensation."""
    body = decode(ArchiveBody, packet.body)
    key, leaf = archive_key(body.archive_code), version_key(body.archive_code, body.version)
    archive = ctx.require(ArchiveRecord, key, ARCHIVE_NOT_FOUND)
    kept = ctx.require(ArchiveVersionRecord, leaf, ARCHIVE_NOT_FOUND)
    good = receipt.outcome == OK
    moved = CARRYINGS.move(kept.carrying or START, CONFIRM if good else FAIL, archive=key)
    ctx.store(leaf, kept.changed(carrying=moved))
    carried = max(archive.carried_version, body.version if good else 0)
    changed = archive.changed(carried_version=carried, on_the_way=archive.on_the_way - 1)
    if not carried and not changed.on_the_way and archive.state in (TO_RECALL, RECALL_FAILED):
        changed = changed.changed(state=ARCHIVES.move(archive.state, NONE_THERE, archive=key))
    ctx.store(key, changed)
    for one in (leaf, key):
        ctx.emit(one, moved, code_of(receipt), chain=packet.destination, version=body.version)


@on_receipt(ARCHIVE_REVOCATION, next_action="compensate")
def revocation_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The revocation holds on the other chain, or has nothing to hold for, or is compensated."""
    body = decode(ArchiveRevoked, packet.body)
    key = archive_key(body.archive_code)
    archive = ctx.require(ArchiveRecord, key, ARCHIVE_NOT_FOUND)
    action = CONFIRM if receipt.outcome == OK else FAIL
    absent = receipt.code == ARCHIVE_NOT_FOUND.name or not archive.on_the_way
    if action == FAIL and absent and not archive.carried_version:
        action = NONE_THERE
    state = ARCHIVES.move(archive.state, action, archive=key)
    ctx.store(key, archive.changed(state=state))
    ctx.emit(key, state, code_of(receipt), chain=packet.destination, version=body.version)


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
