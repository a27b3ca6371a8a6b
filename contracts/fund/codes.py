"""Stable codes of fund batches."""

from faults import declare

FUND_BATCH_EXISTS = declare(
    "FUND_BATCH_EXISTS",
    zh="该基金批次号已使用，请更换批次号。",
    en="This batch number is taken; submit the batch under another.",
)
FUND_BATCH_NOT_FOUND = declare(
    "FUND_BATCH_NOT_FOUND",
    zh="链上没有该基金批次，请核对批次号。",
    en="There is no such fund batch on the chain; check its number.",
)
FUND_BATCH_STATE = declare(
    "FUND_BATCH_STATE",
    zh="基金批次当前状态不允许此操作，请查看批次状态。",
    en="The batch's state does not allow this now; see the state named.",
)
FUND_IN_PAYMENT = declare(
    "FUND_IN_PAYMENT",
    zh="批次已稽核进入支付环节，不能撤销；如需退回请由稽核方退回或办理拨付撤销。",
    en="The batch was audited and is being paid; have the audit send it back, or reverse it.",
)
FUND_NOTHING_PAID = declare(
    "FUND_NOTHING_PAID",
    zh="该批次没有已拨付的明细，无需撤销拨付。",
    en="No line of the batch is paid, so there is nothing to reverse.",
)
FUND_NOTHING_FAILED = declare(
    "FUND_NOTHING_FAILED",
    zh="该批次没有拨付失败的明细，无需补偿。",
    en="No line of the batch has failed, so there is nothing to compensate.",
)
FUND_NOT_SUBMITTER = declare(
    "FUND_NOT_SUBMITTER",
    zh="该批次由其他机构提交，只能由提交机构或医保局办理。",
    en="Another organisation submitted the batch; only that one, or the bureau, can do this.",
)
FUND_SELF_AUDIT = declare(
    "FUND_SELF_AUDIT",
    zh="提交机构不能稽核自己的批次，请由另一机构稽核。",
    en="An organisation can't audit the batch it submitted; have another do it.",
)
FUND_NOT_BANK = declare(
    "FUND_NOT_BANK",
    zh="只有批次所推送的银行可以回传拨付结果。",
    en="Only the bank that the batch was sent to can answer it.",
)
FUND_SELF_RECONCILE = declare(
    "FUND_SELF_RECONCILE",
    zh="付款银行不能为自己的回盘对账，请由结算中心或医保局办理。",
    en="The bank can't reconcile its own answer; have the settlement centre or the bureau do it.",
)
FUND_LINES_ORDER = declare(
    "FUND_LINES_ORDER",
    zh="明细、结算编号或回盘行的起始序号与链上已接收数量不衔接，请按 expected 续传。",
    en="These lines or ids do not follow what the chain has; go on from `expected`.",
)
FUND_LINES_PART = declare(
    "FUND_LINES_PART",
    zh="本段明细与其承诺表单的批次、起始行、笔数或金额不一致。",
    en="The lines of this part are not those of its form: batch, first line, count or total.",
)
FUND_TOTAL_MISMATCH = declare(
    "FUND_TOTAL_MISMATCH",
    zh="明细金额合计与批次申报总金额不符，请核对后以新批次号提交。",
    en="The lines don't add up to the batch's total; correct it and submit a new batch.",
)
FUND_ROOT_MISMATCH = declare(
    "FUND_ROOT_MISMATCH",
    zh="明细与批次申报的明细根不符，请核对后以新批次号提交。",
    en="The lines are not those that the batch's root fixes; check them or submit a new batch.",
)
FUND_SETTLEMENTS_MISMATCH = declare(
    "FUND_SETTLEMENTS_MISMATCH",
    zh="明细所列结算编号的数量或顺序与申报不符。",
    en="The settlement ids are not those that the line declares, in number or order.",
)
FUND_SETTLEMENT_CLAIMED = declare(
    "FUND_SETTLEMENT_CLAIMED",
    zh="该结算已在另一有效批次的明细中，不能重复拨付。",
    en="A live line of a batch pays this settlement already; it can't be paid twice.",
)
FUND_LINE_NOT_FAILED = declare(
    "FUND_LINE_NOT_FAILED",
    zh="被补偿的明细未拨付失败或已在补偿中，不能补偿。",
    en="The original line has not failed, or another line compensates it already.",
)
FUND_COMPENSATION_MISMATCH = declare(
    "FUND_COMPENSATION_MISMATCH",
    zh="补偿明细与原失败明细的收款方、金额或结算不一致。",
    en="The line must repeat the failed one's payee, amount and settlements; see the field.",
)
FUND_REASON_REQUIRED = declare(
    "FUND_REASON_REQUIRED",
    zh="请填写原因或说明，它将保存在批次轨迹中。",
    en="Give a reason; it is kept in the batch's trace.",
)
FUND_WARNINGS_UNSEEN = declare(
    "FUND_WARNINGS_UNSEEN",
    zh="批次存在未确认的提示，请核对全部提示后再推送银行。",
    en="The batch has warnings that the sender was not shown; look at all of them, then send it.",
)
FUND_RETURN_KNOWN = declare(
    "FUND_RETURN_KNOWN",
    zh="该回盘文件已记录，无需重复上传。",
    en="This return file is on record already; it need not be sent again.",
)
FUND_RETURN_OPEN = declare(
    "FUND_RETURN_OPEN",
    zh="上一回盘文件尚未传完，请先传完。",
    en="A return file is not completely recorded yet; finish it first.",
)
FUND_RETURN_CHANGED = declare(
    "FUND_RETURN_CHANGED",
    zh="回盘文件头与首段不一致，请按同一文件续传。",
    en="The return file's header is not that of its first part; go on with the same file.",
)
FUND_REFUND_MISMATCH = declare(
    "FUND_REFUND_MISMATCH",
    zh="退款笔数或金额与已拨付不对应，须笔数相同、金额相反。",
    en="The refund does not mirror what was paid: the same count, the amount negated.",
)
FUND_DIFFERENCES_UNEXPLAINED = declare(
    "FUND_DIFFERENCES_UNEXPLAINED",
    zh="存在错误级别的对账差异，须填写处理说明方可完成对账。",
    en="Differences of grade error stand; say how they are dealt with to finish reconciling.",
)
SETTLEMENT_FUND_PAID = declare(
    "SETTLEMENT_FUND_PAID",
    zh="该结算已由基金批次拨付，须先撤销该批次的拨付才能撤销结算。",
    en="The fund has paid the batch with this settlement; reverse the batch first.",
)
SETTLEMENT_FUND_SENT = declare(
    "SETTLEMENT_FUND_SENT",
    zh="含该结算的基金批次正在银行拨付，请待回盘后办理。",
    en="The batch with this settlement is at the bank; wait for its answer.",
)
