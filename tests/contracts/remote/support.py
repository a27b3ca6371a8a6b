"""Another province's bill and voucher, as the bureau stores them."""

from typing import Any

from contracts.remote.records import RemoteBillRecord, RemoteVoucherRecord
from proto import reimbursement_pb2 as pb
from proto.transaction_pb2 import CommittedForm
from tests.contracts.harness import (
    BILL_AMOUNTS,
    BILL_FIELDS,
    VOUCHER_FIELDS,
    Chain,
    changed,
    form,
)

CODE, REGION = "43060124", "430100"
TOTAL = int(BILL_FIELDS["total_fen"])


def number(bill: int) -> str:
    return f"{bill:010d}"


def settlement(bill: int) -> str:
    return f"43000090{bill:04d}"


def remote_bill(bill: int) -> str:
    return f"remote_bill/{CODE}-{number(bill)}"


def remote_voucher(bill: int) -> str:
    return f"remote_voucher/{REGION}-{settlement(bill)}"


def remote_form(bill: int = 1, **changes: Any) -> CommittedForm:
    own = {"code": CODE, "number": number(bill), "settlement_id": settlement(bill)}
    return form("ebill/1", changed({**BILL_FIELDS, **own}, changes))


def red_remote_form(bill: int = 1, **changes: Any) -> CommittedForm:
    own: dict[str, Any] = {path: -int(BILL_FIELDS[path]) for path in BILL_AMOUNTS}
    own |= {"number": number(bill + 900), "color": "red"}
    own |= {"blue__code": CODE, "blue__number": number(bill)}
    return remote_form(bill, **{**own, **changes})


def voucher_form(bill: int = 1, **changes: Any) -> CommittedForm:
    own = {
        "settlement_id": settlement(bill),
        "bill.code": CODE,
        "bill.number": number(bill),
    }
    return form("voucher/1", changed({**VOUCHER_FIELDS, **own}, changes))


def store_bill(chain: Chain, document: CommittedForm, account: int = 0) -> pb.StoreBillRequest:
    return pb.StoreBillRequest(
        form=document,
        payload=chain.payload(account),
        account_id=f"{account:032x}" if account else "",
        source="national",
        source_reference="FETCH-1",
        dialect="national_einvoice",
        dialect_sm3=b"d" * 32,
    )


def store_voucher(
    chain: Chain, document: CommittedForm, account: int = 0
) -> pb.StoreVoucherRequest:
    return pb.StoreVoucherRequest(
        region=REGION,
        form=document,
        payload=chain.payload(account),
        account_id=f"{account:032x}" if account else "",
        source="centre",
        source_reference="FETCH-2",
    )


def note(key: str, *, red: bool = False, reimbursed: bool = False) -> pb.NoteStatusRequest:
    return pb.NoteStatusRequest(
        object=key, red=red, reimbursed=reimbursed, source="centre", source_reference="QUERY-1"
    )


def bill_of(chain: Chain, bill: int = 1) -> RemoteBillRecord:
    return chain.load(RemoteBillRecord, remote_bill(bill))


def voucher_of(chain: Chain, bill: int = 1) -> RemoteVoucherRecord:
    return chain.load(RemoteVoucherRecord, remote_voucher(bill))


def store_both(chain: Chain, bill: int = 1, account: int = 0) -> None:
    chain.ok("bureau", "voucher.store_bill", store_bill(chain, remote_form(bill), account))
    request = store_voucher(chain, voucher_form(bill), account)
    chain.ok("bureau", "voucher.store_voucher", request)
