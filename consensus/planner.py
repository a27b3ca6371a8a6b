"""Chooses what goes into our blocks: watches the core for `bisection`, asks it before building."""

import logging

from consensus import bisection
from consensus.application import Application
from consensus.bisection import Bisection, Selection
from consensus.messages import NIL, NO_ROUND, Proposal, VoteKind
from consensus.proposer import Electorate
from consensus.state import BuildBlock, Output, State, UnsignedVote
from ledger.block import Block

_log = logging.getLogger(__name__)


class Planner:
    """What this node has seen fail, and what it therefore offers."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.state = Bisection()

    def selection(self, request: BuildBlock) -> Selection:
        """What the block that the core asks for may hold."""
        return bisection.selection(self.state, request.height, request.round)

    def built(self, block: Block) -> None:
        """Our block under the selection: suspects that wait nowhere are no suspects any more."""
        if self.state.suspects and block.header.height != self.state.empty_height:
            bisection.step(self.state, bisection.Offered(self._transactions(block)))

    def differed(self, block: Block, electorate: Electorate) -> None:
        """A proposed block gave other roots here."""
        self._blame(block, block.header.proposer, electorate)

    def committed(self, block: Block) -> None:
        """A block was committed, so its transactions give the same roots on two thirds."""
        if self.state.suspects or self.state.named:
            seen = self._transactions(block)
            bisection.step(self.state, bisection.Committed(block.header.height, seen))

    def watch(self, state: State, out: Output) -> None:
        """Notice that two thirds prevoted no block (line 44) although we had proposed a fresh one.

        We can't see why: our own block always has the roots we computed.
        """
        for unsigned in out.sign:
            if not isinstance(unsigned, UnsignedVote) or unsigned.kind is not VoteKind.PRECOMMIT:
                continue
            ours = state.proposals.get(unsigned.round)
            if unsigned.block_hash == NIL and _is_fresh_of(ours, state.own):
                power = state.votes.power(unsigned.round, VoteKind.PREVOTE, NIL)
                if power >= state.electorate.quorum and ours is not None:
                    self._blame(Block.decode(ours.block), state.own, state.electorate)

    def _blame(self, block: Block, proposer: bytes, electorate: Electorate) -> None:
        event = bisection.RootsDiffered(
            block.header.height,
            proposer,
            electorate.power(proposer),
            electorate.some_honest,
            self._transactions(block),
        )
        named = bisection.step(self.state, event)
        if named is not None:
            self._application.quarantine(named)
            fields = {"tx_hash": named.hex(), "height": event.height}
            _log.error("transaction.nondeterministic", extra={"yilian_fields": fields})

    def _transactions(self, block: Block) -> tuple[bytes, ...]:
        return self._application.transaction_hashes(block)


def _is_fresh_of(proposal: Proposal | None, key: bytes) -> bool:
    return proposal is not None and proposal.proposer == key and proposal.pol_round == NO_ROUND
