"""Three administrators (三员分立), separate from each other and from business."""

import json
from itertools import combinations

import msgspec
import pytest

from contracts.governance.organisations import GOVERNED
from faults import Rejected
from ledger.genesis import ADMINISTRATORS, ROLES, GenesisIdentity, dump_genesis, load_genesis
from proto.contracts_pb2 import ReadRequest, RegisterIdentityRequest, RevokeIdentityRequest
from proto.governance_pb2 import ExecuteRequest, MotionAction, ProposeRequest, SetPermission
from tests.contracts.harness import FINANCE, Chain, bill_name, genesis, key_bytes, unlock


def register(name: str, *roles: str) -> RegisterIdentityRequest:
    return RegisterIdentityRequest(
        public_key=key_bytes(name), org="org-x", roles=roles, label="desk"
    )


@pytest.fixture
def chain() -> Chain:
    made = Chain()
    made.ok("governor", "identity.register", register("security", "security_admin"))
    return made


@pytest.mark.parametrize(
    "roles",
    [*combinations(ADMINISTRATORS, 2), ("bureau", "system_admin"), ("audit_admin", "governance")],
)
def test_no_key_is_an_administrator_and_something_else(
    chain: Chain, roles: tuple[str, ...]
) -> None:
    chain.refused("governor", "identity.register", register("new", *roles), "ROLES_NOT_SEPARATE")
    assert not chain.writes


def test_nor_does_a_genesis_make_one() -> None:
    made = genesis(FINANCE, "intl")
    for roles in (("audit_admin", "security_admin"), ("bureau", "system_admin")):
        wrong = GenesisIdentity(
            public_key=key_bytes("both").hex(), org="org-x", roles=roles, label="desk"
        )
        changed = msgspec.structs.replace(made, identities=(*made.identities, wrong))
        with pytest.raises(Rejected, match="administrator"):
            load_genesis(dump_genesis(changed))


@pytest.mark.parametrize("role", ROLES)
def test_a_security_administrator_gives_and_takes_the_ordinary_roles_of_its_organisation(
    chain: Chain, role: str
) -> None:
    code = "MAJORITY_NEEDED" if role in GOVERNED else "ROLE_NOT_ADMITTED"
    chain.refused("security", "identity.register", register("new", role), code)
    assert not chain.writes
    chain.ok("governor", "identity.register", register("new", role))
    revoke = RevokeIdentityRequest(public_key=key_bytes("new"), reason="left")
    if role in GOVERNED:
        chain.refused("security", "identity.revoke", revoke, "MAJORITY_NEEDED")
        assert not chain.writes
        return
    chain.ok("security", "identity.register", register("another", role))
    chain.ok("security", "identity.revoke", revoke)
    elsewhere = register("elsewhere", role)
    elsewhere.org = "org-bureau"
    chain.refused("security", "identity.register", elsewhere, "MAJORITY_NEEDED")


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_administrators_have_no_business_rights(chain: Chain, role: str) -> None:
    chain.issue(1)
    chain.ok("governor", "identity.register", register("admin", role))
    for name, request in (
        ("bill.lock", chain.lock()),
        ("authorization.read", ReadRequest(object=bill_name(1))),
    ):
        chain.refused("admin", name, request, "NOT_PERMITTED")
        assert not chain.writes


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_nor_has_governance_given_them_any_by_naming_no_role(chain: Chain, role: str) -> None:
    chain.issue(1)
    chain.ok("governor", "identity.register", register("admin", role))
    decide(chain, SetPermission(contract="bill", method="lock", rule="ANY"))
    chain.refused("admin", "bill.lock", chain.lock(), "NOT_PERMITTED")
    chain.ok("hospital", "bill.lock", chain.lock())
    for orgs in ((), ("org-x",)):
        wanted = SetPermission(contract="bill", method="unlock", rule="1", organisations=orgs)
        decide(chain, wanted)
        chain.refused("admin", "bill.unlock", unlock(), "NOT_PERMITTED")
        assert chain.call("agency_a", "bill.unlock", unlock(), ["admin"]).code == (
            "ENDORSEMENTS_MISSING"
        )


def decide(chain: Chain, wanted: SetPermission) -> None:
    """What the only governing organisation moves is accepted by its moving it."""
    action = MotionAction(set_permission=wanted)
    result = chain.ok(
        "governor", "governance.propose", ProposeRequest(actions=[action], reason="x")
    )
    number = json.loads(result.result)["motion"]
    chain.ok("governor", "governance.execute", ExecuteRequest(motion=number))
