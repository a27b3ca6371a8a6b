"""The few things this room does with files; any failure is a StorageFault and is never retried.

After a failed write or fsync nobody knows what the disk holds, so the process stops and the next
start reads what is really there.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults import StorageFault


@contextmanager
def storage(what: str) -> Iterator[None]:
    """Turn an operating-system error inside into a StorageFault that says what was being done."""
    try:
        yield
    except OSError as error:
        raise StorageFault(f"{what}: {error.strerror or type(error).__name__}") from error


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`; the operating system may take it in pieces. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def replace(path: Path, data: bytes) -> None:
    """Make `data` the content of `path`, durably; a crash leaves the old content or the new."""
    with storage(f"replacing {path.name}"):
        temporary = path.with_name(path.name + ".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(descriptor, data)
            sync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
        sync_directory(path.parent)


def sync(descriptor: int) -> None:
    """Make a file's content durable. Raises OSError."""
    getattr(os, "fdatasync", os.fsync)(descriptor)


def sync_directory(path: Path) -> None:
    """Make the entries of a directory durable. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
