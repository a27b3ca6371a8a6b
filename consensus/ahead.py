"""Checks blocks that came early on a thread of its own while an earlier one is executed.

Only time is saved: what is answered, or raised, is what the check gives when it is made on the
spot. Signature checks let other threads run, so two cores do the work of two.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from consensus.checks import Checks
from consensus.messages import BlockResponse
from ledger.block import Block
from ledger.certificate import Certificate
from ledger.validators import ValidatorSet

Decided = tuple[Block, Certificate]
Foresee = Callable[[Block], None]


class Ahead:
    """The certificates, and by `foresee` whatever else can be known early, of blocks to come."""

    def __init__(self, checks: Checks, foresee: Foresee | None = None) -> None:
        """`foresee` is called with each decided block, from the thread, well before execution."""
        self._checks = checks
        self._foresee = foresee
        self._thread: ThreadPoolExecutor | None = None
        self._begun: dict[int, tuple[BlockResponse, ValidatorSet, Future[Decided]]] = {}

    def begin(self, response: BlockResponse, validators: ValidatorSet) -> None:
        """Check this response, probably of a height that `validators` decide, in the meantime."""
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="blocks-ahead")
        future = self._thread.submit(self._check, response, validators)
        self._begun[response.height] = (response, validators, future)

    def decided(self, response: BlockResponse, validators: ValidatorSet) -> Decided:
        """The checked block. Raises PeerFault as `Checks.decided` does."""
        begun = self._begun.pop(response.height, None)
        for old in [height for height in self._begun if height < response.height]:
            del self._begun[old]
        if begun is not None and begun[:2] == (response, validators):
            return begun[2].result()
        return self._checks.decided(response, validators)

    def close(self) -> None:
        """End the thread; what it has not begun is dropped."""
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=True)

    def _check(self, response: BlockResponse, validators: ValidatorSet) -> Decided:
        block, certificate = self._checks.decided(response, validators)
        if self._foresee is not None:
            self._foresee(block)
        return block, certificate
