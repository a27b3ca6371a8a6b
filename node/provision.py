"""Lays out the folder of a node: its key files and its configuration, ready for `yilian start`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crypto.keystore import create_key
from crypto.suites import Suite
from node.first_start import mark_never_signed

NODE_KEY = "node.key"
CUSTODIAN_KEY = "custodian.key"
CONFIG = "node.toml"


@dataclass(frozen=True)
class Listens:
    """Addresses a node listens on, "host:port"."""

    grpc: str = "127.0.0.1:7401"
    http: str = "127.0.0.1:7402"
    peers: str = "127.0.0.1:7403"


@dataclass(frozen=True)
class CustodianPlan:
    """A node runs the custodian service of `org`: for persons, or for the organisation alone."""

    org: str
    mode: str
    institutions: Path | None = None


@dataclass(frozen=True)
class NodePlan:
    """What a node's configuration says; `known`: (public key hex, address, name) of others."""

    name: str
    home: Path
    genesis: Path
    listens: Listens
    passphrase_env: str
    known: Sequence[tuple[str, str, str]] = ()
    custodian: CustodianPlan | None = None
    consensus: dict[str, int] = field(default_factory=dict)


def make_node_key(home: Path, suite: Suite, passphrase: bytes) -> bytes:
    """Create the folder and the node's key in it; the public key (65 bytes). Never overwrites."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    public_key = create_key(home / NODE_KEY, suite, passphrase)
    mark_never_signed(home / NODE_KEY, public_key)
    return public_key


def make_custodian_key(home: Path, suite: Suite, passphrase: bytes) -> bytes:
    """Create the key under which the custodian's own payloads are sealed; its public key."""
    return create_key(home / CUSTODIAN_KEY, suite, passphrase)


def write_node_config(plan: NodePlan) -> Path:
    """Write the node's TOML file; refuses to overwrite one."""
    lines = [
        "[node]",
        f"name = {_text(plan.name)}",
        f"home = {_text(plan.home)}",
        f"genesis = {_text(plan.genesis)}",
        f"key_file = {_text(plan.home / NODE_KEY)}",
        f"passphrase_env = {_text(plan.passphrase_env)}",
        "",
        f'[grpc]\nlisten = "{plan.listens.grpc}"',
        "",
        f'[http]\nlisten = "{plan.listens.http}"',
        "",
        f'[peers]\nlisten = "{plan.listens.peers}"',
    ]
    for public_key, address, name in plan.known:
        lines += ["", "[[peers.known]]", f'public_key = "{public_key}"', f'address = "{address}"']
        lines += [f"name = {_text(name)}"] if name else []
    if plan.consensus:
        lines += ["", "[consensus]", *(f"{key} = {ms}" for key, ms in plan.consensus.items())]
    if plan.custodian is not None:
        lines += ["", *_custodian_lines(plan.custodian, plan.home)]
    path = plan.home / CONFIG
    with path.open("x", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def _custodian_lines(custodian: CustodianPlan, home: Path) -> list[str]:
    lines = [
        "[custodian]",
        "enabled = true",
        f"mode = {_text(custodian.mode)}",
        f"org = {_text(custodian.org)}",
        f"key_file = {_text(home / CUSTODIAN_KEY)}",
    ]
    if custodian.institutions is not None:
        lines.append(f"institutions = {_text(custodian.institutions)}")
    return lines


def _text(value: str | Path) -> str:
    """A TOML string; a folder's name may hold quotes and backslashes."""
    return json.dumps(str(value), ensure_ascii=False)
