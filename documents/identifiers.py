"""Checks of the identifiers that documents carry. None of them says that a holder exists."""

import re

from documents.codes import IDENTIFIER_INVALID
from documents.text import is_date
from faults import Rejected

_RESIDENT_18 = re.compile(r"[0-9]{17}[0-9Xx]")
_RESIDENT_15 = re.compile(r"[0-9]{15}")
_EARLIEST_BIRTH = "18000101"  # an example of the standard is born in 1880
_RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_RESIDENT_CHECKS = "10X98765432"

_USCC_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUES = {character: value for value, character in enumerate(_USCC_CHARACTERS)}

_ORGANISATION = re.compile(r"[0-9A-Z]{8}-?[0-9X]")
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

_INSTITUTION = re.compile(r"[HP][0-9]{11}")
_BANK_CARD = re.compile(r"[0-9]{13,19}")
_DIVISION = re.compile(r"(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[12])[0-9]{4}")
_MASKED = re.compile(r"[0-9A-Za-z*]{4,50}")


def resident_id_check(first17: str) -> str:
    """The check character of GB 11643 (ISO 7064 MOD 11-2) for the first 17 digits."""
    total = sum(
        int(digit) * weight for digit, weight in zip(first17, _RESIDENT_WEIGHTS, strict=True)
    )
    return _RESIDENT_CHECKS[total % 11]


def is_resident_id(text: str) -> bool:
    """A full 18-character resident id: shape, real birth date and check character (GB 11643)."""
    if _RESIDENT_18.fullmatch(text) is None or not is_date(text[6:14], _EARLIEST_BIRTH):
        return False
    return resident_id_check(text[:17]) == text[17].upper()


def looks_like_resident_id(text: str) -> bool:
    """Eighteen characters that can only be meant as a full resident id, right or wrong."""
    return _RESIDENT_18.fullmatch(text) is not None


def upgrade_resident_id(text: str) -> str:
    """The 18-character form of a resident id, upper case.

    A 15-digit number of the old form gets "19" before its year and a check character.
    Rejected IDENTIFIER_INVALID when it is neither form.
    """
    if is_resident_id(text):
        return text.upper()
    if _RESIDENT_15.fullmatch(text):
        first17 = text[:6] + "19" + text[6:]
        upgraded = first17 + resident_id_check(first17)
        if is_resident_id(upgraded):
            return upgraded
    raise Rejected(IDENTIFIER_INVALID, element="resident id")


def is_uscc(text: str) -> bool:
    """A unified social credit code: 18 characters of 31, check character right (GB 32100-2015)."""
    if len(text) != 18 or any(character not in _USCC_VALUES for character in text):
        return False
    total = sum(_USCC_VALUES[text[i]] * pow(3, i, 31) for i in range(17))
    return _USCC_VALUES[text[17]] == (31 - total % 31) % 31


def is_organisation_code(text: str) -> bool:
    """A nine-character organisation code with or without its hyphen (GB 11714)."""
    if _ORGANISATION.fullmatch(text) is None:
        return False
    values = [int(character, 36) for character in text[:8]]
    check = 11 - sum(v * w for v, w in zip(values, _ORGANISATION_WEIGHTS, strict=True)) % 11
    return text[-1] == {10: "X", 11: "0"}.get(check, str(check))


def is_institution_code(text: str) -> bool:
    """A designated institution: H (hospital) or P (pharmacy) and 11 digits, none a check digit."""
    return _INSTITUTION.fullmatch(text) is not None


def is_bank_card(text: str) -> bool:
    """13 to 19 digits that pass Luhn. Corporate accounts need not pass: never refuse them by it."""
    if _BANK_CARD.fullmatch(text) is None:
        return False
    return luhn_holds(text)


def luhn_holds(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_division(text: str) -> bool:
    """A six-digit administrative division or insurance area whose province exists (GB/T 2260)."""
    return _DIVISION.fullmatch(text) is not None


def is_masked(text: str) -> bool:
    """A certificate number with its private part replaced by asterisks."""
    return "*" in text


def mask_covers(masked: str, full: str) -> bool:
    """Whether a masked number could be this full one. It is a candidate only, never a proof."""
    if len(masked) != len(full) or _MASKED.fullmatch(masked) is None:
        return False
    pairs = zip(masked.upper(), full.upper(), strict=True)
    return all(shown in ("*", real) for shown, real in pairs)
