"""Told to end, every long-running verb ends within seconds, with its exit code, leaving nothing."""

import os
import pty
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from testnet.processes import Process
from testnet.stage import FINANCE, Stage, lay_out
from tests.cli.running import YILIAN, begun, environment, processes_under, until

pytestmark = [pytest.mark.processes, pytest.mark.timeout(120)]

SECONDS_MAX = 15
SIGNALS = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    found = lay_out(tmp_path_factory.mktemp("ending") / "stage", province_validators=1)
    yield found
    found.supervisor.stop_all()


def both(stage: Stage) -> tuple[Process, Process]:
    return stage.nodes[FINANCE][0], stage.routers[FINANCE]


def handles(pid: int, kind: signal.Signals) -> bool:
    """Whether the process has a handler of its own for this signal."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    caught = int(status.partition("SigCgt:\t")[2].partition("\n")[0], 16)
    term = 1 << (signal.SIGTERM - 1)
    return bool(caught & term and caught & 1 << (kind - 1))


def ended(process: subprocess.Popen[bytes], kind: signal.Signals) -> int:
    began = time.monotonic()
    process.send_signal(kind)
    code = process.wait(30)
    assert time.monotonic() - began < SECONDS_MAX
    return code


@pytest.mark.parametrize("kind", SIGNALS)
def test_a_running_node_and_router(stage: Stage, kind: signal.Signals) -> None:
    for process in both(stage):
        process.start()
        process.addresses()
        assert process.running is not None
        assert ended(process.running, kind) == 0, process.last_lines()
        assert "Traceback" not in process.last_lines(50)


@pytest.mark.parametrize("delay", [0.0, 0.1, 0.2, 0.4])
def test_a_node_and_a_router_that_are_starting(stage: Stage, delay: float) -> None:
    """Whatever is imported or opened at that moment, from when the command itself has begun."""
    for process in both(stage):
        for kind in SIGNALS:
            process.start()
            assert process.running is not None
            until("it listens to signals", partial(handles, process.running.pid, kind))
            time.sleep(delay)
            assert ended(process.running, kind) == 0, process.last_lines()
            assert "Traceback" not in process.last_lines(50)


def test_a_router_without_its_node_and_its_peers(stage: Stage) -> None:
    """It keeps trying, and ends at once all the same."""
    router = stage.routers[FINANCE]
    router.start()
    router.addresses()
    time.sleep(0.5)
    assert router.running is not None
    assert ended(router.running, signal.SIGTERM) == 0


def interrupted(log: Path, kind: signal.Signals, *command: str | Path, folder: Path) -> int:
    """Start it, wait until its processes begin, tell it to end twice; its exit code."""
    with begun(log, *command) as process:
        until("the first processes start", lambda: len(processes_under(folder)) > 2)
        process.send_signal(kind)
        time.sleep(0.1)
        process.send_signal(kind)
        code = process.wait(30)
    assert processes_under(folder) == []
    assert b"Traceback" not in log.read_bytes()
    return code


@pytest.mark.parametrize("kind", SIGNALS)
def test_a_demo_that_is_starting(tmp_path: Path, kind: signal.Signals) -> None:
    folder = tmp_path / "demo"
    command = ("demo", "--validators", "1", "--folder", folder)
    assert interrupted(tmp_path / "log", kind, *command, folder=folder) == 130


def test_a_demo_takes_its_own_folder_away(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with begun(log, "demo", "--validators", "1", TMPDIR=str(tmp_path)) as process:
        until("the first processes start", lambda: len(processes_under(tmp_path)) > 2)
        assert ended(process, signal.SIGTERM) == 130
    assert processes_under(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["log"]


def test_a_testnet_that_is_starting(tmp_path: Path) -> None:
    folder = tmp_path / "testnet"
    command = ("testnet", folder, "--validators", "1")
    assert interrupted(tmp_path / "log", signal.SIGTERM, *command, folder=folder) == 0
    assert (folder / FINANCE / "genesis.json").exists()


def test_no_color_means_no_escape_codes(tmp_path: Path) -> None:
    """On a terminal the demo's title is bold, and with NO_COLOR it is plain."""
    assert b"\x1b[" in on_a_terminal(tmp_path / "bold")
    assert b"\x1b[" not in on_a_terminal(tmp_path / "plain", NO_COLOR="1")


def on_a_terminal(folder: Path, **more: str) -> bytes:
    """What the demo shows on a terminal until it begins to lay out its stage."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*YILIAN, "demo", "--validators", "1", "--folder", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="xterm-256color", **more),
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    try:
        while b"validators" not in shown:
            shown += os.read(ours, 4096)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        os.close(ours)
    return shown
