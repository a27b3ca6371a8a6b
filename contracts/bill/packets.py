"""The bodies of the packets about bills, and the results their receipts carry.

Documents travel as committed forms beside the body; a body holds what the contract determines
besides. The operations' names are part of the protocol between chains.
"""

from typing import TypeVar

from ledger import records
from ledger.records import Record

BILL_BLUE, BILL_RED = "BILL_BLUE", "BILL_RED"
LOCK, UNLOCK = "LOCK", "UNLOCK"
ENTRY, ENTRY_REVERSAL = "ENTRY", "ENTRY_REVERSAL"
PRINT, PRINT_CANCEL = "BILL_PRINT", "BILL_PRINT_CANCEL"


class BillRef(Record, frozen=True, kw_only=True):
    """Body of BILL_BLUE: which bill; all else is in the form."""

    code: str
    number: str


class RedRef(Record, frozen=True, kw_only=True):
    """Body of BILL_RED: the red bill and the blue one it cancels."""

    code: str
    number: str
    blue_code: str
    blue_number: str


class LockBody(Record, frozen=True, kw_only=True):
    """Body of LOCK. `supersedes` is the token of this chain's own lock that has lapsed, or 0."""

    code: str
    number: str
    holder_org: str
    purpose: str
    expires_ms: int
    supersedes: int


class LockGranted(Record, frozen=True, kw_only=True):
    """Result of LOCK: the fencing token, and the entry cycle as the home counts it."""

    token: int
    entry_cycle: int


class UnlockBody(Record, frozen=True, kw_only=True):
    """Body of UNLOCK."""

    code: str
    number: str
    token: int
    reason: str


class EntryBody(Record, frozen=True, kw_only=True):
    """Body of ENTRY (入账反馈)."""

    code: str
    number: str
    agency_org: str
    amount_fen: int
    voucher_number: str
    token: int
    cycle: int


class EntryReversalBody(Record, frozen=True, kw_only=True):
    """Body of ENTRY_REVERSAL: it repeats what it reverses, so that the home can compare."""

    code: str
    number: str
    agency_org: str
    amount_fen: int
    token: int
    cycle: int
    reason: str


class PrintBody(Record, frozen=True, kw_only=True):
    """Body of BILL_PRINT: the paper bill that was printed in exchange."""

    code: str
    number: str
    paper_code: str
    paper_number: str
    printed_date: str
    cycle: int


class PrintCancelBody(Record, frozen=True, kw_only=True):
    """Body of BILL_PRINT_CANCEL: the paper that was taken back."""

    code: str
    number: str
    paper_code: str
    paper_number: str
    reason: str
    cycle: int


class Applied(Record, frozen=True, kw_only=True):
    """Result of the other operations: the state key of the object on the destination."""

    object: str


R = TypeVar("R", bound=Record)


def read_body(cls: type[R], body: bytes) -> R:
    """A packet's body or a receipt's result; Rejected(MALFORMED) when it is none."""
    return records.decode(cls, body)


def applied(object_key: str) -> bytes:
    """The result that says which object was changed."""
    return records.encode(Applied(object=object_key))
