"""Policies of this region and of others: versions, days in force, sharing, questions, proofs."""

from typing import Any

import pytest

from contracts.policy import contract, packets
from contracts.policy.contract import Policies
from contracts.policy.document import Policy, read_policy
from contracts.policy.packets import PolicyAnswer
from contracts.policy.records import (
    PolicyQuestionRecord,
    PolicyRecord,
    PolicySeries,
    policy_in_force,
    policy_key,
    question_key,
    series_key,
    submitted_key,
)
from contracts.publication.region import RegionHome
from contracts.publication.states import QUESTIONS, SHARES
from contracts.state_view import StateView
from contracts.states import START
from ledger.records import encode
from proto import policy_pb2 as pb
from tests.contracts.harness import NATIONAL, PEOPLE, PROVINCE, Chain
from tests.contracts.regions import (
    GUANGDONG,
    HOME_REGION,
    REMOTE_REGION,
    Regions,
    answer,
    assign,
    policy,
    rule,
)

SERIES = series_key(HOME_REGION, "310")
FIRST = policy_key(HOME_REGION, "310", 1)
REMOTE = policy_key(REMOTE_REGION, "310", 1)
DATE = "20240816"
QUESTION = question_key(REMOTE_REGION, "310", DATE)


@pytest.fixture
def net(monkeypatch: pytest.MonkeyPatch) -> Regions:
    return Regions(monkeypatch)


@pytest.fixture
def chain(net: Regions) -> Chain:
    return net.province


def publish(version: int = 1, /, **changes: Any) -> pb.PublishPolicyRequest:
    return pb.PublishPolicyRequest(policy=policy(version, **changes))


def share(version: int = 1, region: str = HOME_REGION) -> pb.SharePolicyRequest:
    return pb.SharePolicyRequest(region=region, insured_type="310", version=version)


def ask(**changes: Any) -> pb.RequestRemotePolicyRequest:
    given = {"region": REMOTE_REGION, "insured_type": "310", "date": DATE}
    return pb.RequestRemotePolicyRequest(**{**given, **changes})


def submit(
    version: int = 1, /, home: str = GUANGDONG, **changes: Any
) -> pb.StoreRemotePolicyRequest:
    document = policy(version, **{"region": REMOTE_REGION, **changes})
    return pb.StoreRemotePolicyRequest(policy=document, home_chain=home, reference="官网公告")


def in_force(chain: Chain, date: str, region: str = HOME_REGION, **how: bool) -> int:
    found = policy_in_force(StateView(chain), region, "310", date, **how)
    return 0 if found is None else found.policy.version


def remote_published(net: Regions, *, shared: bool = True) -> None:
    net.guangdong.ok("bureau", "policy.publish", publish(region=REMOTE_REGION))
    if shared:
        net.guangdong.ok("bureau", "policy.share", share(region=REMOTE_REGION))
        assert net.send_all(net.guangdong) == ["OK"]


def check_traces(chain: Chain) -> None:
    """Every traced record of this contract carries the whole trace."""
    kinds = {"policy": PolicyRecord, "policy_series": PolicySeries}
    kinds |= {"policy_question": PolicyQuestionRecord, "region": RegionHome}
    seen = 0
    for key in sorted(chain.state):
        cls = kinds.get(key.split("/", 1)[0])
        if cls is not None:
            record = chain.load(cls, key)
            chain.check_trace(key, record.trace_count, record.trace_head)
            seen += 1
    assert seen


# ---- versions


def test_a_version_supersedes_and_overwrites_nothing(chain: Chain) -> None:
    chain.ok("bureau", "policy.publish", publish())
    first = chain.load(PolicyRecord, FIRST)
    chain.ok("bureau", "policy.publish", publish(2, effective_from="20250101", title="新政"))
    assert chain.load(PolicyRecord, FIRST) == first
    second = chain.load(PolicyRecord, policy_key(HOME_REGION, "310", 2))
    assert (first.supersedes, second.supersedes) == (0, 1)
    assert first.recorded_ms < second.recorded_ms
    assert [one.version for one in chain.load(PolicySeries, SERIES).entries] == [1, 2]
    check_traces(chain)


