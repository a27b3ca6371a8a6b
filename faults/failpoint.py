"""Named places where a test kills the process, to see that every order of writes survives it.

`YILIAN_FAILPOINT=name` or `name:n` ends the process by SIGKILL when that point is passed for the
n-th time (1 is the first). `YILIAN_FAILPOINT_LOG=path` appends a line for every pass, so that a
test learns which points a run has, and how often. Without either variable a fail point costs one
comparison.
"""

import os
import signal

_armed, _, _count = os.environ.get("YILIAN_FAILPOINT", "").partition(":")
_remaining = int(_count) if _count else 1
_log_path = os.environ.get("YILIAN_FAILPOINT_LOG", "")
_enabled = bool(_armed or _log_path)


def failpoint(name: str) -> None:
    """Die here, as by `kill -9`, if a test armed this name."""
    if _enabled:
        _passed(name)


def _passed(name: str) -> None:
    global _remaining
    if _log_path:
        with open(_log_path, "a", encoding="ascii") as log:
            log.write(name + "\n")
    if name == _armed:
        _remaining -= 1
        if _remaining == 0:
            os.kill(os.getpid(), signal.SIGKILL)
