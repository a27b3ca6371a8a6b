"""The votes of one height: counted by value, bounded in memory, double votes noticed."""

from dataclasses import dataclass, field

from consensus.messages import Vote, VoteKind
from consensus.proposer import Electorate

ROUNDS_AHEAD = 4
"""Rounds beyond the current one whose messages are kept from everybody."""

FAR_ROUNDS = 2
"""Rounds beyond that, kept per validator and highest first: enough to learn where others are."""

VALUES_MAX = 3
"""Different values counted from one validator in one round and kind.

A validator that votes twice must not be able to hide its vote for a block from some of us, or they
could not see a justification that others saw; so conflicting votes are counted each for its value,
as in the paper. Votes for blocks we hold a proposal of are counted beyond this limit.
"""


@dataclass(frozen=True, slots=True)
class DoubleVote:
    """Evidence: two signed votes of one validator, one round, one kind, for different values."""

    first: Vote
    second: Vote


@dataclass(slots=True)
class Tally:
    """The votes of one kind in one round."""

    by_value: dict[bytes, dict[bytes, Vote]] = field(default_factory=dict)
    by_validator: dict[bytes, Vote] = field(default_factory=dict)

    def power(self, electorate: Electorate, value: bytes) -> int:
        """Voting power behind one value."""
        return sum(electorate.power(key) for key in self.by_value.get(value, {}))

    def power_any(self, electorate: Electorate) -> int:
        """Voting power that voted at all, each validator once."""
        return sum(electorate.power(key) for key in self.by_validator)

    def values_of(self, validator: bytes) -> int:
        """How many different values a validator voted for."""
        return sum(validator in votes for votes in self.by_value.values())


@dataclass(slots=True)
class VoteBook:
    """All votes of the current height."""

    electorate: Electorate
    tallies: dict[tuple[int, VoteKind], Tally] = field(default_factory=dict)
    _far: dict[bytes, set[int]] = field(default_factory=dict)

    def add(self, vote: Vote, *, now_round: int, known: bool) -> tuple[bool, DoubleVote | None]:
        """Count a vote: (it was new and counted, evidence if it contradicts an earlier one).

        `known`: we hold a proposal of the voted block, so the vote matters whatever came before.
        """
        if not self._room(vote, now_round):
            return False, None
        tally = self.tallies.setdefault((vote.round, vote.kind), Tally())
        if vote.validator in tally.by_value.get(vote.block_hash, {}):
            return False, None
        first = tally.by_validator.setdefault(vote.validator, vote)
        evidence = None if first is vote else DoubleVote(first, vote)
        if evidence and not known and tally.values_of(vote.validator) >= VALUES_MAX:
            return False, evidence
        tally.by_value.setdefault(vote.block_hash, {})[vote.validator] = vote
        return True, evidence

    def tally(self, round_number: int, kind: VoteKind) -> Tally:
        """The votes of a round and kind; an empty tally if there are none."""
        return self.tallies.get((round_number, kind)) or Tally()

    def power(self, round_number: int, kind: VoteKind, value: bytes) -> int:
        """Voting power behind `value` in a round."""
        return self.tally(round_number, kind).power(self.electorate, value)

    def power_any(self, round_number: int, kind: VoteKind) -> int:
        """Voting power that cast any vote of this kind in a round."""
        return self.tally(round_number, kind).power_any(self.electorate)

    def voters(self, round_number: int) -> set[bytes]:
        """Who is known to have voted in a round, either way."""
        return {key for kind in VoteKind for key in self.tally(round_number, kind).by_validator}

    def rounds(self) -> list[int]:
        """Every round with a vote, ascending."""
        return sorted({round_number for round_number, _ in self.tallies})

    def votes(self, round_number: int, kind: VoteKind) -> list[Vote]:
        """The votes of a round and kind, by value, then by validator."""
        tally = self.tally(round_number, kind)
        return [
            tally.by_value[value][key]
            for value in sorted(tally.by_value)
            for key in sorted(tally.by_value[value])
        ]

    def _room(self, vote: Vote, now_round: int) -> bool:
        if vote.round <= now_round + ROUNDS_AHEAD:
            return True
        far = self._far.setdefault(vote.validator, set())
        far -= {known for known in far if known <= now_round + ROUNDS_AHEAD}
        if vote.round in far:
            return True
        if len(far) >= FAR_ROUNDS:
            lowest = min(far)
            if vote.round < lowest:
                return False
            far.discard(lowest)
            self._forget(vote.validator, lowest)
        far.add(vote.round)
        return True

    def _forget(self, validator: bytes, round_number: int) -> None:
        for kind in VoteKind:
            tally = self.tallies.get((round_number, kind))
            if tally is None:
                continue
            tally.by_validator.pop(validator, None)
            for votes in tally.by_value.values():
                votes.pop(validator, None)
            if not tally.by_validator:
                del self.tallies[(round_number, kind)]
