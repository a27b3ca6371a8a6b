"""Packets and their receipts: what one chain commits for another.

A packet holds only what the source's contract determines. Envelope, keys and the carrying router
are transport and never change its id, so any number of routers may carry it.
"""

from dataclasses import dataclass

from crypto.digest import sm3
from crypto.domain import tagged
from faults import Rejected
from ledger import records
from ledger.codec import Reader, Writer
from ledger.codes import MALFORMED
from ledger.limits import (
    CHAIN_ID_BYTES_MAX,
    HASH_BYTES,
    NAME_BYTES_MAX,
    PACKET_BODY_BYTES_MAX,
    PACKET_BYTES_MAX,
)
from ledger.records import Record

VERSION = 1
OUTCOMES = ("OK", "ERR", "TIMEOUT", "GOV")


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One cross-chain operation as the source chain committed it.

    sequence is dense per channel and direction, lane_sequence per lane, both from 1. deadline_ms is
    compared with the destination's block time. pcommit is empty when no document travels; body is
    the operation's record; reference is the id of the packet this answers or compensates, or empty.
    """

    version: int = VERSION
    net: str
    source: str
    destination: str
    channel: str
    epoch: int
    sequence: int
    lane: bytes
    lane_sequence: int
    operation: str
    schema: str
    sender: str
    receiver: str
    deadline_ms: int
    business_key: bytes
    cycle: int
    pcommit: bytes
    body: bytes
    reference: bytes

    @property
    def id(self) -> bytes:
        """The packet id (32 bytes)."""
        return packet_id(self)

    def encode(self) -> bytes:
        """Canonical bytes, in the order of the fields."""
        return (
            Writer()
            .u8(self.version)
            .text(self.net)
            .text(self.source)
            .text(self.destination)
            .text(self.channel)
            .u32(self.epoch)
            .u64(self.sequence)
            .fixed(self.lane, HASH_BYTES)
            .u64(self.lane_sequence)
            .text(self.operation)
            .text(self.schema)
            .text(self.sender)
            .text(self.receiver)
            .u64(self.deadline_ms)
            .fixed(self.business_key, HASH_BYTES)
            .u32(self.cycle)
            .lp(self.pcommit)
            .lp(self.body)
            .lp(self.reference)
            .done()
        )

    @staticmethod
    def decode(data: bytes) -> "Packet":
        """Read `encode`'s bytes; MALFORMED otherwise."""
        reader = Reader(data, "packet", limit=PACKET_BYTES_MAX)
        packet = Packet(
            version=reader.u8(),
            net=reader.text(NAME_BYTES_MAX),
            source=reader.text(CHAIN_ID_BYTES_MAX),
            destination=reader.text(CHAIN_ID_BYTES_MAX),
            channel=reader.text(NAME_BYTES_MAX),
            epoch=reader.u32(),
            sequence=reader.u64(),
            lane=reader.fixed(HASH_BYTES),
            lane_sequence=reader.u64(),
            operation=reader.text(NAME_BYTES_MAX),
            schema=reader.text(NAME_BYTES_MAX),
            sender=reader.text(NAME_BYTES_MAX),
            receiver=reader.text(NAME_BYTES_MAX),
            deadline_ms=reader.u64(),
            business_key=reader.fixed(HASH_BYTES),
            cycle=reader.u32(),
            pcommit=reader.lp(HASH_BYTES),
            body=reader.lp(PACKET_BODY_BYTES_MAX),
            reference=reader.lp(HASH_BYTES),
        )
        reader.end()
        _check(packet, reader)
        return packet


def packet_id(packet: Packet) -> bytes:
    """sm3("yilian/packet/v1" 00 packet): SM3 on every chain."""
    return sm3(tagged("yilian/packet/v1", packet.encode()))


def lane_of(home_chain: str, object_key: str) -> bytes:
    """The lane that orders all packets about one business object."""
    return sm3(tagged("yilian/lane/v1", home_chain.encode(), object_key.encode()))


def business_key_of(home_chain: str, object_key: str, operation: str, cycle: int) -> bytes:
    """What may take effect at most once: an operation on an object in one cycle."""
    number = Writer().u32(cycle).done()
    parts = (home_chain.encode(), object_key.encode(), operation.encode(), number)
    return sm3(tagged("yilian/business/v1", *parts))


def outbox_key(channel: str, epoch: int, sequence: int) -> str:
    """State key of a sent packet on its source chain."""
    return f"bridge/out/{channel}/{epoch}/{sequence:012d}"


def receipt_key(channel: str, epoch: int, sequence: int) -> str:
    """State key of a packet's receipt on its destination chain."""
    return f"bridge/in/{channel}/{epoch}/{sequence:012d}"


class PacketReceipt(Record, frozen=True, kw_only=True):
    """The one terminal answer to a packet, a state leaf of the destination.

    outcome: "OK", "ERR", "TIMEOUT" or "GOV"; code: "OK" or the refusal's stable code; result: the
    operation's result record or empty; height: of the destination's block; assurance: "L0" to "L3".
    """

    packet_id: bytes
    outcome: str
    code: str
    result: bytes
    height: int
    assurance: str

    def encode(self) -> bytes:
        """Canonical bytes: the value of the receipt's state leaf."""
        return records.encode(self)


def decode_packet_receipt(data: bytes) -> PacketReceipt:
    """Read a receipt leaf's value; MALFORMED otherwise."""
    if len(data) > PACKET_BYTES_MAX:
        raise Rejected(MALFORMED, what="packet receipt", reason="too long")
    receipt = records.decode(PacketReceipt, data)
    if len(receipt.packet_id) != HASH_BYTES or receipt.outcome not in OUTCOMES:
        raise Rejected(MALFORMED, what="packet receipt", reason="packet id or outcome")
    return receipt


def _check(packet: Packet, reader: Reader) -> None:
    if packet.version != VERSION:
        raise reader.refusal("unknown version")
    if packet.sequence < 1 or packet.lane_sequence < 1:
        raise reader.refusal("sequences start at 1")
    for part in (packet.pcommit, packet.reference):
        if len(part) not in (0, HASH_BYTES):
            raise reader.refusal("a hash has 32 bytes or is empty")
    required = (packet.net, packet.source, packet.destination, packet.channel, packet.operation)
    if not all(required):
        raise reader.refusal("net, chains, channel and operation are needed")
