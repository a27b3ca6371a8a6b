"""Checks a stopped node's store against itself: every hash, root, link, certificate and the state.

`check_store` derives everything again from the bytes of the blocks; with `replay` it also runs all
transactions from genesis, which proves the receipts and the state, not only their agreement.
"""

from collections.abc import Iterator
from pathlib import Path

from crypto.suites import Suite, suite
from faults import Rejected
from ledger.block import Block, Header, block_hash, history_leaf, transactions_root
from ledger.certificate import verify_header
from ledger.genesis import genesis_hash, load_genesis
from ledger.kv import KeyValue, MemoryKeyValue
from ledger.merkle import HashLog
from ledger.receipt import Receipt, receipts_root
from ledger.records import untyped
from ledger.state_tree import StateTree
from ledger.trace import head_of
from ledger.transaction import body_hash
from ledger.validators import ValidatorSet
from node.block_store import Base, BlockStore
from node.codes import STORE_DAMAGED
from node.executor import Executor
from node.mempool import Pool, PoolLimits
from node.snapshots.codes import REPLAY_IMPOSSIBLE
from node.snapshots.places import STORE, settle
from node.store import RocksStore
from node.validator_history import ValidatorHistory
from proto.transaction_pb2 import Transaction, TxBody


def fsck(path: Path, genesis_file: bytes, *, replay: bool = False) -> int:
    """Check the store at `path`; answers its height. Raises Rejected(STORE_DAMAGED, ...)."""
    if path.name == STORE:
        settle(path.parent)  # a kill may have come between a snapshot and its taking over
    store = RocksStore(path)
    try:
        height = check_store(store, genesis_file)
        if replay:
            replay_store(store, genesis_file)
    finally:
        store.close()
    return height


def check_store(kv: KeyValue, genesis_file: bytes) -> int:
    """Derive all roots, links and certificates again; answers the height.

    Raises Rejected: STORE_DAMAGED with `height` and `what` does not agree, STORE_FOREIGN.
    """
    store, genesis = BlockStore(kv), load_genesis(genesis_file)
    if not store.open(genesis.chain_id, genesis_hash(genesis_file)):
        raise _damaged(0, "the store holds no chain")
    ciphers = suite(genesis.suite)
    sets = ValidatorHistory.of(store.validator_changes())
    if sets.at(1) != genesis.validator_set:
        raise _damaged(0, "validators of the first block")
    base = store.base()
    previous, log = _beginning(store, ciphers, base, genesis_hash(genesis_file))
    header: Header | None = None
    for block in _blocks(store):
        header, height = block.header, block.header.height
        if header.previous_hash != previous:
            raise _damaged(height, "previous hash")
        if header.history_root != log.root(ciphers.hash):
            raise _damaged(height, "history root")
        _check_transactions(store, ciphers, block)
        previous = block_hash(ciphers, header)
        if store.header(height) != (previous, header):
            raise _damaged(height, "stored header")
        if base is None or height >= base.height:  # the base's certificate proves those before it
            _check_certificates(store, ciphers, sets.at(height), header)
        if header.next_validators_hash != sets.at(height + 1).hash(ciphers):
            raise _damaged(height, "validators of the next block")
        log = _append(store, ciphers, log, previous, height)
    if store.log() != log:
        raise _damaged(store.height(), "log of block hashes")
    _check_state(kv, ciphers, header)
    _check_traces(store, ciphers)
    return store.height()


def replay_store(kv: KeyValue, genesis_file: bytes) -> bytes:
    """Run every block from genesis in memory; the state root.

    Raises Rejected: STORE_DAMAGED, REPLAY_IMPOSSIBLE.
    """
    base = BlockStore(kv).base()
    if base is not None:
        raise Rejected(REPLAY_IMPOSSIBLE, first_height=base.height)
    executor = Executor(BlockStore(MemoryKeyValue()), genesis_file, Pool(PoolLimits()))
    try:
        store = BlockStore(kv)
        for block in _blocks(store):
            height = block.header.height
            reason = executor.execute(block)
            if reason is not None:
                raise _damaged(height, f"replay: {reason}")
            executor.commit(block, store.certificates(height)[0])
        return executor.tree.root(executor.height())
    finally:
        executor.close()


