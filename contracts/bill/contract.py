"""The bill contract: what finance, the bureau and reimbursing agencies ask of a bill."""

from typing import Any

from contracts import codes
from contracts.bill import home, packets, printing, replica
from contracts.bill.issuing import (
    Origin,
    blue_of,
    create_blue,
    create_red,
    flush,
    read_red,
)
from contracts.bill.linking import count, link, verify
from contracts.bill.packets import EntryBody, EntryReversalBody
from contracts.bill.record import (
    CONFIRMED,
    PENDING,
    BillRecord,
    Lock,
    State,
    bill_key,
    require_bill,
    state_of,
)
from contracts.bill.rules import Action, check_amount, check_expiry, check_state
from contracts.bill.sharing import share, share_again
from contracts.bridge.codes import CHANNEL_PAUSED, SENDING
from contracts.fields import text, word
from contracts.findings import ERROR, finding_codes, read_findings
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.intake import take_in
from contracts.remote.codes import BILL_REIMBURSED
from contracts.settlement import require_settlement
from faults import Rejected
from ledger.codes import BAD_FORM
from proto.contracts_pb2 import (
    EnterRequest,
    IssueBlueRequest,
    IssueRedRequest,
    LinkSettlementRequest,
    LockRequest,
    ResendBillRequest,
    ReverseEntryRequest,
    UnlockRequest,
    VerifyRequest,
)
from proto.reimbursement_pb2 import CancelPrintRequest, PrintRequest

ISSUERS = Rule(roles=("finance", "bureau"))
AGENCIES = Rule(roles=("agency", "bureau"))
BUREAU = Rule(roles=("bureau",))

_DOCUMENT_ERRORS = (
    BAD_FORM,
    codes.FORM_FIELDS_INVALID,
    codes.BILL_EXISTS,
    codes.FINDINGS_REFUSED,
    codes.PAYLOAD_INVALID,
    CHANNEL_PAUSED,
)
_LOCK_ERRORS = (codes.BILL_NOT_FOUND, codes.BILL_RED, codes.BILL_FROZEN, codes.BILL_ENTERED)


def _named(request: Any) -> str:
    return bill_key(request.bill.code, request.bill.number)


def _blue_named(request: IssueRedRequest) -> str:
    named = {one.path: one.value for one in request.form.fields}
    return bill_key(named.get("blue.code", ""), named.get("blue.number", ""))


