"""What a calculation says: every step with its rule, its source, its amounts and its rounding."""

from ledger.records import Record, encode

EXACT = "exact"
HALF_UP = "half_up_fen"  # to the nearest fen, half a fen upward
DOWN = "down_fen"  # to the fen below

VERSION = "benefit/1"

# The rules by name, in the order they are applied. A line's steps come before the visit's.
UNMATCHED_OWN = "unmatched_own_expense"  # not in the catalogue: 自费
CLASS_C_OWN = "class_c_own_expense"  # 丙类自费
LEVEL_OWN = "level_own_expense"  # the institution is below the item's level: 自费
OVER_LIMIT = "over_price_limit"  # 超限价自费
FIRST_SELF_PAY = "first_self_pay"  # 乙类先自付
COVERED = "covered"  # 政策范围内
DEDUCTIBLE = "deductible"  # 起付线
SEGMENT = "segment"  # 分段按比例报销
CEILING = "ceiling"  # 封顶线
FUND_PAYS = "fund_pays"  # 统筹支付
PERSON_PAYS = "person_pays"  # 个人负担

SENTENCES = {
    UNMATCHED_OWN: (
        "该项目未在参保地目录中找到，全额自费。",
        "Not in the insured region's catalogue: all of it is the person's own expense.",
    ),
    CLASS_C_OWN: ("丙类项目，全额自费。", "A class C item: all of it is own expense."),
    LEVEL_OWN: (
        "医疗机构等级低于该项目的支付等级，全额自费。",
        "The institution's level is below the item's: all of it is own expense.",
    ),
    OVER_LIMIT: (
        "限价乘以数量（舍去不足一分）为限额，超出部分自费。",
        "The limit is price limit times quantity, rounded down to the fen; what is over is own.",
    ),
    FIRST_SELF_PAY: (
        "限额内金额按先自付比例由个人先付，四舍五入到分。",
        "The first self-pay is its ratio of the amount within the limit, half a fen upward.",
    ),
    COVERED: ("各项余额之和为政策范围内金额。", "The rest of all lines is the covered amount."),
    DEDUCTIBLE: (
        "尚未付足的起付线由个人负担。",
        "What is left of the deductible is borne by the person.",
    ),
    SEGMENT: (
        "起付线以上金额按分段比例报销，每段四舍五入到分。",
        "The amount above the deductible is paid by segment, each to the nearest fen.",
    ),
    CEILING: (
        "基金支付不超过封顶线的剩余额度。",
        "The fund pays no more than what is left below the ceiling.",
    ),
    FUND_PAYS: ("统筹基金支付金额。", "What the fund pays."),
    PERSON_PAYS: ("总金额减去基金支付为个人负担。", "The total less the fund's part."),
}
"""Each rule in Chinese and English, for whoever shows an explanation."""


class Step(Record, frozen=True, kw_only=True):
    """One step: what rule was applied to how much, and what came of it. Amounts in fen."""

    rule: str
    line: int  # 0 = the visit as a whole
    source: str  # the policy's or item's state key and version
    of_fen: int  # what the rule was applied to
    ratio_bp: int  # ten-thousandths; 0 where no ratio applies
    limit_fen: int  # the line, limit or remainder that it was held against; 0 where there is none
    gives_fen: int
    rounding: str


class Split(Record, frozen=True, kw_only=True):
    """Where every fen of the total goes; the parts add up to it."""

    total_fen: int
    own_expense_fen: int  # 自费: unmatched, class 丙, below the item's level
    over_limit_fen: int  # 超限价
    first_self_pay_fen: int  # 先自付
    deductible_fen: int  # 起付线以下
    ratio_share_fen: int  # the person's share by ratio
    over_ceiling_fen: int  # 超封顶线
    fund_fen: int

    def person_fen(self) -> int:
        """What the insured person bears: everything but the fund's part."""
        return self.total_fen - self.fund_fen


class LineMatch(Record, frozen=True, kw_only=True):
    """What the explanation says of a line's matching."""

    line: int
    hospital_code: str
    insured_code: str
    how: str
    edition: int
    proved: bool


class Explanation(Record, frozen=True, kw_only=True):
    """The whole answer, versioned with its inputs."""

    version: str
    inputs_sm3: bytes  # of the visit
    policy: str  # state key and version
    policy_sm3: bytes
    policy_proved: bool
    rule: int  # which of the policy's rules, counted from 1
    matches: tuple[LineMatch, ...]
    steps: tuple[Step, ...]
    split: Split

    def to_bytes(self) -> bytes:
        """The canonical bytes: equal inputs give equal bytes on every node."""
        return encode(self)
