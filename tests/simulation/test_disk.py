"""The simulated disk takes what a real one may take, and nothing that was synced."""

from pathlib import Path

import pytest

from consensus import files
from tests.simulation.choice import Seeded, every
from tests.simulation.disk import SimDisk

HOME = Path("/sim")
FILE = HOME / "log"


def new_disk() -> SimDisk:
    return SimDisk(lambda count: bytes(count))


def appended(disk: SimDisk, *writes: bytes, synced: int) -> None:
    files.replace(disk, FILE, b"head")
    descriptor = disk.open(FILE, append=True)
    for number, data in enumerate(writes):
        files.write_all(disk, descriptor, data)
        if number < synced:
            disk.sync(descriptor)


def outcomes(make, depth: int = 6) -> set[bytes | None]:
    found = set()
    for fates in every(depth):
        disk = new_disk()
        make(disk)
        disk.lose_power(fates)
        found.add(disk.read(FILE) if disk.exists(FILE) else None)
    return found


@pytest.mark.covers(row=18)
def test_what_was_synced_survives_every_power_cut():
    assert outcomes(lambda disk: appended(disk, b"one", synced=1)) == {b"headone"}


@pytest.mark.covers(row=18)
def test_what_was_not_synced_is_kept_lost_torn_or_zero():
    found = outcomes(lambda disk: appended(disk, b"one", b"two", synced=1))
    assert {b"headone", b"headonetwo", b"headonet", b"headone\0\0\0"} <= found
    assert all(content.startswith(b"headone") for content in found)


@pytest.mark.covers(row=18)
def test_a_replaced_file_is_the_old_or_the_new_never_a_mixture():
    def replaced_without_the_last_sync(disk):
        files.replace(disk, FILE, b"old")
        kept = SimDisk.sync_directory
        disk.sync_directory = lambda path: None
        files.replace(disk, FILE, b"new")
        disk.sync_directory = kept.__get__(disk)

    assert outcomes(replaced_without_the_last_sync) == {b"old", b"new"}


def test_a_killed_process_loses_nothing_but_syncs_nothing_either():
    disk = new_disk()
    appended(disk, b"one", synced=0)
    disk.kill()
    assert disk.read(FILE) == b"headone"
    found = set()
    for fates in every(4):
        disk = new_disk()
        appended(disk, b"one", synced=0)
        disk.kill()
        disk.lose_power(fates)
        found.add(disk.read(FILE))
    assert b"head" in found


@pytest.mark.covers(row=19)
def test_a_flip_changes_one_bit():
    disk = new_disk()
    appended(disk, b"one", synced=1)
    assert disk.flip(Seeded(3)) == "log"
    bits = int.from_bytes(disk.read(FILE), "big") ^ int.from_bytes(b"headone", "big")
    assert bits.bit_count() == 1


def test_every_path_is_taken_once():
    taken = [(a, b) for choice in every(2) for a in [choice(2)] for b in [choice(3)]]
    assert taken == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
