"""Scenes of bills, settlements, vouchers and packets."""

from typing import Any

from proto import contracts_pb2 as pb
from proto import reimbursement_pb2 as rpb
from proto.transaction_pb2 import CommittedForm
from tests.contracts import harness
from tests.contracts.harness import (
    SETTLEMENT_FIELDS,
    VOUCHER_FIELDS,
    Chain,
    bill_ref,
    changed,
    form,
    settlement_form,
)
from tests.contracts.refusals.scene import scene
from tests.contracts.refusals.stage import Stage, acknowledgement
from tests.contracts.remote import support as remote

NOT_HOME = "NOT_HOME_CHAIN"
NOBODYS_BILL = "BILL_NOT_FOUND"

# ---- bill


@scene("bill.issue_blue", "finance", again="BILL_EXISTS", missing="OK")
def issue_blue(stage: Stage, n: int) -> pb.IssueBlueRequest:
    return stage.province.blue(n)


@scene("bill.issue_red", "finance", again="BILL_RED", missing=NOBODYS_BILL, foreign=NOT_HOME)
def issue_red(stage: Stage, n: int) -> pb.IssueRedRequest:
    stage.province.issue(n)
    return stage.province.red(n)


@scene("bill.print", "finance", again="OK", missing=NOBODYS_BILL, foreign=NOT_HOME)
def print_paper(stage: Stage, n: int) -> rpb.PrintRequest:
    stage.province.issue(n)
    return harness.print_bill(n, paper=n)


@scene(
    "bill.cancel_print",
    "finance",
    again="BILL_NOT_PRINTED",
    missing=NOBODYS_BILL,
    foreign=NOT_HOME,
)
def cancel_print(stage: Stage, n: int) -> rpb.CancelPrintRequest:
    stage.province.issue(n)
    stage.province.ok("finance", "bill.print", harness.print_bill(n, paper=n))
    return harness.cancel_print(n, paper=n)


@scene("bill.lock", "agency_a", again="BILL_LOCKED", missing=NOBODYS_BILL)
def lock(stage: Stage, n: int) -> pb.LockRequest:
    stage.province.issue(n)
    return stage.province.lock(n)


def locked(chain: Chain, n: int) -> None:
    chain.issue(n)
    chain.ok("agency_a", "bill.lock", chain.lock(n))


@scene(
    "bill.unlock",
    "agency_a",
    again="BILL_NOT_LOCKED",
    missing=NOBODYS_BILL,
    others={"agency_b": "NOT_LOCK_HOLDER", "bureau": "REASON_REQUIRED"},
)
def unlock(stage: Stage, n: int) -> pb.UnlockRequest:
    locked(stage.province, n)
    return harness.unlock(n)


@scene(
    "bill.enter",
    "agency_a",
    again="BILL_ENTERED",
    missing=NOBODYS_BILL,
    others={"agency_b": "BILL_LOCKED", "bureau": "BILL_LOCKED"},
)
def enter(stage: Stage, n: int) -> pb.EnterRequest:
    locked(stage.province, n)
    return harness.enter(n)


@scene(
    "bill.reverse_entry",
    "agency_a",
    again="BILL_NOT_ENTERED",
    missing=NOBODYS_BILL,
    others={"agency_b": "NOT_LOCK_HOLDER", "bureau": "NOT_LOCK_HOLDER"},
)
def reverse_entry(stage: Stage, n: int) -> pb.ReverseEntryRequest:
    locked(stage.province, n)
    stage.province.ok("agency_a", "bill.enter", harness.enter(n))
    return harness.reverse_entry(n)


# ---- settlement


def settlement_id(n: int) -> str:
    return f"3000009{n:05d}"


def of_settlement(n: int, **changes: Any) -> dict[str, Any]:
    own = {"settlement_id": settlement_id(n), "bill__number": f"{n:010d}"}
    return {**own, **changes}


def uploading(chain: Chain, n: int, account: int = 1) -> pb.UploadSettlementRequest:
    return pb.UploadSettlementRequest(
        form=settlement_form(**of_settlement(n)),
        payload=chain.payload(account),
        account_id=f"{account:032x}",
    )


def uploaded(chain: Chain, n: int) -> None:
    """A bill and its settlement, both of account 1."""
    chain.issue(n, account=1)
    chain.ok("hospital", "settlement.upload", uploading(chain, n))


