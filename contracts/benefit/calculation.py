"""The indicative benefit: a visit's lines, one policy version, the items in force → an explanation.

Rounding is stated at every step. Per line: the price limit times the quantity is rounded down, the
first self-pay half up. Per visit: the fund's part of each segment is rounded half up. Everything
else is exact, and what the person bears is the rest, so the parts add up to the total.
"""

from collections.abc import Mapping

from contracts.benefit.codes import BENEFIT_NO_POLICY, BENEFIT_NO_RULE, BENEFIT_POLICY_MISMATCH
from contracts.benefit.explanation import (
    CEILING,
    CLASS_C_OWN,
    COVERED,
    DEDUCTIBLE,
    DOWN,
    EXACT,
    FIRST_SELF_PAY,
    FUND_PAYS,
    HALF_UP,
    LEVEL_OWN,
    OVER_LIMIT,
    PERSON_PAYS,
    SEGMENT,
    UNMATCHED_OWN,
    VERSION,
    Explanation,
    LineMatch,
    Split,
    Step,
)
from contracts.benefit.matching import Lookup, Match, match_lines
from contracts.benefit.visit import FILED, QUANTITY_UNIT, UNFILED, Visit, VisitLine, check_visit
from contracts.catalogue.item import CLASS_C, CatalogueItem
from contracts.catalogue.records import ItemVersion, item_in_force, item_key
from contracts.policy.document import NO_CEILING, UNIT_BP, YEAR, BenefitRule
from contracts.policy.records import PolicyRecord, policy_in_force, policy_key, submitted_key
from contracts.publication.region import SUBMITTED, period_holds
from contracts.state_view import StateView
from crypto.digest import sm3
from faults import Rejected
from ledger.records import encode


def benefit_of(view: StateView, visit: Visit, table: Mapping[str, str]) -> Explanation:
    """待遇测算 (2.2.1.4.5.5–6) with what stands in the state on the visit's day.

    `table`: hospital code → code of the insured region's catalogue. Raises Rejected
    BENEFIT_NO_POLICY, BENEFIT_NO_RULE or BENEFIT_INPUT.
    """
    check_visit(visit)
    policy = policy_in_force(view, visit.region, visit.insured_type, visit.date)
    if policy is None:
        raise Rejected(BENEFIT_NO_POLICY, region=visit.region, date=visit.date)

    def find(code: str) -> ItemVersion | None:
        return item_in_force(view, visit.region, code, visit.date)

    return calculate(visit, policy, table, find)


def calculate(
    visit: Visit, record: PolicyRecord, table: Mapping[str, str], find: Lookup
) -> Explanation:
    """The calculation alone: nothing but its arguments enters it."""
    check_visit(visit)
    policy = record.policy
    named = (policy.region, policy.insured_type) == (visit.region, visit.insured_type)
    if not named or not period_holds(policy.effective_from, policy.effective_to, visit.date):
        raise Rejected(BENEFIT_POLICY_MISMATCH, region=policy.region, version=policy.version)
    number, rule = _rule_for(visit, record)
    matches = match_lines(visit.lines, table, find)
    steps: list[Step] = []
    own = over = first = covered = 0
    for match, line in zip(matches, visit.lines, strict=True):
        parts = _line(visit, match, line, steps)
        own, over, first = own + parts[0], over + parts[1], first + parts[2]
        covered += line.amount_fen - sum(parts)
    source = _key_of(record)
    steps.append(_step(COVERED, 0, source, covered, covered))
    deductible, before_ceiling, fund = _fund(visit, rule, covered, source, steps)
    total = sum(line.amount_fen for line in visit.lines)
    split = Split(
        total_fen=total,
        own_expense_fen=own,
        over_limit_fen=over,
        first_self_pay_fen=first,
        deductible_fen=deductible,
        ratio_share_fen=covered - deductible - before_ceiling,
        over_ceiling_fen=before_ceiling - fund,
        fund_fen=fund,
    )
    steps.append(_step(FUND_PAYS, 0, source, total, fund))
    steps.append(_step(PERSON_PAYS, 0, source, total, split.person_fen()))
    return Explanation(
        version=VERSION,
        inputs_sm3=sm3(encode(visit)),
        policy=source,
        policy_sm3=policy.digest(),
        policy_proved=record.origin != SUBMITTED,
        rule=number,
        matches=tuple(_said(match) for match in matches),
        steps=tuple(steps),
        split=split,
    )


def _key_of(record: PolicyRecord) -> str:
    policy = record.policy
    if record.origin == SUBMITTED:
        where = (policy.region, policy.insured_type, policy.version, record.home_chain)
        return submitted_key(*where)
    return policy_key(policy.region, policy.insured_type, policy.version)


