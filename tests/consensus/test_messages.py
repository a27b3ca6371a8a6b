"""The encoding of messages: exact, strict, bounded; and what is signed under which tag."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consensus import messages
from consensus.messages import (
    BlockRequest,
    BlockResponse,
    Committed,
    CommittedCertificate,
    Part,
    PartRequest,
    Proposal,
    ProposalHead,
    Status,
    Vote,
    VoteKind,
    decode,
    encode,
    proposal_bytes,
    vote_bytes,
)
from faults import Misuse, PeerFault
from ledger.certificate import precommit_bytes

KEY, HASH, SIGNATURE = b"\x04" + b"k" * 64, b"h" * 32, b"s" * 64
HEAD = ProposalHead(7, 2, -1, HASH, 4, b"p" * 32, KEY, SIGNATURE)
SAMPLES = [
    Proposal(7, 2, -1, HASH, b"block", KEY, SIGNATURE),
    Proposal(7, 2, 1, HASH, b"", KEY, SIGNATURE),
    Vote(VoteKind.PREVOTE, 7, 2, HASH, KEY, SIGNATURE),
    Vote(VoteKind.PRECOMMIT, 7, 2, b"", KEY, SIGNATURE),
    Committed(7, HASH, KEY, SIGNATURE),
    Status(7, 2, True, False, 5, 2**31 - 1),
    BlockRequest(7, 16),
    BlockResponse(7, b"block", b"certificate"),
    CommittedCertificate(7, b"certificate"),
    HEAD,
    Part(7, b"p" * 32, 4, 3, (HASH, HASH), b"data"),
    PartRequest(7, b"p" * 32, 4, b"\x0f"),
]


@pytest.mark.parametrize("message", SAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_survives_and_nothing_but_it_does(message):
    encoded = encode(message)
    assert decode(encoded) == message
    for end in range(len(encoded)):
        with pytest.raises(PeerFault):
            decode(encoded[:end])
    with pytest.raises(PeerFault):
        decode(encoded + b"\0")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_a_peers_fault(data):
    try:
        message = decode(data)
    except PeerFault:
        return
    assert encode(message) == data


@given(st.sampled_from(SAMPLES), st.integers(0, 500), st.integers(1, 255))
def test_mutated_messages_are_other_messages_or_refused(message, place, change):
    encoded = bytearray(encode(message))
    encoded[place % len(encoded)] ^= change
    try:
        other = decode(bytes(encoded))
    except PeerFault:
        return
    assert other != message
    assert encode(other) == bytes(encoded)


def test_a_justification_comes_from_an_earlier_round():
    for pol_round in (2, 3):
        wrong = encode(replace(SAMPLES[0], pol_round=pol_round))
        with pytest.raises(PeerFault):
            decode(wrong)


def test_rounds_hashes_and_kinds_out_of_range():
    for wrong in (
        replace(SAMPLES[2], round=2**31),
        replace(SAMPLES[2], block_hash=b"short"),
        replace(SAMPLES[0], round=2**31),
    ):
        with pytest.raises(PeerFault):
            decode(encode(wrong))
    with pytest.raises(PeerFault):
        decode(b"\x02\x03" + encode(SAMPLES[2])[2:])


def test_oversized_messages_are_refused_on_both_sides(monkeypatch):
    huge = bytes(messages.MESSAGE_BYTES_MAX + 1)
    with pytest.raises(PeerFault):
        decode(huge)
    with pytest.raises(Misuse):
        encode(Proposal(1, 0, -1, HASH, huge, KEY, SIGNATURE))


def test_every_statement_is_its_own():
    statements = [
        proposal_bytes("c", HEAD),
        proposal_bytes("d", HEAD),
        *(
            proposal_bytes("c", replace(HEAD, **{name: value}))
            for name, value in (
                ("height", 8),
                ("round", 3),
                ("pol_round", 0),
                ("block_hash", b"i" * 32),
                ("parts", 5),
                ("parts_root", b"q" * 32),
            )
        ),
        *(
            vote_bytes(chain, kind, height, round_number, value)
            for chain in ("c", "d")
            for kind in VoteKind
            for height in (1, 2)
            for round_number in (0, 1)
            for value in (HASH, b"i" * 32, b"")
        ),
    ]
    assert len(set(statements)) == len(statements)
    assert vote_bytes("c", VoteKind.PRECOMMIT, 1, 0, HASH) == precommit_bytes("c", 1, 0, HASH)
    assert statements[0].startswith(b"yilian/proposal/v1\0")
