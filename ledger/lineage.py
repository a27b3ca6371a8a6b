"""Lineage: the certified headers that announce new validator sets, with the sets they announce.

Whoever trusts the set of some height can follow the lineage from there to a later set, one change
at a time, and needs no other header in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.block import HEADER_BYTES_MAX, Header
from ledger.certificate import CERTIFICATE_BYTES_MAX, Certificate
from ledger.codec import Reader, Writer
from ledger.limits import STATE_LINEAGE_MAX
from ledger.validators import VALIDATOR_SET_BYTES_MAX, ValidatorSet


@dataclass(frozen=True, slots=True)
class LineageStep:
    """One change: the last header of the old set, certified by it, and the set it announces."""

    header: Header
    certificate: Certificate
    next_validators: ValidatorSet


def write_lineage(writer: Writer, lineage: Sequence[LineageStep]) -> None:
    """Append a list of lp(header), lp(certificate), lp(validator set)."""
    writer.u32(len(lineage))
    for step in lineage:
        writer.lp(step.header.encode()).lp(step.certificate.encode())
        writer.lp(step.next_validators.encode())


def read_lineage(reader: Reader) -> tuple[LineageStep, ...]:
    """Read what `write_lineage` wrote; MALFORMED if it is empty or longer than the limit."""
    count = reader.count(STATE_LINEAGE_MAX)
    if count == 0:
        raise reader.refusal("an empty lineage is left out")
    return tuple(
        LineageStep(
            Header.decode(reader.lp(HEADER_BYTES_MAX)),
            Certificate.decode(reader.lp(CERTIFICATE_BYTES_MAX)),
            ValidatorSet.decode(reader.lp(VALIDATOR_SET_BYTES_MAX)),
        )
        for _ in range(count)
    )
