"""Stable codes that policies and catalogues share."""

from faults import declare

REGION_OTHER_HOME = declare(
    "REGION_OTHER_HOME",
    zh="该区划的政策和目录由另一条链发布，请核对区划或来源链。",
    en="Another chain publishes this region's policies and catalogue; check the region or chain.",
)
REGION_NOT_ASSIGNED = declare(
    "REGION_NOT_ASSIGNED",
    zh="该区划尚未由治理方指定发布链，请先核对区划并由治理方指定。",
    en="Governance has not said which chain publishes for the region; check it, have it assigned.",
)
REGION_ASSIGNED = declare(
    "REGION_ASSIGNED",
    zh="该区划已指定给这条链，无需重复指定。",
    en="The region is assigned to this chain already; nothing needs to change.",
)
REGION_IS_LOCAL = declare(
    "REGION_IS_LOCAL",
    zh="该区划由本链发布，请使用本省政策和目录，无需异地查询或存储。",
    en="This chain publishes the region itself; use the local record instead of a remote one.",
)
SHARE_PENDING = declare(
    "SHARE_PENDING",
    zh="共享已发出，正在等待对方链确认。",
    en="It is on its way to the other chain; wait for that chain's answer.",
)
ALREADY_SHARED = declare(
    "ALREADY_SHARED",
    zh="该版本已共享并确认，无需重复共享。",
    en="This version was shared and acknowledged already.",
)
NOTHING_SHARING = declare(
    "NOTHING_SHARING",
    zh="没有正在进行的共享，回执与记录状态不符。",
    en="No sharing is under way, so this answer does not fit the record.",
)
QUESTION_PENDING = declare(
    "QUESTION_PENDING",
    zh="相同的异地查询正在等待对方链答复。",
    en="The same question waits for the other chain's answer already.",
)
QUESTION_CLOSED = declare(
    "QUESTION_CLOSED",
    zh="该查询不在等待答复，请重新发起查询。",
    en="The question is not waiting for an answer; ask again.",
)
ANSWER_NOT_MATCHING = declare(
    "ANSWER_NOT_MATCHING",
    zh="对方链的答复与所查内容不一致，未采用，请人工核对。",
    en="The other chain's answer is not about what was asked; it was not used, check by hand.",
)
