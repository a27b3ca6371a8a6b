"""The rules of algorithm 1 one by one, as short stories told to the real core.

Four validators A to D with one vote each; we are `me`. Votes and proposals are written in one line:
`prevote(1, "A", X)` is A's prevote for block X in round 1.
"""

import pytest

from consensus.machine import step
from consensus.messages import NIL, Proposal, Vote, VoteKind
from consensus.proposer import Electorate
from consensus.state import (
    BlockBuilt,
    BuildBlock,
    ExecuteBlock,
    Executed,
    PoolReady,
    ProposalReceived,
    Restored,
    Start,
    State,
    Step,
    TimeoutFired,
    TimerKind,
    UnsignedProposal,
    UnsignedVote,
    VoteReceived,
)
from consensus.votes import DoubleVote
from faults import InvariantBroken, Misuse

KEYS = {name: b"\x04" + name.encode() * 64 for name in "ABCD"}
ELECTORATE = Electorate.of((key, 1) for key in KEYS.values())
X, Y = b"x" * 32, b"y" * 32
BLOCKS = {X: b"block x", Y: b"block y"}
HEIGHT = 5


def proposer_of(round_number):
    key = ELECTORATE.proposer(HEIGHT, round_number)
    return next(name for name, known in KEYS.items() if known == key)


def proposal(round_number, block, pol=-1, by=None, height=HEIGHT):
    return Proposal(
        height,
        round_number,
        pol,
        block,
        BLOCKS[block],
        KEYS[by] if by else ELECTORATE.proposer(height, round_number),
        b"s" * 64,
    )


def vote(kind, round_number, name, block, height=HEIGHT):
    return Vote(kind, height, round_number, block, KEYS[name], b"s" * 64)


def prevote(round_number, name, block):
    return VoteReceived(vote(VoteKind.PREVOTE, round_number, name, block))


def precommit(round_number, name, block):
    return VoteReceived(vote(VoteKind.PRECOMMIT, round_number, name, block))


class Story:
    """A machine and everything it said. Own votes are fed back as a driver does."""

    def __init__(self, me=None, *, valid=(X, Y), wait=False, height=HEIGHT):
        me = me or next(name for name in "ABCD" if name not in map(proposer_of, range(3)))
        self.me = me
        self.valid = valid
        self.state = State(KEYS.get(me, b""), ELECTORATE)
        self.signed, self.timers, self.requests = [], [], []
        self.commit, self.evidence, self.persisted = None, [], []
        self.tell(Start(height, ELECTORATE, wait=wait))

    def tell(self, *events):
        inputs = list(events)
        while inputs:
            out = step(self.state, inputs.pop(0))
            self.persisted += out.persist
            self.timers += out.timers
            self.requests += out.requests
            self.evidence += out.evidence
            self.commit = self.commit or out.commit
            for unsigned in out.sign:
                self.signed.append(unsigned)
                inputs.append(self._sign(unsigned))
            inputs += [
                Executed(request.height, request.block_hash, request.block_hash in self.valid)
                for request in out.requests
                if isinstance(request, ExecuteBlock) and self.valid is not None
            ]
        return self

    def _sign(self, unsigned):
        if isinstance(unsigned, UnsignedVote):
            return VoteReceived(
                Vote(
                    unsigned.kind,
                    unsigned.height,
                    unsigned.round,
                    unsigned.block_hash,
                    self.state.own,
                    b"s" * 64,
                )
            )
        return ProposalReceived(
            Proposal(
                unsigned.height,
                unsigned.round,
                unsigned.pol_round,
                unsigned.block_hash,
                unsigned.block,
                self.state.own,
                b"s" * 64,
            )
        )

    def others(self):
        return [name for name in "ABCD" if name != self.me]

    def said(self, kind, round_number):
        """Our vote of a kind in a round: its value, or "silent"."""
        values = [
            vote.block_hash
            for vote in self.signed
            if isinstance(vote, UnsignedVote) and (vote.kind, vote.round) == (kind, round_number)
        ]
        assert len(values) <= 1
        return values[0] if values else "silent"

    def has_timer(self, kind, round_number):
        return any((t.kind, t.round) == (kind, round_number) for t in self.timers)

    def lock(self, block=X, round_number=0):
        """Let us lock a block in a round, and the round then end without a decision."""
        a, b, _c = self.others()
        self.tell(ProposalReceived(proposal(round_number, block)))
        self.tell(prevote(round_number, a, block), prevote(round_number, b, block))
        assert self.state.locked_hash == block
        self.tell(precommit(round_number, a, NIL), precommit(round_number, b, NIL))
        self.tell(TimeoutFired(TimerKind.PRECOMMIT, HEIGHT, round_number))
        assert self.state.round == round_number + 1
        return self


