"""The stable codes of the contracts' refusals, by the object they are about."""

from faults import declare

# ---- who may do what
UNKNOWN_IDENTITY = declare(
    "UNKNOWN_IDENTITY",
    zh="签名公钥未在本链登记，请先由治理方登记该身份。",
    en="The signing key is not registered on this chain; have governance register it first.",
)
IDENTITY_REVOKED = declare(
    "IDENTITY_REVOKED",
    zh="该身份已被撤销，请使用有效的身份签名。",
    en="This identity was revoked; sign with one that is in force.",
)
IDENTITY_EXISTS = declare(
    "IDENTITY_EXISTS",
    zh="该公钥已登记过，撤销后也不能再次登记，请使用新密钥。",
    en="This key was registered before; even after revocation, register a new key instead.",
)
SELF_REVOCATION = declare(
    "SELF_REVOCATION",
    zh="不能撤销自己的身份，请由另一治理身份办理。",
    en="An identity can't revoke itself; have another governance identity do it.",
)
ROLES_NOT_SEPARATE = declare(
    "ROLES_NOT_SEPARATE",
    zh="系统、安全、审计管理员须三员分立，同一密钥不得再兼任其他角色。",
    en="System, security and audit administrators are separate: such a key holds no other role.",
)
NOT_PERMITTED = declare(
    "NOT_PERMITTED",
    zh="该身份的角色无权调用此方法。",
    en="This identity's roles do not allow this method.",
)
ENDORSEMENTS_MISSING = declare(
    "ENDORSEMENTS_MISSING",
    zh="此方法需要多家机构共同背书，同意的机构还不够，请收集背书后重新提交。",
    en="Several organisations must endorse this method and too few do; collect more and resubmit.",
)
BATCH_ABORTED = declare(
    "BATCH_ABORTED",
    zh="同一交易要求全部成功，其中一项被拒绝，本项因此未执行；请看所指的那一项。",
    en="The transaction is all or nothing and another operation was refused; see the one named.",
)
UNKNOWN_METHOD = declare(
    "UNKNOWN_METHOD",
    zh="没有这个合约或方法，请核对名称。",
    en="There is no such contract or method; check the names.",
)
MALFORMED_REQUEST = declare(
    "MALFORMED_REQUEST",
    zh="请求不符合该方法的消息格式，请检查所指字段。",
    en="The request does not have the method's message format; check the field named.",
)
OBJECT_NOT_FOUND = declare(
    "OBJECT_NOT_FOUND",
    zh="链上没有该对象，请核对编号。",
    en="There is no such object on the chain; check its key.",
)

# ---- documents: committed form, payload, findings
FORM_FIELDS_INVALID = declare(
    "FORM_FIELDS_INVALID",
    zh="标准表单的公开字段缺失、多余或取值不合规，请检查所指字段。",
    en="A public field of the form is missing, unexpected or not well formed; see the field named.",
)
PAYLOAD_INVALID = declare(
    "PAYLOAD_INVALID",
    zh="密文载荷缺失或与本链密码套件不符，请由托管服务重新封装。",
    en="The payload is missing or not of this chain's suite; have the custodian seal it again.",
)
PAYLOAD_RECIPIENT = declare(
    "PAYLOAD_RECIPIENT",
    zh="载荷密钥没有封给该数字账户的公钥，请重新封装。",
    en="The payload's key is not wrapped to the account's public key; seal it again.",
)
FINDINGS_REFUSED = declare(
    "FINDINGS_REFUSED",
    zh="核验发现的差异达到拒绝级别，请更正单据后重新提交。",
    en="A finding has a grade that refuses the document; correct the document and submit it again.",
)

