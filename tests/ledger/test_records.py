"""Records have one encoding; MessagePack alone would allow many."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faults import Rejected
from ledger import records
from ledger.records import Record
from ledger.trace import EMPTY_HEAD, Event, decode_event, encode_event, head_of, next_head


class Part(Record, frozen=True, kw_only=True):
    amount_fen: int


class Sample(Record, frozen=True, kw_only=True):
    zeta: int
    alpha: bytes
    parts: tuple[Part, ...]
    notes: dict[str, str]
    account: str | None = None


def sample(**changes: object) -> Sample:
    fields: dict[str, object] = {
        "zeta": 1,
        "alpha": b"\x01\x02",
        "parts": (Part(amount_fen=-5),),
        "notes": {"b": "2", "a": "1"},
    }
    return Sample(**{**fields, **changes})  # type: ignore[arg-type]


@given(
    st.integers(-(2**63), 2**64 - 1),
    st.binary(),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5)),
)
def test_round_trip(number: int, data: bytes, notes: dict[str, str]) -> None:
    record = sample(zeta=number, alpha=data, notes=notes)
    encoded = records.encode(record)
    assert records.decode(Sample, encoded) == record
    assert records.encode(records.decode(Sample, encoded)) == encoded


def test_fields_keep_their_declared_order_and_dictionaries_are_sorted() -> None:
    first = records.encode(sample(notes={"b": "2", "a": "1"}))
    assert first == records.encode(sample(notes={"a": "1", "b": "2"}))
    assert list(records.untyped(first)) == ["zeta", "alpha", "parts", "notes", "account"]


def variants() -> list[bytes]:
    fields = records.untyped(records.encode(sample()))
    pack = msgspec.msgpack.encode
    reordered = dict(reversed(fields.items()))
    missing = {name: value for name, value in fields.items() if name != "account"}
    unsorted = {**fields, "notes": {"b": "2", "a": "1"}}
    good = pack({**fields, "notes": {"a": "1", "b": "2"}})
    long_integer = good.replace(b"\xa4zeta\x01", b"\xa4zeta\xcc\x01")
    repeated = b"\x86" + good[1:] + b"\xa4zeta\x01"
    return [
        pack(reordered),
        pack(missing),
        pack(unsorted),
        pack({**fields, "extra": 1}),
        pack({**fields, "zeta": "1"}),
        pack({**fields, "zeta": 1.0}),
        pack(None),
        long_integer,
        repeated,
        good + b"\0",
        good[:-1],
        b"",
        b"\x91" * 100_000,
    ]


@pytest.mark.parametrize("data", variants())
def test_anything_but_the_one_form_is_refused(data: bytes) -> None:
    with pytest.raises(Rejected, match="MALFORMED"):
        records.decode(Sample, data)


def test_too_long_a_record_is_refused() -> None:
    with pytest.raises(Rejected, match="too long"):
        records.decode(Sample, bytes(2**20 + 1))
    with pytest.raises(Rejected, match="too long"):
        records.to_json(bytes(2**20 + 1))


def test_json_for_people() -> None:
    shown = msgspec.json.decode(records.to_json(records.encode(sample())))
    assert shown["alpha"] == "0102"
    assert shown["parts"] == [{"amount_fen": -5}]
    with pytest.raises(Rejected, match="MALFORMED"):
        records.to_json(b"\xc1")


def event(index: int) -> Event:
    return Event(
        index=index,
        action="lock",
        time_ms=1,
        height=2,
        tx_hash=b"t" * 32,
        actor_org="bureau",
        code="OK",
        details={"z": "1", "a": "2"},
    )


def test_trace_heads_chain() -> None:
    def digest(data: bytes) -> bytes:
        return records.encode(sample(alpha=data))[:32]

    encoded = [encode_event(event(i)) for i in range(3)]
    assert [decode_event(data) for data in encoded] == [event(i) for i in range(3)]
    assert head_of(digest, []) == EMPTY_HEAD
    head = EMPTY_HEAD
    for data in encoded:
        head = next_head(digest, head, data)
    assert head_of(digest, encoded) == head
