"""Two contradicting messages of one validator as evidence for others, contracts included. Pure.

The messages' signatures were checked when they came in; `Equivocation.verify` checks them again
wherever the evidence goes.
"""

from consensus.messages import Committed, ProposalHead, Vote, VoteKind
from consensus.votes import DoubleVote
from ledger.equivocation import Equivocation, Kind, Signed

_KINDS = {VoteKind.PREVOTE: Kind.PREVOTE, VoteKind.PRECOMMIT: Kind.PRECOMMIT}


def equivocation_of(found: object) -> Equivocation | None:
    """The evidence in what the core or its shell noticed; None if it takes more to prove it."""
    match found:
        case DoubleVote(Vote() as one, Vote() as other):
            kind = _KINDS[one.kind]
            return _evidence(kind, one.round, one, other, one.block_hash, other.block_hash)
        case (ProposalHead() as one, ProposalHead() as other):
            return _evidence(Kind.PROPOSAL, one.round, one, other, one.value, other.value)
        case (Committed() as one, Committed() as other):
            return _evidence(Kind.COMMITTED, 0, one, other, one.block_hash, other.block_hash)
    return None


def _evidence(
    kind: Kind,
    round_number: int,
    one: Vote | ProposalHead | Committed,
    other: Vote | ProposalHead | Committed,
    value: bytes,
    other_value: bytes,
) -> Equivocation | None:
    author = one.proposer if isinstance(one, ProposalHead) else one.validator
    said = (Signed(value, one.signature), Signed(other_value, other.signature))
    return Equivocation.of(kind, one.height, round_number, author, *said)
