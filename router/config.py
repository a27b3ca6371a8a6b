"""The router's one configuration file: TOML, validated as a whole before anything is opened.

Relative paths start at the folder the file is in. Passphrases are never in the file.
"""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec

from faults import Rejected
from router.codes import ROUTER_CONFIG

CONFIG_BYTES_MAX = 256 * 1024

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
ChainId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
Address = Annotated[str, msgspec.Meta(pattern=r"^([^\s:]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$")]


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; a key it does not know is an error."""


class RouterSection(_Section, frozen=True):
    """Which chain this router serves, as whom, and where its node and keys are."""

    name: Name
    chain_id: ChainId
    listen: Address
    node: Address
    key_file: Text  # the identity registered on the chain, with the role "router"
    envelope_key_file: Text  # SM2: envelopes to this router are sealed for it
    custodian: str = ""  # where the Custodian service is; empty: at the node
    passphrase_env: str = ""
    passphrase_file: str = ""
    poll_interval_ms: Annotated[int, msgspec.Meta(ge=10, le=60_000)] = 200


class PeerSection(_Section, frozen=True):
    """One channel: the chain at its other end, and where that chain's router listens."""

    chain_id: ChainId
    channel: Name
    address: Address


class RouterConfig(_Section, frozen=True):
    """The whole file. Paths are absolute once `load_config` returned it."""

    router: RouterSection
    peers: Annotated[tuple[PeerSection, ...], msgspec.Meta(min_length=1, max_length=64)]


def load_config(path: Path) -> RouterConfig:
    """Read, validate and resolve the file at `path`; Rejected(ROUTER_CONFIG) names the key."""
    try:
        with path.open("rb") as file:
            raw = file.read(CONFIG_BYTES_MAX + 1)
    except OSError as error:
        raise _invalid(str(path), f"make it readable ({error.strerror})") from None
    if len(raw) > CONFIG_BYTES_MAX:
        raise _invalid(str(path), f"make it smaller than {CONFIG_BYTES_MAX} bytes")
    return parse_config(raw, path.resolve().parent)


def parse_config(raw: bytes, base: Path) -> RouterConfig:
    """Validate the bytes of a configuration whose relative paths start at `base`."""
    try:
        tree = tomllib.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _invalid("(file)", f"correct the TOML: {error}") from None
    try:
        config = msgspec.convert(tree, RouterConfig)
    except msgspec.ValidationError as error:
        raise _explained(str(error)) from None
    _check(config)
    return _resolved(config, base)


def passphrase(config: RouterConfig) -> bytes:
    """The passphrase of the key files, from the variable or the file that is named."""
    router = config.router
    if router.passphrase_env:
        value = os.environ.get(router.passphrase_env, "")
        if not value:
            raise _invalid("router.passphrase_env", "set the variable before starting")
        return value.encode()
    try:
        return Path(router.passphrase_file).read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise _invalid("router.passphrase_file", f"make it readable ({error.strerror})") from None


def _explained(message: str) -> Rejected:
    """The library's sentence with the key it is about, an unknown or missing one included."""
    about, _, place = message.partition(" - at ")
    path = place.strip("`$.")
    named = re.fullmatch(r"Object (contains unknown|missing required) field `(.*)`", about)
    if named is None:
        return _invalid(path or "(file)", about)
    advice = "add this key" if named[1] == "missing required" else "remove or correct this key"
    return _invalid(f"{path}.{named[2]}" if path else named[2], advice)


def _check(config: RouterConfig) -> None:
    router = config.router
    if bool(router.passphrase_env) == bool(router.passphrase_file):
        raise _invalid("router.passphrase_env", "set exactly one of it and router.passphrase_file")
    if router.passphrase_env and not re.fullmatch(r"[A-Za-z_]\w*", router.passphrase_env):
        raise _invalid("router.passphrase_env", "name a variable, don't write the passphrase")
    _check_port("router.listen", router.listen, 0)
    _check_port("router.node", router.node, 1)
    if router.custodian:
        if not re.fullmatch(r"\S+:[0-9]{1,5}", router.custodian):
            raise _invalid("router.custodian", "write host:port, or leave it out")
        _check_port("router.custodian", router.custodian, 1)
    seen: set[str] = set()
    for index, peer in enumerate(config.peers):
        _check_port(f"peers[{index}].address", peer.address, 1)
        if peer.channel in seen:
            raise _invalid(f"peers[{index}].channel", "list each channel once")
        if peer.chain_id == router.chain_id:
            raise _invalid(f"peers[{index}].chain_id", "name the other chain, not our own")
        seen.add(peer.channel)


def _check_port(key: str, address: str, least: int) -> None:
    if not least <= int(address.rpartition(":")[2]) <= 65_535:
        raise _invalid(key, f"use a port from {least} to 65535")


def _resolved(config: RouterConfig, base: Path) -> RouterConfig:
    def absolute(path: str) -> str:
        return str((base / path).resolve()) if path else ""

    router = config.router
    resolved = msgspec.structs.replace(
        router,
        custodian=router.custodian or router.node,
        key_file=absolute(router.key_file),
        envelope_key_file=absolute(router.envelope_key_file),
        passphrase_file=absolute(router.passphrase_file),
    )
    return msgspec.structs.replace(config, router=resolved)


def _invalid(key: str, advice: str) -> Rejected:
    return Rejected(ROUTER_CONFIG, key=key, advice=advice[:300])
