"""The methods by which a bureau keeps filings for treatment elsewhere on the chain."""

from contracts.codes import (
    ACCOUNT_NOT_FOUND,
    FORM_FIELDS_INVALID,
    PAYLOAD_INVALID,
    PAYLOAD_RECIPIENT,
)
from contracts.fields import identifier
from contracts.filing.changes import change, create, withdraw
from contracts.filing.codes import (
    FILING_EXISTS,
    FILING_EXPIRED,
    FILING_FOREIGN,
    FILING_KIND,
    FILING_MISMATCH,
    FILING_NOT_FOUND,
    FILING_OVERLAP,
    FILING_PERIOD,
    FILING_REGION,
    FILING_REVOKED,
    FILING_TOO_MANY,
    FILING_VERSION_STALE,
    NOT_FILING_KEEPER,
)
from contracts.filing.records import FilingRecord, filing_key, require_filing
from contracts.forms import FILING, check_form, filing_fields
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.intake import take_in
from faults import Rejected
from ledger.codes import BAD_FORM
from proto.filing_pb2 import ChangeFilingRequest, RegisterFilingRequest, RevokeFilingRequest
from proto.transaction_pb2 import CommittedForm

_DOCUMENT = (
    BAD_FORM,
    FORM_FIELDS_INVALID,
    FILING_KIND,
    FILING_REGION,
    FILING_PERIOD,
    FILING_OVERLAP,
    FILING_TOO_MANY,
    PAYLOAD_INVALID,
    PAYLOAD_RECIPIENT,
    ACCOUNT_NOT_FOUND,
)
_OWN = (FILING_NOT_FOUND, FILING_FOREIGN, NOT_FILING_KEEPER, FILING_EXPIRED, FILING_REVOKED)


class Filings(Contract):
    """Filings for treatment elsewhere."""

    name = "filing"

    @method(
        request=RegisterFilingRequest,
        rule=Rule(roles=("bureau",)),
        errors=(FILING_EXISTS, *_DOCUMENT),
        saves_failure=lambda request: _named_key(request.form),
    )
    def register(self, ctx: Context, request: RegisterFilingRequest) -> Result:
        """Put an insured person's filing on the chain (参保人备案, 2.2.1.2)."""
        intake = take_in(ctx, request.payload, request.account_id, ())
        checked = check_form(request.form, FILING)
        key = create(ctx, checked, filing_fields(checked), intake, ctx.chain_id)
        return {"object": key, "account": intake.account_id, "version": 1}

    @method(
        request=ChangeFilingRequest,
        rule=Rule(roles=("bureau",)),
        errors=(FILING_MISMATCH, FILING_VERSION_STALE, *_OWN, *_DOCUMENT),
        saves_failure=lambda request: _named_key(request.form),
    )
    def change(self, ctx: Context, request: ChangeFilingRequest) -> Result:
        """Change a filing's period, place or kind; its trace keeps the terms before (2.2.1.2)."""
        intake = take_in(ctx, request.payload, "", ())
        checked = check_form(request.form, FILING)
        fields = filing_fields(checked)
        filing = _own(ctx, fields.filing_id)
        if request.supersedes != filing.version:
            raise Rejected(FILING_VERSION_STALE, current=filing.version)
        version = change(ctx, filing, checked, fields, intake)
        return {"object": filing_key(fields.filing_id), "version": version}

    @method(
        request=RevokeFilingRequest,
        rule=Rule(roles=("bureau",)),
        errors=_OWN,
        saves_failure=lambda request: filing_key(request.filing_id),
    )
    def revoke(self, ctx: Context, request: RevokeFilingRequest) -> Result:
        """Revoke a filing, with the reason (备案撤销, 2.2.1.2)."""
        filing = _own(ctx, identifier("filing_id", request.filing_id))
        withdraw(ctx, filing, request.reason)
        return {"object": filing_key(request.filing_id)}


def _own(ctx: Context, filing_id: str) -> FilingRecord:
    """The filing, which must be at home here and the caller's organisation's."""
    filing = require_filing(ctx, filing_id)
    if filing.home_chain != ctx.chain_id:
        raise Rejected(FILING_FOREIGN, home=filing.home_chain)
    if filing.keeper_org != ctx.signer.org:
        raise Rejected(NOT_FILING_KEEPER, keeper=filing.keeper_org)
    return filing


def _named_key(form: CommittedForm) -> str:
    named = [one.value for one in form.fields if one.path == "filing_id"]
    return filing_key(named[0]) if named else ""
