"""Three administrators (三员分立), separate from each other and from business."""

from itertools import combinations

import msgspec
import pytest

from contracts.identity import GOVERNED
from faults import Rejected
from ledger.genesis import ADMINISTRATORS, ROLES, GenesisIdentity, dump_genesis, load_genesis
from proto.contracts_pb2 import RegisterIdentityRequest, RevokeIdentityRequest
from tests.contracts.harness import FINANCE, Chain, genesis, key_bytes


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
def test_a_security_administrator_gives_and_takes_ordinary_roles_only(
    chain: Chain, role: str
) -> None:
    code = "NOT_PERMITTED" if role in GOVERNED else "OK"
    assert chain.call("security", "identity.register", register("new", role)).code == code
    if code != "OK":
        assert not chain.writes
        chain.ok("governor", "identity.register", register("new", role))
    revoke = RevokeIdentityRequest(public_key=key_bytes("new"), reason="left")
    assert chain.call("security", "identity.revoke", revoke).code == code


@pytest.mark.parametrize("role", ADMINISTRATORS)
def test_administrators_have_no_business_rights(chain: Chain, role: str) -> None:
    chain.issue(1)
    chain.ok("governor", "identity.register", register("admin", role))
    chain.refused("admin", "bill.lock", chain.lock(), "NOT_PERMITTED")
    assert not chain.writes
