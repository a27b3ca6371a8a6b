"""Agreement on one block a height: Buchman, Kwon, Milosevic 2018 (arXiv 1807.04938), algorithm 1.

`step(state, event)` changes the state and returns what to do; it signs nothing, reads no clock and
does no I/O. "Line n" in comments and docstrings is line n of the algorithm. Four things are ours:
execution results come in as inputs, so `valid(v)` may be unknown for a while and a rule waits; at
round 0 a height may wait until there is something to decide; the proposer, too, sets the propose
timer, because building or signing may fail; and a round without a proposal ends at once when two
thirds precommitted nil.
"""

from collections.abc import Callable

from consensus.messages import NIL, NO_ROUND, Proposal, Vote, VoteKind
from consensus.state import (
    BlockBuilt,
    BuildBlock,
    Decision,
    ExecuteBlock,
    Executed,
    Input,
    Output,
    PoolReady,
    ProposalReceived,
    Restored,
    Start,
    State,
    Step,
    TimeoutFired,
    Timer,
    TimerKind,
    UnsignedProposal,
    UnsignedVote,
    VoteReceived,
)
from consensus.votes import ROUNDS_AHEAD, VoteBook
from faults import Misuse, invariant

ROUNDS_KEPT = 8
"""Earlier rounds whose proposals are kept; older ones only if somebody precommitted them."""

FUTURE_PROPOSALS_MAX = 2
FUTURE_VOTES_PER_VALIDATOR = 8


def step(state: State, event: Input) -> Output:
    """Take one input; the output's docstring says in which order to do what it holds."""
    out = Output()
    match event:
        case Start():
            _on_start(state, event, out)
        case Restored():
            _on_restored(state, event, out)
        case PoolReady():
            if event.height == state.height:
                _proceed(state, out)
        case BlockBuilt():
            _on_built(state, event, out)
        case ProposalReceived():
            _on_proposal(state, event, out)
        case VoteReceived():
            _on_vote(state, event, out)
        case Executed():
            if event.height == state.height:
                state.executed[event.block_hash] = event.valid
        case TimeoutFired():
            _on_timeout(state, event, out)
    _apply_rules(state, out)
    return out


# ---- inputs


def _on_start(state: State, event: Start, out: Output) -> None:
    """Lines 1-10, and 52-54 of the height before: fresh variables, round 0."""
    if event.height <= state.height:
        raise Misuse(f"height {event.height} cannot start after height {state.height}")
    state.height, state.electorate = event.height, event.electorate
    state.locked_hash, state.locked_round = NIL, NO_ROUND
    state.valid_hash, state.valid_round, state.valid_block = NIL, NO_ROUND, b""
    state.decided, state.waiting = False, event.wait
    state.votes = VoteBook(event.electorate)
    state.proposals, state.late, state.executed, state.once = {}, set(), {}, set()
    arrived, state.future = state.future, []
    _start_round(state, 0, out)
    for message in arrived:
        if isinstance(message, ProposalReceived):
            _on_proposal(state, message, out)
        else:
            _on_vote(state, message, out)


def _on_restored(state: State, event: Restored, out: Output) -> None:
    """After a restart: stand where our own last signed message left us, with its lock (line 38).

    Our precommit of the highest round for a block is the lock; the prevotes that justify it were
    logged with it. validValue beyond the lock is not durable: losing it costs at most a round.
    """
    for message in event.messages:
        if message.height != state.height:
            continue
        if isinstance(message, Proposal):
            state.proposals.setdefault(message.round, message)
        else:
            state.votes.add(message, now_round=message.round, known=True)
    own = [
        message
        for message in event.messages
        if message.height == state.height and _author(message) == state.own
    ]
    if not own:
        return
    last = max(own, key=lambda message: (message.round, _step_after(message)))
    state.round, state.step = last.round, _step_after(last)
    state.waiting = False
    locks = [m for m in own if isinstance(m, Vote) and m.kind is VoteKind.PRECOMMIT]
    for lock in sorted(locks, key=lambda vote: vote.round):
        if lock.block_hash != NIL:
            state.locked_hash, state.locked_round = lock.block_hash, lock.round
    if state.locked_round != NO_ROUND:
        block = state.block(state.locked_hash)
        invariant(block is not None, "a block is in the log before its precommit is signed")
        state.valid_hash, state.valid_round = state.locked_hash, state.locked_round
        state.valid_block = block or b""
    out.timers.append(Timer(TimerKind.PROPOSE, state.height, state.round))


