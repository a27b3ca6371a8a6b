"""How far other nodes' clocks are off ours, from questions and answers and their round trips."""

from collections import deque
from dataclasses import dataclass, field

SAMPLES_KEPT = 8
TOKENS_KEPT = 16
OFFSET_MAX_MS = 10**15


@dataclass(frozen=True, slots=True)
class Offset:
    """Their clock minus ours, in ms, and how far that may be wrong."""

    offset_ms: int
    error_ms: int


@dataclass(slots=True)
class PeerClock:
    """One peer's answers. Of the last few the one with the shortest round trip is believed.

    With the answer written somewhere between question and arrival, its time is compared with the
    middle of the two, and half the round trip is how far off that may be (Cristian, 1989).
    """

    _asked: dict[int, tuple[int, int]] = field(default_factory=dict)
    _samples: deque[Offset] = field(default_factory=lambda: deque(maxlen=SAMPLES_KEPT))

    def ask(self, token: int, wall_ms: int, steady_ms: int) -> None:
        """A question leaves now: by the wall clock, and by a clock that never jumps."""
        self._asked[token] = (wall_ms, steady_ms)
        while len(self._asked) > TOKENS_KEPT:
            del self._asked[next(iter(self._asked))]

    def answer(self, token: int, theirs_ms: int, steady_ms: int) -> bool:
        """Their answer arrives now; False if nobody asked, or it came before."""
        asked = self._asked.pop(token, None)
        if asked is None:
            return False
        wall_ms, left_ms = asked
        trip = max(0, steady_ms - left_ms)
        offset = theirs_ms - (wall_ms + trip // 2)
        offset = max(-OFFSET_MAX_MS, min(OFFSET_MAX_MS, offset))
        self._samples.append(Offset(offset, (trip + 1) // 2))
        return True

    def offset(self) -> Offset | None:
        """The best of the last answers."""
        return min(self._samples, key=lambda sample: sample.error_ms, default=None)
