"""`yilian` as its users run it: a process with arguments, an environment and an exit code."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PASSPHRASE = "correct horse battery"
SECONDS_MAX = 60
YILIAN = (sys.executable, "-m", "cli.main")


def environment(**more: str) -> dict[str, str]:
    """Ours without what would change a command, plus the passphrase of the tests' key files."""
    left_out = ("YILIAN_NODE", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
    kept = {name: text for name, text in os.environ.items() if name not in left_out}
    return {**kept, "YILIAN_PASSPHRASE": PASSPHRASE, **more}


def yilian(*arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*YILIAN, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        stdin=subprocess.DEVNULL,
        env=environment(**more),
        check=False,
    )


@contextmanager
def begun(log: Path, *arguments: str | Path, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command that goes on; whatever happens, it does not outlive the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*YILIAN, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment(**more),
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def until(what: str, look: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for something to become so."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


def processes_under(folder: Path) -> list[str]:
    """Command lines of all processes that name this folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has just ended
            continue
        if str(folder) in line:
            found.append(line)
    return found
