"""Summaries (汇总): sums by period, direction and insurance type, moved along with every batch."""

from collections.abc import Callable

import msgspec

from contracts.framework import Context
from contracts.fund.records import BatchRecord, SummaryRecord, Tally, summary_key

Change = Callable[[Tally], dict[str, int]]


def summarise(ctx: Context, batch: BatchRecord, change: Change) -> None:
    """Add to the summary of each insurance type of the batch what `change` makes of its tally."""
    header = batch.header
    for tally in batch.tallies:
        key = summary_key(header.period, header.direction, tally.insurance_type)
        before = ctx.load(SummaryRecord, key) or SummaryRecord()
        added = {name: int(getattr(before, name)) + value for name, value in change(tally).items()}
        ctx.store(key, msgspec.structs.replace(before, **added))


def submitted(tally: Tally) -> dict[str, int]:
    """What a complete batch adds."""
    return {"batch_count": 1, "count": tally.count, "total_fen": tally.total_fen}


def withdrawn(tally: Tally) -> dict[str, int]:
    """What a withdrawn batch adds."""
    return {"withdrawn_count": tally.count, "withdrawn_fen": tally.total_fen}


def reversed_(tally: Tally) -> dict[str, int]:
    """What a reversed batch adds: what it paid is not paid any more."""
    return {
        "paid_count": -tally.paid_count,
        "paid_fen": -tally.paid_fen,
        "reversed_count": tally.paid_count,
        "reversed_fen": tally.paid_fen,
    }


def answered(before: Tally, after: Tally) -> dict[str, int]:
    """What the bank's answers between two states of a tally add."""
    names = ("paid_count", "paid_fen", "failed_count", "failed_fen")
    return {name: int(getattr(after, name)) - int(getattr(before, name)) for name in names}
