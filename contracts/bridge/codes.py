"""Stable codes of the bridge."""

from faults import declare

NO_CHANNEL = declare(
    "NO_CHANNEL",
    zh="没有承载此业务的跨链通道，请先由治理方登记通道。",
    en="No channel carries this operation; have governance register one first.",
)
CHANNEL_PAUSED = declare(
    "CHANNEL_PAUSED",
    zh="该跨链通道已暂停，请等待双方恢复后重试。",
    en="The channel is paused; retry once both sides have resumed it.",
)
CHANNEL_CLOSED = declare(
    "CHANNEL_CLOSED",
    zh="该跨链通道已关闭，不再办理业务；请使用其他通道。",
    en="The channel was closed for good and carries nothing more; use another one.",
)
WRONG_CHANNEL = declare(
    "WRONG_CHANNEL",
    zh="数据包的网络、来源、目的或纪元与本链登记的通道不符。",
    en="The packet's net, source, destination or epoch is not that of the registered channel.",
)
NO_VERIFIER = declare(
    "NO_VERIFIER",
    zh="本链没有达到所要求保证等级的验证器，拒绝接收。",
    en="This chain has no verifier for the assurance required; nothing is taken unproved.",
)
ALREADY_DELIVERED = declare(
    "ALREADY_DELIVERED",
    zh="该数据包已有最终回执，无需再次投递。",
    en="The packet already has its terminal receipt; there is nothing to deliver.",
)
LANE_ORDER = declare(
    "LANE_ORDER",
    zh="同一业务对象的前序数据包尚未投递，请按序投递。",
    en="An earlier packet of the same business object comes first; deliver in order.",
)
COMMITMENT_MISMATCH = declare(
    "COMMITMENT_MISMATCH",
    zh="提交的要素与数据包中的字段承诺不一致。",
    en="The form submitted is not the one the packet commits to.",
)
UNEXPECTED_DOCUMENT = declare(
    "UNEXPECTED_DOCUMENT",
    zh="该数据包不携带文件，不应提交要素或密文。",
    en="The packet carries no document; submit neither a form nor a payload.",
)
OPERATION_NOT_ALLOWED = declare(
    "OPERATION_NOT_ALLOWED",
    zh="本链不在该通道上受理此业务，已记入回执。",
    en="This chain does not take the operation on this channel; the receipt says so.",
)
DUPLICATE = declare(
    "DUPLICATE",
    zh="同一业务已由另一数据包完成，结果以原回执为准。",
    en="Another packet already did the same business; its receipt holds.",
)
TIMED_OUT = declare(
    "TIMED_OUT",
    zh="数据包送达时已超过截止时间，未执行，已记入回执。",
    en="The packet arrived after its deadline and was not applied; the receipt says so.",
)
NOT_SENT = declare(
    "NOT_SENT",
    zh="本链没有发出过这个数据包。",
    en="This chain never sent that packet.",
)
ALREADY_ACKNOWLEDGED = declare(
    "ALREADY_ACKNOWLEDGED",
    zh="该数据包已按其回执处理完毕，无需再次确认。",
    en="The packet was already closed by its receipt; there is nothing to acknowledge.",
)

# What a method that sends a packet can refuse with, beside its own.
SENDING = (NO_CHANNEL, CHANNEL_PAUSED, CHANNEL_CLOSED)
