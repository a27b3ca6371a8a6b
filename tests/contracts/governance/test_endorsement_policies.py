"""Endorsement policies (背书): k of the named opened a document and checked it, and said so.

Real keys and signatures: what an endorser signed is the body with its operations, so its consent
holds for this document, this submitter and this chain, and for nothing else.
"""

from dataclasses import dataclass, field

import msgspec
import pytest
from google.protobuf.message import Message

from contracts.bill.record import BillRecord
from contracts.framework import BlockContext
from contracts.registry import OperationResult, apply_transaction, initial_state
from contracts.state_view import StateView
from crypto.suites import suite
from faults import Rejected
from ledger.endorsement import endorse, endorsed_part
from ledger.genesis import GenesisIdentity
from ledger.records import decode
from ledger.trace import decode_event
from ledger.transaction import (
    check_signature,
    encode_transaction,
    parse_transaction,
    sign_body,
)
from proto.governance_pb2 import ExecuteRequest, MotionAction, ProposeRequest, SetPermission
from proto.transaction_pb2 import TxBody
from tests.contracts.harness import FINANCE, START_MS, Chain, bill_name, genesis

SUITE = suite("intl")
PEOPLE = {
    "governor": ("org-governance", "governance"),
    "finance": ("org-finance", "finance"),
    "hospital_a": ("org-hospital-a", "hospital"),
    "hospital_b": ("org-hospital-b", "hospital"),
    "bureau": ("org-bureau", "bureau"),
    "second_of_a": ("org-hospital-a", "hospital"),
    "clerk_of_a": ("org-hospital-a", "insurer"),
    "admin_of_b": ("org-hospital-b", "system_admin"),
    "insurer": ("org-insurer", "insurer"),
}


@dataclass
class Real:
    """A chain whose transactions are parsed and verified as a node does it."""

    state: dict[str, bytes] = field(default_factory=dict)
    events: list[tuple[str, bytes]] = field(default_factory=list)
    height: int = 0

    def __post_init__(self) -> None:
        private = {name: SUITE.generate_private_key() for name in PEOPLE}
        self.signers = {name: SUITE.signer(private[name]) for name in PEOPLE}
        identities = tuple(
            GenesisIdentity(
                public_key=self.signers[name].public_key.hex(), org=org, roles=(role,), label="desk"
            )
            for name, (org, role) in PEOPLE.items()
        )
        made = msgspec.structs.replace(genesis(FINANCE, "intl"), identities=identities)
        self.state = initial_state(made)

    def body(self, who: str, name: str, request: Message, nonce: int = 0) -> bytes:
        contract, method = name.split(".")
        body = TxBody(
            chain_id=FINANCE,
            contract=contract,
            method=method,
            operations=[request.SerializeToString(deterministic=True)],
            signer=self.signers[who].public_key,
            nonce=(nonce or self.height).to_bytes(16, "big"),
            last_height=self.height + 100,
        )
        return body.SerializeToString(deterministic=True)

    def submit(self, who: str, body: bytes) -> OperationResult:
        """Sign, parse, verify, apply. Raises Rejected where a node's door would refuse it."""
        raw = encode_transaction(sign_body(self.signers[who], body))
        parsed = parse_transaction(raw, SUITE, chain_id=FINANCE)
        check_signature(SUITE, parsed)
        self.height += 1
        view = StateView(self)
        block = BlockContext(FINANCE, SUITE, self.height, START_MS + self.height)
        (result,) = apply_transaction(view, block, parsed)
        self.state.update({key: raw for key, raw in view.writes().items() if raw is not None})
        self.events.extend(result.events)
        return result

    def get(self, key: str) -> bytes | None:
        return self.state.get(key)

    def require(self, rule: str, *orgs: str, roles: tuple[str, ...]) -> None:
        """Governance asks for these endorsers of issuing a bill."""
        wanted = SetPermission(
            contract="bill", method="issue_blue", rule=rule, organisations=orgs, roles=roles
        )
        motion = ProposeRequest(actions=[MotionAction(set_permission=wanted)], reason="背书")
        calls = (("propose", motion), ("execute", ExecuteRequest(motion=1)))
        for method, request in calls:
            body = self.body("governor", f"governance.{method}", request)
            assert self.submit("governor", body).code == "OK"


