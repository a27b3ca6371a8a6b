"""Identities: what an organisation decides alone, what takes a majority, and rotating a key."""

import pytest
from google.protobuf.message import Message

from contracts.governance import requests
from contracts.governance.organisations import OrganisationRecord, organisation_key
from contracts.governance.records import ORGANISATIONS_KEY, OrganisationsRecord
from contracts.identity import IdentityRecord, identity_key
from crypto.ports import Signer
from crypto.suites import suite
from ledger.genesis import ROLES
from ledger.limits import WINDOW
from proto.contracts_pb2 import (
    RegisterIdentityRequest,
    RevokeIdentityRequest,
    RotateIdentityRequest,
)
from proto.governance_pb2 import SetOrganisationRoles, SuspendOrganisation
from tests.contracts.governance.council import (
    action,
    council,
    decide,
    execute,
    identity,
    move,
    not_moved,
    vote,
)
from tests.contracts.harness import Chain, key_bytes, unlock

REGISTER, REVOKE, ROTATE = "identity.register", "identity.revoke", "identity.rotate"


@pytest.fixture
def chain() -> Chain:
    """Three governing organisations; org-agency-a has a security administrator."""
    made = council(Chain())
    admin = identity("keeper", "org-agency-a", "security_admin")
    decide(made, action(register_identity=admin))
    return made


def record(chain: Chain, name: str) -> IdentityRecord:
    return chain.load(IdentityRecord, identity_key(key_bytes(name)))


def revoked(name: str) -> RevokeIdentityRequest:
    return RevokeIdentityRequest(public_key=key_bytes(name), reason="left")


# ---- one organisation's own people


def test_an_organisation_registers_and_revokes_its_own_people(chain: Chain) -> None:
    chain.ok("keeper", REGISTER, identity("desk", "org-agency-a", "agency"))
    chain.issue(1)
    chain.ok("desk", "bill.lock", chain.lock())
    chain.ok("keeper", REVOKE, revoked("desk"))
    chain.refused("desk", "bill.lock", chain.lock(), "IDENTITY_REVOKED")


@pytest.mark.parametrize("role", ROLES)
def test_only_in_the_roles_it_is_admitted_for(chain: Chain, role: str) -> None:
    """An agency can't make itself finance, and nobody makes itself a colleague in governing."""
    governed = ("governance", "audit_admin", "security_admin", "system_admin")
    code = "MAJORITY_NEEDED" if role in governed else "ROLE_NOT_ADMITTED"
    request = identity("desk", "org-agency-a", role)
    if role == "agency":
        chain.ok("keeper", REGISTER, request)
        return
    chain.refused("keeper", REGISTER, request, code)
    assert not chain.writes
    chain.refused("keeper", REGISTER, identity("desk", "org-agency-a", "agency", role), code)
    assert not chain.writes


def test_a_motion_widens_what_it_may_give(chain: Chain) -> None:
    wanted = SetOrganisationRoles(
        org="org-agency-a", roles=["agency", "hospital", "security_admin"]
    )
    decide(chain, action(set_organisation_roles=wanted))
    chain.ok("keeper", REGISTER, identity("desk", "org-agency-a", "hospital"))


def test_other_organisations_people_are_a_majority_s_matter(chain: Chain) -> None:
    for who in ("keeper", "governor"):
        chain.refused(who, REGISTER, identity("x", "org-hospital", "hospital"), "MAJORITY_NEEDED")
        assert not chain.writes
        chain.refused(who, REVOKE, revoked("hospital"), "MAJORITY_NEEDED")
        assert not chain.writes
    wanted = identity("x", "org-hospital", "hospital")
    one_voice = ("second_governor", "keeper", "bureau")
    assert chain.call("governor", REGISTER, wanted, one_voice).code == "MAJORITY_NEEDED"
    chain.ok("governor", REGISTER, wanted, endorsers=["gov_c"])
    assert record(chain, "x").org == "org-hospital"
    chain.ok("gov_b", REVOKE, revoked("x"), endorsers=["gov_c"])


def test_by_motion_too(chain: Chain) -> None:
    decide(chain, action(register_identity=identity("x", "org-hospital", "hospital")))
    decide(chain, action(revoke_identity=revoked("x")))
    assert record(chain, "x").revoked_ms
    for name, code in (("x", "IDENTITY_REVOKED"), ("nobody", "OBJECT_NOT_FOUND")):
        not_moved(chain, code, action(revoke_identity=revoked(name)))
    again = identity("x", "org-hospital", "hospital")
    not_moved(chain, "IDENTITY_EXISTS", action(register_identity=again))


