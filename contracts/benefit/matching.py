"""Matching (目录匹配): which item of the insured region's catalogue a hospital's line is."""

from collections.abc import Callable, Mapping

from contracts.benefit.visit import VisitLine
from contracts.catalogue.records import ItemVersion
from contracts.publication.region import SUBMITTED
from ledger.records import Record

BY_INSURED_CODE, BY_TABLE, BY_HOSPITAL_CODE, UNMATCHED = (
    "insured_code",
    "match_table",
    "hospital_code",
    "unmatched",
)

Lookup = Callable[[str], ItemVersion | None]
"""The item of a code that is in force on the visit's day, or None."""


class Match(Record, frozen=True, kw_only=True):
    """A line's item, how it was found, and which edition says so."""

    line: int  # counted from 1
    hospital_code: str
    insured_code: str  # "" when nothing matched
    how: str
    edition: int
    proved: bool
    version: ItemVersion | None


def match_line(number: int, line: VisitLine, table: Mapping[str, str], find: Lookup) -> Match:
    """The first that the catalogue holds of: the code the hospital sent, its match table's
    (FORMATS.md 2.6, 1317), its own code.
    """
    candidates = (
        (BY_INSURED_CODE, line.insured_code),
        (BY_TABLE, table.get(line.hospital_code, "")),
        (BY_HOSPITAL_CODE, line.hospital_code),
    )
    for how, code in candidates:
        version = find(code) if code else None
        if version is not None:
            return Match(
                line=number,
                hospital_code=line.hospital_code,
                insured_code=code,
                how=how,
                edition=version.edition,
                proved=version.origin != SUBMITTED,
                version=version,
            )
    return Match(
        line=number,
        hospital_code=line.hospital_code,
        insured_code="",
        how=UNMATCHED,
        edition=0,
        proved=False,
        version=None,
    )


def match_lines(
    lines: tuple[VisitLine, ...], table: Mapping[str, str], find: Lookup
) -> tuple[Match, ...]:
    """The match of every line, in the lines' order."""
    return tuple(match_line(at, line, table, find) for at, line in enumerate(lines, start=1))
