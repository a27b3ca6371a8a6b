"""Stable codes of the benefit calculation."""

from faults import declare

BENEFIT_NO_POLICY = declare(
    "BENEFIT_NO_POLICY",
    zh="没有该参保地、险种在就医日期有效的政策，请先查询或采集该政策。",
    en="No policy of that region and insured type is in force on the day; ask for it first.",
)
BENEFIT_NO_RULE = declare(
    "BENEFIT_NO_RULE",
    zh="政策中没有适用于该医疗类别、机构等级和人员类别的规则，无法测算。",
    en="The policy has no rule for this kind of visit, institution level and person type.",
)
BENEFIT_POLICY_MISMATCH = declare(
    "BENEFIT_POLICY_MISMATCH",
    zh="政策的区划、险种或有效期与本次就医不符。",
    en="The policy is of another region or insured type, or not in force on the day.",
)
BENEFIT_INPUT = declare(
    "BENEFIT_INPUT",
    zh="测算输入不合规，请检查所指字段。",
    en="An input of the calculation is not well formed; check the field named.",
)
