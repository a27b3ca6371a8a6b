"""Motions (提案): what governance decides, by vote.

A motion is proposed, voted for by organisations (one voice each, which may change while it is
open), accepted or rejected by more than half of those that govern, and executed once, at its height
or later. What it wants is tried when it is proposed and again when it is executed.

Votes are counted by who governs at the moment of counting: with each vote, and once more when the
motion is executed. A voice of an organisation that is suspended or removed by then counts nothing;
one that lets an open motion pass because others left does.
"""

from collections.abc import Iterable

from contracts.fields import malformed, text
from contracts.framework import Context, Result
from contracts.governance import codes
from contracts.governance.actions import carry_out, rehearse
from contracts.governance.organisations import governing, is_majority
from contracts.parameters import parameters
from contracts.states import START, StateTable
from contracts.trace import Traced, traced_as
from faults import Rejected
from ledger.records import Record
from proto.governance_pb2 import MotionAction, ProposeRequest, VoteRequest

ACTIONS_MAX = 50
MOTION_MAX = 10**12 - 1
MOTIONS_KEY = "governance/motions"

OPEN, ACCEPTED, REJECTED, EXECUTED = "open", "accepted", "rejected", "executed"

TABLE = StateTable(
    name="motion",
    states=(OPEN, ACCEPTED, REJECTED, EXECUTED),
    actions=("propose", "vote", "accept", "reject", "execute"),
    moves={
        (START, "propose"): OPEN,
        (OPEN, "vote"): OPEN,
        (OPEN, "accept"): ACCEPTED,
        (OPEN, "reject"): REJECTED,
        (ACCEPTED, "execute"): EXECUTED,
    },
    refusals={
        (START, "vote"): codes.MOTION_NOT_FOUND,
        (START, "execute"): codes.MOTION_NOT_FOUND,
        (OPEN, "execute"): codes.MOTION_NOT_ACCEPTED,
    },
    otherwise=codes.MOTION_CLOSED,
)


class Voice(Record, frozen=True, kw_only=True):
    """One organisation's vote."""

    org: str
    accept: bool


@traced_as("motion")
class MotionRecord(Traced, frozen=True, kw_only=True):
    """A motion's leaf; `actions` are MotionAction messages as proposed."""

    number: int
    actions: tuple[bytes, ...]
    reason: str
    proposer: str  # organisation
    height: int
    not_before: int
    voices: tuple[Voice, ...]
    status: str = OPEN
    executed_height: int = 0


class MotionsRecord(Record, frozen=True, kw_only=True):
    """How many motions were ever made."""

    count: int


def motion_key(number: int) -> str:
    """State key of a motion."""
    return f"motion/{min(number, MOTION_MAX):012d}"


def propose(ctx: Context, request: ProposeRequest) -> Result:
    """Make a motion; proposing it is the proposer's vote for it."""
    if not 1 <= len(request.actions) <= ACTIONS_MAX:
        raise malformed("actions", f"1 to {ACTIONS_MAX} expected")
    lifetime = parameters(ctx).motion_blocks
    if request.not_before > ctx.height + lifetime:
        raise malformed("not_before", f"more than {lifetime} blocks ahead")
    rehearse(ctx, request.actions)
    before = ctx.load(MotionsRecord, MOTIONS_KEY)
    number = 1 + (before.count if before else 0)
    ctx.store(MOTIONS_KEY, MotionsRecord(count=number))
    motion = MotionRecord(
        number=number,
        actions=tuple(one.SerializeToString(deterministic=True) for one in request.actions),
        reason=text("reason", request.reason, required=True),
        proposer=ctx.signer.org,
        height=ctx.height,
        not_before=request.not_before,
        voices=(Voice(org=ctx.signer.org, accept=True),),
        status=TABLE.move(START, "propose", motion=number),
    )
    key = motion_key(number)
    ctx.store(key, motion)
    ctx.emit(key, "propose", actions=len(motion.actions))
    return _count(ctx, motion)


def vote(ctx: Context, request: VoteRequest) -> Result:
    """Vote for or against a motion; an organisation's later vote replaces its earlier one."""
    key = motion_key(request.motion)
    motion = ctx.require(MotionRecord, key, codes.MOTION_NOT_FOUND)
    TABLE.move(motion.status, "vote", motion=motion.number)
    _check_age(ctx, motion, 1)
    others = tuple(one for one in motion.voices if one.org != ctx.signer.org)
    voices = (*others, Voice(org=ctx.signer.org, accept=request.accept))
    ctx.store(key, motion.changed(voices=tuple(sorted(voices, key=lambda one: one.org))))
    ctx.emit(key, "vote", accept=int(request.accept), reason=text("reason", request.reason))
    return _count(ctx, ctx.require(MotionRecord, key))


def execute(ctx: Context, number: int) -> Result:
    """Carry an accepted motion out, all of it or nothing."""
    key = motion_key(number)
    motion = ctx.require(MotionRecord, key, codes.MOTION_NOT_FOUND)
    if motion.status == OPEN:
        # Enough of those that didn't vote may have left since the last vote.
        _check_age(ctx, motion, 1)
        _count(ctx, motion)
        motion = ctx.require(MotionRecord, key)
    status = TABLE.move(motion.status, "execute", motion=motion.number)
    orgs = governing(ctx)
    if not is_majority(_orgs(motion.voices, True), orgs):
        raise Rejected(codes.MOTION_NOT_ACCEPTED, motion=motion.number, organisations=len(orgs))
    if ctx.height < motion.not_before:
        raise Rejected(codes.MOTION_TOO_EARLY, motion=motion.number, height=motion.not_before)
    _check_age(ctx, motion, 2)
    for raw in motion.actions:
        carry_out(ctx, MotionAction.FromString(raw))
    ctx.store(key, motion.changed(status=status, executed_height=ctx.height))
    ctx.emit(key, "execute", actions=len(motion.actions))
    return {"motion": motion.number, "status": status}


def _check_age(ctx: Context, motion: MotionRecord, lifetimes: int) -> None:
    """A motion is voted on for one lifetime from its proposal, and executed within two."""
    if ctx.height > motion.height + lifetimes * parameters(ctx).motion_blocks:
        raise Rejected(codes.MOTION_EXPIRED, motion=motion.number, height=motion.height)


def _count(ctx: Context, motion: MotionRecord) -> Result:
    orgs = governing(ctx)
    for verb, wanted in (("accept", True), ("reject", False)):
        if is_majority(_orgs(motion.voices, wanted), orgs):
            status = TABLE.move(motion.status, verb, motion=motion.number)
            key = motion_key(motion.number)
            motion = ctx.require(MotionRecord, key).changed(status=status)
            ctx.store(key, motion)
            ctx.emit(key, verb, motion=motion.number)
            break
    return {
        "motion": motion.number,
        "status": motion.status,
        "accept": sum(org in orgs for org in _orgs(motion.voices, True)),
        "reject": sum(org in orgs for org in _orgs(motion.voices, False)),
        "organisations": len(orgs),
    }


def _orgs(voices: Iterable[Voice], accept: bool) -> list[str]:
    return [one.org for one in voices if one.accept is accept]
