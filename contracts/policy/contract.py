"""Medical-insurance policies: publish, share, ask another chain, keep what was collected."""

from contracts.bridge.codes import SENDING
from contracts.bridge.outbox import send_packet
from contracts.fields import identifier, text
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.policy.codes import (
    POLICY_CONFLICT,
    POLICY_KNOWN,
    POLICY_NOT_FOUND,
    POLICY_NOT_LOCAL,
    POLICY_RULES_OVERLAP,
    POLICY_SERIES_FULL,
    POLICY_TOO_LARGE,
    POLICY_VERSION,
)
from contracts.policy.document import read_insured_type, read_policy, read_version
from contracts.policy.packets import POLICY_QUESTION, POLICY_SHARE, PolicyQuestion
from contracts.policy.records import (
    PolicyQuestionRecord,
    PolicyRecord,
    PolicySeries,
    latest_version,
    policy_key,
    question_key,
    series_key,
)
from contracts.policy.storing import store_policy
from contracts.publication.codes import (
    ALREADY_SHARED,
    QUESTION_PENDING,
    REGION_IS_LOCAL,
    REGION_NOT_ASSIGNED,
    REGION_OTHER_HOME,
    SHARE_PENDING,
)
from contracts.publication.region import (
    PUBLISHED,
    SUBMITTED,
    check_remote,
    read_chain,
    read_day,
    read_region,
)
from contracts.publication.states import ASK, QUESTIONS, SHARE, SHARES
from contracts.states import START
from faults import Rejected
from proto.policy_pb2 import (
    PublishPolicyRequest,
    RequestRemotePolicyRequest,
    SharePolicyRequest,
    StoreRemotePolicyRequest,
)


class Policies(Contract):
    """The bureau's policies, and its copies of other regions'."""

    name = "policy"

    @method(
        request=PublishPolicyRequest,
        rule=Rule(roles=("bureau",)),
        errors=(
            POLICY_VERSION,
            POLICY_RULES_OVERLAP,
            POLICY_TOO_LARGE,
            POLICY_SERIES_FULL,
            REGION_NOT_ASSIGNED,
            REGION_OTHER_HOME,
        ),
        saves_failure=lambda request: series_key(
            request.policy.region, request.policy.insured_type
        ),
    )
    def publish(self, ctx: Context, request: PublishPolicyRequest) -> Result:
        """Put a version of this region's policy on the chain (本省就医政策上链, 2.2.1.6.13).

        Clauses 2.2.1.6.1.
        """
        policy = read_policy(request.policy)
        series = ctx.load(PolicySeries, series_key(policy.region, policy.insured_type))
        latest = latest_version(series, ctx.chain_id)
        if policy.version != latest + 1:
            raise Rejected(POLICY_VERSION, version=policy.version, expected=latest + 1)
        key = store_policy(ctx, policy, ctx.chain_id, PUBLISHED)
        return {"object": key, "version": policy.version, "digest": policy.digest().hex()}

    @method(
        request=SharePolicyRequest,
        rule=Rule(roles=("bureau",)),
        errors=(POLICY_NOT_FOUND, POLICY_NOT_LOCAL, SHARE_PENDING, ALREADY_SHARED, *SENDING),
        saves_failure=lambda request: policy_key(
            request.region, request.insured_type, request.version
        ),
    )
    def share(self, ctx: Context, request: SharePolicyRequest) -> Result:
        """Share a version with the national chain (本省医保政策共享, 2.2.1.6.15).

        Clause 2.2.1.4.5.3.
        """
        key = policy_key(
            read_region(request.region),
            read_insured_type(request.insured_type),
            read_version(request.version),
        )
        record = ctx.require(PolicyRecord, key, POLICY_NOT_FOUND)
        if record.origin != PUBLISHED:
            raise Rejected(POLICY_NOT_LOCAL, home=record.home_chain)
        share = SHARES.move(record.share, SHARE, object=key)
        packet_id = send_packet(
            ctx,
            operation=POLICY_SHARE,
            lane_object=key,
            home_chain=ctx.chain_id,
            body=record.policy,
        )
        ctx.store(key, record.changed(share=share))
        ctx.emit(key, "share_asked", packet=packet_id.hex())
        return {"object": key, "packet": packet_id.hex()}

    @method(
        request=RequestRemotePolicyRequest,
        rule=Rule(roles=("bureau",)),
        errors=(REGION_IS_LOCAL, QUESTION_PENDING, *SENDING),
        saves_failure=lambda request: question_key(
            request.region, request.insured_type, request.date
        ),
    )
    def request_remote(self, ctx: Context, request: RequestRemotePolicyRequest) -> Result:
        """Ask another chain for the policy in force on a day (异地医保政策查询, 2.2.1.6.16).

        Clause 2.2.1.4.5.5.
        """
        region, insured_type = read_region(request.region), read_insured_type(request.insured_type)
        key = question_key(region, insured_type, read_day("date", request.date))
        channel = identifier("channel", request.channel) if request.channel else None
        check_remote(ctx, region)
        before = ctx.load(PolicyQuestionRecord, key)
        state = QUESTIONS.move(before.state if before else START, ASK, object=key)
        asked = before.asked + 1 if before else 1
        packet_id = send_packet(
            ctx,
            operation=POLICY_QUESTION,
            lane_object=key,
            home_chain=ctx.chain_id,
            body=PolicyQuestion(region=region, insured_type=insured_type, date=request.date),
            channel=channel,
            cycle=asked,
        )
        fresh = PolicyQuestionRecord(state=state, asked=asked, asked_ms=ctx.time_ms)
        again = before.changed(state=state, asked=asked, asked_ms=ctx.time_ms) if before else fresh
        ctx.store(key, again)
        ctx.emit(key, "ask", packet=packet_id.hex(), asked=asked)
        return {"object": key, "packet": packet_id.hex()}

    @method(
        request=StoreRemotePolicyRequest,
        rule=Rule(roles=("bureau",)),
        errors=(
            POLICY_RULES_OVERLAP,
            POLICY_TOO_LARGE,
            POLICY_KNOWN,
            POLICY_CONFLICT,
            POLICY_SERIES_FULL,
            REGION_IS_LOCAL,
            REGION_OTHER_HOME,
        ),
        saves_failure=lambda request: series_key(
            request.policy.region, request.policy.insured_type
        ),
    )
    def store_remote(self, ctx: Context, request: StoreRemotePolicyRequest) -> Result:
        """Keep a collected policy of another region (异地医保政策上链, 2.2.1.6.16.1).

        Clauses 2.2.1.6.1.
        """
        policy = read_policy(request.policy)
        home = read_chain("home_chain", request.home_chain)
        reference = text("reference", request.reference, required=True)
        check_remote(ctx, policy.region)
        key = store_policy(ctx, policy, home, SUBMITTED, reference=reference)
        return {"object": key, "version": policy.version, "digest": policy.digest().hex()}
