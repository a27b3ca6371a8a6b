"""Requests about one invented archive, for the tests of this package."""

from typing import Any

from contracts.archive.records import ArchiveRecord, ArchiveVersionRecord, archive_key, version_key
from proto import archive_pb2 as apb
from proto.transaction_pb2 import CommittedForm
from tests.contracts.harness import Chain, changed, form

CODE = "YB99-CBBG-2024-Y-0000001"
KEY = archive_key(CODE)
OWNER = f"{1:032x}"
DAYS_MS = 2 * 24 * 3_600_000
FIELDS: dict[str, str | int] = {
    "archive_code": CODE,
    "file_number": "EF20240701990001",
    "owner_kind": "person",
    "fonds_code": "YB99",
    "category": "CBBG",
    "year": "2024",
    "retention": "永久",
    "filed_date": "20240701",
    "format": "JSON",
    "item_count": 1,
    "page_count": 2,
    "content_bytes": 766,
}


def archive_form(**changes: Any) -> CommittedForm:
    return form("archive/1", changed(FIELDS, changes))


def checks(**results: str) -> list[apb.ArchiveCheck]:
    every = {"GD-1-7": "passed", "GD-2-1": "passed", "GD-3-1": "passed", "GD-4-2": "passed"}
    every.update({code.replace("_", "-"): result for code, result in results.items()})
    return [apb.ArchiveCheck(code=code, result=result) for code, result in every.items() if result]


def register(chain: Chain, account: int = 1, **changes: Any) -> apb.RegisterArchiveRequest:
    return apb.RegisterArchiveRequest(
        form=archive_form(**changes),
        payload=chain.payload(account),
        account_id=f"{account:032x}" if account else "",
        checks=checks(),
    )


def update(
    chain: Chain, supersedes: int = 1, account: int = 1, **changes: Any
) -> apb.UpdateArchiveRequest:
    return apb.UpdateArchiveRequest(
        form=archive_form(**{"page_count": 3, **changes}),
        payload=chain.payload(account),
        checks=checks(),
        supersedes=supersedes,
    )


def revoke(reason: str = "filed twice") -> apb.RevokeArchiveRequest:
    return apb.RevokeArchiveRequest(archive_code=CODE, reason=reason)


CARRY = apb.CarryArchiveRequest(archive_code=CODE)
COMPENSATE = apb.CompensateArchiveRequest(archive_code=CODE)


def archive(chain: Chain) -> ArchiveRecord:
    return chain.load(ArchiveRecord, KEY)


def version_of(chain: Chain, version: int) -> ArchiveVersionRecord:
    return chain.load(ArchiveVersionRecord, version_key(CODE, version))
