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
MOTION_NOT_FOUND = declare(
    "MOTION_NOT_FOUND",
    zh="没有该编号的提案，请核对编号。",
    en="There is no such motion; check its number.",
)
MOTION_NOT_ACCEPTED = declare(
    "MOTION_NOT_ACCEPTED",
    zh="该提案尚未获过半数治理机构同意，不能执行。",
    en="The motion is not accepted by more than half of the organisations yet.",
)
MOTION_CLOSED = declare(
    "MOTION_CLOSED",
    zh="该提案已通过、否决或执行，不能再作此操作；请另行提案。",
    en="The motion was accepted, rejected or executed already; make a new one if need be.",
)
MOTION_EXPIRED = declare(
    "MOTION_EXPIRED",
    zh="该提案已超过有效区块数，请另行提案。",
    en="The motion is too many blocks old; make a new one.",
)
MOTION_TOO_EARLY = declare(
    "MOTION_TOO_EARLY",
    zh="该提案约定从所指高度起才可执行，请届时再执行。",
    en="The motion may be executed from the height named on; execute it then.",
)
PERMISSION_PROTECTED = declare(
    "PERMISSION_PROTECTED",
    zh="治理与作恶取证合约的权限不能更改，否则可能无人能再改回。",
    en="The permissions of governance and equivocation can't be changed: nobody could undo it.",
)
CONTRACT_VERSION_UNKNOWN = declare(
    "CONTRACT_VERSION_UNKNOWN",
    zh="节点程序中没有该合约的这个版本，请先升级节点程序。",
    en="The nodes' code has no such version of the contract; upgrade the nodes first.",
)
CONTRACT_VERSION_OLD = declare(
    "CONTRACT_VERSION_OLD",
    zh="该合约已启用此版本或更新的版本。",
    en="This or a newer version of the contract was activated already.",
)
ACTIVATION_TOO_EARLY = declare(
    "ACTIVATION_TOO_EARLY",
    zh="启用高度须至少比执行提案的区块高两块，请重新提案。",
    en="The activation must be at least two above the block that executes it; propose it anew.",
)