def test_the_highest_version_whose_period_holds_the_day_is_in_force(chain: Chain) -> None:
    chain.ok("bureau", "policy.publish", publish())
    chain.ok(
        "bureau", "policy.publish", publish(2, effective_from="20250101", effective_to="20250331")
    )
    days = {
        "20231231": 0, "20240101": 1, "20241231": 1, "20250101": 2, "20250331": 2, "20250401": 1
    }  # fmt: skip
    assert {day: in_force(chain, day) for day in days} == days
    assert in_force(chain, "20240816", "469001") == 0


def test_insured_types_have_versions_of_their_own(chain: Chain) -> None:
    chain.ok("bureau", "policy.publish", publish())
    chain.ok("bureau", "policy.publish", publish(insured_type="390"))
    chain.refused("bureau", "policy.publish", publish(3), "POLICY_VERSION")


@pytest.mark.parametrize("version", [1, 3])
def test_versions_are_dense_and_refusals_are_kept(chain: Chain, version: int) -> None:
    chain.ok("bureau", "policy.publish", publish())
    before = chain.state[FIRST]
    changed = publish(version, title="改")
    refusal = chain.refused("bureau", "policy.publish", changed, "POLICY_VERSION")
    assert refusal.fields["expected"] == "2"
    assert list(chain.writes) == [SERIES]
    assert chain.trace(SERIES)[-1].code == "POLICY_VERSION"
    assert chain.state[FIRST] == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"region": "4600"}, "region"),
        ({"region": "46000x"}, "region"),
        ({"insured_type": "31"}, "insured_type"),
        ({"title": " "}, "title"),
        ({"title": "a\nb"}, "title"),
        ({"document_number": "x" * 201}, "document_number"),
        ({"issued_date": "20230230"}, "issued_date"),
        ({"effective_from": ""}, "effective_from"),
        ({"effective_from": "20241301"}, "effective_from"),
        ({"effective_to": "20231231"}, "effective_to"),
        ({"document_sm3": b"x" * 31}, "document_sm3"),
        ({"rules": []}, "rules"),
        ({"rules": [rule(visit_kinds=[])]}, "rules[1].visit_kinds"),
        ({"rules": [rule(visit_kinds=["2101"])]}, "rules[1].visit_kinds"),
        ({"rules": [rule(visit_kinds=["21", "11"])]}, "rules[1].visit_kinds"),
        ({"rules": [rule(person_types=["11", "11"])]}, "rules[1].person_types"),
        ({"rules": [rule(institution_level="4")]}, "rules[1].institution_level"),
        ({"rules": [rule(deductible_fen=-1)]}, "rules[1].deductible_fen"),
        ({"rules": [rule(deductible_per="month")]}, "rules[1].deductible_per"),
        ({"rules": [rule(ceiling_fen=10**13 + 1)]}, "rules[1].ceiling_fen"),
        ({"rules": [rule(ceiling_per="none")]}, "rules[1].ceiling_fen"),
        ({"rules": [rule(ceiling_per="")]}, "rules[1].ceiling_per"),
        ({"rules": [rule(segments_per="")]}, "rules[1].segments_per"),
        ({"rules": [rule(segments=[])]}, "rules[1].segments"),
        (
            {"rules": [rule(segments=[pb.RatioSegment(ratio_bp=10_001)])]},
            "rules[1].segments.ratio_bp",
        ),
        ({"rules": [rule(segments=[pb.RatioSegment(up_to_fen=5)])]}, "rules[1].segments.up_to_fen"),
        (
            {"rules": [rule(segments=[pb.RatioSegment(up_to_fen=n) for n in (5, 5, 0)])]},
            "rules[1].segments.up_to_fen",
        ),
        ({"rules": [rule(remote_filed_minus_bp=10_001)]}, "rules[1].remote_filed_minus_bp"),
        ({"rules": [rule(remote_unfiled_minus_bp=10_001)]}, "rules[1].remote_unfiled_minus_bp"),
        ({"rules": [rule()] * 65}, "rules"),
    ],
)  # fmt: skip
def test_policies_are_well_formed(chain: Chain, changes: dict[str, Any], field: str) -> None:
    refusal = chain.refused("bureau", "policy.publish", publish(**changes), "MALFORMED_REQUEST")
    assert refusal.fields["field"] == field
    assert not chain.writes


