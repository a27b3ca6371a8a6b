"""Policies: taken in by file, in force on a day, shared, asked of another chain, collected."""

import pytest

from contracts.policy.records import policy_key
from documents.policy_json import parse_policy
from node.client.importing import import_policy
from node.client.outcome import Receipt
from tests.scenarios.looking import evident, told
from tests.scenarios.papers_publication import DAY, DAY_BEFORE, fresh_region, policy
from tests.scenarios.parties import Parties, refusal, until

pytestmark = [pytest.mark.processes, pytest.mark.slow]


@pytest.mark.clause("2.2.1.4.5.1", "2.2.1.6.13", "2.2.1.6.14")
def test_a_policy_file_is_in_force_from_its_day_and_superseded_by_the_next(
    parties: Parties,
) -> None:
    desk = parties["bureau desk"]
    region = fresh_region(parties, "province")
    receipt = import_policy(desk, policy(region))
    assert receipt.object == policy_key(region, "310", 1)
    assert len(receipt.tx_hash) == 64
    assert refusal(lambda: import_policy(desk, policy(region))) == "POLICY_VERSION"
    newer = policy(region, 2, effective_from="20250101", title="待遇调整")
    import_policy(desk, newer)
    on = lambda day: parties["auditor"].policies.get_in_force(region, "310", day)  # noqa: E731
    then, later = on(DAY).record, on("20250101").record
    assert (then.policy.version, then.policy.issued_date) == (1, "20231201")
    assert then.policy.rules[0].segments[0].ratio_bp == 8500
    assert (later.policy.version, later.policy.title, later.supersedes) == (2, "待遇调整", 1)
    assert abs(then.recorded_ms - parties.now_ms()) < 600_000
    assert not on(DAY_BEFORE).HasField("record")
    assert told(parties["auditor"].policies.trace(region, "310", 1)) == ["record"]
    assert evident(parties, "auditor", receipt.object)


@pytest.mark.clause("2.2.1.4.5.1", "2.2.1.6.13")
def test_only_the_bureau_publishes_and_only_for_a_region_that_is_its_own(parties: Parties) -> None:
    region = fresh_region(parties, "province")
    publish = lambda: import_policy(parties["hospital desk"], policy(region))  # noqa: E731
    assert refusal(publish) == "NOT_PERMITTED"
    desk = parties["bureau desk"]
    assert refusal(lambda: import_policy(desk, policy("469998"))) == "REGION_NOT_ASSIGNED"
    assert not desk.policies.get(region, "310", 1).HasField("record")
    national = parties["national desk"]
    assert refusal(lambda: import_policy(national, policy(region))) == "REGION_OTHER_HOME"


@pytest.mark.clause("2.2.1.4.5.3", "2.2.1.6.15", "2.2.1.3.7")
def test_a_policy_is_shared_with_the_national_chain(parties: Parties) -> None:
    desk, national = parties["bureau desk"], parties["national desk"]
    region = fresh_region(parties, "province")
    import_policy(desk, policy(region))
    share = lambda: desk.policies.share(region, insured_type="310", version=1)  # noqa: E731
    assert len(share().tx_hash) == 64
    until(lambda: desk.policies.get(region, "310", 1).record.share == "shared")
    there = national.policies.get_in_force(region, "310", DAY).record
    assert (there.home_chain, there.origin) == ("province", "proved")
    assert there.policy == desk.policies.get(region, "310", 1).record.policy
    assert refusal(share) == "ALREADY_SHARED"
    assert evident(parties, "national desk", policy_key(region, "310", 1))
    trace = told(desk.policies.trace(region, "310", 1))
    assert trace == ["record", "share_asked", "share", "share ALREADY_SHARED"]


@pytest.mark.clause("2.2.1.4.5.5", "2.2.1.6.16", "2.2.1.3.7")
def test_another_provinces_policy_is_asked_for_and_answered_with_proof(parties: Parties) -> None:
    desk = parties["bureau desk"]
    region = fresh_region(parties, "national", "43")
    import_policy(parties["national desk"], policy(region))

    def ask(day: str) -> Receipt:
        return desk.policies.request_remote(region, insured_type="310", date=day)

    assert len(ask(DAY).tx_hash) == 64
    question = until(lambda: answered(parties, region, DAY))
    assert question == ("answered", "", 1)
    here = desk.policies.get_in_force(region, "310", DAY).record
    assert (here.home_chain, here.origin) == ("national", "proved")
    assert here.policy.rules[0].deductible_fen == 80_000
    assert evident(parties, "auditor", policy_key(region, "310", 1))
    ask(DAY_BEFORE)
    assert until(lambda: answered(parties, region, DAY_BEFORE)) == (
        "unanswered",
        "POLICY_NOT_FOUND",
        0,
    )
    own = fresh_region(parties, "province")
    local = lambda: desk.policies.request_remote(own, insured_type="310", date=DAY)  # noqa: E731
    assert refusal(local) == "REGION_IS_LOCAL"


def answered(parties: Parties, region: str, day: str) -> tuple[str, str, int] | None:
    question = parties["bureau desk"].policies.get_question(region, "310", day).record
    return (question.state, question.code, question.version) if question.answered_ms else None


@pytest.mark.clause("2.2.1.6.16.1")
def test_a_collected_policy_is_kept_and_marked_until_its_home_proves_it(parties: Parties) -> None:
    desk = parties["bureau desk"]
    region = fresh_region(parties, "national", "43")
    collected = parse_policy(policy(region, title="从文件汇集"))
    store = lambda: desk.policies.store_remote(  # noqa: E731
        collected, home_chain="national", reference="测医保函〔2024〕9号"
    )
    receipt = store()
    here = desk.policies.get_in_force(region, "310", DAY).record
    assert (here.origin, here.reference) == ("submitted", "测医保函〔2024〕9号")
    assert refusal(store) == "POLICY_KNOWN"
    import_policy(parties["national desk"], policy(region))
    desk.policies.request_remote(region, insured_type="310", date=DAY)
    assert until(lambda: answered(parties, region, DAY)) == ("answered", "", 1)
    now = desk.policies.get_in_force(region, "310", DAY).record
    assert (now.origin, now.policy.title) == ("proved", "职工基本医疗保险待遇")
    trace = told(desk.trace(receipt.object))
    assert trace == ["record", "contradicted"]
