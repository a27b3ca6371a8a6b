"""The forms that options may have. Each check returns what it read and raises ValueError else."""

import re
from collections.abc import Callable

from contracts.archive.checks import CHECKS_MAX
from documents.json_strict import JsonNumber, JsonObject, parse_json_object
from faults import Rejected
from ledger.limits import STATE_KEY_BYTES_MAX
from proto.archive_pb2 import ArchiveCheck

VERSION_MAX = 2**53

_CHECK = re.compile(r"([A-Z]{2}-[1-4]-[1-9][0-9]?):(passed|failed|not_applicable)", re.ASCII)
_LINE = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
_IDENTIFIER = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.\-]{0,63}", re.ASCII)


def matching(pattern: str, what: str) -> Callable[[str], str]:
    """Text that matches `pattern` as a whole."""
    compiled = re.compile(pattern, re.ASCII)

    def check(text: str) -> str:
        if compiled.fullmatch(text) is None:
            raise ValueError(f"{what} expected")
        return text

    return check


identifier = matching(_IDENTIFIER.pattern, "1 to 64 letters, digits, '_', '.', '-'")
channel = identifier
dialect = matching(r"[a-z][a-z0-9_]{0,31}", "a lower-case word")
region = matching(r"[1-9][0-9]{5}", "a region of 6 digits")
account_id = matching(r"[0-9a-f]{32}", "an account id of 32 hex digits")
bill_code = matching(r"[0-9]{8}", "8 digits")
bill_number = matching(r"[0-9]{10}", "10 digits")


def one_of(*words: str) -> Callable[[str], str]:
    """One of a few words."""
    return matching("|".join(re.escape(word) for word in words), f"one of {', '.join(words)}")


def state_key(text: str) -> str:
    """A state key, as short as the ledger's are."""
    if len(text.encode()) > STATE_KEY_BYTES_MAX:
        raise ValueError(f"a state key of at most {STATE_KEY_BYTES_MAX} bytes expected")
    return text


def anything(text: str) -> str:
    """Any text; its reader refuses it with a code of its own."""
    return text


def version(text: str) -> int:
    """A whole number from 1."""
    if not re.fullmatch(r"[1-9][0-9]{0,15}", text, re.ASCII) or int(text) > VERSION_MAX:
        raise ValueError("a whole number from 1 expected")
    return int(text)


def archive_checks(text: str) -> list[ArchiveCheck]:
    """Items of the four-property check: "GD-1-7:passed,GD-2-1:passed,…"."""
    items = text.split(",")
    if len(items) > CHECKS_MAX:
        raise ValueError(f"at most {CHECKS_MAX} items")
    found = []
    for number, item in enumerate(items, start=1):
        one = _CHECK.fullmatch(item)
        if one is None:
            raise ValueError(f"item {number}: code:passed, :failed or :not_applicable expected")
        found.append(ArchiveCheck(code=one[1], result=one[2]))
    return found


def settlements_by_line(text: str) -> dict[int, tuple[str, ...]]:
    """Settlement ids by the number of the line that pays them: {"1": ["3000…", "3000…"], …}."""
    found: dict[int, tuple[str, ...]] = {}
    for key, ids in _object(text).items():
        if _LINE.fullmatch(key) is None:
            raise ValueError("line numbers as keys expected")
        if not isinstance(ids, list) or not ids:
            raise ValueError(f"line {key}: a list of settlement ids expected")
        named = [one for one in ids if isinstance(one, str) and _IDENTIFIER.fullmatch(one)]
        if len(named) != len(ids) or len(set(named)) != len(named):
            raise ValueError(f"line {key}: settlement ids as text expected, each once")
        found[int(key)] = tuple(named)
    return found


def original_lines(text: str) -> dict[int, int]:
    """The failed line that each line pays again, by number: {"1": 5, …}."""
    found: dict[int, int] = {}
    for key, original in _object(text).items():
        number = original.text if isinstance(original, JsonNumber) else ""
        if _LINE.fullmatch(key) is None or _LINE.fullmatch(number) is None:
            raise ValueError("line numbers expected")
        found[int(key)] = int(number)
    if len(set(found.values())) != len(found):
        raise ValueError("a failed line is paid again once")
    return found


def _object(text: str) -> JsonObject:
    try:
        return parse_json_object(text.encode())
    except Rejected as refused:
        raise ValueError(refused.code.name) from None
