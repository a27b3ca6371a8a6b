"""All scenes on one chain, replayed by other processes under other conditions: the same bytes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from contracts.registry import OperationResult
from contracts.state_view import StateView
from crypto.suites import suite
from ledger.kv import MemoryKeyValue
from ledger.state_tree import StateTree
from ledger.transaction import ParsedTransaction
from tests.contracts.harness import Chain, genesis
from tests.contracts.refusals.scenes import NAMES, SCENES, Stage, play

ROOT = Path(__file__).parents[3]
CONDITIONS = (
    ({"PYTHONHASHSEED": "0", "TZ": "Asia/Shanghai", "LC_ALL": "C", "PYTHONUTF8": "0"}, ()),
    ({"PYTHONHASHSEED": "1", "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8"}, ("-O",)),
    ({"PYTHONHASHSEED": "random", "TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8"}, ("-O",)),
    ({"PYTHONHASHSEED": "random", "TZ": "Asia/Shanghai", "LC_ALL": "zh_CN.UTF-8"}, ()),
)
OTHERS = [
    name
    for minor in range(11, 30)
    if minor != sys.version_info.minor and shutil.which(name := f"python3.{minor}")
]
NEEDED = "import contracts.registry, ledger.receipt, ledger.state_tree"


class Recorder(Chain):
    """A chain that notes every transaction it was asked to apply, the refused ones too."""

    log: list[tuple[str, int, int, str]]

    def apply(self, parsed: ParsedTransaction) -> tuple[list[OperationResult], StateView]:
        self.log.append((self.chain_id, self.height, self.time_ms, parsed.raw_body.hex()))
        return super().apply(parsed)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Every scene's request made twice on one stage: once taken, once as its scene says."""
    Recorder.log = []
    with pytest.MonkeyPatch.context() as patch:
        stage = Stage(patch, Recorder)
        for name in NAMES:
            who, request = play(name, stage)
            stage.province.ok(who, name, request)
            assert stage.province.call(who, name, request).code == SCENES[name].again, name
        of = [genesis(one.chain_id, one.suite_name, one.channels) for one in stage.chains.values()]
        file = tmp_path_factory.mktemp("replay") / "recorded.json"
        written = [msgspec.json.encode(one).decode() for one in of]
        roots = {key: root_of(chain) for key, chain in stage.chains.items()}
        content = {"genesis": written, "transactions": Recorder.log, "roots": roots}
        file.write_text(json.dumps(content), encoding="utf-8")
    yield file


def root_of(chain: Chain) -> str:
    """The root of a tree that gets the chain's whole state at once."""
    tree = StateTree(MemoryKeyValue(), suite(chain.suite_name).hash)
    return tree.stage(1, None, dict(chain.state)).root.hex()


def replayed(
    python: str, file: Path, flags: tuple[str, ...] = (), **environment: str
) -> dict[str, dict[str, str | int]]:
    command = [python, *flags, "-m", "tests.contracts.refusals.replaying", str(file)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout))


@pytest.mark.slow
def test_neither_seed_nor_zone_nor_language_nor_optimisation_changes_a_byte(
    recorded: Path,
) -> None:
    expected = replayed(sys.executable, recorded)
    assert int(expected["yl-province"]["blocks"]) > 4 * len(NAMES)
    roots = json.loads(recorded.read_text(encoding="utf-8"))["roots"]
    assert {key: one["root"] for key, one in expected.items()} == roots
    for environment, flags in CONDITIONS:
        assert replayed(sys.executable, recorded, flags, **environment) == expected, environment


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_another_python_changes_no_byte(name: str, recorded: Path) -> None:
    can = subprocess.run([name, "-c", NEEDED], cwd=ROOT, capture_output=True, check=False)
    if can.returncode:
        pytest.skip(f"{name} can't import the dependencies")
    assert replayed(name, recorded) == replayed(sys.executable, recorded)
