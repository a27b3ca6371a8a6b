"""One journey with some fail points armed, and everything that is checked afterwards."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from node.client import ClientError
from node.fsck import fsck
from testnet.chaos.outside import differences
from testnet.chaos.plan import Kill
from testnet.chaos.watch import ARMED, Watch
from testnet.journey.run import travel
from testnet.journey.world import JourneyBroken, World
from testnet.processes import DidNotStart
from testnet.stage import Stage, lay_out


@dataclass(frozen=True)
class Verdict:
    """What a trial came to: the kills that really happened, and what was wrong afterwards."""

    kills: tuple[Kill, ...]
    happened: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Every armed kill happened and nothing was wrong."""
        return not self.wrong and sorted(self.happened) == sorted(one.process for one in self.kills)


def try_kills(kills: Sequence[Kill], *, validators: int = 4, keep: bool = False) -> Verdict:
    """Take the journey with these points armed; `keep` leaves the folder of a failed trial."""
    folder = Path(tempfile.mkdtemp(prefix="yilian-chaos-"))
    stage = lay_out(folder / "stage", province_validators=validators)
    armed = {kill.process: kill.armed for kill in kills}
    try:
        happened, wrong = _travel(stage, armed)
        verdict = Verdict(tuple(kills), tuple(happened), tuple(wrong))
    finally:
        stage.supervisor.stop_all()
    wrong += _unsound(stage)
    verdict = Verdict(tuple(kills), tuple(happened), tuple(wrong))
    if verdict.passed or not keep:
        shutil.rmtree(folder, ignore_errors=True)
    return verdict


def dry_run(logs: Path, *, validators: int = 4) -> list[str]:
    """Take the journey unharmed, each process logging the fail points it passes into `logs`."""
    folder = Path(tempfile.mkdtemp(prefix="yilian-chaos-"))
    stage = lay_out(folder / "stage", province_validators=validators)
    for process in stage.supervisor.processes.values():
        process.environment["YILIAN_FAILPOINT_LOG"] = str(logs / process.name)
    try:
        return _travel(stage, {})[1]
    finally:
        stage.supervisor.stop_all()
        shutil.rmtree(folder, ignore_errors=True)


def _travel(stage: Stage, armed: dict[str, str]) -> tuple[list[str], list[str]]:
    supervisor = stage.supervisor
    for process in supervisor.processes.values():
        if process.name in armed:
            process.environment[ARMED] = armed[process.name]
        process.start()
    with Watch(supervisor, frozenset(armed)) as watch:
        world = World(stage)
        try:
            travel(world)
            _settle(world)
            wrong = differences(world)
        except (JourneyBroken, DidNotStart, ClientError) as broken:
            wrong = [f"the journey broke: {broken}"]
        finally:
            world.close()
    return watch.killed, wrong


def _settle(world: World) -> None:
    """Wait until every packet sent has its proved receipt."""
    for channel, ends in world.stage.channels.items():
        for chain in ends:
            world.until(
                f"{chain} has all receipts of {channel}",
                partial(_closed, world, chain, channel),
            )


def _closed(world: World, chain: str, channel: str) -> bool:
    record = world.record(chain, f"bridge/channel/{channel}") or {}
    return bool(record["closed_below"] == record["next_outbound"])


def _unsound(stage: Stage) -> list[str]:
    """What fsck, with a replay from genesis, says of every node's store."""
    wrong = []
    for chain, processes in stage.nodes.items():
        genesis = stage.genesis_file(chain).read_bytes()
        for process in processes:
            try:
                fsck(process.home / "store", genesis, replay=True)
            except Exception as error:
                wrong.append(f"{process.name}: fsck: {error}")
    return wrong