def _rule_for(visit: Visit, record: PolicyRecord) -> tuple[int, BenefitRule]:
    for number, rule in enumerate(record.policy.rules, start=1):
        if rule.applies(visit.visit_kind, visit.institution_level, visit.person_type):
            return number, rule
    raise Rejected(
        BENEFIT_NO_RULE,
        version=record.policy.version,
        visit_kind=visit.visit_kind,
        level=visit.institution_level,
        person_type=visit.person_type,
    )


def _line(visit: Visit, match: Match, line: VisitLine, steps: list[Step]) -> tuple[int, int, int]:
    """A line's own expense, amount over the price limit and first self-pay, with their steps."""
    amount, version = line.amount_fen, match.version
    if version is None:
        steps.append(_step(UNMATCHED_OWN, match.line, "", amount, amount))
        return amount, 0, 0
    item = version.item
    source = f"{item_key(visit.region, item.code)}@{version.edition}"
    outside = _outside(visit, item)
    if outside:
        steps.append(_step(outside, match.line, source, amount, amount))
        return amount, 0, 0
    over = 0
    if item.price_limit_fen:
        allowed = item.price_limit_fen * line.quantity_e4 // QUANTITY_UNIT
        over = max(amount - allowed, 0)
        steps.append(
            _step(OVER_LIMIT, match.line, source, amount, over, limit=allowed, rounding=DOWN)
        )
    first = half_up(amount - over, item.self_pay_bp)
    steps.append(
        _step(
            FIRST_SELF_PAY,
            match.line,
            source,
            amount - over,
            first,
            ratio=item.self_pay_bp,
            rounding=HALF_UP,
        )
    )
    return 0, over, first


def _outside(visit: Visit, item: CatalogueItem) -> str:
    """Why an item in the catalogue is own expense nevertheless, or ""."""
    if item.category == CLASS_C:
        return CLASS_C_OWN
    return LEVEL_OWN if item.level and visit.institution_level < item.level else ""


def _fund(
    visit: Visit, rule: BenefitRule, covered: int, source: str, steps: list[Step]
) -> tuple[int, int, int]:
    """The deductible, the fund's part before the ceiling, and after it."""
    used = visit.year_deductible_fen if rule.deductible_per == YEAR else 0
    left = max(rule.deductible_fen - used, 0)
    deductible = min(covered, left)
    steps.append(_step(DEDUCTIBLE, 0, source, covered, deductible, limit=left))
    base = covered - deductible
    begins = visit.year_covered_fen if rule.segments_per == YEAR else 0
    fund = _by_segments(visit, rule, begins, base, source, steps)
    if rule.ceiling_per == NO_CEILING:
        return deductible, fund, fund
    paid = visit.year_fund_fen if rule.ceiling_per == YEAR else 0
    room = max(rule.ceiling_fen - paid, 0)
    held = min(fund, room)
    steps.append(_step(CEILING, 0, source, fund, held, limit=room))
    return deductible, fund, held


def _by_segments(
    visit: Visit, rule: BenefitRule, begins: int, base: int, source: str, steps: list[Step]
) -> int:
    minus = {FILED: rule.remote_filed_minus_bp, UNFILED: rule.remote_unfiled_minus_bp}
    taken_off = minus.get(visit.place, 0)
    ends, start, fund = begins + base, 0, 0
    for segment in rule.segments:
        end = segment.up_to_fen or ends
        part = max(min(ends, end) - max(begins, start), 0)
        ratio = max(segment.ratio_bp - taken_off, 0)
        if part:
            pays = half_up(part, ratio)
            step = _step(
                SEGMENT,
                0,
                source,
                part,
                pays,
                ratio=ratio,
                limit=segment.up_to_fen,
                rounding=HALF_UP,
            )
            steps.append(step)
            fund += pays
        start = end
    return fund


def half_up(fen: int, ratio_bp: int) -> int:
    """`fen` times the ratio to the nearest fen, half a fen upward; for fen ≥ 0."""
    return (fen * ratio_bp + UNIT_BP // 2) // UNIT_BP


def _step(
    rule: str,
    line: int,
    source: str,
    of: int,
    gives: int,
    *,
    ratio: int = 0,
    limit: int = 0,
    rounding: str = EXACT,
) -> Step:
    return Step(
        rule=rule,
        line=line,
        source=source,
        of_fen=of,
        ratio_bp=ratio,
        limit_fen=limit,
        gives_fen=gives,
        rounding=rounding,
    )


def _said(match: Match) -> LineMatch:
    return LineMatch(
        line=match.line,
        hospital_code=match.hospital_code,
        insured_code=match.insured_code,
        how=match.how,
        edition=match.edition,
        proved=match.proved,
    )
