"""Stable codes of remote reimbursement."""

from faults import declare

APPLICATION_EXISTS = declare(
    "APPLICATION_EXISTS",
    zh="该异地报销申请编号已上链，不能重复提交。",
    en="An application with this id is already on the chain.",
)
APPLICATION_NOT_FOUND = declare(
    "APPLICATION_NOT_FOUND",
    zh="没有该异地报销申请，请核对申请编号。",
    en="There is no such application on the chain; check its id.",
)
APPLICATION_MISMATCH = declare(
    "APPLICATION_MISMATCH",
    zh="凭证、票据或申请人与异地报销申请不一致，请核对所指字段。",
    en="Voucher, bill or applicant is not the application's; check the field named.",
)
DOCUMENTS_MISSING = declare(
    "DOCUMENTS_MISSING",
    zh="该申请尚缺电子结算凭证或电子票据，请先同步。",
    en="The application still lacks its voucher or its bill; sync them first.",
)
DOCUMENT_CHANGED = declare(
    "DOCUMENT_CHANGED",
    zh="电子结算凭证在同步后已被重新上传，请再次同步。",
    en="The voucher was uploaded anew since it was synced; sync it again.",
)
ALREADY_DECIDED = declare(
    "ALREADY_DECIDED",
    zh="该申请已审核，不能再次办理；如需更正请撤销后重新申请。",
    en="The application is decided; to correct it, withdraw it and have a new one made.",
)
NOT_DECIDED = declare(
    "NOT_DECIDED",
    zh="该申请尚未审核，没有可上报的结果。",
    en="The application is not decided yet; there is nothing to report.",
)
NOT_APPROVED = declare(
    "NOT_APPROVED",
    zh="该申请未审核通过，不能支付。",
    en="The application is not approved; nothing is paid for it.",
)
APPLICATION_WITHDRAWN = declare(
    "APPLICATION_WITHDRAWN",
    zh="该申请已撤销，请重新申请。",
    en="The application was withdrawn; have a new one made.",
)
NOT_HANDLED_HERE = declare(
    "NOT_HANDLED_HERE",
    zh="该申请已转交参保地，由参保地办理，本链不能办理。",
    en="The application was forwarded to the insured province, which handles it; not this chain.",
)
APPLICANT_UNKNOWN = declare(
    "APPLICANT_UNKNOWN",
    zh="申请人未确认：请由托管服务填写申请人盲索引后再审核通过。",
    en="Nobody has said who applies; have the custodian give the applicant's blind index first.",
)
APPLICANT_BLACKLISTED = declare(
    "APPLICANT_BLACKLISTED",
    zh="申请人在异地报销黑名单中，不能审核通过。",
    en="The applicant is on the blacklist; the application can't be approved.",
)
INSTITUTION_BLACKLISTED = declare(
    "INSTITUTION_BLACKLISTED",
    zh="开票医药机构在异地报销黑名单中，不能审核通过。",
    en="The institution is on the blacklist; the application can't be approved.",
)
REVIEW_NEEDED = declare(
    "REVIEW_NEEDED",
    zh="申请人和机构均不在白名单中，须先由另一经办人初审。",
    en="Neither applicant nor institution is on the whitelist: another official reviews first.",
)
SAME_REVIEWER = declare(
    "SAME_REVIEWER",
    zh="初审与审核不能由同一身份办理，请由另一经办人审核。",
    en="Review and approval are by two identities; have another official approve.",
)
APPROVED_AMOUNT = declare(
    "APPROVED_AMOUNT",
    zh="核定金额不合规：各项不得为负，合计须大于零且不超过票据金额和申请金额。",
    en="The amounts must not be negative, and sum to above zero and at most bill and claim.",
)
PAYMENT_AMOUNT = declare(
    "PAYMENT_AMOUNT",
    zh="支付金额须等于核定金额合计。",
    en="The amount paid must be the approved total.",
)
PAYMENT_REFERENCE = declare(
    "PAYMENT_REFERENCE",
    zh="支付流水号与已发送的支付不一致，请核对。",
    en="The reference is not that of the payment that was sent; check it.",
)
PAYMENT_NOT_SENT = declare(
    "PAYMENT_NOT_SENT",
    zh="没有在途的支付，请先登记支付已发送。",
    en="No payment is on its way; record first that it was sent.",
)
PAYMENT_PENDING = declare(
    "PAYMENT_PENDING",
    zh="支付正在进行，请等待支付结果。",
    en="A payment is on its way; wait for its result.",
)
ALREADY_PAID = declare(
    "ALREADY_PAID",
    zh="该申请已支付，不能再次办理。",
    en="The application is paid; this can't be done any more.",
)
ALREADY_LISTED = declare(
    "ALREADY_LISTED",
    zh="该对象已在名单中，如需更正请修改。",
    en="The subject is on the list already; change the entry instead.",
)
NOT_LISTED = declare(
    "NOT_LISTED",
    zh="该对象不在名单中，请核对。",
    en="The subject is not on the list; check it.",
)
LIST_PERIOD = declare(
    "LIST_PERIOD",
    zh="名单有效期无效：止期须晚于起期且晚于当前区块时间。",
    en="The period is invalid: it must end after it begins and after the block's time.",
)