# ---- account
ACCOUNT_EXISTS = declare(
    "ACCOUNT_EXISTS",
    zh="该数字账户编号已开立，请更换随机编号。",
    en="This account id is already open; draw another.",
)
ACCOUNT_NOT_FOUND = declare(
    "ACCOUNT_NOT_FOUND",
    zh="没有该数字账户，请先开户。",
    en="There is no such digital account; open it first.",
)
ALREADY_ATTACHED = declare(
    "ALREADY_ATTACHED",
    zh="该对象已归户，不能再次归户。",
    en="The object already belongs to an account and can't be attached again.",
)

# ---- bill
BILL_EXISTS = declare(
    "BILL_EXISTS",
    zh="该票据代码和号码已上链，不能重复上链。",
    en="A bill with this code and number is already on the chain.",
)
BILL_NOT_FOUND = declare(
    "BILL_NOT_FOUND",
    zh="链上没有该票据，请核对票据代码和号码。",
    en="There is no such bill on the chain; check its code and number.",
)
BILL_RED = declare(
    "BILL_RED",
    zh="该票据是红票或已被冲红，不能办理此业务。",
    en="The bill is red or has been red-flushed; this can't be done with it.",
)
BILL_FROZEN = declare(
    "BILL_FROZEN",
    zh="该票据入账后又被冲红（红冲冲突），已冻结，请先完成入账撤销。",
    en="The bill was red-flushed after its entry and is frozen; the entry's reversal comes first.",
)
RED_MISMATCH = declare(
    "RED_MISMATCH",
    zh="红票与所冲蓝票的开票单位或金额不对应，请核对。",
    en="The red bill doesn't mirror its blue bill's issuer or amounts; check the field named.",
)
BILL_LOCKED = declare(
    "BILL_LOCKED",
    zh="该票据已被锁定，请等待解锁或锁定到期。",
    en="The bill is locked; wait until it is unlocked or the lock expires.",
)
BILL_NOT_LOCKED = declare(
    "BILL_NOT_LOCKED",
    zh="该票据未被锁定，请先锁定。",
    en="The bill is not locked; lock it first.",
)
LOCK_PENDING = declare(
    "LOCK_PENDING",
    zh="锁定尚待开票链确认，请等待其回执。",
    en="The lock waits for the answer of the bill's home chain; try again when it is there.",
)
LOCK_EXPIRED = declare(
    "LOCK_EXPIRED",
    zh="锁定已到期，请重新锁定。",
    en="The lock has expired; lock the bill again.",
)
EXPIRY_INVALID = declare(
    "EXPIRY_INVALID",
    zh="锁定到期时间须晚于当前区块时间，并在治理参数规定的期限内（默认不超过三十天）。",
    en="A lock must expire after the block's time, within the set bounds (thirty days by default).",
)
UNLOCK_PENDING = declare(
    "UNLOCK_PENDING",
    zh="解锁尚待开票链确认，请等待其回执。",
    en="The unlock waits for the answer of the bill's home chain; try again when it is there.",
)
NOT_LOCK_HOLDER = declare(
    "NOT_LOCK_HOLDER",
    zh="该锁定或入账属于其他机构，只能由该机构办理。",
    en="The lock or entry belongs to another agency; only that agency can do this.",
)
REASON_REQUIRED = declare(
    "REASON_REQUIRED",
    zh="经办机构以外解锁须填写原因。",
    en="Unlocking for another agency needs a reason.",
)
FENCING_TOKEN_STALE = declare(
    "FENCING_TOKEN_STALE",
    zh="锁定令牌已失效（锁定已被解除或被新锁定取代），请重新锁定。",
    en="The fencing token is no longer that of the lock; lock the bill again.",
)
BILL_ENTERED = declare(
    "BILL_ENTERED",
    zh="该票据已入账，不能重复报销或冲红；如需办理请先撤销入账。",
    en="The bill is already entered and can't be used again; reverse the entry first.",
)
BILL_NOT_ENTERED = declare(
    "BILL_NOT_ENTERED",
    zh="该票据没有可撤销的入账。",
    en="The bill has no entry to reverse.",
)
ENTRY_PENDING = declare(
    "ENTRY_PENDING",
    zh="入账尚待开票链确认，请等待其回执。",
    en="The entry waits for the answer of the bill's home chain; try again when it is there.",
)
REVERSAL_PENDING = declare(
    "REVERSAL_PENDING",
    zh="入账撤销尚待开票链确认，请等待其回执。",
    en="The reversal waits for the answer of the bill's home chain; try again when it is there.",
)
ENTRY_MISMATCH = declare(
    "ENTRY_MISMATCH",
    zh="撤销与原入账的机构、金额、令牌或轮次不一致。",
    en="The reversal's agency, amount, token or cycle is not that of the entry.",
)
AMOUNT_OUT_OF_RANGE = declare(
    "AMOUNT_OUT_OF_RANGE",
    zh="入账金额须大于零且不超过票据金额。",
    en="The amount entered must be above zero and at most the bill's total.",
)
BILL_PRINTED = declare(
    "BILL_PRINTED",
    zh="该票据已换开纸质票据；须先收回并作废该纸票（取消换开），方可再次换开。",
    en="The bill was already printed; take that paper back and cancel it before printing again.",
)
BILL_NOT_PRINTED = declare(
    "BILL_NOT_PRINTED",
    zh="该票据没有所填代码和号码的有效纸质票据。",
    en="The bill has no live paper with that code and number.",
)
PAPER_USED = declare(
    "PAPER_USED",
    zh="该纸质票据代码和号码已被使用过，作废后也不能再用。",
    en="A paper with this code and number was used before; even a cancelled one is not used again.",
)

