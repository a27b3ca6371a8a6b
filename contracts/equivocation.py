"""Equivocation on record: which validator signed two things at once, proved and kept for ever.

A report is evidence by itself, so it matters little who brings it; validators' own nodes do, with
their node keys, which need no registration for this. What follows from a record is for governance.
"""

from contracts.codes import (
    EQUIVOCATION_ENOUGH,
    EQUIVOCATION_INVALID,
    EQUIVOCATION_KNOWN,
    EQUIVOCATION_STRANGER,
)
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.governance.records import key_key
from faults import Rejected
from ledger.equivocation import Equivocation
from ledger.records import Record
from proto.contracts_pb2 import ReportEquivocationRequest

RECORDS_MAX = 100
"""Records kept of one validator. It can sign contradictions without end; these are proof enough."""


class EquivocationRecord(Record, frozen=True, kw_only=True):
    """One contradiction: the evidence as reported, by whom, and at which height it got here."""

    evidence: bytes
    reporter: bytes
    height: int


class OffencesRecord(Record, frozen=True, kw_only=True):
    """How many contradictions of one validator are on record, and the newest."""

    count: int
    newest: str


def offences_key(validator: bytes) -> str:
    """State key of a validator's summary."""
    return f"equivocation/{validator.hex()}"


def equivocation_key(found: Equivocation) -> str:
    """State key of one contradiction: one for each validator, height, round and kind."""
    place = f"{found.height:012d}/{found.round:010d}/{found.kind:d}"
    return f"{offences_key(found.validator)}/{place}"


class Equivocations(Contract):
    """Taking evidence against validators."""

    name = "equivocation"

    @method(
        request=ReportEquivocationRequest,
        rule=Rule(roles=("governance",), validators=True),
        errors=(
            EQUIVOCATION_INVALID,
            EQUIVOCATION_STRANGER,
            EQUIVOCATION_KNOWN,
            EQUIVOCATION_ENOUGH,
        ),
    )
    def report(self, ctx: Context, request: ReportEquivocationRequest) -> Result:
        """Put a validator's contradiction on record; the contract verifies it itself."""
        try:
            found = Equivocation.decode(request.evidence)
        except Rejected as refused:
            raise Rejected(EQUIVOCATION_INVALID, reason=refused.fields.get("reason", "")) from None
        if found.height > ctx.height:
            raise Rejected(EQUIVOCATION_INVALID, reason="a height that is still to come")
        if ctx.view.get(key_key(found.validator)) is None:
            raise Rejected(EQUIVOCATION_STRANGER)
        key = equivocation_key(found)
        if ctx.load(EquivocationRecord, key) is not None:
            raise Rejected(EQUIVOCATION_KNOWN, object=key)
        summary = ctx.load(OffencesRecord, offences_key(found.validator))
        count = summary.count if summary else 0
        if count >= RECORDS_MAX:
            raise Rejected(EQUIVOCATION_ENOUGH, limit=RECORDS_MAX)
        try:
            found.verify(ctx.suite, ctx.chain_id)
        except Rejected as refused:
            raise Rejected(EQUIVOCATION_INVALID, reason=refused.fields.get("reason", "")) from None
        record = EquivocationRecord(
            evidence=request.evidence, reporter=ctx.signer.public_key, height=ctx.height
        )
        ctx.store(key, record)
        ctx.store(offences_key(found.validator), OffencesRecord(count=count + 1, newest=key))
        ctx.emit(key, "report", kind=found.kind.name, height=found.height, round=found.round)
        return {"object": key}
