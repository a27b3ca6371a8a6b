"""Documents about invented persons, as the systems around the custodian send them."""

import json
from collections.abc import Sequence
from typing import Any

from crypto import sm3
from documents.money import format_fen
from tests.node.custodian.stage import sample

CHECKS = "GD-1-7:passed,GD-2-1:passed,GD-3-1:passed,GD-4-2:passed"
ARCHIVE_CODE = "YB99-CBBG-2024-Y-0000001"

ONE = {
    "psn_name": "测试甲",
    "psn_cert_type": "01",
    "certno": "469900198403129992",
    "psn_no": "46000000000000009900000001",
}
TWO = {
    "psn_name": "测试乙",
    "psn_cert_type": "01",
    "certno": "469900195607189985",
    "psn_no": "46000000000000009900000002",
}
OWNER_KEYS = {
    "姓名": "psn_name",
    "证件类型": "psn_cert_type",
    "证件号码": "certno",
    "人员编号": "psn_no",
}


def as_json(message: object) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode()


def without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def archive(
    person: dict[str, str] = ONE, attachments: object = None, **elements: object
) -> tuple[bytes, str]:
    """Record and content of a person's archive; `elements` are changed in the record."""
    content = json.loads(sample("archive_01_content.json"))
    record = json.loads(sample("archive_01_record.json"))
    owner = {name: person[key] for name, key in OWNER_KEYS.items() if key in person}
    content |= {"参保人": {**owner, "险种": "310"}, "附件": attachments}
    return _joined(record, content, owner, elements)


def enterprise_archive() -> tuple[bytes, str]:
    """An archive of a company, which belongs to no person."""
    content = json.loads(sample("archive_01_content.json"))
    record = json.loads(sample("archive_01_record.json"))
    del content["参保人"]
    owner = {"单位名称": "海口测试科技有限公司", "统一社会信用代码": "91460100MA99990T26"}
    return _joined(record, content, owner, {"M8档号": "YB99-DWCB-2024-Y-0000002"})


def _joined(
    record: dict[str, Any], content: Any, owner: dict[str, str], elements: dict[str, object]
) -> tuple[bytes, str]:
    text = json.dumps(content, ensure_ascii=False)
    record["档案归属"] = owner
    record["文件实体"].update({"M56计算机文件大小": len(text.encode()), **elements})
    record["固化信息"]["摘要值"] = sm3(text.encode()).hex()
    return as_json(record), text


def filing(person: dict[str, str] = ONE, **changes: object) -> bytes:
    fields = {
        "format": "filing/1",
        "filing_id": "BA460100202401010001",
        "kind": "long_term_resident",
        **person,
        "insutype": "310",
        "insu_optins": "460100",
        "mdtrtarea_admdvs": "430100",
        "begndate": "2023-12-01",
        "enddate": "20241231",
        "tel": "13800138000",
        **changes,
    }
    return as_json(without_empty(fields))


def application(person: dict[str, str] = ONE, **changes: object) -> bytes:
    fields = {
        "format": "reimbursement/1",
        "application_id": "BX460100202401010001",
        "applied_date": "20240820",
        **person,
        "insuplc_admdvs": "460100",
        "mdtrtarea_admvs": "430100",
        "care": "inpatient",
        "uscc": "12460105999999015Q",
        "setl_id": "430000900001",
        "bill_code": "43060124",
        "bill_no": "0000000777",
        "claimed_amt": 1260.5,
        "bank_acct": "6299990000000000012",
        "acct_name": person["psn_name"],
        **changes,
    }
    return as_json(without_empty(fields))


def voucher(person: dict[str, str] = ONE, rows: int = 2, **changes: object) -> bytes:
    head = {
        "SETL_ID": "430000900001",
        "BILL_CODE": "43060124",
        "BILL_NO": "0000000777",
        "ELEC_SETL_CERT_FLAG": "0",
        "CERT_NO": person.get("certno", ""),
        "PSN_NAME": person["psn_name"],
        "HI_NO": person.get("psn_no", ""),
        "BILL_AMT": "1260.50",
        "MEDFEE_AMT": "1260.50",
        "HIFP_PAY_AMT": "1000.00",
        "OTH_PAY": "60.50",
        "PSN_ACCT_PAY": "0.00",
        "PSN_CASH_PAY": "200.00",
        "DIAG_INFO_COUNT": "1",
        "FEE_DETL_COUNT": "2",
        "OPRN_INFO_COUNT": 0,
        **changes,
    }
    return as_json(
        {
            "mid_bsw_bill_mdtrt_info": without_empty(head),
            "mid_bsw_diag_info": [{"DIAG_CODE": "J18.900", "DIAG_NAME": "肺炎"}],
            "mid_bsw_fee_detl": [
                {"MEDLIST_NAME": f"项目{number}", "DETITEM_FEE_SUMAMT": "630.25"}
                for number in range(rows)
            ],
            "mid_bsw_oprn_info": [],
        }
    )


def payment_file(amounts: Sequence[int], batch: str = "YB460000202408300009") -> bytes:
    """A payment file with a line for each amount in fen, each to a person of their own."""
    lines = [
        f"D|{number}|{batch}|JZ{number:010d}|1|460000{number:020d}|测试付款人{number}|01"
        "|469900198403129992|310|LX|999641099991|测试银行"
        f"|62999900000{number:08d}|测试付款人{number}||{format_fen(fen)}|BX{number:08d}||"
        for number, fen in enumerate(amounts, start=1)
    ]
    head = f"H|6131|{batch}|460000|202408|20240830|99990000000000000001|测试支出户|999641099991"
    total = f"{head}|{len(lines)}|{format_fen(sum(amounts))}"
    return ("\n".join([total, *lines]) + "\n").encode()
