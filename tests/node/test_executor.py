"""Blocks on a real store: built, refused, committed, read, and the same on every run."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from faults import Misuse, Rejected
from ledger.block import Block, block_hash, transactions_root
from ledger.certificate import COMMITTED, PRECOMMIT
from ledger.evidence import StateEvidence, verify_state_evidence
from ledger.kv import MemoryKeyValue
from ledger.transaction import encode_transaction, sign_body
from node.client import build_body
from node.codes import TX_REPLAYED
from node.executor import Executor
from node.fsck import check_store, replay_store
from node.mempool import PoolLimits, Waiting
from node.reader import Reader
from proto.contracts_pb2 import ReadRequest
from tests.node.chains import (
    CHAIN,
    TIME_MS,
    Keys,
    certify,
    committed,
    decide,
    genesis_file,
    identity_key,
    keys_of,
    make_block,
    open_executor,
    open_rocks,
    registration,
)


@pytest.fixture(params=["gm", "intl"])
def keys(request: pytest.FixtureRequest) -> Keys:
    return keys_of(request.param)


@pytest.fixture
def executor(keys: Keys) -> Iterator[Executor]:
    opened = open_executor(MemoryKeyValue(), keys)
    yield opened
    opened.close()


def refusal(executor: Executor, raw: bytes) -> str:
    before = len(executor.pool)
    with pytest.raises(Rejected) as refused:
        executor.submit(raw)
    assert len(executor.pool) == before
    return refused.value.code.name


def test_the_first_block_stands_on_genesis(executor: Executor, keys: Keys) -> None:
    assert executor.height() == 0
    assert executor.last_header() is None
    block = decide(executor, keys)
    assert block.header.previous_hash == executor.genesis_hash
    assert block.header.height == 1
    assert block.transactions == ()
    assert executor.last_header() == block.header
    again = decide(executor, keys)
    assert again.header.previous_hash == block_hash(keys.suite, block.header)
    assert again.header.state_root == block.header.state_root


def test_a_transaction_goes_through(executor: Executor, keys: Keys) -> None:
    raw = registration(keys, 1)
    tx_hash, is_new = executor.submit(raw)
    assert is_new
    assert executor.submit(raw) == (tx_hash, False)
    block = decide(executor, keys)
    assert block.transactions == (raw,)
    assert executor.pool_size() == 0
    reader = Reader(executor, "n")
    receipt = reader.receipt(tx_hash)
    assert (receipt.height, [one.code for one in receipt.operations]) == (1, ["OK"])
    state = reader.state(identity_key(keys, 1))
    assert state.found
    evidence = StateEvidence.decode(state.proof)
    verify_state_evidence(keys.suite, executor.validators(1), evidence)
    trace = reader.trace(identity_key(keys, 1))
    assert [(one.index, one.height, one.tx_hash) for one in trace.events] == [(0, 1, tx_hash)]


def test_block_1_is_later_than_the_genesis_file_whatever_the_clock_says(
    executor: Executor, keys: Keys
) -> None:
    early = executor.genesis.time_ms - 5_000
    block = executor.build(1, keys.validator.public_key, early)
    assert block.header.time_ms == executor.genesis.time_ms + 1
    assert open_executor(MemoryKeyValue(), keys).execute(block) is None


def test_a_refused_operation_has_its_receipt_and_changes_nothing_else(
    executor: Executor, keys: Keys
) -> None:
    executor.submit(registration(keys, 1, operations=2))
    before = decide(executor, keys).header.state_root
    tx_hash, _ = executor.submit(registration(keys, 2))
    block = decide(executor, keys)
    receipt = Reader(executor, "n").receipt(tx_hash)
    assert receipt.operations[0].code == "IDENTITY_EXISTS"
    assert block.header.state_root == before


def test_a_strangers_transaction_is_not_pooled_and_refused_in_a_block_that_holds_it(
    executor: Executor, keys: Keys
) -> None:
    raw = registration(keys, 1, signer=keys.stranger)
    with pytest.raises(Rejected) as refused:
        executor.submit(raw)
    assert refused.value.code.name == "UNKNOWN_IDENTITY"
    assert len(executor.pool) == 0
    before = executor.tree.root(0)
    parsed = executor.check(raw)
    executor.pool.add(Waiting(parsed.hash, parsed.body.signer, parsed.body.nonce, 100, 1, raw))
    block = decide(executor, keys)
    receipt = Reader(executor, "n").receipt(parsed.hash)
    assert receipt.operations[0].code == "UNKNOWN_IDENTITY"
    assert block.header.state_root == before


def test_a_refusal_that_quotes_a_long_request_is_cut(executor: Executor, keys: Keys) -> None:
    request = ReadRequest(object="bill/" + "票" * 50_000, compartment="full")
    body = build_body(
        CHAIN, "authorization", "read", [request], keys.governor.public_key, last_height=9
    )
    tx_hash, _ = executor.submit(encode_transaction(sign_body(keys.governor, body)))
    decide(executor, keys)
    (operation,) = Reader(executor, "n").receipt(tx_hash).operations
    assert operation.code != "OK"
    assert all(len(value.encode()) <= 515 for value in operation.fields.values())
    assert check_store(executor.store.kv, genesis_file(keys)) == 1


def test_what_may_not_enter_is_refused_before_the_pool(executor: Executor, keys: Keys) -> None:
    good = registration(keys, 1)
    broken = good[:-1] + bytes([good[-1] ^ 1])
    assert refusal(executor, broken) == "BAD_SIGNATURE"
    assert refusal(executor, b"") == "MALFORMED"
    assert refusal(executor, b"\x00" * 200) == "MALFORMED"
    assert refusal(executor, good[:-64]) == "MALFORMED"
    assert refusal(executor, registration(keys, 2, chain_id="yl-other")) == "WRONG_CHAIN"
    assert refusal(executor, registration(keys, 2, last_height=0)) == "TX_EXPIRED"
    assert refusal(executor, registration(keys, 2, last_height=1002)) == "TX_TOO_FAR_AHEAD"
    assert refusal(executor, registration(keys, 2, label="x" * 1_100_000)) == "TX_TOO_LARGE"
    assert refusal(executor, b"\x0a" * 9_000_000) == "TX_TOO_LARGE"


def test_a_broken_signature_is_not_hidden_by_a_verified_one(executor: Executor, keys: Keys) -> None:
    good = registration(keys, 1)
    executor.submit(good)
    assert refusal(executor, good[:-1] + bytes([good[-1] ^ 1])) == "BAD_SIGNATURE"


def test_a_replay_is_refused_until_it_has_expired(executor: Executor, keys: Keys) -> None:
    raw = registration(keys, 1, last_height=3)
    executor.submit(raw)
    decide(executor, keys)
    assert refusal(executor, raw) == "TX_REPLAYED"
    same_nonce = registration(keys, 1, last_height=9, label="another")
    assert refusal(executor, same_nonce) == "TX_REPLAYED"
    decide(executor, keys)
    decide(executor, keys)
    assert refusal(executor, raw) == "TX_EXPIRED"
    decide(executor, keys)
    assert list(executor.store.kv.scan(b"N/")) == []
    assert list(executor.store.kv.scan(b"X/")) == []


def test_what_expires_in_the_pool_is_dropped(executor: Executor, keys: Keys) -> None:
    executor.submit(registration(keys, 1, last_height=1))
    decided = make_block(open_executor(MemoryKeyValue(), keys), keys)
    executor.commit(decided, certify(keys, decided))
    assert executor.pool_size() == 0


def test_another_node_executes_the_same_block(keys: Keys) -> None:
    first, second = (open_executor(MemoryKeyValue(), keys) for _ in range(2))
    for number in range(3):
        first.submit(registration(keys, 10 * number, operations=4))
        block = decide(first, keys)
        assert second.execute(block) is None
        second.commit(block, certify(keys, block))
    assert second.last_header() == first.last_header()


def changed(block: Block, **fields: object) -> Block:
    return Block(replace(block.header, **fields), block.transactions)  # type: ignore[arg-type]


def test_a_wrong_header_gets_no_vote(keys: Keys) -> None:
    proposer, voter = (open_executor(MemoryKeyValue(), keys) for _ in range(2))
    proposer.submit(registration(keys, 1))
    block = make_block(proposer, keys)
    wrong = bytes(32)
    for name in (
        "previous_hash",
        "receipts_root",
        "state_root",
        "history_root",
        "validators_hash",
        "next_validators_hash",
    ):
        assert voter.execute(changed(block, **{name: wrong})) == f"its {name} differs"
    assert "time" in (voter.execute(changed(block, time_ms=TIME_MS)) or "")
    assert "height" in (voter.execute(changed(block, height=2)) or "")
    stranger = keys.stranger.public_key
    assert "proposer" in (voter.execute(changed(block, proposer=stranger)) or "")
    assert voter.execute(changed(block, chain_id="yl-other")) == "its chain_id differs"
    assert voter.execute(Block(block.header, ())) is not None
    assert voter.execute(block) is None


def test_a_foreign_block_with_what_may_not_enter_gets_no_vote(keys: Keys) -> None:
    proposer, voter = (open_executor(MemoryKeyValue(), keys) for _ in range(2))
    proposer.submit(registration(keys, 1))
    block = make_block(proposer, keys)
    good = block.transactions[0]
    cases = {
        "BAD_SIGNATURE": good[:-1] + bytes([good[-1] ^ 1]),
        "MALFORMED": b"junk",
        "TX_EXPIRED": registration(keys, 2, last_height=0),
    }
    for code, raw in cases.items():
        root = transactions_root(keys.suite, (raw,))
        bad = Block(replace(block.header, transactions_root=root), (raw,))
        assert code in (voter.execute(bad) or "")
    root = transactions_root(keys.suite, (good, good))
    twice = Block(replace(block.header, transactions_root=root), (good, good))
    assert TX_REPLAYED.name in (voter.execute(twice) or "")
    # What was kept for the good header must not let other transactions under it through.
    assert voter.execute(block) is None
    assert voter.execute(Block(block.header, (cases["TX_EXPIRED"],))) is not None


def test_a_refused_block_can_not_be_committed(keys: Keys) -> None:
    executor = open_executor(MemoryKeyValue(), keys)
    block = make_block(executor, keys)
    other = changed(block, time_ms=block.header.time_ms + 1)
    with pytest.raises(Misuse):
        executor.commit(other, certify(keys, block))
    with pytest.raises(Misuse):
        executor.build(2, keys.validator.public_key, TIME_MS + 5)
    assert executor.height() == 0


def test_the_committed_certificate_replaces_the_precommits(executor: Executor, keys: Keys) -> None:
    block = decide(executor, keys)
    found = executor.block(1)
    assert found is not None
    assert found[1].kind == PRECOMMIT
    executor.attach_committed(1, committed(keys, block))
    found = executor.block(1)
    assert found is not None
    assert found[1].kind == COMMITTED
    with pytest.raises(Misuse):
        executor.attach_committed(2, committed(keys, block))
    assert executor.block(2) is None


@pytest.mark.slow
def test_blocks_respect_the_limit_of_operations(executor: Executor, keys: Keys) -> None:
    for number in range(7):
        executor.submit(registration(keys, 1000 * number, operations=800))
    block = make_block(executor, keys)
    assert len(block.transactions) == 6  # 5,000 operations a block at most
    assert executor.pool_size() == 7


def test_pool_refusals_reach_the_submitter(keys: Keys) -> None:
    executor = open_executor(MemoryKeyValue(), keys, PoolLimits(max_count=1))
    executor.submit(registration(keys, 1))
    assert refusal(executor, registration(keys, 2)) == "POOL_FULL"


def test_a_store_of_rocks_is_reopened_where_it_was(tmp_path: Path) -> None:
    keys = Keys()
    store, executor = open_rocks(tmp_path / "db")
    for number in range(3):
        executor.submit(registration(keys, number))
        decide(executor, keys)
    header = executor.last_header()
    executor.close()
    store.close()
    store, executor = open_rocks(tmp_path / "db")
    assert executor.last_header() == header
    assert refusal(executor, registration(keys, 1)) == "TX_REPLAYED"
    executor.submit(registration(keys, 9))
    decide(executor, keys)
    assert check_store(store, genesis_file(keys)) == 4
    assert replay_store(store, genesis_file(keys)) == executor.tree.root(4)
    executor.close()
    store.close()


def test_another_chains_store_is_refused(keys: Keys) -> None:
    kv = MemoryKeyValue()
    open_executor(kv, keys).close()
    other = Keys(keys_of("intl" if keys.suite.name == "gm" else "gm").suite)
    with pytest.raises(Rejected, match="STORE_FOREIGN"):
        open_executor(kv, other)


def test_the_pruned_past_is_refused_and_the_present_proved(executor: Executor, keys: Keys) -> None:
    executor.submit(registration(keys, 1))
    for _ in range(105):
        decide(executor, keys)
    with pytest.raises(Rejected, match="VERSION_NOT_KEPT"):
        executor.tree.get(identity_key(keys, 1), 1)
    state = Reader(executor, "n").state(identity_key(keys, 1))
    verify_state_evidence(keys.suite, executor.validators(1), StateEvidence.decode(state.proof))
    assert state.height == 105
