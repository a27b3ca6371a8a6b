"""Real formats to standard forms, and the checks on them. Pure: bytes in, forms and findings out.

`ebill_xml`, `settlement_json` and `archive_json` parse what hospitals, the insurance system,
the finance department and the archive system send; `voucher` makes the settlement voucher.
`filing_json`, `reimbursement_json` and `voucher_json` parse what comes about treatment elsewhere.
All give a `forms` StandardForm. `findings` says what is odd in one document, `compare` what
differs between a bill and its settlement, `person` whose it is; `payload` is the plaintext
that is sealed. `fund_file` and `fund_return` read and write the 6131 payment file and the bank's
return of it and compare them; `fund_forms` makes of them what goes to the ledger. Bills of other
provinces are read by tables: `dialect_table` loads what stands in `dialects/`, `dialect_ebill`
applies it. `policy_json` and `catalogue_csv` import what a bureau publishes.
"""

from documents.archive_json import Archive, parse_archive
from documents.catalogue_csv import CatalogueFile, parse_catalogue
from documents.compare import Pair, Verification, compare
from documents.dialect_ebill import RemoteEbill, parse_remote_ebill
from documents.dialect_table import Dialect, load_dialects
from documents.ebill_xml import Ebill, SettlementIdRule, parse_ebill, verify_signatures
from documents.filing_json import Filing, filing_findings, parse_filing
from documents.findings import Finding, bill_findings, has_errors, settlement_findings
from documents.forms import (
    ARCHIVE,
    EBILL,
    FILING,
    FUND_LINES,
    REIMBURSEMENT,
    SETTLEMENT,
    VOUCHER,
    StandardForm,
)
from documents.fund_file import (
    FundDetail,
    FundFile,
    fund_file_findings,
    parse_fund_file,
    write_fund_file,
)
from documents.fund_forms import (
    account_commitment,
    account_salt,
    parse_part_lines,
    part_payload,
)
from documents.fund_layout import Layout
from documents.fund_return import (
    ReturnDetail,
    ReturnFile,
    parse_return_file,
    payee_differences,
    return_differences,
    write_return_file,
)
from documents.institutions import Institution, InstitutionTable, load_institutions
from documents.payload import PayloadPlain, decode_payload, encode_payload, make_payload
from documents.person import PersonIdentity, person_of
from documents.policy_json import parse_policy
from documents.reimbursement_json import (
    Application,
    parse_application,
    reimbursement_findings,
)
from documents.settlement_json import Settlement, parse_settlement
from documents.voucher import Voucher, build_voucher
from documents.voucher_json import parse_voucher, voucher_findings

__all__ = [
    "ARCHIVE",
    "EBILL",
    "FILING",
    "FUND_LINES",
    "REIMBURSEMENT",
    "SETTLEMENT",
    "VOUCHER",
    "Application",
    "Archive",
    "CatalogueFile",
    "Dialect",
    "Ebill",
    "Filing",
    "Finding",
    "FundDetail",
    "FundFile",
    "Institution",
    "InstitutionTable",
    "Layout",
    "Pair",
    "PayloadPlain",
    "PersonIdentity",
    "RemoteEbill",
    "ReturnDetail",
    "ReturnFile",
    "Settlement",
    "SettlementIdRule",
    "StandardForm",
    "Verification",
    "Voucher",
    "account_commitment",
    "account_salt",
    "bill_findings",
    "build_voucher",
    "compare",
    "decode_payload",
    "encode_payload",
    "filing_findings",
    "fund_file_findings",
    "has_errors",
    "load_dialects",
    "load_institutions",
    "make_payload",
    "parse_application",
    "parse_archive",
    "parse_catalogue",
    "parse_ebill",
    "parse_filing",
    "parse_fund_file",
    "parse_part_lines",
    "parse_policy",
    "parse_remote_ebill",
    "parse_return_file",
    "parse_settlement",
    "parse_voucher",
    "part_payload",
    "payee_differences",
    "person_of",
    "reimbursement_findings",
    "return_differences",
    "settlement_findings",
    "verify_signatures",
    "voucher_findings",
    "write_fund_file",
    "write_return_file",
]
