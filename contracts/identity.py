"""Identities: which keys may sign here, for which organisation and in which roles.

An organisation's own registrars (its governance keys or security administrators) give keys to its
own people, in the roles it is admitted for. Another organisation's people, the administrators and
who governs are decided by a majority: in a motion, or in one transaction that the majority signs.
"""

from contracts.codes import (
    IDENTITY_EXISTS,
    IDENTITY_REVOKED,
    MALFORMED_REQUEST,
    OBJECT_NOT_FOUND,
    ROLES_NOT_SEPARATE,
    SELF_REVOCATION,
    UNKNOWN_IDENTITY,
)
from contracts.fields import identifier, malformed, public_key, text
from contracts.framework import Context, Contract, Identity, Result, Rule, method
from contracts.governance.codes import (
    LAST_ADMINISTRATOR,
    LAST_GOVERNOR,
    MAJORITY_NEEDED,
    ORGANISATION_REMOVED,
    ORGANISATION_SUSPENDED,
    POSSESSION_INVALID,
    ROLE_NOT_ADMITTED,
)
from contracts.governance.organisations import (
    ACTIVE,
    GOVERNED,
    REGISTER,
    SUSPENDED,
    OrganisationRecord,
    admit_for,
    key_joined,
    key_left,
    majority_signs,
    move,
    organisation_key,
    require_majority,
    require_organisation,
)
from contracts.state_view import StateView
from contracts.trace import Traced, traced_as
from faults import Rejected
from ledger.genesis import ROLES, are_separate
from ledger.limits import WINDOW
from ledger.rotation import rotation_bytes
from proto.contracts_pb2 import (
    RegisterIdentityRequest,
    RevokeIdentityRequest,
    RotateIdentityRequest,
)


@traced_as("identity")
class IdentityRecord(Traced, frozen=True, kw_only=True):
    """One registered key. It is never removed, so a revoked key can't come back."""

    public_key: bytes
    org: str
    roles: tuple[str, ...]  # ascending
    label: str
    revoked_ms: int = 0  # 0 = in force
    replaced_by: bytes = b""  # the key that took its place, where it was rotated


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
    """Who signs with this key, in those of its roles that its organisation still has.

    Raises Rejected: UNKNOWN_IDENTITY, IDENTITY_REVOKED, ORGANISATION_SUSPENDED,
    ORGANISATION_REMOVED.
    """
    record = view.load(IdentityRecord, identity_key(key))
    if record is None:
        raise Rejected(UNKNOWN_IDENTITY)
    if record.revoked_ms:
        raise Rejected(IDENTITY_REVOKED, org=record.org)
    home = view.load(OrganisationRecord, organisation_key(record.org))
    if home is None:
        raise Rejected(UNKNOWN_IDENTITY, org=record.org)
    if home.status != ACTIVE:
        suspended = home.status == SUSPENDED
        code = ORGANISATION_SUSPENDED if suspended else ORGANISATION_REMOVED
        raise Rejected(code, org=record.org)
    roles = tuple(role for role in record.roles if role in home.roles)
    return Identity(record.public_key, record.org, roles)


REGISTRARS = Rule(roles=("governance", "security_admin"))
_LASTS = (LAST_GOVERNOR, LAST_ADMINISTRATOR)


