"""Killed at any fail point of taking a snapshot over, a node starts again and completes it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from node.failpoints import SNAPSHOT_FAILPOINTS
from node.fsck import fsck
from node.snapshots import places
from tests.node.chains import ROOT, decide
from tests.node.snapshots.source import FILE, KEYS, opened, submit
from tests.node.snapshots.worker import HEIGHT

pytestmark = pytest.mark.processes


def run(home: Path, source: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "tests.node.snapshots.worker", str(home), str(source)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def homes(tmp_path: Path) -> tuple[Path, Path]:
    """A node with three blocks, and a source that has the same three and nine more."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    with opened(theirs) as far, opened(ours) as near:
        for number in range(12):
            submit(far, number)
            decide(far, KEYS)
            if number < 3:
                block, certificate = far.block(number + 1) or pytest.fail("no block")
                near.commit(block, certificate)
    return ours, theirs


@pytest.mark.slow
@pytest.mark.parametrize("point", SNAPSHOT_FAILPOINTS)
@pytest.mark.parametrize("nth", [1, 3])
def test_a_kill_leaves_a_node_that_starts_and_completes(
    homes: tuple[Path, Path], point: str, nth: int
) -> None:
    ours, theirs = homes
    killed = run(ours, theirs, YILIAN_FAILPOINT=f"{point}:{nth}")
    if nth > 1 and killed.returncode == 0:
        pytest.skip("passed once only")
    assert killed.returncode == -signal.SIGKILL, killed.stderr[-2000:]
    assert fsck(ours / places.STORE, FILE) in {3, HEIGHT}
    again = run(ours, theirs)
    assert again.returncode == 0, again.stderr[-2000:]
    assert fsck(ours / places.STORE, FILE) == HEIGHT
    left = {path.name for path in ours.iterdir()}
    assert not left & {places.SYNC, places.READY, places.OLD}
    assert not list((theirs / "snapshots").glob("*.new"))
    with opened(ours) as node, opened(theirs) as source:
        stored = source.store.header(HEIGHT)
        assert stored is not None and node.tree.root(HEIGHT) == stored[1].state_root


def test_parts_that_are_here_are_not_fetched_again(homes: tuple[Path, Path]) -> None:
    ours, theirs = homes
    whole = int(run(ours.with_name("fresh"), theirs).stdout)
    killed = run(ours, theirs, YILIAN_FAILPOINT=f"node.snapshot.part.after:{whole - 2}")
    assert killed.returncode == -signal.SIGKILL
    assert int(run(ours, theirs).stdout) == 2


def test_every_fail_point_is_passed(homes: tuple[Path, Path], tmp_path: Path) -> None:
    log = tmp_path / "passes"
    assert run(*homes, YILIAN_FAILPOINT_LOG=str(log)).returncode == 0
    assert set(SNAPSHOT_FAILPOINTS) <= set(log.read_text().split())
