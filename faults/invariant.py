"""The check that stops the process (`assert` vanishes under `python -O`)."""

from faults.errors import InvariantBroken


def invariant(holds: bool, why: str) -> None:
    """Raise InvariantBroken unless `holds`; `why` says what was believed."""
    if not holds:
        raise InvariantBroken(why)
