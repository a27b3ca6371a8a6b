"""Endorsements: what they cover, where they stand, and that nothing can be slipped past them."""

import pytest

from crypto.suites import INTL, Suite
from faults import Rejected
from ledger.endorsement import endorse, endorsed_part
from ledger.limits import ENDORSEMENTS_MAX
from ledger.transaction import check_signature, encode_transaction, sign_body
from proto.transaction_pb2 import TxBody
from tests.ledger.oracle import protobuf
from tests.ledger.samples import signer_of
from tests.ledger.test_transaction import body, parse


def sent(made: bytes, suite: Suite = INTL):  # type: ignore[no-untyped-def]
    return parse(encode_transaction(sign_body(signer_of(suite, 1), made)), suite)


def endorsed(suite: Suite = INTL, numbers: tuple[int, ...] = (2, 3)) -> bytes:
    made = body(suite, all_or_nothing=True).SerializeToString()
    for number in numbers:
        made = endorse(signer_of(suite, number), made)
    return made


def test_endorsers_sign_the_same_bytes_in_any_order(suite: Suite) -> None:
    plain = body(suite, all_or_nothing=True).SerializeToString()
    for numbers in ((2, 3), (3, 2)):
        parsed = sent(endorsed(suite, numbers), suite)
        check_signature(suite, parsed)
        assert parsed.endorsed == plain
        keys = [one.public_key for one in parsed.body.endorsements]
        assert keys == [signer_of(suite, number).public_key for number in numbers]


def test_the_body_is_what_protobuf_itself_would_write() -> None:
    made = endorsed()
    assert TxBody.FromString(made).SerializeToString() == made


def test_an_endorsement_of_another_body_is_refused() -> None:
    made = endorsed()
    for changes in ({"method": "enter"}, {"operations": [b"other"]}, {"nonce": b"n" * 16}):
        taken = made[len(endorsed_part(made)) :]
        parsed = sent(body(all_or_nothing=True, **changes).SerializeToString() + taken)
        with pytest.raises(Rejected, match="BAD_SIGNATURE"):
            check_signature(INTL, parsed)


def test_the_signer_covers_the_endorsements_too() -> None:
    parsed = sent(endorsed())
    fewer = parse(encode_transaction(sign_body(signer_of(INTL, 1), endorsed(numbers=(2,)))))
    assert parsed.hash != fewer.hash


@pytest.mark.parametrize(
    "made",
    [
        endorsed(numbers=(2, 2)),  # twice
        endorsed(numbers=(1,)),  # the signer's own
        endorsed() + protobuf((4, b"one operation more")),
        body().SerializeToString() + protobuf((9, b"")),
        body().SerializeToString() + protobuf((9, protobuf((1, b"\x04" * 65)))),
        body().SerializeToString() + protobuf((9, protobuf((1, b"\x03" * 65), (2, b"s" * 64)))),
        body().SerializeToString()
        + protobuf((9, protobuf((1, b"\x04" * 65), (2, b"s" * 64), (3, b"x")))),
        body().SerializeToString()
        + b"".join(
            protobuf((9, protobuf((1, b"\x04" + bytes([n]) * 64), (2, b"s" * 64))))
            for n in range(ENDORSEMENTS_MAX + 1)
        ),
    ],
)
def test_malformed_endorsements(made: bytes) -> None:
    with pytest.raises(Rejected, match="MALFORMED"):
        sent(made)
