"""Authorizations (授权管理): who may read what, what for, until when, and each reading of it.

A read is a transaction: this contract decides by the grants in force at its block, and its receipt
is the ticket on which the custodian re-wraps the key to the reader. Refused attempts are kept too.
"""

from contracts.account import Owned, account_key, require_account
from contracts.archive.codes import ARCHIVE_REVOKED
from contracts.archive.records import check_shown
from contracts.bill.record import BillRecord
from contracts.bill.rules import Action, check_state
from contracts.bridge.codes import CHANNEL_PAUSED, NO_CHANNEL
from contracts.codes import (
    ACCOUNT_NOT_FOUND,
    ALREADY_REPORTED,
    AUTHORIZATION_EXISTS,
    AUTHORIZATION_NOT_FOUND,
    AUTHORIZATION_PERIOD,
    AUTHORIZATION_REVOKED,
    BILL_FROZEN,
    BILL_RED,
    NOT_AUTHORIZED,
    NOT_OWNER,
    NOTHING_TO_RESEND,
    OBJECT_NOT_FOUND,
    REPORT_PENDING,
    TOO_MANY_GRANTS,
)
from contracts.fields import identifier, malformed, public_key, random_id, shown, text, word
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.grant import crossing
from contracts.grant.records import AuthorizationRecord, authorization_key, compartments_of
from contracts.parameters import parameters
from contracts.trace import record_class
from faults import Rejected
from ledger.records import Record
from proto.contracts_pb2 import (
    GrantRequest,
    ReadRequest,
    ResendAuthorizationRequest,
    RevokeRequest,
)

IDENTITY_CHECKS = ("counter", "face", "id_photo", "mobile", "sms")
# Grants in force of one organisation on one object: a bound for what a read looks through.
GRANTS_MAX = 32


class GrantIndex(Record, frozen=True, kw_only=True):
    """The grants of one organisation on one object that had not ended when it was last written."""

    authorization_ids: tuple[str, ...]


def grant_index_key(object_key: str, org: str) -> str:
    """State key of the list of an organisation's grants on an object."""
    return f"grant-index/{object_key}/{org}"


class Authorizations(Contract):
    """Granting and revoking through the bureau; reading by whoever was granted."""

    name = "authorization"

    @method(
        request=GrantRequest,
        rule=Rule(roles=("bureau",)),
        errors=(
            AUTHORIZATION_EXISTS,
            ACCOUNT_NOT_FOUND,
            OBJECT_NOT_FOUND,
            NOT_OWNER,
            BILL_RED,
            BILL_FROZEN,
            ARCHIVE_REVOKED,
            AUTHORIZATION_PERIOD,
            TOO_MANY_GRANTS,
        ),
    )
    def grant(self, ctx: Context, request: GrantRequest) -> Result:
        """授权: the owner, through the bureau, lets an organisation read an object or account.

        Clauses 2.2.1.6.1, 2.2.1.6.4, 2.2.1.4.2.6.
        """
        record = _read_grant(request)
        key = authorization_key(record.authorization_id)
        if ctx.load(AuthorizationRecord, key) is not None:
            raise Rejected(AUTHORIZATION_EXISTS, authorization=record.authorization_id)
        _check_owned(ctx, record)
        begins, longest = max(record.from_ms, ctx.time_ms), parameters(ctx).authorization_ms_max
        if not begins < record.to_ms or record.to_ms - begins > longest:
            raise Rejected(AUTHORIZATION_PERIOD, to_ms=record.to_ms, time_ms=ctx.time_ms)
        ctx.store(key, record)
        _add_to_index(ctx, record)
        ctx.emit(key, "grant", object=record.object, org=record.grantee_org)
        ctx.emit(
            record.object,
            "authorize",
            authorization=record.authorization_id,
            org=record.grantee_org,
            purpose=record.purpose,
            to_ms=record.to_ms,
            identity_check=record.identity_check,
        )
        crossing.tell_home(ctx, record.authorization_id)
        return {"object": key}

    @method(
        request=RevokeRequest,
        rule=Rule(roles=("bureau",)),
        errors=(AUTHORIZATION_NOT_FOUND, AUTHORIZATION_REVOKED),
    )
    def revoke(self, ctx: Context, request: RevokeRequest) -> Result:
        """授权撤销: nobody reads under this grant any more, from this operation on.

        Clauses 2.2.1.6.1, 2.2.1.6.6.
        """
        key = authorization_key(random_id("authorization_id", request.authorization_id))
        record = ctx.require(AuthorizationRecord, key, AUTHORIZATION_NOT_FOUND)
        if record.revoked_ms:
            raise Rejected(AUTHORIZATION_REVOKED, authorization=record.authorization_id)
        reason = text("reason", request.reason)
        ctx.store(key, record.changed(revoked_ms=max(ctx.time_ms, 1)))
        ctx.emit(key, "revoke", reason=reason)
        ctx.emit(
            record.object,
            "revoke_authorization",
            authorization=record.authorization_id,
            org=record.grantee_org,
        )
        crossing.tell_home(ctx, record.authorization_id)
        return {"object": key}

    @method(
        request=ResendAuthorizationRequest,
        rule=Rule(roles=("bureau",)),
        errors=(
            AUTHORIZATION_NOT_FOUND,
            NOTHING_TO_RESEND,
            REPORT_PENDING,
            ALREADY_REPORTED,
            NO_CHANNEL,
            CHANNEL_PAUSED,
        ),
        saves_failure=lambda request: authorization_key(request.authorization_id),
    )
    def resend(self, ctx: Context, request: ResendAuthorizationRequest) -> Result:
        """失败补偿: tell a bill's home again of a grant, or revocation, that it did not take.

        Clauses 2.2.1.6.1.
        """
        authorization_id = random_id("authorization_id", request.authorization_id)
        key = authorization_key(authorization_id)
        ctx.require(AuthorizationRecord, key, AUTHORIZATION_NOT_FOUND)
        packet_id = crossing.resend(ctx, authorization_id)
        return {"object": key, "packet": packet_id.hex()}

    @method(
        request=ReadRequest,
        rule=Rule(),
        errors=(OBJECT_NOT_FOUND, NOT_AUTHORIZED, BILL_RED, BILL_FROZEN, ARCHIVE_REVOKED),
        saves_failure=lambda request: str(request.object),
    )
    def read(self, ctx: Context, request: ReadRequest) -> Result:
        """Ask to read an object's payload. An OK receipt is the ticket for the custodian.

        Clauses 2.2.1.4.2.7, 2.2.1.6.2.
        """
        record = _readable(ctx, request.object)
        compartment = word("compartment", request.compartment)
        purpose = word("purpose", request.purpose)
        reader = public_key("reader_key", request.reader_key)
        grant = _grant_for(ctx, request.object, record, compartment, purpose)
        check_shown(ctx, record)
        if isinstance(record, BillRecord):
            check_state(record, Action.READ, ctx.time_ms)
        ctx.emit(
            request.object,
            "read",
            authorization=grant.authorization_id,
            org=ctx.signer.org,
            compartment=compartment,
            purpose=purpose,
        )
        ctx.emit(authorization_key(grant.authorization_id), "use", object=request.object)
        return {
            "object": request.object,
            "authorization": grant.authorization_id,
            "account": record.account_id,
            "compartment": compartment,
            "reader_key": reader.hex(),
            "payload_hash": record.payload.hash.hex(),
            "payload_height": record.payload.height,
            "payload_tx": record.payload.tx_hash.hex(),
            "payload_operation": record.payload.operation,
        }


