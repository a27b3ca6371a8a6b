"""What a policy says: typed, public, in whole fen and ten-thousandths, checked before it is kept.

The same checks read a request of this chain's bureau and a policy that another chain proves, so
whatever stands in the state can be calculated with.
"""

from itertools import combinations

from contracts.fields import malformed, text
from contracts.forms import AMOUNT_FEN_MAX
from contracts.policy.codes import POLICY_RULES_OVERLAP, POLICY_TOO_LARGE
from contracts.publication.region import (
    read_day,
    read_digits,
    read_number,
    read_period,
    read_region,
)
from crypto.digest import sm3
from faults import Rejected
from ledger.records import Record, encode
from proto.policy_pb2 import BenefitRule as RuleMessage
from proto.policy_pb2 import PolicyDocument

VISIT, YEAR, NO_CEILING = "visit", "year", "none"
UNIT_BP = 10_000
RULES_MAX = 64
SEGMENTS_MAX = 16
SCOPES_MAX = 32
VERSION_MAX = 1_000_000
LEVELS = ("", "0", "1", "2", "3")
POLICY_BYTES_MAX = 12 * 1024  # a packet's body and a receipt's result hold one with room to spare


class RatioSegment(Record, frozen=True, kw_only=True):
    """A segment of the covered amount above the deductible, and the fund's ratio in it."""

    up_to_fen: int  # 0 = no end
    ratio_bp: int


class BenefitRule(Record, frozen=True, kw_only=True):
    """What the fund pays for one kind of visit."""

    visit_kinds: tuple[str, ...]
    institution_level: str
    person_types: tuple[str, ...]
    deductible_fen: int
    deductible_per: str
    ceiling_fen: int
    ceiling_per: str
    segments: tuple[RatioSegment, ...]
    segments_per: str
    remote_filed_minus_bp: int
    remote_unfiled_minus_bp: int

    def applies(self, visit_kind: str, level: str, person_type: str) -> bool:
        """Whether it is the rule for this visit; codes are compared on their first two digits."""
        return (
            visit_kind[:2] in self.visit_kinds
            and self.institution_level in ("", level)
            and (not self.person_types or person_type[:2] in self.person_types)
        )


class Policy(Record, frozen=True, kw_only=True):
    """One version of the policy for a region and an insured type."""

    region: str
    insured_type: str
    version: int
    title: str
    document_number: str
    issued_date: str
    effective_from: str
    effective_to: str  # "" = open
    document_sm3: bytes
    rules: tuple[BenefitRule, ...]

    def digest(self) -> bytes:
        """SM3 of the policy's canonical bytes: the same on every chain."""
        return sm3(encode(self))


def read_policy(document: PolicyDocument) -> Policy:
    """The policy a request brings, checked."""
    policy = Policy(
        region=document.region,
        insured_type=document.insured_type,
        version=document.version,
        title=document.title,
        document_number=document.document_number,
        issued_date=document.issued_date,
        effective_from=document.effective_from,
        effective_to=document.effective_to,
        document_sm3=document.document_sm3,
        rules=tuple(_rule(one) for one in document.rules),
    )
    check_policy(policy)
    return policy


def read_insured_type(value: str) -> str:
    """An insured type (险种) such as "310"."""
    return read_digits("insured_type", value, 3, 3)


def read_version(value: int) -> int:
    """A version's number."""
    return read_number("version", value, VERSION_MAX, 1)


def check_policy(policy: Policy) -> None:
    """Raise Rejected MALFORMED_REQUEST with the field, POLICY_RULES_OVERLAP or POLICY_TOO_LARGE."""
    read_region(policy.region)
    read_insured_type(policy.insured_type)
    read_version(policy.version)
    text("title", policy.title, required=True)
    text("document_number", policy.document_number)
    read_day("issued_date", policy.issued_date)
    read_period(policy.effective_from, policy.effective_to)
    if len(policy.document_sm3) not in (0, 32):
        raise malformed("document_sm3", "neither 32 bytes nor none")
    if not 1 <= len(policy.rules) <= RULES_MAX:
        raise malformed("rules", f"not 1 to {RULES_MAX}")
    for number, rule in enumerate(policy.rules, start=1):
        _check_rule(f"rules[{number}]", rule)
    _check_overlap(policy.rules)
    size = len(encode(policy))
    if size > POLICY_BYTES_MAX:
        raise Rejected(POLICY_TOO_LARGE, bytes=size, limit=POLICY_BYTES_MAX)


