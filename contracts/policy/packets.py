"""Packets about policies: a share carries a version, a question is answered in its receipt."""

from contracts.bridge.operations import Delivery, incoming, on_receipt
from contracts.framework import OK, Context
from contracts.intake import check_packet
from contracts.policy.codes import POLICY_NOT_FOUND
from contracts.policy.document import Policy, check_policy, read_insured_type
from contracts.policy.records import (
    PolicyQuestionRecord,
    PolicyRecord,
    policy_in_force,
    policy_key,
    question_key,
)
from contracts.policy.storing import store_policy
from contracts.publication.codes import ANSWER_NOT_MATCHING
from contracts.publication.region import PROVED, period_holds, read_chain, read_day, read_region
from contracts.publication.states import ANSWER, CONFIRM, FAIL, QUESTIONS, REFUSE, SHARES
from faults import Rejected
from ledger.packet import Packet, PacketReceipt
from ledger.records import Record, decode, encode

POLICY_SHARE, POLICY_QUESTION = "POLICY_SHARE", "POLICY_QUESTION"


class PolicyQuestion(Record, frozen=True, kw_only=True):
    """Body of POLICY_QUESTION."""

    region: str
    insured_type: str
    date: str


class PolicyAnswer(Record, frozen=True, kw_only=True):
    """Result of POLICY_QUESTION: the version in force, and the chain that publishes it."""

    home_chain: str
    policy: Policy


class PolicyStored(Record, frozen=True, kw_only=True):
    """Result of POLICY_SHARE: where the version stands on the destination, and its digest."""

    object: str
    digest: bytes


@incoming(POLICY_SHARE, next_action="resend")
def receive_share(ctx: Context, delivery: Delivery) -> bytes:
    """A region's home shares a version; it is kept here as proved."""
    packet = delivery.packet
    policy = decode(Policy, packet.body)
    check_policy(policy)
    key = policy_key(policy.region, policy.insured_type, policy.version)
    check_packet(packet, packet.source, key)
    ctx.keep_refusal(key, "share")
    channel = delivery.channel_id
    stored = store_policy(ctx, policy, packet.source, PROVED, reference=channel, shared=True)
    return encode(PolicyStored(object=stored, digest=policy.digest()))


@on_receipt(POLICY_SHARE)
def share_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """The share is confirmed, or may be sent again."""
    policy = decode(Policy, packet.body)
    key = policy_key(policy.region, policy.insured_type, policy.version)
    record = ctx.require(PolicyRecord, key, POLICY_NOT_FOUND)
    confirmed = receipt.outcome == OK
    share = SHARES.move(record.share, CONFIRM if confirmed else REFUSE, object=key)
    ctx.store(key, record.changed(share=share))
    if confirmed:
        ctx.emit(key, "share", chain=packet.destination)
    else:
        ctx.emit(key, "share_refused", receipt.code or receipt.outcome)


@incoming(POLICY_QUESTION, next_action="ask_elsewhere")
def answer_question(ctx: Context, delivery: Delivery) -> bytes:
    """The answer is what stands here published or proved, never what was only collected."""
    packet = delivery.packet
    asked = decode(PolicyQuestion, packet.body)
    region, insured_type = read_region(asked.region), read_insured_type(asked.insured_type)
    date = read_day("date", asked.date)
    check_packet(packet, packet.source, question_key(region, insured_type, date))
    record = policy_in_force(ctx.view, region, insured_type, date, proved_only=True)
    if record is None:
        raise Rejected(POLICY_NOT_FOUND, region=region, insured_type=insured_type, date=date)
    return encode(PolicyAnswer(home_chain=record.home_chain, policy=record.policy))


@on_receipt(POLICY_QUESTION)
def question_answered(ctx: Context, packet: Packet, receipt: PacketReceipt) -> None:
    """A proved answer is cached as its home's version; a bad one is refused and said."""
    asked = decode(PolicyQuestion, packet.body)
    key = question_key(asked.region, asked.insured_type, asked.date)
    question = ctx.require(PolicyQuestionRecord, key)
    code, version = receipt.code or receipt.outcome, 0
    if receipt.outcome == OK:
        try:
            version = ctx.attempt(lambda: _store_answer(ctx, asked, packet.channel, receipt.result))
        except Rejected as refused:
            code = refused.code.name
    state = QUESTIONS.move(question.state, ANSWER if version else FAIL, object=key)
    closed = question.changed(
        state=state,
        answered_ms=ctx.time_ms,
        version=version,
        code="" if version else code,
    )
    ctx.store(key, closed)
    if version:
        ctx.emit(key, "answer", chain=packet.destination, version=version)
    else:
        ctx.emit(key, "no_answer", code, chain=packet.destination)


def _store_answer(ctx: Context, asked: PolicyQuestion, channel: str, result: bytes) -> int:
    answer = decode(PolicyAnswer, result)
    policy = answer.policy
    check_policy(policy)
    same = (policy.region, policy.insured_type) == (asked.region, asked.insured_type)
    if not same or not period_holds(policy.effective_from, policy.effective_to, asked.date):
        raise Rejected(ANSWER_NOT_MATCHING, object=policy.region)
    home = read_chain("home_chain", answer.home_chain)
    store_policy(ctx, policy, home, PROVED, reference=channel)
    return policy.version
