"""Transactions: form, limits, signature, window. Nothing is re-encoded, nothing is ambiguous."""

import pytest

from crypto.digest import sha256
from crypto.suites import GM, INTL, Suite
from faults import Rejected
from ledger.transaction import (
    body_hash,
    check_signature,
    check_window,
    encode_transaction,
    parse_transaction,
    sign_body,
    tx_hash,
)
from proto.transaction_pb2 import Transaction, TxBody
from tests.ledger.oracle import protobuf, transaction
from tests.ledger.samples import CHAIN, signer_of, transaction_bytes


def body(suite: Suite = INTL, **changes: object) -> TxBody:
    fields: dict[str, object] = {
        "chain_id": CHAIN,
        "contract": "bill",
        "method": "lock",
        "operations": [b"op"],
        "signer": signer_of(suite, 1).public_key,
        "nonce": bytes(16),
        "last_height": 100,
    }
    return TxBody(**{**fields, **changes})  # type: ignore[arg-type]


def parse(raw: bytes, suite: Suite = INTL):  # type: ignore[no-untyped-def]
    return parse_transaction(raw, suite, chain_id=CHAIN)


def signed(made: TxBody, suite: Suite = INTL) -> bytes:
    return encode_transaction(sign_body(signer_of(suite, 1), made.SerializeToString()))


def test_a_good_one(suite: Suite) -> None:
    raw = transaction_bytes(suite, signer_of(suite, 1), nonce=5, operations=3)
    parsed = parse(raw, suite)
    check_signature(suite, parsed)
    assert raw == Transaction.FromString(raw).SerializeToString() == parsed.raw
    assert parsed.hash == tx_hash(suite, Transaction.FromString(raw))
    assert len(parsed.body.operations) == 3


def test_the_hash_does_not_depend_on_the_signature(suite: Suite) -> None:
    made = body(suite).SerializeToString()
    first, second = (sign_body(signer_of(suite, 1), made) for _ in range(2))
    assert first.signature != second.signature
    assert tx_hash(suite, first) == tx_hash(suite, second) == body_hash(suite, made)


def test_every_flipped_byte_is_refused(suite: Suite) -> None:
    raw = transaction_bytes(suite, signer_of(suite, 1), nonce=5)
    for position in range(len(raw)):
        flipped = bytearray(raw)
        flipped[position] ^= 1
        with pytest.raises(Rejected):
            check_signature(suite, parse(bytes(flipped), suite))


def test_a_signature_of_another_kind_or_key_is_refused(suite: Suite) -> None:
    made = body(suite).SerializeToString()
    for signature in (
        signer_of(suite, 1).sign(made),  # without the domain tag
        signer_of(suite, 2).sign(b"yilian/tx/v1\0" + made),
        bytes(64),
        b"\xff" * 64,
    ):
        with pytest.raises(Rejected, match="BAD_SIGNATURE"):
            check_signature(suite, parse(transaction(made, signature), suite))


def test_suites_do_not_mix() -> None:
    raw = signed(body(GM), GM)
    with pytest.raises(Rejected, match="BAD_SIGNATURE"):
        check_signature(INTL, parse(raw, INTL))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"chain_id": "other"}, "WRONG_CHAIN"),
        ({"chain_id": ""}, "WRONG_CHAIN"),
        ({"contract": ""}, "MALFORMED"),
        ({"contract": "c" * 65}, "MALFORMED"),
        ({"method": ""}, "MALFORMED"),
        ({"operations": []}, "MALFORMED"),
        ({"operations": [b""] * 1001}, "TX_TOO_LARGE"),
        ({"operations": [bytes(2**20 + 1)]}, "TX_TOO_LARGE"),
        ({"operations": [bytes(2**20)] * 8}, "TX_TOO_LARGE"),
        ({"signer": b""}, "MALFORMED"),
        ({"signer": b"\x04" + bytes(63)}, "MALFORMED"),
        ({"signer": b"\x02" + bytes(64)}, "MALFORMED"),
        ({"nonce": bytes(15)}, "MALFORMED"),
        ({"nonce": bytes(17)}, "MALFORMED"),
    ],
)
def test_rules_of_the_body(changes: dict[str, object], code: str) -> None:
    with pytest.raises(Rejected, match=code):
        parse(signed(body(INTL, **changes)))


def test_a_thousand_operations_are_allowed() -> None:
    parsed = parse(signed(body(operations=[b""] * 1000)))
    assert len(parsed.body.operations) == 1000


GOOD = body().SerializeToString()
SIGNATURE = bytes(range(1, 65))


@pytest.mark.parametrize(
    "made",
    [
        GOOD + protobuf((10, 1)),  # unknown field
        GOOD + protobuf((8, 0)),  # a flag set to no
        GOOD + protobuf((8, 2)),
        GOOD + protobuf((1000, b"x")),
        GOOD + protobuf((1, CHAIN.encode())),  # repeated single field: the last one would win
        GOOD + protobuf((7, 50)),
        GOOD + protobuf((4, 7)),  # another wire type
        GOOD + b"\x3d\0\0\0\0",  # fixed32 for last_height
        GOOD + b"\x23\x24",  # group
        GOOD[:-1] + b"\x80",  # a varint that does not end
        GOOD[:-1] + b"\xe4\x00",  # not minimal
        GOOD[:-1] + b"\xff" * 10 + b"\x01",
        GOOD + b"\x0a\xff\xff\xff\xff\x0f",  # a length beyond the end
        GOOD + b"\x0a",
        b"",
        GOOD.replace(b"bill", b"\xff\xfe\xfd\xfc"),  # not UTF-8
    ],
)
def test_ambiguous_or_broken_bodies(made: bytes) -> None:
    with pytest.raises(Rejected, match=r"MALFORMED|WRONG_CHAIN"):
        parse(transaction(made, SIGNATURE))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0",
        GOOD,
        transaction(GOOD, SIGNATURE) + b"\0",
        transaction(GOOD, SIGNATURE) + protobuf((3, 1)),
        transaction(GOOD, SIGNATURE) + protobuf((2, SIGNATURE)),
        protobuf((2, SIGNATURE), (1, GOOD)),  # order
        protobuf((1, GOOD), (2, SIGNATURE[:63])),
        protobuf((1, GOOD), (2, SIGNATURE + b"\0")),
        protobuf((1, GOOD)),
        protobuf((2, SIGNATURE)),
        bytes(8 * 2**20 + 1),
    ],
)
def test_broken_transactions(raw: bytes) -> None:
    with pytest.raises(Rejected, match=r"MALFORMED|WRONG_CHAIN|TX_TOO_LARGE"):
        parse(raw)


def test_fields_of_the_body_may_come_in_any_order() -> None:
    """Any language may build a body: what counts is that it can be read in one way only."""
    made = protobuf(
        (7, 100),
        (6, bytes(16)),
        (5, signer_of(INTL, 1).public_key),
        (4, b"op"),
        (3, b"lock"),
        (2, b"bill"),
        (1, CHAIN.encode()),
    )
    parsed = parse(encode_transaction(sign_body(signer_of(INTL, 1), made)))
    check_signature(INTL, parsed)
    assert parsed.raw_body == made
    assert parsed.hash == sha256(b"yilian/tx/v1\0" + made)


def test_window() -> None:
    parsed = parse(signed(body(last_height=1100)))
    for height in (100, 500, 1100):
        check_window(parsed, height)
    with pytest.raises(Rejected, match="TX_TOO_FAR_AHEAD"):
        check_window(parsed, 99)
    with pytest.raises(Rejected, match="TX_EXPIRED"):
        check_window(parsed, 1101)
