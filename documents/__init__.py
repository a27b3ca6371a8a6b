"""Real formats to standard forms, and the checks on them. Pure: bytes in, forms and findings out.

`ebill_xml`, `settlement_json` and `archive_json` parse what hospitals, the insurance system,
the finance department and the archive system send; `voucher` makes the settlement voucher.
All give a `forms` StandardForm. `findings` says what is odd in one document, `compare` what
differs between a bill and its settlement, `person` whose it is; `payload` is the plaintext
that is sealed. `policy_json` and `catalogue_csv` import what a bureau publishes.
"""

from documents.archive_json import Archive, parse_archive
from documents.catalogue_csv import CatalogueFile, parse_catalogue
from documents.compare import Pair, Verification, compare
from documents.ebill_xml import Ebill, SettlementIdRule, parse_ebill, verify_signatures
from documents.findings import Finding, bill_findings, has_errors, settlement_findings
from documents.forms import ARCHIVE, EBILL, SETTLEMENT, VOUCHER, StandardForm
from documents.institutions import Institution, InstitutionTable, load_institutions
from documents.payload import PayloadPlain, decode_payload, encode_payload, make_payload
from documents.person import PersonIdentity, person_of
from documents.policy_json import parse_policy
from documents.settlement_json import Settlement, parse_settlement
from documents.voucher import Voucher, build_voucher

__all__ = [
    "ARCHIVE",
    "EBILL",
    "SETTLEMENT",
    "VOUCHER",
    "Archive",
    "CatalogueFile",
    "Ebill",
    "Finding",
    "Institution",
    "InstitutionTable",
    "Pair",
    "PayloadPlain",
    "PersonIdentity",
    "Settlement",
    "SettlementIdRule",
    "StandardForm",
    "Verification",
    "Voucher",
    "bill_findings",
    "build_voucher",
    "compare",
    "decode_payload",
    "encode_payload",
    "has_errors",
    "load_institutions",
    "make_payload",
    "parse_archive",
    "parse_catalogue",
    "parse_ebill",
    "parse_policy",
    "parse_settlement",
    "person_of",
    "settlement_findings",
    "verify_signatures",
]
