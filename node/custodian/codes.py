"""Stable codes of the custodian service; documents and contracts refuse with their own codes."""

from faults import declare

KIND_UNKNOWN = declare(
    "CUSTODIAN_KIND_INVALID",
    zh="托管服务不认识这种准备类型，请核对 kind。",
    en="The custodian does not know this kind of preparation; check kind.",
)
CALLER_NOT_ALLOWED = declare(
    "CUSTODIAN_CALLER_NOT_ALLOWED",
    zh="调用者未在本链登记，或其角色、机构不允许此操作。",
    en="The caller is not registered on this chain, or its role or organisation forbids this.",
)
BAD_REQUEST_SIGNATURE = declare(
    "BAD_REQUEST_SIGNATURE",
    zh="请求签名无效，请用登记的私钥对请求重新签名。",
    en="The request's signature is not valid; sign it with the registered key.",
)
REQUEST_REPLAYED = declare(
    "CUSTODIAN_REQUEST_REPLAYED",
    zh="此请求的随机数已用过，请换新的随机数重新签名。",
    en="The request's nonce was used before; sign again with a fresh nonce.",
)
PACKET_NOT_FOUND = declare(
    "CUSTODIAN_PACKET_NOT_FOUND",
    zh="本链发件箱中没有这个待送达的跨链数据包。",
    en="The chain's outbox holds no such packet that still waits.",
)
PAYLOAD_NOT_FOUND = declare(
    "CUSTODIAN_PAYLOAD_NOT_FOUND",
    zh="找不到该对象的密文，请确认区块已同步完整。",
    en="The object's sealed payload was not found; check that the node has all blocks.",
)
PAYLOAD_MISMATCH = declare(
    "CUSTODIAN_PAYLOAD_MISMATCH",
    zh="密文或明文与字段承诺不一致，已拒绝。",
    en="The payload does not match its field commitment and was refused.",
)
NO_KEY = declare(
    "CUSTODIAN_NO_KEY",
    zh="托管服务没有能打开该密文的私钥。",
    en="The custodian holds no private key that opens this payload.",
)
IDENTITY_CONFLICT = declare(
    "CUSTODIAN_IDENTITY_CONFLICT",
    zh="证件号码与人员编号指向不同的数字账户，请人工核实。",
    en="The certificate number and the insured number lead to different accounts; decide by hand.",
)
IDENTITY_MISSING = declare(
    "CUSTODIAN_IDENTITY_MISSING",
    zh="材料中没有可核验的身份（完整有效的证件号码或人员编号）。",
    en="The document holds no verifiable identity (a full valid certificate or insured number).",
)
ACCOUNT_MISSING = declare(
    "CUSTODIAN_ACCOUNT_MISSING",
    zh="该参保人没有已开立的数字账户，请先凭档案或结算开户，再办理此业务。",
    en="The insured person has no open account; open it from an archive or settlement first.",
)
NO_PERSONS = declare(
    "CUSTODIAN_NO_PERSONS",
    zh="本机构的托管服务不保管个人账户，不能准备此类交易。",
    en="This organisation's custodian keeps no personal accounts and can't prepare this.",
)
VAULT_LOCKED = declare(
    "CUSTODIAN_VAULT_LOCKED",
    zh="保管库的主密钥与数据不符，请核对密钥文件与口令。",
    en="The vault's master key does not fit its data; check the key file and the passphrase.",
)
