"""Filings from the national chain (国家平台备案): the packets and what they do here."""

from contracts.bridge.operations import Delivery, incoming
from contracts.codes import ACCOUNT_NOT_FOUND, PACKET_INCONSISTENT, PAYLOAD_RECIPIENT
from contracts.filing.changes import change, create, withdraw
from contracts.filing.codes import FILING_FOREIGN, FILING_VERSION_STALE
from contracts.filing.records import FilingRecord, filing_key, require_filing
from contracts.forms import FILING, CheckedForm, FilingFields, check_form, filing_fields
from contracts.framework import BadDelivery, Context
from contracts.intake import check_packet, take_delivered
from faults import Rejected
from ledger.packet import Packet
from ledger.records import Record, decode, encode

FILING_REGISTRATION = "FILING"
FILING_CHANGE = "FILING_CHANGE"
FILING_REVOCATION = "FILING_REVOCATION"


class FilingRef(Record, frozen=True, kw_only=True):
    """Body of FILING and FILING_CHANGE, and every result: which version of which filing."""

    filing_id: str
    version: int


class FilingRevoked(Record, frozen=True, kw_only=True):
    """Body of FILING_REVOCATION."""

    filing_id: str
    version: int
    reason: str


@incoming(FILING_REGISTRATION, next_action="resend")
def receive_filing(ctx: Context, delivery: Delivery) -> bytes:
    """A filing that the person made on the national chain. Its carrier says whose it is here."""
    intake = take_delivered(ctx, delivery)
    body = decode(FilingRef, delivery.packet.body)
    checked, fields = _document(delivery, body)
    if body.version != 1:
        raise Rejected(PACKET_INCONSISTENT, field="version")
    if not intake.account_id:
        raise BadDelivery(Rejected(ACCOUNT_NOT_FOUND, field="account_id"))
    create(ctx, checked, fields, intake, delivery.packet.source)
    return encode(body)


@incoming(FILING_CHANGE, next_action="resend")
def receive_change(ctx: Context, delivery: Delivery) -> bytes:
    """The next version of a filing that came from the same chain."""
    intake = take_delivered(ctx, delivery)
    body = decode(FilingRef, delivery.packet.body)
    checked, fields = _document(delivery, body)
    filing = _from_home(ctx, delivery.packet, body.filing_id, "change")
    if body.version != filing.version + 1:
        raise Rejected(FILING_VERSION_STALE, current=filing.version)
    try:
        change(ctx, filing, checked, fields, intake)
    except Rejected as refused:
        # To whom the payload is sealed is the carrier's work, and doesn't decide the packet.
        if refused.code is PAYLOAD_RECIPIENT:
            raise BadDelivery(refused) from None
        raise
    return encode(body)


@incoming(FILING_REVOCATION, next_action="resend")
def receive_revocation(ctx: Context, delivery: Delivery) -> bytes:
    """The filing was revoked where it was made."""
    packet = delivery.packet
    body = decode(FilingRevoked, packet.body)
    check_packet(packet, packet.source, filing_key(body.filing_id))
    withdraw(ctx, _from_home(ctx, packet, body.filing_id, "revoke"), body.reason)
    return encode(FilingRef(filing_id=body.filing_id, version=body.version))


def _document(delivery: Delivery, body: FilingRef) -> tuple[CheckedForm, FilingFields]:
    packet = delivery.packet
    check_packet(packet, packet.source, filing_key(body.filing_id))
    if delivery.form is None or packet.cycle != body.version:
        raise Rejected(PACKET_INCONSISTENT, object=filing_key(body.filing_id))
    checked = check_form(delivery.form, FILING)
    fields = filing_fields(checked)
    if fields.filing_id != body.filing_id:
        raise Rejected(PACKET_INCONSISTENT, object=filing_key(body.filing_id))
    return checked, fields


def _from_home(ctx: Context, packet: Packet, filing_id: str, action: str) -> FilingRecord:
    ctx.keep_refusal(filing_key(filing_id), action)
    filing = require_filing(ctx, filing_id)
    if filing.home_chain != packet.source:
        raise Rejected(FILING_FOREIGN, home=filing.home_chain)
    return filing