@pytest.mark.parametrize("version", [0, 1_000_001])
def test_a_version_is_a_number_from_one(chain: Chain, version: int) -> None:
    refusal = chain.refused("bureau", "policy.publish", publish(version), "MALFORMED_REQUEST")
    assert refusal.fields["field"] == "version" and not chain.writes


@pytest.mark.parametrize(
    ("other", "overlaps"),
    [
        ({}, True),
        ({"institution_level": ""}, True),
        ({"person_types": []}, True),
        ({"visit_kinds": ["11", "21"]}, True),
        ({"person_types": ["11", "12"]}, True),
        ({"institution_level": "2"}, False),
        ({"person_types": ["12"]}, False),
        ({"visit_kinds": ["11"]}, False),
    ],
)
def test_at_most_one_rule_applies_to_a_visit(
    chain: Chain, other: dict[str, Any], overlaps: bool
) -> None:
    request = publish(rules=[rule(), rule(**other)])
    result = chain.call("bureau", "policy.publish", request)
    assert result.code == ("POLICY_RULES_OVERLAP" if overlaps else "OK")
    assert bool(chain.writes) != overlaps


def test_a_policy_fits_into_a_packet(chain: Chain) -> None:
    levels = ("0", "1", "2", "3")
    many = [
        rule(visit_kinds=[f"{kind}"], institution_level=level, segments=segments())
        for kind in range(11, 24)
        for level in levels
    ]
    chain.refused("bureau", "policy.publish", publish(rules=many), "POLICY_TOO_LARGE")
    assert not chain.writes


def segments() -> list[pb.RatioSegment]:
    return [pb.RatioSegment(up_to_fen=n * 100, ratio_bp=9000) for n in (*range(1, 16), 0)]


