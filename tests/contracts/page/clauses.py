"""The tender's clauses 2.2.1.2 to 2.2.1.6, and where each is met.

Clause numbers and titles are read from the tender's own text beside this file.
"""

import re
from collections.abc import Mapping
from pathlib import Path

TENDER = Path(__file__).with_name("tender.txt")
_TITLE = re.compile(r"^(2\.2\.1(?:\.\d+)+)\.\s+(\S.*)$", re.MULTILINE)
FIRST, LAST = (2, 2, 1, 2), (2, 2, 1, 6, 999)

QUERY = "read with its proof: `Get…` of the contract's service, `yilian query`"
TRACE = "read, complete by proof: `Trace…` of the contract's service, `yilian trace`"
ROUTER = "the router's work (every operation, query packets)"
PRIVACY = "the work on personal data and search (verification, widget, archive search)"
SYSTEMS = "the work on the systems around the ledger (adapters)"

HEADINGS = (
    "2.2.1.2",
    "2.2.1.3",
    "2.2.1.4",
    "2.2.1.4.1",
    "2.2.1.4.2",
    "2.2.1.4.3",
    "2.2.1.4.5",
    "2.2.1.4.6",
    "2.2.1.4.7",
    "2.2.1.4.8",
    "2.2.1.5",
    "2.2.1.6",
)
"""What stands under them asks; they themselves introduce."""

READS: Mapping[str, str] = {
    "2.2.1.4.1.3": QUERY,
    "2.2.1.4.4.3": QUERY,
    "2.2.1.4.8.4": QUERY,
    "2.2.1.5.5": QUERY,
    "2.2.1.6.2": QUERY,
    "2.2.1.6.5": QUERY,
    "2.2.1.6.7": TRACE,
    "2.2.1.6.9": QUERY,
    "2.2.1.6.11": TRACE,
    "2.2.1.6.14": QUERY,
    "2.2.1.6.16.5": QUERY,
    "2.2.1.6.16.7": TRACE,
    "2.2.1.6.16.10": QUERY,
    "2.2.1.6.16.11": TRACE,
    "2.2.1.6.16.13": QUERY,
}
"""Clauses that ask for a query or a trace."""

LATER: Mapping[str, str] = {
    "2.2.1.4.2.1": PRIVACY,
    "2.2.1.4.2.2": PRIVACY,
    "2.2.1.4.2.3": PRIVACY,
    "2.2.1.4.2.4": PRIVACY,
    "2.2.1.4.2.5": PRIVACY,
    "2.2.1.4.2.8": PRIVACY,
    "2.2.1.4.6.1": SYSTEMS,
    "2.2.1.4.6.2": SYSTEMS,
    "2.2.1.4.7.3": PRIVACY,
}
"""Clauses that a later piece of work meets as a whole."""

FURTHER: Mapping[str, str] = {
    "2.2.1.3.1": ROUTER,
    "2.2.1.3.2": ROUTER,
    "2.2.1.3.3": ROUTER,
    "2.2.1.3.4": ROUTER,
    "2.2.1.3.6": ROUTER,
    "2.2.1.3.7": ROUTER,
    "2.2.1.4.8.4": SYSTEMS,
}
"""Clauses met here, of which a later piece of work does more."""


def required() -> list[str]:
    """The clauses that a scenario must show, in the tender's order."""
    return [number for number in titles() if number not in HEADINGS and number not in LATER]


def titles() -> dict[str, str]:
    """Clause number -> title, in the tender's order; a number that stands twice has both titles."""
    found: dict[str, str] = {}
    for number, title in _TITLE.findall(TENDER.read_text(encoding="utf-8")):
        place = tuple(int(part) for part in number.split("."))
        if FIRST <= place < LAST:
            found[number] = f"{found[number]} / {title}" if number in found else title
    return found
