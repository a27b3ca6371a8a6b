"""The tender's clauses 2.2.1.2 to 2.2.1.6, and where each that no method names is met.

Clause numbers and titles are read from the tender's own text beside this file.
"""

import re
from collections.abc import Mapping
from pathlib import Path

TENDER = Path(__file__).with_name("tender.txt")
_TITLE = re.compile(r"^(2\.2\.1(?:\.\d+)+)\.\s+(\S.*)$", re.MULTILINE)
FIRST, LAST = (2, 2, 1, 2), (2, 2, 1, 6, 999)

QUERY = "read by key with proof: `yilian query`, `State` of the Ledger service"
TRACE = "read by key, complete by proof: `yilian trace`, `Trace` of the Ledger service"
ROUTER = "later: the router's work (every operation, query packets)"
PRIVACY = "later: the work on personal data and search (verification, widget, archive search)"
SYSTEMS = "later: the work on the systems around the ledger (adapters)"

ELSEWHERE: Mapping[str, str] = {
    "2.2.1.2": "what the clauses below are for",
    "2.2.1.3": "headings of the clauses below",
    "2.2.1.3.1": "the router: docs/decisions/0004; its remaining operations are " + ROUTER,
    "2.2.1.3.2": "`bridge.deliver` proves every header before use; registry of chains: " + ROUTER,
    "2.2.1.3.3": ROUTER,
    "2.2.1.3.4": "`bridge.deliver`, `bridge.acknowledge`: exactly once, in order; " + ROUTER,
    "2.2.1.3.6": "the journey of `make demo`; " + ROUTER,
    "2.2.1.3.7": "the journey of `make demo`; " + ROUTER,
    "2.2.1.4": "headings of the clauses below",
    "2.2.1.4.1": "headings of the clauses below",
    "2.2.1.4.1.3": QUERY,
    "2.2.1.4.2": "headings of the clauses below",
    "2.2.1.4.2.1": PRIVACY,
    "2.2.1.4.2.2": PRIVACY,
    "2.2.1.4.2.3": PRIVACY,
    "2.2.1.4.2.4": PRIVACY,
    "2.2.1.4.2.5": PRIVACY,
    "2.2.1.4.2.8": PRIVACY,
    "2.2.1.4.3": "headings of the clauses below",
    "2.2.1.4.5": "headings of the clauses below",
    "2.2.1.4.4.3": QUERY,
    "2.2.1.4.6": "headings of the clauses below",
    "2.2.1.4.6.1": SYSTEMS,
    "2.2.1.4.6.2": SYSTEMS,
    "2.2.1.4.7": "headings of the clauses below",
    "2.2.1.4.7.3": PRIVACY,
    "2.2.1.4.8": "headings of the clauses below",
    "2.2.1.4.8.4": QUERY + "; " + SYSTEMS,
    "2.2.1.5": "headings of the clauses below",
    "2.2.1.5.5": QUERY,
    "2.2.1.6": "headings of the clauses below",
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


def titles() -> dict[str, str]:
    """Clause number -> title, in the tender's order; a number that stands twice has both titles."""
    found: dict[str, str] = {}
    for number, title in _TITLE.findall(TENDER.read_text(encoding="utf-8")):
        place = tuple(int(part) for part in number.split("."))
        if FIRST <= place < LAST:
            found[number] = f"{found[number]} / {title}" if number in found else title
    return found