class Bills(Contract):
    """Methods on bills. `rules.TABLE` says in which state each is allowed."""

    name = "bill"

    @method(
        request=IssueBlueRequest,
        rule=ISSUERS,
        errors=(*_DOCUMENT_ERRORS, codes.ACCOUNT_NOT_FOUND, codes.PAYLOAD_RECIPIENT),
    )
    def issue_blue(self, ctx: Context, request: IssueBlueRequest) -> Result:
        """蓝票上链: put a bill on the chain that is its home, and share it over the channels.

        Clauses 2.2.1.6.1, 2.2.1.4.1.1.
        """
        intake = take_in(ctx, request.payload, request.account_id, request.findings)
        bill = create_blue(ctx, request.form, intake, Origin(ctx.chain_id))
        key = home.key_of(bill)
        share(ctx, key, packets.BILL_BLUE)
        return {"object": key, "account": bill.account_id, "findings": len(bill.findings)}

    @method(
        request=IssueRedRequest,
        rule=ISSUERS,
        errors=(
            *_DOCUMENT_ERRORS,
            codes.BILL_NOT_FOUND,
            codes.NOT_HOME_CHAIN,
            codes.BILL_RED,
            codes.BILL_LOCKED,
            codes.BILL_ENTERED,
            codes.RED_MISMATCH,
        ),
        saves_failure=_blue_named,
    )
    def issue_red(self, ctx: Context, request: IssueRedRequest) -> Result:
        """红票上链 / 冲红: cancel a blue bill for ever; its home refuses while it is in use.

        Clauses 2.2.1.6.1, 2.2.1.6.3, 2.2.1.4.1.2.
        """
        intake = take_in(ctx, request.payload, "", request.findings)
        blue = blue_of(ctx, read_red(request.form))
        home.require_home(ctx, blue)
        check_state(blue, Action.FLUSH, ctx.time_ms)
        red = create_red(ctx, request.form, intake, Origin(ctx.chain_id))
        flush(ctx, red)
        share(ctx, home.key_of(red), packets.BILL_RED)
        return {"object": home.key_of(red), "blue": home.key_of(blue)}

    @method(
        request=LockRequest,
        rule=AGENCIES,
        errors=(*_LOCK_ERRORS, codes.BILL_LOCKED, codes.EXPIRY_INVALID, BILL_REIMBURSED, *SENDING),
        saves_failure=_named,
    )
    def lock(self, ctx: Context, request: LockRequest) -> Result:
        """锁定: hold a bill for a reimbursement; pending until its home answers with a token.

        Clauses 2.2.1.6.1.
        """
        bill = require_bill(ctx, request.bill.code, request.bill.number)
        check_state(bill, Action.LOCK, ctx.time_ms)
        check_expiry(ctx, request.expires_ms)
        wanted = Lock(
            state=PENDING,
            holder_org=ctx.signer.org,
            holder_chain=ctx.chain_id,
            purpose=word("purpose", request.purpose),
            since_ms=ctx.time_ms,
            expires_ms=request.expires_ms,
        )
        if bill.home_chain == ctx.chain_id:
            lock = home.grant_lock(ctx, bill, wanted)
        else:
            lock = replica.ask_lock(ctx, bill, wanted)
        return {"object": home.key_of(bill), "lock": lock.state, "token": lock.token}

    @method(
        request=UnlockRequest,
        rule=AGENCIES,
        errors=(
            *_LOCK_ERRORS,
            codes.BILL_NOT_LOCKED,
            codes.LOCK_PENDING,
            codes.UNLOCK_PENDING,
            codes.NOT_LOCK_HOLDER,
            codes.REASON_REQUIRED,
            *SENDING,
        ),
        saves_failure=_named,
    )
    def unlock(self, ctx: Context, request: UnlockRequest) -> Result:
        """解锁: by the locker, by the bureau with a reason, by any agency once it has expired.

        Clauses 2.2.1.6.1.
        """
        bill = require_bill(ctx, request.bill.code, request.bill.number)
        check_state(bill, Action.UNLOCK, ctx.time_ms)
        lock = _lock_of(bill)
        reason = text("reason", request.reason)
        own = (lock.holder_org, lock.holder_chain) == (ctx.signer.org, ctx.chain_id)
        if not own and state_of(bill, ctx.time_ms) is not State.LOCK_EXPIRED:
            if "bureau" not in ctx.signer.roles:
                raise Rejected(codes.NOT_LOCK_HOLDER, holder=lock.holder_org)
            if not reason.strip():
                raise Rejected(codes.REASON_REQUIRED, holder=lock.holder_org)
        if bill.home_chain == ctx.chain_id:
            home.release_lock(ctx, bill, reason)
            return {"object": home.key_of(bill), "lock": ""}
        replica.ask_unlock(ctx, bill, lock, reason)
        return {"object": home.key_of(bill), "lock": "releasing"}

    @method(
        request=EnterRequest,
        rule=AGENCIES,
        errors=(
            *_LOCK_ERRORS,
            codes.BILL_NOT_LOCKED,
            codes.BILL_LOCKED,
            codes.LOCK_PENDING,
            codes.UNLOCK_PENDING,
            codes.LOCK_EXPIRED,
            codes.AMOUNT_OUT_OF_RANGE,
            BILL_REIMBURSED,
            *SENDING,
        ),
        saves_failure=_named,
    )
    def enter(self, ctx: Context, request: EnterRequest) -> Result:
        """入账: use the bill for the reimbursement its lock was taken for; reported to its home.

        Clauses 2.2.1.6.1, 2.2.1.4.4.
        """
        bill = require_bill(ctx, request.bill.code, request.bill.number)
        check_state(bill, Action.ENTER, ctx.time_ms)
        lock = _lock_of(bill)
        if (lock.holder_org, lock.holder_chain) != (ctx.signer.org, ctx.chain_id):
            raise Rejected(codes.BILL_LOCKED, holder=lock.holder_org, expires_ms=lock.expires_ms)
        check_amount(bill, request.amount_fen)
        body = EntryBody(
            code=bill.public.code,
            number=bill.public.number,
            agency_org=ctx.signer.org,
            amount_fen=request.amount_fen,
            voucher_number=text("voucher_number", request.voucher_number, required=True),
            token=lock.token,
            cycle=bill.entry_cycle,
        )
        if bill.home_chain == ctx.chain_id:
            home.record_entry(ctx, bill, body, ctx.chain_id)
            reported = CONFIRMED
        else:
            replica.report_entry(ctx, bill, body)
            reported = PENDING
        return {"object": home.key_of(bill), "entry": reported, "cycle": body.cycle}

    @method(
        request=ReverseEntryRequest,
        rule=AGENCIES,
        errors=(
            codes.BILL_NOT_FOUND,
            codes.BILL_RED,
            codes.BILL_FROZEN,
            codes.BILL_NOT_ENTERED,
            codes.ENTRY_PENDING,
            codes.REVERSAL_PENDING,
            codes.NOT_LOCK_HOLDER,
            *SENDING,
        ),
        saves_failure=_named,
    )
    def reverse_entry(self, ctx: Context, request: ReverseEntryRequest) -> Result:
        """入账撤销: by the agency that entered; it ends the entry and the lock it stood on.

        Clauses 2.2.1.6.1.
        """
        bill = require_bill(ctx, request.bill.code, request.bill.number)
        check_state(bill, Action.REVERSE_ENTRY, ctx.time_ms)
        entry = bill.entry
        if entry is None:
            raise Rejected(codes.BILL_NOT_ENTERED)
        if (entry.agency_org, entry.agency_chain) != (ctx.signer.org, ctx.chain_id):
            raise Rejected(codes.NOT_LOCK_HOLDER, holder=entry.agency_org)
        reason = text("reason", request.reason, required=True)
        if bill.home_chain == ctx.chain_id:
            body = EntryReversalBody(
                code=bill.public.code,
                number=bill.public.number,
                agency_org=entry.agency_org,
                amount_fen=entry.amount_fen,
                token=entry.token,
                cycle=entry.cycle,
                reason=reason,
            )
            home.cancel_entry(ctx, bill, body, ctx.chain_id)
            return {"object": home.key_of(bill), "entry": "", "cycle": entry.cycle}
        replica.ask_reversal(ctx, bill, reason)
        return {"object": home.key_of(bill), "entry": "reversing", "cycle": entry.cycle}

    @method(
        request=PrintRequest,
        rule=ISSUERS,
        errors=(
            codes.BILL_NOT_FOUND,
            codes.NOT_HOME_CHAIN,
            codes.BILL_RED,
            codes.BILL_FROZEN,
            codes.BILL_PRINTED,
            codes.PAPER_USED,
            CHANNEL_PAUSED,
        ),
        saves_failure=_named,
    )
    def print(self, ctx: Context, request: PrintRequest) -> Result:
        """纸票换开 / 打印 (2.2.1.6.3): record the paper, or tell of the same paper again.

        Clauses 2.2.1.6.1.
        """
        bill = require_bill(ctx, request.bill.code, request.bill.number)
        home.require_home(ctx, bill)
        body = printing.print_body(bill, request)
        key, again = home.key_of(bill), printing.is_same_paper(bill, body)
        if again:
            check_state(bill, Action.PRINT, ctx.time_ms)
        else:
            printing.record_paper(ctx, bill, body)
        if share(ctx, key, packets.PRINT) and again:
            ctx.emit(key, "print_told_again", paper_number=body.paper_number)
        return {"object": key, "cycle": body.cycle}

    @method(
        request=CancelPrintRequest,
        rule=ISSUERS,
        errors=(
            codes.BILL_NOT_FOUND,
            codes.NOT_HOME_CHAIN,
            codes.BILL_RED,
            codes.BILL_NOT_PRINTED,
            CHANNEL_PAUSED,
        ),
        saves_failure=_named,
    )
    def cancel_print(self, ctx: Context, request: CancelPrintRequest) -> Result:
        """取消换开 (2.2.1.6.3): the paper was taken back; or tell of the same paper again.

        Its number is never used again.
        """
        bill = require_bill(ctx, request.bill.code, request.bill.number)
        home.require_home(ctx, bill)
        body = printing.cancel_body(bill, request)
        key, again = home.key_of(bill), printing.is_cancelled_paper(bill, body)
        cycle = bill.print_cycle - 1 if again else bill.print_cycle
        if not again:
            printing.cancel_paper(ctx, bill, body)
        if share(ctx, key, packets.PRINT_CANCEL) and again:
            ctx.emit(key, "cancel_print_told_again", paper_number=body.paper_number)
        return {"object": key, "cycle": cycle}

    @method(
        request=ResendBillRequest,
        rule=ISSUERS,
        errors=(
            codes.BILL_NOT_FOUND,
            codes.NOT_HOME_CHAIN,
            codes.NOTHING_TO_RESEND,
            CHANNEL_PAUSED,
        ),
        saves_failure=_named,
    )
    def resend(self, ctx: Context, request: ResendBillRequest) -> Result:
        """失败补偿: send a bill, its paper and its red bill again to the chains that lack them.

        Clauses 2.2.1.6.1, 2.2.1.4.1.1, 2.2.1.4.1.2.
        """
        bill = require_bill(ctx, request.bill.code, request.bill.number)
        home.require_home(ctx, bill)
        key = home.key_of(bill)
        sent = share_again(ctx, key)
        if not sent:
            raise Rejected(codes.NOTHING_TO_RESEND, bill=key)
        ctx.emit(key, "resend", packets=sent)
        return {"object": key, "packets": sent}

    @method(
        request=LinkSettlementRequest,
        rule=BUREAU,
        errors=(
            codes.BILL_NOT_FOUND,
            codes.SETTLEMENT_NOT_FOUND,
            codes.BILL_RED,
            codes.BILL_FROZEN,
            codes.SETTLEMENT_REVERSED,
            codes.LINK_MISMATCH,
            codes.ALREADY_LINKED,
        ),
        saves_failure=_named,
    )
    def link_settlement(self, ctx: Context, request: LinkSettlementRequest) -> Result:
        """关联结算: bill and settlement point at each other.

        Clauses 2.2.1.6.1, 2.2.1.6.10, 2.2.1.4.1.4.
        """
        bill = require_bill(ctx, request.bill.code, request.bill.number)
        check_state(bill, Action.LINK, ctx.time_ms)
        link(ctx, bill, require_settlement(ctx, request.settlement_id))
        return {"object": home.key_of(bill), "settlement": request.settlement_id}

    @method(
        request=VerifyRequest,
        rule=BUREAU,
        errors=(codes.BILL_NOT_FOUND, codes.SETTLEMENT_NOT_FOUND),
    )
    def verify(self, ctx: Context, request: VerifyRequest) -> Result:
        """验真验重 / 票实核对: record every difference between a bill and a settlement.

        Clauses 2.2.1.4.1.5.
        """
        bill = require_bill(ctx, request.bill.code, request.bill.number)
        settlement = require_settlement(ctx, request.settlement_id)
        done = verify(ctx, bill, settlement, read_findings(request.findings))
        return {
            "object": home.key_of(bill),
            "settlement": request.settlement_id,
            "differences": len(done.differences),
            "errors": count(done.differences, ERROR),
            "codes": finding_codes(done.differences),
        }


def _lock_of(bill: BillRecord) -> Lock:
    if bill.lock is None:
        raise Rejected(codes.BILL_NOT_LOCKED)
    return bill.lock
