"""Configuration errors of node and router through `yilian start`, each in a process of its own:
exit code 1, the key is named with what to do, and nothing was made."""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from crypto.keystore import create_key
from crypto.suites import GM, INTL
from testnet.stage import FINANCE, PASSPHRASE_ENV, Stage, lay_out
from tests.edge.outside import Outside

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

SECONDS_MAX = 60


@dataclass(frozen=True)
class Mistake:
    """One thing wrong with a configuration that is right otherwise, and what has to be said."""

    said: tuple[str, ...]
    old: str = ""
    new: str = ""
    passphrase: str | None = None
    file: str = ""  # what happens to this file of the home: "missing", "open", "gm", "spoiled"
    how: str = ""


NODE = {
    "unknown key": Mistake(("node.colour", "spelling"), "[node]", '[node]\ncolour = "red"'),
    "unknown table": Mistake(("metrics", "spelling"), "[node]", "[metrics]\nport = 1\n[node]"),
    "missing key": Mistake(("node.genesis", "add"), "genesis = ", "#genesis = "),
    "missing table": Mistake(("node.name", "add"), "name = ", "#name = "),
    "wrong type": Mistake(("node.name", "str"), 'name = "finance-0"', "name = 7"),
    "wrong form": Mistake(("grpc.listen",), "[grpc]\nlisten = ", '[grpc]\nlisten = "here" #'),
    "bad port": Mistake(
        ("grpc.listen", "65535"), "[grpc]\nlisten = ", '[grpc]\nlisten = "127.0.0.1:70000" #'
    ),
    "a number too large": Mistake(("pool.max_count",), "[grpc]", "[pool]\nmax_count = 0\n[grpc]"),
    "no TOML": Mistake(("TOML",), "[node]", "[node"),
    "no passphrase": Mistake(("node.passphrase_env", PASSPHRASE_ENV), passphrase=None, how="unset"),
    "wrong passphrase": Mistake(("KEY_PASSPHRASE_WRONG", "node.key_file"), passphrase="not this"),
    "missing genesis": Mistake(("node.genesis", "No such file"), file="../genesis.json"),
    "spoiled genesis": Mistake(("BAD_GENESIS",), file="../genesis.json", how="spoiled"),
    "missing key file": Mistake(("KEY_FILE_UNAVAILABLE", "node.key_file"), file="node.key"),
    "key file open to others": Mistake(
        ("KEY_FILE_PERMISSIONS", "node.key_file", "600"), file="node.key", how="open"
    ),
    "spoiled key file": Mistake(
        ("KEY_FILE_MALFORMED", "node.key_file"), file="node.key", how="spoiled"
    ),
    "key of another suite": Mistake(("node.key_file", "intl"), file="node.key", how="gm"),
}
ROUTER = {
    "unknown key": Mistake(("router.colour",), "[router]", '[router]\ncolour = "red"'),
    "missing key": Mistake(("router.node", "add"), "node = ", "#node = "),
    "wrong type": Mistake(("router.poll_interval_ms",), "_ms = 200", "_ms = true"),
    "bad port": Mistake(("router.listen", "65535"), "listen = ", 'listen = "127.0.0.1:70000" #'),
    "no TOML": Mistake(("TOML",), "[router]", "[router"),
    "no passphrase": Mistake(("router.passphrase_env",), how="unset"),
    "wrong passphrase": Mistake(
        ("ROUTER_KEY", "KEY_PASSPHRASE_WRONG", "router.key_file"), passphrase="not this"
    ),
    "missing key file": Mistake(("ROUTER_KEY", "router.key_file"), file="router.key"),
    "key file open to others": Mistake(
        ("ROUTER_KEY", "KEY_FILE_PERMISSIONS"), file="envelope.key", how="open"
    ),
    "envelope key of another suite": Mistake(
        ("ROUTER_KEY", "router.envelope_key_file", "SM2"), file="envelope.key", how="intl"
    ),
}  # fmt: skip


def start(config: Path, passphrase: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: text for name, text in os.environ.items() if name != PASSPHRASE_ENV}
    if passphrase is not None:
        environment[PASSPHRASE_ENV] = passphrase
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "start", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        stdin=subprocess.DEVNULL,
        env=environment,
        check=False,
    )


