"""The reasons `yilian why` may give, most important first: their order here is their rank.

A code is stable: monitors switch on it. Its sentences have {fields}, filled in by `explain`.
"""

from enum import StrEnum

from faults import Code, declare


class Severity(StrEnum):
    """What a reason means for whoever is on duty."""

    STOPS = "stops"
    """No block comes at this node because of it."""
    WARNING = "warning"
    """Blocks come, but somebody has to do something about it."""
    INFO = "info"
    """All is well."""


_severities: dict[str, Severity] = {}
_ranks: dict[str, int] = {}


def _reason(name: str, severity: Severity, *, zh: str, en: str) -> Code:
    code = declare(f"WHY_{name}", zh=zh, en=en)
    _severities[code.name] = severity
    _ranks[code.name] = len(_ranks)
    return code


def severity_of(code: Code) -> Severity:
    """How serious a reason is."""
    return _severities[code.name]


def rank_of(code: Code) -> int:
    """0 is the most important reason."""
    return _ranks[code.name]


# ---- this node itself

NODE_STOPPING = _reason(
    "NODE_STOPPING",
    Severity.STOPS,
    zh="本节点因故障正在停止：{reason}。请查看日志，勿反复重启",
    en="this node is stopping because of a fault: {reason}; read its log before starting it again",
)
DISK_FULL = _reason(
    "DISK_FULL",
    Severity.WARNING,
    zh="数据盘仅剩 {free_mib} MiB，节点写盘失败即停。请立即腾出空间",
    en="the data disk has {free_mib} MiB left and the node stops when a write fails: make room now",
)
STATE_DIFFERS_HERE = _reason(
    "STATE_DIFFERS_HERE",
    Severity.STOPS,
    zh=(
        "本节点在高度 {height} 的执行结果与其他节点不同（{part}）："
        "提案 {expected}，本节点 {got}，首个不同的键：{key}，与 {agreeing} 不一致。"
        "请停用本节点，核对程序版本并运行 yilian fsck"
    ),
    en=(
        "this node's execution of height {height} differs from the others' ({part}): proposed"
        " {expected}, computed here {got}, first differing key: {key}; it is at odds with"
        " {agreeing}: take this node out, compare versions, run yilian fsck"
    ),
)
NOT_SIGNING = _reason(
    "NOT_SIGNING",
    Severity.WARNING,
    zh="本节点跟随区块但不签名：{reason}。需由治理重新准入其密钥",
    en="this node follows but does not sign: {reason}; governance has to admit its key again",
)
ISOLATED = _reason(
    "ISOLATED",
    Severity.WARNING,
    zh="本节点一个验证节点也连不上。请先检查本机网络、防火墙和 peers.listen",
    en="this node reaches no other validator: look at its own network, firewall, peers.listen",
)
CLOCK_OWN = _reason(
    "CLOCK_OWN",
    Severity.WARNING,
    zh="本节点时钟与多数节点相差 {offset_ms} 毫秒（允许 {drift_ms}）。请校准本机时间",
    en="this node's clock is {offset_ms} ms off from most others' ({drift_ms} allowed): set it",
)

# ---- agreement

NO_QUORUM = _reason(
    "NO_QUORUM",
    Severity.STOPS,
    zh="表决权不足：{missing} 不可用，现有 {present}/{total}，需要 {need}。请恢复其中之一",
    en=(
        "no quorum: {missing} unreachable or not signing: {present} of {total} power, need {need}:"
        " bring one of them back"
    ),
)
STATE_DIFFERS_UNCLEAR = _reason(
    "STATE_DIFFERS_UNCLEAR",
    Severity.STOPS,
    zh=(
        "高度 {height} 的执行结果不一致（{part}），尚无多数：{validator} 提出 {expected}，"
        "本节点算得 {got}，首个不同的键：{key}"
    ),
    en=(
        "the results of height {height} differ ({part}) and no side has a majority: {validator}"
        " proposed {expected}, computed here {got}, first differing key: {key}"
    ),
)
PROPOSAL_MISSING = _reason(
    "PROPOSAL_MISSING",
    Severity.STOPS,
    zh="高度 {height} 第 {round} 轮：{validator} 应提案而未提案，已 {overdue_s} 秒无块",
    en=(
        "height {height} round {round}: {validator} has not proposed; no block for {overdue_s} s"
        " longer than usual"
    ),
)
PREVOTES_MISSING = _reason(
    "PREVOTES_MISSING",
    Severity.STOPS,
    zh="高度 {height} 第 {round} 轮：{validators} 尚未预投票（投空：{nil}），超时 {overdue_s} 秒",
    en=(
        "height {height} round {round}: no prevote from {validators} (for no block: {nil});"
        " {overdue_s} s longer than usual"
    ),
)
PRECOMMITS_MISSING = _reason(
    "PRECOMMITS_MISSING",
    Severity.STOPS,
    zh="高度 {height} 第 {round} 轮：{validators} 尚未预提交（投空：{nil}），超时 {overdue_s} 秒",
    en=(
        "height {height} round {round}: no precommit from {validators} (for no block: {nil});"
        " {overdue_s} s longer than usual"
    ),
)
BLOCK_OVERDUE = _reason(
    "BLOCK_OVERDUE",
    Severity.STOPS,
    zh="高度 {height} 的区块已超时 {overdue_s} 秒，原因不在以上各项。请查看日志",
    en="the block of height {height} is {overdue_s} s late for none of these reasons: read the log",
)
CATCHING_UP = _reason(
    "CATCHING_UP",
    Severity.WARNING,
    zh="正在追块：本节点高度 {height}，{validator} 已到 {target}",
    en="catching up: at {height} of {target} from {validator}",
)

