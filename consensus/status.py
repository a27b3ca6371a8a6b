"""What a driver says about itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DriverStatus:
    """Where agreement stands, for metrics and for answering why nothing moves."""

    height: int
    """The height being decided."""
    round: int
    step: str
    waiting: bool
    """Nothing to decide yet: waiting for the pool or the empty-block interval."""
    proposer: bytes
    prevotes: dict[bytes, bytes]
    """This round's prevotes by validator: block hash, or empty for no block."""
    precommits: dict[bytes, bytes]
    peers: dict[bytes, int]
    """Committed height that each connected peer claims."""
    syncing: bool
    last_commit_ms: int
    """Our clock at the last commit of this process; 0 before it."""
    has_proposal: bool
    """The round's proposal is here."""
    late_proposal: bool
    """It is, but its time was not timely by our clock, so we did not prevote for it."""
    refusal: str
    """Why the application refused the newest block proposed for this height; empty if it didn't."""
    not_signing: str
    """Why this validator does not sign; empty if it does, or is none."""
    suspects: int
    """Transactions under search, because blocks that hold them give other roots on other nodes."""
    quarantined: dict[bytes, int]
    """Transactions found to be the cause, by hash, and the height at which each was named."""
    double_votes: int
    """Pieces of evidence of double signing seen by this process."""
    dropped_messages: int
    """Messages dropped because their peer had too many unread ones."""
