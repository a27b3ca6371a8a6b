"""What a peer is allowed: a score that its faults lower, and a rate at which it is listened to.

Pure: the time, in seconds of any steady clock, is told by the caller.
"""

from dataclasses import dataclass

from faults import Code
from node.peer_codes import PEER_SLOW

SCORE_FULL = 100
SCORE_LEAST = 50
"""Below this a peer is left out for a while."""

BREACH_COST = 60
"""What no honest peer does: a frame too long, a message malformed or wrongly signed."""
SLOW_COST = 15
"""What befalls an honest peer on a bad line; four times in a row is a line not worth having."""
SCORE_PER_SECOND = 0.1
BACK_ON_PROBATION = 60
PATIENCE_SECONDS = 600.0
"""A penalty this long ago no longer makes the next one longer."""


@dataclass(slots=True)
class _Standing:
    score: float = SCORE_FULL
    at: float = 0.0
    penalties: int = 0
    until: float = 0.0


class Scores:
    """The standing of every known peer. Seconds throughout."""

    def __init__(self, penalty_first: float, penalty_last: float) -> None:
        self._first, self._last = penalty_first, penalty_last
        self._standings: dict[bytes, _Standing] = {}

    def fault(self, peer: bytes, code: Code, now: float) -> bool:
        """Take a fault into account; whether the peer is left out from now on."""
        standing = self._standings.setdefault(peer, _Standing(at=now))
        standing.score, standing.at = self.score(peer, now), now
        standing.score -= SLOW_COST if code is PEER_SLOW else BREACH_COST
        if standing.score >= SCORE_LEAST:
            return False
        if now - standing.until > PATIENCE_SECONDS:
            standing.penalties = 0
        seconds = min(self._first * 2.0 ** min(standing.penalties, 30), self._last)
        standing.penalties += 1
        standing.until = now + seconds
        standing.score = BACK_ON_PROBATION
        return True

    def left_out(self, peer: bytes, now: float) -> bool:
        """Whether nothing is had to do with the peer now."""
        standing = self._standings.get(peer)
        return standing is not None and now < standing.until

    def score(self, peer: bytes, now: float) -> float:
        """Up to SCORE_FULL; ten minutes without a fault make up for a breach."""
        standing = self._standings.get(peer)
        if standing is None:
            return SCORE_FULL
        return min(SCORE_FULL, standing.score + max(0.0, now - standing.at) * SCORE_PER_SECOND)

    def lowest(self, now: float) -> float:
        """The lowest score of any peer."""
        return min((self.score(peer, now) for peer in list(self._standings)), default=SCORE_FULL)


class Allowance:
    """A token bucket: `rate` a second, and up to `burst` at once after a quiet time."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = burst, 0.0

    def spend(self, amount: float, now: float) -> float:
        """Take `amount`; how many seconds to pause before taking any more (0: none)."""
        self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        self._left -= amount
        return max(0.0, -self._left / self._rate)
