"""Stable codes of governance."""

from faults import declare

PROPOSAL_NOT_FOUND = declare(
    "PROPOSAL_NOT_FOUND",
    zh="没有该治理提案，请核对编号。",
    en="There is no such governance proposal; check its number.",
)
PROPOSAL_CLOSED = declare(
    "PROPOSAL_CLOSED",
    zh="该提案已执行或已过期，请另行提案。",
    en="The proposal was carried out or has expired; make a new one.",
)
VALIDATOR_EXISTS = declare(
    "VALIDATOR_EXISTS",
    zh="该公钥已在验证者集合中。",
    en="This key is in the validator set already.",
)
VALIDATOR_NOT_FOUND = declare(
    "VALIDATOR_NOT_FOUND",
    zh="该公钥不在验证者集合中，请核对。",
    en="This key is not in the validator set; check it.",
)
VALIDATOR_SET_INVALID = declare(
    "VALIDATOR_SET_INVALID",
    zh="变更后的验证者集合不合规：须有 1 至 31 名成员，表决权在允许范围内。",
    en="The set after the change is not valid: 1 to 31 members, each power within range.",
)
POSSESSION_INVALID = declare(
    "POSSESSION_INVALID",
    zh="密钥持有证明无效或已过期，请由该验证者节点重新出具。",
    en="The proof that the key is held is wrong or too old; have its node make a new one.",
)
NO_LIVE_QUORUM = declare(
    "NO_LIVE_QUORUM",
    zh="变更后在线成员不足三分之二，链将停止；请先让所列成员恢复在线。",
    en="Too few members would be live after the change, and the chain would stop; see `missing`.",
)
