"""The columns of payment and return files, and the order in which one bank wants them.

No public layout of 6131 exists (FORMATS.md 3), and banks differ: order and line end are agreed with
each (银行接口文件配置), the columns themselves are fixed.
"""

from dataclasses import dataclass

from faults import Misuse

HEAD = (
    "文件类型", "批次号", "机构区划", "台帐年月", "业务日期", "付款账号", "付款户名",
    "付款行号", "总笔数", "总金额",
)  # fmt: skip
DETAIL = (
    "序号", "批次号", "进账单号", "对方类别", "单位或个人编号", "名称", "证件类型",
    "证件号", "险种", "业务类别", "收款行号", "收款行名", "收款账号", "收款户名",
    "关联存折账号", "金额", "业务凭据号", "摘要", "备注",
)  # fmt: skip
RETURN_HEAD = (
    "文件类型", "批次号", "行号", "回盘日期", "总笔数", "总金额", "成功笔数",
    "成功金额", "失败笔数", "失败金额",
)  # fmt: skip
RETURN_DETAIL = (
    "序号", "批次号", "进账单号", "编号", "名称", "账号", "金额", "支付标志", "结果码",
    "结果说明", "银行流水", "入账时间",
)  # fmt: skip


@dataclass(frozen=True)
class Layout:
    """The order of the columns and the line end agreed with one bank. Misuse: not these columns."""

    head: tuple[str, ...] = HEAD
    detail: tuple[str, ...] = DETAIL
    return_head: tuple[str, ...] = RETURN_HEAD
    return_detail: tuple[str, ...] = RETURN_DETAIL
    line_end: str = "\n"

    def __post_init__(self) -> None:
        for own, known in (
            (self.head, HEAD),
            (self.detail, DETAIL),
            (self.return_head, RETURN_HEAD),
            (self.return_detail, RETURN_DETAIL),
        ):
            if sorted(own) != sorted(known):
                raise Misuse("a layout orders the known columns, each once")
        if self.head[0] != HEAD[0] or self.return_head[0] != RETURN_HEAD[0]:
            raise Misuse("the file type stands first")
        if self.line_end not in ("\n", "\r\n"):
            raise Misuse("lines end with LF or CRLF")


LAYOUT = Layout()
