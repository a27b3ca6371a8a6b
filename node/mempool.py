"""The pool of checked transactions that wait for a block: bounded, and fair between signers.

It is memory only. What counts as an acknowledgement is a receipt in a committed block; a
transaction that was merely accepted may be lost with the process and is then submitted again.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from faults import Rejected
from node.codes import POOL_FULL, POOL_SIGNER_FULL, TX_REPLAYED


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """How much may wait."""

    max_count: int = 20_000
    max_bytes: int = 256 * 1024**2
    max_per_signer: int = 5_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """One transaction as the pool needs it; `raw` is what goes into the block."""

    tx_hash: bytes
    signer: bytes
    nonce: bytes
    last_height: int
    operations: int
    raw: bytes


class Pool:
    """Safe to use from several threads. Every refusal leaves it as it was."""

    def __init__(self, limits: PoolLimits) -> None:
        self.limits = limits
        self._lock = threading.Lock()
        self._by_hash: dict[bytes, tuple[int, Waiting]] = {}
        self._by_signer: dict[
            bytes, dict[bytes, bytes]
        ] = {}  # signer -> nonce -> tx hash, in order
        self._since: dict[bytes, float] = {}
        self._bytes = 0
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._by_hash)

    def __contains__(self, tx_hash: bytes) -> bool:
        return tx_hash in self._by_hash

    @property
    def size_bytes(self) -> int:
        """Bytes of all waiting transactions."""
        return self._bytes

    def add(self, waiting: Waiting) -> bool:
        """Take a checked transaction; False when this very one already waits.

        Raises Rejected: TX_REPLAYED (another one with this signer and nonce waits), POOL_FULL,
        POOL_SIGNER_FULL.
        """
        with self._lock:
            if waiting.tx_hash in self._by_hash:
                return False
            of_signer = self._by_signer.get(waiting.signer, {})
            if waiting.nonce in of_signer:
                raise Rejected(TX_REPLAYED, nonce=waiting.nonce.hex())
            if len(of_signer) >= self.limits.max_per_signer:
                raise Rejected(POOL_SIGNER_FULL, limit=self.limits.max_per_signer)
            if len(self._by_hash) >= self.limits.max_count:
                raise Rejected(POOL_FULL, limit_count=self.limits.max_count)
            if self._bytes + len(waiting.raw) > self.limits.max_bytes:
                raise Rejected(POOL_FULL, limit_bytes=self.limits.max_bytes)
            self._by_hash[waiting.tx_hash] = (self._arrivals, waiting)
            self._by_signer.setdefault(waiting.signer, {})[waiting.nonce] = waiting.tx_hash
            self._since[waiting.tx_hash] = time.monotonic()
            self._bytes += len(waiting.raw)
            self._arrivals += 1
            return True

    def take(
        self,
        max_operations: int,
        max_bytes: int,
        allows: Callable[[bytes], bool] = lambda _tx_hash: True,
    ) -> list[Waiting]:
        """What the next block should hold; nothing is removed until it is committed.

        Signers take turns, oldest head first, and each signer's own order is kept: nobody starves
        and a flood delays only its sender. `allows` says by hash which may be taken.
        """
        taken: list[Waiting] = []
        size = operations = 0
        with self._lock:
            queues = [
                [tx_hash for tx_hash in nonces.values() if allows(tx_hash)]
                for nonces in self._by_signer.values()
            ]
            turn = 0
            while queues:
                heads = [self._by_hash[queue[turn]] for queue in queues if turn < len(queue)]
                if not heads:
                    return taken
                for _, waiting in sorted(heads, key=lambda head: head[0]):
                    size += len(waiting.raw)
                    operations += waiting.operations
                    if size > max_bytes or operations > max_operations:
                        return taken
                    taken.append(waiting)
                turn += 1
        return taken

    def oldest(self) -> tuple[Waiting, float] | None:
        """What has waited longest, and since when (time.monotonic)."""
        with self._lock:
            for tx_hash, since in self._since.items():  # in the order they came
                return self._by_hash[tx_hash][1], since
        return None

    def remove(self, tx_hashes: Iterable[bytes]) -> None:
        """Forget these, if they wait: committed, or found unfit."""
        with self._lock:
            for tx_hash in tx_hashes:
                self._forget(tx_hash)

    def expire(self, next_height: int) -> int:
        """Forget what no block from `next_height` on may hold; answers how many."""
        with self._lock:
            gone = [
                tx_hash
                for tx_hash, (_, waiting) in self._by_hash.items()
                if waiting.last_height < next_height
            ]
            for tx_hash in gone:
                self._forget(tx_hash)
        return len(gone)

    def _forget(self, tx_hash: bytes) -> None:
        found = self._by_hash.pop(tx_hash, None)
        if found is None:
            return
        waiting = found[1]
        del self._since[tx_hash]
        self._bytes -= len(waiting.raw)
        of_signer = self._by_signer[waiting.signer]
        del of_signer[waiting.nonce]
        if not of_signer:
            del self._by_signer[waiting.signer]
