"""What one faulty validator can make us keep, whatever it sends: little, and of near heights."""

import random

import pytest

from consensus.machine import (
    FUTURE_PROPOSALS_MAX,
    FUTURE_VOTES_PER_VALIDATOR,
    ROUNDS_KEPT,
)
from consensus.messages import NIL, VoteKind
from consensus.state import ProposalReceived, TimeoutFired, TimerKind, VoteReceived
from consensus.votes import FAR_ROUNDS, ROUNDS_AHEAD, VALUES_MAX
from tests.consensus.test_machine import BLOCKS, HEIGHT, KEYS, Story, X, Y, proposal, vote


def flood(story, name, count=3_000, seed=1):
    """Random votes of one validator: any round, any value, this height and others."""
    dice = random.Random(seed)
    for _ in range(count):
        height = HEIGHT + dice.choice((-1, 0, 0, 0, 1, 2, 1000))
        round_number = dice.choice((0, 1, 2, 5, dice.randrange(2**31)))
        value = dice.choice((NIL, X, dice.randbytes(32)))
        kind = dice.choice(list(VoteKind))
        story.tell(VoteReceived(vote(kind, round_number, name, value, height)))


def held(story):
    return sum(
        len(votes)
        for tally in story.state.votes.tallies.values()
        for votes in tally.by_value.values()
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_flood_of_votes_from_one_validator_is_bounded(seed):
    story = Story()
    name = story.others()[0]
    flood(story, name, seed=seed)
    rounds = 1 + ROUNDS_AHEAD + FAR_ROUNDS
    assert held(story) <= rounds * len(VoteKind) * (VALUES_MAX + 1)
    assert len(story.state.votes.tallies) <= rounds * len(VoteKind)
    assert len(story.state.future) <= FUTURE_VOTES_PER_VALIDATOR
    assert story.state.round == 0
    flood(story, name, seed=seed + 100)
    assert held(story) <= rounds * len(VoteKind) * (VALUES_MAX + 1)


def test_only_the_very_next_height_is_kept_and_each_validator_has_its_own_room():
    story = Story()
    for height in (HEIGHT - 1, HEIGHT + 2, HEIGHT + 10**6):
        for name in story.others():
            story.tell(VoteReceived(vote(VoteKind.PREVOTE, 0, name, X, height)))
        story.tell(ProposalReceived(proposal(0, X, height=height)))
    assert story.state.future == []
    for name in story.others():
        for round_number in range(50):
            kept = vote(VoteKind.PREVOTE, round_number, name, X, HEIGHT + 1)
            story.tell(VoteReceived(kept), VoteReceived(kept))
    assert len(story.state.future) == 3 * FUTURE_VOTES_PER_VALIDATOR
    for round_number in range(50):
        story.tell(ProposalReceived(proposal(round_number, Y, height=HEIGHT + 1)))
    kept = [one for one in story.state.future if isinstance(one, ProposalReceived)]
    assert len(kept) == FUTURE_PROPOSALS_MAX


def test_proposals_of_far_rounds_are_not_kept():
    story = Story()
    for round_number in range(200):
        story.tell(ProposalReceived(proposal(round_number, X)))
    assert max(story.state.proposals) <= story.state.round + ROUNDS_AHEAD


def test_blocks_of_rounds_long_past_are_forgotten():
    story = Story()
    for round_number in range(30):
        story.tell(ProposalReceived(proposal(round_number, X)))
        story.tell(
            *(
                VoteReceived(vote(VoteKind.PRECOMMIT, round_number, name, NIL))
                for name in story.others()
            )
        )
        story.tell(TimeoutFired(TimerKind.PRECOMMIT, HEIGHT, round_number))
        assert story.state.round == round_number + 1
        assert len(story.state.proposals) <= ROUNDS_KEPT + 2
    assert set(BLOCKS) == {X, Y}
    assert set(KEYS) == set("ABCD")
