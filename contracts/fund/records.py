"""What the state keeps of fund batches: batch, line, claim, slip, difference, summary."""

from contracts.findings import FindingRecord
from contracts.payload import PayloadRef
from contracts.trace import Traced, traced_as
from ledger.merkle import HashLog
from ledger.records import Record
from ledger.trace import EMPTY_HEAD


class Header(Record, frozen=True, kw_only=True):
    """What a batch declared. Amounts in fen."""

    batch_number: str
    period: str  # yyyymm
    business_date: str  # yyyymmdd
    region: str
    insurance_type: str  # "" when the lines' differ
    direction: str
    count: int
    total_fen: int
    lines_root: bytes


class Tally(Record, frozen=True, kw_only=True):
    """Sums over the lines of one insurance type: as declared, paid, and failed or bounced."""

    insurance_type: str
    count: int = 0
    total_fen: int = 0
    paid_count: int = 0
    paid_fen: int = 0
    failed_count: int = 0
    failed_fen: int = 0


class ReturnRecord(Record, frozen=True, kw_only=True):
    """A return file that is being recorded: its header, and what its lines gave so far."""

    return_number: str
    kind: str
    returned_date: str
    count: int
    total_fen: int
    paid_count: int
    paid_fen: int
    failed_count: int
    failed_fen: int
    expected_count: int  # the lines that waited for an answer when it began, and their amount
    expected_fen: int
    seen_count: int = 0
    seen_fen: int = 0
    seen_paid_count: int = 0
    seen_paid_fen: int = 0
    seen_failed_count: int = 0
    seen_failed_fen: int = 0


@traced_as("fund")
class BatchRecord(Traced, frozen=True, kw_only=True):
    """A batch's leaf: what was declared, how far it is, and sums over its lines."""

    header: Header
    state: str
    submitter_org: str
    original: str = ""  # batch number of the batch whose failed lines this one pays again
    added_count: int = 0
    added_fen: int = 0
    lines_log: bytes = HashLog().encode()  # frontier of the tree over the lines so far
    incomplete: int = 0  # lines whose settlements have not all come
    warnings: int = 0  # findings about the lines, by grade
    errors: int = 0
    audited_by: str = ""
    audit_findings: tuple[FindingRecord, ...] = ()  # of the last audit
    bank_org: str = ""
    tallies: tuple[Tally, ...] = ()  # by insurance type, ascending
    bank_paid_fen: int = 0  # what the bank says it paid, net of what came back
    returns: tuple[str, ...] = ()  # numbers of the return files recorded, in order
    open_return: ReturnRecord | None = None
    differences: int = 0
    difference_errors: int = 0
    statement_number: str = ""
    refund_number: str = ""

    @property
    def paid_count(self) -> int:
        """Lines that are paid now."""
        return sum(one.paid_count for one in self.tallies)

    @property
    def paid_fen(self) -> int:
        """Declared amount of the lines that are paid now."""
        return sum(one.paid_fen for one in self.tallies)

    @property
    def failed_count(self) -> int:
        """Lines that failed or bounced."""
        return sum(one.failed_count for one in self.tallies)

    @property
    def failed_fen(self) -> int:
        """Declared amount of the lines that failed or bounced."""
        return sum(one.failed_fen for one in self.tallies)

    @property
    def waiting_count(self) -> int:
        """Lines without an answer of the bank."""
        return self.header.count - self.paid_count - self.failed_count

    @property
    def waiting_fen(self) -> int:
        """Declared amount of the lines without an answer."""
        return self.header.total_fen - self.paid_fen - self.failed_fen


@traced_as("fund_line")
class LineRecord(Traced, frozen=True, kw_only=True):
    """A line's leaf."""

    batch_number: str
    number: int
    slip_number: str
    payee_kind: str
    institution_code: str
    insurance_type: str
    category: str
    amount_fen: int
    account_commitment: bytes
    pcommit: bytes  # of the form of the part the line came in
    payload: PayloadRef
    settlement_count: int
    settlements_head: bytes  # as declared
    claimed_count: int = 0
    claimed_head: bytes = EMPTY_HEAD
    claimed_fen: int = 0  # what the fund owes for the settlements so far
    findings: tuple[FindingRecord, ...] = ()
    original: str = ""  # state key of the failed line that this one pays again
    compensated_by: str = ""  # state key of the line that pays this one again
    state: str = "open"
    bank_fen: int = 0  # amount in the bank's answer
    result_code: str = ""
    bank_serial: str = ""
    posted: str = ""


class ClaimRecord(Record, frozen=True, kw_only=True):
    """Which line pays a settlement."""

    line: str  # state key


class SlipRecord(Record, frozen=True, kw_only=True):
    """Which lines carry a slip number (进账单号); those that died are dropped as new ones come."""

    lines: tuple[str, ...]  # state keys, oldest first


class DifferenceRecord(Record, frozen=True, kw_only=True):
    """One thing that did not match, in a return or in a reconciliation."""

    source: str  # number of the return file or of the account statement
    finding: FindingRecord


class SummaryRecord(Record, frozen=True, kw_only=True):
    """Sums (汇总) over all batches of a period, direction and insurance type since submission."""

    batch_count: int = 0
    count: int = 0
    total_fen: int = 0
    paid_count: int = 0
    paid_fen: int = 0
    failed_count: int = 0
    failed_fen: int = 0
    withdrawn_count: int = 0
    withdrawn_fen: int = 0
    reversed_count: int = 0
    reversed_fen: int = 0


def batch_key(batch_number: str) -> str:
    """State key of a batch."""
    return f"fund/{batch_number}"


def line_key(batch_number: str, number: int) -> str:
    """State key of a line."""
    return f"fund_line/{batch_number}/{number}"


def claim_key(direction: str, settlement_id: str) -> str:
    """State key of a settlement's claim: one for being paid, one for being recovered."""
    return f"fund_claim/{direction}/{settlement_id}"


def slip_key(direction: str, slip_number: str) -> str:
    """State key of a slip number."""
    return f"fund_slip/{direction}/{slip_number}"


def difference_key(batch_number: str, number: int) -> str:
    """State key of a batch's difference, numbered from 1."""
    return f"fund_difference/{batch_number}/{number}"


def summary_key(period: str, direction: str, insurance_type: str) -> str:
    """State key of a summary."""
    return f"fund_summary/{period}/{direction}/{insurance_type}"
