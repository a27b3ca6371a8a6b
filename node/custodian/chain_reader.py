"""The custodian's port to its node's chain: committed state, and transactions with receipts."""

from typing import NamedTuple, Protocol

from ledger.receipt import Receipt


class Committed(NamedTuple):
    """A committed transaction as it stands in its block."""

    height: int
    raw: bytes  # the serialized Transaction
    receipts: tuple[Receipt, ...]  # one per operation, in order


class ChainReader(Protocol):
    """What the custodian reads; all of it is committed, none of it waits in a pool."""

    def height(self) -> int:
        """The newest committed height, 0 before the first block."""
        ...

    def state(self, key: str) -> bytes | None:
        """The state value at `key` at that height, or None."""
        ...

    def transaction(self, tx_hash: bytes) -> Committed | None:
        """The committed transaction with this hash, or None."""
        ...
