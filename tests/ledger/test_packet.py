"""Packets: every field is in the id, every limit is kept."""

from dataclasses import replace
from typing import Any

import pytest

from faults import Misuse, Rejected
from ledger.packet import (
    Packet,
    PacketReceipt,
    business_key_of,
    decode_packet_receipt,
    lane_of,
    outbox_key,
    packet_id,
    receipt_key,
)

PACKET = Packet(
    net="net",
    source="province",
    destination="finance",
    channel="pf",
    epoch=1,
    sequence=7,
    lane=lane_of("finance", "bill/1"),
    lane_sequence=2,
    operation="LOCK",
    schema="lock/1",
    sender="bureau",
    receiver="finance",
    deadline_ms=1000,
    business_key=business_key_of("finance", "bill/1", "ENTRY", 1),
    cycle=1,
    pcommit=b"",
    body=b"\x80",
    reference=b"",
)


def test_round_trip() -> None:
    for packet in (PACKET, replace(PACKET, pcommit=bytes(32), reference=b"r" * 32, body=b"")):
        assert Packet.decode(packet.encode()) == packet
        assert packet.id == packet_id(packet)


@pytest.mark.parametrize("name", list(Packet.__dataclass_fields__))
def test_every_field_is_in_the_id(name: str) -> None:
    value = getattr(PACKET, name)
    other: Any
    if isinstance(value, int):
        other = value + 1
    elif isinstance(value, str):
        other = value + "x"
    else:
        other = bytes(32)
    changes: dict[str, Any] = {name: other}
    assert replace(PACKET, **changes).id != PACKET.id


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"sequence": 0},
        {"lane_sequence": 0},
        {"pcommit": b"short"},
        {"reference": bytes(31)},
        {"pcommit": bytes(33)},
        {"net": ""},
        {"source": ""},
        {"destination": "d" * 33},
        {"channel": ""},
        {"operation": ""},
        {"operation": "o" * 65},
        {"body": bytes(16 * 1024 + 1)},
    ],
)
def test_rules(changes: dict[str, object]) -> None:
    with pytest.raises(Rejected, match="MALFORMED"):
        Packet.decode(replace(PACKET, **changes).encode())  # type: ignore[arg-type]


def test_malformed_bytes() -> None:
    encoded = PACKET.encode()
    for cut in range(len(encoded)):
        with pytest.raises(Rejected, match="MALFORMED"):
            Packet.decode(encoded[:cut])
    for wrong in (encoded + b"\0", bytes(30_000)):
        with pytest.raises(Rejected, match="MALFORMED"):
            Packet.decode(wrong)
    with pytest.raises(Misuse):
        replace(PACKET, lane=b"").encode()


def test_the_largest_body_fits() -> None:
    largest = replace(PACKET, body=bytes(16 * 1024), pcommit=bytes(32), reference=bytes(32))
    assert Packet.decode(largest.encode()) == largest


def test_lanes_and_business_keys_differ_by_every_part() -> None:
    lanes = {lane_of("a", "bc"), lane_of("ab", "c"), lane_of("a", "b")}
    keys = {
        business_key_of("a", "b", "ENTRY", 1),
        business_key_of("a", "b", "ENTRY", 2),
        business_key_of("a", "b", "LOCK", 1),
        business_key_of("a", "c", "ENTRY", 1),
        business_key_of("ab", "", "ENTRY", 1),
    }
    assert (len(lanes), len(keys), len(lanes & keys)) == (3, 5, 0)


def test_state_keys() -> None:
    assert outbox_key("pf", 1, 7) == "bridge/out/pf/1/000000000007"
    assert receipt_key("pf", 1, 7) == "bridge/in/pf/1/000000000007"


def test_receipts() -> None:
    made = PacketReceipt(
        packet_id=PACKET.id, outcome="ERR", code="BILL_LOCKED", result=b"", height=9, assurance="L3"
    )
    assert decode_packet_receipt(made.encode()) == made
    fields = {"outcome": made.outcome, "packet_id": made.packet_id}
    for change in ({"outcome": "MAYBE"}, {"packet_id": b"x"}):
        wrong = PacketReceipt(
            **{**fields, **change},  # type: ignore[arg-type]
            code="OK",
            result=b"",
            height=9,
            assurance="L3",
        )
        with pytest.raises(Rejected, match="MALFORMED"):
            decode_packet_receipt(wrong.encode())
    for data in (b"", made.encode() + b"\0", bytes(30_000)):
        with pytest.raises(Rejected, match="MALFORMED"):
            decode_packet_receipt(data)
