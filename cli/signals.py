"""How a command ends when it is told to: once, cleanly, and without being hurried."""

import contextlib
import signal
from collections.abc import Iterator, Sequence

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def ended_by_signals(kinds: Sequence[signal.Signals] = ENDING) -> Iterator[None]:
    """Inside the block the first of `kinds` raises KeyboardInterrupt, and later ones are ignored.

    Ignored, because they would interrupt the cleaning up after the first: an impatient second
    Ctrl-C would leave processes behind.
    """
    asked = False

    def interrupt(*_: object) -> None:
        nonlocal asked
        if not asked:
            asked = True
            raise KeyboardInterrupt

    before = {kind: signal.signal(kind, interrupt) for kind in kinds}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
