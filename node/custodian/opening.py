"""The custodian's files: its vault, its keys, the institution table.

In the node's home: `custodian/` is the vault's store, `custodian-vault.key` its master under the
node's passphrase; both are made on first use. The organisation's own key and the institution table
are named by the configuration.
"""

from dataclasses import dataclass
from pathlib import Path

import documents
from crypto import Suite, load_key
from crypto.suites import suite
from documents import Dialect, InstitutionTable, load_dialects, load_institutions
from faults import Rejected
from ledger.genesis import load_genesis
from node.codes import CONFIG_INVALID
from node.config import NodeConfig
from node.custodian.vault import Vault, open_vault
from node.store import RocksStore

VAULT_STORE = "custodian"
VAULT_KEY = "custodian-vault.key"


@dataclass(frozen=True, slots=True)
class Opened:
    """What `open_files` opened; `store` has to be closed."""

    suite: Suite
    chain_id: str
    store: RocksStore
    vault: Vault
    private_key: bytes
    institutions: InstitutionTable
    dialects: tuple[Dialect, ...]


def open_files(config: NodeConfig) -> Opened:
    """Open everything the configuration names.

    Raises Rejected: CONFIG_INVALID naming the key, the key files' codes, CUSTODIAN_VAULT_LOCKED,
    STORE_LOCKED.
    """
    # The runtime imports the custodian when it is enabled, so it can't be imported above.
    from node.runtime import read_genesis, read_passphrase

    genesis = load_genesis(read_genesis(config.node.genesis))
    passphrase = read_passphrase(config)
    try:
        own_suite, private_key = load_key(config.custodian.key_file, passphrase)
    except Rejected as refused:
        raise Rejected(refused.code, key="custodian.key_file", **refused.fields) from None
    if own_suite.name != genesis.suite:
        advice = f"use a key of the chain's suite, {genesis.suite}"
        raise Rejected(CONFIG_INVALID, key="custodian.key_file", advice=advice)
    institutions = read_institutions(config.custodian.institutions)
    dialects = read_dialects(config.custodian.dialects)
    home = Path(config.node.home)
    home.mkdir(parents=True, exist_ok=True)
    store = RocksStore(home / VAULT_STORE)
    try:
        vault = open_vault(store, home / VAULT_KEY, passphrase)
    except BaseException:
        store.close()
        raise
    return Opened(
        suite=suite(genesis.suite),
        chain_id=genesis.chain_id,
        store=store,
        vault=vault,
        private_key=private_key,
        institutions=institutions,
        dialects=dialects,
    )


def read_institutions(path: str) -> InstitutionTable:
    """The institution table in a .toml or .json file; an empty one without a path.

    Raises Rejected(CONFIG_INVALID) when it can't be read, INSTITUTION_TABLE when it is wrong.
    """
    if not path:
        return InstitutionTable((), ())
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        advice = f"make the institution table readable ({error.strerror})"
        raise Rejected(CONFIG_INVALID, key="custodian.institutions", advice=advice) from None
    return load_institutions(raw, form="toml" if path.endswith(".toml") else "json")


def read_dialects(folder: str = "") -> tuple[Dialect, ...]:
    """The dialect tables in a folder's .toml files; those that come with the program without one.

    Raises Rejected(CONFIG_INVALID) when they can't be read, DIALECT_TABLE when one is wrong.
    """
    at = Path(folder) if folder else Path(documents.__file__).parent / "dialects"
    try:
        files = [path.read_bytes() for path in sorted(at.iterdir()) if path.suffix == ".toml"]
    except OSError as error:
        advice = f"name a readable folder of dialect tables ({error.strerror})"
        raise Rejected(CONFIG_INVALID, key="custodian.dialects", advice=advice) from None
    return load_dialects(files)
