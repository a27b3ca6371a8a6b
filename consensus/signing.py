"""Signs what the core wants said: logged and recorded durably before anybody else sees it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from consensus.codes import NOT_ADMITTED
from consensus.files import REAL_DISK, Disk
from consensus.guard import Place, SigningGuard, SignStep
from consensus.messages import (
    Committed,
    Proposal,
    Vote,
    VoteKind,
    vote_bytes,
)
from consensus.parts import split
from consensus.state import UnsignedProposal, UnsignedVote
from consensus.wal import REWRITE_BYTES, WriteAheadLog
from crypto.ports import Signer
from crypto.suites import Suite
from faults import Rejected, StorageFault
from ledger.certificate import committed_bytes
from ledger.statements import proposal_bytes, proposal_value

_STEPS = {VoteKind.PREVOTE: SignStep.PREVOTE, VoteKind.PRECOMMIT: SignStep.PRECOMMIT}

Admitted = Callable[[bytes, int], bytes | None]
"""(public key, height) -> the id of the signing record that may sign with it there, None: none."""


class Notary:
    """The log and the last-signed record together. Their order on disk is:

    1. what we lock, the prevotes for it and the signed message, in one record, synced;
    2. the last-signed record, replaced and synced;
    3. only then the message may leave.

    So a last-signed record of the current height whose message is not in the log means that the log
    lost something durable; without it the lock may be lost too, and the node must not vote.
    """

    def __init__(
        self,
        chain_id: str,
        suite: Suite,
        signer: Signer,
        directory: Path,
        disk: Disk = REAL_DISK,
        admitted: Admitted | None = None,
    ) -> None:
        """`admitted` says which signing record may sign at a height; without it, any may."""
        self._admitted = admitted
        self._chain_id = chain_id
        self._suite = suite
        self._log = WriteAheadLog.open(directory, disk)
        self._guard = SigningGuard.open(directory, signer, suite, disk)
        self.key = signer.public_key
        """Our public key."""

    @property
    def signing_record(self) -> bytes:
        """The id of this node's record of what it signed; see `guard`."""
        return self._guard.record_id

    def admitted(self, height: int) -> bool:
        """Whether the chain lets this node's record sign at `height`.

        The new record of a node that lost its data is admitted by a change that was executed after
        the loss and holds two heights later. Nobody signs for a height before the one below it is
        committed, so at such a height the key has signed nothing that the record does not know.
        """
        if self._admitted is None:
            return True
        return self._admitted(self.key, height) == self._guard.record_id

    def saw_own_signature(self, height: int) -> bool:
        """Compare our signature in a certificate of `height` with the record: whether it fits.

        A signature that the record does not know means that the record was lost, or replaced by an
        older copy; another record begins, which signs nothing until it is admitted.
        """
        last = self._guard.last
        known = last is not None and last.place.height >= height
        if known or self._admitted is None or not self.admitted(height):
            return True  # not admitted: of the time before this record
        self._guard.renew()
        return False

    def begin(self, height: int, log_bytes_max: int = REWRITE_BYTES) -> tuple[Proposal | Vote, ...]:
        """Begin a height: forget earlier ones; what the log already has of it is returned."""
        self._log.begin(height, log_bytes_max)
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
        self, unsigned: UnsignedProposal | UnsignedVote, locking: Sequence[Proposal | Vote] = ()
    ) -> Proposal | Vote:
        """The signed message, durable together with what it locks, and why.

        Rejected if it would contradict what was signed before, or if our record is not admitted;
        then nothing was written.
        """
        self._require_admitted(unsigned.height)
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
        self._require_admitted(height)
        statement = committed_bytes(self._chain_id, height, block_hash)
        signed = self._guard.sign(Place.committed(height), statement)
        self._guard.save(signed)
        return Committed(height, block_hash, self.key, signed.signature)

    def close(self) -> None:
        """Release the files."""
        self._log.close()
        self._guard.close()

    def _require_admitted(self, height: int) -> None:
        if not self.admitted(height):
            raise Rejected(NOT_ADMITTED, height=height, record=self._guard.record_id.hex())

    def _placed(
        self, message: Proposal | Vote | UnsignedProposal | UnsignedVote
    ) -> tuple[Place, bytes]:
        height, round_number, block_hash = message.height, message.round, message.block_hash
        if isinstance(message, Proposal | UnsignedProposal):
            root, count = split(self._suite.hash, message.block).name
            value = proposal_value(message.pol_round, block_hash, count, root)
            statement = proposal_bytes(self._chain_id, height, round_number, value)
            return Place(height, round_number, SignStep.PROPOSE), statement
        statement = vote_bytes(self._chain_id, message.kind, height, round_number, block_hash)
        return Place(height, round_number, _STEPS[message.kind]), statement


def _author(message: Proposal | Vote) -> bytes:
    return message.proposer if isinstance(message, Proposal) else message.validator
