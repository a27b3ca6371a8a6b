"""Which transactions may stand in a block: form, chain, window, replay, signature.

These refusals never enter a block: a proposer leaves such a transaction out, a validator refuses a
block that holds one. What a contract refuses is another matter and has its receipt.
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from crypto.suites import Suite
from faults import Rejected
from ledger.block import Block
from ledger.transaction import (
    ParsedTransaction,
    check_signature,
    check_window,
    parse_transaction,
)
from node.block_store import BlockStore
from node.codes import TX_REPLAYED

VERIFIED_MAX = 50_000
"""Transactions whose signature is remembered as verified, from submission to execution."""

THREADS = 2


class Admission:
    """Checks transactions against one chain's store; remembers which signatures it verified."""

    def __init__(self, store: BlockStore, suite: Suite, chain_id: str) -> None:
        self._store = store
        self._suite = suite
        self._chain_id = chain_id
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="signatures")
        # By hash AND signature: the transaction hash does not cover the signature.
        self._verified: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """Stop the threads."""
        self._threads.shutdown(wait=True)

    def parse(self, raw: bytes) -> ParsedTransaction:
        """The transaction's form, or Rejected (MALFORMED, TX_TOO_LARGE, WRONG_CHAIN)."""
        return parse_transaction(raw, self._suite, chain_id=self._chain_id)

    def admit(self, raw: bytes, height: int) -> ParsedTransaction:
        """All checks for one transaction that may stand in block `height`, cheapest first.

        Raises Rejected: as `parse`, TX_EXPIRED, TX_TOO_FAR_AHEAD, TX_REPLAYED (also for the same
        transaction, once committed: its receipt can be asked for), BAD_SIGNATURE.
        """
        parsed = self.parse(raw)
        check_window(parsed, height)
        if self._store.used([_pair(parsed)])[0]:
            raise _replayed(parsed)
        self._verify(parsed)
        return parsed

    def foresee(self, block: Block) -> None:
        """Verify the signatures of a block that will be executed soon, so that they are known then.

        From any thread; what is wrong is found, and said, when the block is executed.
        """
        for raw in block.transactions:
            with contextlib.suppress(Rejected):
                self._verify(self.parse(raw))

    def check_block(
        self, transactions: Sequence[ParsedTransaction], height: int
    ) -> list[Rejected | None]:
        """For each transaction of a block in order, why it may not stand there, or None."""
        used = self._store.used([_pair(one) for one in transactions])
        signatures = self._threads.map(self._signature_refusal, transactions)
        seen: set[tuple[bytes, bytes]] = set()
        found: list[Rejected | None] = []
        for parsed, was_used, bad_signature in zip(transactions, used, signatures, strict=True):
            refusal = _window_refusal(parsed, height) or bad_signature
            if refusal is None and (was_used or _pair(parsed) in seen):
                refusal = _replayed(parsed)
            if refusal is None:
                seen.add(_pair(parsed))
            found.append(refusal)
        return found

    def _signature_refusal(self, parsed: ParsedTransaction) -> Rejected | None:
        try:
            self._verify(parsed)
        except Rejected as refused:
            return refused
        return None

    def _verify(self, parsed: ParsedTransaction) -> None:
        name = parsed.hash + parsed.signature
        with self._lock:
            if name in self._verified:
                self._verified.move_to_end(name)
                return
        check_signature(self._suite, parsed)
        with self._lock:
            self._verified[name] = None
            while len(self._verified) > VERIFIED_MAX:
                self._verified.popitem(last=False)


def _pair(parsed: ParsedTransaction) -> tuple[bytes, bytes]:
    return parsed.body.signer, parsed.body.nonce


def _replayed(parsed: ParsedTransaction) -> Rejected:
    return Rejected(TX_REPLAYED, nonce=parsed.body.nonce.hex(), tx_hash=parsed.hash.hex())


def _window_refusal(parsed: ParsedTransaction, height: int) -> Rejected | None:
    try:
        check_window(parsed, height)
    except Rejected as refused:
        return refused
    return None
