"""Which leaf each Get… and Trace… reads: the record's class, and its state key from the request."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contracts.account import AccountRecord, account_key
from contracts.archive.records import (
    ArchiveRecord,
    ArchiveVersionRecord,
    archive_key,
)
from contracts.archive.records import version_key as archive_version_key
from contracts.authorization import GrantIndex, grant_index_key
from contracts.bill.record import BillRecord, bill_key
from contracts.bridge.records import Channel, channel_key
from contracts.catalogue.records import (
    CatalogueSeries,
    ChunkRecord,
    EditionRecord,
    ItemRecord,
    ItemsQuestionRecord,
    catalogue_series_key,
    chunk_key,
    edition_key,
    item_key,
    items_question_key,
)
from contracts.equivocation import OffencesRecord, offences_key
from contracts.filing.records import FilingIndex, FilingRecord, filing_key
from contracts.filing.records import index_key as filing_index_key
from contracts.fund.records import (
    BatchRecord,
    DifferenceRecord,
    LineRecord,
    SummaryRecord,
    batch_key,
    difference_key,
    line_key,
    summary_key,
)
from contracts.governance.motions import MotionRecord, motion_key
from contracts.governance.organisations import OrganisationRecord, organisation_key
from contracts.grant.records import (
    AuthorizationRecord,
    GrantedRecord,
    authorization_key,
    granted_key,
)
from contracts.identity import IdentityRecord, identity_key
from contracts.parameters import PARAMETERS_KEY, Parameters
from contracts.permission import PermissionRecord, permission_key
from contracts.policy.records import (
    PolicyQuestionRecord,
    PolicyRecord,
    PolicySeries,
    policy_key,
    question_key,
    series_key,
)
from contracts.publication.region import RegionHome, region_key
from contracts.reimbursement.lists import ListedRecord, listed_key
from contracts.reimbursement.records import (
    ApplicationRecord,
    ReportedRecord,
    application_key,
    reported_key,
)
from contracts.remote.records import (
    RemoteBillRecord,
    RemoteVoucherRecord,
    remote_bill_key,
    remote_voucher_key,
)
from contracts.settlement import SettlementRecord, settlement_key
from contracts.voucher import VoucherRecord, voucher_key
from ledger.records import Record


@dataclass(frozen=True, slots=True)
class Read:
    """One kind of leaf."""

    record: type[Record]
    key: Callable[[Any], str]


def _bill(of: Callable[[str, str], str]) -> Callable[[Any], str]:
    return lambda request: of(request.code, request.number)


READS: dict[str, Read] = {
    "account.Account": Read(AccountRecord, lambda r: account_key(r.account_id)),
    "archive.Archive": Read(ArchiveRecord, lambda r: archive_key(r.archive_code)),
    "archive.Version": Read(
        ArchiveVersionRecord, lambda r: archive_version_key(r.archive_code, r.version)
    ),
    "authorization.Authorization": Read(
        AuthorizationRecord, lambda r: authorization_key(r.authorization_id)
    ),
    "authorization.Granted": Read(
        GrantedRecord, lambda r: granted_key(r.chain_id, r.authorization_id)
    ),
    "authorization.Grants": Read(GrantIndex, lambda r: grant_index_key(r.object, r.org)),
    "bill.Bill": Read(BillRecord, _bill(bill_key)),
    "bridge.Channel": Read(Channel, lambda r: channel_key(r.channel_id)),
    "catalogue.Edition": Read(EditionRecord, lambda r: edition_key(r.region, r.edition)),
    "catalogue.Chunk": Read(ChunkRecord, lambda r: chunk_key(r.region, r.edition, r.chunk)),
    "catalogue.Item": Read(ItemRecord, lambda r: item_key(r.region, r.code)),
    "catalogue.Series": Read(CatalogueSeries, lambda r: catalogue_series_key(r.region)),
    "catalogue.Question": Read(ItemsQuestionRecord, lambda r: items_question_key(r.question_id)),
    "equivocation.Offences": Read(OffencesRecord, lambda r: offences_key(r.public_key)),
    "filing.Filing": Read(FilingRecord, lambda r: filing_key(r.filing_id)),
    "filing.FilingsOfAccount": Read(FilingIndex, lambda r: filing_index_key(r.account_id)),
    "fund.Batch": Read(BatchRecord, lambda r: batch_key(r.batch_number)),
    "fund.Line": Read(LineRecord, lambda r: line_key(r.batch_number, r.number)),
    "fund.Difference": Read(DifferenceRecord, lambda r: difference_key(r.batch_number, r.number)),
    "fund.Summary": Read(
        SummaryRecord, lambda r: summary_key(r.period, r.direction, r.insurance_type)
    ),
    "governance.Motion": Read(MotionRecord, lambda r: motion_key(r.motion)),
    "governance.Permission": Read(PermissionRecord, lambda r: permission_key(r.contract, r.method)),
    "governance.Organisation": Read(OrganisationRecord, lambda r: organisation_key(r.org)),
    "governance.Parameters": Read(Parameters, lambda _: PARAMETERS_KEY),
    "identity.Identity": Read(IdentityRecord, lambda r: identity_key(r.public_key)),
    "policy.Version": Read(PolicyRecord, lambda r: policy_key(r.region, r.insured_type, r.version)),
    "policy.Series": Read(PolicySeries, lambda r: series_key(r.region, r.insured_type)),
    "policy.Question": Read(
        PolicyQuestionRecord, lambda r: question_key(r.region, r.insured_type, r.date)
    ),
    "region.Region": Read(RegionHome, lambda r: region_key(r.region)),
    "reimbursement.Application": Read(
        ApplicationRecord, lambda r: application_key(r.application_id)
    ),
    "reimbursement.Listed": Read(ListedRecord, lambda r: listed_key(r.list, r.kind, r.subject)),
    "reimbursement.Reported": Read(
        ReportedRecord, lambda r: reported_key(r.chain_id, r.application_id)
    ),
    "settlement.Settlement": Read(SettlementRecord, lambda r: settlement_key(r.settlement_id)),
    "voucher.Voucher": Read(VoucherRecord, lambda r: voucher_key(r.settlement_id)),
    "voucher.RemoteVoucher": Read(
        RemoteVoucherRecord, lambda r: remote_voucher_key(r.region, r.settlement_id)
    ),
    "voucher.RemoteBill": Read(RemoteBillRecord, _bill(remote_bill_key)),
}
"""`contract.Thing` → what `GetThing` answers with and `TraceThing` tells the events of."""
