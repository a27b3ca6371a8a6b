"""Which chain speaks for a region: governance's word, a proof, or only what was collected."""

from typing import Any

import pytest

from contracts.framework import Context, Identity
from contracts.policy.records import policy_in_force
from contracts.publication.region import (
    ASSIGNED,
    PROVED,
    PUBLISHED,
    SHARED_HERE,
    SUBMITTED,
    RegionHome,
    claim_region,
    region_key,
)
from contracts.state_view import StateView
from crypto.suites import suite
from faults import Rejected
from ledger.records import encode
from proto import policy_pb2 as pb
from proto.region_pb2 import AssignRegionRequest
from tests.contracts.governance.council import action, council, decide, not_moved
from tests.contracts.harness import FINANCE, PEOPLE, Chain, key_bytes
from tests.contracts.regions import HOME_REGION, assign, policy

KEY = region_key(HOME_REGION)
OTHER = "yl-other"


def request(**changes: Any) -> AssignRegionRequest:
    given = {"region": HOME_REGION, "home_chain": FINANCE, "reason": "区划归属"}
    return AssignRegionRequest(**{**given, **changes})


def test_governance_assigns_a_region_and_may_correct_it() -> None:
    chain = Chain()
    chain.ok("governor", "region.assign", request())
    chain.refused("governor", "region.assign", request(), "REGION_ASSIGNED")
    assert chain.trace(KEY)[-1].code == "REGION_ASSIGNED"
    chain.ok("governor", "region.assign", request(home_chain=OTHER))
    record = chain.load(RegionHome, KEY)
    assert (record.home_chain, record.basis) == (OTHER, ASSIGNED)
    chain.check_trace(KEY, record.trace_count, record.trace_head)


def test_only_governance_assigns() -> None:
    chain = Chain()
    for who, (_, roles) in PEOPLE.items():
        if "governance" not in roles:
            chain.refused(who, "region.assign", request(), "NOT_PERMITTED")
            assert not chain.writes


def test_where_several_govern_one_signature_assigns_nothing() -> None:
    chain = council(Chain())
    chain.refused("governor", "region.assign", request(), "MAJORITY_NEEDED")
    assert not chain.writes
    same_org = ("second_governor", "bureau")
    result = chain.call("governor", "region.assign", request(), same_org)
    assert result.code == "MAJORITY_NEEDED"
    chain.ok("governor", "region.assign", request(), endorsers=["gov_c"])
    decide(chain, action(assign_region=request(home_chain=OTHER)))
    record = chain.load(RegionHome, KEY)
    assert (record.home_chain, record.basis) == (OTHER, ASSIGNED)
    chain.refused("gov_b", "region.assign", request(), "MAJORITY_NEEDED")
    assert chain.trace(KEY)[-1].code == "MAJORITY_NEEDED"
    for wrong in ({"region": "46"}, {"home_chain": "a/b"}, {"reason": ""}):
        not_moved(chain, "MALFORMED_REQUEST", action(assign_region=request(**wrong)))
    not_moved(chain, "REGION_ASSIGNED", action(assign_region=request(home_chain=OTHER)))


@pytest.mark.parametrize(
    "changes",
    [{"region": "46"}, {"home_chain": ""}, {"home_chain": "a/b"}, {"reason": ""}],
)
def test_an_assignment_is_well_formed(changes: dict[str, str]) -> None:
    chain = Chain()
    chain.refused("governor", "region.assign", request(**changes), "MALFORMED_REQUEST")
    assert not chain.writes


def test_a_mistyped_region_is_not_published() -> None:
    chain = Chain()
    publish = pb.PublishPolicyRequest(policy=policy())
    chain.refused("bureau", "policy.publish", publish, "REGION_NOT_ASSIGNED")
    assert not chain.writes
    assign(chain, HOME_REGION, OTHER)
    chain.refused("bureau", "policy.publish", publish, "REGION_OTHER_HOME")
    assert not chain.writes


