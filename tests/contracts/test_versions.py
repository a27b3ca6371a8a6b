"""Rules change at a height, old blocks keep theirs, and a batch may be all or nothing."""

from collections.abc import Iterator

import pytest

from contracts import known
from contracts.bill.contract import Bills
from contracts.codes import NOT_PERMITTED
from contracts.framework import Context, Result, Rule, method
from contracts.identity import IdentityRecord
from contracts.versions import ContractRecord, contract_key
from faults import Misuse, Rejected
from proto.contracts_pb2 import LockRequest, RegisterIdentityRequest
from proto.governance_pb2 import ActivateContract, ExecuteRequest, MotionAction, VoteRequest
from tests.contracts.governance.test_motions import proposal
from tests.contracts.harness import PEOPLE, Chain, bill_name, key_bytes


class StricterBills(Bills):
    """Nobody locks any more: as plain a change of rules as there can be."""

    version = 2

    @method(request=LockRequest, rule=Rule(roles=("agency",)), errors=(NOT_PERMITTED,))
    def lock(self, ctx: Context, request: LockRequest) -> Result:
        """Refuse."""
        raise Rejected(NOT_PERMITTED, needs="version 1", org=ctx.signer.org)


@pytest.fixture
def second_version() -> Iterator[None]:
    kept = dict(known._methods)
    known.enter([StricterBills()])
    yield
    known._methods.clear()
    known._methods.update(kept)


def activation(height: int, version: int = 2) -> MotionAction:
    wanted = ActivateContract(contract="bill", version=version, height=height)
    return MotionAction(activate_contract=wanted)


def activate(chain: Chain, height: int) -> None:
    """One organisation governs, so its proposal is accepted at once."""
    chain.ok("governor", "governance.propose", proposal(activation(height)))
    chain.ok("governor", "governance.execute", ExecuteRequest(motion=1))


@pytest.mark.usefixtures("second_version")
def test_a_version_decides_from_its_height_on() -> None:
    chain = Chain()
    chain.issue(1)
    chain.issue(2)
    activate(chain, chain.height + 4)
    chain.ok("agency_a", "bill.lock", chain.lock(1))
    chain.refused("agency_a", "bill.lock", chain.lock(2), "NOT_PERMITTED")
    chain.issue(3)  # a method that the version took over
    record = chain.load(ContractRecord, contract_key("bill"))
    chain.check_trace(contract_key("bill"), record.trace_count, record.trace_head)


@pytest.mark.usefixtures("second_version")
def test_a_chain_replays_across_the_change_to_the_same_state() -> None:
    recorded: list[tuple[str, str, tuple[bytes, ...]]] = []

    class Recorded(Chain):
        def call_raw(self, who, name, *operations, **more):
            recorded.append((who, name, operations))
            return super().call_raw(who, name, *operations, **more)

    chain = Recorded()
    chain.issue(1)
    activate(chain, chain.height + 4)
    chain.ok("agency_a", "bill.lock", chain.lock(1))
    chain.refused("agency_b", "bill.lock", chain.lock(1), "NOT_PERMITTED")
    again = Chain()
    for who, name, operations in recorded:
        again.call_raw(who, name, *operations)
    assert again.state == chain.state
    assert again.events == chain.events


@pytest.mark.usefixtures("second_version")
@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_an_activation_stands_at_least_two_blocks_ahead(ahead: int) -> None:
    chain = Chain()
    chain.ok("governor", "governance.propose", proposal(activation(chain.height + 2 + ahead)))
    code = "OK" if ahead == 2 else "ACTIVATION_TOO_EARLY"
    chain.refused("governor", "governance.execute", ExecuteRequest(motion=1), code)


@pytest.mark.usefixtures("second_version")
def test_no_version_is_activated_twice() -> None:
    chain = Chain()
    activate(chain, chain.height + 10)
    request = proposal(activation(chain.height + 100))
    chain.refused("governor", "governance.propose", request, "CONTRACT_VERSION_OLD")


@pytest.mark.usefixtures("second_version")
def test_two_classes_of_one_version_are_a_mistake_of_ours() -> None:
    with pytest.raises(Misuse):
        known.enter([StricterBills()])


def test_a_vote_is_no_execution() -> None:
    chain = Chain()
    chain.refused("governor", "governance.vote", VoteRequest(motion=7), "MOTION_NOT_FOUND")


# ---- all or nothing


def register(number: int) -> bytes:
    return RegisterIdentityRequest(
        public_key=key_bytes(f"new-{number}"), org="org-new", roles=["agency"], label="desk"
    ).SerializeToString(deterministic=True)


def test_a_bad_operation_spoils_no_good_one_unless_asked_to() -> None:
    chain = Chain()
    batch = (register(1), register(1), register(2))
    results = chain.call_raw("governor", "identity.register", *batch)
    assert [one.code for one in results] == ["OK", "IDENTITY_EXISTS", "OK"]
    batch = (register(3), register(1), register(4))
    results = chain.call_raw("governor", "identity.register", *batch, all_or_nothing=True)
    assert [one.code for one in results] == ["BATCH_ABORTED", "IDENTITY_EXISTS", "BATCH_ABORTED"]
    assert [one.fields for one in results if one.code == "BATCH_ABORTED"] == [
        {"operation": "1"}
    ] * 2
    assert not chain.writes


def test_all_or_nothing_with_only_good_ones_is_all() -> None:
    chain = Chain()
    results = chain.call_raw(
        "governor", "identity.register", register(1), register(2), all_or_nothing=True
    )
    assert [one.code for one in results] == ["OK", "OK"]
    for number in (1, 2):
        key = f"identity/{key_bytes(f'new-{number}').hex()}"
        record = chain.load(IdentityRecord, key)
        chain.check_trace(key, record.trace_count, record.trace_head)


def test_the_refusal_that_ended_a_batch_is_still_saved() -> None:
    chain = Chain()
    chain.issue(1)
    chain.issue(2)
    chain.ok("agency_b", "bill.lock", chain.lock(2))
    batch = [chain.lock(number).SerializeToString(deterministic=True) for number in (1, 2)]
    results = chain.call_raw("agency_a", "bill.lock", *batch, all_or_nothing=True)
    assert [one.code for one in results] == ["BATCH_ABORTED", "BILL_LOCKED"]
    assert chain.bill(1).lock is None or not chain.bill(1).lock.holder
    last = chain.trace(bill_name(2))[-1]
    assert (last.action, last.code) == ("lock", "BILL_LOCKED")
    assert {key for key in chain.writes if key.startswith("bill/")} == {bill_name(2)}
    record = chain.bill(2)
    chain.check_trace(bill_name(2), record.trace_count, record.trace_head)


def test_the_people_of_the_tests_govern_with_one_organisation() -> None:
    assert {org for org, roles in PEOPLE.values() if "governance" in roles} == {"org-governance"}
