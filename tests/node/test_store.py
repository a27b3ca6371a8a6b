"""RocksDB behind the port: against a dictionary, across processes, and when damaged."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faults import Rejected, StorageFault
from node.store import SCAN_CHUNK, RocksStore

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store(tmp_path: Path) -> RocksStore:
    return RocksStore(tmp_path / "db")


KEYS = st.binary(min_size=1, max_size=3) | st.sampled_from([b"\xff", b"\xff\xff", b"a", b"a\x00"])


@pytest.mark.parametrize(
    ("start", "found"),
    [(b"c", [b"b2", b"b1"]), (b"b1x", [b"b1"]), (b"b", []), (b"a9", []), (b"", [b"b2", b"b1"])],
)
def test_backwards_from_beyond_the_prefix(
    store: RocksStore, start: bytes, found: list[bytes]
) -> None:
    store.write(dict.fromkeys((b"a", b"b1", b"b2", b"c"), b""))
    assert [key for key, _ in store.scan(b"b", start=start, reverse=True)] == found


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.dictionaries(KEYS, st.none() | st.binary(max_size=4)), max_size=4),
    prefix=st.binary(max_size=2),
    start=KEYS | st.just(b""),
    reverse=st.booleans(),
    limit=st.none() | st.integers(0, 5),
)
def test_it_answers_as_a_dictionary_would(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[dict[bytes, bytes | None]],
    prefix: bytes,
    start: bytes,
    reverse: bool,
    limit: int | None,
) -> None:
    store = RocksStore(tmp_path_factory.mktemp("db") / "db")
    model: dict[bytes, bytes] = {}
    for batch in batches:
        store.write(batch)
        for key, value in batch.items():
            if value is None:
                model.pop(key, None)
            else:
                model[key] = value
    asked = sorted({key for batch in batches for key in batch} | {b"absent"})
    assert store.get_many(asked) == [model.get(key) for key in asked]
    assert [store.get(key) for key in asked] == [model.get(key) for key in asked]
    wanted = sorted(
        ((key, value) for key, value in model.items() if key.startswith(prefix)), reverse=reverse
    )
    if start:
        wanted = [
            entry for entry in wanted if (entry[0] <= start if reverse else entry[0] >= start)
        ]
    found = list(store.scan(prefix, start=start, reverse=reverse, limit=limit))
    assert found == wanted[:limit]
    store.close()


def test_a_long_scan_goes_on_over_its_chunks(store: RocksStore) -> None:
    entries = {b"p/" + n.to_bytes(4, "big"): b"%d" % n for n in range(3 * SCAN_CHUNK + 1)}
    store.write({**entries, b"o": b"", b"q": b""})
    assert list(store.scan(b"p/")) == sorted(entries.items())
    assert list(store.scan(b"p/", reverse=True)) == sorted(entries.items(), reverse=True)
    store.close()


def test_it_remembers_after_closing(tmp_path: Path) -> None:
    first = RocksStore(tmp_path / "db")
    first.write({b"k": b"v", b"empty": b""})
    first.close()
    again = RocksStore(tmp_path / "db")
    assert again.get(b"k") == b"v"
    assert again.get(b"empty") == b""
    again.close()


def test_a_second_process_is_refused(store: RocksStore) -> None:
    code = (
        "import sys, pathlib\nfrom node.store import RocksStore\nfrom faults import Rejected\n"
        "try:\n    RocksStore(pathlib.Path(sys.argv[1]))\n"
        "except Rejected as refused:\n    sys.exit(refused.code.name)\n"
    )
    other = subprocess.run(
        [sys.executable, "-c", code, str(store.path)], cwd=ROOT, capture_output=True, text=True
    )
    assert other.stderr.strip() == "STORE_LOCKED"
    with pytest.raises(Rejected, match="STORE_LOCKED"):
        RocksStore(store.path)
    store.close()


def test_a_checkpoint_is_a_store_of_that_moment(store: RocksStore, tmp_path: Path) -> None:
    store.write({b"k": b"old"})
    store.checkpoint(tmp_path / "copy")
    store.write({b"k": b"new"})
    copy = RocksStore(tmp_path / "copy")
    assert copy.get(b"k") == b"old"
    copy.close()
    with pytest.raises(StorageFault):
        store.checkpoint(tmp_path / "copy")
    store.close()


def test_after_close_every_use_is_a_storage_fault(store: RocksStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StorageFault):
        store.get(b"k")
    with pytest.raises(StorageFault):
        store.write({b"k": b"v"})


WRITE_AND_DIE = """
import os, pathlib, signal, sys
from node.store import RocksStore
store = RocksStore(pathlib.Path(sys.argv[1]))
for number in range(20):
    store.write({b"key-%d" % number: b"value" * 20})
os.kill(os.getpid(), signal.SIGKILL)
"""


def log_with_records(path: Path) -> Path:
    """A store whose process was killed: all it wrote is in its write-ahead log only."""
    subprocess.run([sys.executable, "-c", WRITE_AND_DIE, str(path)], cwd=ROOT, check=False)
    return next(log for log in path.glob("*.log") if log.stat().st_size)


@pytest.mark.covers(row=16)
def test_every_acknowledged_batch_survives_a_kill(tmp_path: Path) -> None:
    log_with_records(tmp_path / "db")
    store = RocksStore(tmp_path / "db")
    assert len(list(store.scan(b"key-"))) == 20
    store.close()


@pytest.mark.covers(row=19)
def test_damage_inside_the_log_refuses_to_open(tmp_path: Path) -> None:
    log = log_with_records(tmp_path / "db")
    raw = bytearray(log.read_bytes())
    raw[len(raw) // 2] ^= 1
    log.write_bytes(raw)
    with pytest.raises(StorageFault):
        RocksStore(tmp_path / "db")


@pytest.mark.covers(row=(18, 19))
def test_a_torn_tail_is_cut_to_the_last_whole_batch(tmp_path: Path) -> None:
    log = log_with_records(tmp_path / "db")
    log.write_bytes(log.read_bytes()[:-7])
    store = RocksStore(tmp_path / "db")
    assert store.get(b"key-18") == b"value" * 20
    assert store.get(b"key-19") is None
    store.close()


def test_a_file_in_the_way_is_a_storage_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFault):
        RocksStore(tmp_path / "file" / "db")
