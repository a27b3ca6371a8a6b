"""Traces (轨迹): an object's events as a hash chain whose head stands in the object's record.

One state proof of the record therefore shows that a list of events is complete and unaltered.
"""

from collections.abc import Iterable

from crypto.domain import tagged
from ledger import records
from ledger.merkle import Digest
from ledger.records import Record

EMPTY_HEAD = bytes(32)


class Event(Record, frozen=True, kw_only=True):
    """One action on an object, or a refusal worth keeping.

    index: 0 is the object's first. time_ms: the block's time. code: "OK" or the refusal's stable
    code. details hold no personal data; their keys are encoded in ascending order.
    """

    index: int
    action: str
    time_ms: int
    height: int
    tx_hash: bytes
    actor_org: str
    code: str
    details: dict[str, str]


def encode_event(event: Event) -> bytes:
    """The event's canonical bytes, as hashed into the head."""
    return records.encode(event)


def decode_event(data: bytes) -> Event:
    """Read `encode_event`'s bytes; MALFORMED otherwise."""
    return records.decode(Event, data)


def next_head(digest: Digest, head: bytes, event_bytes: bytes) -> bytes:
    """The head after one more event: H("yilian/trace/v1" 00 lp(head) lp(event))."""
    return digest(tagged("yilian/trace/v1", head, event_bytes))


def head_of(digest: Digest, events: Iterable[bytes]) -> bytes:
    """The head after these events, oldest first."""
    head = EMPTY_HEAD
    for event in events:
        head = next_head(digest, head, event)
    return head
