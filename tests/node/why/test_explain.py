"""Every branch of `explain`, as a table: facts in, codes out, most important first."""

from dataclasses import replace

import pytest

from faults import Code
from node.why import codes
from node.why.codes import Severity, rank_of, severity_of
from node.why.explain import explain, is_well, verdict
from node.why.facts import (
    DivergenceFacts,
    Facts,
    PoolFacts,
    Position,
    Stopped,
    ValidatorFacts,
)

MIB = 1024 * 1024


def validator(name: str, **fields) -> ValidatorFacts:
    usual = {"connected": True, "heard_ms": 300, "position": Position(8, 0, "PROPOSE", True)}
    return ValidatorFacts(label=name, key_id=name, power=1, **{**usual, **fields})


ME, B, C, D = (
    validator("a", own=True, heard_ms=0),
    validator("b"),
    validator("c"),
    validator("d"),
)
FOUR = (ME, B, C, D)
IDLE = Facts(
    committed=7,
    round=0,
    step="PROPOSE",
    waiting=True,
    proposer="b",
    has_proposal=False,
    late_proposal=False,
    refusal="",
    validators=FOUR,
    quorum=3,
    block_age_ms=4_000,
    interval_ms=15_000,
    patience_ms=6_000,
    clock_drift_ms=5_000,
    target=7,
    target_from="b",
    disk_free_bytes=50 * 1024 * MIB,
)
BUSY = replace(IDLE, waiting=False, pool=PoolFacts(count=1, oldest="ab", oldest_ms=500))
STUCK = replace(BUSY, block_age_ms=60_000, pool=PoolFacts(count=1, oldest="ab", oldest_ms=20_000))
GONE = {"connected": False, "heard_ms": 42_000, "detail": "no answer in time"}
DIFFERS = DivergenceFacts(
    height=8,
    side="here",
    validator="b",
    part="state_root",
    expected="aa",
    got="bb",
    key="bill/1-1",
    keys=1,
    agreeing=("b", "c", "d"),
    compared=True,
)


def four(**changes: dict[str, object]) -> tuple[ValidatorFacts, ...]:
    return tuple(replace(one, **changes.get(one.label, {})) for one in FOUR)


def voted(step: str, **votes: str) -> Facts:
    field = step.lower()
    changed = {name: {field: vote} for name, vote in votes.items()}
    return replace(STUCK, step=step, has_proposal=True, validators=four(**changed))


