"""The answer to why, for gRPC and as JSON."""

from collections.abc import Callable, Mapping
from typing import Any

from node.why.explain import Reason, explain, verdict
from node.why.facts import Facts, ValidatorFacts
from proto import services_pb2 as pb

Why = Callable[[], pb.WhyReply]


def why_reply(facts: Facts, node_name: str) -> pb.WhyReply:
    """Facts and the reasons they give."""
    reasons = explain(facts)
    return pb.WhyReply(
        verdict=verdict(reasons),
        reasons=[_reason(one) for one in reasons],
        height=facts.committed,
        round=facts.round,
        step=facts.step,
        proposer=facts.proposer,
        block_age_ms=facts.block_age_ms,
        pool=facts.pool.count,
        oldest_waiting_ms=facts.pool.oldest_ms,
        validators=[_validator(one) for one in facts.validators],
        node_name=node_name,
    )


def _reason(one: Reason) -> pb.WhyReason:
    return pb.WhyReason(
        code=one.code, severity=one.severity.value, zh=one.zh, en=one.en, fields=one.fields
    )


def _validator(one: ValidatorFacts) -> pb.WhyValidator:
    position = one.position
    return pb.WhyValidator(
        key_id=one.key_id,
        name=one.label,
        power=one.power,
        own=one.own,
        connected=one.connected,
        height=position.height if position else 0,
        round=position.round if position else 0,
        step=position.step if position else "",
        heard_ms_ago=one.heard_ms or 0,
        heard=one.heard_ms is not None,
        prevote=one.prevote,
        precommit=one.precommit,
        clock_offset_ms=one.offset_ms or 0,
        clock_error_ms=one.error_ms,
        clock_measured=one.offset_ms is not None,
        trouble=one.trouble or one.detail,
        signs=position.signs if position else True,
    )


def why_json(reply: pb.WhyReply) -> dict[str, Any]:
    """The answer as JSON: what `GET /v1/why` and `yilian why --json` give."""
    return {
        "verdict": reply.verdict,
        "node": reply.node_name,
        "height": reply.height,
        "round": reply.round,
        "step": reply.step,
        "proposer": reply.proposer,
        "block_age_ms": reply.block_age_ms,
        "pool": reply.pool,
        "oldest_waiting_ms": reply.oldest_waiting_ms,
        "reasons": [
            {
                "code": one.code,
                "severity": one.severity,
                "zh": one.zh,
                "en": one.en,
                "fields": dict(sorted(one.fields.items())),
            }
            for one in reply.reasons
        ],
        "validators": [_validator_json(one) for one in reply.validators],
    }


def _validator_json(one: pb.WhyValidator) -> Mapping[str, Any]:
    return {
        "name": one.name,
        "key_id": one.key_id,
        "power": one.power,
        "own": one.own,
        "connected": one.connected,
        "signs": one.signs,
        "height": one.height,
        "round": one.round,
        "step": one.step,
        "heard_ms_ago": one.heard_ms_ago if one.heard else None,
        "prevote": one.prevote,
        "precommit": one.precommit,
        "clock_offset_ms": one.clock_offset_ms if one.clock_measured else None,
        "clock_error_ms": one.clock_error_ms if one.clock_measured else None,
        "trouble": one.trouble,
    }
