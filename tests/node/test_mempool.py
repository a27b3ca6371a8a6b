"""The pool: bounds, order, fairness, expiry."""

import pytest

from faults import Rejected
from node.mempool import Pool, PoolLimits, Waiting


def waiting(signer: int, number: int, *, size: int = 100, last_height: int = 50) -> Waiting:
    name = bytes([signer]) + number.to_bytes(4, "big")
    return Waiting(name.rjust(32, b"h"), bytes([signer]) * 65, name, last_height, 1, b"t" * size)


def refused(pool: Pool, entry: Waiting) -> str:
    before = (len(pool), pool.size_bytes)
    with pytest.raises(Rejected) as error:
        pool.add(entry)
    assert (len(pool), pool.size_bytes) == before
    return error.value.code.name


def test_the_same_transaction_twice_is_one() -> None:
    pool = Pool(PoolLimits())
    assert pool.add(waiting(1, 1)) is True
    assert pool.add(waiting(1, 1)) is False
    assert len(pool) == 1
    assert pool.size_bytes == 100


def test_one_nonce_waits_once() -> None:
    pool = Pool(PoolLimits())
    first = waiting(1, 1)
    pool.add(first)
    other = Waiting(b"x" * 32, first.signer, first.nonce, 50, 1, b"other")
    assert refused(pool, other) == "TX_REPLAYED"


def test_count_bytes_and_signer_bounds() -> None:
    pool = Pool(PoolLimits(max_count=3, max_bytes=350, max_per_signer=2))
    pool.add(waiting(1, 1))
    pool.add(waiting(1, 2))
    assert refused(pool, waiting(1, 3)) == "POOL_SIGNER_FULL"
    assert refused(pool, waiting(2, 1, size=151)) == "POOL_FULL"
    pool.add(waiting(2, 1, size=150))
    assert refused(pool, waiting(3, 1, size=0)) == "POOL_FULL"
    pool.remove([waiting(1, 1).tx_hash, b"unknown"])
    pool.add(waiting(3, 1))
    assert (len(pool), pool.size_bytes) == (3, 350)


def test_signers_take_turns_and_keep_their_own_order() -> None:
    pool = Pool(PoolLimits())
    for number in range(4):
        pool.add(waiting(1, number))
    pool.add(waiting(2, 0))
    taken = [(entry.signer[0], entry.nonce[-1]) for entry in pool.take(4, 10_000)]
    assert taken == [(1, 0), (2, 0), (1, 1), (1, 2)]
    assert len(pool) == 5


def test_take_stops_at_the_block_bytes() -> None:
    pool = Pool(PoolLimits())
    for number in range(5):
        pool.add(waiting(1, number))
    assert len(pool.take(100, 250)) == 2
    assert Pool(PoolLimits()).take(100, 250) == []


def test_what_expired_is_forgotten() -> None:
    pool = Pool(PoolLimits())
    pool.add(waiting(1, 1, last_height=9))
    pool.add(waiting(1, 2, last_height=10))
    assert pool.expire(10) == 1
    assert waiting(1, 2).tx_hash in pool
    assert pool.expire(11) == 1
    assert (len(pool), pool.size_bytes) == (0, 0)
    pool.add(waiting(1, 1))