PREVOTE, PRECOMMIT = VoteKind.PREVOTE, VoteKind.PRECOMMIT


def test_lines_14_19_the_proposer_asks_for_a_block_and_proposes_it():
    story = Story(proposer_of(0))
    assert story.requests == [BuildBlock(HEIGHT, 0)]
    story.tell(BlockBuilt(HEIGHT, 0, X, BLOCKS[X]))
    assert story.signed[0] == UnsignedProposal(HEIGHT, 0, -1, X, BLOCKS[X])
    assert story.said(PREVOTE, 0) == X


def test_line_16_the_proposer_proposes_its_valid_value_with_its_round():
    story = Story(proposer_of(1)).lock(X, 0)
    proposed = [one for one in story.signed if isinstance(one, UnsignedProposal)]
    assert proposed == [UnsignedProposal(HEIGHT, 1, 0, X, BLOCKS[X])]


def test_a_block_that_comes_too_late_is_not_proposed():
    story = Story(proposer_of(0)).tell(TimeoutFired(TimerKind.PROPOSE, HEIGHT, 0))
    story.tell(BlockBuilt(HEIGHT, 0, X, BLOCKS[X]))
    assert not any(isinstance(one, UnsignedProposal) for one in story.signed)


def test_line_21_others_set_the_propose_timer():
    assert Story().has_timer(TimerKind.PROPOSE, 0)


def test_lines_22_24_a_valid_fresh_proposal_is_prevoted():
    story = Story().tell(ProposalReceived(proposal(0, X)))
    assert story.said(PREVOTE, 0) == X


def test_line_23_no_prevote_before_the_block_was_executed():
    story = Story(valid=None).tell(ProposalReceived(proposal(0, X)))
    assert story.said(PREVOTE, 0) == "silent"
    assert story.requests == [ExecuteBlock(HEIGHT, X, BLOCKS[X])]
    assert story.tell(Executed(HEIGHT, X, True)).said(PREVOTE, 0) == X


def test_line_26_a_block_with_wrong_roots_gets_nil():
    assert Story(valid=()).tell(ProposalReceived(proposal(0, X))).said(PREVOTE, 0) == NIL


def test_line_26_an_untimely_block_gets_nil():
    story = Story().tell(ProposalReceived(proposal(0, X), timely=False))
    assert story.said(PREVOTE, 0) == NIL


def test_line_30_a_value_proposed_again_is_not_judged_by_the_clock():
    story = Story()
    story.tell(*(precommit(0, name, NIL) for name in story.others()))
    story.tell(TimeoutFired(TimerKind.PRECOMMIT, HEIGHT, 0))
    story.tell(ProposalReceived(proposal(1, X, pol=0), timely=False))
    story.tell(*(prevote(0, name, X) for name in story.others()))
    assert story.said(PREVOTE, 1) == X


def test_a_proposal_out_of_turn_is_ignored():
    wrong = next(name for name in "ABCD" if name != proposer_of(0))
    story = Story().tell(ProposalReceived(proposal(0, X, by=wrong)))
    assert story.state.proposals == {}


def test_line_26_locked_on_another_block_means_nil():
    story = Story().lock(X).tell(ProposalReceived(proposal(1, Y)))
    assert story.said(PREVOTE, 1) == NIL


def test_line_23_locked_on_the_same_block_means_yes():
    story = Story().lock(X).tell(ProposalReceived(proposal(1, X)))
    assert story.said(PREVOTE, 1) == X


