"""Certificates and the many ways to count signatures wrongly."""

from dataclasses import replace

import pytest

from crypto.suites import INTL, Suite
from faults import Misuse, Rejected
from ledger.block import block_hash
from ledger.certificate import (
    COMMITTED,
    PRECOMMIT,
    Certificate,
    committed_bytes,
    precommit_bytes,
    verify_certificate,
    verify_header,
)
from ledger.validators import Validator, ValidatorSet
from tests.ledger.samples import CHAIN, certify, members, sample_header, signer_of

SET, SIGNERS = members(INTL, 4)
HEADER = sample_header(SET.hash(INTL))
HASH = block_hash(INTL, HEADER)
THREE = dict(list(enumerate(SIGNERS))[:3])
GOOD = certify(INTL, HEADER, SET, THREE)


def refused(certificate: Certificate, validators: ValidatorSet = SET) -> str:
    with pytest.raises(Rejected, match="BAD_CERTIFICATE") as caught:
        verify_certificate(INTL, validators, certificate)
    return caught.value.fields["reason"]


def test_quorums(suite: Suite) -> None:
    for count in (1, 2, 3, 4, 7, 31):
        validators, signers = members(suite, count)
        header = sample_header(validators.hash(suite))
        needed = count * 2 // 3 + 1
        enough = certify(suite, header, validators, dict(list(enumerate(signers))[-needed:]))
        assert verify_header(suite, validators, header, enough) == block_hash(suite, header)
        assert Certificate.decode(enough.encode()) == enough
        fewer = certify(suite, header, validators, dict(list(enumerate(signers))[: needed - 1]))
        with pytest.raises(Rejected, match="not more than two thirds"):
            verify_certificate(suite, validators, fewer)


def test_precommits_of_one_round(suite: Suite) -> None:
    validators, signers = members(suite, 4)
    header = sample_header(validators.hash(suite))
    made = certify(suite, header, validators, dict(enumerate(signers)), kind=PRECOMMIT, round=2)
    verify_header(suite, validators, header, made)
    for other in (replace(made, round=1), replace(made, kind=COMMITTED, round=0)):
        with pytest.raises(Rejected, match="does not verify"):
            verify_certificate(suite, validators, other)


def test_mixed_rounds_do_not_add_up() -> None:
    signatures = {i: s.sign(precommit_bytes(CHAIN, 5, i, HASH)) for i, s in THREE.items()}
    for round in (0, 1, 2):
        mixed = Certificate.assemble(
            kind=PRECOMMIT,
            chain_id=CHAIN,
            height=5,
            round=round,
            block_hash=HASH,
            validators=SET,
            signatures=signatures,
        )
        assert refused(mixed) == "a signature does not verify"


def test_statement_kinds_are_not_confused() -> None:
    signatures = tuple(s.sign(precommit_bytes(CHAIN, 5, 0, HASH)) for s in THREE.values())
    assert refused(replace(GOOD, signatures=signatures)) == "a signature does not verify"
    assert refused(replace(GOOD, kind=PRECOMMIT)) == "a signature does not verify"
    assert refused(replace(GOOD, kind=3)) == "unknown kind"
    assert refused(replace(GOOD, round=1)) == "round out of range"
    assert refused(replace(GOOD, kind=PRECOMMIT, round=2**31)) == "round out of range"
    assert committed_bytes(CHAIN, 5, HASH) != precommit_bytes(CHAIN, 5, 0, HASH)


def test_one_signer_repeated() -> None:
    same = (GOOD.signatures[0],) * 3
    assert refused(replace(GOOD, signatures=same)) == "a signature does not verify"
    alone = replace(GOOD, bitmap=b"\x01", signatures=same)
    assert refused(alone) == "signatures and bitmap differ in number"
    assert "two thirds" in refused(replace(alone, signatures=same[:1]))


def test_f_plus_one_and_exactly_two_thirds() -> None:
    two = certify(INTL, HEADER, SET, dict(list(THREE.items())[:2]))
    assert "two thirds" in refused(two)
    three, signers = members(INTL, 3)
    header = sample_header(three.hash(INTL))
    exactly = certify(INTL, header, three, dict(list(enumerate(signers))[:2]))
    assert "two thirds" in refused(exactly, three)