# ---- other validators

STATE_DIFFERS_THERE = _reason(
    "STATE_DIFFERS_THERE",
    Severity.WARNING,
    zh=(
        "{validator} 在高度 {height} 的执行结果与多数节点不同（{part}）："
        "该节点 {expected}，本节点 {got}，首个不同的键：{key}。请通知其停用核查"
    ),
    en=(
        "{validator} differs from the majority at height {height} ({part}): it has {expected}, here"
        " {got}, first differing key: {key}: tell its operator to take it out"
    ),
)
PROPOSAL_REFUSED = _reason(
    "PROPOSAL_REFUSED",
    Severity.WARNING,
    zh="高度 {height}：本节点拒绝了 {validator} 的提案：{reason}",
    en="height {height}: this node refused the proposal of {validator}: {reason}",
)
PROPOSAL_LATE = _reason(
    "PROPOSAL_LATE",
    Severity.WARNING,
    zh="高度 {height} 第 {round} 轮：{validator} 的提案时间不在允许范围，请核对双方时钟",
    en="height {height} round {round}: the time of {validator}'s proposal is not timely by this"
    " node's clock: compare the two clocks",
)
VALIDATOR_REFUSED = _reason(
    "VALIDATOR_REFUSED",
    Severity.WARNING,
    zh="与 {validator} 的握手失败（{fault}：{detail}）。请核对双方的创世文件、链号和节点公钥",
    en=(
        "the handshake with {validator} fails ({fault}: {detail}): compare genesis file, chain id"
        " and node keys on both sides"
    ),
)
VALIDATOR_UNREACHABLE = _reason(
    "VALIDATOR_UNREACHABLE",
    Severity.WARNING,
    zh="连不上 {validator}（{detail}，最后听到：{last_heard}）。请检查其进程、主机与网络",
    en=(
        "{validator} is unreachable ({detail}; last heard {last_heard}): look at its process, its"
        " machine, the network between"
    ),
)
VALIDATOR_SILENT = _reason(
    "VALIDATOR_SILENT",
    Severity.WARNING,
    zh="{validator} 已连接但 {silent_s} 秒没有应答：进程可能被挂起或过载",
    en="{validator} is connected but has not answered for {silent_s} s: it hangs or is overloaded",
)
VALIDATOR_NOT_SIGNING = _reason(
    "VALIDATOR_NOT_SIGNING",
    Severity.WARNING,
    zh="{validator} 跟随区块但不签名，需由治理重新准入其密钥",
    en="{validator} follows but does not sign: governance has to admit its key again",
)
VALIDATOR_BEHIND = _reason(
    "VALIDATOR_BEHIND",
    Severity.WARNING,
    zh="{validator} 落后：高度 {height}，本节点 {here}",
    en="{validator} is behind: at height {height}, this node at {here}",
)
CLOCK_PEER = _reason(
    "CLOCK_PEER",
    Severity.WARNING,
    zh="{validator} 的时钟与本节点相差 {offset_ms} 毫秒（允许 {drift_ms}）。请校准",
    en="the clock of {validator} is {offset_ms} ms off from this node's ({drift_ms} allowed)",
)
DOUBLE_SIGNED = _reason(
    "DOUBLE_SIGNED",
    Severity.WARNING,
    zh="发现 {count} 份重复签名证据：有验证节点用同一密钥签了两次。请查日志并报告治理",
    en="{count} pieces of evidence that a validator signed twice: read the log, tell governance",
)
STRANGER = _reason(
    "STRANGER",
    Severity.WARNING,
    zh="有连接被拒绝（{fault}，近 {window_s} 秒 {count} 次）：对端不在名单或配置不符",
    en=(
        "connections were refused ({fault}, {count} in the last {window_s} s): a node that is not"
        " on the list, or is configured for another chain"
    ),
)

