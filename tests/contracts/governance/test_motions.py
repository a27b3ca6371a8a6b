"""Motions: proposed, voted on, executed; every state × action; what they change and may not."""

import pytest

from contracts.findings import RULE_KEY, FindingRule
from contracts.governance.motions import (
    ACCEPTED,
    ACTIONS_MAX,
    EXECUTED,
    OPEN,
    REJECTED,
    TABLE,
    MotionRecord,
    motion_key,
)
from contracts.permission import PermissionRecord, needed, permission_key
from contracts.states import START
from faults import Misuse
from ledger.limits import WINDOW
from proto.contracts_pb2 import RegisterIdentityRequest
from proto.governance_pb2 import (
    ActivateContract,
    ExecuteRequest,
    MotionAction,
    ProposeRequest,
    SetFindingRule,
    SetPermission,
    VoteRequest,
)
from tests.contracts.harness import Chain, key_bytes

GOVERNORS = ("governor", "gov_b", "gov_c")


@pytest.fixture
def chain() -> Chain:
    """Three governing organisations."""
    made = Chain()
    for number, name in enumerate(GOVERNORS[1:]):
        request = RegisterIdentityRequest(
            public_key=key_bytes(name), org=f"org-{name}", roles=["governance"], label="desk"
        )
        made.ok("governor", "identity.register", request, endorsers=GOVERNORS[1 : number + 1])
    return made


def permission(rule: str, *orgs: str, roles: tuple[str, ...] = (), method: str = "bill.lock"):
    contract, name = method.split(".")
    wanted = SetPermission(
        contract=contract, method=name, rule=rule, organisations=orgs, roles=roles
    )
    return MotionAction(set_permission=wanted)


FINDINGS = MotionAction(set_finding_rule=SetFindingRule(submitted="none", proved="none"))


def proposal(*actions: MotionAction, not_before: int = 0) -> ProposeRequest:
    return ProposeRequest(actions=actions or (FINDINGS,), reason="test", not_before=not_before)


def votes(chain: Chain, accept: bool, *who: str, motion: int = 1) -> None:
    for name in who:
        chain.ok(name, "governance.vote", VoteRequest(motion=motion, accept=accept))


def motion(chain: Chain, number: int = 1) -> MotionRecord:
    return chain.load(MotionRecord, motion_key(number))


def changed(chain: Chain, *actions: MotionAction) -> None:
    """Carry the actions out, whatever motion number that takes."""
    result = chain.ok("governor", "governance.propose", proposal(*actions)).result
    number = int(result.split(b'"motion":')[1].split(b",")[0])
    votes(chain, True, "gov_b", motion=number)
    chain.ok("gov_c", "governance.execute", ExecuteRequest(motion=number))


def test_a_motion_is_proposed_accepted_and_executed_by_whoever_governs(chain: Chain) -> None:
    chain.ok("governor", "governance.propose", proposal())
    assert (motion(chain).status, motion(chain).proposer) == (OPEN, "org-governance")
    votes(chain, True, "gov_b")
    assert motion(chain).status == ACCEPTED
    assert chain.load(FindingRule, RULE_KEY).submitted == "error"
    chain.ok("gov_c", "governance.execute", ExecuteRequest(motion=1))
    assert chain.load(FindingRule, RULE_KEY).submitted == "none"
    record = motion(chain)
    assert (record.status, record.executed_height) == (EXECUTED, chain.height)
    chain.check_trace(motion_key(1), record.trace_count, record.trace_head)
    actions = [event.action for event in chain.trace(motion_key(1))]
    assert actions == ["propose", "vote", "accept", "execute"]


def test_one_organisation_is_one_voice_and_may_change_it(chain: Chain) -> None:
    chain.ok("governor", "governance.propose", proposal())
    votes(chain, True, "second_governor")
    assert motion(chain).status == OPEN
    votes(chain, False, "governor")
    assert [(one.org, one.accept) for one in motion(chain).voices] == [("org-governance", False)]
    votes(chain, False, "gov_c")
    assert motion(chain).status == REJECTED


