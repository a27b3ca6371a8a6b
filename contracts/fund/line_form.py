"""A batch's header and lines as requests give them: read, and as the bytes that are hashed.

Clients use the same functions to make `lines_root` and `settlements_head` (SM3 on every chain).
"""

import re
from collections.abc import Iterable

from contracts.fields import identifier, malformed
from contracts.forms import AMOUNT_FEN_MAX, day
from contracts.fund.records import Header
from contracts.fund.rules import DIRECTIONS
from crypto.digest import sm3
from crypto.domain import tagged
from ledger.codec import Writer
from ledger.limits import HASH_BYTES
from ledger.merkle import HashLog
from ledger.trace import EMPTY_HEAD
from proto.fund_pb2 import FundBatchHeader, FundLine

LINES_MAX = 1_000  # lines, or ids of settlements, in one operation
COUNT_MAX = 100_000  # lines in one batch
SETTLEMENTS_MAX = 1_000_000  # settlements that one line pays
PAYEE_KINDS = ("person", "unit")

_INSURANCE = re.compile(r"[0-9A-Za-z]{1,6}", re.ASCII)
_CATEGORY = re.compile(r"[0-9A-Za-z]{1,8}", re.ASCII)
_INSTITUTION = re.compile(r"[0-9A-Za-z]{1,32}", re.ASCII)
_REGION = re.compile(r"[0-9]{6}", re.ASCII)
_PERIOD = re.compile(r"(19|20|21)[0-9]{2}(0[1-9]|1[0-2])", re.ASCII)
_TIME = re.compile(r"([01][0-9]|2[0-3])[0-5][0-9]([0-5][0-9]|60)", re.ASCII)
_RESULT_CODE = re.compile(r"[0-9A-Za-z_]{1,16}", re.ASCII)


def read_header(header: FundBatchHeader) -> Header:
    """The header, every field checked."""
    if header.direction not in DIRECTIONS:
        raise malformed("direction", f"one of {', '.join(DIRECTIONS)}")
    return Header(
        batch_number=identifier("batch_number", header.batch_number),
        period=_matching("period", header.period, _PERIOD),
        business_date=date("business_date", header.business_date),
        region=_matching("region", header.region, _REGION),
        insurance_type=(
            _matching("insurance_type", header.insurance_type, _INSURANCE)
            if header.insurance_type
            else ""
        ),
        direction=header.direction,
        count=number("count", header.count, COUNT_MAX, least=1),
        total_fen=amount("total_fen", header.total_fen),
        lines_root=hash_bytes("lines_root", header.lines_root),
    )


def check_line(line: FundLine, header: Header) -> None:
    """Raise Rejected(MALFORMED_REQUEST) unless every field of the line is well formed."""
    identifier("slip_number", line.slip_number)
    if line.payee_kind not in PAYEE_KINDS:
        raise malformed("payee_kind", f"one of {', '.join(PAYEE_KINDS)}")
    if line.payee_kind == "unit":
        _matching("institution_code", line.institution_code, _INSTITUTION)
    elif line.institution_code:
        raise malformed("institution_code", "a person has none")
    _matching("insurance_type", line.insurance_type, _INSURANCE)
    if header.insurance_type not in ("", line.insurance_type):
        raise malformed("insurance_type", "not that of the batch")
    _matching("category", line.category, _CATEGORY)
    amount("amount_fen", line.amount_fen)
    hash_bytes("account_commitment", line.account_commitment)
    number("settlement_count", line.settlement_count, SETTLEMENTS_MAX)
    head = hash_bytes("settlements_head", line.settlements_head)
    if (line.settlement_count == 0) != (head == EMPTY_HEAD):
        raise malformed("settlements_head", "zeros when there are no settlements, and only then")


def line_leaf(line: FundLine) -> bytes:
    """The bytes of a line that `lines_root` fixes: all but the ids, which the head stands for."""
    writer = Writer().u32(line.number).text(line.slip_number).text(line.payee_kind)
    writer.text(line.institution_code).text(line.insurance_type).text(line.category)
    writer.i64(line.amount_fen).fixed(line.account_commitment, HASH_BYTES)
    writer.u32(line.settlement_count).fixed(line.settlements_head, HASH_BYTES)
    return writer.u32(line.original_line).done()


def lines_root(lines: Iterable[FundLine]) -> bytes:
    """The root over all lines of a batch, in their order."""
    log = HashLog()
    for line in lines:
        log = log.append(sm3, line_leaf(line))
    return log.root(sm3)


def next_settlements_head(head: bytes, settlement_id: str) -> bytes:
    """The head of a line's settlements after one more id."""
    return sm3(tagged("yilian/fund/settlements/v1", head, settlement_id.encode()))


def settlements_head(settlement_ids: Iterable[str]) -> bytes:
    """The head over all settlement ids of a line, in their order; 32 zeros over none."""
    head = EMPTY_HEAD
    for one in settlement_ids:
        head = next_settlements_head(head, one)
    return head


def amount(field: str, value: int) -> int:
    """An amount above zero and in range."""
    if not 1 <= value <= AMOUNT_FEN_MAX:
        raise malformed(field, "not above zero, or out of range")
    return value


def sum_of(field: str, value: int) -> int:
    """A sum, which may be zero."""
    if not 0 <= value <= AMOUNT_FEN_MAX:
        raise malformed(field, "below zero, or out of range")
    return value


def number(field: str, value: int, largest: int, *, least: int = 0) -> int:
    """A count within its limits."""
    if not least <= value <= largest:
        raise malformed(field, f"not {least} to {largest}")
    return value


def hash_bytes(field: str, value: bytes) -> bytes:
    """A hash of 32 bytes."""
    if len(value) != HASH_BYTES:
        raise malformed(field, f"{HASH_BYTES} bytes expected")
    return value


def date(field: str, value: str) -> str:
    """A day as yyyymmdd."""
    try:
        return day(value)
    except ValueError as wrong:
        raise malformed(field, str(wrong)) from None


def moment(field: str, value: str) -> str:
    """A moment as yyyymmddhhmmss, or "" when there was none."""
    if not value:
        return ""
    return date(field, value[:8]) + _matching(field, value[8:], _TIME)


def result_code(field: str, value: str) -> str:
    """A bank's result code."""
    return _matching(field, value, _RESULT_CODE)


def _matching(field: str, value: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(value):
        raise malformed(field, "not well formed")
    return value
