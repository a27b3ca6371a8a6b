"""Organisations: every state × action, what a suspension stops, what would lock everyone out."""

from typing import Any

import pytest
from google.protobuf.message import Message

from contracts.governance.motions import MotionRecord, motion_key
from contracts.governance.organisations import (
    ACTIVE,
    ADMIT,
    CHANGE,
    REGISTER,
    REMOVE,
    REMOVED,
    RESUME,
    SUSPEND,
    SUSPENDED,
    TABLE,
    OrganisationRecord,
    organisation_key,
)
from contracts.governance.records import (
    ADMINISTRATORS_KEY,
    ORGANISATIONS_KEY,
    AdministratorsRecord,
    OrganisationsRecord,
)
from contracts.registry import check_signer
from contracts.states import START
from faults import Rejected
from proto.contracts_pb2 import RevokeIdentityRequest
from proto.governance_pb2 import (
    AdmitOrganisation,
    MotionAction,
    RemoveOrganisation,
    ResumeOrganisation,
    SetOrganisationRoles,
    SetPermission,
    SetRouterKey,
    SuspendOrganisation,
    VoteRequest,
)
from tests.contracts.governance.council import (
    action,
    council,
    decide,
    execute,
    identity,
    move,
    not_moved,
    proposal,
    vote,
)
from tests.contracts.harness import PEOPLE, Chain, key_bytes

NEW = "org-new"
ROUTER_KEY = key_bytes("envelope")


@pytest.fixture
def chain() -> Chain:
    return council(Chain())


def admit(org: str = NEW, *roles: str, router_key: bytes = b"") -> MotionAction:
    wanted = AdmitOrganisation(org=org, roles=roles or ("agency",), router_key=router_key)
    return action(admit_organisation=wanted)


def suspend(org: str) -> MotionAction:
    return action(suspend_organisation=SuspendOrganisation(org=org))


def resume(org: str) -> MotionAction:
    return action(resume_organisation=ResumeOrganisation(org=org))


def remove(org: str) -> MotionAction:
    return action(remove_organisation=RemoveOrganisation(org=org))


def roles(org: str, *wanted: str) -> MotionAction:
    return action(set_organisation_roles=SetOrganisationRoles(org=org, roles=wanted))


def router_key(org: str, before: bytes, after: bytes) -> MotionAction:
    return action(set_router_key=SetRouterKey(org=org, before=before, after=after))


def record(chain: Chain, org: str = NEW) -> OrganisationRecord:
    return chain.load(OrganisationRecord, organisation_key(org))


def governing(chain: Chain) -> list[str]:
    return [org for org, _ in chain.load(OrganisationsRecord, ORGANISATIONS_KEY).members]


def revoked(name: str) -> RevokeIdentityRequest:
    return RevokeIdentityRequest(public_key=key_bytes(name), reason="left")


# ---- the records


def test_what_the_genesis_knows_of_organisations_are_records() -> None:
    chain = Chain()
    for org in {org for org, _ in PEOPLE.values()}:
        wanted = {role for other, given in PEOPLE.values() if other == org for role in given}
        assert set(record(chain, org).roles) == wanted
        assert record(chain, org).status == ACTIVE
    assert record(chain, "org-governance").keys == (("governance", 2),)
    assert governing(chain) == ["org-governance"]


TO_STATE: dict[str, tuple[MotionAction, ...]] = {
    START: (),
    ACTIVE: (admit(),),
    SUSPENDED: (admit(), suspend(NEW)),
    REMOVED: (admit(), remove(NEW)),
}
ACTIONS: dict[str, MotionAction] = {
    ADMIT: admit(),
    SUSPEND: suspend(NEW),
    RESUME: resume(NEW),
    REMOVE: remove(NEW),
    CHANGE: roles(NEW, "agency", "hospital"),
}


