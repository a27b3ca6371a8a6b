"""The node's disk: RocksDB behind the ledger's key-value port. Last stop of the main path.

Every batch goes through RocksDB's write-ahead log with a sync before `write` returns, and is
atomic: a kill at any instant leaves either all of a batch or none of it. A torn tail of the log can
only be a batch nobody was told about, so it is cut on opening; damage anywhere else refuses to
open. After any error the process stops (StorageFault): an fsync that failed once proves nothing
when repeated.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar, cast

import rocksdict

from faults import Rejected, StorageFault, failpoint
from node.codes import STORE_LOCKED

_T = TypeVar("_T")

SCAN_CHUNK = 256
"""Entries read per step of a scan: no native iterator is left open while the caller thinks."""

WRITE_BUFFER_BYTES = 32 * 1024 * 1024
KEPT_LOG_FILES = 4


class RocksStore:
    """`ledger.kv.KeyValue` on RocksDB; one process at a time, any number of threads."""

    def __init__(self, path: Path) -> None:
        """Open or create the store at `path`.

        Raises Rejected(STORE_LOCKED) when another process has it open, StorageFault when it is
        damaged or the disk refuses.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = rocksdict.Rdict(str(path), _options())
        except Exception as error:  # the binding raises bare Exception, with a text only
            text = str(error)
            if "LOCK" in text and "lock" in text:
                raise Rejected(STORE_LOCKED, path=str(path)) from None
            raise StorageFault(f"cannot open the store at {path}: {text}") from error
        self._sync = rocksdict.WriteOptions()
        self._sync.sync = True
        self._checked = rocksdict.ReadOptions()
        self._checked.set_verify_checksums(True)
        self._write_lock = threading.Lock()
        self._closed = False

    def get(self, key: bytes) -> bytes | None:
        """The value at `key`, or None."""
        return cast("bytes | None", self._do(self._db.get, key, None, self._checked))

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The values at `keys`, in their order."""
        if not keys:
            return []
        found = self._do(self._db.get, list(keys), None, self._checked)
        return cast("list[bytes | None]", found)

    def scan(
        self, prefix: bytes, *, start: bytes = b"", reverse: bool = False, limit: int | None = None
    ) -> Iterator[tuple[bytes, bytes]]:
        """Entries whose key has `prefix`, ascending from `start` (descending from it if `reverse`).

        `start` is a whole key and is included; empty means from the prefix's end that comes first.
        """
        left = limit
        cursor = max(start, prefix) if not reverse else start
        if reverse and start > prefix and not start.startswith(prefix):
            cursor = b""  # above all that has the prefix: from the prefix's end
        skip = False
        while left is None or left > 0:
            wanted = SCAN_CHUNK if left is None else min(SCAN_CHUNK, left)
            chunk = self._do(self._chunk, prefix, cursor, reverse, skip, wanted)
            yield from chunk
            if len(chunk) < wanted:
                return
            left = None if left is None else left - len(chunk)
            cursor, skip = chunk[-1][0], True

    def write(self, batch: Mapping[bytes, bytes | None]) -> None:
        """Put (or with None delete) all of `batch`, atomically; it is on the disk on return."""
        if not batch:
            return
        native = rocksdict.WriteBatch(raw_mode=True)
        for key, value in batch.items():
            if value is None:
                native.delete(key)
            else:
                native.put(key, value)
        failpoint("node.store.write.before")
        with self._write_lock:
            self._do(self._db.write, native, self._sync)
        failpoint("node.store.write.after")

    def checkpoint(self, path: Path) -> None:
        """Make a consistent copy at `path`, which must not exist (hard links: cheap, same disk)."""
        maker = rocksdict.Checkpoint(self._db)
        self._do(maker.create_checkpoint, str(path))

    def close(self) -> None:
        """Release the files; the store can't be used afterwards."""
        if not self._closed:
            self._closed = True
            self._do(self._db.close)

    def _chunk(
        self, prefix: bytes, cursor: bytes, reverse: bool, skip: bool, wanted: int
    ) -> list[tuple[bytes, bytes]]:
        entries = self._db.iter(self._checked)
        if reverse:
            _seek_last(entries, prefix, cursor)
        else:
            entries.seek(cursor)
        step = entries.prev if reverse else entries.next
        if skip and entries.valid() and entries.key() == cursor:
            step()
        found: list[tuple[bytes, bytes]] = []
        while len(found) < wanted and entries.valid():
            key = cast("bytes", entries.key())
            if not key.startswith(prefix):
                break
            found.append((key, cast("bytes", entries.value())))
            step()
        entries.status()
        return found

    def _do(self, call: Callable[..., _T], *arguments: object) -> _T:
        try:
            return call(*arguments)
        except Exception as error:  # the binding raises bare Exception, with a text only
            raise StorageFault(f"the store at {self.path} failed: {error}") from error


def _seek_last(entries: rocksdict.RdictIter, prefix: bytes, cursor: bytes) -> None:
    """Stand on the last key of `prefix` that is not above `cursor` (empty: no bound)."""
    if cursor:
        entries.seek_for_prev(cursor)
        return
    after = _after_prefix(prefix)
    if after is None:
        entries.seek_to_last()
        return
    entries.seek(after)
    if entries.valid():
        entries.prev()
    else:
        entries.seek_to_last()


def _after_prefix(prefix: bytes) -> bytes | None:
    """The least key above every key with this prefix; None when there is none."""
    stripped = prefix.rstrip(b"\xff")
    if not stripped:
        return None
    return stripped[:-1] + bytes([stripped[-1] + 1])


def _options() -> rocksdict.Options:
    """Everything that decides what survives is set here and not left to a default."""
    options = rocksdict.Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_paranoid_checks(True)
    options.set_use_fsync(False)  # fdatasync: the file's length is part of what it makes durable
    options.set_wal_recovery_mode(rocksdict.DBRecoveryMode.tolerate_corrupted_tail_records())
    options.set_recycle_log_file_num(0)
    options.set_compression_type(rocksdict.DBCompressionType.lz4())
    options.set_write_buffer_size(WRITE_BUFFER_BYTES)
    options.set_keep_log_file_num(KEPT_LOG_FILES)
    blocks = rocksdict.BlockBasedOptions()
    blocks.set_checksum_type(rocksdict.ChecksumType.xxh3())
    blocks.set_bloom_filter(10, False)
    options.set_block_based_table_factory(blocks)
    return options
