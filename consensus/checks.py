"""What must hold before a message from a peer, or a block of our own making, reaches the core."""

from dataclasses import dataclass

from consensus.codes import BLOCK_UNPROVED, MESSAGE_MALFORMED, MESSAGE_UNSIGNED
from consensus.messages import (
    NO_ROUND,
    BlockResponse,
    Committed,
    Proposal,
    ProposalHead,
    Vote,
    committed_statement,
    proposal_bytes,
    vote_bytes,
)
from crypto.suites import Suite
from faults import PeerFault, Rejected
from ledger.block import Block, Header, block_hash, transactions_root
from ledger.certificate import Certificate, verify_header
from ledger.validators import ValidatorSet


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks of one chain. Each raises PeerFault, because only a faulty peer fails them."""

    chain_id: str
    suite: Suite

    def vote(self, vote: Vote, validators: ValidatorSet) -> None:
        """The vote is signed by a validator of its height."""
        statement = vote_bytes(self.chain_id, vote.kind, vote.height, vote.round, vote.block_hash)
        self._signed(vote.validator, statement, vote.signature, validators)

    def committed(self, message: Committed, validators: ValidatorSet) -> None:
        """The COMMITTED statement is signed by a validator of its height."""
        statement = committed_statement(self.chain_id, message)
        self._signed(message.validator, statement, message.signature, validators)

    def head(self, head: ProposalHead, validators: ValidatorSet) -> None:
        """The proposal is signed by a validator of its height."""
        statement = proposal_bytes(self.chain_id, head)
        self._signed(head.proposer, statement, head.signature, validators)

    def block(self, head: ProposalHead, encoded: bytes) -> Block:
        """The block, put together from its parts, is the one the proposal's hash names."""
        block = self._block(encoded, head.height)
        if block_hash(self.suite, block.header) != head.block_hash:
            raise PeerFault(MESSAGE_MALFORMED, "the proposal's hash is not its block's")
        return block

    def decided(
        self, response: BlockResponse, validators: ValidatorSet
    ) -> tuple[Block, Certificate]:
        """The block is the one that the certificate of this height's validators decides."""
        block = self._block(response.block, response.height)
        try:
            certificate = Certificate.decode(response.certificate)
            verify_header(self.suite, validators, block.header, certificate)
        except Rejected as refusal:
            raise PeerFault(BLOCK_UNPROVED, refusal.fields.get("reason", "")) from None
        return block, certificate

    def _block(self, encoded: bytes, height: int) -> Block:
        """Decode a block whose transactions are the ones its header commits to."""
        try:
            block = Block.decode(encoded)
        except Rejected as refusal:
            raise PeerFault(MESSAGE_MALFORMED, refusal.fields.get("reason", "")) from None
        header = block.header
        if (header.chain_id, header.height) != (self.chain_id, height):
            raise PeerFault(MESSAGE_MALFORMED, "a block of another chain or height")
        if transactions_root(self.suite, block.transactions) != header.transactions_root:
            raise PeerFault(MESSAGE_MALFORMED, "transactions that the header does not name")
        return block

    def _signed(
        self, key: bytes, statement: bytes, signature: bytes, validators: ValidatorSet
    ) -> None:
        if validators.index(key) is None:
            raise PeerFault(MESSAGE_UNSIGNED, "not a validator of this height")
        if not self.suite.verify(key, statement, signature):
            raise PeerFault(MESSAGE_UNSIGNED, "the signature does not verify")


def header_fault(
    header: Header, parent: Header | None, validators: ValidatorSet, suite: Suite
) -> str | None:
    """What is wrong with a header whatever its roots are, in few words; None if nothing is."""
    if parent is not None:
        if header.previous_hash != block_hash(suite, parent):
            return "not on top of the last block"
        if header.time_ms <= parent.time_ms:
            return "time not later than the last block's"
    if header.validators_hash != validators.hash(suite):
        return "another validator set"
    if validators.index(header.proposer) is None:
        return "made by somebody who is no validator"
    return None


def is_timely(proposal: Proposal, header: Header, *, now_ms: int, drift_ms: int) -> bool:
    """Whether a fresh proposal's block is its proposer's own and not from the future.

    A block proposed again, with a justification, was judged when it was fresh.
    """
    if proposal.pol_round != NO_ROUND:
        return True
    return header.proposer == proposal.proposer and header.time_ms <= now_ms + drift_ms
