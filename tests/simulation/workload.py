"""What clients do: real transactions of real contracts, from people that the genesis knows.

A transaction is a function of its kind and number, so seeds share them. Some are refused by a
contract, some by admission, some come twice: how an effect comes only once is what is tested.
"""

from functools import lru_cache

from google.protobuf.message import Message
from msgspec.structs import replace

from ledger.genesis import GenesisValidator, Parameters, dump_genesis
from ledger.transaction import encode_transaction, sign_body
from node.client import build_body
from proto import contracts_pb2 as pb
from tests.contracts import harness
from tests.simulation.fakes import NAME, FakeSigner, validator_key

CHAIN = "yl-storm"
LAST_HEIGHT = 900
START_MS = harness.START_MS
BILLS = 200
"""Numbers of bills and accounts; more transactions than this come round again and are refused."""


@lru_cache(maxsize=64)
def genesis_file(validators: int) -> bytes:
    """A chain with this many validators of one vote each."""
    members = tuple(
        GenesisValidator(public_key=validator_key(number).hex(), power=1)
        for number in range(validators)
    )
    parameters = Parameters(block_interval_ms=15_000, clock_drift_ms=5_000)
    genesis = harness.genesis(CHAIN, NAME)
    return dump_genesis(replace(genesis, validators=members, parameters=parameters))


@lru_cache(maxsize=64)
def _helper() -> harness.Chain:
    return harness.Chain(CHAIN, NAME)


def open_account(number: int) -> Message:
    return pb.OpenAccountRequest(
        account_id=f"{number % BILLS:032x}",
        public_key=harness.person_key(number % BILLS),
        insured_type="310",
        id_type="01",
    )


def issue(number: int) -> Message:
    return _helper().blue(number % BILLS)


def issue_red(number: int) -> Message:
    return _helper().red(number % BILLS)


def lock(number: int) -> Message:
    return pb.LockRequest(
        bill=harness.bill_ref(number % BILLS),
        purpose=harness.PURPOSE,
        expires_ms=START_MS + harness.HOUR_MS,
    )


def register(number: int) -> Message:
    return pb.RegisterIdentityRequest(
        public_key=harness.key_bytes(f"desk-{number}"),
        org="org-agency-a",
        roles=["agency"],
        label="desk",
    )


KINDS = (
    ("custodian", "account.open", open_account),
    ("finance", "bill.issue_blue", issue),
    ("agency_a", "bill.lock", lock),
    ("agency_b", "bill.lock", lock),
    ("agency_a", "bill.unlock", lambda number: harness.unlock(number % BILLS)),
    ("finance", "bill.issue_red", issue_red),
    ("governor", "identity.register", register),
    ("hospital", "account.open", open_account),  # refused: not the custodian
    ("agency_a", "bill.enter", lambda number: harness.enter(number % BILLS)),
)


@lru_cache(maxsize=20_000)
def transaction(kind: int, number: int, subject: int) -> bytes:
    """A signed transaction of a kind; `number` makes it unique, `subject` says what it is about."""
    who, name, request = KINDS[kind]
    unique = kind << 96 | subject << 64 | number
    return signed(harness.key_bytes(who), name, request(subject), unique)


def signed(key: bytes, name: str, request: Message, unique: int) -> bytes:
    """A transaction of one operation, signed by `key`; `unique` becomes its nonce."""
    contract, method = name.split(".")
    signer = FakeSigner(key)
    nonce = unique.to_bytes(16, "big")
    body = build_body(CHAIN, contract, method, [request], key, nonce=nonce, last_height=LAST_HEIGHT)
    return encode_transaction(sign_body(signer, body))