def _rule(message: RuleMessage) -> BenefitRule:
    return BenefitRule(
        visit_kinds=tuple(message.visit_kinds),
        institution_level=message.institution_level,
        person_types=tuple(message.person_types),
        deductible_fen=message.deductible_fen,
        deductible_per=message.deductible_per,
        ceiling_fen=message.ceiling_fen,
        ceiling_per=message.ceiling_per,
        segments=tuple(
            RatioSegment(up_to_fen=one.up_to_fen, ratio_bp=one.ratio_bp) for one in message.segments
        ),
        segments_per=message.segments_per,
        remote_filed_minus_bp=message.remote_filed_minus_bp,
        remote_unfiled_minus_bp=message.remote_unfiled_minus_bp,
    )


def _check_rule(at: str, rule: BenefitRule) -> None:
    _check_scopes(f"{at}.visit_kinds", rule.visit_kinds, 1)
    _check_scopes(f"{at}.person_types", rule.person_types, 0)
    _check_word(f"{at}.institution_level", rule.institution_level, LEVELS)
    read_number(f"{at}.deductible_fen", rule.deductible_fen, AMOUNT_FEN_MAX)
    _check_word(f"{at}.deductible_per", rule.deductible_per, (VISIT, YEAR))
    read_number(f"{at}.ceiling_fen", rule.ceiling_fen, AMOUNT_FEN_MAX)
    _check_word(f"{at}.ceiling_per", rule.ceiling_per, (VISIT, YEAR, NO_CEILING))
    if rule.ceiling_per == NO_CEILING and rule.ceiling_fen:
        raise malformed(f"{at}.ceiling_fen", "given although there is no ceiling")
    _check_segments(f"{at}.segments", rule.segments)
    _check_word(f"{at}.segments_per", rule.segments_per, (VISIT, YEAR))
    read_number(f"{at}.remote_filed_minus_bp", rule.remote_filed_minus_bp, UNIT_BP)
    read_number(f"{at}.remote_unfiled_minus_bp", rule.remote_unfiled_minus_bp, UNIT_BP)


def _check_scopes(field: str, values: tuple[str, ...], least: int) -> None:
    if not least <= len(values) <= SCOPES_MAX:
        raise malformed(field, f"not {least} to {SCOPES_MAX}")
    for value in values:
        read_digits(field, value, 2, 2)
    if tuple(sorted(set(values))) != values:
        raise malformed(field, "not ascending, each once")


def _check_word(field: str, value: str, words: tuple[str, ...]) -> None:
    if value not in words:
        raise malformed(field, "not one of " + ", ".join(repr(one) for one in words))


def _check_segments(field: str, segments: tuple[RatioSegment, ...]) -> None:
    if not 1 <= len(segments) <= SEGMENTS_MAX:
        raise malformed(field, f"not 1 to {SEGMENTS_MAX}")
    before = 0
    for segment in segments[:-1]:
        read_number(f"{field}.up_to_fen", segment.up_to_fen, AMOUNT_FEN_MAX, before + 1)
        before = segment.up_to_fen
    if segments[-1].up_to_fen:
        raise malformed(f"{field}.up_to_fen", "the last segment has no end (0)")
    for segment in segments:
        read_number(f"{field}.ratio_bp", segment.ratio_bp, UNIT_BP)


def _check_overlap(rules: tuple[BenefitRule, ...]) -> None:
    """At most one rule applies to a visit, so no order among rules decides what is paid."""
    for (first, one), (second, other) in combinations(enumerate(rules, start=1), 2):
        kinds = [kind for kind in one.visit_kinds if kind in other.visit_kinds]
        levels = "" in (one.institution_level, other.institution_level)
        people = [person for person in one.person_types if person in other.person_types]
        if (
            kinds
            and (levels or one.institution_level == other.institution_level)
            and (people or not one.person_types or not other.person_types)
        ):
            raise Rejected(POLICY_RULES_OVERLAP, first=first, second=second, visit_kind=kinds[0])
