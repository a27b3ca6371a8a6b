"""Stable error codes: each is declared once, beside the rule it belongs to.

A code never changes its meaning and is never used again for something else: clients switch on it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A stable code with one sentence a person can act on, in Chinese and in English."""

    name: str
    zh: str
    en: str


_declared: dict[str, Code] = {}


def declare(name: str, *, zh: str, en: str) -> Code:
    """Declare a code; a second declaration of the same name is a programming error."""
    if name in _declared:
        raise ValueError(f"code {name} is declared twice")
    code = Code(name, zh, en)
    _declared[name] = code
    return code


def all_codes() -> tuple[Code, ...]:
    """Every code declared by the modules imported so far, by name."""
    return tuple(_declared[name] for name in sorted(_declared))
