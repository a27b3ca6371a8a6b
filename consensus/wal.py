"""The write-ahead log: what we signed, locked, and why, before anybody hears of it.

File: the line `yilian-wal 1`, an 8-byte salt with its CRC-32, then one record for every append: a
4-byte count and the messages, each with a 4-byte length. A record is a 4-byte length, a CRC-32 of
salt, length and content, the content. The salt keeps a transaction that looks like a record from
being taken for one. A record that a crash cut off at the end was never acted upon and is cut; a
damaged record **before** a good one, or a damaged head, can't be the work of a crash and stops the
node (StorageFault): guessing could sign twice. Messages say their heights themselves; a new height
forgets the old ones, and the file begins anew whenever it has grown beyond `REWRITE_BYTES`.
"""

import zlib
from collections.abc import Sequence
from pathlib import Path

from consensus import files
from consensus.messages import MESSAGE_BYTES_MAX, Proposal, Vote, decode, encode
from faults import PeerFault, Rejected, StorageFault, failpoint
from ledger.codec import Reader, Writer

_MAGIC = b"yilian-wal 1\n"
_SALT_BYTES = 8
_START = len(_MAGIC) + _SALT_BYTES + 4
_HEAD_BYTES = 8

REWRITE_BYTES = 1024 * 1024
"""Size from which a new height begins a new file; below it, beginning a height costs nothing."""

_MESSAGES_MAX = 64  # a proposal, every validator's prevote for it, our precommit
_RECORD_BYTES_MAX = 8 * MESSAGE_BYTES_MAX


class WriteAheadLog:
    """The open log; one writer, one process."""

    def __init__(self, path: Path, disk: files.Disk) -> None:
        self._path = path
        self._disk = disk
        self._descriptor = -1
        self._salt = b""
        self._size = 0
        self.messages: tuple[Proposal | Vote, ...] = ()
        """What was in the log when it was opened, in the order of writing."""

    @classmethod
    def open(cls, directory: Path, disk: files.Disk = files.REAL_DISK) -> "WriteAheadLog":
        """Read the log of a directory, cut a torn tail, and be ready to append."""
        log = cls(directory / "consensus.wal", disk)
        with files.storage("opening the consensus log"):
            disk.make_directory(directory)
            if not disk.exists(log._path):
                files.replace(disk, log._path, _head(disk.salt(_SALT_BYTES)))
            content = disk.read(log._path)
            log._descriptor = disk.open(log._path, append=True)
            files.settle(disk, log._path, log._descriptor)
        records, log._size = _scan(content)
        log._salt = _salt_of(content)
        log.messages = tuple(message for record in records for message in _messages(record))
        if log._size < len(content):
            with files.storage("cutting the consensus log's torn tail"):
                disk.truncate(log._descriptor, log._size)
                disk.sync(log._descriptor)
        return log

    def append(self, messages: Sequence[Proposal | Vote]) -> None:
        """Make messages durable, all or none of them, before this returns."""
        if not messages:
            return
        record = _record(self._salt, _content(messages))
        failpoint("consensus.wal.before")
        with files.storage("appending to the consensus log"):
            files.write_all(self._disk, self._descriptor, record)
            self._disk.sync(self._descriptor)
        self._size += len(record)
        failpoint("consensus.wal.after")

    def begin(self, height: int, rewrite_bytes: int = REWRITE_BYTES) -> None:
        """Forget everything below `height`; what the opened log has of it or later stays.

        A file that has grown beyond `rewrite_bytes` is begun anew.
        """
        self.messages = tuple(message for message in self.messages if message.height >= height)
        if self._size <= rewrite_bytes:
            return
        salt = self._disk.salt(_SALT_BYTES)
        content = _head(salt) + b"".join(_record(salt, _content([m])) for m in self.messages)
        failpoint("consensus.wal.truncate.before")
        files.replace(self._disk, self._path, content)
        with files.storage("reopening the consensus log"):
            self._disk.close(self._descriptor)
            self._descriptor = self._disk.open(self._path, append=True)
        self._salt, self._size = salt, len(content)
        failpoint("consensus.wal.truncate.after")

    def close(self) -> None:
        """Release the file; the log can't be used afterwards."""
        if self._descriptor >= 0:
            self._disk.close(self._descriptor)
            self._descriptor = -1


def _head(salt: bytes) -> bytes:
    return _MAGIC + salt + zlib.crc32(salt).to_bytes(4, "big")


def _salt_of(data: bytes) -> bytes:
    return data[len(_MAGIC) : len(_MAGIC) + _SALT_BYTES]


def _content(messages: Sequence[Proposal | Vote]) -> bytes:
    writer = Writer().u32(len(messages))
    for message in messages:
        writer.lp(encode(message))
    return writer.done()


def _record(salt: bytes, content: bytes) -> bytes:
    length = len(content).to_bytes(4, "big")
    return length + zlib.crc32(salt + length + content).to_bytes(4, "big") + content


def _record_at(data: bytes, offset: int) -> bytes | None:
    """The content of a whole, undamaged record at `offset`, or None."""
    head = data[offset : offset + _HEAD_BYTES]
    length = int.from_bytes(head[:4], "big")
    end = offset + _HEAD_BYTES + length
    if len(head) < _HEAD_BYTES or end > len(data) or not 0 < length <= _RECORD_BYTES_MAX:
        return None
    content = data[offset + _HEAD_BYTES : end]
    checksum = zlib.crc32(_salt_of(data) + head[:4] + content)
    return content if checksum == int.from_bytes(head[4:], "big") else None


def _scan(data: bytes) -> tuple[list[bytes], int]:
    """All good records from the start, and where they end; StorageFault for damage inside."""
    if data[:_START] != _head(_salt_of(data)):
        raise StorageFault("the consensus log does not begin as one")
    records: list[bytes] = []
    offset = _START
    while (record := _record_at(data, offset)) is not None:
        records.append(record)
        offset += _HEAD_BYTES + len(record)
    if _good_record_after(data, offset):
        raise StorageFault(f"the consensus log is damaged at byte {offset}, before good records")
    return records, offset


def _good_record_after(data: bytes, damaged: int) -> bool:
    """Whether any undamaged record begins behind the damaged place.

    Every place is tried, because a damaged length says nothing about where the next record begins;
    places that can't be a length followed by a count of messages cost no checksum.
    """
    for offset in range(damaged + 1, len(data) - _HEAD_BYTES):
        if data[offset] <= _RECORD_BYTES_MAX >> 24:
            place = offset + _HEAD_BYTES
            count = int.from_bytes(data[place : place + 4], "big")
            if 0 < count <= _MESSAGES_MAX and _record_at(data, offset) is not None:
                return True
    return False


def _messages(record: bytes) -> list[Proposal | Vote]:
    messages: list[Proposal | Vote] = []
    reader = Reader(record, "consensus log record")
    try:
        for _ in range(reader.count(_MESSAGES_MAX)):
            message = decode(reader.lp(MESSAGE_BYTES_MAX))
            if not isinstance(message, Proposal | Vote):
                raise StorageFault("the consensus log holds a message that never belongs there")
            messages.append(message)
        reader.end()
    except (PeerFault, Rejected) as fault:
        raise StorageFault("the consensus log holds something that is no message") from fault
    return messages
