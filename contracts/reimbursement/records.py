"""What is kept of an application, its decision, its payment and its reports."""

from contracts.account import Owned
from contracts.fields import identifier
from contracts.findings import FindingRecord
from contracts.forms import ReimbursementFields
from contracts.framework import Context
from contracts.reimbursement.codes import APPLICATION_NOT_FOUND
from contracts.reporting import NOT_REPORTED
from contracts.trace import Traced, traced_as
from ledger.records import Record

KINDS = (
    "pooled_fund_fen",
    "account_fen",
    "wallet_fen",
    "credit_fen",
    "cash_fen",
    "other_fen",
)


class Amounts(Record, frozen=True, kw_only=True):
    """Approved amounts by kind of payment, in fen."""

    pooled_fund_fen: int = 0
    account_fen: int = 0
    wallet_fen: int = 0
    credit_fen: int = 0
    cash_fen: int = 0
    other_fen: int = 0

    @property
    def total_fen(self) -> int:
        """The sum over all kinds."""
        return sum(int(getattr(self, kind)) for kind in KINDS)


class Decision(Record, frozen=True, kw_only=True):
    """How the application was decided, by which organisation, and why when it was refused."""

    approved: bool
    amounts: Amounts
    reason_code: str
    org: str
    time_ms: int
    whitelisted: bool  # approved by one official alone


class Payment(Record, frozen=True, kw_only=True):
    """The payment's last known step: "sent", "paid" or "failed"."""

    step: str
    amount_fen: int
    reference: str
    reason_code: str
    time_ms: int


@traced_as("reimbursement")
class ApplicationRecord(Owned, frozen=True, kw_only=True):
    """An application's leaf. `origin_channel` is empty where the application was submitted."""

    origin_chain: str
    origin_channel: str = ""
    destination: str = ""  # on the chain that handed it on: the chain that handles it
    schema: str
    public: ReimbursementFields
    findings: tuple[FindingRecord, ...]
    state: str
    applicant_index: str = ""  # the custodian's blind index of the applicant
    voucher: str = ""  # state key
    voucher_version: int = 0
    bill: str = ""  # state key
    reviewed_by: bytes = b""  # the key that reviewed it as it stands now
    decision: Decision | None = None
    payment: Payment | None = None
    report: str = NOT_REPORTED
    report_cycle: int = 0  # how many reports were acknowledged


@traced_as("reimbursement_report")
class ReportedRecord(Traced, frozen=True, kw_only=True):
    """What a province reported of an application, as it proved it last."""

    chain_id: str
    application_id: str
    state: str
    amounts: Amounts
    reason_code: str
    bill_code: str
    bill_number: str
    payment_reference: str
    reports: int


def application_key(application_id: str) -> str:
    """State key of an application."""
    return f"reimbursement/{application_id}"


def reported_key(chain_id: str, application_id: str) -> str:
    """State key of what a province reported."""
    return f"reimbursement_report/{chain_id}/{application_id}"


def load_application(ctx: Context, application_id: str) -> ApplicationRecord:
    """The application; Rejected(APPLICATION_NOT_FOUND) when there is none."""
    key = application_key(identifier("application_id", application_id))
    return ctx.require(ApplicationRecord, key, APPLICATION_NOT_FOUND)
