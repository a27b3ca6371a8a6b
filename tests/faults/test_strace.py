"""A sample of `make strace`: kills and errors at single system calls of a run (FAULTS 16, 17)."""

import shutil
import subprocess

import pytest

from tests.faults.strace_harness import Bench, Place

pytestmark = [pytest.mark.processes, pytest.mark.slow]

STATE = ("consensus/consensus.wal", "consensus/last-signed")
LOG = "store/*.log"


def _strace_works() -> bool:
    if shutil.which("strace") is None:
        return False
    done = subprocess.run(["strace", "-o", "/dev/null", "true"], check=False, capture_output=True)
    return done.returncode == 0


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    if not _strace_works():
        pytest.skip("strace is not installed or may not trace here: apt-get install strace")
    return Bench(tmp_path_factory.mktemp("strace"))


@pytest.mark.covers(row=(16, 17))
def test_kills_and_errors_at_writes_and_syncs_lose_nothing(bench: Bench) -> None:
    counted = bench.count()
    log = next(name for name, _ in counted if name.startswith("store/") and name.endswith(".log"))
    assert all(counted[name, call] >= 4 for name in STATE for call in ("write", "fdatasync"))
    trials = []
    for number, name in enumerate((*STATE, log)):
        for call in ("write", "fdatasync"):
            times = counted[name, call]
            trials.append((Place(name, call, 1 + number), "signal=KILL"))
            error = "error=EIO" if call == "fdatasync" else "error=ENOSPC"
            trials.append((Place(name, call, times // 2 + number), error))
    missed, wrong = [], []
    for place, how in trials:
        ran, found = bench.trial(place, how)
        wrong += [f"{place} {how}: {one}" for one in found]
        missed += [f"{place} {how}"] * (ran.code == 0)
    assert wrong == []
    assert missed == []


@pytest.mark.covers(row=16)
def test_kills_at_creations_and_renames_lose_nothing(bench: Bench) -> None:
    """The files that are replaced as a whole, the first start's marks, and the directories."""
    counted = bench.count()
    chosen = [
        ("consensus/last-signed.new", "rename"),
        ("consensus/consensus.wal.new", "rename"),
        ("node.key.never-signed", "unlink"),
        ("consensus", "fsync"),
        ("store", "fsync"),
    ]
    assert set(chosen) <= set(counted)
    wrong = []
    for index, (name, call) in enumerate(chosen):
        how = ("signal=KILL", "error=EIO")[index % 2]
        wrong += [
            f"{name} {call} {how}: {one}" for one in bench.trial(Place(name, call, 1), how)[1]
        ]
    assert wrong == []
