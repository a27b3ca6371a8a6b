"""The inputs of a benefit calculation: a visit and its lines, checked."""

from collections.abc import Sequence

from contracts.benefit.codes import BENEFIT_INPUT
from contracts.forms import AMOUNT_FEN_MAX, day
from faults import Rejected
from ledger.records import Record

LINES_MAX = 5000
QUANTITY_UNIT = 10_000  # quantities are in ten-thousandths of a unit
QUANTITY_MAX = 10**12
CODE_MAX = 64

LOCAL, FILED, UNFILED = "local", "filed", "unfiled"
PLACES = (LOCAL, FILED, UNFILED)


class VisitLine(Record, frozen=True, kw_only=True):
    """A line of the hospital's bill. `quantity_e4` in ten-thousandths of a unit."""

    hospital_code: str  # 医疗机构目录编码
    insured_code: str  # 医保目录编码 when the hospital sends it, else ""
    quantity_e4: int
    amount_fen: int


class Visit(Record, frozen=True, kw_only=True):
    """A visit as the calculation needs it: nobody's name, no diagnosis.

    The amounts of the year are those of the same rule before this visit: covered above the
    deductible, paid as deductible, paid by the fund.
    """

    region: str  # 参保地
    insured_type: str
    person_type: str
    visit_kind: str
    institution_level: str
    place: str  # LOCAL, FILED or UNFILED (异地就医备案)
    date: str
    year_deductible_fen: int
    year_covered_fen: int
    year_fund_fen: int
    lines: tuple[VisitLine, ...]


def check_visit(visit: Visit) -> None:
    """Raise Rejected(BENEFIT_INPUT) with the field that is wrong."""
    try:
        day(visit.date)
    except ValueError:
        raise _wrong("date") from None
    if visit.place not in PLACES:
        raise _wrong("place")
    for field in ("person_type", "visit_kind"):
        if len(str(getattr(visit, field))) < 2:
            raise _wrong(field)
    if visit.institution_level not in ("0", "1", "2", "3"):
        raise _wrong("institution_level")
    for field in ("year_deductible_fen", "year_covered_fen", "year_fund_fen"):
        if not 0 <= int(getattr(visit, field)) <= AMOUNT_FEN_MAX:
            raise _wrong(field)
    _check_lines(visit.lines)


def _check_lines(lines: Sequence[VisitLine]) -> None:
    if not 1 <= len(lines) <= LINES_MAX:
        raise _wrong("lines")
    for number, line in enumerate(lines, start=1):
        if not 1 <= len(line.hospital_code) <= CODE_MAX or len(line.insured_code) > CODE_MAX:
            raise _wrong(f"lines[{number}].code")
        if not 0 < line.quantity_e4 <= QUANTITY_MAX:
            raise _wrong(f"lines[{number}].quantity_e4")
        if not 0 <= line.amount_fen <= AMOUNT_FEN_MAX:
            raise _wrong(f"lines[{number}].amount_fen")
    if sum(line.amount_fen for line in lines) > AMOUNT_FEN_MAX:
        raise _wrong("lines")


def _wrong(field: str) -> Rejected:
    return Rejected(BENEFIT_INPUT, field=field)
