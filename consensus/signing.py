"""Signs what the core wants said: logged and recorded durably before anybody else sees it."""

from collections.abc import Sequence
from pathlib import Path

from consensus.guard import Place, SigningGuard, SignStep
from consensus.messages import (
    Committed,
    Proposal,
    Vote,
    VoteKind,
    proposal_bytes,
    vote_bytes,
)
from consensus.state import UnsignedProposal, UnsignedVote
from consensus.wal import WriteAheadLog
from crypto.ports import Signer
from crypto.suites import Suite
from faults import StorageFault
from ledger.certificate import committed_bytes

_STEPS = {VoteKind.PREVOTE: SignStep.PREVOTE, VoteKind.PRECOMMIT: SignStep.PRECOMMIT}


class Notary:
    """The log and the last-signed record together. Their order on disk is:

    1. what we lock and the signed message, in one record of the log, synced;
    2. the last-signed record, replaced and synced;
    3. only then the message may leave.

    So a last-signed record of the current height whose message is not in the log means that the log
    lost something durable; without it the lock may be lost too, and the node must not vote.
    """

    def __init__(self, chain_id: str, suite: Suite, signer: Signer, directory: Path) -> None:
        self._chain_id = chain_id
        self._log = WriteAheadLog.open(directory)
        self._guard = SigningGuard.open(directory, signer, suite)
        self.key = signer.public_key
        """Our public key."""

    def begin(self, height: int) -> tuple[Proposal | Vote, ...]:
        """Begin a height: forget earlier ones; what the log already has of it is returned."""
        self._log.begin(height)
        kept = tuple(message for message in self._log.messages if message.height == height)
        own = [message for message in kept if _author(message) == self.key]
        last = self._guard.last
        lost = (
            last is not None
            and last.place.height == height
            and last.place.step is not SignStep.COMMITTED
            and last.signature not in {message.signature for message in own}
        )
        if lost:
            raise StorageFault("the consensus log lost a message that was signed at this height")
        for message in own:
            place, statement = self._placed(message)
            self._guard.admit(place, statement, message.signature)
        return kept

    def sign(
        self, unsigned: UnsignedProposal | UnsignedVote, locking: Sequence[Proposal] = ()
    ) -> Proposal | Vote:
        """The signed message, durable together with the proposals it locks.

        Rejected if it would contradict what was signed before; then nothing was written.
        """
        place, statement = self._placed(unsigned)
        signed = self._guard.sign(place, statement)
        message: Proposal | Vote
        if isinstance(unsigned, UnsignedProposal):
            message = Proposal(
                unsigned.height,
                unsigned.round,
                unsigned.pol_round,
                unsigned.block_hash,
                unsigned.block,
                self.key,
                signed.signature,
            )
        else:
            message = Vote(
                unsigned.kind,
                unsigned.height,
                unsigned.round,
                unsigned.block_hash,
                self.key,
                signed.signature,
            )
        self._log.append([*locking, message])
        self._guard.save(signed)
        return message

    def sign_committed(self, height: int, block_hash: bytes) -> Committed:
        """The signed COMMITTED message, durable; Rejected if a later height was signed already."""
        statement = committed_bytes(self._chain_id, height, block_hash)
        signed = self._guard.sign(Place.committed(height), statement)
        self._guard.save(signed)
        return Committed(height, block_hash, self.key, signed.signature)

    def close(self) -> None:
        """Release the files."""
        self._log.close()
        self._guard.close()

    def _placed(
        self, message: Proposal | Vote | UnsignedProposal | UnsignedVote
    ) -> tuple[Place, bytes]:
        height, round_number, block_hash = message.height, message.round, message.block_hash
        if isinstance(message, Proposal | UnsignedProposal):
            statement = proposal_bytes(
                self._chain_id, height, round_number, message.pol_round, block_hash
            )
            return Place(height, round_number, SignStep.PROPOSE), statement
        statement = vote_bytes(self._chain_id, message.kind, height, round_number, block_hash)
        return Place(height, round_number, _STEPS[message.kind]), statement


def _author(message: Proposal | Vote) -> bytes:
    return message.proposer if isinstance(message, Proposal) else message.validator
