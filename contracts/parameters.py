"""Parameters: numbers that are policy, in one record that governance changes within bounds.

What stands in no record is as it always was: a chain without a motion about them has the defaults.
"""

from collections.abc import Mapping

import msgspec

from contracts.framework import Context
from contracts.governance.codes import CHANGED_MEANWHILE, PARAMETER_BOUNDS, PARAMETER_UNKNOWN
from faults import Rejected
from ledger.limits import WINDOW
from ledger.records import Record

PARAMETERS_KEY = "parameters/policy"

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NO_LIMIT_MS = 2**53 - 1


class Parameters(Record, frozen=True, kw_only=True):
    """What governance may set.

    lock_ms_min, lock_ms_max: how long after the block's time a bill's lock (锁定) may expire.
    authorization_ms_max: the longest that an authorization (授权) may run from its beginning.
    motion_blocks: a motion is open to votes for so many blocks, and executed within twice as many.
    """

    lock_ms_min: int = 0
    lock_ms_max: int = 30 * DAY_MS
    authorization_ms_max: int = NO_LIMIT_MS
    motion_blocks: int = WINDOW


BOUNDS: Mapping[str, tuple[int, int]] = {
    "lock_ms_min": (0, DAY_MS),
    "lock_ms_max": (DAY_MS, 366 * DAY_MS),
    "authorization_ms_max": (DAY_MS, NO_LIMIT_MS),
    "motion_blocks": (100, 1_000_000),
}
"""Least and most of each. A motion must live long enough to be undone by another."""


def parameters(ctx: Context) -> Parameters:
    """The parameters in force."""
    return ctx.load(Parameters, PARAMETERS_KEY) or Parameters()


def set_parameter(ctx: Context, name: str, before: int, after: int) -> None:
    """Change one parameter from `before` to `after`.

    Raises Rejected: PARAMETER_UNKNOWN, PARAMETER_BOUNDS, CHANGED_MEANWHILE.
    """
    if name not in BOUNDS:
        raise Rejected(PARAMETER_UNKNOWN, known=",".join(sorted(BOUNDS)))
    low, high = BOUNDS[name]
    if not low <= after <= high:
        raise Rejected(PARAMETER_BOUNDS, parameter=name, low=low, high=high)
    known = parameters(ctx)
    now = int(getattr(known, name))
    if before != now:
        raise Rejected(CHANGED_MEANWHILE, parameter=name, now=now)
    ctx.store(PARAMETERS_KEY, msgspec.structs.replace(known, **{name: after}))
    ctx.emit(PARAMETERS_KEY, "set", parameter=name, before=before, after=after)