# ---- transactions and storage

QUARANTINED = _reason(
    "QUARANTINED",
    Severity.WARNING,
    zh="{count} 笔交易已隔离，其执行结果在各节点不一致：{transactions}",
    en="{count} transactions are quarantined: nodes compute different results: {transactions}",
)
SEARCHING = _reason(
    "SEARCHING",
    Severity.WARNING,
    zh="区块的执行结果在各节点不一致，正在 {count} 笔交易中查找原因；其余交易照常上链",
    en=(
        "blocks gave other results on other nodes: the cause is searched for among {count}"
        " transactions, the others go on"
    ),
)
TRANSACTION_TOO_LARGE = _reason(
    "TRANSACTION_TOO_LARGE",
    Severity.WARNING,
    zh="最早的交易 {transaction} 已等 {waited_s} 秒：它超过一个区块的上限，须拆小后重发",
    en=(
        "the oldest transaction {transaction} has waited {waited_s} s: it is larger than a block"
        " may be; submit it in smaller parts"
    ),
)
TRANSACTION_LEFT_OUT = _reason(
    "TRANSACTION_LEFT_OUT",
    Severity.WARNING,
    zh=(
        "最早的交易 {transaction} 已等 {waited_s} 秒：排在其他 {ahead} 笔之后"
        "（池中 {pool} 笔，每块约 {per_block} 笔）"
    ),
    en=(
        "the oldest transaction {transaction} has waited {waited_s} s: {ahead} others come first"
        " ({pool} wait, about {per_block} fit a block)"
    ),
)
TRANSACTION_NOT_TAKEN = _reason(
    "TRANSACTION_NOT_TAKEN",
    Severity.WARNING,
    zh="最早的交易 {transaction} 已等 {waited_s} 秒，{blocks} 块未收它：其他节点可能没有它",
    en=(
        "the oldest transaction {transaction} has waited {waited_s} s while {blocks} blocks came"
        " without it: other nodes may not have it or refuse it"
    ),
)
POOL_NEARLY_FULL = _reason(
    "POOL_NEARLY_FULL",
    Severity.WARNING,
    zh="交易池将满：{pool}/{limit}，新交易会被拒绝",
    en="the pool is nearly full: {pool} of {limit}; new transactions will be refused",
)
DISK_LOW = _reason(
    "DISK_LOW",
    Severity.WARNING,
    zh="数据盘剩余 {free_mib} MiB，请尽快扩容",
    en="the data disk has {free_mib} MiB left: make room soon",
)
STOPPED_BEFORE = _reason(
    "STOPPED_BEFORE",
    Severity.WARNING,
    zh="本节点上次因故障停止（{kind}，{ago} 前）：{reason}",
    en="this node stopped itself {ago} ago ({kind}): {reason}",
)

# ---- nothing wrong

ROUND_REPEATED = _reason(
    "ROUND_REPEATED",
    Severity.INFO,
    zh="高度 {height} 已到第 {round} 轮：前一轮未达成一致，提案人 {validator}",
    en="height {height} is in round {round}: rounds before decided nothing; {validator} proposes",
)
OBSERVER = _reason(
    "OBSERVER",
    Severity.INFO,
    zh="本节点不在验证节点名单中，只跟随不投票",
    en="this node is no validator: it follows and does not vote",
)
IDLE = _reason(
    "IDLE",
    Severity.INFO,
    zh="空闲：没有交易，{seconds} 秒后出下一个空块（最近区块 {age_s} 秒前，高度 {height}）",
    en=(
        "idle: nothing to do, the next empty block comes in {seconds} s"
        " (the last one came {age_s} s ago, height {height})"
    ),
)
WORKING = _reason(
    "WORKING",
    Severity.INFO,
    zh="正常：正在决定高度 {height}（最近区块 {age_s} 秒前）",
    en="working: height {height} is being decided (the last block came {age_s} s ago)",
)
