"""Strict text files of records split by `|`, one record a line (6131 and the bank's return).

A column has one spelling, so that a file that was read can be written again byte for byte: no
surrounding blanks, Unicode NFC, amounts with two decimals, no control or invisible characters.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from documents.codes import (
    AMOUNT_INVALID,
    DOCUMENT_TOO_LARGE,
    ELEMENT_INVALID,
    FUND_FILE_COLUMNS,
    FUND_FILE_LINE_END,
    IDENTIFIER_INVALID,
)
from documents.money import parse_fen
from documents.text import decode_utf8, is_date
from faults import Code, Rejected

MAX_FILE_BYTES = 32 * 1024 * 1024
MAX_LINES = 100_000  # details; as many as a batch on the chain may have
MAX_LINE_BYTES = 4096
MAX_COLUMN = 200  # characters

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_MONEY = re.compile(r"(0|[1-9][0-9]{0,12})\.[0-9]{2}")
_COUNT = re.compile(r"0|[1-9][0-9]{0,5}")

V = TypeVar("V")


@dataclass(frozen=True)
class Row:
    """One line, its columns by name; `number` is the line's in the file, from 1."""

    number: int
    columns: dict[str, str]

    def refuse(self, code: Code, element: str, reason: str) -> Rejected:
        """The refusal of a column of this line. Values are not shown: they may be a person's."""
        return Rejected(code, element=element, line=self.number, reason=reason)

    def text(self, element: str, pattern: str = r".*", *, code: Code = ELEMENT_INVALID) -> str:
        """A column that matches `pattern` as a whole."""
        value = self.columns[element]
        if re.fullmatch(pattern, value, re.ASCII if pattern != r".*" else 0) is None:
            raise self.refuse(code, element, "form" if value else "empty")
        return value

    def required(self, element: str) -> str:
        """A column that is not empty."""
        value = self.columns[element]
        if not value:
            raise self.refuse(ELEMENT_INVALID, element, "empty")
        return value

    def fen(self, element: str, *, least: int = 0) -> int:
        """An amount with exactly two decimals, at least `least` fen."""
        value = self.columns[element]
        fen = parse_fen(value, element) if _MONEY.fullmatch(value) else None
        if fen is None or fen < least:
            raise self.refuse(AMOUNT_INVALID, element, "two decimals, not below the least")
        return fen

    def count(self, element: str) -> int:
        """A whole number without leading zeros, up to MAX_LINES."""
        value = self.columns[element]
        if _COUNT.fullmatch(value) is None or int(value) > MAX_LINES:
            raise self.refuse(ELEMENT_INVALID, element, "count")
        return int(value)

    def day(self, element: str) -> str:
        """A real day as yyyymmdd."""
        value = self.columns[element]
        if not is_date(value):
            raise self.refuse(ELEMENT_INVALID, element, "date")
        return value

    def checked(self, element: str, holds: Callable[[str], bool], reason: str) -> str:
        """An identifier that `holds`; Rejected IDENTIFIER_INVALID otherwise."""
        value = self.columns[element]
        if not holds(value):
            raise self.refuse(IDENTIFIER_INVALID, element, reason)
        return value

    def choice(self, element: str, choices: dict[str, V]) -> V:
        """What the column's code stands for."""
        value = self.columns[element]
        if value not in choices:
            raise self.refuse(ELEMENT_INVALID, element, f"one of {' '.join(choices)}")
        return choices[value]


def read_rows(
    raw: bytes, head: Sequence[str], detail: Sequence[str], *, file_type: str, line_end: str
) -> tuple[Row, list[Row]]:
    """The header row and the detail rows of a file.

    `head` and `detail` name the columns after the record mark (H, D); the first of `head` holds
    `file_type`. Rejected: DOCUMENT_TOO_LARGE, DOCUMENT_ENCODING, FUND_FILE_LINE_END,
    FUND_FILE_COLUMNS, ELEMENT_INVALID, with the line's number from the first that has one.
    """
    if len(raw) > MAX_FILE_BYTES:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_FILE_BYTES, reason="bytes")
    lines = _lines(decode_utf8(raw), line_end)
    if len(lines) > MAX_LINES + 1:
        raise Rejected(DOCUMENT_TOO_LARGE, limit=MAX_LINES, reason="lines")
    rows = [
        _row(number, line, "H" if number == 1 else "D", head if number == 1 else detail)
        for number, line in enumerate(lines, 1)
    ]
    if rows[0].columns[head[0]] != file_type:
        raise rows[0].refuse(ELEMENT_INVALID, head[0], f"{file_type} expected")
    return rows[0], rows[1:]


def read_details(raw: bytes, detail: Sequence[str], line_end: str) -> list[Row]:
    """Detail rows that stand without a header, as a part of a file does. Rejected as read_rows."""
    lines = _lines(decode_utf8(raw), line_end)
    return [_row(number, line, "D", detail) for number, line in enumerate(lines, 1)]


def write_rows(rows: Sequence[Sequence[str]], line_end: str) -> bytes:
    """The file of these columns, record marks included. It is checked by reading it again."""
    return "".join(f"{'|'.join(columns)}{line_end}" for columns in rows).encode()


def _lines(text: str, line_end: str) -> list[str]:
    lines = text.split(line_end)
    for number, line in enumerate(lines[:-1], 1):
        if "\r" in line or "\n" in line:
            raise Rejected(FUND_FILE_LINE_END, line=number)
    if lines[-1] or len(lines) == 1:  # the last line has its end too: a cut file has not
        raise Rejected(FUND_FILE_LINE_END, line=len(lines))
    return lines[:-1]


def _row(number: int, line: str, mark: str, names: Sequence[str]) -> Row:
    if len(line.encode()) > MAX_LINE_BYTES:
        raise Rejected(DOCUMENT_TOO_LARGE, line=number, limit=MAX_LINE_BYTES, reason="line")
    first, *values = line.split("|")
    if first != mark or len(values) != len(names):
        expected, found = len(names) + 1, len(values) + 1
        raise Rejected(FUND_FILE_COLUMNS, line=number, mark=mark, expected=expected, columns=found)
    row = Row(number, dict(zip(names, values, strict=True)))
    for element, value in row.columns.items():
        if len(value) > MAX_COLUMN:
            raise row.refuse(ELEMENT_INVALID, element, "length")
        if _HIDDEN.search(value):
            raise row.refuse(ELEMENT_INVALID, element, "characters")
        if value != unicodedata.normalize("NFC", value.strip()):
            raise row.refuse(ELEMENT_INVALID, element, "blanks or not NFC")
    return row
