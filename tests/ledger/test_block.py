"""Headers, blocks, receipts and the history log."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.suites import INTL, Suite
from faults import Misuse, Rejected
from ledger import merkle
from ledger.block import (
    Block,
    Header,
    block_hash,
    history_leaf,
    history_log,
    transaction_path,
    transactions_root,
    verify_history,
    verify_transaction,
)
from ledger.receipt import Receipt, events_hash, receipt_paths, receipts_root, verify_receipt
from tests.ledger.oracle import list_root, tag
from tests.ledger.samples import sample_header

HEADER = sample_header(b"\x07" * 32)


def receipt(**changes: object) -> Receipt:
    fields: dict[str, object] = {
        "tx_hash": b"t" * 32,
        "operation": 3,
        "code": "BILL_LOCKED",
        "fields": (("bill", "1"), ("holder", "agency")),
        "result": b"{}",
        "events_hash": b"e" * 32,
    }
    return Receipt(**{**fields, **changes})  # type: ignore[arg-type]


def test_header_round_trip_and_hash(suite: Suite) -> None:
    encoded = HEADER.encode()
    assert Header.decode(encoded) == HEADER
    assert block_hash(suite, HEADER) == suite.hash(b"yilian/header/v1\0" + encoded)


@pytest.mark.parametrize("name", [n for n in Header.__dataclass_fields__ if n != "chain_id"])
def test_every_field_is_in_the_hash(name: str) -> None:
    value = getattr(HEADER, name)
    other: Any = value + 1 if isinstance(value, int) else b"\x04" + bytes(len(value) - 1)
    changes: dict[str, Any] = {name: other}
    assert block_hash(INTL, replace(HEADER, **changes)) != block_hash(INTL, HEADER)


def test_malformed_headers() -> None:
    encoded = HEADER.encode()
    wrong = [
        b"",
        encoded[:-1],
        encoded + b"\0",
        bytes(600),
        replace(HEADER, height=0).encode(),
        replace(HEADER, chain_id="").encode(),
        replace(HEADER, chain_id="c" * 33).encode(),
    ]
    for data in wrong:
        with pytest.raises(Rejected, match="MALFORMED"):
            Header.decode(data)
    with pytest.raises(Misuse):
        replace(HEADER, state_root=b"").encode()


@given(st.lists(st.binary(max_size=50), max_size=6))
def test_block_round_trip(transactions: list[bytes]) -> None:
    block = Block(HEADER, tuple(transactions))
    encoded = block.encode()
    assert Block.decode(encoded) == block
    for wrong in (encoded[:-1], encoded + b"\0"):
        with pytest.raises(Rejected, match="MALFORMED"):
            Block.decode(wrong)


def test_blocks_have_limits() -> None:
    head = len(HEADER.encode()).to_bytes(4, "big") + HEADER.encode()
    with pytest.raises(Rejected, match="too many elements"):
        Block.decode(head + (100_001).to_bytes(4, "big"))
    with pytest.raises(Rejected, match="too long"):
        Block.decode(head + b"\0\0\0\x01" + b"\x7f\xff\xff\xff")


def test_transactions_root(suite: Suite) -> None:
    raws = [b"first", b"second", b"third"]
    leaves = [tag("yilian/tx-leaf/v1", raw) for raw in raws]
    root = transactions_root(suite, raws)
    assert root == list_root(suite.hash, leaves)
    assert transactions_root(suite, []) == list_root(suite.hash, [])
    header = replace(HEADER, transactions_root=root)
    for index, raw in enumerate(raws):
        path = transaction_path(suite, raws, index)
        places = [
            (i, size)
            for size in range(9)
            for i in range(-1, 9)
            if verify_transaction(suite, header, raw, i, size, path)
        ]
        assert places == [(index, 3)]


def test_receipts(suite: Suite) -> None:
    receipts = [receipt(operation=i) for i in range(5)]
    assert [Receipt.decode(r.encode()) for r in receipts] == receipts
    root = receipts_root(suite, receipts)
    assert root == list_root(suite.hash, [tag("yilian/receipt/v1", r.encode()) for r in receipts])
    path = receipt_paths(suite, receipts, [0, 4])[1]
    assert verify_receipt(suite, root, receipts[4], 4, 5, path)
    assert not verify_receipt(suite, root, receipts[3], 4, 5, path)
    assert not verify_receipt(suite, root, receipts[4], 2, 3, path)
    assert not verify_receipt(suite, root, receipts[4], 4, 2**33, path)


@pytest.mark.parametrize(
    "changes",
    [
        {"fields": (("b", "1"), ("a", "2"))},
        {"fields": (("a", "1"), ("a", "2"))},
        {"fields": tuple((f"{i:02}", "") for i in range(33))},
        {"fields": (("a", "x" * 1025),)},
        {"operation": 1000},
        {"code": ""},
        {"code": "C" * 65},
        {"result": bytes(64 * 1024 + 1)},
    ],
)
def test_receipts_rules(changes: dict[str, object]) -> None:
    with pytest.raises(Rejected, match="MALFORMED"):
        Receipt.decode(receipt(**changes).encode())


def test_malformed_receipts() -> None:
    encoded = receipt().encode()
    for wrong in (b"", encoded[:-1], encoded + b"\0"):
        with pytest.raises(Rejected, match="MALFORMED"):
            Receipt.decode(wrong)


def test_events_hash_keeps_keys_and_events_apart(suite: Suite) -> None:
    hashes = {
        events_hash(suite, events)
        for events in (
            [],
            [("a", b"bc")],
            [("ab", b"c")],
            [("a", b"b"), ("a", b"c")],
            [("a", b"c"), ("a", b"b")],
        )
    }
    assert len(hashes) == 5


def test_history(suite: Suite) -> None:
    genesis = b"\x0e" * 32
    hashes = [genesis, *(bytes([i]) * 32 for i in range(1, 9))]
    log, nodes = merkle.HashLog(), dict[tuple[int, int], bytes]()
    for hashed in hashes:
        log, made = log.append_with_nodes(suite.hash, history_leaf(hashed))
        nodes.update(made)
    header = replace(HEADER, height=len(hashes), history_root=log.root(suite.hash))
    for height, hashed in enumerate(hashes):
        path = merkle.log_path(suite.hash, height, len(hashes), lambda level, i: nodes[level, i])
        assert verify_history(suite, header, height, hashed, path)
        assert not verify_history(suite, header, height, b"\xff" * 32, path)
        assert not verify_history(suite, header, height + 1, hashed, path)
    first = replace(HEADER, height=1, history_root=history_log(suite, genesis).root(suite.hash))
    assert verify_history(suite, first, 0, genesis, ())
