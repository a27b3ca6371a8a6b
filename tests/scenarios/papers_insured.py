"""Papers about invented persons that no other scenario knows: their archives, filings, claims."""

import itertools
import json
from typing import Any

from crypto import sm3
from documents.identifiers import resident_id_check
from tests.documents.support import sample
from tests.node.custodian import papers
from tests.node.custodian.papers import archive
from tests.scenarios.parties import Parties

_numbers = itertools.count(1)

PAID = [{"所属期": "202406", "缴费基数": "8000.00", "个人缴费": "160.00", "单位缴费": "680.00"}]
MOVED = [{"转出地": "430100", "转入地": "460100", "转移金额": "12034.56", "办结日期": "2024-05-20"}]


def fresh_person() -> dict[str, str]:
    """A person's fields as documents name them; the resident id is well formed and nobody's."""
    number = next(_numbers)
    first17 = f"4699001970{1 + number // 280:02d}{1 + number // 10 % 28:02d}99{number % 10}"
    return {
        "psn_name": f"测试人{number}",
        "psn_cert_type": "01",
        "certno": first17 + resident_id_check(first17),
        "psn_no": f"460000{number:020d}",
    }


def with_account(parties: Parties) -> tuple[dict[str, str], str]:
    """A person whose account the bureau opened, and the account's id."""
    person = fresh_person()
    record, content = archive(person)
    opened = parties["bureau desk"].accounts.open(record, content=content)
    return person, opened.account_id


def fresh_archive_code() -> str:
    """An archive code (档号) that no other scenario has."""
    return f"YB99-CBBG-2024-Y-8{next(_numbers):06d}"


def benefit_archive(
    person: dict[str, str], code: str, pages: int = 2, **sections: Any
) -> tuple[bytes, str]:
    """Record and content of a person's archive with payments, a transfer, and `sections`."""
    record, content = archive(person)
    fields, entry = json.loads(content), json.loads(record)
    fields |= {"缴费记录": PAID, "社保转移": MOVED, **sections}
    text = json.dumps(fields, ensure_ascii=False)
    entry["文件实体"] |= {"M8档号": code, "M50页数": pages, "M56计算机文件大小": len(text.encode())}
    entry["固化信息"]["摘要值"] = sm3(text.encode()).hex()
    return json.dumps(entry, ensure_ascii=False).encode(), text


def company_archive(code: str) -> tuple[bytes, str]:
    """An archive of a company, which belongs to no person."""
    fields = json.loads(sample("archive_01_content.json"))
    entry = json.loads(sample("archive_01_record.json"))
    del fields["参保人"]
    text = json.dumps(fields, ensure_ascii=False)
    entry["档案归属"] = {
        "单位名称": "海口测试科技有限公司",
        "统一社会信用代码": "91460100MA99990T26",
    }
    entry["文件实体"] |= {"M8档号": code, "M56计算机文件大小": len(text.encode())}
    entry["固化信息"]["摘要值"] = sm3(text.encode()).hex()
    return json.dumps(entry, ensure_ascii=False).encode(), text


def filing(person: dict[str, str], filing_id: str, **changes: object) -> bytes:
    """A filing for long-term residence in Changsha, open-ended, of somebody insured in Haikou."""
    fields = {"begndate": "2024-08-01", "enddate": "", "filing_id": filing_id, **changes}
    return papers.filing(person, **fields)
