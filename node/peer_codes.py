"""Stable codes of the peer network."""

from faults import declare

PEER_FRAME = declare(
    "PEER_FRAME",
    zh="对端发送的数据帧过长或不完整，连接已断开。",
    en="a peer sent a frame that is too long or incomplete; its connection was dropped",
)
PEER_HANDSHAKE = declare(
    "PEER_HANDSHAKE",
    zh="对端握手失败：链、创世、版本或签名不符；请核对双方配置。",
    en="a peer's handshake failed: chain, genesis, version or signature; compare configurations",
)
PEER_UNKNOWN = declare(
    "PEER_UNKNOWN",
    zh="对端的节点公钥不在本节点的名单中；请将其加入配置后重启。",
    en="a peer's node key is not on this node's list; add it to the configuration",
)
PEER_SLOW = declare(
    "PEER_SLOW",
    zh="对端长时间不读取或不发送数据，连接已断开，将自动重连。",
    en="a peer did not read or say anything for too long; it will be connected again",
)
