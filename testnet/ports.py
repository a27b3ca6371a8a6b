"""Free TCP ports on loopback, which nobody takes while a process is down for a moment.

Several runs on one machine would take each other's ports between two lives of a process. So each
running program reserves a block of ports by a lock on a file, which ends with the program however
it ends, and takes its ports from there in turn.
"""

import contextlib
import fcntl
import os
import secrets
import socket
import tempfile
from pathlib import Path

# Below Linux' range of ephemeral ports (32768 on): an outgoing connection never gets one of these,
# so a killed process finds its port free when it is started again.
LOWEST, HIGHEST = 12_000, 32_000
BLOCK = 400
"""Ports in a block: more than a stage takes, so that a port rests before it is used again."""


class NoPorts(Exception):
    """Every block is reserved, or too few ports of ours are free."""


class Block:
    """The ports that one program may use; reserved until the program ends."""

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or Path(tempfile.gettempdir()) / f"yilian-ports-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        first = list(range(LOWEST, HIGHEST, BLOCK))
        secrets.SystemRandom().shuffle(first)
        for lowest in first:
            descriptor = os.open(folder / str(lowest), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                continue
            self.lowest, self._lock, self._next = lowest, descriptor, 0
            return
        raise NoPorts("every block of ports is reserved by another run")

    def take(self, count: int) -> list[int]:
        """`count` distinct ports that were free a moment ago; all are held until all are known."""
        with contextlib.ExitStack() as held:
            found: list[int] = []
            for _ in range(BLOCK):
                if len(found) == count:
                    return found
                port = self.lowest + self._next
                self._next = (self._next + 1) % BLOCK
                sock = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
                with contextlib.suppress(OSError):
                    sock.bind(("127.0.0.1", port))
                    found.append(port)
            raise NoPorts(f"only {len(found)} of {count} ports are free")

    def release(self) -> None:
        """Let others have the block."""
        os.close(self._lock)


_blocks: dict[int, Block] = {}
"""By process id: a forked program is another one."""


def free_ports(count: int) -> list[int]:
    """`count` distinct ports of this program's own block that were free a moment ago."""
    own = os.getpid()
    if own not in _blocks:
        _blocks[own] = Block()
    return _blocks[own].take(count)
