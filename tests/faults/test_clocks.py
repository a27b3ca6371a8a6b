"""Validators whose clock is wrong (FAULTS 5)."""

import time
from itertools import pairwise
from pathlib import Path

import pytest

from ledger.block import Header
from node.runtime import CLOCK_OFFSET
from testnet.faults.cluster import lay_out
from tests.faults.conftest import ALL

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.mark.parametrize("offset_ms", [3_600_000, -3_600_000], ids=["+1h", "-1h"])
@pytest.mark.covers(row=5)
def test_a_wrong_clock_stops_nobody_and_moves_no_block_time(tmp_path: Path, offset_ms: int) -> None:
    cluster = lay_out(tmp_path)
    cluster.members[1].environment[CLOCK_OFFSET] = str(offset_ms)
    with cluster.running():
        cluster.grows(ALL, 5, 60)
        now_ms = time.time_ns() // 1_000_000
        headers = [
            Header.decode(cluster.client(0).block(height).header)
            for height in range(1, cluster.height(0) + 1)
        ]
        assert all(one.time_ms < next_one.time_ms for one, next_one in pairwise(headers))
        assert abs(headers[-1].time_ms - now_ms) < 15_000
        if offset_ms > 0:
            assert cluster.keys[1] not in {header.proposer for header in headers}
        assert cluster.differing_heights() == []


def test_a_clock_within_the_bounds_costs_nothing(tmp_path: Path) -> None:
    cluster = lay_out(tmp_path)
    cluster.members[1].environment[CLOCK_OFFSET] = "3000"
    cluster.members[2].environment[CLOCK_OFFSET] = "-1500"
    with cluster.running():
        assert cluster.grows(ALL, 8, 60) < 20
        proposers = {
            Header.decode(cluster.client(0).block(height).header).proposer
            for height in range(1, cluster.height(0) + 1)
        }
        assert proposers == set(cluster.keys)
