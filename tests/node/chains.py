"""A small chain for the node's tests: genesis, keys, transactions, and blocks decided by hand."""

from dataclasses import dataclass
from pathlib import Path

from crypto.ports import Signer
from crypto.suites import GM, Suite, suite
from ledger.block import Block, block_hash
from ledger.certificate import (
    COMMITTED,
    PRECOMMIT,
    Certificate,
    committed_bytes,
    precommit_bytes,
)
from ledger.genesis import Genesis, GenesisIdentity, GenesisValidator, dump_genesis
from ledger.kv import KeyValue
from ledger.transaction import encode_transaction, sign_body
from node.block_store import BlockStore
from node.client import build_body
from node.executor import Executor
from node.mempool import Pool, PoolLimits
from node.store import RocksStore
from proto.contracts_pb2 import RegisterIdentityRequest

CHAIN = "yl-test"
TIME_MS = 1_700_000_000_000
ROOT = Path(__file__).resolve().parents[2]


def private_key(number: int) -> bytes:
    """A private key that any test process can derive again."""
    return (1000 + number).to_bytes(32, "big")


@dataclass(frozen=True)
class Keys:
    """One validator and one governance identity of a suite."""

    suite: Suite = GM

    @property
    def validator(self) -> Signer:
        return self.suite.signer(private_key(1))

    @property
    def governor(self) -> Signer:
        return self.suite.signer(private_key(2))

    @property
    def stranger(self) -> Signer:
        return self.suite.signer(private_key(3))


def genesis_file(keys: Keys, *, block_interval_ms: int = 15_000, org: str = "bureau") -> bytes:
    identity = GenesisIdentity(
        public_key=keys.governor.public_key.hex(), org=org, roles=("governance",), label="desk"
    )
    validator = GenesisValidator(public_key=keys.validator.public_key.hex(), power=1)
    genesis = Genesis(
        chain_id=CHAIN,
        suite=keys.suite.name,
        time_ms=TIME_MS,
        org=org,
        validators=(validator,),
        identities=(identity,),
        parameters=_parameters(block_interval_ms),
    )
    return dump_genesis(genesis)


def _parameters(block_interval_ms: int):  # type: ignore[no-untyped-def]
    from ledger.genesis import Parameters

    return Parameters(block_interval_ms=block_interval_ms)


def open_executor(kv: KeyValue, keys: Keys, limits: PoolLimits | None = None) -> Executor:
    return Executor(BlockStore(kv), genesis_file(keys), Pool(limits or PoolLimits()))


def open_rocks(path: Path, keys: Keys | None = None) -> tuple[RocksStore, Executor]:
    store = RocksStore(path)
    return store, open_executor(store, keys or Keys())


def registration(
    keys: Keys,
    number: int,
    *,
    signer: Signer | None = None,
    last_height: int = 100,
    chain_id: str = CHAIN,
    operations: int = 1,
    label: str = "desk",
) -> bytes:
    """A serialized transaction that registers identity number `number` (and the following)."""
    signer = signer or keys.governor
    requests = [
        RegisterIdentityRequest(
            public_key=keys.suite.public_key(private_key(100 + number + n)),
            org="agency",
            roles=["agency"],
            label=label,
        )
        for n in range(operations)
    ]
    body = build_body(
        chain_id,
        "identity",
        "register",
        requests,
        signer.public_key,
        nonce=number.to_bytes(16, "big"),
        last_height=last_height,
    )
    return encode_transaction(sign_body(signer, body))


def identity_key(keys: Keys, number: int) -> str:
    return f"identity/{keys.suite.public_key(private_key(100 + number)).hex()}"


def certify(keys: Keys, block: Block, kind: int = PRECOMMIT) -> Certificate:
    """The one validator's certificate of a block."""
    digest, height = block_hash(keys.suite, block.header), block.header.height
    message = (
        precommit_bytes(CHAIN, height, 0, digest)
        if kind == PRECOMMIT
        else committed_bytes(CHAIN, height, digest)
    )
    return Certificate(
        kind=kind,
        chain_id=CHAIN,
        height=height,
        round=0,
        block_hash=digest,
        bitmap=b"\x01",
        signatures=(keys.validator.sign(message),),
    )


def committed(keys: Keys, block: Block) -> Certificate:
    return certify(keys, block, COMMITTED)


def make_block(executor: Executor, keys: Keys) -> Block:
    """Build the next block from the pool, as the one validator."""
    height = executor.height() + 1
    return executor.build(height, keys.validator.public_key, TIME_MS + 1000 * height)


def decide(executor: Executor, keys: Keys) -> Block:
    """Build, execute and commit the next block."""
    block = make_block(executor, keys)
    assert executor.execute(block) is None
    executor.commit(block, certify(keys, block))
    return block


def keys_of(name: str) -> Keys:
    return Keys(suite(name))
