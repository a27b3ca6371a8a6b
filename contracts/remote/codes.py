"""Stable codes about documents of other provinces."""

from faults import declare

VOUCHER_EXISTS = declare(
    "VOUCHER_EXISTS",
    zh="该异地电子结算凭证已上链且内容相同，无需重复上链。",
    en="This remote voucher is on the chain already with the same content.",
)
VOUCHER_RED = declare(
    "VOUCHER_RED",
    zh="该异地电子结算凭证已被红冲，不能办理此业务。",
    en="The remote voucher was cancelled by a red one; this can't be done with it.",
)
BILL_REIMBURSED = declare(
    "BILL_REIMBURSED",
    zh="该票据已用于一笔异地报销，不能再次报销。",
    en="The bill is used for a remote reimbursement and is not reimbursed a second time.",
)
REIMBURSED_ELSEWHERE = declare(
    "REIMBURSED_ELSEWHERE",
    zh="来源系统显示该票据或凭证已在别处报销，不能再次报销。",
    en="Its source says that the document was reimbursed elsewhere; it is not reimbursed again.",
)
STATUS_CONTRADICTS = declare(
    "STATUS_CONTRADICTS",
    zh="已红冲的票据或凭证不会恢复，请核对来源系统的状态。",
    en="What was cancelled by a red document does not come back; check the status at its source.",
)
NOT_USED = declare(
    "NOT_USED",
    zh="该异地票据未用于报销，无可解除。",
    en="The remote bill is not used for a reimbursement; there is nothing to release.",
)
