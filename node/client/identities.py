"""Identities (身份互认): the keys that act, their organisations and roles."""

from collections.abc import Sequence

from node.client.domain import Domain
from node.client.outcome import Receipt
from proto.api.identity_pb2 import DESCRIPTOR, IdentityKey, IdentityReply
from proto.contracts_pb2 import RegisterIdentityRequest, RevokeIdentityRequest
from proto.services_pb2 import TraceReply


class Identities(Domain):
    """Identities (身份互认)."""

    contract = "identity"
    service = DESCRIPTOR.services_by_name["Identities"]

    def register(self, public_key: bytes, *, org: str, roles: Sequence[str], label: str) -> Receipt:
        """Register a key for an organisation."""
        return self._write(
            "register",
            RegisterIdentityRequest(public_key=public_key, org=org, roles=roles, label=label),
        )

    def revoke(self, public_key: bytes, *, reason: str) -> Receipt:
        """Put a key out of force for good."""
        return self._write("revoke", RevokeIdentityRequest(public_key=public_key, reason=reason))

    def get(self, public_key: bytes) -> IdentityReply:
        """A registered identity: its organisation and roles (身份互认信息)."""
        return self._get("GetIdentity", IdentityKey(public_key=public_key), IdentityReply)

    def trace(self, public_key: bytes) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceIdentity", IdentityKey(public_key=public_key), TraceReply)