def test_a_series_has_a_limit(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("contracts.policy.storing.VERSIONS_MAX", 1)
    chain.ok("bureau", "policy.publish", publish())
    chain.refused("bureau", "policy.publish", publish(2), "POLICY_SERIES_FULL")
    assert list(chain.writes) == [SERIES]


@pytest.mark.parametrize("method", sorted(Policies.methods()))
def test_only_the_bureau_calls(chain: Chain, method: str) -> None:
    requests = {
        "publish": publish(2),
        "share": share(),
        "request_remote": ask(),
        "store_remote": submit(),
    }
    for who, (_, roles) in PEOPLE.items():
        if "bureau" not in roles:
            chain.refused(who, f"policy.{method}", requests[method], "NOT_PERMITTED")
            assert not chain.writes


# ---- sharing


def test_a_share_is_kept_there_as_proved(net: Regions) -> None:
    net.province.ok("bureau", "policy.publish", publish())
    net.province.ok("bureau", "policy.share", share())
    assert net.province.load(PolicyRecord, FIRST).share == "sharing"
    assert net.send_all(net.province) == ["OK"]
    there = net.national.load(PolicyRecord, FIRST)
    assert (there.home_chain, there.origin) == (PROVINCE, "proved")
    assert there.policy == net.province.load(PolicyRecord, FIRST).policy
    assert net.province.trace(FIRST)[-1].action == "share"
    check_traces(net.province)
    check_traces(net.national)


@pytest.mark.parametrize(("state", "action", "after", "code"), list(SHARES.rows()))
def test_every_state_of_a_share_and_every_action(
    net: Regions, state: str, action: str, after: str, code: str
) -> None:
    chain = net.province
    if state != START:
        chain.ok("bureau", "policy.publish", publish())
    if state in ("sharing", "shared"):
        chain.ok("bureau", "policy.share", share())
    if state == "shared":
        assert net.send_all(chain) == ["OK"]
    if action == "share":
        result = chain.call("bureau", "policy.share", share()).code
    else:
        outcome = "OK" if action == "confirm" else "TIMEOUT"
        body = read_policy(policy())
        result = answer(chain, packets.share_answered, body, outcome)
    # There is no share of what does not exist: not found comes before the table.
    assert result == ("POLICY_NOT_FOUND" if state == START else code or "OK")
    if state != START:
        assert chain.load(PolicyRecord, FIRST).share == (after or state)
        check_traces(chain)


def test_a_late_share_is_sent_again(net: Regions) -> None:
    net.province.ok("bureau", "policy.publish", publish())
    net.province.ok("bureau", "policy.share", share())
    net.too_late(net.province)
    assert net.province.load(PolicyRecord, FIRST).share == "not_shared"
    assert FIRST not in net.national.state
    net.province.ok("bureau", "policy.share", share())
    assert net.send_all(net.province) == ["OK"]
    check_traces(net.province)


def test_only_its_home_shares_a_policy(net: Regions) -> None:
    net.province.ok("bureau", "policy.store_remote", submit())
    net.province.refused("bureau", "policy.share", share(region=REMOTE_REGION), "POLICY_NOT_FOUND")
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    assert net.send_all(net.province) == ["OK"]
    refusal = share(region=REMOTE_REGION)
    net.province.refused("bureau", "policy.share", refusal, "POLICY_NOT_LOCAL")


def test_another_province_shares_nothing_for_a_region_that_has_its_home(net: Regions) -> None:
    remote_published(net)
    assign(net.province, REMOTE_REGION, PROVINCE)
    net.province.ok("bureau", "policy.publish", publish(region=REMOTE_REGION, title="冒名"))
    net.province.ok("bureau", "policy.share", share(region=REMOTE_REGION))
    assert net.send_all(net.province) == ["REGION_OTHER_HOME"]
    assert net.national.load(PolicyRecord, REMOTE).home_chain == GUANGDONG
    check_traces(net.national)


# ---- questions to another chain


def test_a_question_brings_the_version_in_force_with_its_proof(net: Regions) -> None:
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    assert net.send_all(net.province) == ["OK"]
    cached = net.province.load(PolicyRecord, REMOTE)
    assert (cached.home_chain, cached.origin, cached.reference) == (GUANGDONG, "proved", "pn")
    assert cached.policy == net.guangdong.load(PolicyRecord, REMOTE).policy
    assert in_force(net.province, DATE, REMOTE_REGION) == 1
    question = net.province.load(PolicyQuestionRecord, QUESTION)
    assert (question.state, question.version, question.code) == ("answered", 1, "")
    check_traces(net.province)


@pytest.mark.parametrize(("state", "action", "after", "code"), list(QUESTIONS.rows()))
def test_every_state_of_a_question_and_every_action(
    net: Regions, state: str, action: str, after: str, code: str
) -> None:
    chain = net.province
    if state == "answered":
        remote_published(net)
    if state != START:
        chain.ok("bureau", "policy.request_remote", ask())
    if state in ("answered", "unanswered"):
        expected = "OK" if state == "answered" else "POLICY_NOT_FOUND"
        assert net.send_all(chain) == [expected]
    if action == "ask":
        result = chain.call("bureau", "policy.request_remote", ask()).code
    else:
        body = packets.PolicyQuestion(region=REMOTE_REGION, insured_type="310", date=DATE)
        told = PolicyAnswer(home_chain=GUANGDONG, policy=read_policy(policy(region=REMOTE_REGION)))
        outcome = "OK" if action == "answer" else "TIMEOUT"
        handle = packets.question_answered
        result = answer(chain, handle, body, outcome, encode(told))
    if state == START and action != "ask":
        assert result == "OBJECT_NOT_FOUND"
        return
    assert result == (code or "OK")
    assert chain.load(PolicyQuestionRecord, QUESTION).state == (after or state)
    check_traces(chain)


def test_a_second_question_brings_the_newer_version(net: Regions) -> None:
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    net.settle()
    net.guangdong.ok("bureau", "policy.publish", publish(2, region=REMOTE_REGION))
    net.guangdong.ok("bureau", "policy.share", share(2, region=REMOTE_REGION))
    net.settle()
    assert in_force(net.province, DATE, REMOTE_REGION) == 1
    net.province.ok("bureau", "policy.request_remote", ask())
    net.settle()
    assert in_force(net.province, DATE, REMOTE_REGION) == 2


def test_what_was_only_collected_is_no_answer(net: Regions) -> None:
    net.national.ok("bureau", "policy.store_remote", submit())
    net.province.ok("bureau", "policy.request_remote", ask())
    assert net.send_all(net.province) == ["POLICY_NOT_FOUND"]
    question = net.province.load(PolicyQuestionRecord, QUESTION)
    assert (question.state, question.code) == ("unanswered", "POLICY_NOT_FOUND")
    assert net.province.trace(QUESTION)[-2].code == "POLICY_NOT_FOUND"


def test_a_late_answer_is_none(net: Regions) -> None:
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    net.too_late(net.province)
    assert net.province.load(PolicyQuestionRecord, QUESTION).code == "TIMED_OUT"


@pytest.mark.parametrize(
    ("changes", "home", "code"),
    [
        ({"region": "440200"}, GUANGDONG, "ANSWER_NOT_MATCHING"),
        ({"insured_type": "390"}, GUANGDONG, "ANSWER_NOT_MATCHING"),
        ({"effective_from": "20250101"}, GUANGDONG, "ANSWER_NOT_MATCHING"),
        ({}, PROVINCE, "REGION_IS_LOCAL"),
        ({}, "a/b", "MALFORMED_REQUEST"),
    ],
)
def test_an_answer_that_is_wrong_is_not_used(
    net: Regions,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    home: str,
    code: str,
) -> None:
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    told = read_policy(policy(**{"region": REMOTE_REGION, **changes}))
    lie = encode(PolicyAnswer(home_chain=home, policy=told))
    monkeypatch.setattr(packets, "encode", lambda record: lie)
    assert net.send_all(net.province) == ["OK"]
    question = net.province.load(PolicyQuestionRecord, QUESTION)
    assert (question.state, question.code) == ("unanswered", code)
    assert not [key for key in net.province.state if key.startswith("policy/")]
    check_traces(net.province)


def test_an_answer_is_checked_like_a_request(net: Regions, monkeypatch: pytest.MonkeyPatch) -> None:
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    sound = read_policy(policy(region=REMOTE_REGION))
    fields = {name: getattr(sound, name) for name in Policy.__struct_fields__}
    unsound = Policy(**{**fields, "rules": ()})
    lie = encode(PolicyAnswer(home_chain=GUANGDONG, policy=unsound))
    monkeypatch.setattr(packets, "encode", lambda record: lie)
    net.send_all(net.province)
    assert net.province.load(PolicyQuestionRecord, QUESTION).code == "MALFORMED_REQUEST"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"region": "44"}, "MALFORMED_REQUEST"),
        ({"insured_type": ""}, "MALFORMED_REQUEST"),
        ({"date": "20240832"}, "MALFORMED_REQUEST"),
        ({"channel": "a/b"}, "MALFORMED_REQUEST"),
        ({"channel": "xx"}, "NO_CHANNEL"),
        ({"region": HOME_REGION}, "REGION_IS_LOCAL"),
    ],
)
def test_a_question_is_well_formed_and_about_another_region(
    chain: Chain, changes: dict[str, Any], code: str
) -> None:
    chain.ok("bureau", "policy.publish", publish())
    chain.refused("bureau", "policy.request_remote", ask(**changes), code)
    assert not chain.writes


