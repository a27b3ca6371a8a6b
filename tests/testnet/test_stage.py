"""The stage as it is laid out on disk, and the fourth chain that takes archives."""

import tomllib
from pathlib import Path

import pytest

from contracts.archive.states import CARRIED
from contracts.bridge.operations import _incoming
from contracts.registry import all_methods
from ledger.genesis import ADMINISTRATORS, Genesis, load_genesis
from proto.archive_pb2 import CarryArchiveRequest
from testnet.journey.world import World, sample
from testnet.stage import (
    ARCHIVE_CHANNEL,
    FINANCE,
    GOVERNMENT,
    NATIONAL,
    OPERATIONS,
    PARTIES,
    PROVINCE,
    Stage,
    lay_out,
)

CODE = "YB99-CBBG-2024-Y-0000001"
CHECKS = "GD-1-7:passed,GD-2-1:passed,GD-3-1:passed,GD-4-2:passed"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    folder = tmp_path_factory.mktemp("stage") / "stage"
    return lay_out(folder, province_validators=1, government=True)


def genesis(stage: Stage, chain: str) -> Genesis:
    return load_genesis(stage.genesis_file(chain).read_bytes())


def test_the_channels_carry_every_operation_that_there_is() -> None:
    assert all_methods()  # the contracts are imported, and with them their handlers
    carried = [operation for channel in OPERATIONS.values() for operation in channel]
    ours = [operation for operation in _incoming if not operation.startswith("TEST_")]
    assert sorted(carried) == sorted(ours)


def test_three_chains_without_the_government(tmp_path: Path) -> None:
    stage = lay_out(tmp_path / "stage", province_validators=1)
    assert set(stage.plans) == {FINANCE, PROVINCE, NATIONAL}
    assert ARCHIVE_CHANNEL not in stage.channels
    assert {actor.chain for actor in stage.actors.values()} == set(stage.plans)
    assert not (stage.folder / GOVERNMENT).exists()
    assert [one.id for one in genesis(stage, PROVINCE).channels] == list(stage.channels)
    assert len(stage.supervisor.processes) == 6


def test_a_fourth_chain_with_its_own_router(stage: Stage) -> None:
    assert set(stage.plans) == {FINANCE, PROVINCE, NATIONAL, GOVERNMENT}
    assert set(stage.actors) == set(PARTIES)
    (channel,) = genesis(stage, GOVERNMENT).channels
    assert (channel.id, channel.peer_chain) == (ARCHIVE_CHANNEL, PROVINCE)
    assert set(channel.operations) == {"ARCHIVE", "ARCHIVE_REVOCATION"}
    assert len(genesis(stage, PROVINCE).channels) == 3
    router = tomllib.loads((stage.folder / PROVINCE / "router" / "router.toml").read_text())
    assert [peer["chain_id"] for peer in router["peers"]] == [FINANCE, NATIONAL, GOVERNMENT]


def test_every_role_that_a_contract_asks_for_has_its_desk(stage: Stage) -> None:
    asked = {role for _, method in all_methods() for role in method.rule.roles}
    held = {role for actor in stage.actors.values() for role in actor.roles}
    # Administrators are appointed by a majority when they are needed.
    assert asked - held == set(ADMINISTRATORS)


@pytest.mark.slow
@pytest.mark.processes
def test_an_archive_reaches_the_government_chain(stage: Stage) -> None:
    chains = (PROVINCE, GOVERNMENT)
    processes = [stage.nodes[chain][0] for chain in chains]
    processes += [stage.routers[chain] for chain in chains]
    world = World(stage)
    try:
        for process in processes:
            process.start()
        for process in processes:
            process.addresses()
        options = {"content": sample("archive_01_content.json").decode(), "checks": CHECKS}
        prepared, receipts = world.prepare_and_submit(
            "archive desk", "archive.register", sample("archive_01_record.json"), options
        )
        assert [one.operations[0].code for one in receipts] == ["OK"]
        assert prepared.attribution == "unbound"
        request = CarryArchiveRequest(archive_code=CODE)
        assert world.submit("archive desk", "archive", "carry", request).code == "OK"
        there = world.until(
            "the archive is on the government chain",
            lambda: world.record(GOVERNMENT, f"archive/{CODE}"),
        )
        here = world.until("the receipt is proved here", lambda: _carried(world))
        assert (there["pcommit"], there["home_chain"]) == (here["pcommit"], PROVINCE)
        assert [process.name for process in processes if process.died_unasked] == []
    finally:
        world.close()
        stage.supervisor.stop_all()


def _carried(world: World) -> dict[str, object] | None:
    record = world.record(PROVINCE, f"archive_version/{CODE}~1") or {}
    return record if record.get("carrying") == CARRIED else None
