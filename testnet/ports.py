"""Free TCP ports on loopback."""

import socket


def free_ports(count: int) -> list[int]:
    """`count` distinct ports that were free a moment ago; all are held until all are known."""
    held = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for sock in held:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in held]
    finally:
        for sock in held:
            sock.close()
