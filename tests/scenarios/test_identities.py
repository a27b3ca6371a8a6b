"""Identities (身份互认): registered once, known to the chains that are joined, revoked for good."""

from collections.abc import Iterator

import pytest

from crypto.ports import Signer
from crypto.suites import GM
from node.client import Client
from tests.scenarios.looking import FULL, actions, denial, proved
from tests.scenarios.papers import CODE
from tests.scenarios.parties import HOUR_MS, Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]

ORG = "agency-three"


@pytest.fixture
def newcomer(parties: Parties) -> Iterator[Client]:
    """Somebody with a key of their own that no chain knows yet, connected to the province."""
    signer = GM.signer(GM.generate_private_key())
    address = parties.stage.grpc_address("province")
    with Client(address, signer=signer, chain_id="province") as client:
        yield client


def key_of(client: Client) -> Signer:
    """The signer of a client that has one."""
    assert client.signer is not None
    return client.signer


def lock(parties: Parties, client: Client, number: str) -> str:
    """What comes of locking the bill."""
    expires_ms = parties.now_ms() + HOUR_MS
    return denial(
        lambda: client.bills.lock(CODE, number, purpose="reimbursement", expires_ms=expires_ms)
    )


@pytest.mark.clause("2.2.1.3.3")
def test_a_registered_agency_acts_here_and_is_known_to_the_bills_home(
    parties: Parties, newcomer: Client
) -> None:
    number, public_key = parties.issued(), key_of(newcomer).public_key
    governance = parties["province governance"].identities
    assert lock(parties, newcomer, number) == "UNKNOWN_IDENTITY"
    by_itself = lambda: parties["bureau desk"].identities.register(  # noqa: E731
        public_key, org=ORG, roles=["agency"], label="a friend"
    )
    assert refusal(by_itself) == "NOT_PERMITTED"
    governance.register(public_key, org=ORG, roles=["agency"], label="counter three")
    found = newcomer.identities.get(public_key)
    assert (found.record.org, list(found.record.roles)) == (ORG, ["agency"])
    key = f"identity/{public_key.hex()}"
    assert proved(parties, "province", key, found.state) == found.state.value
    assert lock(parties, newcomer, number) == "OK"
    until(lambda: newcomer.bills.get(CODE, number).record.lock.state == "confirmed")
    finance = parties["finance desk"]
    assert not finance.identities.get(public_key).HasField("record")
    held = finance.bills.get(CODE, number).record.lock
    assert (held.holder_org, held.holder_chain) == (ORG, "province")
    settled = denial(lambda: newcomer.settlements.report("300000900001"))
    assert settled == "NOT_PERMITTED"


@pytest.mark.clause("2.2.1.3.3")
def test_one_key_is_the_same_identity_on_two_chains(parties: Parties, newcomer: Client) -> None:
    signer = key_of(newcomer)
    for chain in ("province", "national"):
        address = parties.stage.grpc_address(chain)
        governance = parties[f"{chain} governance"].identities
        with Client(address, signer=signer, chain_id=chain) as there:
            ask = lambda there=there: there.authorizations.read(  # noqa: E731
                "bill/none", compartment=FULL, purpose="audit", reader_key=signer.public_key
            )
            assert denial(ask) == "UNKNOWN_IDENTITY"
            governance.register(signer.public_key, org=ORG, roles=["auditor"], label="both")
            # Known now: what is refused is that there is no such object.
            assert denial(ask) == "OBJECT_NOT_FOUND"
            assert there.identities.get(signer.public_key).record.org == ORG


@pytest.mark.clause("2.2.1.3.3", "2.2.1.3.5")
def test_a_revoked_key_acts_no_more_and_never_comes_back(
    parties: Parties, newcomer: Client
) -> None:
    number, public_key = parties.issued(), key_of(newcomer).public_key
    governance = parties["province governance"]
    governance.identities.register(public_key, org=ORG, roles=["agency"], label="counter four")
    assert lock(parties, newcomer, number) == "OK"
    governance.identities.revoke(public_key, reason="key lost")
    assert lock(parties, newcomer, number) == "IDENTITY_REVOKED"
    assert governance.identities.get(public_key).record.revoked_ms > 0
    again = lambda: governance.identities.register(  # noqa: E731
        public_key, org=ORG, roles=["agency"], label="found again"
    )
    assert refusal(again) == "IDENTITY_EXISTS"
    twice = lambda: governance.identities.revoke(public_key, reason="twice")  # noqa: E731
    assert refusal(twice) == "IDENTITY_REVOKED"
    own = key_of(governance).public_key
    itself = lambda: governance.identities.revoke(own, reason="goodbye")  # noqa: E731
    assert refusal(itself) == "SELF_REVOCATION"
    assert actions(governance.identities.trace(public_key)) == ["register", "revoke"]


@pytest.mark.clause("2.2.1.3.3", "2.2.1.3.5")
def test_a_security_administrator_registers_its_own_people_but_no_colleagues(
    parties: Parties, newcomer: Client
) -> None:
    governance = parties["province governance"].identities
    own, clerk = key_of(newcomer).public_key, GM.public_key(GM.generate_private_key())
    both = lambda: governance.register(  # noqa: E731
        own, org="bureau", roles=["agency", "security_admin"], label="too much"
    )
    assert refusal(both) == "ROLES_NOT_SEPARATE"
    governance.register(own, org="bureau", roles=["security_admin"], label="administrator")

    def register(org: str, role: str) -> str:
        return refusal(
            lambda: newcomer.identities.register(clerk, org=org, roles=[role], label="desk")
        )

    assert register("bureau", "governance") == "MAJORITY_NEEDED"
    assert register("bureau", "audit_admin") == "MAJORITY_NEEDED"
    assert register("agency-one", "agency") == "MAJORITY_NEEDED"
    assert register("bureau", "insurer") == "ROLE_NOT_ADMITTED"
    assert register("bureau", "bureau") == "OK"
    newcomer.identities.revoke(clerk, reason="desk closed")
    assert governance.get(clerk).record.revoked_ms > 0
    governor = key_of(parties["province governance"]).public_key
    upwards = lambda: newcomer.identities.revoke(governor, reason="alone")  # noqa: E731
    assert refusal(upwards) == "MAJORITY_NEEDED"
