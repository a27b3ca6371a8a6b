"""From facts to reasons. Pure: no clock, no I/O; every branch is in a table of the tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faults import Code
from node.why import codes
from node.why.codes import Severity, rank_of, severity_of
from node.why.facts import DivergenceFacts, Facts, ValidatorFacts

MIB = 1024 * 1024
DISK_FULL_BYTES = 64 * MIB
DISK_LOW_BYTES = 1024 * MIB
WAIT_FACTOR = 3
"""A transaction may wait this many times longer than a block before it is worth a word."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One answer to why: a stable code, a sentence in each language, what it is about."""

    code: str
    severity: Severity
    zh: str
    en: str
    fields: dict[str, str]


def explain(facts: Facts) -> list[Reason]:
    """All reasons that hold, most important first; at least one."""
    found = [*_here(facts), *_agreement(facts), *_others(facts), *_transactions(facts)]
    found += _well(facts, found)
    return sorted(found, key=lambda reason: _ranks[reason.code])


def verdict(reasons: Sequence[Reason]) -> str:
    """In one word: "halted", "degraded", "idle" or "healthy"."""
    severities = {reason.severity for reason in reasons}
    if Severity.STOPS in severities:
        return "halted"
    if Severity.WARNING in severities:
        return "degraded"
    idle = any(reason.code == codes.IDLE.name for reason in reasons)
    return "idle" if idle else "healthy"


def is_well(reasons: Sequence[Reason]) -> bool:
    """Whether nobody has to do anything."""
    return verdict(reasons) in ("idle", "healthy")


_ranks = {code.name: rank_of(code) for code in vars(codes).values() if isinstance(code, Code)}


def _reason(code: Code, **fields: str | int) -> Reason:
    shown = {name: str(value) for name, value in fields.items()}
    zh, en = code.zh.format_map(shown), code.en.format_map(shown)
    return Reason(code.name, severity_of(code), zh, en, shown)


def _names(labels: Sequence[str]) -> str:
    return ", ".join(labels) if labels else "-"


# ---- this node


