"""Scenes of accounts, authorizations, identities, governance and regions."""

import json

from contracts.governance import requests
from crypto.suites import suite
from ledger.certificate import precommit_bytes
from ledger.equivocation import Equivocation, Kind, Signed
from proto import contracts_pb2 as pb
from proto import governance_pb2 as gov
from proto.region_pb2 import AssignRegionRequest
from tests.contracts.harness import (
    HOUR_MS,
    NATIONAL,
    START_MS,
    Chain,
    bill_name,
    key_bytes,
    person_key,
)
from tests.contracts.refusals.scene import scene
from tests.contracts.refusals.stage import Stage

# ---- account


@scene("account.open", "custodian", again="ACCOUNT_EXISTS", missing="OK")
def open_account(stage: Stage, n: int) -> pb.OpenAccountRequest:
    return pb.OpenAccountRequest(
        account_id=f"{n:032x}", public_key=person_key(n), insured_type="310", id_type="01"
    )


@scene("account.attach", "custodian", again="ALREADY_ATTACHED", missing="OBJECT_NOT_FOUND")
def attach(stage: Stage, n: int) -> pb.AttachRequest:
    stage.province.issue(n)
    return pb.AttachRequest(
        account_id=f"{1:032x}",
        object=bill_name(n),
        basis="settlement",
        payload=stage.province.payload(1),
    )


# ---- authorization


def grant(n: int) -> pb.GrantRequest:
    return pb.GrantRequest(
        authorization_id=f"{n:032x}",
        account_id=f"{1:032x}",
        grantee_org="org-insurer",
        object=bill_name(n),
        compartments=["full"],
        purpose="claim",
        from_ms=0,
        to_ms=START_MS + 1_000 * HOUR_MS,
        identity_check="face",
        identity_reference="ref-1",
    )


def granted(chain: Chain, n: int) -> None:
    chain.issue(n, account=1)
    chain.ok("bureau", "authorization.grant", grant(n))


@scene(
    "authorization.grant",
    "bureau",
    again="AUTHORIZATION_EXISTS",
    missing="OBJECT_NOT_FOUND",
    open=("from_ms", "to_ms"),  # a grant may hold for good, and may begin long ago
)
def grant_reading(stage: Stage, n: int) -> pb.GrantRequest:
    stage.province.issue(n, account=1)
    return grant(n)


@scene(
    "authorization.read",
    "insurer",
    again="OK",
    missing="OBJECT_NOT_FOUND",
    others=dict.fromkeys(("other_insurer", "bureau", "hospital", "custodian"), "NOT_AUTHORIZED"),
)
def read(stage: Stage, n: int) -> pb.ReadRequest:
    granted(stage.province, n)
    return pb.ReadRequest(
        object=bill_name(n),
        compartment="full",
        purpose="claim",
        reader_key=key_bytes("insurer"),
    )


@scene(
    "authorization.revoke",
    "bureau",
    again="AUTHORIZATION_REVOKED",
    missing="AUTHORIZATION_NOT_FOUND",
)
def revoke_grant(stage: Stage, n: int) -> pb.RevokeRequest:
    granted(stage.province, n)
    return pb.RevokeRequest(authorization_id=f"{n:032x}", reason="asked by the owner")


# ---- identity


def registration(name: str) -> pb.RegisterIdentityRequest:
    return pb.RegisterIdentityRequest(
        public_key=key_bytes(name), org="org-governance", roles=["agency"], label="night desk"
    )


@scene("identity.register", "governor", again="IDENTITY_EXISTS", missing="OK")
def register(stage: Stage, n: int) -> pb.RegisterIdentityRequest:
    return registration(f"newcomer-{n}")


@scene("identity.revoke", "governor", again="IDENTITY_REVOKED", missing="OBJECT_NOT_FOUND")
def revoke_identity(stage: Stage, n: int) -> pb.RevokeIdentityRequest:
    stage.province.ok("governor", "identity.register", registration(f"leaver-{n}"))
    return pb.RevokeIdentityRequest(public_key=key_bytes(f"leaver-{n}"), reason="left")


@scene("identity.rotate", "rotor", again="IDENTITY_REVOKED", missing="OK")
def rotate(stage: Stage, n: int) -> pb.RotateIdentityRequest:
    chain, signer = stage.province, suite("gm").signer((7000 + n).to_bytes(32, "big"))
    return requests.rotate_identity(chain.chain_id, key_bytes("rotor"), signer, chain.height)


# ---- governance


def decided(chain: Chain, *actions: gov.MotionAction) -> None:
    """A motion that two of the three organisations carry."""
    request = gov.ProposeRequest(actions=actions, reason="decided")
    result = chain.ok("governor", "governance.propose", request).result
    number = int(json.loads(result)["motion"])
    chain.ok("gov_b", "governance.vote", gov.VoteRequest(motion=number, accept=True))
    chain.ok("governor", "governance.execute", gov.ExecuteRequest(motion=number))


