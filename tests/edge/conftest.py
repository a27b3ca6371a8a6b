"""One small stage of real processes for this whole folder: two nodes with their custodians, and a
router. Nobody relays, so nothing changes on either chain but what a test submits."""

import shutil
from collections.abc import Iterator

import pytest

from testnet.journey.world import World
from testnet.stage import FINANCE, PROVINCE, lay_out
from tests.edge.outside import Outside


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("edge")
    stage = lay_out(folder / "stage", province_validators=1)
    processes = [stage.nodes[FINANCE][0], stage.nodes[PROVINCE][0], stage.routers[FINANCE]]
    found = World(stage)
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.addresses()
        yield found
        died = [process.name for process in processes if process.died_unasked]
        assert died == []
    finally:
        found.close()
        stage.supervisor.stop_all()
    shutil.rmtree(folder)


@pytest.fixture(scope="package")
def finance(world: World) -> Outside:
    return Outside(world, FINANCE, "finance desk")


@pytest.fixture(scope="package")
def province(world: World) -> Outside:
    return Outside(world, PROVINCE, "bureau desk")
