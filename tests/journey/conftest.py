"""One stage of real processes for all tests of this folder, which run in order on one worker."""

import shutil
from collections.abc import Iterator

import pytest

from testnet.journey.world import World
from testnet.stage import lay_out


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("stage")
    stage = lay_out(folder / "stage", province_validators=4)
    with stage.supervisor.running():
        found = World(stage)
        yield found
        found.close()
    left = [name for name, process in stage.supervisor.processes.items() if process.alive]
    assert left == []
    shutil.rmtree(folder)
