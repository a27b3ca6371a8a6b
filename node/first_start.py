"""The mark beside a new node key: it has never signed. The first start takes it away, for ever.

With it the node begins the key's first signing record; without it a node whose record is gone
begins another, and that one has to be admitted by governance before it signs (docs/decisions/0007).
"""

import os
from pathlib import Path

from consensus.guard import SigningGuard
from faults import StorageFault

SUFFIX = ".never-signed"


def mark_never_signed(key_file: Path, public_key: bytes) -> None:
    """Lay the mark beside a key file that was made just now, durably."""
    try:
        with _mark(key_file).open("x", encoding="ascii") as file:
            file.write(public_key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        _sync_directory(key_file.parent)
    except OSError as error:
        raise StorageFault(f"the mark beside the key file: {error.strerror}") from error


def take_first_start(key_file: Path, public_key: bytes, directory: Path) -> bool:
    """If the key's mark is there, begin its signing record in `directory` and remove the mark.

    The mark is gone, durably, before anything can be signed. Answers whether it was there.
    """
    mark = _mark(key_file)
    try:
        named = mark.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StorageFault(f"the mark beside the key file: {error.strerror}") from error
    if named != public_key.hex():
        return False  # another key's: it says nothing about this one
    SigningGuard.begin_first(directory)
    try:
        mark.unlink()
        _sync_directory(mark.parent)
    except OSError as error:
        raise StorageFault(f"removing the mark beside the key file: {error.strerror}") from error
    return True


def _mark(key_file: Path) -> Path:
    return key_file.with_name(key_file.name + SUFFIX)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
