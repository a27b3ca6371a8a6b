"""Free TCP ports on loopback, which nobody takes while a process is down for a moment."""

import contextlib
import secrets
import socket

# Below Linux' range of ephemeral ports (32768 on): an outgoing connection never gets one of these,
# so a killed process finds its port free when it is started again.
LOWEST, HIGHEST = 12_000, 32_000


def free_ports(count: int) -> list[int]:
    """`count` distinct ports that were free a moment ago; all are held until all are known."""
    with contextlib.ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
            sock = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            with contextlib.suppress(OSError):
                sock.bind(("127.0.0.1", port))
                found.append(port)
        return found