# ---- bill and settlement
LINK_MISMATCH = declare(
    "LINK_MISMATCH",
    zh="票据与结算的账户或金额不一致，不能关联。",
    en="Bill and settlement differ in account or total and can't be linked.",
)
ALREADY_LINKED = declare(
    "ALREADY_LINKED",
    zh="票据或结算已关联其他对象。",
    en="The bill or the settlement is already linked to another.",
)

# ---- settlement
SETTLEMENT_EXISTS = declare(
    "SETTLEMENT_EXISTS",
    zh="该结算编号已上链，不能重复上传。",
    en="A settlement with this id is already on the chain.",
)
SETTLEMENT_NOT_FOUND = declare(
    "SETTLEMENT_NOT_FOUND",
    zh="链上没有该结算，请核对结算编号。",
    en="There is no such settlement on the chain; check its id.",
)
SETTLEMENT_REVERSED = declare(
    "SETTLEMENT_REVERSED",
    zh="该结算已撤销或本身是撤销记录，不能办理此业务。",
    en="The settlement was reversed, or is itself a reversal; this can't be done with it.",
)
REVERSAL_MISMATCH = declare(
    "REVERSAL_MISMATCH",
    zh="撤销记录与原结算的机构或金额不对应，请核对。",
    en="The reversal doesn't mirror the original's institution or amounts; check the field named.",
)
SETTLEMENT_FOREIGN = declare(
    "SETTLEMENT_FOREIGN",
    zh="该结算由另一条链上报而来，只能在其来源链办理。",
    en="The settlement was reported here by another chain; only that chain can do this.",
)
SETTLEMENT_NOT_REVERSED = declare(
    "SETTLEMENT_NOT_REVERSED",
    zh="该结算未被撤销，没有可上报的撤销信息。",
    en="The settlement was not reversed; there is no reversal to report.",
)
SETTLEMENT_NOT_REPORTED = declare(
    "SETTLEMENT_NOT_REPORTED",
    zh="该结算未上报成功，其撤销无需上报。",
    en="The settlement never reached the other chain, so its reversal need not be reported.",
)
REPORT_PENDING = declare(
    "REPORT_PENDING",
    zh="该记录已上报，正在等待对方链确认。",
    en="The report is on its way; wait for the other chain's answer.",
)
ALREADY_REPORTED = declare(
    "ALREADY_REPORTED",
    zh="该记录已上报并确认，无需重复上报。",
    en="The report was already made and acknowledged.",
)

