"""In the place of the notary of a node without a vote: it has no key, so it can't sign.

An observer follows the chain like everybody, by messages and by certified blocks, and counts votes;
it is no member of any validator set because its name here is nobody's.
"""

from collections.abc import Sequence

from consensus.messages import Committed, Proposal, Vote
from consensus.state import UnsignedProposal, UnsignedVote
from faults import Misuse


class Witness:
    """Has the methods of `signing.Notary`, keeps no files and signs nothing."""

    key = b""
    """No validator's key is empty."""

    signing_record = b""
    """There is none."""

    def admitted(self, height: int) -> bool:
        """Nothing keeps it from signing but that it never does."""
        return True

    def saw_own_signature(self, height: int) -> bool:
        """Never asked: nobody can sign with no key."""
        return True

    def begin(self, height: int, log_bytes_max: int = 0) -> tuple[Proposal | Vote, ...]:
        """Begin a height: nothing of it was ever signed."""
        return ()

    def sign(
        self, unsigned: UnsignedProposal | UnsignedVote, locking: Sequence[Proposal | Vote] = ()
    ) -> Proposal | Vote:
        """Never asked: the core of a node that is no validator votes for nothing."""
        raise Misuse("an observer was asked to sign")

    def sign_committed(self, height: int, block_hash: bytes) -> Committed:
        """Never asked: only validators say COMMITTED."""
        raise Misuse("an observer was asked to sign")

    def close(self) -> None:
        """Nothing is open."""
