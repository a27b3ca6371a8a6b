"""Governance (协同治理): organisations vote about rules, and the rules hold from then on."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from crypto.ports import Signer
from crypto.suites import GM
from node.client import Client
from proto.contracts_pb2 import BillKey, LinkSettlementRequest, RevokeIdentityRequest
from proto.governance_pb2 import MotionAction, SetFindingRule, SetPermission
from proto.services_pb2 import OperationReceipt
from tests.documents.support import edit
from tests.scenarios.looking import actions, proved, refused
from tests.scenarios.papers import CODE, fresh_id, fresh_number, settlement
from tests.scenarios.parties import Parties, refusal

pytestmark = [pytest.mark.processes, pytest.mark.slow]

AUDIT = "audit-office"


@dataclass(frozen=True)
class Governing:
    """The two organisations that govern the province for a while."""

    bureau: Client
    audit: Client

    def carry(self, action: MotionAction, reason: str) -> None:
        """A motion that both want, executed."""
        motion = int(self.bureau.governance.propose([action], reason=reason).result["motion"])
        self.audit.governance.vote(motion, accept=True, reason="agreed")
        self.bureau.governance.execute(motion)


@pytest.fixture
def governing(parties: Parties) -> Iterator[Governing]:
    """The bureau, which governs the stage's province alone, and the audit office beside it."""
    signer = GM.signer(GM.generate_private_key())
    bureau = parties["province governance"]
    bureau.identities.register(
        signer.public_key, org=AUDIT, roles=["governance"], label="audit office's vote"
    )
    address = parties.stage.grpc_address("province")
    with Client(address, signer=signer, chain_id="province") as audit:
        yield Governing(bureau, audit)
    over = RevokeIdentityRequest(public_key=signer.public_key, reason="the scenario is over")
    assert bureau.signer is not None
    ended = bureau.call("identity", "revoke", [over], bureau.signer, endorsers=[signer])
    assert ended.operations[0].code == "OK"


def permission(rule: str, *organisations: str) -> MotionAction:
    """Who may link a bill with a settlement."""
    wanted = SetPermission(
        contract="bill", method="link_settlement", rule=rule, organisations=organisations
    )
    return MotionAction(set_permission=wanted)


def findings(submitted: str) -> MotionAction:
    """From which grade on findings refuse what hospitals and the bureau submit."""
    return MotionAction(set_finding_rule=SetFindingRule(submitted=submitted, proved="none"))


@pytest.mark.clause("2.2.1.3.5")
def test_a_permission_that_two_organisations_voted_for_holds(
    parties: Parties, governing: Governing
) -> None:
    settlement_id, number = parties.settled()
    request = LinkSettlementRequest(
        bill=BillKey(code=CODE, number=number), settlement_id=settlement_id
    )
    clerk, audit = parties["bureau clerk"], governing.audit
    signer, endorser = clerk.signer, audit.signer
    assert signer is not None
    assert endorser is not None

    def link(*endorsers: Signer) -> OperationReceipt:
        answer = clerk.call("bill", "link_settlement", [request], signer, endorsers=endorsers)
        return answer.operations[0]

    try:
        governing.carry(permission("2", AUDIT, "bureau"), "two sign what is linked")
        kept = clerk.governance.get_permission("bill", "link_settlement")
        assert (kept.record.rule, list(kept.record.orgs)) == ("2", [AUDIT, "bureau"])
        key = "permission/bill.link_settlement"
        assert proved(parties, "province", key, kept.state) == kept.state.value
        alone = link()
        assert alone.code == "ENDORSEMENTS_MISSING"
        assert (alone.fields["needs"], alone.fields["agree"]) == ("2", "1")
        assert clerk.bills.get(CODE, number).record.settlement_id == ""
        assert link(endorser).code == "OK"
        assert clerk.bills.get(CODE, number).record.settlement_id == settlement_id
    finally:
        governing.carry(permission(""), "as declared again")
    assert clerk.governance.get_permission("bill", "link_settlement").record.rule == ""
    assert link().code == "ALREADY_LINKED"


