"""The genesis file: the first validators, identities, channels and parameters of a chain.

Its hash is SM3 over the file's bytes as they are, on every chain, and is header 1's previous hash.
"""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from crypto.digest import sm3
from crypto.domain import tagged
from crypto.suites import suite
from faults import Rejected
from ledger.codec import Writer
from ledger.codes import BAD_GENESIS
from ledger.limits import (
    BLOCK_BYTES_MAX,
    BLOCK_TRANSACTIONS_MAX,
    CHAIN_ID_BYTES_MAX,
    GENESIS_BYTES_MAX,
    HASH_BYTES,
    MIB,
    NAME_BYTES_MAX,
    PUBLIC_KEY_BYTES,
    TX_BYTES_MAX,
)
from ledger.validators import Validator, ValidatorSet

ROLES = (
    "agency",
    "archive",
    "audit_admin",
    "auditor",
    "bureau",
    "custodian",
    "finance",
    "fund",
    "governance",
    "hospital",
    "insurer",
    "router",
    "security_admin",
    "system_admin",
)
ADMINISTRATORS = ("audit_admin", "security_admin", "system_admin")
"""Three administrators (三员): who is one has no other role, so nobody can cover up alone."""


def are_separate(roles: Sequence[str]) -> bool:
    """Whether one key may hold these roles together."""
    return len(roles) == 1 or not any(role in ADMINISTRATORS for role in roles)


ASSURANCES = ("L0", "L1", "L2", "L3")
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a genesis file is made of: no unknown fields."""


class GenesisValidator(_Part, frozen=True, kw_only=True):
    """A validator: public key (130 hex digits) and power."""

    public_key: str
    power: int


class GenesisIdentity(_Part, frozen=True, kw_only=True):
    """A key that may sign transactions: its organisation, its roles, and what it is called."""

    public_key: str
    org: str
    roles: tuple[str, ...]
    label: str

    @property
    def key(self) -> bytes:
        """The public key's 65 bytes."""
        return bytes.fromhex(self.public_key)


class GenesisChannel(_Part, frozen=True, kw_only=True):
    """A channel to a peer chain.

    peer_genesis_hash: the peer's `core_hash` (two chains with channels to each other cannot each
    hold the hash of the other's whole file). peer_router_key: the peer router's SM2 envelope public
    key. operations: packet operation -> assurance that is required of it. home: whether the peer
    decides locks, entries and their reversals of the bills it issued.
    """

    id: str
    peer_chain: str
    peer_suite: str
    peer_genesis_hash: str
    peer_validators: tuple[GenesisValidator, ...]
    peer_router_key: str
    operations: dict[str, str]
    home: bool = False

    @property
    def peer_validator_set(self) -> ValidatorSet:
        """The validators that decide the peer's block 1."""
        return _validator_set(self.peer_validators)


class Parameters(_Part, frozen=True, kw_only=True):
    """Numbers that every node of the chain has to agree on.

    block_interval_ms: an idle chain makes a block this often. clock_drift_ms: how far ahead of a
    validator's clock a fresh proposal may be. refuse_findings: whether an arithmetic finding of
    grade "error" refuses what a hospital or the bureau submits.
    """

    block_interval_ms: int = 15_000
    max_block_bytes: int = 16 * MIB
    max_block_operations: int = 5_000
    clock_drift_ms: int = 5_000
    refuse_findings: bool = True


class Genesis(_Part, frozen=True, kw_only=True):
    """A checked genesis file.

    org: the organisation responsible for people's data on this chain (its custodian). router_keys:
    organisation -> SM2 envelope public key (hex) of its router. time_ms: before the first block.
    """

    chain_id: str
    suite: str
    time_ms: int
    org: str
    validators: tuple[GenesisValidator, ...]
    identities: tuple[GenesisIdentity, ...] = ()
    channels: tuple[GenesisChannel, ...] = ()
    parameters: Parameters = Parameters()
    router_keys: dict[str, str] = {}

    @property
    def validator_set(self) -> ValidatorSet:
        """The set that decides block 1."""
        return _validator_set(self.validators)


def load_genesis(raw: bytes) -> Genesis:
    """The genesis in a file's bytes; Rejected(BAD_GENESIS, field=..., reason=...)."""
    if len(raw) > GENESIS_BYTES_MAX:
        raise _bad("", "the file is too large")
    try:
        json.loads(raw, object_pairs_hook=_refuse_repeated, parse_float=_refuse_float)
        genesis = msgspec.json.decode(raw, type=Genesis)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("`$")[2].strip("`.") if "`$" in str(error) else ""
        raise _bad(field, str(error)) from None
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise _bad("", "not JSON") from None
    _check(genesis)
    return genesis


def dump_genesis(genesis: Genesis) -> bytes:
    """A genesis file's bytes: JSON with two spaces of indentation and a final line break."""
    _check(genesis)
    return msgspec.json.format(msgspec.json.encode(genesis), indent=2) + b"\n"


def genesis_hash(raw: bytes) -> bytes:
    """SM3 over the file's bytes, on every chain: sm3("yilian/genesis/v1" 00 file)."""
    return sm3(tagged("yilian/genesis/v1", raw))


def core_hash(genesis: Genesis) -> bytes:
    """What other chains' channels hold: SM3 over chain id, suite, time and validators only."""
    writer = Writer().text(genesis.chain_id).text(genesis.suite).u64(genesis.time_ms)
    writer.lp(genesis.validator_set.encode())
    return sm3(tagged("yilian/genesis-core/v1", writer.done()))