def test_governing_takes_a_majority_and_counts_from_then_on(chain: Chain) -> None:
    wanted = identity("gov_d", "org-hospital", "governance")
    chain.refused("governor", REGISTER, wanted, "MAJORITY_NEEDED")
    chain.refused("gov_b", REGISTER, identity("n", "org-gov_b", "governance"), "MAJORITY_NEEDED")
    decide(chain, action(register_identity=wanted))
    members = chain.load(OrganisationsRecord, ORGANISATIONS_KEY).members
    assert ("org-hospital", 1) in members and len(members) == 4
    number = move(chain, action(revoke_identity=revoked("gov_d")))
    vote(chain, number, "gov_b")
    assert execute(chain, number) == "MOTION_NOT_ACCEPTED"  # two of four
    vote(chain, number, "gov_c")
    assert execute(chain, number) == "OK"


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (identity("x", "org-hospital", "audit_admin", "system_admin"), "ROLES_NOT_SEPARATE"),
        (identity("x", "org-hospital", "bureau", "security_admin"), "ROLES_NOT_SEPARATE"),
        (identity("x", "org-hospital"), "MALFORMED_REQUEST"),
        (identity("x", "org-hospital", "emperor"), "MALFORMED_REQUEST"),
        (identity("x", "org-hospital", "bureau", "bureau"), "MALFORMED_REQUEST"),
        (identity("x", "no name", "bureau"), "MALFORMED_REQUEST"),
    ],
)
def test_no_path_registers_what_is_not_sound(
    chain: Chain, wanted: RegisterIdentityRequest, code: str
) -> None:
    """One's own registrar, a majority's endorsements, a motion: the same checks."""
    not_moved(chain, code, action(register_identity=wanted))
    result = chain.call("governor", REGISTER, wanted, ["gov_b"])
    assert result.code == code
    assert not chain.writes


# ---- rotating


@pytest.fixture
def new() -> Signer:
    own = suite("intl")
    return own.signer(own.generate_private_key())


def rotation(chain: Chain, old: str, new: Signer, height: int = 0) -> RotateIdentityRequest:
    return requests.rotate_identity(chain.chain_id, key_bytes(old), new, height or chain.height)


def by_key(chain: Chain, key: bytes, name: str, request: Message) -> str:
    """The code of a call that this key signs."""
    raw = request.SerializeToString(deterministic=True)
    chain.height += 1
    results, view = chain.apply(chain.parsed(key, name, [raw]))
    chain.state.update({at: value for at, value in view.writes().items() if value is not None})
    return results[0].code


@pytest.mark.parametrize("who", ["agency_a", "keeper", "governor", "router"])
def test_a_rotated_key_acts_and_the_old_one_does_not(chain: Chain, new: Signer, who: str) -> None:
    before = record(chain, who)
    home = chain.load(OrganisationRecord, organisation_key(before.org))
    chain.ok(who, ROTATE, rotation(chain, who, new))
    old, fresh = record(chain, who), chain.load(IdentityRecord, identity_key(new.public_key))
    assert (fresh.org, fresh.roles, fresh.label) == (before.org, before.roles, before.label)
    assert (fresh.revoked_ms, old.replaced_by) == (0, new.public_key)
    assert old.revoked_ms == chain.time_ms
    for key in (key_bytes(who), new.public_key):
        found = chain.load(IdentityRecord, identity_key(key))
        assert found.trace_count
        chain.check_trace(identity_key(key), found.trace_count, found.trace_head)
    # Who governs and who administers is as it was.
    assert chain.load(OrganisationRecord, organisation_key(before.org)) == home
    again = rotation(chain, who, new)
    chain.refused(who, ROTATE, again, "IDENTITY_REVOKED")
    assert not chain.writes


def test_the_new_key_has_the_rights_of_the_old(chain: Chain, new: Signer) -> None:
    chain.issue(1)
    chain.ok("agency_a", "bill.lock", chain.lock())
    chain.ok("agency_a", ROTATE, rotation(chain, "agency_a", new))
    chain.refused("agency_a", "bill.unlock", unlock(), "IDENTITY_REVOKED")
    assert by_key(chain, new.public_key, "bill.unlock", unlock()) == "OK"


def test_a_rotation_needs_the_new_key_s_word_for_this_place(chain: Chain, new: Signer) -> None:
    height = chain.height
    other = suite("intl").signer(suite("intl").generate_private_key())
    stolen = rotation(chain, "agency_a", new)
    elsewhere = requests.rotate_identity("yl-other", key_bytes("agency_a"), new, height)
    swapped = rotation(chain, "agency_a", other)
    swapped.new_public_key = new.public_key
    late = rotation(chain, "agency_b", new)
    late.possession_height -= 1
    wrong = (
        stolen,  # said about agency_a's key, sent by agency_b's
        elsewhere,
        swapped,
        late,
        rotation(chain, "agency_b", new, height + 100),
        RotateIdentityRequest(new_public_key=new.public_key, possession=bytes(64)),
        RotateIdentityRequest(new_public_key=new.public_key, possession=b"short"),
    )
    for request in wrong:
        chain.refused("agency_b", ROTATE, request, "POSSESSION_INVALID")
        assert not chain.writes
    good = rotation(chain, "agency_b", new)
    chain.height += WINDOW
    chain.refused("agency_b", ROTATE, good, "POSSESSION_INVALID")


def test_a_known_key_is_no_new_one(chain: Chain, new: Signer) -> None:
    """Or two roles that must stay apart could be brought together, and a revoked key return."""
    for key in (key_bytes("keeper"), key_bytes("agency_b"), key_bytes("agency_a")):
        request = rotation(chain, "agency_a", new)
        request.new_public_key = key
        chain.refused("agency_a", ROTATE, request, "IDENTITY_EXISTS")
        assert not chain.writes
    short = RotateIdentityRequest(new_public_key=b"\x04short")
    chain.refused("agency_a", ROTATE, short, "MALFORMED_REQUEST")


def test_who_cannot_act_cannot_rotate(chain: Chain, new: Signer) -> None:
    decide(chain, action(suspend_organisation=SuspendOrganisation(org="org-agency-b")))
    chain.refused("agency_b", ROTATE, rotation(chain, "agency_b", new), "ORGANISATION_SUSPENDED")
    chain.refused("nobody", ROTATE, rotation(chain, "nobody", new), "UNKNOWN_IDENTITY")
