"""The refusals of this room. Each names the element it is about and never its value."""

from faults import declare

DOCUMENT_TOO_LARGE = declare(
    "DOCUMENT_TOO_LARGE",
    zh="文件超过大小或数量上限，请拆分或检查文件。",
    en="The document is over a size or count limit; split it or check the file.",
)
DOCUMENT_ENCODING = declare(
    "DOCUMENT_ENCODING",
    zh="文件必须是不带 BOM 的 UTF-8 编码。",
    en="The document must be UTF-8 without a byte order mark.",
)
XML_MALFORMED = declare(
    "XML_MALFORMED",
    zh="XML 文件格式错误，无法解析。",
    en="The file is not well-formed XML.",
)
XML_FORBIDDEN = declare(
    "XML_FORBIDDEN",
    zh="XML 含有不允许的结构（DTD、实体、命名空间、注释、处理指令或 CDATA）。",
    en="The XML holds a forbidden construct (DTD, entity, namespace, comment, instruction, CDATA).",
)
JSON_MALFORMED = declare(
    "JSON_MALFORMED",
    zh="JSON 文件格式错误，无法解析。",
    en="The file is not valid JSON.",
)
JSON_DUPLICATE_KEY = declare(
    "JSON_DUPLICATE_KEY",
    zh="JSON 对象中有重复的键。",
    en="A JSON object holds the same key twice.",
)
ELEMENT_MISSING = declare(
    "ELEMENT_MISSING",
    zh="缺少必填要素。",
    en="A required element is missing or empty.",
)
ELEMENT_DUPLICATED = declare(
    "ELEMENT_DUPLICATED",
    zh="只能出现一次的要素重复出现或互相矛盾。",
    en="An element that may appear once appears twice, or two spellings of it disagree.",
)
ELEMENT_INVALID = declare(
    "ELEMENT_INVALID",
    zh="要素的类型、格式或取值不正确。",
    en="An element has the wrong type, form or value.",
)
AMOUNT_INVALID = declare(
    "AMOUNT_INVALID",
    zh="金额或数量必须是十进制数，金额最多两位小数且不超出范围。",
    en="An amount or quantity must be a plain decimal; money has at most two decimals and a range.",
)
AMOUNT_SIGN = declare(
    "AMOUNT_SIGN",
    zh="金额符号与单据类型不符：蓝票、正常结算不得为负，红票不得为正。",
    en="The sign is wrong: no negative amount on a blue record, no positive one on a red bill.",
)
IDENTIFIER_INVALID = declare(
    "IDENTIFIER_INVALID",
    zh="证件号码或机构代码校验不通过。",
    en="An identifier's form or check character is wrong.",
)
EBILL_SIGNATURE = declare(
    "EBILL_SIGNATURE",
    zh="电子票据的签名缺失或验证不通过。",
    en="A signature of the e-bill is missing or does not verify.",
)
SETTLEMENT_FAILED = declare(
    "SETTLEMENT_FAILED",
    zh="医保接口返回失败，该报文不是一笔成功的结算。",
    en="The interface answered with a failure: this is not a completed settlement.",
)
SETTLEMENT_KIND = declare(
    "SETTLEMENT_KIND",
    zh="不支持的结算交易编号，或撤销报文缺少原结算请求。",
    en="The transaction number is not a settlement we take, or a reversal lacks its request.",
)
SETTLEMENT_PAIR = declare(
    "SETTLEMENT_PAIR",
    zh="请求与应答不是同一笔业务。",
    en="The request and the reply do not belong together.",
)
ARCHIVE_CONTENT = declare(
    "ARCHIVE_CONTENT",
    zh="档案内容文件的摘要或大小与著录不符。",
    en="The archive's content file does not have the recorded digest or size.",
)
ARCHIVE_OWNER = declare(
    "ARCHIVE_OWNER",
    zh="档案著录与内容文件的归属人不一致。",
    en="The archive's record and its content file name different owners.",
)
VOUCHER_MISMATCH = declare(
    "VOUCHER_MISMATCH",
    zh="票据与结算不对应，不能生成电子结算凭证。",
    en="The bill and the settlement do not belong together; no voucher can be made of them.",
)
INSTITUTION_TABLE = declare(
    "INSTITUTION_TABLE",
    zh="机构对照表格式错误或内容互相矛盾。",
    en="The institution table is malformed or contradicts itself.",
)
DIALECT_TABLE = declare(
    "DIALECT_TABLE",
    zh="异地票据对照表格式错误、有未知键或内容互相矛盾，请按所指位置修改。",
    en="The dialect table is malformed, has an unknown key or contradicts itself; see the element.",
)
DIALECT_TARGET = declare(
    "DIALECT_TARGET",
    zh="异地票据对照表所指标准字段不存在、重复，或缺少必需字段。",
    en="A dialect table maps to a field that is not in the form, maps one twice, or lacks one.",
)
DIALECT_UNKNOWN = declare(
    "DIALECT_UNKNOWN",
    zh="没有任何对照表能识别该异地票据 XML，请为该省份增加对照表。",
    en="No dialect table recognises this XML; add one for the province that issued it.",
)
DIALECT_AMBIGUOUS = declare(
    "DIALECT_AMBIGUOUS",
    zh="多个对照表同时识别该异地票据 XML，请收紧其识别条件。",
    en="Several dialect tables recognise this XML; make their conditions narrower.",
)
DIALECT_VALUE = declare(
    "DIALECT_VALUE",
    zh="票据中的代码在对照表的代码转换中没有列出，请补充。",
    en="The bill holds a code that the dialect's translation doesn't list; add it to the table.",
)
FORM_INVALID = declare(
    "FORM_INVALID",
    zh="标准表单的字段集合或取值不规范。",
    en="A standard form has wrong paths or values that are not canonical.",
)
PAYLOAD_MALFORMED = declare(
    "PAYLOAD_MALFORMED",
    zh="载荷明文不是规范编码或超出上限。",
    en="The payload's plaintext is not canonical or is over a limit.",
)
FUND_FILE_LINE_END = declare(
    "FUND_FILE_LINE_END",
    zh="文件换行不符合约定，或最后一行不完整，请检查文件是否传输完整。",
    en="A line does not end as agreed, or the last one is cut off; check that the file is whole.",
)
FUND_FILE_COLUMNS = declare(
    "FUND_FILE_COLUMNS",
    zh="该行的记录标识或栏目数不正确（名称中不得含“|”）。",
    en='A line has the wrong record mark or number of columns (no name may hold "|").',
)
FUND_FILE_BATCH = declare(
    "FUND_FILE_BATCH",
    zh="明细行的批次号与文件头不一致。",
    en="A line names another batch than the file's header.",
)
FUND_FILE_ORDER = declare(
    "FUND_FILE_ORDER",
    zh="明细序号须从 1 开始连续递增。",
    en="The lines must be numbered from 1 without a gap.",
)
FUND_FILE_DUPLICATE = declare(
    "FUND_FILE_DUPLICATE",
    zh="同一文件中进账单号重复。",
    en="Two lines of the file have one slip number.",
)
FUND_FILE_COUNT = declare(
    "FUND_FILE_COUNT",
    zh="明细行数与文件头总笔数不符。",
    en="The file has not as many lines as its header says.",
)
FUND_FILE_TOTAL = declare(
    "FUND_FILE_TOTAL",
    zh="明细金额合计与文件头总金额不符。",
    en="The lines do not add up to the header's total.",
)
ELEMENT_UNKNOWN = declare(
    "ELEMENT_UNKNOWN",
    zh="文件含有格式中没有的要素，请核对要素名称。",
    en="The file holds an element that its format does not have; check the element's name.",
)
RATIO_INVALID = declare(
    "RATIO_INVALID",
    zh="比例必须是 0 到 1 之间、最多四位小数的十进制数。",
    en="A ratio must be a plain decimal from 0 to 1 with at most four decimals.",
)
PERIOD_INVALID = declare(
    "PERIOD_INVALID",
    zh="有效期止日早于起日，请核对。",
    en="The period ends before it begins; check its two days.",
)
CSV_MALFORMED = declare(
    "CSV_MALFORMED",
    zh="CSV 的引号、空行或列数不正确，请检查所指行。",
    en="The CSV has wrong quotes, an empty line or a wrong number of columns; see the line named.",
)
CSV_HEADER = declare(
    "CSV_HEADER",
    zh="CSV 首行必须是规定的列名，次序一致。",
    en="The first line of the CSV must hold the columns of the format, in their order.",
)
ROW_DUPLICATED = declare(
    "ROW_DUPLICATED",
    zh="同一编码在文件中出现多次，请检查所指行。",
    en="A code stands in the file more than once; see the line named.",
)
