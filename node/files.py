"""The files a configuration names: genesis, passphrase, key. Errors name the configuration key."""

import os
from pathlib import Path

from crypto.keystore import load_key
from crypto.ports import Signer
from crypto.suites import Suite
from faults import Rejected
from ledger.limits import GENESIS_BYTES_MAX
from node.codes import CONFIG_INVALID
from node.config import NodeConfig


def read_genesis(path: str) -> bytes:
    """The genesis file's bytes; Rejected(CONFIG_INVALID) when it can't be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(GENESIS_BYTES_MAX + 1)
    except OSError as error:
        advice = f"make the genesis file readable ({error.strerror})"
        raise Rejected(CONFIG_INVALID, key="node.genesis", advice=advice) from None


def load_signer(config: NodeConfig) -> tuple[Suite, Signer]:
    """The node's key, opened with its passphrase."""
    passphrase = read_passphrase(config)
    try:
        ciphers, private_key = load_key(config.node.key_file, passphrase)
    except Rejected as refused:
        raise Rejected(refused.code, key="node.key_file", **refused.fields) from None
    return ciphers, ciphers.signer(private_key)


def read_passphrase(config: NodeConfig) -> bytes:
    """The passphrase of the node's key files, from the environment or a file."""
    name, path = config.node.passphrase_env, config.node.passphrase_file
    if name:
        value = os.environ.get(name)
        if value is None:
            advice = f"set the environment variable {name} to the passphrase"
            raise Rejected(CONFIG_INVALID, key="node.passphrase_env", advice=advice)
        return value.encode()
    try:
        return Path(path).read_bytes().rstrip(b"\r\n")
    except OSError as error:
        advice = f"make the file readable ({error.strerror})"
        raise Rejected(CONFIG_INVALID, key="node.passphrase_file", advice=advice) from None
