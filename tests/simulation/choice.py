"""One source of every decision in the simulator, with three drivers behind it.

`choice(n)` answers one of 0 … n-1, and **0 is always the calm answer**: no fault, no delay, nothing
lost. So Hypothesis shrinks towards calm, and a driver that has run out of answers gives calm ones.
"""

import random
from collections.abc import Callable, Iterator

Choice = Callable[[int], int]


class Seeded:
    """Storms: everything follows from one number."""

    def __init__(self, seed: int) -> None:
        self._bits = random.Random(seed).getrandbits

    def __call__(self, bound: int) -> int:
        return self._bits(32) * bound >> 32


class Drawn:
    """Hypothesis: `draw` is `data.draw`; after `limit` decisions everything is calm."""

    def __init__(self, draw: Callable, limit: int = 400) -> None:
        from hypothesis import strategies

        self._draw, self._integers = draw, strategies.integers
        self._left = limit

    def __call__(self, bound: int) -> int:
        if bound < 2 or self._left == 0:
            return 0
        self._left -= 1
        return self._draw(self._integers(0, bound - 1))


class _Digits:
    """One path through the tree of decisions: the digits chosen so far and their bounds."""

    def __init__(self, digits: list[int], depth: int) -> None:
        self._digits, self._depth = digits, depth
        self.taken: list[tuple[int, int]] = []

    def __call__(self, bound: int) -> int:
        if bound < 2 or len(self.taken) == self._depth:
            return 0
        place = len(self.taken)
        digit = self._digits[place] if place < len(self._digits) else 0
        self.taken.append((digit, bound))
        return digit


def every(depth: int) -> Iterator[Choice]:
    """All different runs of what asks at most `depth` decisions, one after another.

    The rightmost digit that can grow grows, and what stood behind it is forgotten; so nothing has
    to be known beforehand about how many decisions there are, and of how many answers each.
    """
    digits: list[int] = []
    while True:
        path = _Digits(digits, depth)
        yield path
        taken = path.taken
        while taken and taken[-1][0] + 1 == taken[-1][1]:
            taken.pop()
        if not taken:
            return
        digits = [digit for digit, _ in taken]
        digits[-1] += 1


def chance(choice: Choice, per_mille: int) -> bool:
    """True in `per_mille` of a thousand cases."""
    return per_mille > 0 and choice(1000) >= 1000 - per_mille


def pick(choice: Choice, options):
    """One of a sequence; the first is the calm one."""
    return options[choice(len(options))]


def between(choice: Choice, low: int, high: int) -> int:
    """A number from `low` to `high`, both included; `low` is the calm one."""
    return low + choice(high - low + 1)
