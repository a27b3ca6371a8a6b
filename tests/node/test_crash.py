"""Killed at any point of any write, a node stands at a block boundary and lost nothing it told."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from node.block_store import BlockStore
from node.failpoints import FAILPOINTS
from node.fsck import check_store, replay_store
from node.store import RocksStore
from tests.node.chains import ROOT, Keys, genesis_file

BLOCKS = 4
WRITING = [
    "node.genesis.before",
    "node.genesis.after",
    "node.commit.before:1",
    "node.commit.before:3",
    "node.commit.after:1",
    "node.commit.after:3",
    "node.committed.before:2",
    "node.committed.after:2",
    "node.store.write.before:4",
    "node.store.write.after:4",
    "test.told:2",
]

pytestmark = pytest.mark.processes


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.node.crash_worker", str(folder), str(BLOCKS)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def told(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.count(" ") == 2]


def final_root(folder: Path) -> bytes:
    store = RocksStore(folder)
    try:
        file = genesis_file(Keys())
        assert check_store(store, file) == BLOCKS
        return replay_store(store, file)
    finally:
        store.close()


@pytest.mark.parametrize("point", WRITING)
@pytest.mark.covers(row=(16, 21))
def test_a_kill_loses_nothing_that_was_told(tmp_path: Path, point: str) -> None:
    killed = run(tmp_path / "db", YILIAN_FAILPOINT=point)
    assert killed.returncode == -signal.SIGKILL
    before = told(killed.stdout)
    store = RocksStore(tmp_path / "db")
    blocks = BlockStore(store)
    assert blocks.height() - len(before) in (0, 1)  # the last one may be done and not told
    for line in before:
        number, tx_hash, _ = line.split(" ")
        assert blocks.place(bytes.fromhex(tx_hash)) == (int(number), 0)
    store.close()
    again = run(tmp_path / "db")
    assert again.returncode == 0, again.stderr
    run(tmp_path / "undisturbed")
    assert final_root(tmp_path / "db") == final_root(tmp_path / "undisturbed")


def test_the_points_of_the_write_path_are_declared_and_passed(tmp_path: Path) -> None:
    log = tmp_path / "points"
    assert run(tmp_path / "db", YILIAN_FAILPOINT_LOG=str(log)).returncode == 0
    passed = {name for name in log.read_text().split() if name.startswith("node.")}
    assert passed <= set(FAILPOINTS)
    assert {point.partition(":")[0] for point in WRITING} - {"test.told"} <= passed


@pytest.mark.covers(row=14)
def test_every_run_gives_the_same_bytes(tmp_path: Path) -> None:
    outputs = set()
    for seed in range(4):
        environment = {"PYTHONHASHSEED": str(seed), "TZ": "Asia/Shanghai", "LC_ALL": "C"}
        done = run(tmp_path / f"db{seed}", **(environment if seed else {"PYTHONHASHSEED": "0"}))
        assert done.returncode == 0, done.stderr
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert len(told(outputs.pop())) == BLOCKS
