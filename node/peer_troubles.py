"""What last went wrong with each peer, until it is connected: for people who ask why.

Connections from outside that fail before anybody has proved who they are belong to no peer; they
are counted by code, and forgotten after a while.
"""

import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from faults import PeerFault

STRANGERS_KEPT = 200
WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Trouble:
    """`code` is a peer fault's stable code, empty when the peer just can't be reached."""

    code: str
    detail: str


class Troubles:
    """The peer network notes here; bounded by the number of known peers."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._of: dict[bytes, Trouble] = {}
        self._strangers: deque[tuple[float, str]] = deque(maxlen=STRANGERS_KEPT)

    def fault(self, peer: bytes, fault: PeerFault) -> None:
        """A peer we dialed or know broke a rule; with an empty key it is a stranger."""
        if peer:
            self._of[peer] = Trouble(fault.code.name, _detail(fault))
        else:
            self._strangers.append((self._now(), fault.code.name))

    def unreachable(self, peer: bytes, error: BaseException) -> None:
        """A connection failed below our own protocol; a known fault of the peer is kept."""
        if peer and not self._of.get(peer, Trouble("", "")).code:
            self._of[peer] = Trouble("", _words(error))

    def connected(self, peer: bytes) -> None:
        """All is well again."""
        self._of.pop(peer, None)

    def of(self, peer: bytes) -> Trouble | None:
        """What last went wrong with a peer since it was connected."""
        return self._of.get(peer)

    def strangers(self) -> tuple[tuple[str, int], ...]:
        """Refused strangers of the last minute, by code."""
        since = self._now() - WINDOW_SECONDS
        return tuple(sorted(Counter(code for at, code in self._strangers if at > since).items()))


def _words(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "it closed the connection"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(getattr(error, "strerror", "") or error) or "the connection broke"


def _detail(fault: PeerFault) -> str:
    """The words in the parentheses, if there are any."""
    text = str(fault)
    start = text.rfind(" (")
    return text[start + 2 : -1] if start >= 0 and text.endswith(")") else ""
