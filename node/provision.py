"""Lays out the folder of a node: its key files and its configuration, ready for `yilian start`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crypto.keystore import create_key
from crypto.suites import Suite

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
    """What a node's configuration says; `known`: (public key hex, address) of other validators."""

    name: str
    home: Path
    genesis: Path
    listens: Listens
    passphrase_env: str
    known: Sequence[tuple[str, str]] = ()
    custodian: CustodianPlan | None = None
    consensus: dict[str, int] = field(default_factory=dict)


def make_node_key(home: Path, suite: Suite, passphrase: bytes) -> bytes:
    """Create the folder and the node's key in it; the public key (65 bytes). Never overwrites."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return create_key(home / NODE_KEY, suite, passphrase)


def make_custodian_key(home: Path, suite: Suite, passphrase: bytes) -> bytes:
    """Create the key under which the custodian's own payloads are sealed; its public key."""
    return create_key(home / CUSTODIAN_KEY, suite, passphrase)


def write_node_config(plan: NodePlan) -> Path:
    """Write the node's TOML file; refuses to overwrite one."""
    lines = [
        "[node]",
        f'name = "{plan.name}"',
        f'home = "{plan.home}"',
        f'genesis = "{plan.genesis}"',
        f'key_file = "{plan.home / NODE_KEY}"',
        f'passphrase_env = "{plan.passphrase_env}"',
        "",
        f'[grpc]\nlisten = "{plan.listens.grpc}"',
        "",
        f'[http]\nlisten = "{plan.listens.http}"',
        "",
        f'[peers]\nlisten = "{plan.listens.peers}"',
    ]
    for public_key, address in plan.known:
        lines += ["", "[[peers.known]]", f'public_key = "{public_key}"', f'address = "{address}"']
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
        f'mode = "{custodian.mode}"',
        f'org = "{custodian.org}"',
        f'key_file = "{home / CUSTODIAN_KEY}"',
    ]
    if custodian.institutions is not None:
        lines.append(f'institutions = "{custodian.institutions}"')
    return lines