@pytest.mark.clause("2.2.1.3.5")
def test_a_motion_is_carried_out_once_and_only_when_more_than_half_want_it(
    parties: Parties, governing: Governing
) -> None:
    bureau, audit = governing.bureau.governance, governing.audit.governance
    action = permission("ANY", "bureau")
    stranger = parties["stranger"].governance
    assert refusal(lambda: stranger.propose([action], reason="mine")) == "NOT_PERMITTED"
    made = bureau.propose([action], reason="only the bureau links").result
    motion = int(made["motion"])
    assert (made["status"], made["accept"], made["organisations"]) == ("open", 1, 2)
    assert refusal(lambda: bureau.execute(motion)) == "MOTION_NOT_ACCEPTED"
    voted = audit.vote(motion, accept=True, reason="agreed").result
    assert voted["status"] == "accepted"
    assert refusal(lambda: audit.vote(motion, accept=False, reason="late")) == "MOTION_CLOSED"
    try:
        assert audit.execute(motion).result["status"] == "executed"
        assert refusal(lambda: bureau.execute(motion)) == "MOTION_CLOSED"
    finally:
        governing.carry(permission(""), "as declared again")
    found = bureau.get(motion).record
    assert [(one.org, one.accept) for one in found.voices] == [(AUDIT, True), ("bureau", True)]
    assert (found.status, found.proposer) == ("executed", "bureau")
    trace = parties["auditor"].governance.trace(motion)
    assert actions(trace) == ["propose", "vote", "accept", "execute"]
    assert refused(trace) == ["MOTION_NOT_ACCEPTED", "MOTION_CLOSED", "MOTION_CLOSED"]


@pytest.mark.clause("2.2.1.3.5")
def test_a_motion_that_is_voted_down_changes_nothing(
    parties: Parties, governing: Governing
) -> None:
    bureau, audit = governing.bureau.governance, governing.audit.governance
    before = bureau.get_permission("bill", "link_settlement").record
    made = bureau.propose([permission("FORBIDDEN")], reason="nobody links")
    motion = int(made.result["motion"])
    assert audit.vote(motion, accept=False, reason="needed daily").result["status"] == "open"
    # An organisation has one voice, and may change it while the motion is open.
    given = bureau.vote(motion, accept=False, reason="convinced").result
    assert (given["status"], given["accept"], given["reject"]) == ("rejected", 0, 2)
    assert refusal(lambda: bureau.execute(motion)) == "MOTION_CLOSED"
    assert bureau.get_permission("bill", "link_settlement").record == before
    assert refusal(lambda: audit.vote(10**9, accept=True, reason="?")) == "MOTION_NOT_FOUND"


@pytest.mark.clause("2.2.1.3.5")
def test_what_governance_itself_stands_on_is_not_voted_away(governing: Governing) -> None:
    own = SetPermission(contract="governance", method="vote", rule="FORBIDDEN")
    unknown = SetPermission(contract="bill", method="forge", rule="ANY")

    def propose(wanted: SetPermission) -> str:
        motion = [MotionAction(set_permission=wanted)]
        return refusal(lambda: governing.bureau.governance.propose(motion, reason="coup"))

    assert propose(own) == "PERMISSION_PROTECTED"
    assert propose(unknown) == "MALFORMED_REQUEST"


@pytest.mark.clause("2.2.1.3.5", "2.2.1.4.4.1")
def test_the_rule_of_findings_decides_whether_a_settlement_is_refused(
    parties: Parties, governing: Governing
) -> None:
    parties.account()

    def upload() -> str:
        document = settlement(fresh_id(), fresh_number())
        short = edit(document, '"psn_cash_pay": 15.96', '"psn_cash_pay": 5.96')
        return refusal(lambda: parties["hospital desk"].settlements.upload(short))

    assert upload() == "FINDINGS_REFUSED"
    try:
        governing.carry(findings("none"), "kept with their findings for a while")
        assert upload() == "OK"
    finally:
        governing.carry(findings("error"), "as before")
    assert upload() == "FINDINGS_REFUSED"