@scene("bill.link_settlement", "bureau", again="ALREADY_LINKED", missing=NOBODYS_BILL)
def link(stage: Stage, n: int) -> pb.LinkSettlementRequest:
    uploaded(stage.province, n)
    return pb.LinkSettlementRequest(bill=bill_ref(n), settlement_id=settlement_id(n))


@scene("bill.verify", "bureau", again="OK", missing=NOBODYS_BILL)
def verify(stage: Stage, n: int) -> pb.VerifyRequest:
    uploaded(stage.province, n)
    return pb.VerifyRequest(bill=bill_ref(n), settlement_id=settlement_id(n))


@scene("settlement.upload", "hospital", again="SETTLEMENT_EXISTS", missing="OK")
def upload(stage: Stage, n: int) -> pb.UploadSettlementRequest:
    return uploading(stage.province, n)


def reversing(chain: Chain, n: int) -> pb.ReverseSettlementRequest:
    own = {path: -int(value) for path, value in SETTLEMENT_FIELDS.items() if path.endswith("_fen")}
    fields = changed(
        {**SETTLEMENT_FIELDS, **own},
        of_settlement(
            n,
            settlement_id=f"{settlement_id(n)}-R",
            original__settlement_id=settlement_id(n),
            color="red",
        ),
    )
    return pb.ReverseSettlementRequest(form=form("settlement/1", fields), payload=chain.payload(1))


@scene(
    "settlement.reverse",
    "hospital",
    again="SETTLEMENT_REVERSED",
    missing="SETTLEMENT_NOT_FOUND",
)
def reverse(stage: Stage, n: int) -> pb.ReverseSettlementRequest:
    uploaded(stage.province, n)
    return reversing(stage.province, n)


@scene("settlement.report", "bureau", again="REPORT_PENDING", missing="SETTLEMENT_NOT_FOUND")
def report_settlement(stage: Stage, n: int) -> pb.ReportSettlementRequest:
    uploaded(stage.province, n)
    return pb.ReportSettlementRequest(settlement_id=settlement_id(n))


# ---- voucher


def voucher_form(n: int) -> CommittedForm:
    own = {"settlement_id": settlement_id(n), "bill__number": f"{n:010d}"}
    return form("voucher/1", changed(VOUCHER_FIELDS, own))


@scene("voucher.report", "bureau", again="REPORT_PENDING", missing="SETTLEMENT_NOT_FOUND")
def report_voucher(stage: Stage, n: int) -> pb.ReportVoucherRequest:
    uploaded(stage.province, n)
    return pb.ReportVoucherRequest(
        settlement_id=settlement_id(n),
        bill=bill_ref(n),
        form=voucher_form(n),
        payload=stage.province.payload(1),
    )


@scene("voucher.store_voucher", "bureau", again="VOUCHER_EXISTS", missing="OK")
def store_voucher(stage: Stage, n: int) -> rpb.StoreVoucherRequest:
    return remote.store_voucher(stage.province, remote.voucher_form(n))


@scene("voucher.store_bill", "bureau", again="BILL_EXISTS", missing="OK")
def store_bill(stage: Stage, n: int) -> rpb.StoreBillRequest:
    return remote.store_bill(stage.province, remote.remote_form(n))


@scene("voucher.note_status", "bureau", again="OK", missing="BILL_NOT_FOUND")
def note_status(stage: Stage, n: int) -> rpb.NoteStatusRequest:
    request = remote.store_bill(stage.province, remote.remote_form(n))
    stage.province.ok("bureau", "voucher.store_bill", request)
    return remote.note(remote.remote_bill(n), red=True)


# ---- packets


@scene("bridge.deliver", "router", again="ALREADY_DELIVERED", missing="BAD_PROOF")
def deliver(stage: Stage, n: int) -> pb.DeliverRequest:
    stage.finance.issue(n)
    return stage.delivery(stage.last_packet(stage.finance))


@scene("bridge.acknowledge", "router", again="ALREADY_ACKNOWLEDGED", missing="NOT_SENT")
def acknowledge(stage: Stage, n: int) -> pb.AcknowledgeRequest:
    uploaded(stage.province, n)
    request = pb.ReportSettlementRequest(settlement_id=settlement_id(n))
    stage.province.ok("bureau", "settlement.report", request)
    return acknowledgement(stage.carry(stage.province))
