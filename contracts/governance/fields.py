"""Fields that several of a motion's actions have."""

from collections.abc import Iterable

from contracts.fields import malformed, public_key
from ledger.genesis import ROLES


def check_ascending(name: str, values: Iterable[str], most: int) -> None:
    """Raise MALFORMED_REQUEST unless the values ascend, each once, at most so many."""
    given = list(values)
    if len(given) > most or given != sorted(set(given)):
        raise malformed(f"actions.{name}", f"at most {most}, ascending, each once")


def check_roles(roles: Iterable[str]) -> None:
    """Raise MALFORMED_REQUEST unless these are roles that exist, ascending, each once."""
    given = list(roles)
    check_ascending("roles", given, len(ROLES))
    if any(role not in ROLES for role in given):
        raise malformed("actions.roles", "a role that does not exist")


def key_or_none(name: str, key: bytes) -> bytes:
    """A 65-byte public key, or none."""
    return public_key(f"actions.{name}", key) if key else b""
