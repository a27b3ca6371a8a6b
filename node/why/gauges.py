"""The same facts for a monitor: gauges with few labels, a validator's name or a code."""

from collections.abc import Callable

from node.metrics import Family, Metrics
from node.why.explain import explain, is_well
from node.why.facts import Facts, ValidatorFacts


def add_gauges(metrics: Metrics, facts: Callable[[], Facts]) -> None:
    """Show the facts whenever somebody looks; to be read in the node's event loop."""

    def by_validator(read: Callable[[ValidatorFacts], float | None]) -> Callable[[], Family]:
        def family() -> Family:
            values = [(one.label, read(one)) for one in facts().validators if not one.own]
            return {(("validator", name),): v for name, v in values if v is not None}

        return family

    def votes_missing() -> Family:
        now = facts()
        return {
            (("kind", kind), ("validator", one.label)): float(not vote and not now.waiting)
            for one in now.validators
            for kind, vote in (("precommit", one.precommit), ("prevote", one.prevote))
        }

    def reasons() -> Family:
        return {(("code", one.code), ("severity", one.severity)): 1.0 for one in explain(facts())}

    metrics.gauge(
        "yilian_healthy", "1 if why names nothing wrong", lambda: is_well(explain(facts()))
    )
    metrics.gauge(
        "yilian_last_block_age_seconds",
        "Since the last commit, or since the start",
        lambda: facts().block_age_ms / 1000,
    )
    metrics.gauge(
        "yilian_oldest_waiting_seconds",
        "How long the oldest transaction has waited",
        lambda: facts().pool.oldest_ms / 1000,
    )
    metrics.gauges("yilian_why", "Reasons that hold now (yilian why)", reasons)
    metrics.gauges("yilian_vote_missing", "1: not seen in the round being decided", votes_missing)
    metrics.gauges(
        "yilian_validator_connected", "1: connected", by_validator(lambda one: one.connected)
    )
    metrics.gauges(
        "yilian_validator_height",
        "Height it was deciding when it last answered",
        by_validator(lambda one: one.position.height if one.position else None),
    )
    metrics.gauges(
        "yilian_clock_offset_seconds",
        "Its clock minus ours",
        by_validator(lambda one: one.offset_ms / 1000 if one.offset_ms is not None else None),
    )
