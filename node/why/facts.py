"""What is known when somebody asks why; gathered by `watch`, judged by `explain`. Plain values.

Times are in milliseconds; `..._ms` with "ago" in its sentence is an age, not a date. A validator is
named by its `label`: the name in the configuration, or the beginning of its key.
"""

from dataclasses import dataclass

SILENT_MS = 5_000
"""A connected peer that answered nothing for longer is silent."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a node says it stands."""

    height: int
    """The height being decided."""
    round: int
    step: str
    signs: bool
    """It votes with its key (a node that lost its data directory does not)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorFacts:
    """One validator, as seen from here."""

    label: str
    key_id: str
    power: int
    own: bool = False
    """It is this node."""
    connected: bool = False
    position: Position | None = None
    """What it said last."""
    heard_ms: int | None = None
    """How long ago it said that, or connected; None if it never did."""
    prevote: str = ""
    """In the current round: "" none seen, "nil" for no block, else the block's hash."""
    precommit: str = ""
    offset_ms: int | None = None
    """Its clock minus ours."""
    error_ms: int = 0
    """How far `offset_ms` may be wrong: half the round trip."""
    trouble: str = ""
    """Code of the last failed handshake or broken rule, if any since it was last connected."""
    detail: str = ""
    """In words: why it can't be reached, or what was wrong."""

    @property
    def silent(self) -> bool:
        """Connected, but nothing has come for too long."""
        return self.connected and (self.heard_ms or 0) > SILENT_MS

    @property
    def usable(self) -> bool:
        """Its vote can be counted on now."""
        signs = self.position is None or self.position.signs
        return signs and (self.own or (self.connected and not self.silent))


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFacts:
    """The transactions that wait."""

    count: int = 0
    limit: int = 20_000
    oldest: str = ""
    """Hash of the one that has waited longest."""
    oldest_ms: int = 0
    """For how long."""
    too_large: bool = False
    """No block may hold it."""
    ahead: int = 0
    """Transactions the next block takes before it; 0 if the next block takes it."""
    blocks: int = 0
    """Blocks committed since it came."""
    per_block: int = 0
    """Transactions of the pool that the next block would take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DivergenceFacts:
    """Two nodes computed different results for the same block."""

    height: int
    side: str
    """Who is wrong: "here", "there" or "unclear"."""
    validator: str
    """The other one."""
    part: str
    """Header fields that differ, e.g. "state_root"."""
    expected: str
    """What the other one has."""
    got: str
    """What this node has."""
    key: str = ""
    """The first key that differs; empty while unknown, or when none of those written differs."""
    keys: int = 0
    """How many were found to differ."""
    agreeing: tuple[str, ...] = ()
    """Validators that computed what the proposal says."""
    compared: bool = False
    """The write sets were compared to the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """This node's last end by a fault."""

    kind: str
    reason: str
    ago_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything `explain` looks at."""

    committed: int
    """Newest committed height here."""
    round: int
    step: str
    waiting: bool
    """Nothing to decide: waiting for transactions or for the empty-block interval."""
    proposer: str
    """Label of this round's proposer."""
    has_proposal: bool
    late_proposal: bool
    refusal: str
    """Why the newest proposal of this height was refused; empty if it wasn't."""
    validators: tuple[ValidatorFacts, ...]
    quorum: int
    block_age_ms: int
    """Since the last commit, or since the process started."""
    interval_ms: int
    """An idle chain makes a block this often."""
    patience_ms: int
    """A block that is due longer than this is overdue: two rounds that decide nothing."""
    clock_drift_ms: int
    target: int = 0
    """Highest committed height a peer claims."""
    target_from: str = ""
    pool: PoolFacts = PoolFacts()
    divergences: tuple[DivergenceFacts, ...] = ()
    not_signing: str = ""
    """Why this validator does not sign; empty if it does."""
    suspects: int = 0
    """Transactions one of which is searched for, because it gives other roots elsewhere."""
    quarantined: tuple[str, ...] = ()
    double_votes: int = 0
    strangers: tuple[tuple[str, int], ...] = ()
    """Refused connections lately that no known validator explains: (code, how many)."""
    strangers_window_ms: int = 60_000
    disk_free_bytes: int | None = None
    fault: str = ""
    """Why this node is stopping."""
    stopped: Stopped | None = None

    @property
    def height(self) -> int:
        """The height being decided."""
        return self.committed + 1

    @property
    def overdue_ms(self) -> int:
        """For how long a block should have been here; 0 while it may still come in time."""
        idle = self.block_age_ms - self.interval_ms
        loaded = min(self.block_age_ms, self.pool.oldest_ms) if self.pool.count else 0
        late = max(idle, loaded)
        return late if late > self.patience_ms else 0
