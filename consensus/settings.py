"""What an operator may change about agreement. Times are in milliseconds."""

from dataclasses import dataclass, fields

from consensus.codes import SETTING_INVALID
from consensus.state import Timer, TimerKind
from faults import Rejected

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsensusSettings:
    """Checked when made: Rejected(CONSENSUS_SETTING_INVALID, key, value) for anything out of range.

    A step of round r waits `timeout_<step>_ms + r * timeout_<step>_delta_ms`: with growing timeouts
    there is a round in which every message arrives in time, however slow the network has become.
    """

    timeout_propose_ms: int = 1_000
    """Wait for the round's proposal, its transfer and its execution."""

    timeout_absent_ms: int = 20
    """The same while the round's proposer is absent: it let its last turn pass in silence."""

    timeout_prevote_ms: int = 500
    """Wait for the last prevotes after two thirds of them differ."""

    timeout_precommit_ms: int = 500
    """Wait for the last precommits after two thirds of them differ."""

    timeout_propose_delta_ms: int = 500
    """Added to the wait for a proposal for every round that decided nothing."""

    timeout_prevote_delta_ms: int = 250
    """Added to the wait for prevotes for every round that decided nothing."""

    timeout_precommit_delta_ms: int = 250
    """Added to the wait for precommits for every round that decided nothing."""

    empty_block_interval_ms: int = 15_000
    """With nothing to do, a block is made this long after the last one."""

    status_interval_ms: int = 500
    """How often peers are told where we stand; they answer with what we lack."""

    clock_drift_ms: int = 10_000
    """How far ahead of our clock a fresh proposal's time may be."""

    sync_timeout_ms: int = 2_000
    """A peer that was asked for blocks and sent none comes last for five times as long."""

    sync_batch_blocks: int = 64
    """Decided blocks asked for at a time."""

    log_bytes_max: int = 1024 * 1024
    """A consensus log larger than this is begun anew at the next height."""

    inbox_messages_max: int = 2_000
    """Unread messages kept per peer; more of them are dropped."""

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            low, high = _BOUNDS.get(item.name, (1, _HOUR_MS))
            if type(value) is not int or not low <= value <= high:
                raise Rejected(
                    SETTING_INVALID, key=item.name, value=str(value)[:40], minimum=low, maximum=high
                )

    def duration_ms(self, timer: Timer, *, proposer_absent: bool = False) -> int:
        """How long a timer of the core runs, in ms; at most an hour."""
        if timer.kind is TimerKind.EMPTY:
            return self.empty_block_interval_ms
        base, growth = {
            TimerKind.PROPOSE: (self.timeout_propose_ms, self.timeout_propose_delta_ms),
            TimerKind.PREVOTE: (self.timeout_prevote_ms, self.timeout_prevote_delta_ms),
            TimerKind.PRECOMMIT: (self.timeout_precommit_ms, self.timeout_precommit_delta_ms),
        }[timer.kind]
        if proposer_absent and timer.kind is TimerKind.PROPOSE:
            base = min(base, self.timeout_absent_ms)
        return min(base + timer.round * growth, _HOUR_MS)


_BOUNDS = {
    "timeout_propose_delta_ms": (0, _HOUR_MS),
    "timeout_prevote_delta_ms": (0, _HOUR_MS),
    "timeout_precommit_delta_ms": (0, _HOUR_MS),
    "clock_drift_ms": (0, _HOUR_MS),
    "sync_batch_blocks": (1, 256),
    "inbox_messages_max": (16, 100_000),
    "log_bytes_max": (1024, 1024**3),
}
