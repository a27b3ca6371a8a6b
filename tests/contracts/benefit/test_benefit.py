"""The indicative benefit: known examples, and laws that hold for every policy and every visit."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.benefit import explanation as said
from contracts.benefit.calculation import benefit_of, calculate
from contracts.benefit.explanation import Explanation
from contracts.benefit.matching import match_lines
from contracts.benefit.visit import Visit, VisitLine
from contracts.catalogue.item import CatalogueItem, read_items
from contracts.catalogue.records import ItemVersion
from contracts.policy.document import BenefitRule, Policy, RatioSegment, check_policy, read_policy
from contracts.policy.records import PolicyRecord
from contracts.state_view import StateView
from faults import Rejected
from ledger.records import decode
from proto import catalogue_pb2 as cat
from proto import policy_pb2 as pb
from tests.contracts.harness import Chain
from tests.contracts.regions import HOME_REGION, assign, item, policy, rule

DATE = "20240816"


def record(document: pb.PolicyDocument | None = None, origin: str = "published") -> PolicyRecord:
    return PolicyRecord(
        home_chain="yl-province",
        origin=origin,
        policy=read_policy(document or policy()),
        supersedes=0,
        recorded_ms=1,
    )


def version(made: CatalogueItem, edition: int = 3, origin: str = "edition") -> ItemVersion:
    return ItemVersion(
        edition=edition,
        origin=origin,
        home_chain="yl-province",
        recorded_ms=1,
        reference="",
        item=made,
    )


def catalogue(*items: cat.CatalogueItem) -> dict[str, ItemVersion]:
    return {one.code: version(one) for one in read_items(items)}


def line(code: str = "H1", amount_fen: int = 10_000, **changes: Any) -> VisitLine:
    given_ = {
        "hospital_code": code,
        "insured_code": "",
        "quantity_e4": 10_000,
        "amount_fen": amount_fen,
    }
    return VisitLine(**{**given_, **changes})


def visit(*lines: VisitLine, **changes: Any) -> Visit:
    given_: dict[str, Any] = {
        "region": HOME_REGION,
        "insured_type": "310",
        "person_type": "1101",
        "visit_kind": "21",
        "institution_level": "3",
        "place": "local",
        "date": DATE,
        "year_deductible_fen": 0,
        "year_covered_fen": 0,
        "year_fund_fen": 0,
        "lines": lines or (line(),),
    }
    return Visit(**{**given_, **changes})


def run(
    visited: Visit,
    items: Mapping[str, ItemVersion],
    document: pb.PolicyDocument | None = None,
    table: Mapping[str, str] | None = None,
) -> Explanation:
    return calculate(visited, record(document), table or {}, items.get)


# ---- by hand


def test_a_stay_computed_by_hand() -> None:
    """甲 6,000.00, 乙 10,000.00 with 10 % first, 丙 500.00, unknown 20.00; deductible 800.00."""
    items = catalogue(
        item("A", category="01", self_pay_bp=0, price_limit_fen=0),
        item("B", category="02", self_pay_bp=1000, price_limit_fen=0),
        item("C", category="03", price_limit_fen=0),
    )
    lines = (line("A", 600_000), line("B", 1_000_000), line("C", 50_000), line("Z", 2_000))
    split = run(visit(*lines), items).split
    assert (split.own_expense_fen, split.first_self_pay_fen) == (52_000, 100_000)
    assert split.deductible_fen == 80_000
    # 1,420,000 above the deductible: 1,000,000 at 85 %, 420,000 at 90 %.
    assert split.fund_fen == 850_000 + 378_000
    assert split.ratio_share_fen == 150_000 + 42_000
    assert split.person_fen() == 1_652_000 - 1_228_000


def test_the_price_limit_holds_for_the_quantity_and_is_rounded_down() -> None:
    items = catalogue(item("A", self_pay_bp=0, price_limit_fen=333))
    found = run(visit(line("A", 1_000, quantity_e4=15_001)), items)
    assert found.split.over_limit_fen == 1_000 - 499
    step = next(one for one in found.steps if one.rule == said.OVER_LIMIT)
    assert (step.limit_fen, step.rounding, step.line) == (499, "down_fen", 1)
    assert step.source == f"catalogue_item/{HOME_REGION}/A@3"


@pytest.mark.parametrize(("place", "ratio"), [("local", 8500), ("filed", 8000), ("unfiled", 6500)])
def test_elsewhere_the_ratio_is_lower_and_lower_still_without_filing(
    place: str, ratio: int
) -> None:
    items = catalogue(item("A", self_pay_bp=0, price_limit_fen=0))
    found = run(visit(line("A", 180_000), place=place), items)
    assert found.split.fund_fen == 100_000 * ratio // 10_000
    assert [one.ratio_bp for one in found.steps if one.rule == said.SEGMENT] == [ratio]


def test_the_year_goes_on_where_the_rule_says_so() -> None:
    items = catalogue(item("A", self_pay_bp=0, price_limit_fen=0))
    yearly = policy(rules=[rule(deductible_per="year", segments_per="year", ceiling_fen=1_000_000)])
    visited = visit(
        line("A", 500_000),
        year_deductible_fen=50_000,
        year_covered_fen=900_000,
        year_fund_fen=700_000,
    )
    split = run(visited, items, yearly).split
    assert split.deductible_fen == 30_000
    # 470,000 from 900,000 on: 100,000 at 85 %, 370,000 at 90 %; 300,000 are left of the ceiling.
    assert (split.fund_fen, split.over_ceiling_fen) == (300_000, 418_000 - 300_000)
    by_visit = run(visited, items).split
    assert (by_visit.deductible_fen, by_visit.fund_fen) == (80_000, 357_000)


def test_an_institution_below_the_items_level_is_own_expense() -> None:
    items = catalogue(item("A", level="3"))
    two = policy(rules=[rule(institution_level="")])
    assert run(visit(line("A"), institution_level="2"), items, two).split.own_expense_fen == 10_000
    assert run(visit(line("A"), institution_level="3"), items, two).split.own_expense_fen == 0


def test_codes_match_by_insured_code_then_table_then_their_own() -> None:
    items = catalogue(item("A"), item("B"), item("H1"))
    lines = (
        line(insured_code="A"),
        line(insured_code="none"),
        line("H2"),
        line("H3", insured_code="none"),
        line("H1"),
    )
    matches = match_lines(lines, {"H1": "B", "H2": "none"}, items.get)
    assert [(one.insured_code, one.how) for one in matches] == [
        ("A", "insured_code"),
        ("B", "match_table"),
        ("", "unmatched"),
        ("", "unmatched"),
        ("B", "match_table"),
    ]
    (own,) = match_lines((line("H1"),), {}, items.get)
    assert (own.insured_code, own.how, own.edition, own.proved) == ("H1", "hospital_code", 3, True)


def test_what_was_only_collected_is_said() -> None:
    (made,) = read_items([item("A")])
    items = {"A": version(made, origin="submitted")}
    found = calculate(visit(line("A")), record(origin="submitted"), {}, items.get)
    assert (found.policy_proved, found.matches[0].proved) == (False, False)
    assert found.policy == f"policy/{HOME_REGION}/310/1/yl-province"


def test_every_rule_has_its_sentences() -> None:
    items = catalogue(item("A"), item("C", category="03"), item("L", level="3"))
    two = policy(rules=[rule(institution_level="")])
    lines = (line("A"), line("C"), line("L"), line("Z"), line("A", 1_000_000))
    found = run(visit(*lines, institution_level="2"), items, two)
    assert {one.rule for one in found.steps} <= set(said.SENTENCES)
    other = run(visit(line("A", 9_000_000, quantity_e4=10**9)), items)
    used = {one.rule for one in (*found.steps, *other.steps)}
    assert used == set(said.SENTENCES)
    for zh, en in said.SENTENCES.values():
        assert zh.endswith("。") and en.endswith(".")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"region": "469001"}, "BENEFIT_POLICY_MISMATCH"),
        ({"insured_type": "390"}, "BENEFIT_POLICY_MISMATCH"),
        ({"date": "20231231"}, "BENEFIT_POLICY_MISMATCH"),
        ({"visit_kind": "11"}, "BENEFIT_NO_RULE"),
        ({"institution_level": "2"}, "BENEFIT_NO_RULE"),
        ({"person_type": "1201"}, "BENEFIT_NO_RULE"),
        ({"date": "20240230"}, "BENEFIT_INPUT"),
        ({"place": ""}, "BENEFIT_INPUT"),
        ({"person_type": ""}, "BENEFIT_INPUT"),
        ({"institution_level": "4"}, "BENEFIT_INPUT"),
        ({"year_fund_fen": -1}, "BENEFIT_INPUT"),
        ({"lines": ()}, "BENEFIT_INPUT"),
        ({"lines": (line(amount_fen=-1),)}, "BENEFIT_INPUT"),
        ({"lines": (line(quantity_e4=0),)}, "BENEFIT_INPUT"),
        ({"lines": (line(""),)}, "BENEFIT_INPUT"),
        ({"lines": (line(amount_fen=10**13), line())}, "BENEFIT_INPUT"),
    ],
)
def test_what_cannot_be_calculated_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Rejected) as caught:
        run(visit(**changes), {})
    assert caught.value.code.name == code


def test_it_is_calculated_with_what_stands_in_the_state() -> None:
    chain = Chain()
    assign(chain, HOME_REGION, chain.chain_id)
    chain.ok("bureau", "policy.publish", pb.PublishPolicyRequest(policy=policy()))
    begin = cat.BeginCatalogueRequest(
        region=HOME_REGION, edition=1, title="目录", issued_date="20231215", item_count=1
    )
    chain.ok("bureau", "catalogue.begin", begin)
    add = cat.AddCatalogueItemsRequest(
        region=HOME_REGION, edition=1, chunk=1, items=[item("A", price_limit_fen=0)]
    )
    chain.ok("bureau", "catalogue.add", add)
    publish = cat.PublishCatalogueRequest(region=HOME_REGION, edition=1)
    visited = visit(line("H1", 1_000_000))
    before = benefit_of(StateView(chain), visited, {"H1": "A"})
    assert before.matches[0].how == "unmatched"
    chain.ok("bureau", "catalogue.publish", publish)
    found = benefit_of(StateView(chain), visited, {"H1": "A"})
    assert found.split.fund_fen == (900_000 - 80_000) * 85 // 100
    assert found.policy == f"policy/{HOME_REGION}/310/1"
    with pytest.raises(Rejected) as caught:
        benefit_of(StateView(chain), visit(date="20231231"), {})
    assert caught.value.code.name == "BENEFIT_NO_POLICY"


# ---- for every policy and every visit

money = st.integers(0, 3_000_000)
ratios = st.integers(0, 10_000)
items_of = st.builds(
    CatalogueItem,
    code=st.sampled_from(["A", "B", "C", "D"]),
    name=st.just("测试"),
    list_type=st.just("101"),
    category=st.sampled_from(["01", "02", "03"]),
    self_pay_bp=ratios,
    level=st.sampled_from(["", "1", "3"]),
    price_limit_fen=st.one_of(st.just(0), money),
    effective_from=st.just("20240101"),
    effective_to=st.just(""),
    valid=st.just(True),
)
catalogues = st.lists(items_of, max_size=4).map(
    lambda made: {one.code: version(one) for one in made}
)
lines_of = st.builds(
    VisitLine,
    hospital_code=st.sampled_from(["A", "B", "C", "D", "E"]),
    insured_code=st.sampled_from(["", "A", "B"]),
    quantity_e4=st.integers(1, 100_000),
    amount_fen=money,
)


@st.composite
def rules(draw: st.DrawFn) -> BenefitRule:
    ends = sorted(draw(st.sets(st.integers(1, 3_000_000), max_size=4)))
    per = st.sampled_from(["visit", "year"])
    ceiling_per = draw(st.sampled_from(["visit", "year", "none"]))
    return BenefitRule(
        visit_kinds=("21",),
        institution_level="",
        person_types=(),
        deductible_fen=draw(money),
        deductible_per=draw(per),
        ceiling_fen=0 if ceiling_per == "none" else draw(money),
        ceiling_per=ceiling_per,
        segments=tuple(RatioSegment(up_to_fen=end, ratio_bp=draw(ratios)) for end in (*ends, 0)),
        segments_per=draw(per),
        remote_filed_minus_bp=draw(ratios),
        remote_unfiled_minus_bp=draw(ratios),
    )


def of_rule(made: BenefitRule) -> PolicyRecord:
    base = record()
    changed: Policy = msgspec.structs.replace(base.policy, rules=(made,))
    check_policy(changed)
    return base.changed(policy=changed)


visits = st.builds(
    visit,
    st.just(line()),
    lines=st.lists(lines_of, min_size=1, max_size=6).map(tuple),
    place=st.sampled_from(["local", "filed", "unfiled"]),
    institution_level=st.sampled_from(["0", "1", "2", "3"]),
    year_deductible_fen=money,
    year_covered_fen=money,
    year_fund_fen=money,
)


@given(visits, rules(), catalogues)
def test_the_parts_add_up_and_the_limits_hold(
    visited: Visit, made: BenefitRule, items: dict[str, ItemVersion]
) -> None:
    found = calculate(visited, of_rule(made), {}, items.get)
    split = found.split
    parts = [int(getattr(split, name)) for name in split.__struct_fields__ if name != "total_fen"]
    assert min(parts) >= 0
    assert sum(parts) == split.total_fen == sum(one.amount_fen for one in visited.lines)
    assert split.person_fen() + split.fund_fen == split.total_fen
    assert split.deductible_fen <= made.deductible_fen
    if made.deductible_per == "year":
        left = max(made.deductible_fen - visited.year_deductible_fen, 0)
        assert split.deductible_fen <= left
    if made.ceiling_per != "none":
        paid = visited.year_fund_fen if made.ceiling_per == "year" else 0
        assert split.fund_fen <= max(made.ceiling_fen - paid, 0)


@given(visits, rules(), catalogues)
def test_an_independent_model_agrees(
    visited: Visit, made: BenefitRule, items: dict[str, ItemVersion]
) -> None:
    """Fen by fen of the segments' borders in exact fractions; rounding only as the rules state."""
    covered = 0
    for one in visited.lines:
        version_ = next(
            (items[code] for code in (one.insured_code, one.hospital_code) if code in items), None
        )
        if version_ is None or version_.item.category == "03":
            continue
        it = version_.item
        if it.level and visited.institution_level < it.level:
            continue
        amount = one.amount_fen
        if it.price_limit_fen:
            amount = min(amount, int(Fraction(it.price_limit_fen * one.quantity_e4, 10_000)))
        covered += amount - rounded(Fraction(amount * it.self_pay_bp, 10_000))
    used = visited.year_deductible_fen if made.deductible_per == "year" else 0
    above = max(covered - max(made.deductible_fen - used, 0), 0)
    at = visited.year_covered_fen if made.segments_per == "year" else 0
    minus = {"filed": made.remote_filed_minus_bp, "unfiled": made.remote_unfiled_minus_bp}
    fund = 0
    for segment in made.segments:
        room = above if segment.up_to_fen == 0 else min(above, max(segment.up_to_fen - at, 0))
        ratio = max(segment.ratio_bp - minus.get(visited.place, 0), 0)
        fund += rounded(Fraction(room * ratio, 10_000))
        at, above = at + room, above - room
    if made.ceiling_per != "none":
        paid = visited.year_fund_fen if made.ceiling_per == "year" else 0
        fund = min(fund, max(made.ceiling_fen - paid, 0))
    assert calculate(visited, of_rule(made), {}, items.get).split.fund_fen == fund


