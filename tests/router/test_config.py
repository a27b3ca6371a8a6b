"""The configuration: every mistake names its key."""

from pathlib import Path

import pytest

from crypto.keystore import create_key
from crypto.suites import GM, INTL
from faults import Rejected
from router.config import load_config, parse_config, passphrase
from router.runtime import _keys

GOOD = """
[router]
name = "router-a"
chain_id = "chain-a"
listen = "127.0.0.1:0"
node = "127.0.0.1:7001"
key_file = "keys/identity.json"
envelope_key_file = "/keys/envelope.json"
passphrase_env = "YILIAN_TEST_PASSPHRASE"

[[peers]]
chain_id = "chain-b"
channel = "ab"
address = "127.0.0.1:7102"
"""


def test_defaults_and_paths() -> None:
    config = parse_config(GOOD.encode(), Path("/base"))
    assert config.router.custodian == "127.0.0.1:7001"
    assert config.router.poll_interval_ms == 200
    assert config.router.key_file == "/base/keys/identity.json"
    assert config.router.envelope_key_file == "/keys/envelope.json"


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('name = "router-a"', "", "router.name"),
        ('name = "router-a"', "name = 3", "router.name"),
        ('"127.0.0.1:7001"', '"127.0.0.1"', "router.node"),
        ('"127.0.0.1:7001"', '"127.0.0.1:0"', "router.node"),
        ('"127.0.0.1:0"', '"127.0.0.1:70000"', "router.listen"),
        ('"127.0.0.1:7102"', '"127.0.0.1:0"', "peers[0].address"),
        ('"chain-b"', '"chain-a"', "peers[0].chain_id"),
        ('passphrase_env = "YILIAN_TEST_PASSPHRASE"', "", "router.passphrase_env"),
        ("YILIAN_TEST_PASSPHRASE", "not a name", "router.passphrase_env"),
        ("[[peers]]", "[peers]", "peers"),
        ("[router]", "[router]\nsecret = 1", "router.secret"),
        ("[router]", "[router]\npoll_interval_ms = 1", "router.poll_interval_ms"),
        ("[router]", '[router]\ncustodian = "nowhere"', "router.custodian"),
        ("[router]", "[[[", "(file)"),
    ],
)
def test_a_mistake_names_its_key(old: str, new: str, key: str) -> None:
    assert old in GOOD
    with pytest.raises(Rejected) as caught:
        parse_config(GOOD.replace(old, new).encode(), Path("/"))
    assert caught.value.code.name == "ROUTER_CONFIG"
    assert caught.value.fields["key"] == key


def test_the_same_channel_twice() -> None:
    twice = GOOD + GOOD[GOOD.index("[[peers]]") :]
    with pytest.raises(Rejected, match="once"):
        parse_config(twice.encode(), Path("/"))


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"", b"x" * 300_000])
def test_what_is_no_configuration(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "router.toml"
    path.write_bytes(raw)
    with pytest.raises(Rejected, match="ROUTER_CONFIG"):
        load_config(path)
    with pytest.raises(Rejected, match="ROUTER_CONFIG"):
        load_config(tmp_path / "missing.toml")


def test_passphrases_come_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = parse_config(GOOD.encode(), tmp_path)
    monkeypatch.delenv("YILIAN_TEST_PASSPHRASE", raising=False)
    with pytest.raises(Rejected, match="passphrase_env"):
        passphrase(config)
    monkeypatch.setenv("YILIAN_TEST_PASSPHRASE", "eight or more")
    assert passphrase(config) == b"eight or more"
    by_file = GOOD.replace("passphrase_env", "passphrase_file")
    with pytest.raises(Rejected, match="passphrase_file"):
        passphrase(parse_config(by_file.encode(), tmp_path))
    (tmp_path / "YILIAN_TEST_PASSPHRASE").write_bytes(b"from a file\n")
    assert passphrase(parse_config(by_file.encode(), tmp_path)) == b"from a file"


def test_the_envelope_key_is_sm2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YILIAN_TEST_PASSPHRASE", "eight or more")
    (tmp_path / "keys").mkdir()
    config = parse_config(GOOD.replace("/keys", "keys").encode(), tmp_path)
    with pytest.raises(Rejected, match="ROUTER_KEY"):
        _keys(config)
    create_key(config.router.key_file, INTL, b"eight or more")
    create_key(config.router.envelope_key_file, INTL, b"eight or more")
    with pytest.raises(Rejected, match="SM2"):
        _keys(config)
    Path(config.router.envelope_key_file).unlink()
    create_key(config.router.envelope_key_file, GM, b"eight or more")
    assert _keys(config)[0] == INTL
