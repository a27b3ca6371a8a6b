"""Starts a process again when it was killed at its fail point, as a service manager would."""

import threading
from types import TracebackType

from testnet.processes import Process, Supervisor

ARMED = "YILIAN_FAILPOINT"
LOOK_SECONDS = 0.05


class Watch:
    """Looks after a stage's processes while a journey runs; `killed`: the names it restarted."""

    def __init__(self, supervisor: Supervisor, armed: frozenset[str]) -> None:
        self._supervisor = supervisor
        self._armed = armed
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, name="watch", daemon=True)
        self.killed: list[str] = []

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(LOOK_SECONDS):
            for process in self._supervisor.processes.values():
                if self._died(process):
                    self.killed.append(process.name)
                    del process.environment[ARMED]
                    process.start()

    def _died(self, process: Process) -> bool:
        armed = process.name in self._armed and process.name not in self.killed
        return armed and process.died_unasked