TABLE = [
    (IDLE, "idle", ["IDLE"]),
    (BUSY, "healthy", ["WORKING"]),
    (replace(BUSY, round=2), "healthy", ["ROUND_REPEATED", "WORKING"]),
    (replace(IDLE, validators=(B, C, D)), "idle", ["OBSERVER", "IDLE"]),
    # this node
    (replace(IDLE, fault="fsync failed"), "halted", ["NODE_STOPPING"]),
    (replace(IDLE, disk_free_bytes=10 * MIB), "degraded", ["DISK_FULL", "IDLE"]),
    (replace(IDLE, disk_free_bytes=500 * MIB), "degraded", ["DISK_LOW", "IDLE"]),
    (replace(IDLE, disk_free_bytes=None), "idle", ["IDLE"]),
    (replace(IDLE, not_signing="the log was lost"), "degraded", ["NOT_SIGNING", "IDLE"]),
    (
        replace(IDLE, stopped=Stopped(kind="StorageFault", reason="x", ago_ms=60_000)),
        "degraded",
        ["STOPPED_BEFORE", "IDLE"],
    ),
    (replace(IDLE, double_votes=1), "degraded", ["DOUBLE_SIGNED", "IDLE"]),
    (replace(IDLE, strangers=(("PEER_UNKNOWN", 3),)), "degraded", ["STRANGER", "IDLE"]),
    # whose results differ
    (replace(BUSY, divergences=(DIFFERS,)), "halted", ["STATE_DIFFERS_HERE"]),
    (
        replace(BUSY, divergences=(replace(DIFFERS, side="there"),)),
        "degraded",
        ["STATE_DIFFERS_THERE", "WORKING"],
    ),
    (
        replace(BUSY, divergences=(replace(DIFFERS, side="unclear"),)),
        "halted",
        ["STATE_DIFFERS_UNCLEAR"],
    ),
    # the refusal is the divergence, already told
    (
        replace(BUSY, refusal="its state_root differs", divergences=(DIFFERS,)),
        "halted",
        ["STATE_DIFFERS_HERE"],
    ),
    (
        replace(BUSY, refusal="its proposer is no validator"),
        "degraded",
        ["PROPOSAL_REFUSED", "WORKING"],
    ),
    (replace(BUSY, late_proposal=True), "degraded", ["PROPOSAL_LATE", "WORKING"]),
    # others
    (
        replace(IDLE, validators=four(d=GONE)),
        "degraded",
        ["VALIDATOR_UNREACHABLE", "IDLE"],
    ),
    (
        replace(IDLE, validators=four(d={**GONE, "trouble": "PEER_HANDSHAKE"})),
        "degraded",
        ["VALIDATOR_REFUSED", "IDLE"],
    ),
    (
        replace(IDLE, validators=four(d={"heard_ms": 9_000})),
        "degraded",
        ["VALIDATOR_SILENT", "IDLE"],
    ),
    (
        replace(IDLE, validators=four(d={"position": Position(6, 0, "PROPOSE", True)})),
        "degraded",
        ["VALIDATOR_BEHIND", "IDLE"],
    ),
    (
        replace(IDLE, validators=four(d={"position": Position(8, 0, "PROPOSE", False)})),
        "degraded",
        ["VALIDATOR_NOT_SIGNING", "IDLE"],
    ),
    (replace(IDLE, validators=four(d={"position": None})), "idle", ["IDLE"]),
    # quorum: said at once, before any block is late
    (
        replace(IDLE, validators=four(c=GONE, d=GONE)),
        "halted",
        ["NO_QUORUM", "VALIDATOR_UNREACHABLE", "VALIDATOR_UNREACHABLE"],
    ),
    (
        replace(IDLE, validators=four(c={"heard_ms": 9_000}, d=GONE)),
        "halted",
        ["NO_QUORUM", "VALIDATOR_UNREACHABLE", "VALIDATOR_SILENT"],
    ),
    (
        replace(IDLE, validators=four(b=GONE, c=GONE, d=GONE)),
        "halted",
        ["ISOLATED", "NO_QUORUM", *["VALIDATOR_UNREACHABLE"] * 3],
    ),
    (replace(IDLE, validators=(ME,), quorum=1), "idle", ["IDLE"]),
    # catching up
    (replace(IDLE, target=9), "degraded", ["CATCHING_UP", "IDLE"]),
    (replace(IDLE, target=8), "idle", ["IDLE"]),
    (replace(STUCK, target=90), "degraded", ["CATCHING_UP", "WORKING"]),
    # a block is late: who is waited for
    (STUCK, "halted", ["PROPOSAL_MISSING"]),
    (voted("PREVOTE", a="f0", b="f0"), "halted", ["PREVOTES_MISSING"]),
    (voted("PREVOTE", a="nil", b="nil", c="nil", d="nil"), "halted", ["PREVOTES_MISSING"]),
    (voted("PRECOMMIT", a="f0", b="nil", c="f0"), "halted", ["PRECOMMITS_MISSING"]),
    (voted("PREVOTE", a="f0", b="f0", c="f0", d="f0"), "halted", ["BLOCK_OVERDUE"]),
    (replace(IDLE, block_age_ms=60_000), "halted", ["BLOCK_OVERDUE"]),
    (replace(IDLE, block_age_ms=16_000), "idle", ["IDLE"]),
    # an old transaction alone is no late block
    (replace(STUCK, block_age_ms=900), "healthy", ["WORKING"]),
    # clocks: half of the drift, less what the measurement may be wrong by
    (replace(IDLE, validators=four(d={"offset_ms": 2_500})), "idle", ["IDLE"]),
    (replace(IDLE, validators=four(d={"offset_ms": 2_501})), "degraded", ["CLOCK_PEER", "IDLE"]),
    (
        replace(IDLE, validators=four(d={"offset_ms": 2_600, "error_ms": 200})),
        "idle",
        ["IDLE"],
    ),
    (
        replace(
            IDLE,
            validators=four(b={"offset_ms": 0}, c={"offset_ms": 1}, d={"offset_ms": -60_000}),
        ),
        "degraded",
        ["CLOCK_PEER", "IDLE"],
    ),
    (
        replace(
            IDLE,
            validators=four(b={"offset_ms": 9_000}, c={"offset_ms": 9_001}, d={"offset_ms": 3}),
        ),
        "degraded",
        ["CLOCK_OWN", "IDLE"],
    ),
    # opposite directions blame both of them, not us
    (
        replace(IDLE, validators=four(b={"offset_ms": 9_000}, c={"offset_ms": -9_000})),
        "degraded",
        ["CLOCK_PEER", "CLOCK_PEER", "IDLE"],
    ),
    # transactions
    (
        replace(IDLE, quarantined=("ab", "cd")),
        "degraded",
        ["QUARANTINED", "IDLE"],
    ),
    (replace(BUSY, suspects=4), "degraded", ["SEARCHING", "WORKING"]),
    (
        replace(BUSY, pool=PoolFacts(count=90, limit=100, oldest="ab")),
        "degraded",
        ["POOL_NEARLY_FULL", "WORKING"],
    ),
    (
        replace(BUSY, pool=PoolFacts(count=1, oldest="ab", oldest_ms=9, too_large=True)),
        "degraded",
        ["TRANSACTION_TOO_LARGE", "WORKING"],
    ),
    (
        replace(BUSY, pool=PoolFacts(count=9, oldest="ab", oldest_ms=30_000, blocks=5, ahead=3)),
        "degraded",
        ["TRANSACTION_LEFT_OUT", "WORKING"],
    ),
    (
        replace(BUSY, pool=PoolFacts(count=9, oldest="ab", oldest_ms=30_000, blocks=5)),
        "degraded",
        ["TRANSACTION_NOT_TAKEN", "WORKING"],
    ),
    (
        replace(BUSY, pool=PoolFacts(count=9, oldest="ab", oldest_ms=30_000, blocks=2)),
        "healthy",
        ["WORKING"],
    ),
]


