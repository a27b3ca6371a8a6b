"""Lays out the stage on disk: three chains, a router at each, and every party's keys.

    finance (intl, 1 validator) ── router ⇄ router ── province (gm, 4 validators)
                                                        │ router ⇄ router
                                                      national (gm, 1 validator)

A fourth chain, government (gm, 1 validator), takes the province's archives when it is asked for.
Everything listens on loopback, on ports that were free when the stage was laid out.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from crypto.keystore import create_key, load_key
from crypto.suites import GM, INTL, Suite
from ledger.genesis import (
    Genesis,
    GenesisChannel,
    GenesisIdentity,
    GenesisValidator,
    core_hash,
    dump_genesis,
)
from node import provision
from testnet.actors import Actor
from testnet.ports import free_ports
from testnet.processes import Process, Supervisor

FINANCE, PROVINCE, NATIONAL = "finance", "province", "national"
GOVERNMENT = "government"
BILL_CHANNEL, REPORT_CHANNEL = "province-finance", "province-national"
ARCHIVE_CHANNEL = "province-government"
CHANNELS = {
    BILL_CHANNEL: (PROVINCE, FINANCE),
    REPORT_CHANNEL: (PROVINCE, NATIONAL),
    ARCHIVE_CHANNEL: (PROVINCE, GOVERNMENT),
}
"""Channel -> the chains at its ends; a channel stands when both its chains do."""

OPERATIONS = {
    BILL_CHANNEL: (
        "BILL_BLUE",
        "BILL_RED",
        "BILL_PRINT",
        "BILL_PRINT_CANCEL",
        "LOCK",
        "UNLOCK",
        "ENTRY",
        "ENTRY_REVERSAL",
        "AUTHORIZATION",
        "AUTHORIZATION_REVOCATION",
    ),
    REPORT_CHANNEL: (
        "SETTLEMENT_REPORT",
        "SETTLEMENT_REVERSAL",
        "VOUCHER_REPORT",
        "POLICY_SHARE",
        "POLICY_QUESTION",
        "CATALOGUE_CHUNK",
        "CATALOGUE_QUESTION",
        "FILING",
        "FILING_CHANGE",
        "FILING_REVOCATION",
        "REIMBURSEMENT_APPLY",
        "REIMBURSEMENT_REPORT",
    ),
    ARCHIVE_CHANNEL: ("ARCHIVE", "ARCHIVE_REVOCATION"),
}
"""Channel -> every packet operation that its chains have for each other."""

PASSPHRASE_ENV = "YILIAN_PASSPHRASE"
# Small, so that the short journey also begins the consensus log anew.
LOG_BYTES_MAX = 16 * 1024
SAMPLES = Path(__file__).parent / "samples"

# label -> (chain, organisation, roles)
PARTIES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "finance desk": (FINANCE, "finance", ("finance",)),
    "finance router": (FINANCE, "finance", ("router",)),
    "bureau desk": (PROVINCE, "bureau", ("bureau", "custodian")),
    "bureau clerk": (PROVINCE, "bureau", ("bureau",)),
    "province router": (PROVINCE, "bureau", ("router",)),
    "hospital desk": (PROVINCE, "hospital", ("hospital",)),
    "archive desk": (PROVINCE, "archive-system", ("archive",)),
    "fund desk": (PROVINCE, "settlement-centre", ("fund",)),
    "bank desk": (PROVINCE, "bank", ("fund",)),
    "auditor": (PROVINCE, "audit-office", ("auditor",)),
    "agency one": (PROVINCE, "agency-one", ("agency",)),
    "agency two": (PROVINCE, "agency-two", ("agency",)),
    "insurer": (PROVINCE, "insurer", ("insurer",)),
    "stranger": (PROVINCE, "stranger", ("insurer",)),
    "national desk": (NATIONAL, "national", ("bureau",)),
    "national router": (NATIONAL, "national", ("router",)),
    "finance governance": (FINANCE, "finance", ("governance",)),
    "province governance": (PROVINCE, "bureau", ("governance",)),
    "national governance": (NATIONAL, "national", ("governance",)),
    "government desk": (GOVERNMENT, "government", ("archive",)),
    "government router": (GOVERNMENT, "government", ("router",)),
    "government governance": (GOVERNMENT, "government", ("governance",)),
}


@dataclass(frozen=True)
class ChainPlan:
    """A chain of the stage: suite, how many validators, whose custodian and for whom."""

    name: str
    suite: Suite
    validators: int
    org: str
    custodian_mode: str


@dataclass
class Stage:
    """The laid-out stage: who is who, and what can be started."""

    folder: Path
    passphrase: str
    plans: dict[str, ChainPlan]
    actors: dict[str, Actor]
    supervisor: Supervisor
    nodes: dict[str, list[Process]] = field(default_factory=dict)
    routers: dict[str, Process] = field(default_factory=dict)

    @property
    def channels(self) -> dict[str, tuple[str, str]]:
        """The channels that stand, with the chains at their ends."""
        return _standing(self.plans)

    def genesis_file(self, chain: str) -> Path:
        """The chain's genesis file: what an auditor trusts from the start."""
        return self.folder / chain / "genesis.json"

    def grpc_address(self, chain: str, node: int = 0) -> str:
        """Where a node's gRPC API listens."""
        return self.nodes[chain][node].addresses()["grpc"]

    def http_address(self, chain: str, node: int = 0) -> str:
        """Where a node's JSON API listens."""
        return self.nodes[chain][node].addresses()["http"]