# ---- voucher
VOUCHER_NOT_MATCHING = declare(
    "VOUCHER_NOT_MATCHING",
    zh="电子结算凭证与结算或票据不一致，请核对所指字段。",
    en="The voucher doesn't agree with its settlement or bill; check the field named.",
)

# ---- authorization
AUTHORIZATION_EXISTS = declare(
    "AUTHORIZATION_EXISTS",
    zh="该授权编号已使用，请更换随机编号。",
    en="This authorization id is taken; draw another.",
)
AUTHORIZATION_NOT_FOUND = declare(
    "AUTHORIZATION_NOT_FOUND",
    zh="没有该授权，请核对授权编号。",
    en="There is no such authorization; check its id.",
)
AUTHORIZATION_REVOKED = declare(
    "AUTHORIZATION_REVOKED",
    zh="该授权已撤销。",
    en="The authorization was already revoked.",
)
AUTHORIZATION_PERIOD = declare(
    "AUTHORIZATION_PERIOD",
    zh="授权期限无效：止期须晚于起期和当前区块时间，且不超过治理参数规定的最长期限。",
    en="The period must end after it begins and after now, and be no longer than the set maximum.",
)
TOO_MANY_GRANTS = declare(
    "TOO_MANY_GRANTS",
    zh="该机构对该对象的有效授权已达上限，请先撤销部分授权。",
    en="The organisation has the most grants in force that an object can carry; revoke some first.",
)
NOT_OWNER = declare(
    "NOT_OWNER",
    zh="该对象不属于所填数字账户，账户持有人无权授权。",
    en="The object doesn't belong to that account, whose holder can't authorize its reading.",
)
NOT_AUTHORIZED = declare(
    "NOT_AUTHORIZED",
    zh="没有有效授权：须由本人授权给本机构，且对象、范围、用途和期限均相符。",
    en="No grant in force covers this organisation, object, compartment, purpose and time.",
)

# ---- packets between chains
NOT_HOME_CHAIN = declare(
    "NOT_HOME_CHAIN",
    zh="该票据由另一条链开立，只有开票链可以办理此业务。",
    en="Another chain issued this bill; only that home chain can do this.",
)
PACKET_INCONSISTENT = declare(
    "PACKET_INCONSISTENT",
    zh="数据包的业务键、通道顺序或轮次与其内容不一致。",
    en="The packet's business key, lane or cycle doesn't follow from its content.",
)

NOTHING_TO_RESEND = declare(
    "NOTHING_TO_RESEND",
    zh="没有需要重发的内容：对方链均已收到，或回执仍在途中，或无需告知。",
    en="Nothing is to be sent again: the other chains have it, will answer, or need not know.",
)
NOT_REPORTING = declare(
    "NOT_REPORTING",
    zh="该记录没有等待回执的上报。",
    en="No report of this record waits for a receipt.",
)

# ---- equivocation
EQUIVOCATION_INVALID = declare(
    "EQUIVOCATION_INVALID",
    zh="双签证据无效：格式不符、签名不成立或两条声明并不矛盾。",
    en="The evidence does not show a contradiction: its form, a signature or the values are wrong.",
)
EQUIVOCATION_STRANGER = declare(
    "EQUIVOCATION_STRANGER",
    zh="证据所指公钥从未是本链的验证节点。",
    en="The key that the evidence is about was never a validator's on this chain.",
)
EQUIVOCATION_KNOWN = declare(
    "EQUIVOCATION_KNOWN",
    zh="该验证节点在此高度、轮次和步骤的双签已记录，无需重复上报。",
    en="This contradiction is on record already; it need not be reported again.",
)
EQUIVOCATION_ENOUGH = declare(
    "EQUIVOCATION_ENOUGH",
    zh="该验证节点的双签记录已达上限，证据已足够。",
    en="Enough contradictions of this validator are on record; no more are kept.",
)
