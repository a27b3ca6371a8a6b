"""Filings for treatment elsewhere (参保人异地就医备案)."""

from node.client.domain import Domain
from node.client.outcome import Receipt, Recorded
from proto.api.filing_pb2 import (
    DESCRIPTOR,
    AccountKey,
    FilingKey,
    FilingReply,
    FilingsOfAccountReply,
)
from proto.filing_pb2 import RevokeFilingRequest
from proto.services_pb2 import TraceReply


class Filings(Domain):
    """Filings for treatment elsewhere (参保人异地就医备案)."""

    contract = "filing"
    service = DESCRIPTOR.services_by_name["Filings"]

    def change(self, document: bytes, *, supersedes: int) -> Recorded:
        """Change a filing's period, place or kind; its trace keeps the terms before."""
        return self._record("change", document=document, supersedes=supersedes)

    def register(self, document: bytes) -> Recorded:
        """Put an insured person's filing on the chain (参保人备案)."""
        return self._record("register", document=document)

    def revoke(self, filing_id: str, *, reason: str) -> Receipt:
        """Revoke a filing, with the reason (备案撤销)."""
        return self._write("revoke", RevokeFilingRequest(filing_id=filing_id, reason=reason))

    def get(self, filing_id: str) -> FilingReply:
        """A filing for treatment elsewhere (备案查询)."""
        return self._get("GetFiling", FilingKey(filing_id=filing_id), FilingReply)

    def trace(self, filing_id: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceFiling", FilingKey(filing_id=filing_id), TraceReply)

    def get_filings_of_account(self, account_id: str) -> FilingsOfAccountReply:
        """An account's filings that have not ended."""
        return self._get(
            "GetFilingsOfAccount", AccountKey(account_id=account_id), FilingsOfAccountReply
        )
