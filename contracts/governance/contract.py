"""The governance contract: what changes by vote of organisations, and what one may stop at once.

One organisation is one voice, however many keys it holds; more than half of those that govern carry
a change out: one of the validators two heights later, a motion when somebody executes it.
"""

from collections.abc import Iterable

import msgspec

from contracts.bridge.codes import CHANNEL_CLOSED, CHANNEL_PAUSED, NO_CHANNEL, NO_VERIFIER
from contracts.codes import (
    IDENTITY_EXISTS,
    IDENTITY_REVOKED,
    MALFORMED_REQUEST,
    OBJECT_NOT_FOUND,
    ROLES_NOT_SEPARATE,
)
from contracts.fields import malformed, public_key, text
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.governance import channels, codes, motions
from contracts.governance.changes import (
    Admission,
    admissions,
    changed_set,
    check_form,
    check_live_quorum,
)
from contracts.governance.organisations import ROLE, governing, is_majority
from contracts.governance.records import (
    DELAY,
    DONE,
    OPEN,
    VALIDATORS_KEY,
    KeyRecord,
    ProposalRecord,
    Report,
    ValidatorsRecord,
    key_key,
    proposal_key,
)
from contracts.publication.codes import REGION_ASSIGNED
from faults import Rejected
from ledger.limits import VALIDATORS_MAX, WINDOW
from ledger.validators import ValidatorSet
from proto.contracts_pb2 import (
    ApproveValidatorsRequest,
    ProposeValidatorsRequest,
    ValidatorChange,
)
from proto.governance_pb2 import (
    ExecuteRequest,
    PauseChannelRequest,
    ProposeRequest,
    VoteRequest,
)

_CARRYING_OUT = (
    codes.VALIDATOR_EXISTS,
    codes.VALIDATOR_NOT_FOUND,
    codes.VALIDATOR_SET_INVALID,
    codes.POSSESSION_INVALID,
    codes.NO_LIVE_QUORUM,
)
_MOVING = (
    MALFORMED_REQUEST,
    codes.PERMISSION_PROTECTED,
    codes.CONTRACT_VERSION_UNKNOWN,
    codes.CONTRACT_VERSION_OLD,
    codes.CHANGED_MEANWHILE,
    codes.LAST_GOVERNOR,
    codes.LAST_ADMINISTRATOR,
    codes.ORGANISATION_NOT_FOUND,
    codes.ORGANISATION_EXISTS,
    codes.ORGANISATION_ACTIVE,
    codes.ORGANISATION_SUSPENDED,
    codes.ORGANISATION_REMOVED,
    IDENTITY_EXISTS,
    IDENTITY_REVOKED,
    OBJECT_NOT_FOUND,
    ROLES_NOT_SEPARATE,
    NO_CHANNEL,
    CHANNEL_PAUSED,
    CHANNEL_CLOSED,
    codes.CHANNEL_OPEN,
    codes.CHANNEL_EXISTS,
    codes.PEER_DIFFERS,
    codes.CLIENT_NOT_FROZEN,
    NO_VERIFIER,
    codes.PARAMETER_UNKNOWN,
    codes.PARAMETER_BOUNDS,
    REGION_ASSIGNED,
)


