"""Runs the stage's nodes and routers as processes of their own, and ends only those it started."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS_MAX = 8.0
START_SECONDS_MAX = 60.0
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
RESTART_SECONDS_MAX = 2.0
LOOK_SECONDS = 0.03


class DidNotStart(RuntimeError):
    """A process ended or was too slow; the message holds its last log lines."""


@dataclass
class Process:
    """One node or router: its command line, its home, and the running process if there is one."""

    name: str
    config: Path
    home: Path
    relay: str = ""  # a router's address; a node reports its own addresses
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    running: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _ended_by_us: bool = field(default=False, repr=False)

    @property
    def log(self) -> Path:
        """Standard output and error of all its runs."""
        return self.home / "process.log"

    @property
    def alive(self) -> bool:
        """Whether the process runs now."""
        return self.running is not None and self.running.poll() is None

    @property
    def died_unasked(self) -> bool:
        """Whether it ran and ended, though nobody here ended it."""
        return self.running is not None and not self.alive and not self._ended_by_us

    def start(self) -> None:
        """Start it, with its `environment` added to ours."""
        (self.home / "addresses.json").unlink(missing_ok=True)
        with self.log.open("ab") as log, _signals_wait():
            self.running = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "start", "--config", str(self.config)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        # Not before: a watch that looked in between would start it a second time.
        self._ended_by_us = False

    def addresses(self) -> dict[str, str]:
        """The addresses it listens on ("grpc" and "http", or "relay"), once it is ready."""
        deadline = time.monotonic() + START_SECONDS_MAX
        path, dead_seconds = self.home / "addresses.json", 0.0
        while time.monotonic() < deadline:
            if self.relay and _answers(self.relay):
                return {"relay": self.relay}
            if path.exists():
                found: dict[str, str] = json.loads(path.read_text(encoding="ascii"))
                return found
            # A watch may be about to start it again (testnet.chaos).
            dead_seconds = 0.0 if self.alive else dead_seconds + LOOK_SECONDS
            if dead_seconds > RESTART_SECONDS_MAX:
                break
            time.sleep(LOOK_SECONDS)
        raise DidNotStart(f"{self.name} did not start; its last lines:\n{self.last_lines()}")

    def last_lines(self, count: int = 12) -> str:
        """The end of its log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(
            self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
        )

    def kill(self) -> None:
        """SIGKILL: no goodbye, as when the power goes."""
        self._ended_by_us = True
        if self.running is not None:
            with contextlib.suppress(ProcessLookupError):
                self.running.send_signal(signal.SIGKILL)
            self.running.wait()

    def ask_to_end(self) -> None:
        """SIGTERM, without waiting."""
        self._ended_by_us = True
        if self.running is not None and self.running.poll() is None:
            self.running.terminate()

    def stop(self) -> int | None:
        """SIGTERM, then SIGKILL if it does not end in time; its exit code."""
        if self.running is None:
            return None
        self.ask_to_end()
        try:
            return self.running.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.running.returncode


@contextlib.contextmanager
def _signals_wait() -> Iterator[None]:
    """Signals are handled after the block: Ctrl-C between a child's birth and our noting it down
    would leave it behind."""
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers run in the main thread only
        return
    caught: list[int] = []
    before = {kind: signal.signal(kind, lambda number, _: caught.append(number)) for kind in ENDING}
    try:
        yield
    finally:
        for kind, handler in before.items():
            signal.signal(kind, signal.SIG_DFL if handler is None else handler)
        for number in caught:
            signal.raise_signal(number)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


@dataclass
class Supervisor:
    """All processes of a stage. Leaving the `with` block ends every one of them."""

    processes: dict[str, Process] = field(default_factory=dict)

    def add(self, process: Process) -> Process:
        """Take a process under supervision; it is not started yet."""
        self.processes[process.name] = process
        return process

    def start_all(self) -> None:
        """Start everything at once, then wait until each says that it listens."""
        for process in self.processes.values():
            if not process.alive:
                process.start()
        for process in self.processes.values():
            process.addresses()

    def stop_all(self) -> None:
        """Ask all to end at once, then wait for each."""
        for process in self.processes.values():
            process.ask_to_end()
        for process in self.processes.values():
            process.stop()

    @contextlib.contextmanager
    def running(self) -> Iterator["Supervisor"]:
        """Start all; stop all on the way out, whatever happened."""
        try:
            self.start_all()
            yield self
        finally:
            self.stop_all()
