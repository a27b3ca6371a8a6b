"""Stable codes of this room."""

from faults import declare

MESSAGE_MALFORMED = declare(
    "CONSENSUS_MESSAGE_MALFORMED",
    zh="共识消息格式不正确，已丢弃；请检查对端节点的版本。",
    en="A consensus message is malformed and was dropped; check the version of the sending node.",
)
MESSAGE_UNSIGNED = declare(
    "CONSENSUS_SIGNATURE_INVALID",
    zh="共识消息的签名无效或签名者不是本高度的验证节点，已丢弃。",
    en="A consensus message has no valid signature of a validator of its height and was dropped.",
)
BLOCK_UNPROVED = declare(
    "CONSENSUS_BLOCK_UNPROVED",
    zh="同步收到的区块与其证书不符，已丢弃；将向其他节点请求。",
    en="A block received for catching up does not match its certificate; another peer is asked.",
)
SIGNING_REFUSED = declare(
    "CONSENSUS_SIGNING_REFUSED",
    zh="本节点已在同一高度、轮次和步骤签过不同内容，拒绝再次签名。",
    en="This node already signed something else at this height, round and step and will not sign.",
)
NOT_ADMITTED = declare(
    "CONSENSUS_NOT_ADMITTED",
    zh="本节点的签名记录未获链上准入（数据目录曾丢失或回退），在治理重新准入前只跟随、不签名。",
    en="The chain has not admitted this node's signing record; it follows and does not sign.",
)
SETTING_INVALID = declare(
    "CONSENSUS_SETTING_INVALID",
    zh="共识配置项的取值不在允许范围内；请按字段提示修改。",
    en="A consensus setting is out of its range; change it as the fields say.",
)
