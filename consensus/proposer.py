"""Who may vote at a height, with how much power, and whose turn it is to propose."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import gcd

from faults import Misuse


@dataclass(frozen=True, slots=True)
class Electorate:
    """The validators of one height as the core sees them: keys, powers and the two thresholds.

    `quorum` is the paper's 2f+1, the smallest power above two thirds: two quorums share an honest
    validator. `some_honest` is the paper's f+1, the smallest power that can't all be faulty.
    """

    members: tuple[tuple[bytes, int], ...]
    powers: dict[bytes, int]
    total: int
    quorum: int
    some_honest: int

    @classmethod
    def of(cls, members: Iterable[tuple[bytes, int]]) -> "Electorate":
        """From (public key, power) pairs; Misuse for none, a zero or a repeated key."""
        ordered = tuple(sorted(members))
        powers = dict(ordered)
        if not ordered or len(powers) != len(ordered) or min(powers.values()) < 1:
            raise Misuse("an electorate needs distinct keys, each with at least one vote")
        total = sum(powers.values())
        return cls(ordered, powers, total, total * 2 // 3 + 1, (total - 1) // 3 + 1)

    def power(self, key: bytes) -> int:
        """The voting power of a key; 0 for a stranger."""
        return self.powers.get(key, 0)

    def proposer(self, height: int, round_number: int) -> bytes:
        """Whose turn it is: proposer(h, round) of the paper.

        A weighted round robin without memory. Votes, reduced by their common divisor, are laid out
        in a row; the turn walks it with a stride that is coprime to the row's length, so that over
        one full walk every validator has exactly its share, and near the golden section of it, so
        that a strong validator's turns are spread out and a silent one doesn't hold up many rounds
        in a row.
        """
        divisor = gcd(*self.powers.values())
        length = self.total // divisor
        place = (height + round_number) * _stride(length) % length
        for key, power in self.members:
            place -= power // divisor
            if place < 0:
                return key
        raise Misuse("an electorate's powers do not add up to its total")


def _stride(length: int) -> int:
    stride = max(1, length * 618 // 1000)
    while gcd(stride, length) != 1:
        stride += 1
    return stride
