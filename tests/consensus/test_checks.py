"""What a header must be whatever its roots are, and when a proposal's time is judged."""

from dataclasses import replace

import pytest

from consensus.checks import Checks, header_fault, is_timely
from consensus.messages import Proposal, ProposalHead, proposal_bytes
from consensus.parts import head_of, split
from faults import PeerFault
from ledger.block import Block, Header, block_hash, transactions_root
from ledger.validators import Validator, ValidatorSet
from tests.consensus.test_driver import CHAIN, SUITE

SIGNERS = [SUITE.signer(bytes([number]) * 32) for number in (1, 2, 3)]
VALIDATORS = ValidatorSet.of(*(Validator(signer.public_key, 1) for signer in SIGNERS))
OURS, THEIRS = SIGNERS[0].public_key, SIGNERS[1].public_key
NOW, DRIFT = 1_700_000_000_000, 10_000


def header(height=1, time_ms=NOW, previous=bytes(32), transactions=(), proposer=OURS):
    return Header(
        chain_id=CHAIN,
        height=height,
        time_ms=time_ms,
        previous_hash=previous,
        transactions_root=transactions_root(SUITE, transactions),
        receipts_root=bytes(32),
        state_root=bytes(32),
        history_root=bytes(32),
        validators_hash=VALIDATORS.hash(SUITE),
        next_validators_hash=VALIDATORS.hash(SUITE),
        proposer=proposer,
    )


def proposal_of(block_header, pol=-1, by=OURS):
    return Proposal(1, 5, pol, b"h" * 32, b"", by, b"s" * 64)


# ---- time


@pytest.mark.parametrize(("later_ms", "good"), [(-1, False), (0, False), (1, True), (10**9, True)])
def test_a_blocks_time_is_later_than_its_parents(later_ms, good):
    parent = header()
    child = header(2, NOW + later_ms, block_hash(SUITE, parent))
    fault = header_fault(child, parent, VALIDATORS, SUITE)
    assert (fault is None) == good
    assert good or "time" in fault


@pytest.mark.parametrize(
    ("ahead_ms", "timely"),
    [(-(10**9), True), (0, True), (DRIFT, True), (DRIFT + 1, False), (10**9, False)],
)
def test_a_fresh_proposal_must_not_be_from_the_future(ahead_ms, timely):
    made = header(time_ms=NOW + ahead_ms)
    assert is_timely(proposal_of(made), made, now_ms=NOW, drift_ms=DRIFT) is timely


@pytest.mark.parametrize("ahead_ms", [-(10**9), 0, DRIFT + 1, 10**9])
def test_a_value_proposed_again_is_not_judged_by_the_clock_nor_by_who_built_it(ahead_ms):
    made = header(time_ms=NOW + ahead_ms, proposer=THEIRS)
    assert is_timely(proposal_of(made, pol=2), made, now_ms=NOW, drift_ms=DRIFT)


def test_a_fresh_block_is_its_proposers_own():
    made = header(proposer=THEIRS)
    assert not is_timely(proposal_of(made), made, now_ms=NOW, drift_ms=DRIFT)


# ---- the rest of the header


def test_a_header_stands_on_the_last_block_and_names_its_validators():
    parent = header()
    good = header(2, NOW + 1, block_hash(SUITE, parent))
    assert header_fault(good, parent, VALIDATORS, SUITE) is None
    stranger = SUITE.signer(b"\x09" * 32).public_key
    for bad in (
        replace(good, previous_hash=bytes(32)),
        replace(good, validators_hash=bytes(32)),
        replace(good, proposer=stranger),
    ):
        assert header_fault(bad, parent, VALIDATORS, SUITE) is not None


def test_a_head_is_signed_by_a_validator_and_its_block_is_what_it_names():
    checks = Checks(CHAIN, SUITE)
    block = Block(header(transactions=(b"a", b"b")), (b"a", b"b"))
    digest = block_hash(SUITE, block.header)
    proposal = Proposal(1, 0, -1, digest, block.encode(), OURS, b"")
    unsigned = head_of(proposal, split(SUITE.hash, block.encode()))

    def signed(head: ProposalHead, signer=SIGNERS[0]):
        return replace(head, signature=signer.sign(proposal_bytes(CHAIN, head)))

    head = signed(unsigned)
    checks.head(head, VALIDATORS)
    assert checks.block(head, block.encode()) == block
    for bad in (
        replace(head, block_hash=bytes(32)),
        replace(head, parts=2),
        replace(head, parts_root=bytes(32)),
        replace(head, round=1),
        replace(head, proposer=THEIRS),
        signed(unsigned, SUITE.signer(b"\x09" * 32)),
    ):
        with pytest.raises(PeerFault):
            checks.head(bad, VALIDATORS)
    other = Block(block.header, (b"a", b"c")).encode()
    for encoded in (other, block.encode() + b"\0", block.encode()[:-1], b""):
        with pytest.raises(PeerFault):
            checks.block(head, encoded)
    with pytest.raises(PeerFault):
        checks.block(replace(head, block_hash=bytes(32)), block.encode())
    with pytest.raises(PeerFault):
        checks.block(replace(head, height=2), block.encode())
