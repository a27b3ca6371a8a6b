"""The custodian's window on the chain (`node.custodian.chain_reader.ChainReader`)."""

from faults import invariant
from node.custodian.chain_reader import Committed
from node.executor import Executor


class ChainView:
    """Committed state and transactions, from the executor of the same process."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def height(self) -> int:
        """The newest committed height, 0 before the first block."""
        return self._executor.height()

    def state(self, key: str) -> bytes | None:
        """The state value at `key` at that height, or None."""
        return self._executor.tree.get(key)

    def transaction(self, tx_hash: bytes) -> Committed | None:
        """The committed transaction with this hash, or None."""
        store = self._executor.store
        place, receipts = store.place(tx_hash), store.receipts(tx_hash)
        if place is None or receipts is None:
            return None
        height, index = place
        block = store.block(height)
        invariant(block is not None, f"block {height} of a stored transaction is missing")
        return Committed(height, block.transactions[index] if block else b"", receipts)