@pytest.fixture
def chain() -> Real:
    made = Real()
    made.require(
        "2", "org-bureau", "org-hospital-a", "org-hospital-b", roles=("bureau", "hospital")
    )
    return made


def document(chain: Real, who: str = "finance", number: int = 1, **fields: int) -> bytes:
    return chain.body(who, "bill.issue_blue", Chain().blue(number, **fields))


def endorsed(chain: Real, body: bytes, *names: str) -> bytes:
    for name in names:
        body = endorse(chain.signers[name], body)
    return body


@pytest.mark.parametrize(
    ("who", "endorsers", "code"),
    [
        ("finance", ("hospital_a", "hospital_b"), "OK"),
        ("finance", ("bureau", "hospital_b"), "OK"),
        ("bureau", ("hospital_a",), "OK"),  # who submits is one of them
        ("finance", (), "ENDORSEMENTS_MISSING"),
        ("finance", ("hospital_a",), "ENDORSEMENTS_MISSING"),
        ("finance", ("hospital_a", "second_of_a"), "ENDORSEMENTS_MISSING"),  # one voice
        ("finance", ("hospital_a", "insurer"), "ENDORSEMENTS_MISSING"),  # not named
        ("finance", ("hospital_b", "clerk_of_a"), "ENDORSEMENTS_MISSING"),  # not in the role
        ("finance", ("hospital_a", "admin_of_b"), "ENDORSEMENTS_MISSING"),
        # However many agree: who submits is whom the method admits, or one of them.
        ("insurer", ("hospital_a", "hospital_b"), "NOT_PERMITTED"),
    ],
)
def test_k_of_the_named_in_their_roles(
    chain: Real, who: str, endorsers: tuple[str, ...], code: str
) -> None:
    before = dict(chain.state)
    result = chain.submit(who, endorsed(chain, document(chain, who), *endorsers))
    assert result.code == code
    if code != "OK":
        assert chain.state == before
        return
    assert decode(BillRecord, chain.state[bill_name(1)]).public.number == "0000000001"
    issued = next(decode_event(raw) for key, raw in chain.events if key == bill_name(1))
    assert issued.actor_org == PEOPLE[who][0]
    orgs = sorted(PEOPLE[name][0] for name in endorsers)
    assert issued.details["endorsed_by"] == ",".join(orgs)


@pytest.mark.parametrize("change", ["total", "number", "signer", "nonce", "method", "window"])
def test_consent_is_for_this_body_only(chain: Real, change: str) -> None:
    """An endorsement taken from one body and put behind another is refused at the door."""
    body = document(chain)
    consents = endorsed(chain, body, "hospital_a", "hospital_b")[len(body) :]
    changed = TxBody.FromString(body)
    who = "finance"
    if change in ("total", "number"):
        fields = {"cash_fen": 1597, "total_fen": 23141} if change == "total" else {}
        number = 1 if change == "total" else 2
        changed = TxBody.FromString(document(chain, number=number, **fields))
        changed.nonce = TxBody.FromString(body).nonce
    elif change == "signer":
        who = "bureau"
        changed.signer = chain.signers[who].public_key
    elif change == "nonce":
        changed.nonce = bytes(15) + b"\7"
    elif change == "method":
        changed.method = "print"
    else:
        changed.last_height += 1
    other = changed.SerializeToString(deterministic=True)
    assert other != body
    with pytest.raises(Rejected, match="BAD_SIGNATURE"):
        chain.submit(who, other + consents)
    assert endorsed_part(body + consents) == body
    assert chain.submit("finance", body + consents).code == "OK"


def test_an_endorsement_that_another_key_made_is_refused(chain: Real) -> None:
    body = document(chain)
    forged = endorse(chain.signers["insurer"], endorse(chain.signers["hospital_a"], body))
    wrong = TxBody.FromString(forged)
    wrong.endorsements[1].public_key = chain.signers["hospital_b"].public_key
    with pytest.raises(Rejected, match="BAD_SIGNATURE"):
        chain.submit("finance", wrong.SerializeToString(deterministic=True))


def test_endorsing_twice_or_oneself_is_refused(chain: Real) -> None:
    for names in (("hospital_a", "hospital_a"), ("finance", "hospital_a")):
        with pytest.raises(Rejected, match="MALFORMED"):
            chain.submit("finance", endorsed(chain, document(chain), *names))