def check_channel(channel: GenesisChannel, chain_id: str) -> None:
    """Raise Rejected(BAD_GENESIS) unless it is a well-formed channel of `chain_id`'s."""
    _check_channel("channel", channel, chain_id)


def _check(genesis: Genesis) -> None:
    _check_name("chain_id", genesis.chain_id, CHAIN_ID_BYTES_MAX)
    _check_suite("suite", genesis.suite)
    _check_name("org", genesis.org, NAME_BYTES_MAX)
    if not 0 <= genesis.time_ms < 2**53:
        raise _bad("time_ms", "milliseconds since 1970 expected")
    _check_validators("validators", genesis.validators)
    keys = [identity.public_key for identity in genesis.identities]
    if len(set(keys)) != len(keys):
        raise _bad("identities", "a public key appears twice")
    for number, identity in enumerate(genesis.identities):
        _check_identity(f"identities[{number}]", identity)
    ids = [channel.id for channel in genesis.channels]
    if len(set(ids)) != len(ids):
        raise _bad("channels", "an id appears twice")
    for number, channel in enumerate(genesis.channels):
        _check_channel(f"channels[{number}]", channel, genesis.chain_id)
    for org, key in sorted(genesis.router_keys.items()):
        _check_name("router_keys", org, NAME_BYTES_MAX)
        _check_hex(f"router_keys.{org}", key, PUBLIC_KEY_BYTES)
    _check_parameters(genesis.parameters)


def _check_identity(field: str, identity: GenesisIdentity) -> None:
    _check_hex(f"{field}.public_key", identity.public_key, PUBLIC_KEY_BYTES)
    _check_name(f"{field}.org", identity.org, NAME_BYTES_MAX)
    unknown = [role for role in identity.roles if role not in ROLES]
    if unknown or not identity.roles or len(set(identity.roles)) != len(identity.roles):
        raise _bad(f"{field}.roles", "one or more different roles of " + ", ".join(ROLES))
    if not are_separate(identity.roles):
        raise _bad(f"{field}.roles", "an administrator's role beside another")
    if len(identity.label.encode()) > NAME_BYTES_MAX:
        raise _bad(f"{field}.label", "at most 64 bytes")


def _check_channel(field: str, channel: GenesisChannel, chain_id: str) -> None:
    _check_name(f"{field}.id", channel.id, NAME_BYTES_MAX)
    _check_name(f"{field}.peer_chain", channel.peer_chain, CHAIN_ID_BYTES_MAX)
    if channel.peer_chain == chain_id:
        raise _bad(f"{field}.peer_chain", "a channel leads to another chain")
    _check_suite(f"{field}.peer_suite", channel.peer_suite)
    _check_hex(f"{field}.peer_genesis_hash", channel.peer_genesis_hash, HASH_BYTES)
    _check_validators(f"{field}.peer_validators", channel.peer_validators)
    _check_hex(f"{field}.peer_router_key", channel.peer_router_key, PUBLIC_KEY_BYTES)
    for operation, assurance in sorted(channel.operations.items()):
        if assurance not in ASSURANCES or not 1 <= len(operation.encode()) <= NAME_BYTES_MAX:
            raise _bad(f"{field}.operations", "operation name -> L0, L1, L2 or L3")


def _check_parameters(parameters: Parameters) -> None:
    ranges = (
        ("block_interval_ms", parameters.block_interval_ms, 100, 3_600_000),
        ("max_block_bytes", parameters.max_block_bytes, TX_BYTES_MAX + MIB, BLOCK_BYTES_MAX - MIB),
        ("max_block_operations", parameters.max_block_operations, 1000, BLOCK_TRANSACTIONS_MAX),
        ("clock_drift_ms", parameters.clock_drift_ms, 1, 600_000),
    )
    for name, value, low, high in ranges:
        if not low <= value <= high:
            raise _bad(f"parameters.{name}", f"{low} to {high} expected")


def _check_validators(field: str, validators: tuple[GenesisValidator, ...]) -> None:
    for number, validator in enumerate(validators):
        _check_hex(f"{field}[{number}].public_key", validator.public_key, PUBLIC_KEY_BYTES)
    try:
        _validator_set(validators)
    except Rejected as refusal:
        raise _bad(field, refusal.fields["reason"]) from None


def _check_suite(field: str, name: str) -> None:
    try:
        suite(name)
    except Rejected:
        raise _bad(field, "unknown suite") from None


def _check_name(field: str, name: str, limit: int) -> None:
    if not 1 <= len(name) <= limit or not _NAME_CHARACTERS.issuperset(name):
        raise _bad(field, f"1 to {limit} of a-z, 0-9, -, _ and .")


def _check_hex(field: str, text: str, size: int) -> None:
    if len(text) != 2 * size or text.strip("0123456789abcdef"):
        raise _bad(field, f"{2 * size} lower-case hex digits expected")
    if size == PUBLIC_KEY_BYTES and not text.startswith("04"):
        raise _bad(field, "a public key starts with 04")


def _validator_set(validators: tuple[GenesisValidator, ...]) -> ValidatorSet:
    return ValidatorSet.of(
        *(Validator(bytes.fromhex(member.public_key), member.power) for member in validators)
    )


def _refuse_repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise _bad("", "a name appears twice in one object")
    return names


def _refuse_float(text: str) -> Any:
    raise _bad("", "numbers are integers")


def _bad(field: str, reason: str) -> Rejected:
    return Rejected(BAD_GENESIS, field=field, reason=reason)
