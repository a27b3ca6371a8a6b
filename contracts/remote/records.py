"""What is kept of other provinces' documents, and the states of a remote bill."""

from contracts.account import Owned
from contracts.bill.record import bill_key
from contracts.codes import BILL_NOT_FOUND, BILL_RED, OBJECT_NOT_FOUND
from contracts.fields import malformed
from contracts.findings import FindingRecord
from contracts.forms import EbillFields, VoucherFields
from contracts.framework import Context
from contracts.remote.codes import BILL_REIMBURSED, NOT_USED, REIMBURSED_ELSEWHERE
from contracts.states import StateTable
from contracts.trace import traced_as
from ledger.records import Record

SOURCES = ("centre", "national")
BILL_PREFIX, VOUCHER_PREFIX = "remote_bill/", "remote_voucher/"

FREE, USED, ELSEWHERE = "free", "used", "reimbursed_elsewhere"
FLUSHED, CONFLICT, RED_BILL = "red_flushed", "RED_CONFLICT", "red"
USE, RELEASE, FLUSH, SPEND, UNSPEND = "use", "release", "flush", "spend", "unspend"

_GONE = (FLUSHED, CONFLICT, RED_BILL)
# The source's flag may well say what was done here: it changes nothing about a bill in use.
BILL_STATES = StateTable(
    name="remote bill",
    states=(FREE, USED, ELSEWHERE, FLUSHED, CONFLICT, RED_BILL),
    actions=(USE, RELEASE, FLUSH, SPEND, UNSPEND),
    moves={
        (FREE, USE): USED,
        (USED, RELEASE): FREE,
        (CONFLICT, RELEASE): FLUSHED,
        (FREE, FLUSH): FLUSHED,
        (ELSEWHERE, FLUSH): FLUSHED,
        (USED, FLUSH): CONFLICT,
        (FREE, SPEND): ELSEWHERE,
        (ELSEWHERE, UNSPEND): FREE,
        **{(state, SPEND): state for state in (USED, ELSEWHERE, FLUSHED, CONFLICT)},
        **{(state, UNSPEND): state for state in (FREE, USED, FLUSHED, CONFLICT)},
    },
    otherwise=BILL_NOT_FOUND,
    refusals={
        (USED, USE): BILL_REIMBURSED,
        (ELSEWHERE, USE): REIMBURSED_ELSEWHERE,
        **{(state, RELEASE): NOT_USED for state in (FREE, ELSEWHERE, FLUSHED, RED_BILL)},
        **{(state, action): BILL_RED for state in _GONE for action in (USE, FLUSH)},
        (RED_BILL, SPEND): BILL_RED,
        (RED_BILL, UNSPEND): BILL_RED,
    },
)


class Fetched(Record, frozen=True, kw_only=True):
    """Where a document or its status came from, under which number of that source, and when."""

    source: str
    reference: str
    time_ms: int


@traced_as("remote_voucher")
class RemoteVoucherRecord(Owned, frozen=True, kw_only=True):
    """An e-settlement voucher of another province; `version` rises when it is uploaded anew."""

    region: str
    schema: str
    public: VoucherFields
    findings: tuple[FindingRecord, ...]
    fetched: Fetched
    version: int = 1
    red: bool = False
    reimbursed: bool = False  # as the source said last
    status: Fetched | None = None


@traced_as("remote_bill")
class RemoteBillRecord(Owned, frozen=True, kw_only=True):
    """A bill of another province, and the dialect table by which its XML was read."""

    schema: str
    public: EbillFields
    findings: tuple[FindingRecord, ...]
    fetched: Fetched
    dialect: str
    dialect_sm3: bytes
    state: str = FREE
    red: str = ""  # on a flushed bill, the state key of its red bill if that is known
    reimbursed: bool = False  # as the source said last
    status: Fetched | None = None
    used_by: str = ""  # the reimbursement that uses it


def remote_bill_key(code: str, number: str) -> str:
    """State key of a remote bill."""
    return BILL_PREFIX + bill_key(code, number).removeprefix("bill/")


def remote_voucher_key(region: str, settlement_id: str) -> str:
    """State key of a remote voucher: settlement ids are unique within a region only."""
    return f"{VOUCHER_PREFIX}{region}-{settlement_id}"


def require_remote_bill(ctx: Context, key: str) -> RemoteBillRecord:
    """The remote bill at a state key that a request names."""
    _check_key("bill", key, BILL_PREFIX)
    return ctx.require(RemoteBillRecord, key, BILL_NOT_FOUND)


def require_remote_voucher(ctx: Context, key: str) -> RemoteVoucherRecord:
    """The remote voucher at a state key that a request names."""
    _check_key("voucher", key, VOUCHER_PREFIX)
    return ctx.require(RemoteVoucherRecord, key, OBJECT_NOT_FOUND)


def _check_key(field: str, key: str, prefix: str) -> None:
    if not key.startswith(prefix) or "/" in key[len(prefix) :]:
        raise malformed(field, f"no key that begins with {prefix}")