def test_lines_28_30_a_later_justification_unlocks():
    """Locked on X in round 0; Y had two thirds of prevotes in round 1, so in round 2 Y is right."""
    story = Story().lock(X, 0)
    story.tell(*(precommit(1, name, NIL) for name in story.others()))
    story.tell(TimeoutFired(TimerKind.PRECOMMIT, HEIGHT, 1))
    assert story.state.round == 2
    story.tell(ProposalReceived(proposal(2, Y, pol=1)))
    assert story.said(PREVOTE, 2) == "silent"  # the justification isn't here yet
    story.tell(*(prevote(1, name, Y) for name in story.others()))
    assert story.said(PREVOTE, 2) == Y
    assert story.state.locked_hash == X  # line 30 prevotes; only line 38 moves the lock


def test_line_29_an_earlier_justification_does_not_unlock():
    story = Story()
    story.tell(*(precommit(0, name, NIL) for name in story.others()))
    story.tell(TimeoutFired(TimerKind.PRECOMMIT, HEIGHT, 0))
    story.lock(X, 1)
    story.tell(*(prevote(0, name, Y) for name in story.others()))
    story.tell(ProposalReceived(proposal(2, Y, pol=0)))
    assert story.said(PREVOTE, 2) == NIL


def test_line_34_differing_prevotes_start_the_timer_once():
    story = Story().tell(ProposalReceived(proposal(0, X)))
    a, b, c = story.others()
    story.tell(prevote(0, a, NIL))
    assert not story.has_timer(TimerKind.PREVOTE, 0)
    story.tell(prevote(0, b, Y), prevote(0, c, NIL))
    assert sum(t.kind is TimerKind.PREVOTE for t in story.timers) == 1


def test_lines_36_41_two_thirds_of_prevotes_lock_and_precommit():
    story = Story().tell(ProposalReceived(proposal(0, X)))
    a, b, _c = story.others()
    story.tell(prevote(0, a, X))
    assert story.said(PRECOMMIT, 0) == "silent"
    story.tell(prevote(0, b, X))
    assert story.said(PRECOMMIT, 0) == X
    assert (story.state.locked_hash, story.state.locked_round) == (X, 0)
    assert (story.state.valid_hash, story.state.valid_round) == (X, 0)
    assert story.persisted[0] == proposal(0, X)
    assert {kept.validator for kept in story.persisted[1:]} == {
        KEYS[one] for one in (story.me, a, b)
    }


def test_line_42_after_our_precommit_only_the_valid_value_moves():
    story = Story().tell(TimeoutFired(TimerKind.PROPOSE, HEIGHT, 0))
    a, b, c = story.others()
    story.tell(prevote(0, a, NIL), prevote(0, b, NIL))
    assert story.said(PRECOMMIT, 0) == NIL
    other = Story().tell(TimeoutFired(TimerKind.PROPOSE, HEIGHT, 0))
    other.tell(prevote(0, a, X), prevote(0, b, NIL))
    other.tell(TimeoutFired(TimerKind.PREVOTE, HEIGHT, 0))
    assert other.said(PRECOMMIT, 0) == NIL
    other.tell(ProposalReceived(proposal(0, X)))
    other.tell(prevote(0, b, X), prevote(0, c, X))
    assert (other.state.valid_hash, other.state.valid_round) == (X, 0)
    assert other.state.locked_round == -1


def test_line_44_two_thirds_of_nil_precommit_nil_without_a_timer():
    story = Story().tell(TimeoutFired(TimerKind.PROPOSE, HEIGHT, 0))
    a, b, _c = story.others()
    assert story.tell(prevote(0, a, NIL)).said(PRECOMMIT, 0) == "silent"
    assert story.tell(prevote(0, b, NIL)).said(PRECOMMIT, 0) == NIL


def test_line_47_differing_precommits_start_the_timer_and_line_65_the_next_round():
    story = Story()
    a, b, c = story.others()
    story.tell(precommit(0, a, X), precommit(0, b, NIL), precommit(0, c, NIL))
    assert story.has_timer(TimerKind.PRECOMMIT, 0)
    story.tell(TimeoutFired(TimerKind.PRECOMMIT, HEIGHT, 0))
    assert story.state.round == 1


