"""Random motions about organisations and keys; a model counts from the records anew."""

import json
from random import Random

import pytest

from contracts.governance.organisations import OrganisationRecord, organisation_key
from contracts.governance.records import (
    ADMINISTRATORS_KEY,
    ORGANISATIONS_KEY,
    AdministratorsRecord,
    OrganisationsRecord,
)
from contracts.identity import IdentityRecord
from ledger.genesis import ADMINISTRATORS
from ledger.records import decode
from proto.contracts_pb2 import RevokeIdentityRequest
from proto.governance_pb2 import (
    AdmitOrganisation,
    ExecuteRequest,
    MotionAction,
    RemoveOrganisation,
    ResumeOrganisation,
    SetOrganisationRoles,
    SuspendOrganisation,
    VoteRequest,
)
from tests.contracts.governance.council import action, identity, proposal
from tests.contracts.harness import Chain

ORGS = ("org-governance", "org-a", "org-b", "org-c")
ROLES = ("agency", "governance", *ADMINISTRATORS)
STEPS = 60


def records(chain: Chain, prefix: str) -> dict[str, bytes]:
    return {key: raw for key, raw in chain.state.items() if key.startswith(prefix)}


def acting(chain: Chain) -> dict[str, dict[str, list[str]]]:
    """Role -> organisation -> names of the keys that can act in it, from the records alone."""
    orgs = {
        key.partition("/")[2]: decode(OrganisationRecord, raw)
        for key, raw in records(chain, "organisation/").items()
    }
    found: dict[str, dict[str, list[str]]] = {}
    for raw in records(chain, "identity/").values():
        one = decode(IdentityRecord, raw)
        home = orgs[one.org]
        if one.revoked_ms or home.status != "active":
            continue
        name = one.public_key[1:].rstrip(b".").decode()
        for role in set(one.roles) & set(home.roles):
            found.setdefault(role, {}).setdefault(one.org, []).append(name)
    return found


def check(chain: Chain, administered: set[str]) -> None:
    """The kept lists are what the records say, and nobody is locked out."""
    now = acting(chain)
    governing = {org: len(names) for org, names in now["governance"].items()}
    assert dict(chain.load(OrganisationsRecord, ORGANISATIONS_KEY).members) == governing
    counted = {
        role: sum(len(names) for names in now[role].values())
        for role in ADMINISTRATORS
        if role in now
    }
    assert dict(chain.load(AdministratorsRecord, ADMINISTRATORS_KEY).counts) == counted
    assert governing
    administered |= set(counted)
    assert set(counted) == administered, "a kind of administrator is gone"


def carry(chain: Chain, wanted: MotionAction) -> str:
    """The code of moving it, or of carrying it out with everybody's vote."""
    governors = sorted(names[0] for names in acting(chain)["governance"].values())
    made = chain.call(governors[0], "governance.propose", proposal([wanted]))
    if made.code != "OK":
        assert not chain.writes
        return made.code
    number = json.loads(made.result)["motion"]
    for name in governors[1:]:
        chain.call(name, "governance.vote", VoteRequest(motion=number, accept=True))
    return chain.call(governors[-1], "governance.execute", ExecuteRequest(motion=number)).code


def step(chain: Chain, random: Random, number: int) -> MotionAction:
    org = random.choice(ORGS)
    kind = random.randrange(9)
    if kind <= 2:
        roles = [random.choice(ROLES)]
        return action(register_identity=identity(f"key-{number}", org, *roles))
    if kind <= 4:
        keys = sorted(
            decode(IdentityRecord, raw).public_key for raw in records(chain, "identity/").values()
        )
        wanted = RevokeIdentityRequest(public_key=random.choice(keys), reason="walk")
        return action(revoke_identity=wanted)
    if kind == 5:
        return action(suspend_organisation=SuspendOrganisation(org=org))
    if kind == 6:
        return action(resume_organisation=ResumeOrganisation(org=org))
    if kind == 7:
        roles = sorted(random.sample(ROLES, random.randint(1, len(ROLES))))
        return action(set_organisation_roles=SetOrganisationRoles(org=org, roles=roles))
    if random.randrange(4):
        return action(admit_organisation=AdmitOrganisation(org=org, roles=["agency"]))
    return action(remove_organisation=RemoveOrganisation(org=org))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_moved_the_lists_are_right_and_somebody_governs(seed: int) -> None:
    random, chain, administered = Random(seed), Chain(), set[str]()
    codes = []
    for number in range(STEPS):
        codes.append(carry(chain, step(chain, random, number)))
        check(chain, administered)
    assert codes.count("OK") > STEPS // 5
    for org in ORGS:
        raw = chain.state.get(organisation_key(org))
        if raw is not None:
            record = decode(OrganisationRecord, raw)
            chain.check_trace(organisation_key(org), record.trace_count, record.trace_head)


def test_the_walks_come_by_every_lock() -> None:
    """Otherwise the walks above would show nothing about them."""
    met = set()
    for seed in range(8):
        random, chain = Random(seed), Chain()
        met |= {carry(chain, step(chain, random, number)) for number in range(STEPS)}
    assert {"LAST_GOVERNOR", "LAST_ADMINISTRATOR", "ORGANISATION_REMOVED"} <= met