def test_what_another_home_said_counts_no_more_once_a_region_is_assigned_anew() -> None:
    chain = Chain()
    assign(chain, HOME_REGION, chain.chain_id)
    chain.ok("bureau", "policy.publish", pb.PublishPolicyRequest(policy=policy()))
    assert policy_in_force(StateView(chain), HOME_REGION, "310", "20240816") is not None
    assign(chain, HOME_REGION, OTHER)
    assert policy_in_force(StateView(chain), HOME_REGION, "310", "20240816") is None


# (what is known of the region, how the record comes) -> what its home's claim gets; with another
# home known the claim gets the second.
OK, NOT_ASSIGNED, OTHER_HOME = "OK", "REGION_NOT_ASSIGNED", "REGION_OTHER_HOME"
CLAIMS = {
    ("", SHARED_HERE): (NOT_ASSIGNED, NOT_ASSIGNED),
    ("", PROVED): (OK, OK),
    ("", SUBMITTED): (OK, OK),
    ("", PUBLISHED): (NOT_ASSIGNED, NOT_ASSIGNED),
    (SUBMITTED, SHARED_HERE): (NOT_ASSIGNED, NOT_ASSIGNED),
    (SUBMITTED, PROVED): (OK, OK),
    (SUBMITTED, SUBMITTED): (OK, OK),
    (SUBMITTED, PUBLISHED): (NOT_ASSIGNED, NOT_ASSIGNED),
    (PROVED, SHARED_HERE): (NOT_ASSIGNED, OTHER_HOME),
    (PROVED, PROVED): (OK, OTHER_HOME),
    (PROVED, SUBMITTED): (OK, OTHER_HOME),
    (PROVED, PUBLISHED): (NOT_ASSIGNED, OTHER_HOME),
    (ASSIGNED, SHARED_HERE): (OK, OTHER_HOME),
    (ASSIGNED, PROVED): (OK, OTHER_HOME),
    (ASSIGNED, SUBMITTED): (OK, OTHER_HOME),
    (ASSIGNED, PUBLISHED): (OK, OTHER_HOME),
}


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize(("basis", "origin"), list(CLAIMS))
def test_every_claim_on_every_basis(basis: str, origin: str, same: bool) -> None:
    chain = Chain()
    claimant = chain.chain_id if origin == PUBLISHED else OTHER
    if basis:
        known = claimant if same else "yl-third"
        chain.state[KEY] = encode(RegionHome(home_chain=known, basis=basis))
    view = StateView(chain)
    ctx = context(chain, view)
    code = "OK"
    try:
        claim_region(ctx, HOME_REGION, claimant, origin)
    except Rejected as refused:
        code = refused.code.name
    assert code == CLAIMS[basis, origin][0 if same else 1]
    after = view.load(RegionHome, KEY)
    if code != "OK":
        assert not view.writes()
    else:
        assert after is not None and after.home_chain == claimant
        # A claim never weakens what is known.
        strength = ["", SUBMITTED, PROVED, ASSIGNED]
        assert strength.index(after.basis) >= strength.index(basis)


@pytest.mark.parametrize("origin", [SHARED_HERE, PROVED, SUBMITTED])
def test_nobody_tells_this_chain_what_it_publishes_itself(origin: str) -> None:
    chain = Chain()
    view = StateView(chain)
    with pytest.raises(Rejected) as caught:
        claim_region(context(chain, view), HOME_REGION, chain.chain_id, origin)
    assert caught.value.code.name == "REGION_IS_LOCAL"
    assert not view.writes()


def context(chain: Chain, view: StateView) -> Context:
    return Context(
        chain_id=chain.chain_id,
        suite=suite(chain.suite_name),
        height=1,
        time_ms=chain.time_ms,
        tx_hash=bytes(32),
        operation_index=0,
        signer=Identity(key_bytes("bureau"), "org-bureau", ("bureau",)),
        view=view,
    )
