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
    double_votes: int
    """Pieces of evidence of double signing seen by this process."""
    dropped_messages: int
    """Messages dropped because their peer had too many unread ones."""