@pytest.mark.parametrize("row", [row for row in TABLE.rows() if row[1] != REGISTER])
def test_every_state_and_action(chain: Chain, row: tuple[str, str, str, str]) -> None:
    state, wanted, after, code = row
    for one in TO_STATE[state]:
        decide(chain, one)
    if code:
        not_moved(chain, code, ACTIONS[wanted])
        return
    decide(chain, ACTIONS[wanted])
    assert record(chain).status == after
    key = organisation_key(NEW)
    chain.check_trace(key, record(chain).trace_count, record(chain).trace_head)


@pytest.mark.parametrize("row", [row for row in TABLE.rows() if row[1] == REGISTER])
def test_registering_in_every_state(chain: Chain, row: tuple[str, str, str, str]) -> None:
    """By a motion: a majority's word admits an organisation that was never here."""
    state, _, _, code = row
    for one in TO_STATE[state]:
        decide(chain, one)
    wanted = action(register_identity=identity("desk", NEW, "agency"))
    if code and state != START:
        not_moved(chain, code, wanted)
        return
    decide(chain, wanted)
    assert (record(chain).status, record(chain).roles) == (ACTIVE, ("agency",))


@pytest.mark.parametrize(
    "wanted",
    [
        admit("no name"),
        admit(NEW, "emperor"),
        admit(NEW, "hospital", "agency"),
        admit(NEW, "agency", "agency"),
        action(admit_organisation=AdmitOrganisation(org=NEW)),
        admit(NEW, router_key=b"\x04short"),
        roles("org-hospital"),
        roles("org-hospital", "emperor"),
        router_key("org-hospital", b"", b"\x05" * 65),
    ],
)
def test_what_is_not_well_formed_is_not_moved(chain: Chain, wanted: MotionAction) -> None:
    not_moved(chain, "MALFORMED_REQUEST", wanted)


@pytest.mark.parametrize("org", ["", "x" * 300, "no/../such", "\0", "医保", "org-nobody"])
def test_a_name_that_nobody_has(chain: Chain, org: str) -> None:
    code = "ORGANISATION_NOT_FOUND" if org == "org-nobody" else "MALFORMED_REQUEST"
    key = router_key(org, b"", ROUTER_KEY)
    for wanted in (suspend(org), resume(org), remove(org), roles(org, "agency"), key):
        not_moved(chain, code, wanted)


def test_a_router_s_key_changes_from_one_to_the_other(chain: Chain) -> None:
    decide(chain, admit(NEW, router_key=ROUTER_KEY))
    other = key_bytes("other-envelope")
    not_moved(chain, "CHANGED_MEANWHILE", router_key(NEW, b"", other))
    decide(chain, router_key(NEW, ROUTER_KEY, other))
    assert record(chain).router_key == other
    decide(chain, router_key(NEW, other, b""))
    assert record(chain).router_key == b""


# ---- what a suspension stops


def test_a_suspended_organisation_s_people_cannot_act_until_it_is_resumed(chain: Chain) -> None:
    chain.issue(1)
    decide(chain, suspend("org-agency-a"))
    result = chain.refused("agency_a", "bill.lock", chain.lock(), "ORGANISATION_SUSPENDED")
    assert result.fields["org"] == "org-agency-a"
    assert not chain.writes
    chain.ok("agency_b", "bill.lock", chain.lock())
    decide(chain, resume("org-agency-a"))
    chain.refused("agency_a", "bill.lock", chain.lock(), "BILL_LOCKED")


def test_a_node_s_door_knows_it_before_anything_enters_a_block(chain: Chain) -> None:
    check_signer(chain, key_bytes("agency_a"))
    for wanted, code in (
        (suspend("org-agency-a"), "ORGANISATION_SUSPENDED"),
        (remove("org-agency-a"), "ORGANISATION_REMOVED"),
    ):
        decide(chain, wanted)
        with pytest.raises(Rejected, match=code):
            check_signer(chain, key_bytes("agency_a"))


