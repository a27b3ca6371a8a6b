"""Governance (协同治理): motions about rules and members, and who decides blocks."""

from collections.abc import Sequence

from node.client.domain import Domain
from node.client.outcome import Receipt
from proto.api.governance_pb2 import (
    DESCRIPTOR,
    MethodKey,
    MotionKey,
    MotionReply,
    OrganisationKey,
    OrganisationReply,
    ParametersKey,
    ParametersReply,
    PermissionReply,
)
from proto.contracts_pb2 import ApproveValidatorsRequest, ProposeValidatorsRequest, ValidatorChange
from proto.governance_pb2 import (
    ExecuteRequest,
    MotionAction,
    PauseChannelRequest,
    ProposeRequest,
    VoteRequest,
)
from proto.services_pb2 import TraceReply


class Governance(Domain):
    """Governance (协同治理)."""

    contract = "governance"
    service = DESCRIPTOR.services_by_name["Governance"]

    def approve_validators(self, proposal: int, *, absent: Sequence[bytes]) -> Receipt:
        """Approve a proposal; once more by the same organisation replaces what it saw absent."""
        return self._write(
            "approve_validators", ApproveValidatorsRequest(proposal=proposal, absent=absent)
        )

    def execute(self, motion: int) -> Receipt:
        """Carry an accepted motion out (执行)."""
        return self._write("execute", ExecuteRequest(motion=motion))

    def pause_channel(self, channel: str, *, reason: str) -> Receipt:
        """Stop a channel at once; only a motion resumes it (通道暂停)."""
        return self._write("pause_channel", PauseChannelRequest(channel=channel, reason=reason))

    def propose(
        self, actions: Sequence[MotionAction], *, reason: str, not_before: int = 0
    ) -> Receipt:
        """Move what governance decides: organisations, keys, channels, rules (提案)."""
        return self._write(
            "propose", ProposeRequest(actions=actions, reason=reason, not_before=not_before)
        )

    def propose_validators(
        self, changes: Sequence[ValidatorChange], *, absent: Sequence[bytes], reason: str
    ) -> Receipt:
        """Propose changes of the set, all or none of them; the proposer approves by proposing."""
        return self._write(
            "propose_validators",
            ProposeValidatorsRequest(changes=changes, absent=absent, reason=reason),
        )

    def vote(self, motion: int, *, accept: bool, reason: str) -> Receipt:
        """Vote for or against a motion (表决)."""
        return self._write("vote", VoteRequest(motion=motion, accept=accept, reason=reason))

    def get(self, motion: int) -> MotionReply:
        """A motion, its votes and what became of it."""
        return self._get("GetMotion", MotionKey(motion=motion), MotionReply)

    def trace(self, motion: int) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceMotion", MotionKey(motion=motion), TraceReply)

    def get_permission(self, contract: str, method: str) -> PermissionReply:
        """Who may call a method, when governance has decided it; without a record the declaration
        holds.
        """
        return self._get(
            "GetPermission", MethodKey(contract=contract, method=method), PermissionReply
        )

    def trace_permission(self, contract: str, method: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TracePermission", MethodKey(contract=contract, method=method), TraceReply)

    def get_organisation(self, org: str) -> OrganisationReply:
        """An organisation: its standing, what its people may be, its router's key."""
        return self._get("GetOrganisation", OrganisationKey(org=org), OrganisationReply)

    def trace_organisation(self, org: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceOrganisation", OrganisationKey(org=org), TraceReply)

    def get_parameters(self) -> ParametersReply:
        """The parameters that governance changed; without a record the defaults hold."""
        return self._get("GetParameters", ParametersKey(), ParametersReply)
