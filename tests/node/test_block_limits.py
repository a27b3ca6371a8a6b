"""What a foreign block may hold, and what of the pool goes into ours."""

from dataclasses import replace

import msgspec
import pytest

from consensus.application import OtherRoots
from consensus.bisection import Selection
from faults import Rejected
from ledger.block import Block
from ledger.genesis import MIB
from ledger.kv import MemoryKeyValue
from node import executor as executor_module
from node.executor import QUARANTINE_MAX
from tests.node.chains import Keys, decide, keys_of, make_block, open_executor, registration

KEYS: Keys = keys_of("intl")


def two():
    return tuple(open_executor(MemoryKeyValue(), KEYS) for _ in range(2))


def with_limits(executor, **limits):
    parameters = msgspec.structs.replace(executor.genesis.parameters, **limits)
    executor.genesis = msgspec.structs.replace(executor.genesis, parameters=parameters)
    return executor


@pytest.mark.slow
def test_a_foreign_block_with_too_many_operations_gets_no_vote():
    proposer, voter = two()
    with_limits(proposer, max_block_operations=6_000)
    for number in range(6):
        proposer.submit(registration(KEYS, 1000 * number, operations=1000))
    block = make_block(proposer, KEYS)
    assert len(block.transactions) == 6
    assert voter.execute(block) == "it has more operations than a block may have"
    with_limits(voter, max_block_operations=6_000)
    assert voter.execute(block) is None


def test_a_foreign_block_with_too_many_bytes_gets_no_vote():
    proposer, voter = two()
    proposer.submit(registration(KEYS, 1, operations=900))
    block = make_block(proposer, KEYS)
    with_limits(voter, max_block_bytes=len(block.transactions[0]) - 1)
    assert voter.execute(block) == "its transactions are larger than a block may be"


def test_a_selection_decides_what_stands_in_our_block():
    executor, _ = two()
    hashes = [executor.submit(registration(KEYS, number))[0] for number in range(4)]

    def build(selection):
        block = executor.build(1, KEYS.validator.public_key, 1_800_000_000_000, selection)
        return executor.transaction_hashes(block)

    assert build(Selection()) == tuple(hashes)
    assert build(Selection(only=(hashes[2], b"x" * 32, hashes[1]))) == (hashes[1], hashes[2])
    assert build(Selection(only=())) == ()
    assert executor.pool_size() == 4


def test_halvings_make_a_block_smaller(monkeypatch):
    executor, _ = two()
    for number in range(16):
        executor.submit(registration(KEYS, 1000 * number, operations=200))
    size = len(registration(KEYS, 0, operations=200))
    monkeypatch.setattr(executor_module, "BUILD_BYTES_MAX", 8 * size + 100)
    assert size < MIB
    counts = [
        len(
            executor.build(
                1, KEYS.validator.public_key, 1_800_000_000_000, Selection(halvings=number)
            ).transactions
        )
        for number in range(4)
    ]
    assert counts == [8, 4, 2, 1]


def test_only_a_difference_in_what_execution_gives_is_laid_to_the_transactions():
    proposer, voter = two()
    proposer.submit(registration(KEYS, 1))
    block = make_block(proposer, KEYS)
    for name in ("state_root", "receipts_root"):
        bad = Block(replace(block.header, **{name: bytes(32)}), block.transactions)
        assert isinstance(voter.execute(bad), OtherRoots)
    for name in ("history_root", "previous_hash", "validators_hash"):
        bad = Block(replace(block.header, **{name: bytes(32)}), block.transactions)
        reason = voter.execute(bad)
        assert reason is not None
        assert not isinstance(reason, OtherRoots)
    assert voter.transaction_hashes(Block(block.header, (b"junk",))) == ()


def test_a_quarantined_transaction_waits_nowhere_and_is_refused_with_its_reason():
    executor, other = two()
    raw = registration(KEYS, 1)
    tx_hash, _ = executor.submit(raw)
    executor.quarantine(tx_hash)
    assert executor.pool_size() == 0
    with pytest.raises(Rejected) as refusal:
        executor.submit(raw)
    assert refusal.value.code.name == "TX_QUARANTINED"
    # It is a matter of this node's own blocks: another's that holds it is judged by its roots.
    other.submit(raw)
    assert executor.execute(make_block(other, KEYS)) is None
    for number in range(QUARANTINE_MAX):
        executor.quarantine(number.to_bytes(32, "big"))
    executor.submit(raw)
    decide(executor, KEYS)
    assert executor.pool_size() == 0
