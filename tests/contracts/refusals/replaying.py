"""Apply recorded transactions again and say what came of them; run as a program by the replay test.

    python -m tests.contracts.refusals.replaying FILE

prints a JSON object: for each chain its last state root, and hashes over the state roots, receipts
and traces of all its blocks. It imports nothing that only tests need.
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contracts.bridge import closing, inbox
from contracts.framework import BlockContext
from contracts.registry import OperationResult, apply_transaction, initial_state
from contracts.state_view import StateView
from crypto.suites import suite
from ledger.genesis import Genesis, load_genesis
from ledger.kv import MemoryKeyValue
from ledger.receipt import Receipt, events_hash, receipts_root
from ledger.state_tree import StateTree
from ledger.transaction import ParsedTransaction
from proto.transaction_pb2 import TxBody


@dataclass
class Replica:
    """One chain's state tree, and a hash of all that its blocks led to."""

    genesis: Genesis
    tree: StateTree = field(init=False)
    blocks: int = 0
    root: bytes = b""
    digests: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.kv = MemoryKeyValue()
        self.suite = suite(self.genesis.suite)
        self.tree = StateTree(self.kv, self.suite.hash)
        self.digests = {name: hashlib.sha256() for name in ("roots", "receipts", "traces")}
        self._commit(dict(initial_state(self.genesis)))

    def get(self, key: str) -> bytes | None:
        return self.tree.get(key)

    def block(self, height: int, time_ms: int, raw_body: bytes) -> None:
        """One block with one transaction."""
        view = StateView(self)
        context = BlockContext(self.genesis.chain_id, self.suite, height, time_ms)
        tx_hash = self.suite.hash(raw_body)
        parsed = ParsedTransaction(
            body=TxBody.FromString(raw_body),
            raw=b"",
            raw_body=raw_body,
            signature=bytes(64),
            hash=tx_hash,
        )
        results = apply_transaction(view, context, parsed)
        receipts = [self._receipt(tx_hash, index, one) for index, one in enumerate(results)]
        self.digests["receipts"].update(receipts_root(self.suite, receipts))
        for one in results:
            for key, event in one.events:
                self.digests["traces"].update(f"{key}\n".encode() + event)
        self._commit(dict(view.writes()))

    def _receipt(self, tx_hash: bytes, index: int, of: OperationResult) -> Receipt:
        return Receipt(
            tx_hash=tx_hash,
            operation=index,
            code=of.code,
            fields=tuple((name, of.fields[name]) for name in sorted(of.fields)),
            result=of.result,
            events_hash=events_hash(self.suite, of.events),
        )

    def _commit(self, writes: Mapping[str, bytes | None]) -> None:
        before = self.blocks or None
        self.blocks += 1
        staged = self.tree.stage(self.blocks, before, writes)
        self.kv.write(staged.batch)
        self.root = staged.root
        self.digests["roots"].update(staged.root)

    def outcome(self) -> dict[str, str | int]:
        found = {name: self.digests[name].hexdigest() for name in sorted(self.digests)}
        return {"blocks": self.blocks, "root": self.root.hex(), **found}


def replay(recorded: Mapping[str, Any]) -> dict[str, dict[str, str | int]]:
    """Every chain's outcome. A packet's proof is its peer's replica, as when it was recorded."""
    chains = {
        genesis.chain_id: Replica(genesis)
        for genesis in (load_genesis(one.encode()) for one in recorded["genesis"])
    }

    def read_peer(ctx: Any, route: Any, proof: bytes, key: str) -> bytes:
        found = chains[route.peer_chain].get(key)
        if found is None:
            raise LookupError(key)
        return found

    inbox.prove = closing.prove = read_peer
    for chain_id, height, time_ms, raw_body in recorded["transactions"]:
        chains[chain_id].block(height, time_ms, bytes.fromhex(raw_body))
    return {chain_id: chains[chain_id].outcome() for chain_id in sorted(chains)}


if __name__ == "__main__":
    outcomes = replay(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    sys.stdout.write(json.dumps(outcomes, sort_keys=True) + "\n")