def test_line_47_a_round_without_a_proposal_and_with_two_thirds_of_nil_is_over_at_once():
    story = Story().tell(TimeoutFired(TimerKind.PROPOSE, HEIGHT, 0))
    a, b, c = story.others()
    story.tell(precommit(0, a, NIL), precommit(0, b, NIL))
    assert story.state.round == 0
    story.tell(precommit(0, c, NIL))
    assert story.state.round == 1
    assert not story.has_timer(TimerKind.PRECOMMIT, 0)


def test_line_47_a_round_with_a_proposal_waits_for_the_rest_of_the_precommits():
    story = Story(valid=(Y,)).tell(ProposalReceived(proposal(0, X)))
    story.tell(*(precommit(0, name, NIL) for name in story.others()))
    assert story.state.round == 0
    assert story.has_timer(TimerKind.PRECOMMIT, 0)


def test_line_49_two_thirds_of_precommits_decide():
    story = Story().tell(ProposalReceived(proposal(0, X)))
    story.tell(*(precommit(0, name, X) for name in story.others()))
    assert (story.commit.block_hash, story.commit.round) == (X, 0)
    assert len(story.commit.precommits) == 3


def test_line_49_decides_an_earlier_round_too():
    story = Story().lock(X, 0)
    a, b, c = story.others()
    story.tell(precommit(0, c, X))
    assert story.commit is None
    story = Story().lock(X, 0)
    story.tell(precommit(0, a, X), precommit(0, b, X))  # they also said nil: they are faulty
    assert story.commit.round == 0
    assert story.evidence


def test_line_49_precommits_of_different_rounds_do_not_add_up():
    story = Story().tell(ProposalReceived(proposal(0, X)))
    a, b, c = story.others()
    story.tell(precommit(0, a, X), precommit(0, b, X), precommit(1, c, X))
    assert story.commit is None


def test_line_50_a_decision_we_cannot_reproduce_stops_us():
    story = Story(valid=())
    story.tell(ProposalReceived(proposal(0, X)))
    with pytest.raises(InvariantBroken):
        story.tell(*(precommit(0, name, X) for name in story.others()))


def test_line_55_an_honest_validator_in_a_later_round_takes_us_along():
    story = Story()
    a, b, _c = story.others()
    assert story.tell(prevote(3, a, NIL), precommit(3, a, NIL)).state.round == 0
    assert story.tell(prevote(3, b, NIL)).state.round == 3
    assert story.has_timer(TimerKind.PROPOSE, 3)


def test_line_55_far_rounds_are_bounded_per_validator():
    story = Story()
    a, b, _c = story.others()
    for round_number in range(100, 400):
        story.tell(prevote(round_number, a, NIL))
    assert len(story.state.votes.tallies) <= 2
    assert story.tell(prevote(399, b, NIL)).state.round == 399


def test_line_57_no_proposal_in_time_means_nil():
    story = Story().tell(TimeoutFired(TimerKind.PROPOSE, HEIGHT, 0))
    assert story.said(PREVOTE, 0) == NIL


def test_line_61_no_quorum_of_prevotes_in_time_means_nil():
    story = Story().tell(ProposalReceived(proposal(0, X)))
    story.tell(TimeoutFired(TimerKind.PREVOTE, HEIGHT, 0))
    assert story.said(PRECOMMIT, 0) == NIL
    assert story.state.step is Step.PRECOMMIT


@pytest.mark.parametrize("kind", list(TimerKind))
def test_timers_of_other_rounds_and_heights_do_nothing(kind):
    story = Story()
    before = (story.state.round, story.state.step, list(story.signed))
    story.tell(TimeoutFired(kind, HEIGHT, 1), TimeoutFired(kind, HEIGHT - 1, 0))
    assert (story.state.round, story.state.step, story.signed) == before


