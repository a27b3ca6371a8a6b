"""Papers of an invented person, each scenario's under numbers of its own, signed like the samples.

They are the samples with other numbers: one outpatient visit of 231.40 yuan, its bill 46060124 of
the hospital in Haikou, its settlement, the reversal of both.
"""

import itertools

from tests.documents.support import edit, sample
from tests.edge.variants import bill, signed_again

CODE = "46060124"
TOTAL_FEN, FUND_FEN = 23140, 11544
_numbers = itertools.count(1001)


def fresh_number() -> str:
    """A bill number that no other scenario of this process has."""
    return f"{next(_numbers):010d}"


def fresh_id(prefix: str = "3000") -> str:
    """A settlement's, application's or batch's number that no other scenario has."""
    return f"{prefix}{next(_numbers):08d}"


def blue(number: str, settlement_id: str = "") -> bytes:
    """The blue bill; with `settlement_id` it names that settlement."""
    edits = [("300000900001", settlement_id)] if settlement_id else []
    return bill(*edits, number=number)


def red(number: str, of: str) -> bytes:
    """The red bill under `number` that cancels the blue bill `of`."""
    xml = sample("ebill_out_06_red_of_01.xml")
    xml = edit(xml, "0000000101", of, count=xml.count(b"0000000101"))
    xml = edit(xml, "<EInvoiceNumber>0000000180", f"<EInvoiceNumber>{number}")
    xml = edit(xml, "0810000000-42106064", f"{number[::-1]}-42106064")
    return signed_again(xml)


def settlement(settlement_id: str, number: str) -> bytes:
    """The visit's settlement (2207) for the bill `number`."""
    return _renamed(
        "setl_2207_bill01.json", ("300000900001", settlement_id), ("0000000101", number)
    )


def remote_settlement(settlement_id: str, number: str) -> bytes:
    """A settlement (2304) of somebody insured in another province."""
    return _renamed(
        "setl_2304_bill04.json", ("300000900003", settlement_id), ("0000000201", number)
    )


def reversal(settlement_id: str) -> bytes:
    """The reversal (2208) of that settlement."""
    raw = sample("setl_2208_reversal_of_bill01.json")
    raw = edit(raw, "300000900091", f"{settlement_id}91", count=raw.count(b"300000900091"))
    return edit(raw, "300000900001", settlement_id, count=raw.count(b"300000900001"))


def _renamed(name: str, settlement_id: tuple[str, str], number: tuple[str, str]) -> bytes:
    raw = sample(name)
    # The bill's number first: a fresh settlement id may have the sample's bill number in it.
    for old, new in (number, settlement_id):
        raw = edit(raw, old, new, count=raw.count(old.encode()))
    return raw
