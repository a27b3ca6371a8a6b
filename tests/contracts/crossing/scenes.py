"""One scene for each operation between chains: how a packet of it comes about, what it does there,
and how it is sent again after a failure.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from google.protobuf.message import Message

from contracts.archive.records import ArchiveRecord
from contracts.grant.records import GrantedRecord, granted_key
from contracts.settlement import SettlementRecord
from proto import contracts_pb2 as pb
from tests.contracts.archive import requests as archives
from tests.contracts.government import Government
from tests.contracts.harness import (
    FINANCE,
    HOUR_MS,
    NATIONAL,
    PROVINCE,
    Chain,
    Network,
    bill_name,
    bill_ref,
    cancel_print,
    enter,
    print_bill,
    red_number,
    reversal_form,
    reverse_entry,
    settlement_form,
    unlock,
    voucher_form,
)

OWNER, GRANT_ID, SETTLEMENT_ID = f"{1:032x}", "a" * 32, "300000900001"
Call = tuple[str, str, Callable[[Chain], Message]]  # who, method, request


@dataclass(frozen=True)
class Scene:
    """`before` has settled on both chains when `call` sends one packet of `operation`."""

    operation: str
    call: Call
    again: Call  # the compensation
    saved_at: str  # the object in whose trace a failure is saved
    done: Callable[[Chain], bool]  # whether the destination shows the effect
    before: tuple[Call, ...] = ()
    source: str = PROVINCE
    destination: str = FINANCE

    def net(self, monkeypatch: pytest.MonkeyPatch) -> Network:
        """The chains, with everything before."""
        if self.operation.startswith("ARCHIVE"):
            made: Network = Government(monkeypatch)
            made.province.open_account(1)
        else:
            made = Network(monkeypatch)
            made.province.open_account(1)
            if self.operation != "BILL_BLUE":
                made.finance.issue(1)
                made.send_all(made.finance, account_id=OWNER)
        for call in self.before:
            self.do(made, call)
            made.settle()
        return made

    def do(self, net: Network, call: Call) -> None:
        """One call on the chain that sends."""
        who, method, request = call
        net.chains[self.source].ok(who, method, request(net.chains[self.source]))

    def is_done(self, net: Network) -> bool:
        """Whether the destination shows the effect."""
        return self.done(net.chains[self.destination])


def _lock_of(chain: Chain) -> str:
    lock = chain.bill(1).lock
    return lock.state if lock is not None else ""


def _upload(chain: Chain) -> Message:
    return pb.UploadSettlementRequest(
        form=settlement_form(), payload=chain.payload(1), account_id=OWNER
    )


def _reverse(chain: Chain) -> Message:
    return pb.ReverseSettlementRequest(form=reversal_form(), payload=chain.payload(1))


def _voucher(chain: Chain) -> Message:
    return pb.ReportVoucherRequest(
        settlement_id=SETTLEMENT_ID,
        bill=bill_ref(1),
        form=voucher_form(),
        payload=chain.payload(1),
    )


def _grant(chain: Chain) -> Message:
    return pb.GrantRequest(
        authorization_id=GRANT_ID,
        account_id=OWNER,
        grantee_org="org-insurer",
        object=bill_name(1),
        compartments=["full"],
        purpose="claim",
        from_ms=chain.time_ms,
        to_ms=chain.time_ms + 500 * HOUR_MS,
        identity_check="counter",
        identity_reference="ref-1",
    )


def _granted(chain: Chain) -> GrantedRecord | None:
    key = granted_key(PROVINCE, GRANT_ID)
    return chain.load(GrantedRecord, key) if key in chain.state else None


def _settlement(chain: Chain) -> SettlementRecord:
    return chain.load(SettlementRecord, f"settlement/{SETTLEMENT_ID}")


def _archive_state(chain: Chain) -> str:
    return chain.load(ArchiveRecord, archives.KEY).state if archives.KEY in chain.state else ""


def _bill_call(who: str, method: str, request: Message) -> Call:
    return (who, method, lambda chain: request)


LOCK: Call = ("agency_a", "bill.lock", lambda chain: chain.lock(hours=200))
UNLOCK = _bill_call("agency_a", "bill.unlock", unlock())
ENTER = _bill_call("agency_a", "bill.enter", enter())
REVERSE_ENTRY = _bill_call("agency_a", "bill.reverse_entry", reverse_entry())
ISSUE: Call = ("finance", "bill.issue_blue", lambda chain: chain.blue(1))
RED: Call = ("finance", "bill.issue_red", lambda chain: chain.red(1))
PRINT = _bill_call("finance", "bill.print", print_bill())
CANCEL_PRINT = _bill_call("finance", "bill.cancel_print", cancel_print())
RESEND = _bill_call("finance", "bill.resend", pb.ResendBillRequest(bill=bill_ref(1)))
UPLOAD: Call = ("hospital", "settlement.upload", _upload)
REPORT = _bill_call(
    "bureau", "settlement.report", pb.ReportSettlementRequest(settlement_id=SETTLEMENT_ID)
)
REVERSE: Call = ("hospital", "settlement.reverse", _reverse)
REPORT_REVERSAL = _bill_call(
    "bureau", "settlement.report_reversal", pb.ReportReversalRequest(settlement_id=SETTLEMENT_ID)
)
VOUCHER: Call = ("bureau", "voucher.report", _voucher)
GRANT: Call = ("bureau", "authorization.grant", _grant)
REVOKE = _bill_call(
    "bureau", "authorization.revoke", pb.RevokeRequest(authorization_id=GRANT_ID, reason="asked")
)
RESEND_GRANT = _bill_call(
    "bureau",
    "authorization.resend",
    pb.ResendAuthorizationRequest(authorization_id=GRANT_ID),
)
REGISTER: Call = ("archivist", "archive.register", archives.register)
CARRY = _bill_call("archivist", "archive.carry", archives.CARRY)
COMPENSATE = _bill_call("archivist", "archive.compensate", archives.COMPENSATE)
REVOKE_ARCHIVE = _bill_call("archivist", "archive.revoke", archives.revoke())

_BILL, _RED_BILL = bill_name(1), bill_name(red_number(1))
_HOME = {"source": FINANCE, "destination": PROVINCE}
_NATIONAL = {"destination": NATIONAL}

SCENES: tuple[Scene, ...] = (
    Scene("LOCK", LOCK, LOCK, _BILL, lambda to: _lock_of(to) == "confirmed"),
    Scene("UNLOCK", UNLOCK, UNLOCK, _BILL, lambda to: to.bill(1).lock is None, before=(LOCK,)),
    Scene("ENTRY", ENTER, ENTER, _BILL, lambda to: to.bill(1).entry is not None, before=(LOCK,)),
    Scene(
        "ENTRY_REVERSAL",
        REVERSE_ENTRY,
        REVERSE_ENTRY,
        _BILL,
        lambda to: to.bill(1).entry is None,
        before=(LOCK, ENTER),
    ),
    Scene("BILL_BLUE", ISSUE, RESEND, _BILL, lambda to: _BILL in to.state, **_HOME),
    Scene("BILL_RED", RED, RESEND, _RED_BILL, lambda to: to.bill(1).flush != "normal", **_HOME),
    Scene("BILL_PRINT", PRINT, RESEND, _BILL, lambda to: to.bill(1).paper is not None, **_HOME),
    Scene(
        "BILL_PRINT_CANCEL",
        CANCEL_PRINT,
        RESEND,
        _BILL,
        lambda to: to.bill(1).paper is None,
        before=(PRINT,),
        **_HOME,
    ),
    Scene(
        "SETTLEMENT_REPORT",
        REPORT,
        REPORT,
        f"settlement/{SETTLEMENT_ID}",
        lambda to: f"settlement/{SETTLEMENT_ID}" in to.state,
        before=(UPLOAD,),
        **_NATIONAL,
    ),
    Scene(
        "SETTLEMENT_REVERSAL",
        REPORT_REVERSAL,
        REPORT_REVERSAL,
        "settlement/300000900091",
        lambda to: _settlement(to).reversed_by != "",
        before=(UPLOAD, REPORT, REVERSE),
        **_NATIONAL,
    ),
    Scene(
        "VOUCHER_REPORT",
        VOUCHER,
        VOUCHER,
        f"voucher/{SETTLEMENT_ID}",
        lambda to: f"voucher/{SETTLEMENT_ID}" in to.state,
        before=(UPLOAD, REPORT),
        **_NATIONAL,
    ),
    Scene("AUTHORIZATION", GRANT, RESEND_GRANT, _BILL, lambda to: _granted(to) is not None),
    Scene(
        "AUTHORIZATION_REVOCATION",
        REVOKE,
        RESEND_GRANT,
        _BILL,
        lambda to: (one := _granted(to)) is not None and one.revoked_ms > 0,
        before=(GRANT,),
    ),
    Scene(
        "ARCHIVE",
        CARRY,
        COMPENSATE,
        f"archive_version/{archives.CODE}~1",
        lambda to: _archive_state(to) == "in_force",
        before=(REGISTER,),
        **_NATIONAL,
    ),
    Scene(
        "ARCHIVE_REVOCATION",
        CARRY,
        COMPENSATE,
        archives.KEY,
        lambda to: _archive_state(to) == "revoked",
        before=(REGISTER, CARRY, REVOKE_ARCHIVE),
        **_NATIONAL,
    ),
)