def test_nor_do_they_endorse(chain: Chain) -> None:
    chain.issue(1)
    wanted = SetPermission(
        contract="bill", method="lock", rule="ALL", organisations=["org-agency-a", "org-agency-b"]
    )
    decide(chain, action(set_permission=wanted), suspend("org-agency-b"))
    lock = chain.lock()
    assert chain.call("agency_a", "bill.lock", lock, ["agency_b"]).code == "ORGANISATION_SUSPENDED"
    # And who governance named stays counted: suspending one does not lower what the others need.
    assert chain.call("agency_a", "bill.lock", lock).code == "ENDORSEMENTS_MISSING"


def test_a_removed_organisation_does_not_come_back(chain: Chain) -> None:
    chain.issue(1)
    decide(chain, remove("org-agency-a"))
    chain.refused("agency_a", "bill.lock", chain.lock(), "ORGANISATION_REMOVED")
    not_moved(chain, "ORGANISATION_REMOVED", admit("org-agency-a"))
    for code, name in (("ORGANISATION_REMOVED", "new-key"), ("IDENTITY_EXISTS", "agency_a")):
        wanted = identity(name, "org-agency-a", "agency")
        not_moved(chain, code, action(register_identity=wanted))


def test_a_role_that_is_taken_is_taken_from_its_people_at_once(chain: Chain) -> None:
    chain.issue(1)
    decide(chain, roles("org-agency-a", "agency", "hospital"))
    chain.ok("agency_a", "bill.lock", chain.lock())
    decide(chain, roles("org-agency-a", "hospital"))
    chain.refused("agency_a", "bill.enter", chain.lock(), "NOT_PERMITTED")
    assert not chain.writes


# ---- votes are counted by who governs when they are counted


def test_a_suspended_organisation_does_not_vote_and_its_vote_does_not_count(chain: Chain) -> None:
    wanted = move(chain, admit(), who="gov_c")
    decide(chain, suspend("org-gov_c"))
    request = VoteRequest(motion=wanted, accept=True)
    chain.refused("gov_c", "governance.vote", request, "ORGANISATION_SUSPENDED")
    assert governing(chain) == ["org-gov_b", "org-governance"]
    vote(chain, wanted, "gov_b")
    assert chain.load(MotionRecord, motion_key(wanted)).status == "open"
    assert execute(chain, wanted) == "MOTION_NOT_ACCEPTED"
    vote(chain, wanted, "governor")
    assert execute(chain, wanted) == "OK"


def test_an_accepted_motion_needs_its_majority_still_when_it_is_executed(chain: Chain) -> None:
    wanted = move(chain, admit(), who="gov_c")
    vote(chain, wanted, "governor")
    assert chain.load(MotionRecord, motion_key(wanted)).status == "accepted"
    decide(chain, suspend("org-gov_c"))
    assert execute(chain, wanted) == "MOTION_NOT_ACCEPTED"
    last = chain.trace(motion_key(wanted))[-1]
    assert (last.action, last.code) == ("execute", "MOTION_NOT_ACCEPTED")
    decide(chain, resume("org-gov_c"))
    assert execute(chain, wanted) == "OK"


def test_new_members_count_and_those_who_left_do_not(chain: Chain) -> None:
    first = move(chain, admit())
    vote(chain, first, "gov_b")
    decide(
        chain,
        action(register_identity=identity("gov_d", "org-gov_d", "governance")),
        action(register_identity=identity("gov_e", "org-gov_e", "governance")),
    )
    assert execute(chain, first) == "MOTION_NOT_ACCEPTED"  # 2 of 5
    leaving = move(chain, remove("org-gov_d"), remove("org-gov_e"))
    vote(chain, leaving, "gov_b", "gov_c")
    assert execute(chain, leaving) == "OK"
    assert execute(chain, first) == "OK"  # 2 of 3 again


