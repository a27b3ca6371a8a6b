"""Papers of persons whom nobody has heard of yet: for scenarios about accounts being opened.

The persons are invented: the identity numbers are of a county that doesn't exist.
"""

import itertools

from tests.documents.support import edit
from tests.edge.variants import bill, signed_again
from tests.node.custodian.papers import CHECKS, archive
from tests.scenarios.papers import settlement

__all__ = ["CHECKS", "archive", "archive_code", "bill_of", "new_person", "settlement_of"]

SAMPLE_ID, SAMPLE_NUMBER = "469900198403129992", "46000000000000009900000001"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_numbers = itertools.count(1)


def new_person() -> dict[str, str]:
    """An invented person with a valid identity number (GB 11643) and an insured number."""
    number = next(_numbers)
    digits = f"46990019600101{number:03d}"
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return {
        "psn_name": "测试新人",
        "psn_cert_type": "01",
        "certno": digits + "10X98765432"[total % 11],
        "psn_no": f"4600000000000000991{number:07d}",
    }


def archive_code(person: dict[str, str]) -> str:
    """An archive number (档号) that only this person's archive has."""
    return f"YB99-CBBG-2024-Y-9{person['psn_no'][-6:]}"


def bill_of(person: dict[str, str], number: str, settlement_id: str) -> bytes:
    """A blue bill that the person paid, with their full identity number on it."""
    return signed_again(_about(person, bill(("300000900001", settlement_id), number=number)))


def settlement_of(person: dict[str, str], settlement_id: str, number: str) -> bytes:
    """The person's settlement for the bill `number`."""
    return _about(person, settlement(settlement_id, number))


def _about(person: dict[str, str], raw: bytes) -> bytes:
    for old, new in ((SAMPLE_ID, person["certno"]), (SAMPLE_NUMBER, person["psn_no"])):
        raw = edit(raw, old, new, count=raw.count(old.encode()))
    return edit(raw, "测试甲", person["psn_name"], count=raw.count("测试甲".encode()))