def rounded(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


@pytest.mark.slow
@given(visits, rules(), catalogues, st.integers(0, 5), st.integers(1, 500_000))
def test_more_cost_never_means_less_from_the_fund(
    visited: Visit, made: BenefitRule, items: dict[str, ItemVersion], at: int, more: int
) -> None:
    index = at % len(visited.lines)
    dearer = msgspec.structs.replace(
        visited.lines[index], amount_fen=visited.lines[index].amount_fen + more
    )
    lines = (*visited.lines[:index], dearer, *visited.lines[index + 1 :])
    costly = msgspec.structs.replace(visited, lines=lines)
    first, second = (
        calculate(one, of_rule(made), {}, items.get).split for one in (visited, costly)
    )
    assert second.fund_fen >= first.fund_fen
    assert second.person_fen() + second.fund_fen == first.total_fen + more
    assert second.deductible_fen >= first.deductible_fen


@given(visits, rules(), catalogues)
def test_filing_never_costs_and_a_lower_deductible_never_hurts(
    visited: Visit, made: BenefitRule, items: dict[str, ItemVersion]
) -> None:
    kinder = msgspec.structs.replace(made, deductible_fen=made.deductible_fen // 2)

    def fund(rule_: BenefitRule, place: str, **changes: Any) -> int:
        moved = msgspec.structs.replace(visited, place=place, **changes)
        return calculate(moved, of_rule(rule_), {}, items.get).split.fund_fen

    assert fund(made, "local") >= fund(made, "filed")
    assert fund(made, "local") >= fund(made, "unfiled")
    assert fund(made, "local", year_fund_fen=0) >= fund(made, "local")
    assert fund(kinder, "local") >= fund(made, "local")


@given(visits, rules(), catalogues)
def test_the_same_inputs_give_the_same_bytes(
    visited: Visit, made: BenefitRule, items: dict[str, ItemVersion]
) -> None:
    first = calculate(visited, of_rule(made), {"A": "B"}, items.get)
    shuffled = dict(reversed(items.items()))
    again = calculate(visited, of_rule(made), {"A": "B"}, shuffled.get)
    assert first.to_bytes() == again.to_bytes()
    assert decode(Explanation, first.to_bytes()) == first
    assert [one.line for one in first.matches] == list(range(1, len(visited.lines) + 1))
    explained = {one.line for one in first.steps}
    assert explained == {0, *range(1, len(visited.lines) + 1)}
    assert all(one.rule in said.SENTENCES for one in first.steps)