def _read_grant(request: GrantRequest) -> AuthorizationRecord:
    compartments = compartments_of(request.compartments)
    if request.identity_check not in IDENTITY_CHECKS:
        raise malformed("identity_check", f"one of {', '.join(IDENTITY_CHECKS)}")
    return AuthorizationRecord(
        authorization_id=random_id("authorization_id", request.authorization_id),
        account_id=random_id("account_id", request.account_id),
        grantee_org=identifier("grantee_org", request.grantee_org),
        object=text("object", request.object, required=True),
        compartments=compartments,
        purpose=word("purpose", request.purpose),
        from_ms=request.from_ms,
        to_ms=request.to_ms,
        identity_check=request.identity_check,
        identity_reference=text("identity_reference", request.identity_reference, required=True),
    )


def _check_owned(ctx: Context, grant: AuthorizationRecord) -> None:
    """The object is the grantor's account itself or belongs to it, and is no cancelled bill."""
    require_account(ctx, grant.account_id)
    if grant.object == account_key(grant.account_id):
        return
    record = _readable(ctx, grant.object)
    if record.account_id != grant.account_id:
        raise Rejected(NOT_OWNER, object=grant.object)
    check_shown(ctx, record)
    if isinstance(record, BillRecord):
        check_state(record, Action.GRANT, ctx.time_ms)


def _readable(ctx: Context, object_key: str) -> Owned:
    """The record of an object that has a payload and may have an owner."""
    cls = record_class(object_key)
    record = None
    if cls is not None and issubclass(cls, Owned):
        record = ctx.load(cls, object_key)
    if not isinstance(record, Owned):
        raise Rejected(OBJECT_NOT_FOUND, object=shown(object_key))
    return record


def _add_to_index(ctx: Context, grant: AuthorizationRecord) -> None:
    key = grant_index_key(grant.object, grant.grantee_org)
    index = ctx.load(GrantIndex, key) or GrantIndex(authorization_ids=())
    live = []
    for authorization_id in index.authorization_ids:
        one = ctx.require(AuthorizationRecord, authorization_key(authorization_id))
        if not one.revoked_ms and ctx.time_ms < one.to_ms:
            live.append(authorization_id)
    if len(live) >= GRANTS_MAX:
        raise Rejected(TOO_MANY_GRANTS, org=grant.grantee_org, limit=GRANTS_MAX)
    ctx.store(key, GrantIndex(authorization_ids=(*live, grant.authorization_id)))


def _grant_for(
    ctx: Context, object_key: str, record: Owned, compartment: str, purpose: str
) -> AuthorizationRecord:
    """The first grant in force that covers this read; Rejected(NOT_AUTHORIZED) if there is none."""
    if record.account_id:
        for scope in (object_key, account_key(record.account_id)):
            index = ctx.load(GrantIndex, grant_index_key(scope, ctx.signer.org))
            for authorization_id in index.authorization_ids if index else ():
                one = ctx.require(AuthorizationRecord, authorization_key(authorization_id))
                if (
                    one.in_force(ctx.time_ms)
                    and one.account_id == record.account_id
                    and one.grantee_org == ctx.signer.org
                    and compartment in one.compartments
                    and purpose == one.purpose
                ):
                    return one
    raise Rejected(NOT_AUTHORIZED, org=ctx.signer.org, object=object_key)
