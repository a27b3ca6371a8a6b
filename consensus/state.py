"""What the core knows, what goes in and what comes out. `machine` has the rules."""

from dataclasses import dataclass, field
from enum import IntEnum

from consensus.messages import NIL, NO_ROUND, Proposal, Vote, VoteKind
from consensus.proposer import Electorate
from consensus.votes import DoubleVote, VoteBook


class Step(IntEnum):
    """step_p of the paper."""

    PROPOSE = 1
    PREVOTE = 2
    PRECOMMIT = 3


class TimerKind(IntEnum):
    """What a timer is for; all but EMPTY are the paper's, and grow with the round."""

    EMPTY = 1
    PROPOSE = 2
    PREVOTE = 3
    PRECOMMIT = 4


# ---- inputs


@dataclass(frozen=True, slots=True)
class Start:
    """A new height begins. `wait`: make no block before PoolReady or the EMPTY timer."""

    height: int
    electorate: Electorate
    wait: bool = False


@dataclass(frozen=True, slots=True)
class Restored:
    """What the log kept of the current height, in its order; comes right after Start."""

    messages: tuple[Proposal | Vote, ...]


@dataclass(frozen=True, slots=True)
class PoolReady:
    """There is something to put into a block."""

    height: int


@dataclass(frozen=True, slots=True)
class BlockBuilt:
    """The answer to BuildBlock."""

    height: int
    round: int
    block_hash: bytes
    block: bytes


@dataclass(frozen=True, slots=True)
class ProposalReceived:
    """A proposal whose signature and form were checked, our own included.

    `timely`: its time and builder are what a fresh proposal's must be, by the receiver's clock.
    """

    proposal: Proposal
    timely: bool = True


@dataclass(frozen=True, slots=True)
class VoteReceived:
    """A vote whose signature was checked, our own included."""

    vote: Vote


@dataclass(frozen=True, slots=True)
class Executed:
    """The answer to ExecuteBlock: valid(v) of the paper, all roots being right."""

    height: int
    block_hash: bytes
    valid: bool


@dataclass(frozen=True, slots=True)
class TimeoutFired:
    """A timer that was asked for ran out."""

    kind: TimerKind
    height: int
    round: int


Input = (
    Start
    | Restored
    | PoolReady
    | BlockBuilt
    | ProposalReceived
    | VoteReceived
    | Executed
    | TimeoutFired
)


# ---- outputs


@dataclass(frozen=True, slots=True)
class UnsignedProposal:
    """A proposal to sign, send and feed back as ProposalReceived."""

    height: int
    round: int
    pol_round: int
    block_hash: bytes
    block: bytes


@dataclass(frozen=True, slots=True)
class UnsignedVote:
    """A vote to sign, send and feed back as VoteReceived."""

    kind: VoteKind
    height: int
    round: int
    block_hash: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """decision_p[h] of the paper: the block and the two thirds of precommits of one round."""

    height: int
    round: int
    block_hash: bytes
    block: bytes
    precommits: tuple[Vote, ...]


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer to set; its duration is the driver's business and grows with the round."""

    kind: TimerKind
    height: int
    round: int


@dataclass(frozen=True, slots=True)
class BuildBlock:
    """getValue() of the paper: ask the application for a block."""

    height: int
    round: int


@dataclass(frozen=True, slots=True)
class ExecuteBlock:
    """valid(v) of the paper: execute the block and say whether its roots are right."""

    height: int
    block_hash: bytes
    block: bytes


@dataclass(slots=True)
class Output:
    """What to do now, **in the order of the fields**; that order is the core's one promise asked.

    1. `persist`: what a vote in `sign` locks, with the prevotes that justify it: durable no later
       than that vote;
    2. `sign`: for each, sign it, make the signed message durable, only then send it, and feed it
       back in (a signer that refuses feeds nothing back);
    3. `commit`: commit the decided block, durably, before any message of the next height;
    4. `timers`: set them;
    5. `requests`: ask the application and feed the answers back in;
    6. `evidence`: keep it; nothing waits for it.
    """

    persist: list[Proposal | Vote] = field(default_factory=list)
    sign: list[UnsignedProposal | UnsignedVote] = field(default_factory=list)
    commit: Decision | None = None
    timers: list[Timer] = field(default_factory=list)
    requests: list[BuildBlock | ExecuteBlock] = field(default_factory=list)
    evidence: list[DoubleVote | tuple[Proposal, Proposal]] = field(default_factory=list)


# ---- state


@dataclass(slots=True)
class State:
    """The variables of algorithm 1 (lines 1-9) for one height, and the messages received.

    `own` is our public key; a key outside the electorate makes the node an observer, which follows
    and never signs.
    """

    own: bytes
    electorate: Electorate
    height: int = 0
    round: int = 0
    step: Step = Step.PROPOSE
    locked_hash: bytes = NIL
    locked_round: int = NO_ROUND
    valid_hash: bytes = NIL
    valid_round: int = NO_ROUND
    valid_block: bytes = b""
    waiting: bool = False
    decided: bool = False
    votes: VoteBook = field(init=False)
    proposals: dict[int, Proposal] = field(default_factory=dict)
    late: set[int] = field(default_factory=set)
    executed: dict[bytes, bool | None] = field(default_factory=dict)
    once: set[tuple[str, int]] = field(default_factory=set)
    future: list[ProposalReceived | VoteReceived] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.votes = VoteBook(self.electorate)

    @property
    def is_proposer(self) -> bool:
        """Whether it is our turn in the current round."""
        return self.electorate.proposer(self.height, self.round) == self.own

    def knows(self, block_hash: bytes) -> bool:
        """Whether we hold a proposal of this block."""
        return any(known.block_hash == block_hash for known in self.proposals.values())

    def block(self, block_hash: bytes) -> bytes | None:
        """The bytes of a proposed block, from whatever round."""
        if block_hash == self.valid_hash and self.valid_block:
            return self.valid_block
        for number in sorted(self.proposals):
            if self.proposals[number].block_hash == block_hash:
                return self.proposals[number].block
        return None

    def first_time(self, rule: str, round_number: int) -> bool:
        """True once per rule and round: the paper's "for the first time"."""
        if (rule, round_number) in self.once:
            return False
        self.once.add((rule, round_number))
        return True