def test_duplicates_change_nothing():
    story = Story().tell(ProposalReceived(proposal(0, X)))
    a = story.others()[0]
    story.tell(*[prevote(0, a, X)] * 5, *[ProposalReceived(proposal(0, X))] * 3)
    assert story.state.votes.power_any(0, PREVOTE) == 2
    assert story.evidence == []


def test_strangers_votes_do_not_count():
    stranger = Vote(PREVOTE, HEIGHT, 0, X, b"\x04" + b"Z" * 64, b"s" * 64)
    story = Story().tell(VoteReceived(stranger))
    assert story.state.votes.tallies == {}


def test_double_votes_are_evidence_and_each_counts_for_its_value():
    story = Story().tell(ProposalReceived(proposal(0, X)))
    a = story.others()[0]
    story.tell(prevote(0, a, NIL), prevote(0, a, X))
    first, second = vote(PREVOTE, 0, a, NIL), vote(PREVOTE, 0, a, X)
    assert story.evidence == [DoubleVote(first, second)]
    assert story.state.votes.power_any(0, PREVOTE) == 2


def test_values_of_a_double_voter_are_bounded():
    story = Story()
    a = story.others()[0]
    for number in range(100):
        story.tell(prevote(0, a, number.to_bytes(32, "big")))
    assert story.state.votes.tally(0, PREVOTE).values_of(KEYS[a]) <= 3


def test_two_proposals_of_one_round_are_evidence():
    story = Story().tell(ProposalReceived(proposal(0, X)), ProposalReceived(proposal(0, Y)))
    assert story.evidence == [(proposal(0, X), proposal(0, Y))]
    assert story.said(PREVOTE, 0) == X


def test_waiting_ends_with_the_pool_the_timer_or_somebody_elses_vote():
    proposer = proposer_of(0)
    for event in (PoolReady(HEIGHT), TimeoutFired(TimerKind.EMPTY, HEIGHT, 0)):
        story = Story(proposer, wait=True)
        assert story.requests == []
        assert story.tell(event).requests == [BuildBlock(HEIGHT, 0)]
    story = Story(proposer, wait=True)
    assert story.tell(prevote(0, story.others()[0], NIL)).requests == [BuildBlock(HEIGHT, 0)]
    assert Story(proposer, wait=True).tell(PoolReady(HEIGHT + 1)).requests == []


def test_messages_of_the_next_height_are_kept_and_bounded():
    story = Story()
    following = proposal(0, Y, height=HEIGHT + 1)
    story.tell(ProposalReceived(following))
    for round_number in range(100):
        kept = vote(PREVOTE, round_number, story.others()[0], Y, height=HEIGHT + 1)
        story.tell(VoteReceived(kept))
    assert len(story.state.future) <= 10
    story.tell(Start(HEIGHT + 1, ELECTORATE))
    assert story.state.proposals[0] == following
    assert story.state.votes.power_any(0, PREVOTE) >= 1


def test_nothing_happens_after_the_decision_until_the_next_height():
    story = Story().tell(ProposalReceived(proposal(0, X)))
    story.tell(*(precommit(0, name, X) for name in story.others()))
    said = len(story.signed)
    story.tell(TimeoutFired(TimerKind.PRECOMMIT, HEIGHT, 0), prevote(7, "A", Y), prevote(7, "B", Y))
    assert len(story.signed) == said
    with pytest.raises(Misuse):
        story.tell(Start(HEIGHT, ELECTORATE))


def test_an_observer_follows_and_signs_nothing():
    story = Story("nobody").tell(ProposalReceived(proposal(0, X)))
    story.tell(*(prevote(0, name, X) for name in "ABC"))
    story.tell(*(precommit(0, name, X) for name in "ABC"))
    assert story.commit.block_hash == X
    assert story.signed == []


def test_a_single_validator_decides_alone():
    me = Electorate.of([(KEYS["A"], 1)])
    story = Story("A", height=1)
    story.state = State(KEYS["A"], me)
    story.tell(Start(1, me), BlockBuilt(1, 0, X, BLOCKS[X]))
    assert story.commit.block_hash == X


# ---- after a restart


def restarted(me, *messages):
    story = Story(me, wait=True)
    return story.tell(Restored(tuple(messages)))


