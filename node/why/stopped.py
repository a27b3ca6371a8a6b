"""Why this node last ended by a fault: a small file in its home, for the next start to tell."""

import contextlib
import json
import time
from pathlib import Path

from node.why.facts import Stopped

FILE = "stopped.json"
SHOWN_MS = 24 * 3_600_000
REASON_MAX = 500
_FILE_BYTES_MAX = 16 * 1024


def remember_stop(home: Path, fault: BaseException) -> None:
    """Write it down, if the disk still takes it; the log has it anyway."""
    facts = {
        "kind": type(fault).__name__,
        "reason": str(fault)[:REASON_MAX],
        "time_ms": time.time_ns() // 1_000_000,
    }
    with contextlib.suppress(OSError):
        (home / FILE).write_text(json.dumps(facts), encoding="utf-8")


def last_stop(home: Path, now_ms: int) -> Stopped | None:
    """What was written, if it is of the last day."""
    try:
        with (home / FILE).open("rb") as file:
            facts = json.loads(file.read(_FILE_BYTES_MAX))
        stopped = Stopped(
            kind=str(facts["kind"]), reason=str(facts["reason"]), ago_ms=now_ms - facts["time_ms"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stopped if 0 <= stopped.ago_ms < SHOWN_MS else None
