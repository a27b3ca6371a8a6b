"""Stable codes of the router."""

from faults import declare

ROUTER_CONFIG = declare(
    "ROUTER_CONFIG",
    zh="路由器配置有误，请按所指配置项修改后重新启动。",
    en="The router's configuration is wrong; correct the named key and start again.",
)
ROUTER_KEY = declare(
    "ROUTER_KEY",
    zh="路由器的密钥文件无法打开，请检查路径、口令和密码套件。",
    en="A key file of the router cannot be opened; check its path, passphrase and suite.",
)
BAD_CARRIAGE = declare(
    "ROUTER_BAD_CARRIAGE",
    zh="对端路由器送来的数据包或回执与其证明不一致，已隔离。",
    en="What the peer router carried does not match its own proof; it was set aside.",
)
ENVELOPE_REFUSED = declare(
    "ROUTER_ENVELOPE_REFUSED",
    zh="信封无法打开或不属于此数据包，已隔离。",
    en="The envelope does not open under this packet's id; it was set aside.",
)
NO_ENVELOPE = declare(
    "ROUTER_NO_ENVELOPE",
    zh="对端暂时未能给出该数据包的信封，稍后自动重试。",
    en="The peer could not seal this packet's document for now; it is asked again by itself.",
)
COMMITMENT_MISMATCH = declare(
    "ROUTER_COMMITMENT_MISMATCH",
    zh="打开的内容与对端链上的字段承诺不一致，已隔离。",
    en="What the envelope holds is not what the peer chain committed; it was set aside.",
)
UNEXPECTED_BODY = declare(
    "ROUTER_UNEXPECTED_BODY",
    zh="托管服务返回的交易与所请求的投递不符，路由器拒绝签名。",
    en="The custodian's transaction is not the delivery that was asked for; it was not signed.",
)
UNREACHABLE = declare(
    "ROUTER_UNREACHABLE",
    zh="暂时无法连接节点、托管服务或对端路由器，稍后自动重试。",
    en="The node, the custodian or the peer router cannot be reached; it is retried by itself.",
)
FORMAT_UNKNOWN = declare(
    "ROUTER_FORMAT_UNKNOWN",
    zh="链上记录不是此版本路由器认识的格式，请升级路由器。",
    en="A state record has a form this router does not know; upgrade the router.",
)
UNKNOWN_CHANNEL = declare(
    "ROUTER_UNKNOWN_CHANNEL",
    zh="本路由器不承载这个通道。",
    en="This router does not carry that channel.",
)
WRONG_ENVELOPE_KEY = declare(
    "ROUTER_WRONG_ENVELOPE_KEY",
    zh="信封公钥不是链上为该通道登记的公钥。",
    en="The envelope key is not the one registered for the channel on the chain.",
)
REQUEST_MALFORMED = declare(
    "ROUTER_REQUEST_MALFORMED",
    zh="请求不符合该方法的消息格式。",
    en="The request does not have the method's message format.",
)
BAD_PULL = declare(
    "ROUTER_BAD_PULL",
    zh="拉取请求超出限制，请减少序号数量。",
    en="The pull asks for more than is allowed; ask for fewer sequences.",
)
