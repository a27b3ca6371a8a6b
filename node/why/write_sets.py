"""What the last executed blocks wrote, so that two nodes can find where their results part.

A write set is a list of (key, digest of the value), arranged by the hash of the key; its subtree at
a hexadecimal prefix is one digest, so two nodes find the few keys that differ among many thousands
in a handful of questions. Receipts stand in it beside the state, under `receipt <tx> <operation>`,
because they name the transaction.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from crypto.suites import Suite
from ledger.block import Header, block_hash
from ledger.codec import Writer
from ledger.limits import STATE_KEY_BYTES_MAX
from node.execution import Outcome

KEPT = 6
"""Executed blocks whose write sets are kept, and proposals whose roots differed from ours."""

LIST_MAX = 32
"""A subtree with at most this many keys is answered as a list."""

CHILDREN = "0123456789abcdef"

Entry = tuple[str, bytes]
"""A key, and the digest of what was written there."""


class WriteSet:
    """What one executed block wrote; digests are computed when somebody asks."""

    def __init__(self, suite: Suite, outcome: Outcome, offered: Header) -> None:
        self._suite = suite
        self.offered_roots = (offered.state_root, offered.receipts_root)
        """State root and receipts root of the header that was proposed."""
        self._outcome = outcome
        self.state_root = outcome.block.header.state_root
        self.receipts_root = outcome.block.header.receipts_root

    @property
    def roots(self) -> tuple[bytes, bytes]:
        """State root and receipts root, as computed here."""
        return self.state_root, self.receipts_root

    def entries(self, prefix: str) -> tuple[Entry, ...]:
        """The keys under a hexadecimal prefix of their hash, in the order of the hashes."""
        start = bisect_left(self._arranged, prefix, key=_place)
        end = bisect_left(self._arranged, prefix + "g", key=_place)  # behind every hex digit
        return tuple(entry for _, entry in self._arranged[start:end])

    def listing(self, prefix: str) -> tuple[Entry, ...] | None:
        """The keys under a prefix, if they are few enough to be told one by one."""
        entries = self.entries(prefix)
        return entries if len(entries) <= LIST_MAX else None

    def children(self, prefix: str) -> tuple[bytes, ...]:
        """The digests of the 16 subtrees under a prefix."""
        return tuple(self._digest(prefix + child) for child in CHILDREN)

    def _digest(self, prefix: str) -> bytes:
        parts = [Writer().text(key).lp(value).done() for key, value in self.entries(prefix)]
        return self._suite.hash(b"".join(parts))

    @cached_property
    def _arranged(self) -> list[tuple[str, Entry]]:
        digest = self._suite.hash
        written: dict[str, bytes] = {}
        for key, value in self._outcome.writes.items():
            written[key] = digest(b"removed" if value is None else b"value\0" + value)
        for applied in self._outcome.applied:
            for receipt in applied.receipts:
                name = f"receipt {applied.tx_hash.hex()} {receipt.operation}"
                written[name] = digest(receipt.encode())
        return sorted(
            (digest(key.encode()).hex(), (_shown(key), value)) for key, value in written.items()
        )


def _shown(key: str) -> str:
    """A key as it may stand on a terminal."""
    if key.isprintable():
        return key
    return key.encode("unicode_escape").decode("ascii")[:STATE_KEY_BYTES_MAX]


def _place(arranged: tuple[str, Entry]) -> str:
    return arranged[0]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A proposal whose roots are not what we compute from its transactions."""

    offered: Header
    block_hash: bytes
    ours: WriteSet

    @property
    def roots(self) -> tuple[bytes, bytes]:
        """State root and receipts root, as the proposer says."""
        return self.offered.state_root, self.offered.receipts_root


class WriteSets:
    """The last few of them. Used from the thread the executor is called on."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._agreed: OrderedDict[bytes, WriteSet] = OrderedDict()
        self._differing: OrderedDict[bytes, Mismatch] = OrderedDict()
        self.on_mismatch: Callable[[Mismatch], None] = lambda _mismatch: None

    def keep(self, outcome: Outcome) -> None:
        """A block was built here, or executed to exactly its roots."""
        self._agreed[outcome.block_hash] = WriteSet(self._suite, outcome, outcome.block.header)
        while len(self._agreed) > KEPT:
            self._agreed.popitem(last=False)

    def differ(self, offered: Header, outcome: Outcome) -> None:
        """A proposal was executed, and the header is not the offered one."""
        computed = outcome.block.header
        if (offered.state_root, offered.receipts_root) == (
            computed.state_root,
            computed.receipts_root,
        ):
            return  # it is wrong in a way that has nothing to do with results
        hashed = block_hash(self._suite, offered)
        if hashed in self._differing:
            return
        mismatch = Mismatch(offered, hashed, WriteSet(self._suite, outcome, offered))
        self._differing[hashed] = mismatch
        while len(self._differing) > KEPT:
            self._differing.popitem(last=False)
        self.on_mismatch(mismatch)

    def find(self, hashed: bytes) -> WriteSet | None:
        """What we computed for the block with this hash, whether or not we agree with it."""
        mismatch = self._differing.get(hashed)
        return mismatch.ours if mismatch is not None else self._agreed.get(hashed)