def _on_built(state: State, event: BlockBuilt, out: Output) -> None:
    """Lines 18-19: the value we asked for is there; propose it unless the round is over."""
    ours = (event.height, event.round) == (state.height, state.round) and state.is_proposer
    if not ours or state.step is not Step.PROPOSE or state.decided:
        return
    if state.first_time("propose", state.round):
        out.sign.append(
            UnsignedProposal(state.height, state.round, NO_ROUND, event.block_hash, event.block)
        )


def _on_proposal(state: State, event: ProposalReceived, out: Output) -> None:
    """Keep the proposal of a round's proposer, the first one; a second is evidence."""
    proposal = event.proposal
    if proposal.height == state.height + 1:
        _keep_for_later(state, event)
    if proposal.height != state.height or state.decided:
        return
    if proposal.proposer != state.electorate.proposer(state.height, proposal.round):
        return
    if not NO_ROUND <= proposal.pol_round < proposal.round:
        return
    earlier = state.proposals.get(proposal.round)
    if earlier is not None:
        if (earlier.block_hash, earlier.pol_round) != (proposal.block_hash, proposal.pol_round):
            out.evidence.append((earlier, proposal))
        return
    if proposal.round > state.round + ROUNDS_AHEAD:
        return
    state.proposals[proposal.round] = proposal
    if not event.timely:
        state.late.add(proposal.round)
    _proceed(state, out)


def _on_vote(state: State, event: VoteReceived, out: Output) -> None:
    """Count the vote; a contradiction of an earlier one is evidence."""
    vote = event.vote
    if vote.height == state.height + 1:
        _keep_for_later(state, event)
    if vote.height != state.height or state.decided:
        return
    if state.electorate.power(vote.validator) == 0:
        return
    known = vote.block_hash == NIL or state.knows(vote.block_hash)
    added, evidence = state.votes.add(vote, now_round=state.round, known=known)
    if evidence is not None:
        out.evidence.append(evidence)
    if added:
        _proceed(state, out)  # somebody has begun this height: do not wait any longer


def _on_timeout(state: State, event: TimeoutFired, out: Output) -> None:
    """Lines 57-67; EMPTY ends the wait for something to decide."""
    if (event.height, event.round) != (state.height, state.round) or state.decided:
        return
    if event.kind is TimerKind.EMPTY:
        _proceed(state, out)
    elif event.kind is TimerKind.PROPOSE and state.step is Step.PROPOSE:
        _vote(state, VoteKind.PREVOTE, NIL, out)  # lines 57-60
    elif event.kind is TimerKind.PREVOTE and state.step is Step.PREVOTE:
        _vote(state, VoteKind.PRECOMMIT, NIL, out)  # lines 61-64
    elif event.kind is TimerKind.PRECOMMIT:
        _start_round(state, state.round + 1, out)  # lines 65-67


# ---- rounds


def _start_round(state: State, round_number: int, out: Output) -> None:
    """StartRound, lines 11-21; at round 0 it may wait for something to decide first."""
    state.round, state.step = round_number, Step.PROPOSE
    _drop_old_proposals(state)
    state.waiting = state.waiting and round_number == 0
    if state.waiting:
        out.timers.append(Timer(TimerKind.EMPTY, state.height, 0))
    else:
        _propose(state, out)


def _proceed(state: State, out: Output) -> None:
    if state.waiting and not state.decided:
        state.waiting = False
        _propose(state, out)


def _propose(state: State, out: Output) -> None:
    """Lines 14-21: the proposer proposes validValue or asks for a new value; a timer for all."""
    if state.is_proposer and state.round not in state.proposals:
        if state.valid_hash != NIL:
            state.first_time("propose", state.round)
            out.sign.append(
                UnsignedProposal(
                    state.height,
                    state.round,
                    state.valid_round,
                    state.valid_hash,
                    state.valid_block,
                )
            )
        else:
            out.requests.append(BuildBlock(state.height, state.round))
    out.timers.append(Timer(TimerKind.PROPOSE, state.height, state.round))