# ---- what the bureau collects


def test_what_is_collected_counts_until_its_home_proves_it(net: Regions) -> None:
    net.province.ok("bureau", "policy.store_remote", submit())
    key = submitted_key(REMOTE_REGION, "310", 1, GUANGDONG)
    assert net.province.load(PolicyRecord, key).origin == "submitted"
    assert in_force(net.province, DATE, REMOTE_REGION) == 1
    assert in_force(net.province, DATE, REMOTE_REGION, proved_only=True) == 0
    net.province.refused("bureau", "policy.store_remote", submit(), "POLICY_KNOWN")
    refusal = submit(title="另一份")
    net.province.refused("bureau", "policy.store_remote", refusal, "POLICY_CONFLICT")
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    net.settle()
    assert net.province.trace(key)[-1].action == "proved"
    net.province.refused("bureau", "policy.store_remote", submit(), "POLICY_KNOWN")
    check_traces(net.province)


def test_a_proof_contradicts_what_was_collected_and_overwrites_nothing(net: Regions) -> None:
    net.province.ok("bureau", "policy.store_remote", submit(title="抄错的"))
    key = submitted_key(REMOTE_REGION, "310", 1, GUANGDONG)
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    net.settle()
    assert net.province.load(PolicyRecord, key).policy.title == "抄错的"
    assert net.province.trace(key)[-1].action == "contradicted"
    found = policy_in_force(StateView(net.province), REMOTE_REGION, "310", DATE)
    assert found is not None and found.origin == "proved"
    check_traces(net.province)


