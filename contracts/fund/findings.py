"""Findings of a batch's lines.

A line's record keeps the first finding of each code, so that it stays small whatever happens to its
settlements; the batch counts every one by its grade, and every one is an event in the trace.
"""

from collections.abc import Iterable, Sequence

from contracts.findings import ERROR, WARN, FindingRecord


def with_findings(
    kept: tuple[FindingRecord, ...], found: Iterable[FindingRecord]
) -> tuple[FindingRecord, ...]:
    """`kept` and the first of each new code."""
    codes = {one.code: one for one in kept}
    for one in found:
        codes.setdefault(one.code, one)
    return tuple(codes.values())


def count_grades(found: Sequence[FindingRecord]) -> tuple[int, int]:
    """How many are warnings, and how many errors."""
    grades = [one.grade for one in found]
    return grades.count(WARN), grades.count(ERROR)