class Identities(Contract):
    """Registering, rotating and revoking keys: one's own people's, and anyone's by a majority."""

    name = "identity"

    @method(
        request=RegisterIdentityRequest,
        rule=REGISTRARS,
        errors=(
            IDENTITY_EXISTS,
            MALFORMED_REQUEST,
            ROLES_NOT_SEPARATE,
            MAJORITY_NEEDED,
            ROLE_NOT_ADMITTED,
            ORGANISATION_SUSPENDED,
            ORGANISATION_REMOVED,
        ),
        subject=lambda request: str(request.org),
    )
    def register(self, ctx: Context, request: RegisterIdentityRequest) -> Result:
        """Register a key for one's own organisation; for any other as a majority endorses.

        Clauses 2.2.1.3.3.
        """
        roles = tuple(sorted(request.roles))
        if not majority_signs(ctx):
            _check_own(ctx, request.org, roles)
        return register(ctx, request)

    @method(
        request=RotateIdentityRequest,
        rule=Rule(roles=ROLES),
        errors=(IDENTITY_EXISTS, MALFORMED_REQUEST, POSSESSION_INVALID),
    )
    def rotate(self, ctx: Context, request: RotateIdentityRequest) -> Result:
        """Put another key in the signer's place; the old one can't sign any more.

        The new key proves that it is held; organisation, roles and label stay.

        Clauses 2.2.1.3.3.
        """
        old_key = identity_key(ctx.signer.public_key)
        new_key = identity_key(public_key("new_public_key", request.new_public_key))
        if ctx.load(IdentityRecord, new_key) is not None:
            raise Rejected(IDENTITY_EXISTS)
        _check_possession(ctx, request)
        old = ctx.require(IdentityRecord, old_key)
        record = identity_record(request.new_public_key, old.org, old.roles, old.label)
        ctx.store(new_key, record)
        ctx.emit(new_key, "register", org=old.org, roles=",".join(old.roles), replaces=old_key)
        # Not before 1, which would read as "in force".
        gone = old.changed(revoked_ms=max(ctx.time_ms, 1), replaced_by=record.public_key)
        ctx.store(old_key, gone)
        ctx.emit(old_key, "rotate", replaced_by=new_key)
        return {"object": new_key, "replaces": old_key}

    @method(
        request=RevokeIdentityRequest,
        rule=REGISTRARS,
        errors=(OBJECT_NOT_FOUND, IDENTITY_REVOKED, SELF_REVOCATION, MAJORITY_NEEDED, *_LASTS),
    )
    def revoke(self, ctx: Context, request: RevokeIdentityRequest) -> Result:
        """Put a key of one's own organisation out of force; any other as a majority endorses.

        Clauses 2.2.1.3.3.
        """
        record = _in_force(ctx, request.public_key)
        own = record.org == ctx.signer.org and not any(role in GOVERNED for role in record.roles)
        if not own:
            require_majority(ctx, "identity")
        # Whoever leaves has somebody else say so: what one signs last should not be one's own end.
        if request.public_key == ctx.signer.public_key:
            raise Rejected(SELF_REVOCATION)
        return revoke(ctx, request)


def register(ctx: Context, request: RegisterIdentityRequest) -> Result:
    """Register the key for an organisation that is or is hereby admitted for its roles.

    Whether the caller may is decided before. Raises Rejected: see the method.
    """
    roles = tuple(sorted(request.roles))
    record = identity_record(request.public_key, request.org, roles, request.label)
    key = identity_key(record.public_key)
    if ctx.load(IdentityRecord, key) is not None:
        raise Rejected(IDENTITY_EXISTS)
    admit_for(ctx, record.org, roles)
    ctx.store(key, record)
    key_joined(ctx, record.org, roles)
    ctx.emit(key, "register", org=record.org, roles=",".join(roles))
    return {"object": key}


def revoke(ctx: Context, request: RevokeIdentityRequest) -> Result:
    """Put the key out of force for good; whether the caller may is decided before.

    Raises Rejected: OBJECT_NOT_FOUND, IDENTITY_REVOKED, LAST_GOVERNOR, LAST_ADMINISTRATOR.
    """
    record = _in_force(ctx, request.public_key)
    reason = text("reason", request.reason, required=True)
    key = identity_key(record.public_key)
    ctx.store(key, record.changed(revoked_ms=max(ctx.time_ms, 1)))
    key_left(ctx, record.org, record.roles)
    ctx.emit(key, "revoke", reason=reason)
    return {"object": key}


def _check_own(ctx: Context, org: str, roles: tuple[str, ...]) -> None:
    """What one organisation decides alone: its own people, in the roles it is admitted for."""
    if any(role not in ROLES for role in roles):
        raise malformed("roles", "one that doesn't exist")
    if org != ctx.signer.org or any(role in GOVERNED for role in roles):
        raise Rejected(MAJORITY_NEEDED, what="identity", org=ctx.signer.org)
    move(ctx, org, REGISTER)
    admitted = require_organisation(ctx, org).roles
    missing = [role for role in roles if role not in admitted]
    if missing:
        raise Rejected(ROLE_NOT_ADMITTED, org=org, roles=",".join(missing))


def _in_force(ctx: Context, key: bytes) -> IdentityRecord:
    record = ctx.require(IdentityRecord, identity_key(public_key("public_key", key)))
    if record.revoked_ms:
        raise Rejected(IDENTITY_REVOKED, org=record.org)
    return record


def _check_possession(ctx: Context, request: RotateIdentityRequest) -> None:
    made = request.possession_height
    if not made <= ctx.height <= made + WINDOW:
        raise Rejected(POSSESSION_INVALID, height=made)
    old, new = ctx.signer.public_key, request.new_public_key
    statement = rotation_bytes(ctx.chain_id, old, new, made)
    if not ctx.suite.verify(new, statement, request.possession):
        raise Rejected(POSSESSION_INVALID, height=made)