def test_an_open_motion_passes_when_those_against_have_left(chain: Chain) -> None:
    wanted = move(chain, admit())
    vote(chain, wanted, "gov_c", accept=False)
    leaving = move(chain, remove("org-gov_b"), remove("org-gov_c"))
    vote(chain, leaving, "gov_b")
    assert execute(chain, wanted) == "MOTION_NOT_ACCEPTED"
    assert execute(chain, leaving) == "OK"
    assert governing(chain) == ["org-governance"]
    assert execute(chain, wanted) == "OK"


def test_all_of_a_motion_or_nothing(chain: Chain) -> None:
    not_moved(chain, "ORGANISATION_NOT_FOUND", admit(), remove("org-nobody"))
    assert organisation_key(NEW) not in chain.state
    # What one action makes the next may use.
    decide(chain, admit(), roles(NEW, "hospital"), suspend(NEW))
    assert (record(chain).roles, record(chain).status) == (("hospital",), SUSPENDED)


# ---- nobody is locked out for good


def test_the_last_that_govern_are_neither_suspended_nor_removed() -> None:
    chain = Chain()
    for wanted in (
        suspend("org-governance"),
        remove("org-governance"),
        roles("org-governance", "bureau"),
    ):
        not_moved(chain, "LAST_GOVERNOR", wanted)
    council(chain)
    not_moved(
        chain,
        "LAST_GOVERNOR",
        suspend("org-gov_b"),
        suspend("org-gov_c"),
        suspend("org-governance"),
    )


def test_nor_is_the_last_key_that_governs_revoked() -> None:
    chain = Chain()
    chain.ok("governor", "identity.revoke", revoked("second_governor"))
    not_moved(chain, "LAST_GOVERNOR", action(revoke_identity=revoked("governor")))
    chain.refused("governor", "identity.revoke", revoked("governor"), "SELF_REVOCATION")


@pytest.mark.parametrize("role", ["audit_admin", "security_admin", "system_admin"])
def test_nor_the_last_administrator_of_a_kind(chain: Chain, role: str) -> None:
    decide(chain, action(register_identity=identity("admin", NEW, role)))
    assert chain.load(AdministratorsRecord, ADMINISTRATORS_KEY).counts == ((role, 1),)
    refusals: Any = {
        "revoke_identity": revoked("admin"),
        "suspend_organisation": SuspendOrganisation(org=NEW),
        "remove_organisation": RemoveOrganisation(org=NEW),
        "set_organisation_roles": SetOrganisationRoles(org=NEW, roles=["agency"]),
    }
    for name, wanted in refusals.items():
        only: dict[str, Message] = {name: wanted}
        not_moved(chain, "LAST_ADMINISTRATOR", action(**only))
    everyone = ("gov_b", "gov_c")
    result = chain.call("governor", "identity.revoke", revoked("admin"), everyone)
    assert (result.code, result.fields["role"]) == ("LAST_ADMINISTRATOR", role)
    decide(chain, action(register_identity=identity("second", "org-hospital", role)))
    decide(chain, action(revoke_identity=revoked("admin")))
    assert chain.load(AdministratorsRecord, ADMINISTRATORS_KEY).counts == ((role, 1),)


def test_only_who_governs_moves_it(chain: Chain) -> None:
    for who in ("bureau", "custodian", "router", "nobody"):
        code = "UNKNOWN_IDENTITY" if who == "nobody" else "NOT_PERMITTED"
        chain.refused(who, "governance.propose", proposal([admit()]), code)
        assert not chain.writes


def test_the_same_motions_make_the_same_state() -> None:
    def story() -> Chain:
        chain = council(Chain())
        decide(chain, admit(NEW, "agency", "audit_admin"), suspend("org-insurer"))
        decide(chain, action(register_identity=identity("admin", NEW, "audit_admin")))
        not_moved(chain, "LAST_ADMINISTRATOR", remove(NEW))
        decide(chain, resume("org-insurer"), roles("org-insurer", "agency", "insurer"))
        return chain

    first, second = story(), story()
    assert first.state == second.state
    assert first.events == second.events
