"""Free TCP ports on loopback, which nobody takes while a process is down for a moment.

Several runs on one machine would take each other's ports between two lives of a process. So each
running program reserves a block of ports by holding the block's first one, which ends with the
program however it ends, and takes its ports from there in turn.
"""

import contextlib
import os
import secrets
import socket

# Below Linux' range of ephemeral ports (32768 on): an outgoing connection never gets one of these,
# so a killed process finds its port free when it is started again.
LOWEST, HIGHEST = 12_000, 32_000
BLOCK = 400
"""Ports in a block: more than a stage takes, so that a port rests before it is used again."""


class NoPorts(Exception):
    """Every block is reserved, or too few ports of ours are free."""


class Block:
    """The ports that one program may use; reserved until it is released or the program ends."""

    def __init__(self, blocks: range = range(LOWEST, HIGHEST, BLOCK)) -> None:
        """Reserve one of the blocks that begin at `blocks`."""
        order = list(blocks)
        secrets.SystemRandom().shuffle(order)
        for lowest in order:
            guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                guard.bind(("127.0.0.1", lowest))
            except OSError:
                guard.close()
                continue
            self.lowest, self._guard, self._next = lowest, guard, 0
            return
        raise NoPorts("every block of ports is reserved by another run")

    def take(self, count: int) -> list[int]:
        """`count` distinct ports that were free a moment ago; all are held until all are known."""
        with contextlib.ExitStack() as held:
            found: list[int] = []
            for _ in range(BLOCK - 1):
                if len(found) == count:
                    break
                port = self.lowest + 1 + self._next
                self._next = (self._next + 1) % (BLOCK - 1)
                sock = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
                with contextlib.suppress(OSError):
                    sock.bind(("127.0.0.1", port))
                    found.append(port)
        if len(found) < count:
            raise NoPorts(f"only {len(found)} of {count} ports are free")
        return found

    def release(self) -> None:
        """Let others have the block."""
        self._guard.close()


_blocks: dict[int, Block] = {}
"""By process id: a forked program is another one."""


def free_ports(count: int) -> list[int]:
    """`count` distinct ports of this program's own block that were free a moment ago."""
    own = os.getpid()
    if own not in _blocks:
        _blocks[own] = Block()
    return _blocks[own].take(count)
