"""The few things this room does with files; any failure is a StorageFault and is never retried.

After a failed write or fsync nobody knows what the disk holds, so the process stops and the next
start reads what is really there. `Disk` is the port: tests put one behind it that loses power.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from faults import StorageFault


class Disk(Protocol):
    """What is asked of an operating system. Every method raises OSError when it can't."""

    def make_directory(self, path: Path) -> None:
        """Make the directory and those above it, if they aren't there."""

    def exists(self, path: Path) -> bool:
        """Whether a file has this name."""

    def read(self, path: Path) -> bytes:
        """The whole content of a file."""

    def create(self, path: Path) -> int:
        """Open a file for writing, new or emptied; only its owner may read it."""

    def open(self, path: Path, *, append: bool = False) -> int:
        """Open an existing file for writing; with `append` every write goes to its end."""

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write at the descriptor's place; answers how many bytes were taken."""

    def seek(self, descriptor: int, offset: int) -> None:
        """Set the place of the next write, in bytes from the start."""

    def truncate(self, descriptor: int, size: int) -> None:
        """Cut the file to `size` bytes."""

    def sync(self, descriptor: int) -> None:
        """Make a file's content durable."""

    def close(self, descriptor: int) -> None:
        """Release a descriptor; nothing becomes durable by it."""

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name in the same directory, in place of what had it."""

    def sync_directory(self, path: Path) -> None:
        """Make the entries of a directory durable."""

    def salt(self, count: int) -> bytes:
        """`count` bytes that nobody can foretell."""


class OperatingSystem:
    """The real disk."""

    def make_directory(self, path: Path) -> None:
        """See Disk."""
        path.mkdir(parents=True, exist_ok=True)

    def exists(self, path: Path) -> bool:
        """See Disk."""
        return path.exists()

    def read(self, path: Path) -> bytes:
        """See Disk."""
        return path.read_bytes()

    def create(self, path: Path) -> int:
        """See Disk."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def open(self, path: Path, *, append: bool = False) -> int:
        """See Disk."""
        return os.open(path, os.O_WRONLY | (os.O_APPEND if append else 0))

    def write(self, descriptor: int, data: memoryview) -> int:
        """See Disk."""
        return os.write(descriptor, data)

    def seek(self, descriptor: int, offset: int) -> None:
        """See Disk."""
        os.lseek(descriptor, offset, os.SEEK_SET)

    def truncate(self, descriptor: int, size: int) -> None:
        """See Disk."""
        os.ftruncate(descriptor, size)

    def sync(self, descriptor: int) -> None:
        """See Disk."""
        getattr(os, "fdatasync", os.fsync)(descriptor)

    def close(self, descriptor: int) -> None:
        """See Disk."""
        os.close(descriptor)

    def rename(self, old: Path, new: Path) -> None:
        """See Disk."""
        os.replace(old, new)

    def sync_directory(self, path: Path) -> None:
        """See Disk."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def salt(self, count: int) -> bytes:
        """See Disk."""
        return os.urandom(count)


REAL_DISK = OperatingSystem()


@contextmanager
def storage(what: str) -> Iterator[None]:
    """Turn an operating-system error inside into a StorageFault that says what was being done."""
    try:
        yield
    except OSError as error:
        raise StorageFault(f"{what}: {error.strerror or type(error).__name__}") from error


def write_all(disk: Disk, descriptor: int, data: bytes) -> None:
    """Write all of `data`; the operating system may take it in pieces. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[disk.write(descriptor, view) :]


def settle(disk: Disk, path: Path, descriptor: int) -> None:
    """Make durable what was found in a file. Raises OSError.

    A killed process may have written it and not synced it: it can be read, and a later power cut
    can still take it. Nothing may be built on it before this.
    """
    disk.sync(descriptor)
    disk.sync_directory(path.parent)


def replace(disk: Disk, path: Path, data: bytes) -> None:
    """Make `data` the content of `path`, durably; a crash leaves the old content or the new."""
    with storage(f"replacing {path.name}"):
        temporary = path.with_name(path.name + ".new")
        descriptor = disk.create(temporary)
        try:
            write_all(disk, descriptor, data)
            disk.sync(descriptor)
        finally:
            disk.close(descriptor)
        disk.rename(temporary, path)
        disk.sync_directory(path.parent)
