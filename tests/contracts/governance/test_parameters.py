"""Parameters: as they always were without a motion, within bounds, and read where they matter."""

import pytest

from contracts.bill.record import BillRecord
from contracts.parameters import (
    BOUNDS,
    DAY_MS,
    HOUR_MS,
    NO_LIMIT_MS,
    PARAMETERS_KEY,
    Parameters,
)
from ledger.limits import WINDOW
from proto import contracts_pb2 as pb
from proto.governance_pb2 import ExecuteRequest, MotionAction, SetParameter, VoteRequest
from tests.contracts.governance.council import (
    action,
    council,
    decide,
    execute,
    move,
    not_moved,
    proposal,
    vote,
)
from tests.contracts.harness import PURPOSE, Chain, bill_name, bill_ref

DEFAULTS = {
    "lock_ms_min": 0,
    "lock_ms_max": 30 * DAY_MS,
    "authorization_ms_max": NO_LIMIT_MS,
    "motion_blocks": WINDOW,
}


@pytest.fixture
def chain() -> Chain:
    return council(Chain())


def parameter(name: str, after: int, before: int | None = None) -> MotionAction:
    known = DEFAULTS.get(name, 0) if before is None else before
    return action(set_parameter=SetParameter(name=name, before=known, after=after))


def lock(chain: Chain, length_ms: int, number: int = 1) -> pb.LockRequest:
    expires = chain.time_ms + 1000 + length_ms  # the call's block is a second later
    return pb.LockRequest(bill=bill_ref(number), purpose=PURPOSE, expires_ms=expires)


def test_the_defaults_are_what_the_code_had_and_within_bounds() -> None:
    first = Parameters()
    for name, (low, high) in BOUNDS.items():
        assert getattr(first, name) == DEFAULTS[name]
        assert low <= DEFAULTS[name] <= high
    assert set(BOUNDS) == set(Parameters.__struct_fields__)
    assert PARAMETERS_KEY not in Chain().state


@pytest.mark.parametrize("name", BOUNDS)
def test_each_may_be_set_within_its_bounds_only(chain: Chain, name: str) -> None:
    low, high = BOUNDS[name]
    for beyond in ([low - 1] if low else []) + [high + 1, 2**64 - 1]:
        not_moved(chain, "PARAMETER_BOUNDS", parameter(name, beyond))
    decide(chain, parameter(name, low), parameter(name, high, low))
    assert getattr(chain.load(Parameters, PARAMETERS_KEY), name) == high


def test_only_from_the_value_it_has(chain: Chain) -> None:
    not_moved(chain, "CHANGED_MEANWHILE", parameter("lock_ms_max", DAY_MS, DAY_MS))
    not_moved(chain, "PARAMETER_UNKNOWN", parameter("block_interval_ms", 1))
    not_moved(chain, "PARAMETER_UNKNOWN", parameter("__class__", 1))
    late = move(chain, parameter("lock_ms_max", 2 * DAY_MS))
    decide(chain, parameter("lock_ms_max", DAY_MS))
    vote(chain, late, "gov_b")
    assert execute(chain, late) == "CHANGED_MEANWHILE"
    assert chain.load(Parameters, PARAMETERS_KEY).lock_ms_max == DAY_MS


def test_how_long_a_lock_may_last(chain: Chain) -> None:
    chain.issue(1)
    decide(chain, parameter("lock_ms_max", DAY_MS), parameter("lock_ms_min", HOUR_MS))
    for length in (HOUR_MS, DAY_MS + 1):
        request = lock(chain, length)
        result = chain.refused("agency_a", "bill.lock", request, "EXPIRY_INVALID")
        assert int(result.fields["latest"]) - int(result.fields["time_ms"]) == DAY_MS
    request = lock(chain, DAY_MS)
    chain.ok("agency_a", "bill.lock", request)
    held = chain.load(BillRecord, bill_name(1)).lock
    assert held is not None and held.expires_ms == chain.time_ms + DAY_MS


def test_how_long_an_authorization_may_run(chain: Chain) -> None:
    account = chain.open_account()
    chain.issue(1, account=1)

    def grant(number: int, from_ms: int, to_ms: int) -> pb.GrantRequest:
        return pb.GrantRequest(
            authorization_id=f"{number:032x}",
            account_id=account,
            grantee_org="org-insurer",
            object=bill_name(1),
            compartments=["full"],
            purpose="claim",
            from_ms=from_ms,
            to_ms=to_ms,
            identity_check="face",
            identity_reference="F-1",
        )

    century = chain.time_ms + 36_500 * DAY_MS
    chain.ok("bureau", "authorization.grant", grant(1, 0, century))
    decide(chain, parameter("authorization_ms_max", 30 * DAY_MS))
    chain.refused("bureau", "authorization.grant", grant(2, 0, century), "AUTHORIZATION_PERIOD")
    assert not chain.writes
    # It runs from its beginning, and from now where that is past.
    begins = chain.time_ms + 100 * DAY_MS
    chain.refused(
        "bureau",
        "authorization.grant",
        grant(2, begins, begins + 30 * DAY_MS + 1),
        "AUTHORIZATION_PERIOD",
    )
    chain.ok("bureau", "authorization.grant", grant(2, begins, begins + 30 * DAY_MS))
    chain.ok("bureau", "authorization.grant", grant(3, 1, chain.time_ms + 1000 + 30 * DAY_MS))


def test_how_long_a_motion_lives(chain: Chain) -> None:
    decide(chain, parameter("motion_blocks", 100))
    first, second = (move(chain, parameter("lock_ms_min", 1)) for _ in range(2))
    vote(chain, first, "gov_b")
    chain.height += 100
    request = VoteRequest(motion=second, accept=True)
    chain.refused("gov_b", "governance.vote", request, "MOTION_EXPIRED")
    assert execute(chain, second) == "MOTION_EXPIRED"
    chain.height += 97
    assert execute(chain, first) == "MOTION_EXPIRED"
    far = proposal([parameter("lock_ms_min", 1)], not_before=chain.height + 102)
    chain.refused("governor", "governance.propose", far, "MALFORMED_REQUEST")
    request = ExecuteRequest(motion=first)
    chain.refused("bureau", "governance.execute", request, "NOT_PERMITTED")