def _vote(state: State, kind: VoteKind, block_hash: bytes, out: Output) -> None:
    """Broadcast a vote of the current round and take the step after it."""
    state.step = Step.PREVOTE if kind is VoteKind.PREVOTE else Step.PRECOMMIT
    if state.electorate.power(state.own) > 0:
        out.sign.append(UnsignedVote(kind, state.height, state.round, block_hash))


# ---- rules


def _apply_rules(state: State, out: Output) -> None:
    """Apply the `upon` rules until none holds; each fires at most once a round, so this ends."""
    while not state.decided and any(rule(state, out) for rule in _RULES):
        pass


def _fresh_proposal(state: State, out: Output) -> bool:
    """Lines 22-27: prevote a fresh proposal if it is valid and we are not locked on another."""
    proposal = state.proposals.get(state.round)
    if state.step is not Step.PROPOSE or proposal is None or proposal.pol_round != NO_ROUND:
        return False
    valid = _valid(state, proposal, out)
    if valid is None:
        return False
    unlocked = state.locked_round == NO_ROUND or state.locked_hash == proposal.block_hash
    good = valid and unlocked and state.round not in state.late
    _vote(state, VoteKind.PREVOTE, proposal.block_hash if good else NIL, out)
    return True


def _justified_proposal(state: State, out: Output) -> bool:
    """Lines 28-33: prevote a value proposed again if its prevotes are as late as our lock."""
    proposal = state.proposals.get(state.round)
    if state.step is not Step.PROPOSE or proposal is None or proposal.pol_round == NO_ROUND:
        return False
    if not _quorum(state, proposal.pol_round, VoteKind.PREVOTE, proposal.block_hash):
        return False
    valid = _valid(state, proposal, out)
    if valid is None:
        return False
    unlocked = state.locked_round <= proposal.pol_round or state.locked_hash == proposal.block_hash
    _vote(state, VoteKind.PREVOTE, proposal.block_hash if valid and unlocked else NIL, out)
    return True


def _prevotes_differ(state: State, out: Output) -> bool:
    """Lines 34-35: two thirds prevoted something; give the rest of them a last while."""
    power = state.votes.power_any(state.round, VoteKind.PREVOTE)
    if state.step is not Step.PREVOTE or power < state.electorate.quorum:
        return False
    if not state.first_time("line 34", state.round):
        return False
    out.timers.append(Timer(TimerKind.PREVOTE, state.height, state.round))
    return True


def _prevotes_for_block(state: State, out: Output) -> bool:
    """Lines 36-43: two thirds prevoted the valid proposal; lock it and precommit, remember it."""
    proposal = state.proposals.get(state.round)
    if state.step is Step.PROPOSE or proposal is None:
        return False
    if ("line 36", state.round) in state.once:
        return False
    if not _quorum(state, state.round, VoteKind.PREVOTE, proposal.block_hash):
        return False
    if not _valid(state, proposal, out):
        return False
    state.first_time("line 36", state.round)
    if state.step is Step.PREVOTE:
        state.locked_hash, state.locked_round = proposal.block_hash, state.round
        # With its prevotes: if only we still had them, nobody could be shown why we are locked.
        out.persist += [proposal, *_prevotes_of(state, proposal)]
        _vote(state, VoteKind.PRECOMMIT, proposal.block_hash, out)
    state.valid_hash, state.valid_round = proposal.block_hash, state.round
    state.valid_block = proposal.block
    return True


def _prevotes_for_nil(state: State, out: Output) -> bool:
    """Lines 44-46: two thirds prevoted no block; precommit none."""
    if state.step is not Step.PREVOTE or not _quorum(state, state.round, VoteKind.PREVOTE, NIL):
        return False
    _vote(state, VoteKind.PRECOMMIT, NIL, out)
    return True


def _precommits_differ(state: State, out: Output) -> bool:
    """Lines 47-48: two thirds precommitted something; wait a last while, then the next round."""
    power = state.votes.power_any(state.round, VoteKind.PRECOMMIT)
    if power < state.electorate.quorum or not state.first_time("line 47", state.round):
        return False
    out.timers.append(Timer(TimerKind.PRECOMMIT, state.height, state.round))
    return True


def _precommits_for_nil(state: State, out: Output) -> bool:
    """Lines 47-48 and 65-67 without the wait, which could bring nothing: the next round.

    Two thirds precommitted nil, so no block can get two thirds in this round. Only where no
    proposal came: then the propose timer has set the pace, and rounds can't race.
    """
    if state.round in state.proposals or not _quorum(state, state.round, VoteKind.PRECOMMIT, NIL):
        return False
    _start_round(state, state.round + 1, out)
    return True


