"""Equivocation: a validator that signed two different statements where the protocol allows one.

The evidence is the two signatures and what they are under; it needs no trust in who reports it.
Encoding: u8 kind, u64 height, u32 round, fixed 65 public key, then for each of the two, the smaller
value first: lp value, fixed 64 signature. The specification is ledger/SPEC.md's section 4 for what
is signed, and `ledger.statements` for the rest.
"""

from dataclasses import dataclass
from enum import IntEnum

from crypto.suites import Suite
from faults import Rejected
from ledger.certificate import committed_bytes, precommit_bytes
from ledger.codec import Reader, Writer
from ledger.codes import BAD_EQUIVOCATION
from ledger.limits import HASH_BYTES, PUBLIC_KEY_BYTES, ROUND_MAX, SIGNATURE_BYTES
from ledger.statements import precommit_nil_bytes, prevote_bytes, proposal_bytes

PROPOSAL_VALUE_BYTES = 4 + HASH_BYTES + 4 + HASH_BYTES
EVIDENCE_BYTES_MAX = 512


class Kind(IntEnum):
    """What was said twice. COMMITTED has no round (0), for it is said once for ever."""

    PROPOSAL = 1
    PREVOTE = 2
    PRECOMMIT = 3
    COMMITTED = 4


_VALUE_SIZES = {
    Kind.PROPOSAL: (PROPOSAL_VALUE_BYTES,),
    Kind.PREVOTE: (0, HASH_BYTES),
    Kind.PRECOMMIT: (0, HASH_BYTES),
    Kind.COMMITTED: (HASH_BYTES,),
}


@dataclass(frozen=True, slots=True)
class Signed:
    """One of the two: a proposal's value, or the hash voted for (empty for no block)."""

    value: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Two statements of one validator, kind, height and round. Nothing is verified before `verify`.

    `first` has the smaller value, so that the same two statements are always the same evidence.
    """

    kind: Kind
    height: int
    round: int
    validator: bytes
    first: Signed
    second: Signed

    @staticmethod
    def of(
        kind: Kind, height: int, round: int, validator: bytes, one: Signed, other: Signed
    ) -> "Equivocation":
        """With the two in their order."""
        first, second = sorted((one, other), key=lambda signed: signed.value)
        return Equivocation(kind, height, round, validator, first, second)

    def encode(self) -> bytes:
        """Canonical bytes."""
        writer = Writer().u8(self.kind).u64(self.height).u32(self.round)
        writer.fixed(self.validator, PUBLIC_KEY_BYTES)
        for signed in (self.first, self.second):
            writer.lp(signed.value).fixed(signed.signature, SIGNATURE_BYTES)
        return writer.done()

    @staticmethod
    def decode(data: bytes) -> "Equivocation":
        """Read `encode`'s bytes; MALFORMED otherwise, or for a form that no statement has."""
        reader = Reader(data, "equivocation", limit=EVIDENCE_BYTES_MAX)
        number, height, round = reader.u8(), reader.u64(), reader.u32()
        if number not in _VALUE_SIZES:
            raise reader.refusal("unknown kind")
        kind, validator = Kind(number), reader.fixed(PUBLIC_KEY_BYTES)
        first, second = (
            Signed(reader.lp(PROPOSAL_VALUE_BYTES), reader.fixed(SIGNATURE_BYTES)) for _ in range(2)
        )
        reader.end()
        if height < 1 or round > (0 if kind is Kind.COMMITTED else ROUND_MAX):
            raise reader.refusal("height or round out of range")
        if any(len(one.value) not in _VALUE_SIZES[kind] for one in (first, second)):
            raise reader.refusal("a value of another length")
        return Equivocation(kind, height, round, validator, first, second)

    def verify(self, suite: Suite, chain_id: str) -> None:
        """Rejected(BAD_EQUIVOCATION) unless both signatures hold and the values are two, in order.

        That the key was a validator's, the caller must know.
        """
        if self.first.value >= self.second.value:
            raise Rejected(BAD_EQUIVOCATION, reason="not two values in ascending order")
        for signed in (self.first, self.second):
            statement = _statement(self.kind, chain_id, self.height, self.round, signed.value)
            if not suite.verify(self.validator, statement, signed.signature):
                raise Rejected(BAD_EQUIVOCATION, reason="a signature does not verify")


def _statement(kind: Kind, chain_id: str, height: int, round: int, value: bytes) -> bytes:
    if kind is Kind.PROPOSAL:
        return proposal_bytes(chain_id, height, round, value)
    if kind is Kind.PREVOTE:
        return prevote_bytes(chain_id, height, round, value)
    if kind is Kind.COMMITTED:
        return committed_bytes(chain_id, height, value)
    if not value:
        return precommit_nil_bytes(chain_id, height, round)
    return precommit_bytes(chain_id, height, round, value)
