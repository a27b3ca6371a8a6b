"""Random walks against a small model: versions by day, shares, questions, nothing overwritten."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.policy.document import Policy
from contracts.policy.records import PolicyQuestionRecord, PolicyRecord, question_key
from tests.contracts.harness import Chain
from tests.contracts.policy.test_policies import (
    ask,
    check_traces,
    in_force,
    publish,
    share,
    submit,
)
from tests.contracts.regions import REMOTE_REGION, Regions

DAYS = [f"2024010{day}" for day in range(1, 7)]
days = st.sampled_from(DAYS)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("publish"), days, st.one_of(st.just(""), days)),
        st.tuples(st.just("share"), st.integers(1, 5), st.just("")),
        st.tuples(st.just("ask"), days, st.just("")),
        st.tuples(st.just("carry"), st.booleans(), st.just("")),
        st.tuples(st.just("submit"), st.integers(1, 5), st.just("")),
    ),
    min_size=5,
    max_size=40,
)
Periods = dict[int, tuple[str, str]]


def expected(versions: Periods, day: str) -> int:
    """The highest version whose period holds the day."""
    return max(
        (one for one, (first, last) in versions.items() if first <= day <= (last or "9")),
        default=0,
    )


def contents(chain: Chain) -> dict[str, Policy]:
    return {
        key: chain.load(PolicyRecord, key).policy
        for key in chain.state
        if key.startswith("policy/")
    }


@given(STEPS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_policies_keep_their_promises_on_every_walk(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, str | int | bool, str]]
) -> None:
    net = Regions(monkeypatch)
    home, middle, here = net.guangdong, net.national, net.province
    published: Periods = {}
    arrived: Periods = {}
    sent: list[int] = []
    for what, value, until in steps:
        before = [contents(chain) for chain in (home, middle, here)]
        if what == "publish":
            number = len(published) + 1
            period = {"effective_from": str(value), "effective_to": until}
            request = publish(number, region=REMOTE_REGION, **period)
            result = home.call("bureau", "policy.publish", request)
            assert (result.code == "OK") == (not until or str(value) <= until)
            if result.code == "OK":
                published[number] = (str(value), until)
        elif what == "share":
            version = int(value)
            result = home.call("bureau", "policy.share", share(version, REMOTE_REGION))
            free = version in published and version not in sent and version not in arrived
            assert (result.code == "OK") == free
            sent += [version] if free else []
        elif what == "ask":
            here.call("bureau", "policy.request_remote", ask(date=str(value)))
        elif what == "submit":
            here.call("bureau", "policy.store_remote", submit(int(value), title="采集"))
        elif value:
            assert set(net.send_all(home)) <= {"OK"}
            arrived.update({one: published[one] for one in sent})
            sent = []
        else:
            net.send_all(here)
            check_answers(here, arrived)
        for chain, old in zip((home, middle, here), before, strict=True):
            now = contents(chain)
            assert {key: now[key] for key in old} == old
        assert [in_force(home, day, REMOTE_REGION) for day in DAYS] == [
            expected(published, day) for day in DAYS
        ]
        assert [in_force(middle, day, REMOTE_REGION) for day in DAYS] == [
            expected(arrived, day) for day in DAYS
        ]
    for chain in (home, here):
        if any(key.startswith("policy_") for key in chain.state):
            check_traces(chain)


def check_answers(here: Chain, arrived: Periods) -> None:
    """What was answered is the other chain's version of then: never above what is there now."""
    for day in DAYS:
        key = question_key(REMOTE_REGION, "310", day)
        if key in here.state:
            question = here.load(PolicyQuestionRecord, key)
            assert question.state in ("answered", "unanswered")
            assert question.version <= expected(arrived, day)
            proved = in_force(here, day, REMOTE_REGION, proved_only=True)
            assert question.version <= proved <= max(arrived, default=0)
