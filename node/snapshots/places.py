"""Where a store and its successor lie, and how one takes the other's place whatever is killed when.

    store        the node's store
    store.sync   being filled from a snapshot; a half-filled one is gone on with or thrown away
    store.ready  filled and checked: it takes the store's place before the store is opened next
    store.old    the one that was replaced, being deleted

A name says all there is to know, and every step is one rename.
"""

import os
import shutil
from pathlib import Path

from faults import StorageFault, failpoint

STORE, SYNC, READY, OLD = "store", "store.sync", "store.ready", "store.old"


def settle(home: Path) -> bool:
    """Put a finished store in its place, before any store is opened; whether there was one.

    Idempotent: whatever instant an earlier call was killed at, this one completes it.
    """
    try:
        found = (home / READY).exists()
        if found:
            if (home / STORE).exists():
                _remove(home / OLD)
                _rename(home / STORE, home / OLD)
                failpoint("node.snapshot.swap.between")
            _rename(home / READY, home / STORE)
            failpoint("node.snapshot.swap.after")
        _remove(home / OLD)
    except OSError as error:
        raise StorageFault(f"replacing the store: {error.strerror}") from error
    return found


def publish(home: Path) -> None:
    """A filled store, closed, becomes the one that takes the node's store's place."""
    try:
        _rename(home / SYNC, home / READY)
    except OSError as error:
        raise StorageFault(f"finishing the snapshot's store: {error.strerror}") from error
    failpoint("node.snapshot.publish.after")


def discard(home: Path) -> None:
    """Throw away what was filled so far."""
    try:
        _remove(home / SYNC)
    except OSError as error:
        raise StorageFault(f"removing the snapshot's store: {error.strerror}") from error


def _rename(old: Path, new: Path) -> None:
    old.rename(new)
    descriptor = os.open(new.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