def test_a_wrong_home_can_be_corrected_until_it_is_proved(net: Regions) -> None:
    net.province.ok("bureau", "policy.store_remote", submit(home="yl-wrong"))
    assert in_force(net.province, DATE, REMOTE_REGION) == 1
    net.province.ok("bureau", "policy.store_remote", submit())
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    net.settle()
    late = submit(2, home=NATIONAL)
    net.province.refused("bureau", "policy.store_remote", late, "REGION_OTHER_HOME")
    found = policy_in_force(StateView(net.province), REMOTE_REGION, "310", DATE)
    assert found is not None and found.home_chain == GUANGDONG


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (submit(region=HOME_REGION), "REGION_IS_LOCAL"),
        (submit(home=PROVINCE), "REGION_IS_LOCAL"),
        (submit(home="x" * 33), "MALFORMED_REQUEST"),
        (submit(home="a/b"), "MALFORMED_REQUEST"),
        (submit(region="4401"), "MALFORMED_REQUEST"),
    ],
)
def test_collecting_is_for_other_regions(chain: Chain, request_: Any, code: str) -> None:
    chain.ok("bureau", "policy.publish", publish())
    before = dict(chain.state)
    chain.refused("bureau", "policy.store_remote", request_, code)
    assert {key for key, value in chain.state.items() if before.get(key) != value} <= {SERIES}


def test_collecting_names_its_source(chain: Chain) -> None:
    request = submit()
    request.reference = ""
    chain.refused("bureau", "policy.store_remote", request, "MALFORMED_REQUEST")
    assert not chain.writes


def test_publishing_for_a_region_with_another_home_is_refused(net: Regions) -> None:
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    net.settle()
    request = publish(region=REMOTE_REGION)
    net.province.refused("bureau", "policy.publish", request, "REGION_OTHER_HOME")
    assert in_force(net.province, DATE, REMOTE_REGION) == 1


@pytest.mark.parametrize("method", ["share", "request_remote"])
def test_a_packet_in_another_objects_lane_is_refused(
    net: Regions, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    remote_published(net)
    net.province.ok("bureau", "policy.publish", publish())
    sent = contract.send_packet

    def astray(ctx: Any, **how: Any) -> bytes:
        return sent(ctx, **{**how, "lane_object": "policy/460000/390/1"})

    monkeypatch.setattr(contract, "send_packet", astray)
    net.province.ok("bureau", f"policy.{method}", share() if method == "share" else ask())
    assert net.send_all(net.province) == ["PACKET_INCONSISTENT"]
    assert FIRST not in net.national.state


def test_a_share_is_checked_like_a_request(net: Regions, monkeypatch: pytest.MonkeyPatch) -> None:
    net.province.ok("bureau", "policy.publish", publish())
    sent = contract.send_packet

    def unsound(ctx: Any, *, body: Policy, **how: Any) -> bytes:
        fields = {name: getattr(body, name) for name in Policy.__struct_fields__}
        return sent(ctx, body=Policy(**{**fields, "rules": ()}), **how)

    monkeypatch.setattr(contract, "send_packet", unsound)
    net.province.ok("bureau", "policy.share", share())
    assert net.send_all(net.province) == ["MALFORMED_REQUEST"]
    assert FIRST not in net.national.state


def test_what_is_proved_need_not_and_cannot_be_collected(net: Regions) -> None:
    remote_published(net)
    net.province.ok("bureau", "policy.request_remote", ask())
    net.settle()
    net.province.refused("bureau", "policy.store_remote", submit(), "POLICY_KNOWN")
    other = submit(title="另一份")
    net.province.refused("bureau", "policy.store_remote", other, "POLICY_CONFLICT")
    assert submitted_key(REMOTE_REGION, "310", 1, GUANGDONG) not in net.province.state
