"""Genesis files: what is accepted, and the field every refusal names."""

import json
from typing import Any

import pytest

from crypto.digest import sm3
from crypto.suites import GM, INTL
from faults import Rejected
from ledger.genesis import Genesis, core_hash, dump_genesis, genesis_hash, load_genesis
from ledger.validators import ValidatorSet
from tests.ledger.samples import signer_of

KEY = signer_of(GM, 1).public_key.hex()
OTHER = signer_of(GM, 2).public_key.hex()
FOREIGN = signer_of(INTL, 3).public_key.hex()


def content() -> dict[str, Any]:
    return {
        "chain_id": "yl-province",
        "suite": "gm",
        "time_ms": 1_700_000_000_000,
        "org": "bureau",
        "validators": [{"public_key": KEY, "power": 10}, {"public_key": OTHER, "power": 5}],
        "identities": [
            {"public_key": KEY, "org": "bureau", "roles": ["bureau", "custodian"], "label": "desk"}
        ],
        "channels": [
            {
                "id": "pf",
                "peer_chain": "yl-finance",
                "peer_suite": "intl",
                "peer_genesis_hash": "0a" * 32,
                "peer_validators": [{"public_key": FOREIGN, "power": 1}],
                "peer_router_key": KEY,
                "operations": {"LOCK": "L3"},
                "home": True,
            }
        ],
        "router_keys": {"bureau": OTHER},
    }


def load(made: dict[str, Any]) -> Genesis:
    return load_genesis(json.dumps(made).encode())


def test_a_good_file() -> None:
    raw = json.dumps(content()).encode()
    genesis = load_genesis(raw)
    assert genesis.parameters.block_interval_ms == 15_000
    assert genesis.identities[0].key.hex() == KEY
    assert genesis.validator_set.total_power == 15
    assert len(genesis.channels[0].peer_validator_set) == 1
    assert genesis_hash(raw) == sm3(b"yilian/genesis/v1\0" + raw)
    assert genesis_hash(raw) != genesis_hash(raw + b" ")
    assert load_genesis(dump_genesis(genesis)) == genesis
    assert dump_genesis(load_genesis(dump_genesis(genesis))) == dump_genesis(genesis)


def test_the_core_hash_leaves_out_the_channels() -> None:
    """Two chains with channels to each other need each other's hash before either file exists."""
    genesis = load(content())
    without = load({**content(), "channels": [], "identities": []})
    assert core_hash(genesis) == core_hash(without)
    changes: list[dict[str, Any]] = [
        {"chain_id": "x"},
        {"suite": "intl"},
        {"time_ms": 1},
        {"validators": content()["validators"][:1]},
    ]
    hashes = [core_hash(load({**content(), **change})) for change in changes]
    assert len({core_hash(genesis), *hashes}) == 5
    assert isinstance(genesis.validator_set, ValidatorSet)


def at(path: str, value: Any) -> dict[str, Any]:
    made = content()
    place: Any = made
    *parents, last = path.split(".")
    for name in parents:
        place = place[int(name)] if name.isdigit() else place.setdefault(name, {})
    place[int(last) if last.isdigit() else last] = value
    return made


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("chain_id", "", "chain_id"),
        ("chain_id", "Yl", "chain_id"),
        ("chain_id", "c" * 33, "chain_id"),
        ("suite", "rsa", "suite"),
        ("time_ms", -1, "time_ms"),
        ("time_ms", 1.5, ""),
        ("time_ms", "1", "time_ms"),
        ("org", "a/b", "org"),
        ("validators", [], "validators"),
        ("validators.0.power", 0, "validators"),
        ("validators.0.power", True, "validators[0].power"),
        ("validators.0.public_key", OTHER, "validators"),
        ("validators.0.public_key", KEY.upper(), "validators[0].public_key"),
        ("validators.0.public_key", KEY[2:], "validators[0].public_key"),
        ("validators.0.public_key", "02" + KEY[2:], "validators[0].public_key"),
        ("validators.0.weight", 1, "validators[0]"),
        ("identities.0.roles", [], "identities[0].roles"),
        ("identities.0.roles", ["king"], "identities[0].roles"),
        ("identities.0.roles", ["bureau", "bureau"], "identities[0].roles"),
        ("identities.0.label", "l" * 65, "identities[0].label"),
        ("identities.0.org", "", "identities[0].org"),
        ("identities.0.public_key", "zz", "identities[0].public_key"),
        ("identities", content()["identities"] * 2, "identities"),
        ("channels", content()["channels"] * 2, "channels"),
        ("channels.0.id", "", "channels[0].id"),
        ("channels.0.peer_chain", "yl-province", "channels[0].peer_chain"),
        ("channels.0.peer_suite", "", "channels[0].peer_suite"),
        ("channels.0.peer_genesis_hash", "0a", "channels[0].peer_genesis_hash"),
        ("channels.0.peer_validators", [], "channels[0].peer_validators"),
        ("channels.0.peer_router_key", "", "channels[0].peer_router_key"),
        ("channels.0.operations.LOCK", "L4", "channels[0].operations"),
        ("router_keys.bureau", "04", "router_keys.bureau"),
        ("parameters.block_interval_ms", 1, "parameters.block_interval_ms"),
        ("parameters.max_block_bytes", 1, "parameters.max_block_bytes"),
        ("parameters.unknown", 1, "parameters"),
        ("extra", 1, ""),
    ],
)
def test_refusals_name_the_field(path: str, value: Any, field: str) -> None:
    with pytest.raises(Rejected, match="BAD_GENESIS") as caught:
        load(at(path, value))
    assert caught.value.fields["field"].replace("[...]", "[0]") == field


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        json.dumps(content()).encode()[:-1],
        json.dumps(content()).encode() + b"x",
        json.dumps(content()).replace('"suite"', '"org": "x", "suite"').encode(),
        json.dumps(content()).replace("1700000000000", "1e12").encode(),
        bytes(4 * 2**20 + 1),
    ],
)
def test_files_that_are_no_genesis(raw: bytes) -> None:
    with pytest.raises(Rejected, match="BAD_GENESIS"):
        load_genesis(raw)
