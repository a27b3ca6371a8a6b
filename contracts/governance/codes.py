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
    zh="现有治理机构中同意该提案的未过半数，不能执行。",
    en="Not more than half of the organisations that govern now are for the motion.",
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

# ---- organisations and identities
MAJORITY_NEEDED = declare(
    "MAJORITY_NEEDED",
    zh="此事须过半数治理机构同意：请提案表决，或由过半数治理机构在同一交易中背书。",
    en="More than half of those that govern decide this: make a motion or have them endorse this.",
)
ROLE_NOT_ADMITTED = declare(
    "ROLE_NOT_ADMITTED",
    zh="本机构未获准设立该角色，请先由治理机构表决增加机构角色。",
    en="The organisation is not admitted for this role; a motion can add it to its roles first.",
)
ORGANISATION_NOT_FOUND = declare(
    "ORGANISATION_NOT_FOUND",
    zh="链上没有该机构，请核对名称，或先提案接纳。",
    en="There is no such organisation on the chain; check its name or move to admit it.",
)
ORGANISATION_EXISTS = declare(
    "ORGANISATION_EXISTS",
    zh="该机构已被接纳，无需再次接纳。",
    en="The organisation is admitted already.",
)
ORGANISATION_ACTIVE = declare(
    "ORGANISATION_ACTIVE",
    zh="该机构未被暂停，无需恢复。",
    en="The organisation is not suspended; there is nothing to resume.",
)
ORGANISATION_SUSPENDED = declare(
    "ORGANISATION_SUSPENDED",
    zh="该机构已被暂停，其身份不能办理业务，请待治理机构表决恢复。",
    en="The organisation is suspended and its keys can't act until a motion resumes it.",
)
ORGANISATION_REMOVED = declare(
    "ORGANISATION_REMOVED",
    zh="该机构已被移除，其名称和身份不能再用。",
    en="The organisation was removed for good; neither its name nor its keys can be used again.",
)
LAST_GOVERNOR = declare(
    "LAST_GOVERNOR",
    zh="此后将没有任何机构能够治理本链，请先增加另一治理机构或治理身份。",
    en="Nobody could govern the chain afterwards; first add another organisation or key that can.",
)
LAST_ADMINISTRATOR = declare(
    "LAST_ADMINISTRATOR",
    zh="此后将没有所指管理员，请先登记另一名该类管理员。",
    en="No administrator of the kind named would be left; register another one first.",
)
CHANGED_MEANWHILE = declare(
    "CHANGED_MEANWHILE",
    zh="提案所写的原值与现值不符，请按现值重新提案。",
    en="The value is not the one the motion changes from; read the present one and move anew.",
)

# ---- channels and parameters
CHANNEL_EXISTS = declare(
    "CHANNEL_EXISTS",
    zh="该通道编号已用过，关闭后也不能再用，请换一个编号。",
    en="The channel's id was used before, if only by a closed one; take another.",
)
CHANNEL_OPEN = declare(
    "CHANNEL_OPEN",
    zh="该通道未暂停，无需恢复。",
    en="The channel is not paused; there is nothing to resume.",
)
PEER_DIFFERS = declare(
    "PEER_DIFFERS",
    zh="本链已知该对方链，但密码套件或创世哈希不同，请核对。",
    en="This chain knows the peer already, by another suite or genesis hash; check them.",
)
CLIENT_NOT_FROZEN = declare(
    "CLIENT_NOT_FROZEN",
    zh="对该链的轻客户端未冻结，不能重新锚定。",
    en="The light client of that chain is not frozen; its anchor can't be replaced.",
)
PARAMETER_UNKNOWN = declare(
    "PARAMETER_UNKNOWN",
    zh="没有这个参数，请核对名称。",
    en="There is no such parameter; check its name.",
)
PARAMETER_BOUNDS = declare(
    "PARAMETER_BOUNDS",
    zh="参数取值超出允许范围，请看所列上下限。",
    en="The parameter's value is out of bounds; see the bounds named.",
)
