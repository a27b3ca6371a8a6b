"""What to send a peer that says where it stands: exactly what it lacks, from what we hold. Pure."""

from consensus.messages import (
    NIL,
    NO_ROUND,
    Proposal,
    Status,
    Vote,
    VoteKind,
)
from consensus.state import State, Step


def our_status(state: State) -> Status:
    """Where we stand, for peers."""
    return Status(
        height=state.height,
        round=state.round,
        proposing=state.step is Step.PROPOSE,
        has_proposal=state.round in state.proposals,
        prevotes=_bitmap(state, state.round, VoteKind.PREVOTE),
        precommits=_bitmap(state, state.round, VoteKind.PRECOMMIT),
    )


def what_it_lacks(state: State, theirs: Status) -> list[Proposal | Vote]:
    """Messages of our height that help a peer there on; empty if it stands at another height.

    It gets its round's proposal with the prevotes that justify it, its round's votes, the votes of
    our round if we are ahead (so that it learns to skip), and the round before's precommits, which
    may decide.
    """
    if theirs.height != state.height:
        return []
    lacks: list[Proposal | Vote] = []
    proposal = state.proposals.get(theirs.round)
    if proposal is not None:
        if not theirs.has_proposal:
            lacks.append(proposal)
        if theirs.proposing and proposal.pol_round != NO_ROUND:
            lacks += _for_value(state, proposal.pol_round, proposal.block_hash)
    lacks += _missing(state, theirs.round, VoteKind.PREVOTE, theirs.prevotes)
    lacks += _missing(state, theirs.round, VoteKind.PRECOMMIT, theirs.precommits)
    if theirs.round < state.round:
        lacks += _own(state)
        for kind in VoteKind:
            lacks += _missing(state, state.round, kind, 0)
    elif theirs.round > 0:
        lacks += _decisive(state, theirs.round - 1)
    return list(dict.fromkeys(lacks))


def _bitmap(state: State, round_number: int, kind: VoteKind) -> int:
    voted = state.votes.tally(round_number, kind).by_validator
    return sum(1 << i for i, (key, _) in enumerate(state.electorate.members) if key in voted)


def _missing(state: State, round_number: int, kind: VoteKind, bitmap: int) -> list[Vote]:
    keys = [key for key, _ in state.electorate.members]
    lacking = {key for i, key in enumerate(keys) if not bitmap >> i & 1}
    return [v for v in state.votes.votes(round_number, kind) if v.validator in lacking]


def _for_value(state: State, round_number: int, block_hash: bytes) -> list[Vote]:
    prevotes = state.votes.votes(round_number, VoteKind.PREVOTE)
    return [vote for vote in prevotes if vote.block_hash == block_hash]


def _own(state: State) -> list[Proposal | Vote]:
    """Our proposal of our round, if it was our turn: a peer joining the round needs it."""
    proposal = state.proposals.get(state.round)
    return [proposal] if proposal is not None and proposal.proposer == state.own else []


def _decisive(state: State, round_number: int) -> list[Vote]:
    """Precommits for a block in a round, if they may be enough to decide it."""
    votes = state.votes.votes(round_number, VoteKind.PRECOMMIT)
    return [
        vote
        for vote in votes
        if vote.block_hash != NIL
        and state.votes.power(round_number, VoteKind.PRECOMMIT, vote.block_hash)
        >= state.electorate.some_honest
    ]
