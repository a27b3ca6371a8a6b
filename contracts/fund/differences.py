"""Differences: what did not match between batch, bank and statement. Recorded, never dropped."""

from collections.abc import Iterable

from contracts.findings import ERROR, FindingRecord
from contracts.framework import Context
from contracts.fund.records import BatchRecord, DifferenceRecord, batch_key, difference_key


class Differences:
    """Collects what differs in one operation; `record` writes it down after the batch is stored."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: list[FindingRecord] = []

    def add(self, code: str, grade: str, field: str, **about: str | int) -> None:
        """Note a difference."""
        detail = " ".join(f"{name}={value}" for name, value in about.items())
        self.take(FindingRecord(code=code, grade=grade, field=field, detail=detail[:200]))

    def take(self, found: FindingRecord) -> None:
        """Note a difference that somebody else worded."""
        self._found.append(found)

    def compare(self, code: str, field: str, own: int, expected: int) -> None:
        """Note an error when two sums differ."""
        if own != expected:
            self.add(code, ERROR, field, own=own, expected=expected)

    def counted(self, batch: BatchRecord) -> BatchRecord:
        """The batch with these differences counted."""
        errors = sum(one.grade == ERROR for one in self._found)
        return batch.changed(
            differences=batch.differences + len(self._found),
            difference_errors=batch.difference_errors + errors,
        )

    def record(self, ctx: Context, batch: BatchRecord) -> None:
        """Write them down for the batch, which is stored and has counted them."""
        number = batch.header.batch_number
        first = batch.differences - len(self._found) + 1
        for index, one in enumerate(self._found, start=first):
            ctx.store(
                difference_key(number, index), DifferenceRecord(source=self._source, finding=one)
            )
            ctx.emit(
                batch_key(number),
                "difference",
                number=index,
                found=one.code,
                grade=one.grade,
                field=one.field,
                detail=one.detail,
            )


def all_taken(source: str, found: Iterable[FindingRecord]) -> Differences:
    """Differences that somebody else worded."""
    made = Differences(source)
    for one in found:
        made.take(one)
    return made
