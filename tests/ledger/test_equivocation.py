"""Evidence of two statements where one is allowed: exact, ordered, and with both signatures."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.suites import GM, INTL
from faults import Rejected
from ledger.certificate import committed_bytes, precommit_bytes
from ledger.equivocation import Equivocation, Kind, Signed
from ledger.statements import (
    precommit_nil_bytes,
    prevote_bytes,
    proposal_bytes,
    proposal_value,
)

CHAIN, HEIGHT, ROUND = "yl-test", 7, 2
X, Y = b"x" * 32, b"y" * 32
P = proposal_value(-1, X, 3, b"r" * 32)
Q = proposal_value(-1, X, 3, b"s" * 32)


def statement(kind, value):
    if kind is Kind.PROPOSAL:
        return proposal_bytes(CHAIN, HEIGHT, ROUND, value)
    if kind is Kind.PREVOTE:
        return prevote_bytes(CHAIN, HEIGHT, ROUND, value)
    if kind is Kind.COMMITTED:
        return committed_bytes(CHAIN, HEIGHT, value)
    if value:
        return precommit_bytes(CHAIN, HEIGHT, ROUND, value)
    return precommit_nil_bytes(CHAIN, HEIGHT, ROUND)


def evidence(suite, kind, one, other):
    signer = suite.signer(b"\x07" * 32)
    said = [Signed(value, signer.sign(statement(kind, value))) for value in (one, other)]
    round_number = 0 if kind is Kind.COMMITTED else ROUND
    return Equivocation.of(kind, HEIGHT, round_number, signer.public_key, *said)


SAID = [
    (Kind.PROPOSAL, P, Q),
    (Kind.PREVOTE, X, Y),
    (Kind.PREVOTE, Y, b""),
    (Kind.PRECOMMIT, Y, X),
    (Kind.PRECOMMIT, b"", X),
    (Kind.COMMITTED, X, Y),
]


@pytest.mark.parametrize("suite", [GM, INTL], ids=lambda suite: suite.name)
@pytest.mark.parametrize(("kind", "one", "other"), SAID)
def test_two_signed_statements_are_evidence_in_one_form(suite, kind, one, other):
    found = evidence(suite, kind, one, other)
    found.verify(suite, CHAIN)
    assert Equivocation.decode(found.encode()) == found
    assert found.first.value < found.second.value
    assert {found.first.value, found.second.value} == {one, other}


@pytest.mark.parametrize(("kind", "one", "other"), SAID)
def test_anything_else_is_none(kind, one, other):
    found = evidence(INTL, kind, one, other)
    stranger = INTL.signer(b"\x08" * 32).public_key
    bad = [
        replace(found, second=found.first),
        replace(found, first=found.second, second=found.first),
        replace(found, second=replace(found.second, signature=found.first.signature)),
        replace(found, first=replace(found.first, signature=bytes(64))),
        replace(found, validator=stranger),
        replace(found, height=HEIGHT + 1),
    ]
    if kind is not Kind.COMMITTED:
        bad.append(replace(found, round=ROUND + 1))
    for one_bad in bad:
        with pytest.raises(Rejected) as refusal:
            one_bad.verify(INTL, CHAIN)
        assert refusal.value.code.name == "BAD_EQUIVOCATION"
    with pytest.raises(Rejected):
        found.verify(INTL, "yl-other")


def test_a_prevote_and_a_precommit_are_no_contradiction():
    signer = INTL.signer(b"\x07" * 32)
    said = (
        Signed(X, signer.sign(statement(Kind.PREVOTE, X))),
        Signed(Y, signer.sign(statement(Kind.PRECOMMIT, Y))),
    )
    for kind in (Kind.PREVOTE, Kind.PRECOMMIT):
        with pytest.raises(Rejected):
            Equivocation.of(kind, HEIGHT, ROUND, signer.public_key, *said).verify(INTL, CHAIN)


def test_truncated_lengthened_and_impossible_forms_are_malformed():
    found = evidence(INTL, Kind.PREVOTE, X, Y)
    encoded = found.encode()
    for end in range(len(encoded)):
        with pytest.raises(Rejected):
            Equivocation.decode(encoded[:end])
    wrong = [
        encoded + b"\0",
        b"\x05" + encoded[1:],
        b"\0" + encoded[1:],
        replace(found, height=0).encode(),
        replace(found, round=2**31).encode(),
        replace(found, first=replace(found.first, value=b"short")).encode(),
        replace(found, kind=Kind.COMMITTED).encode(),
        replace(found, kind=Kind.PROPOSAL).encode(),
    ]
    for data in wrong:
        with pytest.raises(Rejected) as refusal:
            Equivocation.decode(data)
        assert refusal.value.code.name == "MALFORMED"


@given(st.binary(max_size=400))
def test_any_bytes_are_evidence_or_refused(data):
    try:
        found = Equivocation.decode(data)
    except Rejected:
        return
    assert found.encode() == data
