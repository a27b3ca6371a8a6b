"""Authorizations (授权管理): who may read what, what for, until when, and each reading."""

from collections.abc import Sequence

from node.client.domain import Domain
from node.client.outcome import Receipt
from proto.api.authorization_pb2 import (
    DESCRIPTOR,
    AuthorizationKey,
    AuthorizationReply,
    GrantedKey,
    GrantedReply,
    GrantsKey,
    GrantsReply,
)
from proto.contracts_pb2 import GrantRequest, ReadRequest, ResendAuthorizationRequest, RevokeRequest
from proto.services_pb2 import TraceReply


class Authorizations(Domain):
    """Authorizations (授权管理)."""

    contract = "authorization"
    service = DESCRIPTOR.services_by_name["Authorizations"]

    def grant(
        self,
        authorization_id: str,
        *,
        account_id: str,
        grantee_org: str,
        object: str,
        compartments: Sequence[str],
        purpose: str,
        from_ms: int,
        to_ms: int,
        identity_check: str,
        identity_reference: str,
    ) -> Receipt:
        """授权: the owner, through the bureau, lets an organisation read an object or account."""
        return self._write(
            "grant",
            GrantRequest(
                authorization_id=authorization_id,
                account_id=account_id,
                grantee_org=grantee_org,
                object=object,
                compartments=compartments,
                purpose=purpose,
                from_ms=from_ms,
                to_ms=to_ms,
                identity_check=identity_check,
                identity_reference=identity_reference,
            ),
        )

    def read(self, object: str, *, compartment: str, purpose: str, reader_key: bytes) -> Receipt:
        """Ask to read an object's payload. An OK receipt is the ticket for the custodian."""
        return self._write(
            "read",
            ReadRequest(
                object=object, compartment=compartment, purpose=purpose, reader_key=reader_key
            ),
        )

    def resend(self, authorization_id: str) -> Receipt:
        """失败补偿: tell a bill's home again of a grant, or revocation, that it did not take."""
        return self._write("resend", ResendAuthorizationRequest(authorization_id=authorization_id))

    def revoke(self, authorization_id: str, *, reason: str) -> Receipt:
        """授权撤销: nobody reads under this grant any more, from this operation on."""
        return self._write(
            "revoke", RevokeRequest(authorization_id=authorization_id, reason=reason)
        )

    def get(self, authorization_id: str) -> AuthorizationReply:
        """A grant: by whom, to whom, what for, from when to when (票据授权查询)."""
        return self._get(
            "GetAuthorization",
            AuthorizationKey(authorization_id=authorization_id),
            AuthorizationReply,
        )

    def trace(self, authorization_id: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceAuthorization", AuthorizationKey(authorization_id=authorization_id), TraceReply
        )

    def get_granted(self, chain_id: str, authorization_id: str) -> GrantedReply:
        """What another chain granted on a bill of ours: it gives nobody rights here."""
        return self._get(
            "GetGranted",
            GrantedKey(chain_id=chain_id, authorization_id=authorization_id),
            GrantedReply,
        )

    def trace_granted(self, chain_id: str, authorization_id: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceGranted",
            GrantedKey(chain_id=chain_id, authorization_id=authorization_id),
            TraceReply,
        )

    def get_grants(self, object: str, org: str) -> GrantsReply:
        """One organisation's grants on one object that had not ended at the last one."""
        return self._get("GetGrants", GrantsKey(object=object, org=org), GrantsReply)
