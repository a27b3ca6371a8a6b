"""Stable codes of this room."""

from faults import declare

MALFORMED = declare(
    "MALFORMED",
    zh="字节格式不正确：不符合规定的编码，或超出长度限制。",
    en="the bytes do not have the prescribed form or exceed a limit",
)
WRONG_CHAIN = declare(
    "WRONG_CHAIN",
    zh="交易写明的链不是本链，请核对 chain_id 后重新签名。",
    en="the transaction names another chain; correct chain_id and sign again",
)
TX_TOO_LARGE = declare(
    "TX_TOO_LARGE",
    zh="交易过大或操作过多，请拆分后提交。",
    en="the transaction is too large or has too many operations; split it",
)
TX_EXPIRED = declare(
    "TX_EXPIRED",
    zh="交易已超过其最后高度，请重新准备并签名。",
    en="the transaction's last height has passed; prepare and sign it again",
)
TX_TOO_FAR_AHEAD = declare(
    "TX_TOO_FAR_AHEAD",
    zh="交易的最后高度超过允许的窗口（1000 个区块）。",
    en="the transaction's last height is more than 1,000 blocks ahead",
)
BAD_SIGNATURE = declare(
    "BAD_SIGNATURE",
    zh="交易签名无效，请用正文中 signer 对应的私钥对原始字节签名。",
    en="the signature does not verify; sign the body's exact bytes with the signer's key",
)
BAD_CERTIFICATE = declare(
    "BAD_CERTIFICATE",
    zh="区块证书无效：签名、签名者或表决权不符合要求。",
    en="the block certificate is not valid",
)
BAD_PROOF = declare(
    "BAD_PROOF",
    zh="证明无效：与区块头中的根不一致。",
    en="the proof does not match the roots in the header",
)
CLIENT_FROZEN = declare(
    "CLIENT_FROZEN",
    zh="对方链的轻客户端已冻结，须由治理处理后恢复。",
    en="the light client of the other chain is frozen; governance has to act",
)
UNKNOWN_VALIDATORS = declare(
    "UNKNOWN_VALIDATORS",
    zh="区块头的验证者集合既不是当前集合，也不是已公布的下一集合。",
    en="the header's validator set is neither the current one nor the announced next one",
)
VERSION_NOT_KEPT = declare(
    "VERSION_NOT_KEPT",
    zh="该高度的状态已不保留或尚不存在，请查询较新的高度。",
    en="the state of this height is not kept or does not exist yet; ask for a recent height",
)
BAD_GENESIS = declare(
    "BAD_GENESIS",
    zh="创世文件不正确，请按提示的字段修正。",
    en="the genesis file is not valid; correct the named field",
)
BAD_FORM = declare(
    "BAD_FORM",
    zh="承诺的表单不正确：字段须按路径升序、不重复且不超限。",
    en="the committed form is not valid: fields ascending by path, each once, within limits",
)
BAD_EVIDENCE = declare(
    "BAD_EVIDENCE",
    zh="证据未通过所示的检查。",
    en="the evidence fails the named check",
)
BAD_CHECKPOINT = declare(
    "BAD_CHECKPOINT",
    zh="检查点文件不正确：应为检查点 JSON 或创世文件。",
    en="the checkpoint file is neither a checkpoint nor a genesis file",
)
BAD_EQUIVOCATION = declare(
    "BAD_EQUIVOCATION",
    zh="双签证据不成立：两条声明须不同且均由该验证节点签名。",
    en="Not evidence of a contradiction: two different statements, both signed, are needed.",
)
