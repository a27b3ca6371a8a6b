"""Which validator set decides which height, as this node's chain has it so far.

A change executed in block h decides from h + 2, so the sets of all heights up to the newest
committed one + 2 are known. The history is small (one entry a change) and never changed in place:
readers on other threads keep the one they have.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from faults import Misuse, invariant
from ledger.validators import ValidatorSet


@dataclass(frozen=True, slots=True)
class ValidatorHistory:
    """Pairs (first height, set), ascending; the first pair is (1, the genesis set)."""

    changes: tuple[tuple[int, ValidatorSet], ...]

    @staticmethod
    def of(changes: Iterable[tuple[int, ValidatorSet]]) -> "ValidatorHistory":
        """The history of these pairs, which a store gave in order."""
        history = ValidatorHistory(tuple(changes))
        first = [height for height, _ in history.changes]
        invariant(bool(first) and first == sorted(set(first)), "validator sets stand in order")
        return history

    def at(self, height: int) -> ValidatorSet:
        """Who decides the block at `height`, 1 and above."""
        place = bisect_right(self.changes, height, key=lambda change: change[0])
        if place == 0:
            raise Misuse(f"no validator set is known for height {height}")
        return self.changes[place - 1][1]

    def with_change(self, height: int, validators: ValidatorSet) -> "ValidatorHistory":
        """The history in which `validators` decide from `height` on, later than all before."""
        return ValidatorHistory.of((*self.changes, (height, validators)))

    def announced(self, first: int, last: int) -> Iterator[tuple[int, ValidatorSet]]:
        """(height of the header that announces it, new set) for changes in force up to `last`.

        Headers from `first` on; the set of height n is announced by the header of n - 1, and the
        genesis set by none.
        """
        start = max(1, bisect_right(self.changes, first, key=lambda change: change[0]))
        for height, validators in self.changes[start:]:
            if height > last:
                return
            yield height - 1, validators
