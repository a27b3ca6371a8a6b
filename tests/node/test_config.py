"""The configuration: what is right loads, and every mistake is named with what to do."""

from pathlib import Path

import pytest

from faults import Rejected
from node.config import CONFIG_BYTES_MAX, NodeConfig, load_config, parse_config

KEY = "04" + "ab" * 64
GOOD = """
[node]
name = "province-1"
home = "data"
genesis = "genesis.json"
key_file = "node.key"
passphrase_env = "NODE_PASSPHRASE"
"""


def parse(text: str) -> NodeConfig:
    return parse_config(text.encode(), Path("/srv/yilian"))


def refusal(text: str) -> dict[str, str]:
    with pytest.raises(Rejected) as refused:
        parse(text)
    assert refused.value.code.name == "CONFIG_INVALID"
    return refused.value.fields


def test_the_least_file_loads_with_defaults_and_absolute_paths() -> None:
    config = parse(GOOD)
    assert config.node.home == "/srv/yilian/data"
    assert config.node.key_file == "/srv/yilian/node.key"
    assert config.grpc.listen == "127.0.0.1:0"
    assert config.pool.max_count == 20_000
    assert config.custodian.enabled is False


def test_everything_can_be_set() -> None:
    config = parse(
        GOOD
        + f"""
[grpc]
listen = "0.0.0.0:7001"
[http]
listen = "[::1]:7002"
[peers]
listen = "127.0.0.1:7003"
[[peers.known]]
public_key = "{KEY}"
address = "10.0.0.2:7003"
[consensus]
timeout_propose_ms = 200
[pool]
max_count = 10
[snapshots]
every = 500
[custodian]
enabled = true
mode = "organisation"
org = "bureau"
key_file = "vault.key"
[log]
level = "debug"
format = "text"
"""
    )
    assert config.peers.known[0].address == "10.0.0.2:7003"
    assert config.snapshots.every == 500 and config.snapshots.take_when_behind == 5_000
    assert config.node.mode == "validator"
    assert config.consensus.timeout_propose_ms == 200
    assert config.custodian.key_file == "/srv/yilian/vault.key"


@pytest.mark.parametrize(
    ("change", "key", "advice"),
    [
        ("[nodes]\n", "nodes", "spelling"),
        ("[grpc]\nlisten = 5\n", "grpc.listen", "expected"),
        ("[grpc]\nlisten = 'here'\n", "grpc.listen", "regex"),
        ("[grpc]\nlisten = 'h:70000'\n", "grpc.listen", "port"),
        ("[grpc]\nlistn = 'h:1'\n", "grpc.listn", "spelling"),
        ("[pool]\nmax_count = 0\n", "pool.max_count", ">= 1"),
        ("[pool]\nmax_count = 1.5\n", "pool.max_count", "expected `int`"),
        ("[log]\nlevel = 'loud'\n", "log.level", "invalid enum"),
        ("[custodian]\nenabled = true\n", "custodian.org", "enabled = false"),
        ("[[peers.known]]\naddress = 'h:1'\n", "peers.known[0].public_key", "add this key"),
        (
            f"[[peers.known]]\naddress = 'h:0'\npublic_key = '{KEY}'\n",
            "peers.known[0].address",
            "port from 1",
        ),
        (
            f"[[peers.known]]\naddress = 'h:1'\npublic_key = '{KEY}'\n" * 2,
            "peers.known[1].public_key",
            "once",
        ),
        (
            f"[[peers.known]]\naddress = 'h:1'\npublic_key = '{KEY}'\n"
            f"[[peers.observers]]\npublic_key = '{KEY}'\n",
            "peers.observers[0].public_key",
            "once",
        ),
        ("[[peers.observers]]\nname = 'x'\n", "peers.observers[0].public_key", "add this key"),
        ("[snapshots]\nkeep = 0\n", "snapshots.keep", ">= 1"),
        ("[snapshots]\nevery = -1\n", "snapshots.every", ">= 0"),
    ],
)
def test_a_mistake_is_named(change: str, key: str, advice: str) -> None:
    fields = refusal(GOOD + change)
    assert fields["key"].replace("[...]", "[0]") == key
    assert advice in fields["advice"]


def test_a_missing_section_and_a_missing_key_are_named() -> None:
    assert refusal("")["key"] == "node"
    assert refusal(GOOD.replace('home = "data"\n', ""))["key"] == "node.home"


def test_exactly_one_place_for_the_passphrase() -> None:
    assert refusal(GOOD + 'passphrase_file = "p"\n')["key"] == "node.passphrase_env"
    assert refusal(GOOD.replace("NODE_PASSPHRASE", "my secret!"))["key"] == "node.passphrase_env"


def test_broken_toml_and_wrong_encoding_are_refused() -> None:
    assert "TOML" in refusal("[node\n")["advice"]
    with pytest.raises(Rejected, match="CONFIG_INVALID"):
        parse_config(b"\xff\xfe[node]", Path("/"))


def test_a_missing_or_oversized_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="CONFIG_INVALID"):
        load_config(tmp_path / "none.toml")
    big = tmp_path / "big.toml"
    big.write_bytes(b"#" * (CONFIG_BYTES_MAX + 1))
    with pytest.raises(Rejected, match="smaller"):
        load_config(big)