def _beginning(
    store: BlockStore, ciphers: Suite, base: Base | None, genesis: bytes
) -> tuple[bytes, HashLog]:
    """Hash and log of block hashes before the first block that is here."""
    if base is None:
        return genesis, _append(store, ciphers, HashLog(), genesis, 0)
    first = store.header(base.first)
    if first is None:
        raise _damaged(base.first, "block is missing")
    if any(store.log_node(*place) != node for place, node in base.log.peaks().items()):
        raise _damaged(base.first, "node of the log of block hashes")
    return first[1].previous_hash, base.log


def _check_certificates(
    store: BlockStore, ciphers: Suite, validators: ValidatorSet, header: Header
) -> None:
    certificates = store.certificates(header.height)
    if not certificates:
        raise _damaged(header.height, "certificate is missing")
    for certificate in certificates:
        try:
            verify_header(ciphers, validators, header, certificate)
        except Rejected as refused:
            reason = f"certificate: {refused.fields.get('reason')}"
            raise _damaged(header.height, reason) from None


def _blocks(store: BlockStore) -> Iterator[Block]:
    base = store.base()
    for height in range(base.first if base else 1, store.height() + 1):
        block = store.block(height)
        if block is None or block.header.height != height:
            raise _damaged(height, "block is missing")
        yield block


def _append(store: BlockStore, ciphers: Suite, log: HashLog, entry: bytes, height: int) -> HashLog:
    """The log with one more entry, whose nodes have to be stored."""
    longer, nodes = log.append_with_nodes(ciphers.hash, history_leaf(entry))
    if any(store.log_node(level, index) != node for (level, index), node in nodes.items()):
        raise _damaged(height, "node of the log of block hashes")
    return longer


def _check_transactions(store: BlockStore, ciphers: Suite, block: Block) -> None:
    height = block.header.height
    if transactions_root(ciphers, block.transactions) != block.header.transactions_root:
        raise _damaged(height, "transactions root")
    receipts: list[Receipt] = []
    for index, raw in enumerate(block.transactions):
        raw_body = Transaction.FromString(raw).body
        body, tx_hash = TxBody.FromString(raw_body), body_hash(ciphers, raw_body)
        expired = body.last_height <= store.height()
        if not expired and not store.used([(body.signer, body.nonce)])[0]:
            raise _damaged(height, f"nonce of transaction {index}")
        if store.place(tx_hash) != (height, index):
            raise _damaged(height, f"place of transaction {index}")
        receipts.extend(store.receipts(tx_hash) or ())
    if receipts_root(ciphers, receipts) != block.header.receipts_root:
        raise _damaged(height, "receipts root")


def _check_state(kv: KeyValue, ciphers: Suite, newest: Header | None) -> None:
    """Build the tree anew from the newest values and compare its root."""
    tree = StateTree(kv, ciphers.hash)
    height = newest.height if newest else 0
    rebuilt = StateTree(MemoryKeyValue(), ciphers.hash).stage(0, None, dict(tree.scan("")))
    expected = newest.state_root if newest else tree.root(0)
    if rebuilt.root != expected or tree.root(height) != expected:
        raise _damaged(height, "state root")


def _check_traces(store: BlockStore, ciphers: Suite) -> None:
    """Every record that keeps a trace has exactly the events its head chains."""
    height = store.height()
    for key, value in StateTree(store.kv, ciphers.hash).scan(""):
        record = untyped(value)
        if isinstance(record, dict) and "trace_head" in record:
            events = [one.event for one in store.events(key)]
            whole = head_of(ciphers.hash, events) == record["trace_head"]
            if not whole or len(events) != record["trace_count"]:
                raise _damaged(height, f"trace of {key}")


def _damaged(height: int, what: str) -> Rejected:
    return Rejected(STORE_DAMAGED, height=height, what=what)
