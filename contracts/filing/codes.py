"""Stable codes of filings."""

from faults import declare

FILING_EXISTS = declare(
    "FILING_EXISTS",
    zh="该备案编号已登记，变更请办理备案变更。",
    en="A filing with this id is registered already; change it instead.",
)
FILING_NOT_FOUND = declare(
    "FILING_NOT_FOUND",
    zh="链上没有该备案，请核对备案编号。",
    en="There is no such filing on the chain; check its id.",
)
FILING_REVOKED = declare(
    "FILING_REVOKED",
    zh="该备案已撤销，请另行备案。",
    en="The filing was revoked; register a new one.",
)
FILING_EXPIRED = declare(
    "FILING_EXPIRED",
    zh="该备案已到期，请另行备案。",
    en="The filing has expired; register a new one.",
)
FILING_PERIOD = declare(
    "FILING_PERIOD",
    zh="备案期限无效：止期不得早于起期，且不得早于当前区块日期。",
    en="The period is invalid: it must not end before it begins, nor before the block's day.",
)
FILING_KIND = declare(
    "FILING_KIND",
    zh="备案类型不在规定范围内，或转诊备案未填写转往机构。",
    en="The kind of filing is not one of the list, or a referral names no institution.",
)
FILING_REGION = declare(
    "FILING_REGION",
    zh="就医地与参保地相同或相互包含，无需异地备案，请核对区划。",
    en="The treatment region lies in the insured region or holds it; check both regions.",
)
FILING_OVERLAP = declare(
    "FILING_OVERLAP",
    zh="该参保人在同一就医地的有效备案期限重叠，请先变更或撤销原备案。",
    en="Another filing of this person covers the region in that period; change or revoke it first.",
)
FILING_TOO_MANY = declare(
    "FILING_TOO_MANY",
    zh="该参保人未到期的备案已达上限，请先撤销部分备案。",
    en="The person has the most unexpired filings that are kept; revoke some first.",
)
FILING_MISMATCH = declare(
    "FILING_MISMATCH",
    zh="备案变更不能改变参保地，请核对所指字段。",
    en="A change can't give the filing another insured region; check the field named.",
)
FILING_VERSION_STALE = declare(
    "FILING_VERSION_STALE",
    zh="备案已有其他变更，请按当前版本重新办理。",
    en="The change was not made from the filing's current version; make it from that one.",
)
NOT_FILING_KEEPER = declare(
    "NOT_FILING_KEEPER",
    zh="该备案由其他机构登记，只能由该机构办理。",
    en="Another organisation registered this filing; only that one can do this.",
)
FILING_FOREIGN = declare(
    "FILING_FOREIGN",
    zh="该备案由另一条链发来，只能在其来源链办理。",
    en="The filing came from another chain; only that chain can do this.",
)