def in_state(chain: Chain, state: str) -> None:
    if state == START:
        return
    chain.ok("governor", "governance.propose", proposal())
    if state == REJECTED:
        votes(chain, False, "gov_b", "gov_c")
    elif state != OPEN:
        votes(chain, True, "gov_b")
        if state == EXECUTED:
            chain.ok("governor", "governance.execute", ExecuteRequest(motion=1))


CALLS = {
    "vote": ("governance.vote", VoteRequest(motion=1, accept=False)),
    "execute": ("governance.execute", ExecuteRequest(motion=1)),
}


@pytest.mark.parametrize("row", [row for row in TABLE.rows() if row[1] in CALLS])
def test_every_state_and_action(chain: Chain, row: tuple[str, str, str, str]) -> None:
    state, action, after, code = row
    in_state(chain, state)
    result = chain.call("gov_c", *CALLS[action])
    assert result.code == (code or "OK")
    if state != START:
        assert motion(chain).status == (after or state)


def test_a_refused_vote_is_in_the_motions_trace(chain: Chain) -> None:
    in_state(chain, REJECTED)
    chain.refused("gov_b", "governance.vote", VoteRequest(motion=1, accept=True), "MOTION_CLOSED")
    last = chain.trace(motion_key(1))[-1]
    assert (last.action, last.code) == ("vote", "MOTION_CLOSED")


def test_not_before_its_height_and_not_for_ever(chain: Chain) -> None:
    chain.ok("governor", "governance.propose", proposal(not_before=chain.height + 10))
    chain.ok("governor", "governance.propose", proposal())
    for number in (1, 2):
        votes(chain, True, "gov_b", motion=number)
    chain.refused("governor", "governance.execute", ExecuteRequest(motion=1), "MOTION_TOO_EARLY")
    chain.height += 10
    chain.ok("governor", "governance.execute", ExecuteRequest(motion=1))
    chain.ok("governor", "governance.propose", proposal())
    chain.height += WINDOW + 1
    chain.refused("gov_b", "governance.vote", VoteRequest(motion=3, accept=True), "MOTION_EXPIRED")
    chain.height += WINDOW
    chain.refused("governor", "governance.execute", ExecuteRequest(motion=2), "MOTION_EXPIRED")


@pytest.mark.parametrize(
    ("actions", "code"),
    [
        ((permission("ANY", method="bill.fly"),), "MALFORMED_REQUEST"),
        ((permission("SOME"),), "MALFORMED_REQUEST"),
        ((permission("0"),), "MALFORMED_REQUEST"),
        ((permission("3/2"),), "MALFORMED_REQUEST"),
        ((permission("3", "a", "b"),), "MALFORMED_REQUEST"),
        ((permission("ANY", "b", "a"),), "MALFORMED_REQUEST"),
        ((permission("ANY", "a", "a"),), "MALFORMED_REQUEST"),
        ((permission("ANY", "no name"),), "MALFORMED_REQUEST"),
        ((permission("ANY", roles=("emperor",)),), "MALFORMED_REQUEST"),
        ((permission("", "a"),), "MALFORMED_REQUEST"),
        ((permission("SELF"),), "MALFORMED_REQUEST"),
        ((permission("ANY", method="governance.vote"),), "PERMISSION_PROTECTED"),
        ((MotionAction(),), "MALFORMED_REQUEST"),
        ((FINDINGS,) * (ACTIONS_MAX + 1), "MALFORMED_REQUEST"),
        (
            (MotionAction(set_finding_rule=SetFindingRule(submitted="bad", proved="none")),),
            "MALFORMED_REQUEST",
        ),
        (
            (MotionAction(activate_contract=ActivateContract(contract="bill", version=9)),),
            "CONTRACT_VERSION_UNKNOWN",
        ),
        (
            (MotionAction(activate_contract=ActivateContract(contract="bill", version=1)),),
            "CONTRACT_VERSION_OLD",
        ),
    ],
)
def test_what_could_not_be_carried_out_is_not_moved(
    chain: Chain, actions: tuple[MotionAction, ...], code: str
) -> None:
    chain.refused("governor", "governance.propose", proposal(*actions), code)
    assert not chain.writes


