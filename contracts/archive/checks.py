"""What must be done before an archive goes on the chain: cataloguing (编目), checks (四性检测)."""

import re
from collections.abc import Iterable

from contracts.archive.codes import (
    ARCHIVE_CHECK_FAILED,
    ARCHIVE_CHECKS_INCOMPLETE,
    ARCHIVE_NOT_CATALOGUED,
)
from contracts.fields import malformed
from contracts.forms import ArchiveFields
from faults import Rejected
from ledger.records import Record
from proto.archive_pb2 import ArchiveCheck

PROPERTIES = ("authenticity", "integrity", "usability", "safety")  # 真实性 完整性 可用性 安全性
PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not_applicable"
CHECKS_MAX = 100
CATALOGUED = ("fonds_code", "category", "year", "retention", "filed_date")
_CODE = re.compile(r"(?:GD|YJ|CQ)-([1-4])-[1-9][0-9]?", re.ASCII)


class CheckRecord(Record, frozen=True, kw_only=True):
    """One item's result, as public codes."""

    code: str
    result: str


def require_catalogued(fields: ArchiveFields) -> None:
    """Raise Rejected(ARCHIVE_NOT_CATALOGUED) when an element that cataloguing gives is empty."""
    for name in CATALOGUED:
        if not getattr(fields, name):
            raise Rejected(ARCHIVE_NOT_CATALOGUED, field=name)


def read_checks(checks: Iterable[ArchiveCheck | CheckRecord]) -> tuple[CheckRecord, ...]:
    """The results, ascending by code; every property has an item that passed, and none failed.

    From a request or from the packet that carries an archive: the same rules.
    """
    read: dict[str, CheckRecord] = {}
    proved: dict[str, bool] = {}
    for count, one in enumerate(checks, 1):
        found = _CODE.fullmatch(one.code)
        if count > CHECKS_MAX or found is None or one.code in read:
            raise malformed("checks", "too many, a code that is none, or a code twice")
        if one.result not in (PASSED, FAILED, NOT_APPLICABLE):
            raise malformed("checks", f"a result is {PASSED}, {FAILED} or {NOT_APPLICABLE}")
        if one.result == FAILED:
            raise Rejected(ARCHIVE_CHECK_FAILED, check=one.code)
        if one.result == PASSED:
            proved[found[1]] = True
        read[one.code] = CheckRecord(code=one.code, result=one.result)
    for number, name in enumerate(PROPERTIES, 1):
        if str(number) not in proved:
            raise Rejected(ARCHIVE_CHECKS_INCOMPLETE, property=name)
    return tuple(read[code] for code in sorted(read))