def test_restart_keeps_the_lock_and_the_step():
    me = Story().me
    story = restarted(
        me,
        vote(PREVOTE, 0, me, X),
        proposal(0, X),
        vote(PRECOMMIT, 0, me, X),
        vote(PREVOTE, 1, me, NIL),
    )
    state = story.state
    assert (state.round, state.step) == (1, Step.PREVOTE)
    assert (state.locked_hash, state.locked_round, state.valid_hash) == (X, 0, X)
    story.tell(*(precommit(1, name, NIL) for name in story.others()))
    story.tell(TimeoutFired(TimerKind.PRECOMMIT, HEIGHT, 1))
    assert story.tell(ProposalReceived(proposal(2, Y))).said(PREVOTE, 2) == NIL


def test_restart_can_still_show_why_we_are_locked():
    story = Story().lock(X, 0)
    logged = [*story.persisted, vote(PRECOMMIT, 0, story.me, X)]
    again = restarted(story.me, *logged)
    assert again.state.votes.power(0, PREVOTE, X) >= ELECTORATE.quorum
    stranger = Story(proposer_of(0)).tell(TimeoutFired(TimerKind.PROPOSE, HEIGHT, 0))
    stranger.tell(*(VoteReceived(one) for one in again.state.votes.votes(0, PREVOTE)))
    stranger.tell(*(precommit(0, name, NIL) for name in stranger.others()))
    stranger.tell(TimeoutFired(TimerKind.PRECOMMIT, HEIGHT, 0))
    stranger.tell(ProposalReceived(proposal(1, X, pol=0)))
    assert stranger.said(PREVOTE, 1) == X


def test_restart_does_not_vote_again_but_goes_on():
    me = Story().me
    story = restarted(me, vote(PREVOTE, 0, me, X))
    story.tell(ProposalReceived(proposal(0, X)))
    assert story.said(PREVOTE, 0) == "silent"
    a, b, _c = story.others()
    assert story.tell(prevote(0, a, X), prevote(0, b, X)).said(PRECOMMIT, 0) == X


def test_restart_of_the_proposer_prevotes_its_own_proposal():
    me = proposer_of(0)
    story = restarted(me, proposal(0, X))
    assert story.requests == [ExecuteBlock(HEIGHT, X, BLOCKS[X])]
    assert story.said(PREVOTE, 0) == X


def test_restart_with_nothing_of_ours_begins_anew():
    story = restarted(Story().me, proposal(0, X), vote(PREVOTE, 0, "A", X, height=HEIGHT - 1))
    assert (story.state.round, story.state.locked_round) == (0, -1)


def test_restart_with_a_lock_whose_block_is_missing_stops():
    me = Story().me
    with pytest.raises(InvariantBroken):
        restarted(me, vote(PRECOMMIT, 0, me, X))


# ---- proposer turns


def test_turns_are_proportional_to_power():
    electorate = Electorate.of([(KEYS["A"], 50), (KEYS["B"], 30), (KEYS["C"], 20)])
    turns = [electorate.proposer(height, 0) for height in range(1, 11)]
    assert [turns.count(KEYS[name]) for name in "ABC"] == [5, 3, 2]


def test_equal_validators_take_turns_and_a_round_passes_the_turn_on():
    for size in range(1, 32):
        electorate = Electorate.of((bytes([4, number]) + b"k" * 63, 7) for number in range(size))
        turns = [electorate.proposer(3, round_number) for round_number in range(size)]
        assert len(set(turns)) == size


@pytest.mark.parametrize("members", [[], [(b"a", 0)], [(b"a", 1), (b"a", 2)]])
def test_an_electorate_needs_distinct_keys_with_power(members):
    with pytest.raises(Misuse):
        Electorate.of(members)


@pytest.mark.parametrize(
    ("total", "quorum", "honest"), [(1, 1, 1), (3, 3, 1), (4, 3, 2), (7, 5, 3)]
)
def test_thresholds(total, quorum, honest):
    electorate = Electorate.of((bytes([number]), 1) for number in range(total))
    assert (electorate.quorum, electorate.some_honest) == (quorum, honest)
