"""The table of kinds: what can be prepared, from which document, with which options.

A kind's name is the contract method whose body it makes; the bodies that have to come first or
after it (an account opened, a waiting object attached, a batch's lines) come along. The document is
the original bytes, at most 4 MiB; an option is text of the form that the table says, and one that a
kind doesn't list is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contracts.fund.results import KINDS as RETURN_KINDS
from contracts.fund.rules import DIRECTIONS
from contracts.remote.records import SOURCES
from node.custodian.preparing import (
    accounts,
    archives,
    bills,
    filings,
    fund_results,
    funds,
    options,
    reimbursements,
    remote,
    settlements,
    vouchers,
)
from node.custodian.preparing.desk import Desk
from node.custodian.preparing.job import Job, Option
from proto.services_pb2 import PrepareReply

Handler = Callable[[Desk, Job], PrepareReply]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: who makes it, from which document ("" = from none), with which options."""

    handle: Handler
    document: str
    options: tuple[Option, ...] = ()


_CONTENT = Option(
    "content",
    "the archive's content file, when `document` is the metadata record alone",
    options.anything,
    required=False,
)
_CHECKS = Option(
    "checks",
    "the four-property check (四性检测): GD-1-7:passed,GD-2-1:passed,…; 1 to 100 items",
    options.archive_checks,
)
_SUPERSEDES = Option(
    "supersedes", "the version that the document was made from, from 1", options.version
)
_CODE = Option("code", "bill code, 8 digits", options.bill_code)
_NUMBER = Option("number", "bill number, 10 digits", options.bill_number)
_SETTLEMENT = Option("settlement_id", "an identifier", options.identifier)
_SOURCE = Option("source", "where it was fetched: national or centre", options.one_of(*SOURCES))
_REFERENCE = Option(
    "source_reference", "the source's number of the fetch, an identifier", options.identifier
)

_LINE_SETTLEMENTS = Option(
    "settlements",
    'JSON: settlement ids by line number, {"1": ["300000900001"]}',
    options.settlements_by_line,
    required=False,
)

KINDS: Mapping[str, Kind] = {
    "account.open": Kind(
        accounts.open_account,
        "archive record (JSON), alone or joined to its content",
        (_CONTENT,),
    ),
    "account.attach": Kind(
        accounts.attach,
        "",
        (
            Option("object", "state key of the waiting object", options.state_key),
            Option(
                "account_id",
                "the account that a clerk decided on, 32 hex digits",
                options.account_id,
                required=False,
            ),
        ),
    ),
    "archive.register": Kind(
        archives.register, "archive record, alone or joined to its content", (_CONTENT, _CHECKS)
    ),
    "archive.update": Kind(
        archives.update,
        "archive record, alone or joined to its content",
        (_CONTENT, _CHECKS, _SUPERSEDES),
    ),
    "bill.issue_blue": Kind(bills.issue_blue, "blue bill (XML)"),
    "bill.issue_red": Kind(bills.issue_red, "red bill (XML)"),
    "bill.verify": Kind(bills.verify, "", (_CODE, _NUMBER, _SETTLEMENT)),
    "filing.register": Kind(filings.register, "filing (JSON, filing/1)"),
    "filing.change": Kind(filings.change, "filing (JSON, filing/1)", (_SUPERSEDES,)),
    "fund.submit": Kind(
        funds.submit,
        "6131 payment file; asked again it gives what the chain lacks, none when all is there",
        (
            Option(
                "direction",
                "payout (the default) or recovery",
                options.one_of(*DIRECTIONS),
                required=False,
            ),
            _LINE_SETTLEMENTS,
        ),
    ),
    "fund.compensate": Kind(
        funds.compensate,
        "6131 payment file; asked again it gives what the chain lacks, none when all is there",
        (
            Option(
                "original", "number of the batch whose failed lines it pays", options.identifier
            ),
            Option("reason", "why they are paid again", options.anything),
            Option(
                "originals",
                'JSON: the failed line that each line pays again, {"1": 5}',
                options.original_lines,
            ),
            _LINE_SETTLEMENTS,
        ),
    ),
    "fund.record_result": Kind(
        fund_results.record_result,
        "the bank's return file (6131R)",
        (
            Option("return_number", "the return's number, an identifier", options.identifier),
            Option(
                "kind",
                "result (回盘, the default) or bounce (退票)",
                options.one_of(*RETURN_KINDS),
                required=False,
            ),
        ),
    ),
    "reimbursement.receive": Kind(reimbursements.receive, "application (JSON, reimbursement/1)"),
    "reimbursement.forward": Kind(
        reimbursements.forward,
        "application (JSON, reimbursement/1)",
        (Option("channel", "the channel that leads to the insured province", options.channel),),
    ),
    "reimbursement.review": Kind(
        reimbursements.review,
        "",
        (Option("application_id", "an identifier", options.identifier),),
    ),
    "settlement.upload": Kind(settlements.upload, "settlement 2207 or 2304 (JSON)"),
    "settlement.reverse": Kind(settlements.reverse, "reversal 2208 or 2305 (JSON)"),
    "voucher.report": Kind(vouchers.report, "", (_CODE, _NUMBER, _SETTLEMENT)),
    "voucher.store_voucher": Kind(
        remote.store_voucher,
        "another province's voucher (JSON, 4901)",
        (
            Option("region", "the region that settled, 6 digits", options.region),
            _SOURCE,
            _REFERENCE,
        ),
    ),
    "voucher.store_bill": Kind(
        remote.store_bill,
        "another province's bill (XML)",
        (
            Option("dialect", "name of the dialect table that reads it", options.dialect),
            _SOURCE,
            _REFERENCE,
        ),
    ),
}
