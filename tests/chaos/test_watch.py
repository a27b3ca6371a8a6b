"""A process that is being started again by its owner is not started by the watch, too."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from testnet import processes
from testnet.processes import Process


def test_a_killed_process_never_looks_as_if_it_had_died_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Process("sleeper", tmp_path / "node.toml", tmp_path)
    looks: list[bool] = []

    def started(*_: Any, **more: Any) -> subprocess.Popen[bytes]:
        looks.append(process.died_unasked)
        del more["env"]
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], **more)

    monkeypatch.setattr(processes, "subprocess", _Subprocess(started))
    process.start()
    process.kill()
    assert not process.died_unasked
    process.start()
    assert looks == [False, False]
    assert process.alive
    assert process.running is not None
    process.running.kill()
    process.running.wait()
    assert process.died_unasked
    process.kill()


class _Subprocess:
    """The module with another Popen."""

    DEVNULL = subprocess.DEVNULL
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self, popen: Any) -> None:
        self.Popen = popen