class Governance(Contract):
    """Changes of who decides blocks and of all that is decided together, by vote."""

    name = "governance"

    @method(request=ProposeValidatorsRequest, rule=Rule(roles=(ROLE,)), errors=_CARRYING_OUT)
    def propose_validators(self, ctx: Context, request: ProposeValidatorsRequest) -> Result:
        """Propose changes of the set, all or none of them; the proposer approves by proposing.

        Clauses 2.2.1.3.5.
        """
        check_form(request.changes)
        head = ctx.require(ValidatorsRecord, VALIDATORS_KEY)
        proposal = ProposalRecord(
            number=head.proposals + 1,
            changes=tuple(one.SerializeToString(deterministic=True) for one in request.changes),
            reason=text("reason", request.reason),
            height=ctx.height,
            reports=(_report(ctx, request.absent),),
        )
        ctx.store(VALIDATORS_KEY, msgspec.structs.replace(head, proposals=proposal.number))
        ctx.emit(proposal_key(proposal.number), "propose", changes=len(proposal.changes))
        # A change that could not stand today is refused today, not when the last one approves.
        changed_set(ValidatorSet.decode(head.pending), request.changes)
        admissions(ctx, request.changes)
        return _settle(ctx, proposal)

    @method(
        request=ApproveValidatorsRequest,
        rule=Rule(roles=(ROLE,)),
        errors=(codes.PROPOSAL_NOT_FOUND, codes.PROPOSAL_CLOSED, *_CARRYING_OUT),
    )
    def approve_validators(self, ctx: Context, request: ApproveValidatorsRequest) -> Result:
        """Approve a proposal; once more by the same organisation replaces what it saw absent.

        Clauses 2.2.1.3.5.
        """
        key = proposal_key(min(request.proposal, 10**12 - 1))
        proposal = ctx.require(ProposalRecord, key, codes.PROPOSAL_NOT_FOUND)
        if proposal.status != OPEN or ctx.height > proposal.height + WINDOW:
            raise Rejected(codes.PROPOSAL_CLOSED, proposal=proposal.number)
        others = tuple(one for one in proposal.reports if one.org != ctx.signer.org)
        reports = (*others, _report(ctx, request.absent))
        ctx.emit(key, "approve", proposal=proposal.number)
        return _settle(ctx, msgspec.structs.replace(proposal, reports=reports))

    @method(request=ProposeRequest, rule=Rule(roles=(ROLE,)), errors=_MOVING)
    def propose(self, ctx: Context, request: ProposeRequest) -> Result:
        """Move what governance decides: organisations, keys, channels, rules (提案, 2.2.1.3.5)."""
        return motions.propose(ctx, request)

    @method(
        request=VoteRequest,
        rule=Rule(roles=(ROLE,)),
        errors=(codes.MOTION_NOT_FOUND, codes.MOTION_CLOSED, codes.MOTION_EXPIRED),
        saves_failure=lambda request: motions.motion_key(request.motion),
    )
    def vote(self, ctx: Context, request: VoteRequest) -> Result:
        """Vote for or against a motion (表决, 2.2.1.3.5)."""
        return motions.vote(ctx, request)

    @method(
        request=ExecuteRequest,
        rule=Rule(roles=(ROLE,)),
        errors=(
            codes.MOTION_NOT_FOUND,
            codes.MOTION_NOT_ACCEPTED,
            codes.MOTION_CLOSED,
            codes.MOTION_EXPIRED,
            codes.MOTION_TOO_EARLY,
            codes.ACTIVATION_TOO_EARLY,
            *_MOVING,
        ),
        saves_failure=lambda request: motions.motion_key(request.motion),
    )
    def execute(self, ctx: Context, request: ExecuteRequest) -> Result:
        """Carry an accepted motion out (执行, 2.2.1.3.5)."""
        return motions.execute(ctx, request.motion)

    @method(
        request=PauseChannelRequest,
        rule=Rule(roles=("bureau", ROLE)),
        errors=(MALFORMED_REQUEST, NO_CHANNEL, CHANNEL_PAUSED, CHANNEL_CLOSED),
    )
    def pause_channel(self, ctx: Context, request: PauseChannelRequest) -> Result:
        """Stop a channel at once; only a motion resumes it (通道暂停).

        Clauses 2.2.1.3.5, 2.2.1.3.1.
        """
        return channels.pause(ctx, request)


def _report(ctx: Context, absent: Iterable[bytes]) -> Report:
    keys = [public_key("absent", key) for key in absent]
    if len(keys) > VALIDATORS_MAX:
        raise malformed("absent", f"at most {VALIDATORS_MAX}")
    return Report(org=ctx.signer.org, absent=tuple(sorted(dict.fromkeys(keys))))


def _settle(ctx: Context, proposal: ProposalRecord) -> Result:
    """Store the proposal, carried out if more than half of the organisations approve by now."""
    orgs = governing(ctx)
    counted = [one for one in proposal.reports if one.org in orgs]
    done = is_majority((one.org for one in counted), orgs)
    if done:
        absent = [key for one in counted for key in one.absent]
        proposal = _carry_out(ctx, proposal, absent)
    ctx.store(proposal_key(proposal.number), proposal)
    return {
        "proposal": proposal.number,
        "status": proposal.status,
        "approvals": len(counted),
        "organisations": len(orgs),
        "next_height": proposal.next_height,
    }


def _carry_out(ctx: Context, proposal: ProposalRecord, absent: list[bytes]) -> ProposalRecord:
    changes = [ValidatorChange.FromString(raw) for raw in proposal.changes]
    head = ctx.require(ValidatorsRecord, VALIDATORS_KEY)
    after = changed_set(ValidatorSet.decode(head.pending), changes)
    admitted = admissions(ctx, changes)
    check_live_quorum(after, absent)
    height = ctx.height + DELAY
    # A second change in one block joins the first; after that the earlier one is in force by then.
    current = head.current if head.next_height == height else head.pending
    changed = msgspec.structs.replace(
        head,
        current=current,
        pending=after.encode(),
        next_height=height,
        version=head.version + 1,
    )
    ctx.store(VALIDATORS_KEY, changed)
    for one in admitted:
        _admit(ctx, one, height)
    ctx.emit(VALIDATORS_KEY, "change", proposal=proposal.number, height=height)
    return msgspec.structs.replace(proposal, status=DONE, next_height=height)


def _admit(ctx: Context, admission: Admission, height: int) -> None:
    key = key_key(admission.public_key)
    before = ctx.load(KeyRecord, key)
    record = KeyRecord(
        public_key=admission.public_key,
        epoch=before.epoch + 1 if before is not None else 1,
        signing_record=admission.signing_record,
        from_height=height,
    )
    ctx.store(key, record)
