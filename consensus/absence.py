"""Which validators let their turn pass and were silent since: nobody waits long for them again.

Only waiting depends on it. Whoever is wrongly thought absent loses a turn at most, and is present
again with the next vote or proposal that it signs.
"""

from dataclasses import dataclass, field

from consensus.state import State, Step, TimeoutFired, TimerKind


@dataclass(slots=True)
class Absence:
    """What this node has seen; it begins anew with every start."""

    _absent: set[bytes] = field(default_factory=set)

    def missed(self, state: State, fired: TimeoutFired) -> None:
        """A timer ran out (line 57): if the proposal of the current round is not here, note whose.

        To be called before the core hears of it.
        """
        current = (fired.kind, fired.height, fired.round) == (
            TimerKind.PROPOSE,
            state.height,
            state.round,
        )
        if not current or state.step is not Step.PROPOSE or state.round in state.proposals:
            return
        self._absent &= state.electorate.powers.keys()
        proposer = state.electorate.proposer(state.height, state.round)
        if proposer != state.own:
            self._absent.add(proposer)

    def heard(self, validator: bytes) -> None:
        """A message of the height being decided, or the next, bears its signature."""
        self._absent.discard(validator)

    def absent(self, state: State, round_number: int) -> bool:
        """Whether the proposer of a round of the current height is absent."""
        return state.electorate.proposer(state.height, round_number) in self._absent
