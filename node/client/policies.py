"""Policies (医保政策): publish, share, ask another province, query."""

from node.client.domain import Domain
from node.client.outcome import Receipt
from proto.api.policy_pb2 import (
    DESCRIPTOR,
    PolicyOnDay,
    QuestionKey,
    QuestionReply,
    SeriesKey,
    SeriesReply,
    VersionKey,
    VersionReply,
)
from proto.policy_pb2 import (
    PolicyDocument,
    PublishPolicyRequest,
    RequestRemotePolicyRequest,
    SharePolicyRequest,
    StoreRemotePolicyRequest,
)
from proto.services_pb2 import TraceReply


class Policies(Domain):
    """Policies (医保政策)."""

    contract = "policy"
    service = DESCRIPTOR.services_by_name["Policies"]

    def publish(self, policy: PolicyDocument) -> Receipt:
        """Put a version of this region's policy on the chain (本省就医政策上链)."""
        return self._write("publish", PublishPolicyRequest(policy=policy))

    def request_remote(
        self, region: str, *, insured_type: str, date: str, channel: str = ""
    ) -> Receipt:
        """Ask another chain for the policy in force on a day (异地医保政策查询)."""
        return self._write(
            "request_remote",
            RequestRemotePolicyRequest(
                region=region, insured_type=insured_type, date=date, channel=channel
            ),
        )

    def share(self, region: str, *, insured_type: str, version: int) -> Receipt:
        """Share a version with the national chain (本省医保政策共享)."""
        return self._write(
            "share", SharePolicyRequest(region=region, insured_type=insured_type, version=version)
        )

    def store_remote(self, policy: PolicyDocument, *, home_chain: str, reference: str) -> Receipt:
        """Keep a collected policy of another region (异地医保政策上链)."""
        return self._write(
            "store_remote",
            StoreRemotePolicyRequest(policy=policy, home_chain=home_chain, reference=reference),
        )

    def get(self, region: str, insured_type: str, version: int) -> VersionReply:
        """A version that its home published or proved."""
        return self._get(
            "GetVersion",
            VersionKey(region=region, insured_type=insured_type, version=version),
            VersionReply,
        )

    def trace(self, region: str, insured_type: str, version: int) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceVersion",
            VersionKey(region=region, insured_type=insured_type, version=version),
            TraceReply,
        )

    def get_series(self, region: str, insured_type: str) -> SeriesReply:
        """All versions known of a region and insured type."""
        return self._get(
            "GetSeries", SeriesKey(region=region, insured_type=insured_type), SeriesReply
        )

    def trace_series(self, region: str, insured_type: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceSeries", SeriesKey(region=region, insured_type=insured_type), TraceReply
        )

    def get_question(self, region: str, insured_type: str, date: str) -> QuestionReply:
        """What became of a question to another chain."""
        return self._get(
            "GetQuestion",
            QuestionKey(region=region, insured_type=insured_type, date=date),
            QuestionReply,
        )

    def trace_question(self, region: str, insured_type: str, date: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceQuestion",
            QuestionKey(region=region, insured_type=insured_type, date=date),
            TraceReply,
        )

    def get_in_force(self, region: str, insured_type: str, date: str) -> VersionReply:
        """The version in force on a day (本省就医政策查询)."""
        return self._get(
            "GetInForce",
            PolicyOnDay(region=region, insured_type=insured_type, date=date),
            VersionReply,
        )