def test_only_who_governs_moves_votes_and_executes(chain: Chain) -> None:
    in_state(chain, OPEN)
    for name, request in (("governance.propose", proposal()), *CALLS.values()):
        chain.refused("bureau", name, request, "NOT_PERMITTED")
        assert not chain.writes


# ---- permissions in force


def endorsed(chain: Chain, who: str, *endorsers: str) -> str:
    """The code of locking bill 1 with these endorsers."""
    return chain.call(who, "bill.lock", chain.lock(), endorsers=endorsers).code


def test_any_of_organisations_and_roles(chain: Chain) -> None:
    chain.issue(1)
    changed(chain, permission("ANY", "org-agency-b", roles=("agency",)))
    chain.refused("agency_a", "bill.lock", chain.lock(), "NOT_PERMITTED")
    chain.ok("agency_b", "bill.lock", chain.lock())
    key = permission_key("bill", "lock")
    record = chain.load(PermissionRecord, key)
    chain.check_trace(key, record.trace_count, record.trace_head)


def test_forbidden_and_back_to_what_the_method_declares(chain: Chain) -> None:
    chain.issue(1)
    changed(chain, permission("FORBIDDEN"))
    chain.refused("agency_a", "bill.lock", chain.lock(), "NOT_PERMITTED")
    changed(chain, permission(""))
    chain.ok("agency_a", "bill.lock", chain.lock())


@pytest.mark.parametrize(
    ("rule", "enough", "too_few"),
    [
        ("2", ("agency_b",), ()),
        ("ALL", ("agency_b", "bureau"), ("agency_b",)),
        ("MAJORITY", ("bureau",), ()),
        ("2/3", ("bureau",), ()),
        ("3/3", ("agency_b", "bureau"), ("bureau",)),
    ],
)
def test_several_organisations_endorse(
    chain: Chain, rule: str, enough: tuple[str, ...], too_few: tuple[str, ...]
) -> None:
    chain.issue(1)
    changed(chain, permission(rule, "org-agency-a", "org-agency-b", "org-bureau"))
    assert endorsed(chain, "agency_a", *too_few) == "ENDORSEMENTS_MISSING"
    assert endorsed(chain, "agency_a", *too_few, "insurer") == "ENDORSEMENTS_MISSING"
    assert not chain.writes
    assert endorsed(chain, "agency_a", *enough) == "OK"


def test_two_keys_of_one_organisation_are_one_voice(chain: Chain) -> None:
    chain.issue(1)
    changed(chain, permission("2", "org-agency-a", "org-bureau", "org-governance"))
    assert endorsed(chain, "governor", "second_governor") == "ENDORSEMENTS_MISSING"


def test_roles_of_endorsers_count_and_strangers_spoil_it(chain: Chain) -> None:
    chain.issue(1)
    changed(chain, permission("2", "org-agency-a", "org-bureau", roles=("agency", "custodian")))
    assert endorsed(chain, "agency_a", "bureau") == "ENDORSEMENTS_MISSING"
    assert endorsed(chain, "agency_a", "custodian", "nobody") == "UNKNOWN_IDENTITY"
    assert endorsed(chain, "agency_a", "custodian") == "OK"


def test_without_organisations_those_that_govern_count(chain: Chain) -> None:
    chain.issue(1)
    changed(chain, permission("MAJORITY"))
    assert endorsed(chain, "agency_a", "governor") == "ENDORSEMENTS_MISSING"
    assert endorsed(chain, "agency_a", "governor", "gov_b") == "OK"


def test_self_is_for_ones_own_organisation(chain: Chain) -> None:
    changed(chain, permission("SELF", method="identity.register"))
    for org, code in (("org-bureau", "NOT_PERMITTED"), ("org-hospital", "OK")):
        request = RegisterIdentityRequest(
            public_key=key_bytes(f"new-{org}"), org=org, roles=["hospital"], label="desk"
        )
        assert chain.call("hospital", "identity.register", request).code == code


def test_how_many_of_how_many() -> None:
    assert [needed(rule, 4) for rule in ("ALL", "MAJORITY", "1/2", "2/3", "3/4", "4", "7")] == [
        4,
        3,
        2,
        3,
        3,
        4,
        7,
    ]
    with pytest.raises(Misuse):
        needed("ANY", 4)