def _here(facts: Facts) -> Iterator[Reason]:
    if facts.fault:
        yield _reason(codes.NODE_STOPPING, reason=facts.fault)
    if facts.disk_free_bytes is not None and facts.disk_free_bytes < DISK_LOW_BYTES:
        full = facts.disk_free_bytes < DISK_FULL_BYTES
        code = codes.DISK_FULL if full else codes.DISK_LOW
        yield _reason(code, free_mib=facts.disk_free_bytes // MIB)
    if facts.not_signing:
        yield _reason(codes.NOT_SIGNING, reason=facts.not_signing)
    if not any(one.own for one in facts.validators):
        yield _reason(codes.OBSERVER)
    if facts.stopped is not None:
        stopped = facts.stopped
        ago = _long(stopped.ago_ms)
        yield _reason(codes.STOPPED_BEFORE, kind=stopped.kind, reason=stopped.reason, ago=ago)
    if facts.double_votes:
        yield _reason(codes.DOUBLE_SIGNED, count=facts.double_votes)
    for fault, count in facts.strangers:
        window = facts.strangers_window_ms // 1000
        yield _reason(codes.STRANGER, fault=fault, count=count, window_s=window)
    for one in facts.divergences:
        yield _divergence(one)


def _divergence(one: DivergenceFacts) -> Reason:
    code = {
        "here": codes.STATE_DIFFERS_HERE,
        "there": codes.STATE_DIFFERS_THERE,
        "unclear": codes.STATE_DIFFERS_UNCLEAR,
    }[one.side]
    if one.key:
        key = one.key if one.keys < 2 else f"{one.key} (1/{one.keys})"
    elif one.compared:
        key = "none of those written: the states before this block differ already"
    else:
        key = "not known (the other node has not answered)"
    return _reason(
        code,
        height=one.height,
        validator=one.validator,
        part=one.part,
        expected=one.expected,
        got=one.got,
        key=key,
        agreeing=_names(one.agreeing or (one.validator,)),
    )


# ---- agreement


def _agreement(facts: Facts) -> Iterator[Reason]:
    others = [one for one in facts.validators if not one.own]
    if others and not any(one.connected for one in others):
        yield _reason(codes.ISOLATED)
    quorum = list(_quorum(facts))
    yield from quorum
    behind = facts.target - facts.committed
    if behind >= 2:
        yield _reason(
            codes.CATCHING_UP,
            height=facts.committed,
            target=facts.target,
            validator=facts.target_from,
        )
    if facts.refusal and not any(one.height == facts.height for one in facts.divergences):
        yield _reason(
            codes.PROPOSAL_REFUSED,
            height=facts.height,
            validator=facts.proposer,
            reason=facts.refusal,
        )
    if facts.late_proposal:
        yield _reason(
            codes.PROPOSAL_LATE, height=facts.height, round=facts.round, validator=facts.proposer
        )
    if facts.overdue_ms and behind < 2:
        yield _who_is_waited_for(facts, explained=bool(quorum))
    elif facts.round > 0:
        yield _reason(
            codes.ROUND_REPEATED, height=facts.height, round=facts.round, validator=facts.proposer
        )


def _quorum(facts: Facts) -> Iterator[Reason]:
    missing = [one.label for one in facts.validators if not one.usable]
    present = sum(one.power for one in facts.validators if one.usable)
    if present < facts.quorum:
        yield _reason(
            codes.NO_QUORUM,
            missing=_names(missing),
            present=present,
            total=sum(one.power for one in facts.validators),
            need=facts.quorum,
        )


def _who_is_waited_for(facts: Facts, *, explained: bool) -> Reason:
    overdue: dict[str, str | int] = {
        "height": facts.height,
        "round": facts.round,
        "overdue_s": facts.overdue_ms // 1000,
    }
    if not facts.waiting and facts.step == "PROPOSE" and not facts.has_proposal:
        return _reason(codes.PROPOSAL_MISSING, validator=facts.proposer, **overdue)
    votes = {one.label: one.prevote for one in facts.validators}
    code = codes.PREVOTES_MISSING
    if facts.step == "PRECOMMIT":
        votes = {one.label: one.precommit for one in facts.validators}
        code = codes.PRECOMMITS_MISSING
    absent = [label for label, vote in votes.items() if not vote]
    nil = [label for label, vote in votes.items() if vote == "nil"]
    if facts.waiting or not (absent or nil or explained):
        return _reason(codes.BLOCK_OVERDUE, **overdue)
    return _reason(code, validators=_names(absent), nil=_names(nil), **overdue)


# ---- other validators


def _others(facts: Facts) -> Iterator[Reason]:
    for one in facts.validators:
        if not one.own:
            yield from _other(facts, one)
    yield from _clocks(facts)


def _other(facts: Facts, one: ValidatorFacts) -> Iterator[Reason]:
    if not one.connected and one.trouble:
        detail = one.detail or "-"
        yield _reason(
            codes.VALIDATOR_REFUSED, validator=one.label, fault=one.trouble, detail=detail
        )
    elif not one.connected:
        heard = "never" if one.heard_ms is None else f"{_long(one.heard_ms)} ago"
        detail = one.detail or "not connected"
        yield _reason(
            codes.VALIDATOR_UNREACHABLE, validator=one.label, detail=detail, last_heard=heard
        )
    elif one.silent:
        silent = (one.heard_ms or 0) // 1000
        yield _reason(codes.VALIDATOR_SILENT, validator=one.label, silent_s=silent)
    elif one.position is not None:
        if not one.position.signs:
            yield _reason(codes.VALIDATOR_NOT_SIGNING, validator=one.label)
        if one.position.height + 2 <= facts.height:
            yield _reason(
                codes.VALIDATOR_BEHIND,
                validator=one.label,
                height=one.position.height - 1,
                here=facts.committed,
            )


def _clocks(facts: Facts) -> Iterator[Reason]:
    """Offsets that are certainly above half of what the chain allows."""
    measured = [one for one in facts.validators if one.offset_ms is not None and not one.own]
    limit = facts.clock_drift_ms // 2
    off = [one for one in measured if abs(one.offset_ms or 0) - one.error_ms > limit]
    for sign in (1, -1):
        same = sorted(sign * (one.offset_ms or 0) for one in off if (one.offset_ms or 0) * sign > 0)
        if len(measured) >= 2 and 2 * len(same) > len(measured):
            # Everybody else is off in the same direction: it is us.
            ours = -sign * same[len(same) // 2]
            yield _reason(codes.CLOCK_OWN, offset_ms=f"{ours:+d}", drift_ms=facts.clock_drift_ms)
            return
    for one in off:
        yield _reason(
            codes.CLOCK_PEER,
            validator=one.label,
            offset_ms=f"{one.offset_ms:+d}",
            drift_ms=facts.clock_drift_ms,
        )


# ---- transactions


def _transactions(facts: Facts) -> Iterator[Reason]:
    pool = facts.pool
    if facts.quarantined:
        transactions = _names(facts.quarantined[:5])
        yield _reason(codes.QUARANTINED, count=len(facts.quarantined), transactions=transactions)
    if facts.suspects:
        yield _reason(codes.SEARCHING, count=facts.suspects)
    if 10 * pool.count >= 9 * pool.limit:
        yield _reason(codes.POOL_NEARLY_FULL, pool=pool.count, limit=pool.limit)
    if not pool.oldest:
        return
    about: dict[str, str | int] = {"transaction": pool.oldest, "waited_s": pool.oldest_ms // 1000}
    if pool.too_large:
        yield _reason(codes.TRANSACTION_TOO_LARGE, **about)
    elif pool.blocks >= WAIT_FACTOR and pool.oldest_ms > WAIT_FACTOR * facts.patience_ms:
        if pool.ahead:
            rest: dict[str, str | int] = {
                "ahead": pool.ahead,
                "pool": pool.count,
                "per_block": pool.per_block,
            }
            yield _reason(codes.TRANSACTION_LEFT_OUT, **about, **rest)
        else:
            yield _reason(codes.TRANSACTION_NOT_TAKEN, **about, blocks=pool.blocks)


# ---- nothing wrong


def _well(facts: Facts, found: Sequence[Reason]) -> list[Reason]:
    """What the chain is doing, unless it does nothing."""
    if any(reason.severity is Severity.STOPS for reason in found):
        return []
    age = facts.block_age_ms // 1000
    if facts.waiting and not facts.pool.count:
        seconds = max(0, facts.interval_ms - facts.block_age_ms) // 1000
        return [_reason(codes.IDLE, seconds=seconds, age_s=age, height=facts.committed)]
    return [_reason(codes.WORKING, height=facts.height, age_s=age)]


def _long(ms: int) -> str:
    seconds = ms // 1000
    if seconds < 120:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"
