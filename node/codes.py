"""Stable codes of the node room: configuration, storage, pool, services."""

from faults import declare

CONFIG_INVALID = declare(
    "CONFIG_INVALID",
    zh="配置文件有误，请按 advice 修改 key 所指的项",
    en="the configuration is wrong: change the named key as the advice says",
)
STORE_LOCKED = declare(
    "STORE_LOCKED",
    zh="数据目录正被另一个进程使用，请先停止它",
    en="another process has this data directory open: stop it first",
)
STORE_FOREIGN = declare(
    "STORE_FOREIGN",
    zh="数据目录属于另一条链或另一个版本，请换目录或换创世文件",
    en="the data directory belongs to another chain or format: use another home or genesis file",
)
POOL_FULL = declare(
    "POOL_FULL",
    zh="交易池已满，请稍后重试",
    en="the transaction pool is full: try again later",
)
POOL_SIGNER_FULL = declare(
    "POOL_SIGNER_FULL",
    zh="该签名者待处理的交易过多，请等待其上链后再提交",
    en="this signer has too many transactions waiting: wait until they are committed",
)
TX_REPLAYED = declare(
    "TX_REPLAYED",
    zh="同一签名者的同一随机数已用过，该交易不会再次执行",
    en="this signer has used this nonce before: the transaction is not applied again",
)
TX_QUARANTINED = declare(
    "TX_QUARANTINED",
    zh="该交易在各节点上的执行结果不一致，已被隔离，请联系运维排查后另行提交。",
    en="Nodes execute this transaction to different results; it is held back, have it looked into.",
)
RECEIPT_NOT_FOUND = declare(
    "RECEIPT_NOT_FOUND",
    zh="该交易尚未上链，请稍后再查或重新提交",
    en="the transaction is not committed: ask again later or submit it again",
)
BLOCK_NOT_FOUND = declare(
    "BLOCK_NOT_FOUND",
    zh="没有该高度的区块",
    en="there is no block at this height",
)
REQUEST_INVALID = declare(
    "REQUEST_INVALID",
    zh="请求有误，请按 fields 修改",
    en="the request is wrong: change what the fields name",
)
PATH_NOT_FOUND = declare(
    "PATH_NOT_FOUND",
    zh="没有该接口路径或方法，请查看 /docs",
    en="there is no such path or method: see /docs",
)
REQUEST_TOO_LARGE = declare(
    "REQUEST_TOO_LARGE",
    zh="请求或答复超出大小上限",
    en="the request or its answer is larger than the limit",
)
NO_CUSTODIAN = declare(
    "NO_CUSTODIAN",
    zh="本节点不提供托管服务，请改向本机构的托管节点提交单据。",
    en="This node has no custodian; bring the document to your organisation's custodian node.",
)
NODE_BUSY = declare(
    "NODE_BUSY",
    zh="节点等待中的请求过多，请稍后重试",
    en="too many requests are waiting at this node: try again later",
)
NODE_UNREACHABLE = declare(
    "NODE_UNREACHABLE",
    zh="无法连接节点，请核对地址并确认节点在运行",
    en="the node can't be reached: check the address and that it runs",
)
NODE_STOPPING = declare(
    "NODE_STOPPING",
    zh="节点正在停止",
    en="the node is stopping",
)
IMPORT_DIFFERS = declare(
    "IMPORT_DIFFERS",
    zh="链上未完成的目录版本与此文件不一致：请用原文件续传，或放弃该版本后重新导入。",
    en="The open edition was begun from another file: go on with that one, or abandon the edition.",
)
NO_SIGNER = declare(
    "NO_SIGNER",
    zh="此客户端没有签名私钥，只能查询；请在创建客户端时给出 signer。",
    en="This client has no key to sign with and can only read; give it a signer.",
)
BODY_DIFFERS = declare(
    "BODY_DIFFERS",
    zh="节点给出的待签内容与请求不符，未签名；请核对节点是否可信。",
    en="The node's body does not say what was asked for; it was not signed. Do not trust the node.",
)
INTERNAL = declare(
    "INTERNAL",
    zh="节点内部错误，请查看节点日志",
    en="an error inside the node: see its log",
)
GOSSIP_MALFORMED = declare(
    "GOSSIP_MALFORMED",
    zh="对端转发的交易不合格式或签名无效，连接已断开",
    en="a peer passed on transactions that are malformed or wrongly signed; it was disconnected",
)
STORE_DAMAGED = declare(
    "STORE_DAMAGED",
    zh="数据目录与区块不一致：请停用该节点并从其他节点重新同步",
    en="the store does not agree with its blocks: take the node out and let it sync anew",
)
