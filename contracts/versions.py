"""Which version of a contract's rules is in force: governance activates one at a height.

The code holds every version that a block was ever decided under, so an old block executes today
to the roots it had then.
"""

from contracts.framework import Context
from contracts.trace import Traced, traced_as

FIRST = 1


@traced_as("contract")
class ContractRecord(Traced, frozen=True, kw_only=True):
    """The activations of one contract: (version, first height), both ascending."""

    activations: tuple[tuple[int, int], ...]


def contract_key(name: str) -> str:
    """State key of a contract's activations; nothing stands there while its first version holds."""
    return f"contract/{name}"


def version_in_force(ctx: Context, name: str) -> int:
    """The version that decides in this block."""
    record = ctx.load(ContractRecord, contract_key(name))
    begun = [
        version for version, first in (record.activations if record else ()) if first <= ctx.height
    ]
    return begun[-1] if begun else FIRST


def newest_version(ctx: Context, name: str) -> int:
    """The newest version that was activated, in force already or not."""
    record = ctx.load(ContractRecord, contract_key(name))
    return record.activations[-1][0] if record and record.activations else FIRST