def _precommits_for_block(state: State, out: Output) -> bool:
    """Lines 49-54: two thirds of one round precommitted a block, in whatever round: decide it.

    The block may come from a proposal of another round: equal hashes are equal blocks.
    """
    for round_number in state.votes.rounds():
        tally = state.votes.tally(round_number, VoteKind.PRECOMMIT)
        for block_hash in sorted(tally.by_value):
            if block_hash == NIL or tally.power(state.electorate, block_hash) < (
                state.electorate.quorum
            ):
                continue
            block = state.block(block_hash)
            if block is None:
                continue
            valid = _executed(state, block_hash, block, out)
            if valid is None:
                continue
            invariant(valid, "two thirds precommitted a block whose roots we cannot reproduce")
            votes = tally.by_value[block_hash]
            precommits = tuple(votes[key] for key in sorted(votes))
            out.commit = Decision(state.height, round_number, block_hash, block, precommits)
            state.decided = True
            return True
    return False


def _later_round(state: State, out: Output) -> bool:
    """Lines 55-56: some honest validator is in a later round; join the highest such round."""
    later = [number for number in state.votes.rounds() if number > state.round]
    later += [number for number in state.proposals if number > state.round]
    for round_number in sorted(set(later), reverse=True):
        there = state.votes.voters(round_number)
        proposal = state.proposals.get(round_number)
        if proposal is not None:
            there.add(proposal.proposer)
        if sum(state.electorate.power(key) for key in there) >= state.electorate.some_honest:
            _start_round(state, round_number, out)
            return True
    return False


_RULES: tuple[Callable[[State, Output], bool], ...] = (
    _precommits_for_block,
    _later_round,
    _fresh_proposal,
    _justified_proposal,
    _prevotes_for_block,
    _prevotes_for_nil,
    _prevotes_differ,
    _precommits_for_nil,
    _precommits_differ,
)


# ---- helpers


def _quorum(state: State, round_number: int, kind: VoteKind, value: bytes) -> bool:
    return state.votes.power(round_number, kind, value) >= state.electorate.quorum


def _prevotes_of(state: State, proposal: Proposal) -> list[Vote]:
    votes = state.votes.votes(proposal.round, VoteKind.PREVOTE)
    return [vote for vote in votes if vote.block_hash == proposal.block_hash]


def _valid(state: State, proposal: Proposal, out: Output) -> bool | None:
    return _executed(state, proposal.block_hash, proposal.block, out)


def _executed(state: State, block_hash: bytes, block: bytes, out: Output) -> bool | None:
    """valid(v): None while unknown; the first question asks for the execution."""
    if block_hash not in state.executed:
        state.executed[block_hash] = None
        out.requests.append(ExecuteBlock(state.height, block_hash, block))
    return state.executed[block_hash]


def _keep_for_later(state: State, event: ProposalReceived | VoteReceived) -> None:
    """Keep a message of the next height; what finds no room is sent again by its author."""
    if event in state.future:
        return
    if isinstance(event, ProposalReceived):
        proposals = sum(isinstance(kept, ProposalReceived) for kept in state.future)
        room = proposals < FUTURE_PROPOSALS_MAX
    else:
        room = (
            sum(
                isinstance(kept, VoteReceived) and kept.vote.validator == event.vote.validator
                for kept in state.future
            )
            < FUTURE_VOTES_PER_VALIDATOR
        )
    if room:
        state.future.append(event)


def _drop_old_proposals(state: State) -> None:
    for number in sorted(state.proposals):
        block_hash = state.proposals[number].block_hash
        wanted = any(
            state.votes.power(round_number, VoteKind.PRECOMMIT, block_hash)
            for round_number in state.votes.rounds()
        )
        if number < state.round - ROUNDS_KEPT and not wanted:
            del state.proposals[number]
            state.late.discard(number)


def _author(message: Proposal | Vote) -> bytes:
    return message.proposer if isinstance(message, Proposal) else message.validator


def _step_after(message: Proposal | Vote) -> Step:
    if isinstance(message, Proposal):
        return Step.PROPOSE
    return Step.PREVOTE if message.kind is VoteKind.PREVOTE else Step.PRECOMMIT