@dataclass(frozen=True)
class _ChainKeys:
    """Public keys made for a chain, and the ports its processes will use."""

    node_keys: list[bytes]
    envelope_key: bytes
    peer_ports: list[int]
    router_port: int
    grpc_ports: list[int]
    http_ports: list[int]


def plan_chains(province_validators: int, *, government: bool = False) -> dict[str, ChainPlan]:
    """The three chains of the stage, and the government chain if it is wanted."""
    plans = {
        FINANCE: ChainPlan(FINANCE, INTL, 1, "finance", "organisation"),
        PROVINCE: ChainPlan(PROVINCE, GM, province_validators, "bureau", "persons"),
        NATIONAL: ChainPlan(NATIONAL, GM, 1, "national", "organisation"),
    }
    if government:
        plans[GOVERNMENT] = ChainPlan(GOVERNMENT, GM, 1, "government", "organisation")
    return plans


def lay_out(folder: Path, *, province_validators: int = 4, government: bool = False) -> Stage:
    """Write all keys, genesis files and configurations under `folder`, which must be new."""
    plans = plan_chains(province_validators, government=government)
    stage = Stage(folder, secrets.token_hex(16), plans, {}, Supervisor())
    for label, (chain, org, roles) in PARTIES.items():
        if chain not in plans:
            continue
        private_key = _party_key(stage, plans[chain], roles)
        stage.actors[label] = Actor(label, chain, org, roles, plans[chain].suite, private_key)
    keys = {name: _make_keys(stage, plan) for name, plan in plans.items()}
    started_ms = time.time_ns() // 1_000_000
    cores = {
        name: _genesis(stage, plan, keys[name], (), started_ms) for name, plan in plans.items()
    }
    for name, plan in plans.items():
        channels = _channels(name, plans, keys, cores)
        genesis = _genesis(stage, plan, keys[name], channels, started_ms)
        stage.genesis_file(name).write_bytes(dump_genesis(genesis))
        _add_nodes(stage, plan, keys[name])
    for name in plans:
        _add_router(stage, name, keys)
    return stage


def _party_key(stage: Stage, plan: ChainPlan, roles: tuple[str, ...]) -> bytes:
    """A fresh private key; a router's also stands in a key file, because its process needs it."""
    if "router" not in roles:
        return plan.suite.generate_private_key()
    home, secret = stage.folder / plan.name / "router", stage.passphrase.encode()
    home.mkdir(parents=True, mode=0o700)
    create_key(home / "router.key", plan.suite, secret)
    return load_key(home / "router.key", secret)[1]


def _make_keys(stage: Stage, plan: ChainPlan) -> _ChainKeys:
    secret, base = stage.passphrase.encode(), stage.folder / plan.name
    node_keys = []
    for index in range(plan.validators):
        home = base / f"node{index}"
        node_keys.append(provision.make_node_key(home, plan.suite, secret))
        if index == 0:
            provision.make_custodian_key(home, plan.suite, secret)
    router = base / "router"
    envelope_key = create_key(router / "envelope.key", GM, secret)
    ports = free_ports(3 * plan.validators + 1)
    count = plan.validators
    return _ChainKeys(
        node_keys,
        envelope_key,
        ports[:count],
        ports[-1],
        ports[count : 2 * count],
        ports[2 * count : 3 * count],
    )


