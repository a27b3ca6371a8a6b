"""One stage of real processes for the scenarios a worker runs: four chains and their routers."""

import shutil
from collections.abc import Iterator

import pytest

from testnet.stage import lay_out
from tests.scenarios.parties import Parties


@pytest.fixture(scope="package")
def parties(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parties]:
    """The parties of a stage with one validator a chain; it ends when its worker goes elsewhere."""
    folder = tmp_path_factory.mktemp("scenarios")
    stage = lay_out(folder / "stage", province_validators=1, government=True)
    with stage.supervisor.running():
        found = Parties(stage)
        yield found
        found.close()
    left = [name for name, process in stage.supervisor.processes.items() if process.alive]
    assert left == []
    shutil.rmtree(folder)