def test_power_counts_not_heads() -> None:
    heavy = ValidatorSet.of(
        *(Validator(s.public_key, 1) for s in SIGNERS[1:]), Validator(SIGNERS[0].public_key, 100)
    )
    index = heavy.index(SIGNERS[0].public_key)
    assert index is not None
    header = sample_header(heavy.hash(INTL))
    others = {i: s for s in SIGNERS[1:] if (i := heavy.index(s.public_key)) is not None}
    verify_certificate(INTL, heavy, certify(INTL, header, heavy, {index: SIGNERS[0]}))
    assert "two thirds" in refused(certify(INTL, header, heavy, others), heavy)


def test_bitmaps() -> None:
    assert refused(replace(GOOD, bitmap=b"")) == "bitmap has the wrong size"
    assert refused(replace(GOOD, bitmap=b"\x07\x00")) == "bitmap has the wrong size"
    beyond = replace(GOOD, bitmap=b"\x23", signatures=GOOD.signatures)
    assert refused(beyond) == "bitmap names a validator that does not exist"
    assert refused(replace(GOOD, bitmap=b"\x0f")) == "signatures and bitmap differ in number"
    assert refused(replace(GOOD, bitmap=b"\x0e")) == "a signature does not verify"
    assert "two thirds" in refused(replace(GOOD, bitmap=b"\x00", signatures=()))
    extra = replace(GOOD, bitmap=b"\x0f", signatures=(*GOOD.signatures, bytes(64)))
    assert refused(extra) == "a signature does not verify"


def test_another_set_does_not_do() -> None:
    other, signers = members(INTL, 4, first=20)
    forged = certify(INTL, HEADER, other, dict(enumerate(signers)))
    assert refused(forged) == "a signature does not verify"
    with pytest.raises(Rejected, match="another validator set"):
        verify_header(INTL, other, HEADER, forged)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"chain_id": "other"}, "different chains"),
        ({"height": 6}, "different heights"),
        ({"state_root": b"\x09" * 32}, "another block hash"),
    ],
)
def test_a_certificate_is_about_one_header(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(Rejected, match=reason):
        verify_header(INTL, SET, replace(HEADER, **changes), GOOD)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes", [{"chain_id": "other"}, {"height": 6}, {"block_hash": bytes(32)}]
)
def test_signatures_cover_every_field(changes: dict[str, object]) -> None:
    changed = replace(GOOD, **changes)  # type: ignore[arg-type]
    assert refused(changed) == "a signature does not verify"


def test_every_flipped_byte_is_refused() -> None:
    encoded = GOOD.encode()
    for position in range(len(encoded)):
        flipped = bytearray(encoded)
        flipped[position] ^= 1
        with pytest.raises(Rejected):
            certificate = Certificate.decode(bytes(flipped))
            verify_header(INTL, SET, HEADER, certificate)


def test_malformed_bytes() -> None:
    encoded = GOOD.encode()
    for wrong in (b"", encoded[:-1], encoded + b"\0", b"\x03" + encoded[1:], bytes(5000)):
        with pytest.raises(Rejected, match="MALFORMED"):
            Certificate.decode(wrong)


def test_assembling_for_a_validator_that_does_not_exist() -> None:
    with pytest.raises(Misuse):
        certify(INTL, HEADER, SET, {4: signer_of(INTL, 1)})


def test_validator_sets() -> None:
    one = Validator(SIGNERS[0].public_key, 1)
    assert len(ValidatorSet.of(one)) == 1
    assert SET.index(SIGNERS[2].public_key) == 2
    assert SET.index(b"") is None
    assert (SET.total_power, SET.quorum) == (40, 27)
    assert ValidatorSet.decode(SET.encode()) == SET
    many = [Validator(signer_of(INTL, i).public_key, 1) for i in range(1, 33)]
    wrong: list[tuple[Validator, ...]] = [
        (),
        (one, one),
        tuple(many),
        (Validator(one.public_key, 0),),
        (Validator(one.public_key, 10**9 + 1),),
        (Validator(b"\x04" + bytes(63), 1),),
        (Validator(b"\x02" + bytes(64), 1),),
    ]
    for validators in wrong:
        with pytest.raises(Rejected, match="MALFORMED"):
            ValidatorSet.of(*validators)
    with pytest.raises(Rejected, match="do not ascend"):
        ValidatorSet(SET.validators[::-1])
    for data in (b"", SET.encode()[:-1], SET.encode() + b"\0", b"\0\0\0\x20" + SET.encode()[4:]):
        with pytest.raises(Rejected, match="MALFORMED"):
            ValidatorSet.decode(data)
