"""The node's one configuration file: TOML, validated as a whole before anything is opened.

Each error is Rejected(CONFIG_INVALID) that names the key and says what to do. Relative paths are
taken from the folder the file is in.
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from faults import Rejected
from node.codes import CONFIG_INVALID

CONFIG_BYTES_MAX = 256 * 1024

Milliseconds = Annotated[int, msgspec.Meta(ge=1, le=3_600_000)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Listen = Annotated[str, msgspec.Meta(pattern=r"^([^\s:]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$")]
NodeName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
PublicKey = Annotated[str, msgspec.Meta(pattern=r"^04[0-9a-f]{128}$")]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; a key it does not know is an error."""


class NodeSection(_Section, frozen=True):
    """Who this node is and where its data, genesis and key are."""

    name: NodeName
    home: Text
    genesis: Text
    key_file: Text
    passphrase_env: str = ""
    passphrase_file: str = ""
    mode: Literal["validator", "observer"] = "validator"
    """An observer follows the chain and serves all reads, but never signs: for auditors."""


class ListenSection(_Section, frozen=True):
    """An address to listen on, `host:port`; port 0 takes a free one (see <home>/addresses.json)."""

    listen: Listen = "127.0.0.1:0"


class KnownPeer(_Section, frozen=True):
    """Another validator: its node key and where it listens."""

    public_key: PublicKey
    address: Listen
    name: NodeName | None = None
    """What people call it; shown by `yilian why` instead of the beginning of its key."""


class KnownObserver(_Section, frozen=True):
    """A node without a vote that may connect to this one: its node key."""

    public_key: PublicKey
    name: NodeName | None = None


class PeersSection(_Section, frozen=True):
    """The peer network: own address, the validators to connect to, the observers let in."""

    listen: Listen = "127.0.0.1:0"
    known: Annotated[tuple[KnownPeer, ...], msgspec.Meta(max_length=64)] = ()
    observers: Annotated[tuple[KnownObserver, ...], msgspec.Meta(max_length=64)] = ()


class ConsensusSection(_Section, frozen=True):
    """Timeouts in milliseconds (consensus/settings.py); round r waits r x delta longer."""

    timeout_propose_ms: Milliseconds = 1_000
    timeout_absent_ms: Milliseconds = 20
    timeout_prevote_ms: Milliseconds = 500
    timeout_precommit_ms: Milliseconds = 500
    timeout_propose_delta_ms: Milliseconds = 500
    timeout_prevote_delta_ms: Milliseconds = 250
    timeout_precommit_delta_ms: Milliseconds = 250
    status_interval_ms: Milliseconds = 500
    log_bytes_max: Annotated[int, msgspec.Meta(ge=1024, le=1024**3)] = 1024**2


class PoolSection(_Section, frozen=True):
    """Bounds of the pool of transactions that wait for a block."""

    max_count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 20_000
    max_bytes: Annotated[int, msgspec.Meta(ge=1024, le=4 * 1024**3)] = 256 * 1024**2
    max_per_signer: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 5_000


class CustodianSection(_Section, frozen=True):
    """The custodian service of the organisation that is responsible for people's data."""

    enabled: bool = False
    mode: Literal["persons", "organisation"] = "persons"
    org: str = ""
    key_file: str = ""
    institutions: str = ""
    dialects: str = ""  # a folder of dialect tables; "" = those that come with the program


class SnapshotsSection(_Section, frozen=True):
    """Copies of the store kept for nodes far behind, and when to take one over from others."""

    every: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 1_000
    """Blocks between two copies; 0 keeps none."""
    keep: Annotated[int, msgspec.Meta(ge=1, le=16)] = 2
    take_when_behind: Annotated[int, msgspec.Meta(ge=0, le=2**53)] = 5_000
    """Blocks behind the highest peer from which a snapshot is taken instead of every block; 0:
    never. A node that took one has no older blocks, so a custodian's node never does: it needs the
    payloads in them."""


