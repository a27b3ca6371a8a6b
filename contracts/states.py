"""State machines as tables: state × action → the next state, or the refusal that is due.

A table is complete: every pair of a state and an action is either a move or a refusal, so the tests
can go through all of it and the documents can draw it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from faults import Code, Misuse, Rejected

START = "-"
"""The state of an object that does not exist yet."""


@dataclass(frozen=True)
class StateTable:
    """What may happen to one kind of object. Misuse when made with a hole or a contradiction.

    `moves`: (state, action) -> next state. `refusals`: (state, action) -> code; `otherwise` stands
    for the pairs that neither names.
    """

    name: str
    states: tuple[str, ...]
    actions: tuple[str, ...]
    moves: Mapping[tuple[str, str], str]
    otherwise: Code
    refusals: Mapping[tuple[str, str], Code]

    def __post_init__(self) -> None:
        named = {*self.moves, *self.refusals}
        strange = [pair for pair in named if pair not in set(self._pairs())]
        twice = [pair for pair in self.moves if pair in self.refusals]
        lost = [state for state in self.moves.values() if state not in self.states]
        if strange or twice or lost:
            raise Misuse(f"the table of {self.name} is wrong: {sorted(strange + twice)}, {lost}")

    def move(self, state: str, action: str, **about: str | int) -> str:
        """The state after `action`; Rejected with the code that is due, `about` and the state."""
        after = self.moves.get((state, action))
        if after is None:
            code = self.refusals.get((state, action), self.otherwise)
            raise Rejected(code, **about, state=state, action=action)
        return after

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Every pair in order: (state, action, next state or "", refusal's code or "")."""
        for state, action in self._pairs():
            after = self.moves.get((state, action), "")
            code = "" if after else self.refusals.get((state, action), self.otherwise).name
            yield state, action, after, code

    def _pairs(self) -> Iterator[tuple[str, str]]:
        return ((state, action) for state in (START, *self.states) for action in self.actions)
