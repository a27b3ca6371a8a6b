"""How a command ends when it is told to: once, cleanly, and without being hurried."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TOLD_TO_A_SERVICE = (signal.SIGINT, signal.SIGTERM)
PATIENCE_SECONDS = 10.0


class Ended(BaseException):
    """The command was told to end.

    Not a KeyboardInterrupt: when that passes through an `exec`, as in the making of a dataclass,
    CPython ends the process with the bare signal although it was caught.
    """


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Inside the block SIGINT, SIGTERM and SIGHUP raise Ended; import what is needed before it.

    For some seconds after the first, more are ignored: they would interrupt the cleaning up, and an
    impatient second Ctrl-C would leave processes behind.
    """
    told_at: list[float] = []

    def interrupt(*_: object) -> None:
        now = time.monotonic()
        if not told_at or now - told_at[-1] > PATIENCE_SECONDS:
            told_at.append(now)
            raise Ended

    before = {kind: signal.signal(kind, interrupt) for kind in ENDING}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, signal.SIG_IGN if told_at else handler)


@contextlib.contextmanager
def ends_at_once() -> Iterator[None]:
    """Until the service in the block puts its own handlers in place, it ends at once when told to.

    At once and not by an exception: raised in the middle of an import it may be swallowed. Nothing
    has been opened then. After the block, only the interpreter's end is left, so signals are
    ignored; not so when the service could not start.
    """
    before = {kind: signal.signal(kind, _exit) for kind in TOLD_TO_A_SERVICE}
    try:
        yield
    except BaseException:
        for kind, handler in before.items():
            signal.signal(kind, handler)
        raise
    for kind in TOLD_TO_A_SERVICE:
        signal.signal(kind, signal.SIG_IGN)


def _exit(number: int, frame: FrameType | None) -> None:
    os._exit(0)
