"""Identities: which keys may sign here, for which organisation and in which roles."""

from contracts.codes import (
    IDENTITY_EXISTS,
    IDENTITY_REVOKED,
    MALFORMED_REQUEST,
    NOT_PERMITTED,
    OBJECT_NOT_FOUND,
    ROLES_NOT_SEPARATE,
    SELF_REVOCATION,
    UNKNOWN_IDENTITY,
)
from contracts.fields import identifier, malformed, public_key, text
from contracts.framework import Context, Contract, Identity, Result, Rule, method
from contracts.governance.organisations import key_joined, key_left
from contracts.state_view import StateView
from contracts.trace import Traced, traced_as
from faults import Rejected
from ledger.genesis import ADMINISTRATORS, ROLES, are_separate
from proto.contracts_pb2 import RegisterIdentityRequest, RevokeIdentityRequest


@traced_as("identity")
class IdentityRecord(Traced, frozen=True, kw_only=True):
    """One registered key. It is never removed, so a revoked key can't come back."""

    public_key: bytes
    org: str
    roles: tuple[str, ...]  # ascending
    label: str
    revoked_ms: int = 0  # 0 = in force


def identity_key(key: bytes) -> str:
    """State key of the identity with this public key."""
    return f"identity/{key.hex()}"


def identity_record(key: bytes, org: str, roles: tuple[str, ...], label: str) -> IdentityRecord:
    """A checked record; Rejected(MALFORMED_REQUEST) names the field that is wrong."""
    unknown = [role for role in roles if role not in ROLES]
    if not roles or unknown:
        raise malformed("roles", "none, or one that doesn't exist")
    if tuple(sorted(set(roles))) != roles:
        raise malformed("roles", "not ascending, each once")
    if not are_separate(roles):
        raise Rejected(ROLES_NOT_SEPARATE, roles=",".join(roles))
    return IdentityRecord(
        public_key=public_key("public_key", key),
        org=identifier("org", org),
        roles=roles,
        label=text("label", label),
    )


def signer_identity(view: StateView, key: bytes) -> Identity:
    """Who signs with this key. Raises Rejected UNKNOWN_IDENTITY or IDENTITY_REVOKED."""
    record = view.load(IdentityRecord, identity_key(key))
    if record is None:
        raise Rejected(UNKNOWN_IDENTITY)
    if record.revoked_ms:
        raise Rejected(IDENTITY_REVOKED, org=record.org)
    return Identity(record.public_key, record.org, record.roles)


REGISTRARS = Rule(roles=("governance", "security_admin"))
GOVERNED = ("governance", *ADMINISTRATORS)
"""Roles that only governance gives and takes: nobody makes itself a colleague."""


def _check_registrar(signer: Identity, roles: tuple[str, ...]) -> None:
    if "governance" not in signer.roles and any(role in GOVERNED for role in roles):
        raise Rejected(NOT_PERMITTED, needs="governance", org=signer.org)


class Identities(Contract):
    """Registering and revoking keys, by governance and, for ordinary roles, a security_admin."""

    name = "identity"

    @method(
        request=RegisterIdentityRequest,
        rule=REGISTRARS,
        errors=(IDENTITY_EXISTS, MALFORMED_REQUEST, ROLES_NOT_SEPARATE, NOT_PERMITTED),
        subject=lambda request: str(request.org),
    )
    def register(self, ctx: Context, request: RegisterIdentityRequest) -> Result:
        """Register a key for an organisation.

        Clauses 2.2.1.3.3.
        """
        roles = tuple(sorted(request.roles))
        record = identity_record(request.public_key, request.org, roles, request.label)
        _check_registrar(ctx.signer, roles)
        key = identity_key(record.public_key)
        if ctx.load(IdentityRecord, key) is not None:
            raise Rejected(IDENTITY_EXISTS)
        ctx.store(key, record)
        key_joined(ctx, record.org, roles)
        ctx.emit(key, "register", org=record.org, roles=",".join(roles))
        return {"object": key}

    @method(
        request=RevokeIdentityRequest,
        rule=REGISTRARS,
        errors=(OBJECT_NOT_FOUND, IDENTITY_REVOKED, SELF_REVOCATION, NOT_PERMITTED),
    )
    def revoke(self, ctx: Context, request: RevokeIdentityRequest) -> Result:
        """Put a key out of force for good.

        Clauses 2.2.1.3.3.
        """
        key = identity_key(public_key("public_key", request.public_key))
        record = ctx.require(IdentityRecord, key)
        if record.revoked_ms:
            raise Rejected(IDENTITY_REVOKED, org=record.org)
        _check_registrar(ctx.signer, record.roles)
        # Otherwise the last governance key could take itself away and nobody could act again.
        if request.public_key == ctx.signer.public_key:
            raise Rejected(SELF_REVOCATION)
        reason = text("reason", request.reason, required=True)
        ctx.store(key, record.changed(revoked_ms=ctx.time_ms))
        key_left(ctx, record.org, record.roles)
        ctx.emit(key, "revoke", reason=reason)
        return {"object": key}
