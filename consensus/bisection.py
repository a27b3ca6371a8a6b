"""After a block whose roots differ: no transactions, then halves, until one is named. Pure.

Nodes that execute a block to different roots can't agree on it, and would not agree on the next one
either if it held the same transactions. So whoever saw that happen offers an empty block for the
rest of that height, and from the next height on only half of the transactions in question: a half
that is committed is innocent, a half that fails holds the culprit. What fails alone, offered by
proposers that cannot all be faulty, is named, and this node does not offer it again.

All this only chooses what goes into our own blocks. Every block is still executed and voted for by
its roots, so a wrong suspicion, or a lying proposer, costs time and never agreement; and a proposer
whose accusation turned out empty is not listened to for a while.
"""

from dataclasses import dataclass, field

NAMED_MAX = 1_000
"""Named transactions remembered; they expire from pools long before so many are found."""

DISTRUST_HEIGHTS = 100
"""How long a proposer's failing blocks begin no search after one of them led to nothing."""

FULL_ROUNDS = 2
"""Rounds of a height that offer a full block; each later one half as much, for a slow network."""

HALVINGS_MAX = 8


@dataclass(frozen=True, slots=True)
class Selection:
    """Which waiting transactions our block may hold, by hash; by default all that fit."""

    only: tuple[bytes, ...] | None = None
    halvings: int = 0
    """The block may be as large as usual, halved so many times."""

    def allows(self, tx_hash: bytes) -> bool:
        """Whether a transaction may stand in the block."""
        return self.only is None or tx_hash in self.only


EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class RootsDiffered:
    """A proposal gave other roots here; or it was ours, and two thirds prevoted no block.

    `power` is its proposer's, `enough` the power that can't all be faulty (f + 1 of the paper).
    """

    height: int
    proposer: bytes
    power: int
    enough: int
    transactions: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """Our block under the current selection holds these."""

    transactions: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """A block with these was committed."""

    height: int
    transactions: tuple[bytes, ...]


Event = RootsDiffered | Offered | Committed


@dataclass(slots=True)
class Bisection:
    """What this node holds against which transactions. Empty `suspects`: nothing."""

    empty_height: int = 0
    """At this height we offer nothing."""
    suspects: tuple[bytes, ...] = ()
    accuser: bytes = b""
    """Whose block began the search."""
    alone: dict[bytes, int] = field(default_factory=dict)
    """Proposers, with their power, whose block of the one suspect alone failed."""
    distrusted: dict[bytes, int] = field(default_factory=dict)
    """Until which height a proposer's failing block begins no search."""
    named: dict[bytes, int] = field(default_factory=dict)
    """Transactions found to give different roots on different nodes, and at which height."""


def selection(state: Bisection, height: int, round_number: int) -> Selection:
    """What our block of this height and round may hold."""
    if height == state.empty_height:
        return Selection(only=())
    halvings = min(max(0, round_number + 1 - FULL_ROUNDS), HALVINGS_MAX)
    if state.suspects:
        return Selection(only=_half(state))
    return Selection(halvings=halvings)


def step(state: Bisection, event: Event) -> bytes | None:
    """Take one observation; the transaction that it names, if it does."""
    match event:
        case RootsDiffered():
            return _on_roots_differed(state, event)
        case Offered():
            gone = [tx for tx in _half(state) if tx not in event.transactions]
            _clear(state, gone, state.empty_height)
        case Committed():
            _clear(state, event.transactions, event.height)
            for key in [key for key, until in state.distrusted.items() if until < event.height]:
                del state.distrusted[key]
    return None


def _on_roots_differed(state: Bisection, event: RootsDiffered) -> bytes | None:
    found = tuple(dict.fromkeys(event.transactions))
    if not found or event.proposer in state.distrusted:
        return None
    if not state.suspects:
        state.accuser = event.proposer
    elif not all(tx in state.suspects for tx in found):
        return None
    state.empty_height = event.height
    if found != state.suspects:
        state.suspects, state.alone = found, {}
    if len(found) == 1:
        state.alone[event.proposer] = event.power
        if sum(state.alone.values()) >= event.enough:
            _name(state, found[0], event.height)
            return found[0]
    return None


def _name(state: Bisection, tx_hash: bytes, height: int) -> None:
    state.named[tx_hash] = height
    while len(state.named) > NAMED_MAX:
        del state.named[next(iter(state.named))]
    state.suspects, state.alone, state.accuser = (), {}, b""


def _clear(state: Bisection, innocent: tuple[bytes, ...] | list[bytes], height: int) -> None:
    """These are out of question; with nobody left, the accusation was empty."""
    for tx_hash in innocent:
        state.named.pop(tx_hash, None)
    if not state.suspects:
        return
    state.suspects = tuple(tx for tx in state.suspects if tx not in innocent)
    if not state.suspects:
        state.distrusted[state.accuser] = height + DISTRUST_HEIGHTS
        state.alone, state.accuser = {}, b""


def _half(state: Bisection) -> tuple[bytes, ...]:
    return state.suspects[: max(1, len(state.suspects) // 2)]