@scene(
    "governance.pause_channel",
    "bureau",
    again="CHANNEL_PAUSED",
    missing="NO_CHANNEL",
)
def pause_channel(stage: Stage, n: int) -> gov.PauseChannelRequest:
    """A channel of its own that carries nothing: other scenes' packets go on."""
    wanted = gov.OpenChannel(
        channel=f"pause-{n}",
        peer_chain=NATIONAL,
        peer_suite="gm",
        peer_genesis_hash=bytes(32),
        peer_validators=[gov.PeerValidator(public_key=key_bytes("validator"), power=1)],
        peer_router_key=key_bytes("envelope"),
    )
    decided(stage.province, gov.MotionAction(open_channel=wanted))
    return gov.PauseChannelRequest(channel=f"pause-{n}", reason="strange packets")


def newcomer(chain: Chain, n: int) -> pb.ProposeValidatorsRequest:
    signer = suite("gm").signer((5000 + n).to_bytes(32, "big"))
    change = requests.add(chain.chain_id, signer, 1, chain.height)
    return requests.propose([change], reason="a node more")


def proposed(chain: Chain, n: int) -> int:
    result = chain.ok("governor", "governance.propose_validators", newcomer(chain, n)).result
    return int(json.loads(result)["proposal"])


def motion() -> gov.ProposeRequest:
    rule = gov.SetFindingRule(submitted="error", proved="none")
    return gov.ProposeRequest(actions=[gov.MotionAction(set_finding_rule=rule)], reason="as it is")


def moved(chain: Chain) -> int:
    result = chain.ok("governor", "governance.propose", motion()).result
    return int(json.loads(result)["motion"])


@scene("governance.propose_validators", "governor", again="OK", missing="OK")
def propose_validators(stage: Stage, n: int) -> pb.ProposeValidatorsRequest:
    return newcomer(stage.province, n)


@scene(
    "governance.approve_validators",
    "gov_b",
    again="PROPOSAL_CLOSED",
    missing="PROPOSAL_NOT_FOUND",
)
def approve_validators(stage: Stage, n: int) -> pb.ApproveValidatorsRequest:
    return pb.ApproveValidatorsRequest(proposal=proposed(stage.province, n))


@scene("governance.propose", "governor", again="OK", missing="OK")
def propose(stage: Stage, n: int) -> gov.ProposeRequest:
    return motion()


@scene("governance.vote", "gov_b", again="MOTION_CLOSED", missing="MOTION_NOT_FOUND")
def vote(stage: Stage, n: int) -> gov.VoteRequest:
    return gov.VoteRequest(motion=moved(stage.province), accept=True, reason="agreed")


@scene("governance.execute", "gov_c", again="MOTION_CLOSED", missing="MOTION_NOT_FOUND")
def execute(stage: Stage, n: int) -> gov.ExecuteRequest:
    number = moved(stage.province)
    stage.province.ok("gov_b", "governance.vote", gov.VoteRequest(motion=number, accept=True))
    return gov.ExecuteRequest(motion=number)


@scene(
    "equivocation.report",
    "governor",
    again="EQUIVOCATION_KNOWN",
    missing="EQUIVOCATION_STRANGER",
)
def report(stage: Stage, n: int) -> pb.ReportEquivocationRequest:
    chain = stage.province
    number = proposed(chain, n)
    approval = pb.ApproveValidatorsRequest(proposal=number)
    chain.ok("gov_b", "governance.approve_validators", approval)
    signer = suite("gm").signer((5000 + n).to_bytes(32, "big"))
    said = [
        Signed(value, signer.sign(precommit_bytes(chain.chain_id, 3, 0, value)))
        for value in (b"x" * 32, b"y" * 32)
    ]
    found = Equivocation.of(Kind.PRECOMMIT, 3, 0, signer.public_key, *said)
    return pb.ReportEquivocationRequest(evidence=found.encode())


# ---- region


def region(n: int) -> str:
    return f"46{n:04d}"


def remote_region(n: int) -> str:
    return f"44{n:04d}"


@scene("region.assign", "governor", again="REGION_ASSIGNED", missing="MAJORITY_NEEDED")
def assign(stage: Stage, n: int) -> AssignRegionRequest:
    """By one signature, where the others that govern are suspended."""
    suspended = (gov.SuspendOrganisation(org=org) for org in ("org-gov-b", "org-gov-c"))
    decided(stage.province, *(gov.MotionAction(suspend_organisation=one) for one in suspended))
    return AssignRegionRequest(region=region(n), home_chain=NATIONAL, reason="区划归属")