def _genesis(
    stage: Stage,
    plan: ChainPlan,
    keys: _ChainKeys,
    channels: tuple[GenesisChannel, ...],
    time_ms: int,
) -> Genesis:
    return Genesis(
        chain_id=plan.name,
        suite=plan.suite.name,
        time_ms=time_ms,
        org=plan.org,
        validators=_validators(keys),
        identities=tuple(
            GenesisIdentity(
                public_key=actor.public_key.hex(),
                org=actor.org,
                roles=actor.roles,
                label=actor.label,
            )
            for actor in stage.actors.values()
            if actor.chain == plan.name
        ),
        channels=channels,
        router_keys={plan.org: keys.envelope_key.hex()},
    )


def _validators(keys: _ChainKeys) -> tuple[GenesisValidator, ...]:
    return tuple(GenesisValidator(public_key=key.hex(), power=1) for key in keys.node_keys)


def _standing(plans: Mapping[str, ChainPlan]) -> dict[str, tuple[str, str]]:
    return {name: ends for name, ends in CHANNELS.items() if all(one in plans for one in ends)}


def _channels(
    chain: str,
    plans: Mapping[str, ChainPlan],
    keys: Mapping[str, _ChainKeys],
    cores: Mapping[str, Genesis],
) -> tuple[GenesisChannel, ...]:
    """The channels that end at `chain`, as seen from there."""
    found = []
    for channel, ends in _standing(plans).items():
        if chain not in ends:
            continue
        peer = ends[1] if chain == ends[0] else ends[0]
        found.append(
            GenesisChannel(
                id=channel,
                peer_chain=peer,
                peer_suite=plans[peer].suite.name,
                peer_genesis_hash=core_hash(cores[peer]).hex(),
                peer_validators=_validators(keys[peer]),
                peer_router_key=keys[peer].envelope_key.hex(),
                operations=dict.fromkeys(OPERATIONS[channel], "L3"),
                home=peer == FINANCE,
            )
        )
    return tuple(found)


def _add_nodes(stage: Stage, plan: ChainPlan, keys: _ChainKeys) -> None:
    addresses = [f"127.0.0.1:{port}" for port in keys.peer_ports]
    stage.nodes[plan.name] = []
    for index in range(plan.validators):
        home = stage.folder / plan.name / f"node{index}"
        custodian = provision.CustodianPlan(
            plan.org, plan.custodian_mode, SAMPLES / "institutions.toml"
        )
        config = provision.write_node_config(
            provision.NodePlan(
                name=f"{plan.name}-{index}",
                home=home,
                genesis=stage.genesis_file(plan.name),
                listens=provision.Listens(
                    grpc=f"127.0.0.1:{keys.grpc_ports[index]}",
                    http=f"127.0.0.1:{keys.http_ports[index]}",
                    peers=addresses[index],
                ),
                passphrase_env=PASSPHRASE_ENV,
                known=[
                    (key.hex(), addresses[other], f"{plan.name}-{other}")
                    for other, key in enumerate(keys.node_keys)
                    if other != index
                ],
                custodian=custodian if index == 0 else None,
                consensus={"log_bytes_max": LOG_BYTES_MAX},
            )
        )
        stage.nodes[plan.name].append(_add_process(stage, f"{plan.name}-{index}", config, home))


def _add_router(stage: Stage, chain: str, keys: Mapping[str, _ChainKeys]) -> None:
    home = stage.folder / chain / "router"
    node = f"127.0.0.1:{keys[chain].grpc_ports[0]}"
    address = f"127.0.0.1:{keys[chain].router_port}"
    lines = [
        "[router]",
        f'name = "{chain}-router"',
        f'chain_id = "{chain}"',
        f'listen = "{address}"',
        f'node = "{node}"',
        f'key_file = "{home / "router.key"}"',
        f'envelope_key_file = "{home / "envelope.key"}"',
        f'passphrase_env = "{PASSPHRASE_ENV}"',
        "poll_interval_ms = 200",
    ]
    for channel, ends in stage.channels.items():
        if chain in ends:
            peer = ends[1] if chain == ends[0] else ends[0]
            peer_address = f"127.0.0.1:{keys[peer].router_port}"
            lines += [
                "",
                "[[peers]]",
                f'chain_id = "{peer}"',
                f'channel = "{channel}"',
                f'address = "{peer_address}"',
            ]
    config = home / "router.toml"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    stage.routers[chain] = _add_process(stage, f"{chain}-router", config, home, address)


def _add_process(stage: Stage, name: str, config: Path, home: Path, relay: str = "") -> Process:
    environment = {PASSPHRASE_ENV: stage.passphrase}
    return stage.supervisor.add(Process(name, config, home, relay, environment))
