"""Stable codes of snapshot sync."""

from faults import declare

SNAPSHOT_MALFORMED = declare(
    "SNAPSHOT_MALFORMED",
    zh="对端发送的快照消息格式不正确，连接已断开。",
    en="a peer sent a malformed snapshot message; it was disconnected",
)
SNAPSHOT_UNPROVED = declare(
    "SNAPSHOT_UNPROVED",
    zh="对端发送的快照内容与经证明的区块头不符，未被使用；将向其他节点请求。",
    en="what a peer sent as a snapshot does not belong to the certified header; it was not used",
)
REPLAY_IMPOSSIBLE = declare(
    "REPLAY_IMPOSSIBLE",
    zh="该数据目录由快照开始，没有更早的区块，无法从创世区块重放；请在完整节点上重放。",
    en="this store begins at a snapshot and has no earlier blocks: replay on a node that has them",
)
