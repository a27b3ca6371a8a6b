"""The custodian opened from a node's configuration, on the disk, and killed around its writes."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crypto import GM, create_key
from faults import Rejected
from ledger.genesis import dump_genesis
from node.config import CustodianSection, NodeConfig, NodeSection
from node.custodian.opening import read_dialects, read_institutions
from node.custodian.people import Identity, People
from node.custodian.service import make_custodian
from node.custodian.vault import open_vault
from node.store import RocksStore
from tests.node.custodian.stage import SAMPLES, Chain, province_chain, sample

PASSPHRASE = "a passphrase for tests"
ROOT = Path(__file__).resolve().parents[3]


def configured(tmp_path: Path, chain: Chain) -> NodeConfig:
    genesis = tmp_path / "genesis.json"
    genesis.write_bytes(dump_genesis(chain.genesis()))
    create_key(tmp_path / "custodian.key", GM, PASSPHRASE.encode())
    return NodeConfig(
        node=NodeSection(
            name="test",
            home=str(tmp_path / "home"),
            genesis=str(genesis),
            key_file=str(tmp_path / "node.key"),
            passphrase_env="YILIAN_TEST_PASSPHRASE",
        ),
        custodian=CustodianSection(
            enabled=True,
            org="bureau",
            key_file=str(tmp_path / "custodian.key"),
            institutions=str(SAMPLES / "institutions.toml"),
        ),
    )


def test_a_custodian_from_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YILIAN_TEST_PASSPHRASE", PASSPHRASE)
    chain = province_chain()
    chain.begin(chain.genesis())
    config = configured(tmp_path, chain)
    accounts = []
    for _ in range(2):
        chain.custodian = make_custodian(config, chain.view)
        reply = chain.prepare("desk", "account.open", sample("archive_01_record.json"))
        accounts.append(reply.account_id)
        chain.custodian.close()
    assert accounts[0] == accounts[1]
    home = tmp_path / "home"
    assert (home / "custodian-vault.key").stat().st_mode & 0o077 == 0
    for path in (home / "custodian").rglob("*"):
        raw = path.read_bytes() if path.is_file() else b""
        assert b"469900198403129992" not in raw
        assert "测试甲".encode() not in raw
    monkeypatch.setenv("YILIAN_TEST_PASSPHRASE", "another passphrase")
    with pytest.raises(Rejected) as refused:
        make_custodian(config, chain.view)
    assert refused.value.code.name == "KEY_PASSPHRASE_WRONG"


def test_a_lost_master_key_is_not_replaced(tmp_path: Path) -> None:
    store = RocksStore(tmp_path / "custodian")
    open_vault(store, tmp_path / "vault.key", PASSPHRASE.encode())
    (tmp_path / "vault.key").unlink()
    with pytest.raises(Rejected) as refused:
        open_vault(store, tmp_path / "vault.key", PASSPHRASE.encode())
    assert refused.value.code.name == "CUSTODIAN_VAULT_LOCKED"
    store.close()


def test_the_institution_table_is_named_when_it_can_not_be_read(tmp_path: Path) -> None:
    assert read_institutions("").by_code("H46010500915") is None
    with pytest.raises(Rejected) as refused:
        read_institutions(str(tmp_path / "missing.toml"))
    assert refused.value.fields["key"] == "custodian.institutions"


def test_dialect_tables_come_with_the_program_or_from_a_folder(tmp_path: Path) -> None:
    assert [one.name for one in read_dialects()] == ["national_einvoice"]
    table = (ROOT / "documents" / "dialects" / "national_einvoice.toml").read_text()
    own = table.replace('name = "national_einvoice"', 'name = "hunan_1"')
    (tmp_path / "hunan.toml").write_text(own)
    (tmp_path / "notes.txt").write_text("no table")
    assert [one.name for one in read_dialects(str(tmp_path))] == ["hunan_1"]
    (tmp_path / "broken.toml").write_text("name = ")
    with pytest.raises(Rejected) as refused:
        read_dialects(str(tmp_path))
    assert refused.value.code.name == "DIALECT_TABLE"
    with pytest.raises(Rejected) as refused:
        read_dialects(str(tmp_path / "missing"))
    assert refused.value.fields["key"] == "custodian.dialects"


WORKER = """
import sys
from pathlib import Path
from crypto import GM
from node.custodian.people import Identity, People
from node.custodian.vault import open_vault
from node.store import RocksStore
home = Path(sys.argv[1])
store = RocksStore(home / "custodian")
people = People(open_vault(store, home / "vault.key", b"a passphrase for tests"), GM)
person = people.find_or_create(Identity("01", "469900198403129992", "", ""))
sys.stdout.write(person.account_id)
"""


@pytest.mark.processes
@pytest.mark.parametrize(
    # The first write makes the vault, the second is the person's.
    ("point", "found"),
    [
        ("custodian.vault.before:1", False),
        ("custodian.vault.after:1", False),
        ("custodian.vault.before:2", False),
        ("custodian.vault.after:2", True),
    ],
)
def test_a_kill_leaves_all_of_a_person_or_nothing(tmp_path: Path, point: str, found: bool) -> None:
    environment = {**os.environ, "YILIAN_FAILPOINT": point}
    command = [sys.executable, "-c", WORKER, str(tmp_path)]
    killed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert killed.stdout == b""
    store = RocksStore(tmp_path / "custodian")
    people = People(open_vault(store, tmp_path / "vault.key", PASSPHRASE.encode()), GM)
    assert (people.by_certificate("01", "469900198403129992") is not None) is found
    first = people.find_or_create(Identity("01", "469900198403129992", "", ""))
    assert people.find_or_create(Identity("01", "469900198403129992", "", "")) == first
    store.close()
