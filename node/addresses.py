"""Addresses a node listens on: opening them, and telling others which were chosen."""

import contextlib
import json
import os
import socket
from pathlib import Path

from faults import Rejected, StorageFault
from node.codes import CONFIG_INVALID

FILE_NAME = "addresses.json"
BACKLOG = 128


def split_address(address: str) -> tuple[str, int]:
    """Host and port of "host:port" or "[v6]:port"."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def join_address(address: str, port: int) -> str:
    """The same host with the port that was chosen."""
    return f"{address.rpartition(':')[0]}:{port}"


def open_listener(key: str, address: str) -> socket.socket:
    """A TCP socket listening at `address`; Rejected(CONFIG_INVALID) names the key if it can't."""
    host, port = split_address(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise cannot_listen(key, address, error.strerror or "refused") from None


def cannot_listen(key: str, address: str, reason: str) -> Rejected:
    """The refusal for an address that can't be taken."""
    return Rejected(
        CONFIG_INVALID, key=key, advice=f"choose another address than {address} ({reason})"
    )


def forget_addresses(home: Path) -> None:
    """Remove the file of an earlier run, so that nobody takes its addresses for ours."""
    with contextlib.suppress(FileNotFoundError):
        (home / FILE_NAME).unlink()


def write_addresses(home: Path, addresses: dict[str, str]) -> None:
    """Write <home>/addresses.json: it appears complete, after everything listens."""
    target = home / FILE_NAME
    temporary = home / f".{FILE_NAME}.{os.getpid()}.tmp"
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(addresses, file, indent=2, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise StorageFault(f"cannot write {target}: {error.strerror}") from error