def spoil(home: Path, mistake: Mistake, passphrase: str) -> None:
    file = home / mistake.file
    match mistake.how:
        case "open":
            file.chmod(0o644)
        case "spoiled":
            file.write_bytes(file.read_bytes()[:-20] + b"x" * 20)
        case "gm" | "intl":
            file.unlink()
            create_key(file, GM if mistake.how == "gm" else INTL, passphrase.encode())
        case _:
            file.unlink()


def outcome(stage: Stage, folder: Path, kind: str, mistake: Mistake) -> str:
    """What is wrong with how the process answered; empty when all is as it must be.

    `folder` becomes a copy of the finance chain's, with the mistake in it.
    """
    shutil.copytree(stage.folder / FINANCE, folder)
    home = folder / ("node0" if kind == "node" else "router")
    config = home / f"{kind}.toml"
    text = config.read_text(encoding="utf-8").replace(str(stage.folder / FINANCE), str(folder))
    assert mistake.old in text
    config.write_text(text.replace(mistake.old, mistake.new, 1), encoding="utf-8")
    if mistake.file:
        spoil(home, mistake, stage.passphrase)
    before = sorted(folder.rglob("*"))
    given = None if mistake.how == "unset" else mistake.passphrase or stage.passphrase
    ended = start(config, given)
    if ended.returncode != 1 or ended.stdout or "Traceback" in ended.stderr:
        return f"{ended.returncode}: {ended.stderr}"
    unsaid = [one for one in mistake.said if one not in ended.stderr]
    made = [path.name for path in sorted(folder.rglob("*")) if path not in before]
    assert stage.passphrase not in ended.stderr
    return f"unsaid {unsaid}, made {made}: {ended.stderr}" if unsaid + made else ""


def outcomes(tmp_path: Path, kind: str, mistakes: dict[str, Mistake]) -> dict[str, str]:
    """Every mistake tried on a copy of its own, two at a time."""
    stage = lay_out(tmp_path / "stage", province_validators=1)

    def one(item: tuple[str, Mistake]) -> tuple[str, str]:
        name, mistake = item
        return name, outcome(stage, tmp_path / name.replace(" ", "-"), kind, mistake)

    with ThreadPoolExecutor(2) as threads:
        return {name: wrong for name, wrong in threads.map(one, mistakes.items()) if wrong}


def test_a_nodes_mistakes(tmp_path: Path) -> None:
    assert outcomes(tmp_path, "node", NODE) == {}


def test_a_routers_mistakes(tmp_path: Path) -> None:
    assert outcomes(tmp_path, "router", ROUTER) == {}


def test_no_such_file_and_no_such_thing(tmp_path: Path) -> None:
    missing = start(tmp_path / "none.toml", None)
    assert (missing.returncode, "CONFIG_INVALID" in missing.stderr) == (1, True)
    (tmp_path / "huge.toml").write_bytes(b"#" * 1_000_000)
    huge = start(tmp_path / "huge.toml", None)
    assert (huge.returncode, "smaller" in huge.stderr) == (1, True)
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    binary = start(tmp_path / "binary.toml", None)
    assert (binary.returncode, "TOML" in binary.stderr) == (1, True)


def test_an_address_that_cannot_be_taken(finance: Outside, tmp_path: Path) -> None:
    """Only known once the node listens, so its home may already be there; the key is named."""
    stage = lay_out(tmp_path / "stage", province_validators=1)
    process = stage.nodes[FINANCE][0]
    taken = finance.world.stage.grpc_address(FINANCE)
    text = process.config.read_text(encoding="utf-8")
    for key in ("grpc", "http", "peers"):
        spoiled = text.replace(f"[{key}]\nlisten = ", f'[{key}]\nlisten = "{taken}" #')
        process.config.write_text(spoiled, encoding="utf-8")
        ended = start(process.config, stage.passphrase)
        assert (ended.returncode, f"key: {key}.listen" in ended.stderr) == (1, True), ended.stderr
        assert not (process.home / "addresses.json").exists()


def test_a_second_process_in_one_home(finance: Outside) -> None:
    """The running node keeps its home; the second one says so and leaves it alone."""
    stage = finance.world.stage
    process = stage.nodes[FINANCE][0]
    addresses = (process.home / "addresses.json").read_bytes()
    second = start(process.config, stage.passphrase)
    assert second.returncode == 1
    assert "STORE_LOCKED" in second.stderr
    assert finance.client.status().chain_id == FINANCE
    assert (process.home / "addresses.json").read_bytes() == addresses
