"""The port to what is being agreed on: ABCI 2.0's verbs, as this house needs them."""

from typing import Protocol

from consensus.bisection import EVERYTHING, Selection
from ledger.block import Block, Header
from ledger.certificate import Certificate
from ledger.equivocation import Equivocation
from ledger.validators import ValidatorSet


class OtherRoots(str):
    """A reason of `execute` that lies in the transactions: here, they give other roots."""

    __slots__ = ()


class Application(Protocol):
    """Builds, executes and commits blocks. Called by the driver, one call at a time."""

    def build(
        self, height: int, proposer: bytes, time_ms: int, selection: Selection = EVERYTHING
    ) -> Block:
        """Prepare: a block on top of the last committed one, its header complete; may be empty.

        It holds no transaction that the selection does not allow.
        """

    def transaction_hashes(self, block: Block) -> tuple[bytes, ...]:
        """The hashes of a block's transactions as `Selection` and `quarantine` name them."""

    def quarantine(self, tx_hash: bytes) -> None:
        """Hold a transaction back from blocks built here: nodes execute it to different roots."""

    def execute(self, block: Block) -> str | None:
        """Process: None if every root in the header is right, else the reason in few words.

        The reason is OtherRoots when the block is well formed and executes to other roots here.
        Nothing durable changes; the result is kept until a block of that height is committed.
        """

    def commit(self, block: Block, certificate: Certificate) -> None:
        """Finalize and commit the block with its certificate: atomic, and durable on return."""

    def report(self, found: Equivocation) -> None:
        """A validator contradicted itself: proof to be put on record. May come more than once."""

    def attach_committed(self, height: int, certificate: Certificate) -> None:
        """Replace a committed height's PRECOMMIT certificate by this COMMITTED one, verified.

        May be called once per height, later than commits above it, or never.
        """

    def height(self) -> int:
        """Height of the last committed block; 0 before the first."""

    def block(self, height: int) -> tuple[Block, Certificate] | None:
        """A committed block and the certificate it has now; None if it is not here (any more)."""

    def validators(self, height: int) -> ValidatorSet:
        """Who decides `height`, which is at most two above the last committed one."""

    def last_header(self) -> Header | None:
        """The header of the last committed block; None before the first."""

    def pool_size(self) -> int:
        """How many transactions wait for a block."""


class Clock(Protocol):
    """Wall-clock time, given from outside so that tests decide what time it is."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
