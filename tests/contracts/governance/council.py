"""Three organisations that govern, and motions that they carry through."""

import json
from collections.abc import Iterable

from google.protobuf.message import Message

from contracts.framework import BlockContext, Context, Identity
from contracts.governance.motions import MotionRecord, motion_key
from contracts.state_view import StateView
from crypto.suites import suite
from proto.contracts_pb2 import RegisterIdentityRequest
from proto.governance_pb2 import ExecuteRequest, MotionAction, ProposeRequest, VoteRequest
from tests.contracts.harness import Chain, key_bytes

GOVERNORS = ("governor", "gov_b", "gov_c")


def identity(name: str, org: str, *roles: str) -> RegisterIdentityRequest:
    """The request to register the key of this name."""
    return RegisterIdentityRequest(public_key=key_bytes(name), org=org, roles=roles, label="desk")


def council(chain: Chain) -> Chain:
    """The chain, with two more governing organisations: org-gov_b and org-gov_c."""
    for number, name in enumerate(GOVERNORS[1:]):
        request = identity(name, f"org-{name}", "governance")
        chain.ok("governor", "identity.register", request, endorsers=GOVERNORS[1 : number + 1])
    return chain


def action(**what: Message) -> MotionAction:
    """One action of a motion: `action(suspend_organisation=SuspendOrganisation(org="x"))`."""
    return MotionAction(**what)  # type: ignore[arg-type]


def proposal(actions: Iterable[MotionAction], not_before: int = 0) -> ProposeRequest:
    return ProposeRequest(actions=list(actions), reason="test", not_before=not_before)


def move(chain: Chain, *actions: MotionAction, who: str = "governor") -> int:
    """Move the actions; the motion's number."""
    result = chain.ok(who, "governance.propose", proposal(actions)).result
    return int(json.loads(result)["motion"])


def not_moved(chain: Chain, code: str, *actions: MotionAction) -> None:
    """The motion is refused with this code and nothing is written."""
    chain.refused("governor", "governance.propose", proposal(actions), code)
    assert not chain.writes


def vote(chain: Chain, number: int, *who: str, accept: bool = True) -> None:
    for name in who:
        chain.ok(name, "governance.vote", VoteRequest(motion=number, accept=accept))


def execute(chain: Chain, number: int, who: str = "governor") -> str:
    """The code of carrying the motion out."""
    return chain.call(who, "governance.execute", ExecuteRequest(motion=number)).code


def decide(chain: Chain, *actions: MotionAction) -> None:
    """Carry the actions out: moved by the first governor, accepted by the second."""
    number = move(chain, *actions)
    if chain.load(MotionRecord, motion_key(number)).status == "open":
        vote(chain, number, "gov_b")
    assert execute(chain, number) == "OK"


def context(chain: Chain, who: str = "governor") -> tuple[Context, StateView]:
    """A context in which to call a function directly, and the view it writes to."""
    view = StateView(chain)
    block = BlockContext(chain.chain_id, suite(chain.suite_name), chain.height + 1, chain.time_ms)
    ctx = Context(
        chain_id=block.chain_id,
        suite=block.suite,
        height=block.height,
        time_ms=block.time_ms,
        tx_hash=bytes(32),
        operation_index=0,
        signer=Identity(key_bytes(who), "", ()),
        view=view,
    )
    return ctx, view
