"""Identities (身份互认): the keys that act, their organisations and roles."""

from collections.abc import Sequence

from node.client.domain import Domain
from node.client.outcome import Receipt
from proto.api.identity_pb2 import DESCRIPTOR, IdentityKey, IdentityReply
from proto.contracts_pb2 import (
    RegisterIdentityRequest,
    RevokeIdentityRequest,
    RotateIdentityRequest,
)
from proto.services_pb2 import TraceReply


class Identities(Domain):
    """Identities (身份互认)."""

    contract = "identity"
    service = DESCRIPTOR.services_by_name["Identities"]

    def register(self, public_key: bytes, *, org: str, roles: Sequence[str], label: str) -> Receipt:
        """Register a key for one's own organisation; for any other as a majority endorses."""
        return self._write(
            "register",
            RegisterIdentityRequest(public_key=public_key, org=org, roles=roles, label=label),
        )

    def revoke(self, public_key: bytes, *, reason: str) -> Receipt:
        """Put a key of one's own organisation out of force; any other as a majority endorses."""
        return self._write("revoke", RevokeIdentityRequest(public_key=public_key, reason=reason))

    def rotate(
        self, new_public_key: bytes, *, possession: bytes, possession_height: int
    ) -> Receipt:
        """Put another key in the signer's place; the old one can't sign any more.

        `contracts.governance.requests.rotate_identity` makes the proof that the new key is held.
        """
        return self._write(
            "rotate",
            RotateIdentityRequest(
                new_public_key=new_public_key,
                possession=possession,
                possession_height=possession_height,
            ),
        )

    def get(self, public_key: bytes) -> IdentityReply:
        """A registered identity: its organisation and roles (身份互认信息)."""
        return self._get("GetIdentity", IdentityKey(public_key=public_key), IdentityReply)

    def trace(self, public_key: bytes) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceIdentity", IdentityKey(public_key=public_key), TraceReply)