class LogSection(_Section, frozen=True):
    """What is logged, and as what."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"


class NodeConfig(_Section, frozen=True):
    """The whole file. Paths are absolute once `load_config` returned it."""

    node: NodeSection
    grpc: ListenSection = ListenSection()
    http: ListenSection = ListenSection()
    peers: PeersSection = PeersSection()
    consensus: ConsensusSection = ConsensusSection()
    pool: PoolSection = PoolSection()
    snapshots: SnapshotsSection = SnapshotsSection()
    custodian: CustodianSection = CustodianSection()
    log: LogSection = LogSection()


def load_config(path: Path) -> NodeConfig:
    """Read, validate and resolve the file at `path`; Rejected(CONFIG_INVALID) names the key."""
    try:
        with path.open("rb") as file:
            raw = file.read(CONFIG_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise _invalid(str(path), f"make the file readable ({reason})") from None
    if len(raw) > CONFIG_BYTES_MAX:
        raise _invalid(str(path), f"make the file smaller than {CONFIG_BYTES_MAX} bytes")
    return parse_config(raw, path.resolve().parent)


def parse_config(raw: bytes, base: Path) -> NodeConfig:
    """Validate the bytes of a configuration whose relative paths start at `base`."""
    try:
        tree = tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid("(file)", f"correct the TOML: {error}") from None
    try:
        config = msgspec.convert(tree, NodeConfig)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from None
    _check_listens(config)
    _check_node(config.node)
    _check_peers(config.peers)
    _check_custodian(config.custodian)
    return _resolve(config, base)


def _check_listens(config: NodeConfig) -> None:
    for key, listen in (
        ("grpc.listen", config.grpc.listen),
        ("http.listen", config.http.listen),
        ("peers.listen", config.peers.listen),
    ):
        _check_port(key, listen, least=0)


def _check_port(key: str, address: str, *, least: int) -> None:
    if not least <= int(address.rpartition(":")[2]) <= 65_535:
        raise _invalid(key, f"use a port from {least} to 65535")


def _check_node(node: NodeSection) -> None:
    if bool(node.passphrase_env) == bool(node.passphrase_file):
        raise _invalid(
            "node.passphrase_env",
            "set exactly one of node.passphrase_env (a variable's name) and node.passphrase_file",
        )
    if node.passphrase_env and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", node.passphrase_env):
        raise _invalid(
            "node.passphrase_env", "write the variable's name, not the passphrase itself"
        )


def _check_peers(peers: PeersSection) -> None:
    seen: set[str] = set()
    for index, peer in enumerate(peers.known):
        _check_port(f"peers.known[{index}].address", peer.address, least=1)
        if peer.public_key in seen:
            raise _invalid(f"peers.known[{index}].public_key", "list each peer once")
        seen.add(peer.public_key)
    for index, observer in enumerate(peers.observers):
        if observer.public_key in seen:
            raise _invalid(f"peers.observers[{index}].public_key", "list each peer once")
        seen.add(observer.public_key)


def _check_custodian(custodian: CustodianSection) -> None:
    if not custodian.enabled:
        return
    for key, value in (("org", custodian.org), ("key_file", custodian.key_file)):
        if not value:
            raise _invalid(f"custodian.{key}", "set it, or set custodian.enabled = false")


def _resolve(config: NodeConfig, base: Path) -> NodeConfig:
    def absolute(path: str) -> str:
        return str((base / path).resolve()) if path else ""

    node, custodian = config.node, config.custodian
    return msgspec.structs.replace(
        config,
        node=msgspec.structs.replace(
            node,
            home=absolute(node.home),
            genesis=absolute(node.genesis),
            key_file=absolute(node.key_file),
            passphrase_file=absolute(node.passphrase_file),
        ),
        custodian=msgspec.structs.replace(
            custodian,
            key_file=absolute(custodian.key_file),
            institutions=absolute(custodian.institutions),
        ),
    )


_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(?P<name>.*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>.*)`$")


def _explain(message: str) -> Rejected:
    """The library's sentence turned into a key and an advice."""
    found = _AT.match(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    if unknown := _UNKNOWN.match(what):
        advice = "remove this key or correct its spelling"
        return _invalid(_join(path, unknown["name"]), advice)
    if missing := _MISSING.match(what):
        return _invalid(_join(path, missing["name"]), "add this key")
    return _invalid(path or "(file)", what[:1].lower() + what[1:])


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _invalid(key: str, advice: str) -> Rejected:
    return Rejected(CONFIG_INVALID, key=key, advice=advice)