@pytest.mark.parametrize(("facts", "word", "expected"), TABLE)
def test_facts_give_these_reasons_in_this_order(facts, word, expected):
    reasons = explain(facts)
    assert [reason.code for reason in reasons] == [f"WHY_{name}" for name in expected]
    assert verdict(reasons) == word
    assert is_well(reasons) == (word in ("idle", "healthy"))
    for reason in reasons:
        assert "{" not in reason.zh + reason.en


def test_every_reason_is_in_the_table():
    declared = {code.name for code in vars(codes).values() if isinstance(code, Code)}
    assert {f"WHY_{name}" for _, _, expected in TABLE for name in expected} == declared


def test_codes_that_stop_come_before_those_that_do_not():
    declared = [code for code in vars(codes).values() if isinstance(code, Code)]
    info = min(rank_of(code) for code in declared if severity_of(code) is Severity.INFO)
    assert all(rank_of(code) < info for code in declared if severity_of(code) is not Severity.INFO)


def test_the_sentence_about_a_missing_quorum_names_who_and_how_much():
    (reason, *_) = explain(replace(IDLE, validators=four(c=GONE, d=GONE)))
    assert reason.fields == {"missing": "c, d", "present": "2", "total": "4", "need": "3"}
    assert "c, d" in reason.en
    assert "2 of 4 power, need 3" in reason.en
    assert "2/4" in reason.zh


def test_a_vote_that_is_missing_or_for_no_block_is_named():
    (reason,) = explain(voted("PRECOMMIT", a="f0", b="nil", c="f0"))
    assert (reason.fields["validators"], reason.fields["nil"]) == ("d", "b")


def test_clocks_are_told_with_their_sign():
    (ours, _) = explain(
        replace(IDLE, validators=four(b={"offset_ms": 9000}, c={"offset_ms": 9000}))
    )
    assert ours.fields["offset_ms"] == "-9000"
    (theirs, _) = explain(replace(IDLE, validators=four(d={"offset_ms": -9000})))
    assert (theirs.fields["validator"], theirs.fields["offset_ms"]) == ("d", "-9000")


def test_what_is_known_of_the_key_is_told():
    def told(**changes: object) -> str:
        differs = replace(DIFFERS, **changes)
        return explain(replace(BUSY, divergences=(differs,)))[0].fields["key"]

    assert told() == "bill/1-1"
    assert told(keys=3) == "bill/1-1 (1/3)"
    assert told(key="").startswith("none of those written")
    assert told(key="", compared=False).startswith("not known")


def test_idle_says_when_the_next_block_comes():
    (reason,) = explain(IDLE)
    assert reason.fields == {"seconds": "11", "age_s": "4", "height": "7"}
