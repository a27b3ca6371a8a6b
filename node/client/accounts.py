"""Digital accounts (数字账户): opening, and giving objects to their owners (归户)."""

from node.client.domain import Domain
from node.client.outcome import Recorded
from proto.api.account_pb2 import DESCRIPTOR, AccountKey, AccountReply
from proto.services_pb2 import TraceReply


class Accounts(Domain):
    """Digital accounts (数字账户)."""

    contract = "account"
    service = DESCRIPTOR.services_by_name["Accounts"]

    def attach(self, object: str, *, account_id: str = "") -> Recorded:
        """Give an unbound object to its owner, its payload sealed anew to their key."""
        return self._record("attach", object=object, account_id=account_id)

    def open(self, document: bytes, *, content: str = "") -> Recorded:
        """Open an account under a random id with the person's public key."""
        return self._record("open", document=document, content=content)

    def get(self, account_id: str) -> AccountReply:
        """An account and how many items it has; the items are in its trace (账户数据查询)."""
        return self._get("GetAccount", AccountKey(account_id=account_id), AccountReply)

    def trace(self, account_id: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceAccount", AccountKey(account_id=account_id), TraceReply)
