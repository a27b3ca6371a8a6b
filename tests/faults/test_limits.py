"""Descriptors, disk and clients out of bounds (FAULTS 17, 24): only one node suffers."""

import contextlib
import os
import resource
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.client import Client, ClientError
from node.runtime import EXIT_FATAL
from testnet.faults.cluster import Cluster, lay_out
from testnet.faults.load import Load, transaction
from testnet.processes import Process
from tests.faults.conftest import ALL

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@contextlib.contextmanager
def sockets(address: str, count: int, first: bytes = b"") -> Iterator[list[socket.socket]]:
    """Connections that say `first` and then nothing, for as long as the block runs."""
    host, _, port = address.rpartition(":")
    opened: list[socket.socket] = []
    try:
        for _ in range(count):
            with contextlib.suppress(OSError):
                one = socket.create_connection((host, int(port)), timeout=2)
                opened.append(one)
                one.sendall(first)
        yield opened
    finally:
        for one in opened:
            one.close()


def exit_code(member: Process, seconds: float = 20) -> int:
    assert member.running is not None
    try:
        return member.running.wait(seconds)
    except subprocess.TimeoutExpired:
        pytest.fail(f"{member.name} goes on:\n{member.last_lines()}")


@pytest.mark.usefixtures("restored")
@pytest.mark.covers(row=24)
def test_without_descriptors_a_node_waits_and_recovers(cluster: Cluster) -> None:
    pid = cluster.members[1].running.pid  # type: ignore[union-attr]
    used = len(os.listdir(f"/proc/{pid}/fd"))
    cluster.limit(1, resource.RLIMIT_NOFILE, used + 4)
    peers, grpc = f"127.0.0.1:{cluster.peer_ports[1]}", cluster.members[1].addresses()["grpc"]
    with sockets(peers, 30), sockets(grpc, 30):
        cluster.grows([0, 2, 3], 4, 30)
        assert cluster.members[1].alive or exit_code(cluster.members[1]) == EXIT_FATAL
    cluster.limit(1, resource.RLIMIT_NOFILE, 4096)
    if cluster.members[1].alive:
        cluster.grows(ALL, 2, 30)


@pytest.mark.usefixtures("restored")
@pytest.mark.covers(row=24)
def test_slow_and_silent_clients_do_not_hold_up_the_chain(
    cluster: Cluster, load: Callable[[], Load]
) -> None:
    """Strangers at the peer port, half requests at the JSON API, silent ones at the gRPC port."""
    addresses = cluster.members[0].addresses()
    peers = f"127.0.0.1:{cluster.peer_ports[0]}"
    with (
        sockets(peers, 150, b"\x00"),
        sockets(addresses["http"], 150, b"GET /v1/status HTTP/1.1\r\nHost: x\r\n"),
        sockets(addresses["grpc"], 150, b"PRI * HTTP/2.0\r\n"),
        load().running() as under_load,
    ):
        cluster.grows(ALL, 6, 30)
        cluster.until("acknowledging", lambda: len(under_load.acknowledged) > 8, 20)
    assert cluster.lost(under_load.acknowledged, 0) == []


@pytest.mark.usefixtures("restored")
@pytest.mark.covers(row=24)
def test_a_flood_of_rubbish_is_refused_with_codes_and_others_are_served(
    cluster: Cluster, load: Callable[[], Load]
) -> None:
    spoilt = transaction(990_000)
    spoilt.signature = bytes(64)
    address = cluster.members[0].addresses()["grpc"]
    codes: set[str] = set()
    with load().running() as under_load, Client(address) as flood:
        began = time.monotonic()
        while time.monotonic() - began < 4:
            try:
                flood.submit(spoilt)
            except ClientError as refused:
                codes.add(refused.code)
        cluster.until("acknowledging", lambda: len(under_load.acknowledged) > 8, 20)
    assert codes <= {"BAD_SIGNATURE", "NODE_BUSY"}
    assert "BAD_SIGNATURE" in codes
    assert cluster.lost(under_load.acknowledged, 3) == []


@pytest.mark.usefixtures("restored")
@pytest.mark.covers(row=17)
def test_a_file_that_may_not_grow_stops_the_node_and_only_it(
    cluster: Cluster, load: Callable[[], Load]
) -> None:
    with load().running() as under_load:
        cluster.grows(ALL, 2)
        cluster.limit(2, resource.RLIMIT_FSIZE, 1024)
        assert exit_code(cluster.members[2]) == EXIT_FATAL
        cluster.grows([0, 1, 3], 3, 30)
        told = list(under_load.acknowledged)
        cluster.members[2].start()
        cluster.members[2].addresses()
        cluster.grows(ALL, 2, 30)
    for number in ALL:
        assert cluster.lost(told, number) == []


@contextlib.contextmanager
def small_disk(place: Path) -> Iterator[None]:
    """A file system of 48 MB; skips where it can't be mounted."""
    place.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a small file system can't be mounted here (needs the right to mount)")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> None:
    """Write until nothing more fits."""
    with (place / "filling").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


@pytest.mark.covers(row=17)
def test_a_full_disk_stops_the_node_and_only_it(tmp_path: Path) -> None:
    disk = tmp_path / "node1"
    with small_disk(disk):
        cluster = lay_out(tmp_path)
        with cluster.running():
            addresses = [cluster.members[number].addresses()["grpc"] for number in ALL]
            with Load(addresses, threads=4, first=900_000).running() as under_load:
                cluster.grows(ALL, 2)
                fill(disk)
                assert exit_code(cluster.members[1]) == EXIT_FATAL
                cluster.grows([0, 2, 3], 3, 30)
                (disk / "filling").unlink()
                cluster.members[1].start()
                cluster.members[1].addresses()
                cluster.grows(ALL, 2, 30)
            for number in ALL:
                assert cluster.lost(under_load.acknowledged, number) == []
            assert cluster.differing_heights() == []
            assert min(cluster.check_stores()) > 1
