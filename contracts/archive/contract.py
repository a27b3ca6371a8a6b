"""The methods by which the archive system and the bureau keep archives on the chain."""

from contracts.archive.carrying import send_archive
from contracts.archive.changes import create, supersede, withdraw
from contracts.archive.checks import read_checks
from contracts.archive.codes import (
    ALREADY_CARRIED,
    ARCHIVE_CHECK_FAILED,
    ARCHIVE_CHECKS_INCOMPLETE,
    ARCHIVE_EXISTS,
    ARCHIVE_FOREIGN,
    ARCHIVE_MISMATCH,
    ARCHIVE_NOT_CATALOGUED,
    ARCHIVE_NOT_FOUND,
    ARCHIVE_REVOKED,
    ARCHIVE_VERSION_STALE,
    CARRY_FAILED,
    CARRY_PENDING,
    NEVER_CARRIED,
    NOT_ARCHIVE_KEEPER,
    NOTHING_TO_COMPENSATE,
)
from contracts.archive.records import ArchiveRecord, archive_key, require_archive
from contracts.archive.states import CARRY, COMPENSATE
from contracts.bridge.codes import SENDING
from contracts.codes import (
    ACCOUNT_NOT_FOUND,
    FORM_FIELDS_INVALID,
    PAYLOAD_INVALID,
    PAYLOAD_RECIPIENT,
)
from contracts.forms import ARCHIVE, archive_fields, check_form
from contracts.framework import Context, Contract, Result, Rule, method
from contracts.intake import take_in
from faults import Rejected
from ledger.codes import BAD_FORM
from proto.archive_pb2 import (
    CarryArchiveRequest,
    CompensateArchiveRequest,
    RegisterArchiveRequest,
    RevokeArchiveRequest,
    UpdateArchiveRequest,
)
from proto.transaction_pb2 import CommittedForm

BUREAU = "bureau"
KEEPERS = Rule(roles=("archive", BUREAU))
_DOCUMENT = (
    BAD_FORM,
    FORM_FIELDS_INVALID,
    ARCHIVE_NOT_CATALOGUED,
    ARCHIVE_CHECK_FAILED,
    ARCHIVE_CHECKS_INCOMPLETE,
    PAYLOAD_INVALID,
    PAYLOAD_RECIPIENT,
    ACCOUNT_NOT_FOUND,
)
_OWN = (ARCHIVE_NOT_FOUND, ARCHIVE_FOREIGN, NOT_ARCHIVE_KEEPER)
_ROUTE = (CARRY_PENDING, *SENDING)


class Archives(Contract):
    """Archives of persons and enterprises."""

    name = "archive"

    @method(
        request=RegisterArchiveRequest,
        rule=KEEPERS,
        errors=(ARCHIVE_EXISTS, *_DOCUMENT),
        saves_failure=lambda request: _named_key(request.form),
    )
    def register(self, ctx: Context, request: RegisterArchiveRequest) -> Result:
        """Put a catalogued and checked archive on the chain (档案信息上链, 2.2.1.6.16.4).

        Clauses 2.2.1.6.1, 2.2.1.4.7.1, 2.2.1.4.7.4.
        """
        intake = take_in(ctx, request.payload, request.account_id, ())
        checked = check_form(request.form, ARCHIVE)
        checks = read_checks(request.checks)
        fields = archive_fields(checked)
        key = create(ctx, checked, fields, intake, checks, home_chain=ctx.chain_id)
        return {"object": key, "account": intake.account_id, "version": 1}

    @method(
        request=UpdateArchiveRequest,
        rule=KEEPERS,
        errors=(ARCHIVE_REVOKED, ARCHIVE_VERSION_STALE, ARCHIVE_MISMATCH, *_OWN, *_DOCUMENT),
        saves_failure=lambda request: _named_key(request.form),
    )
    def update(self, ctx: Context, request: UpdateArchiveRequest) -> Result:
        """Put a new version in force; the old one stays reachable (档案更新, 2.2.1.6.16.6).

        A version that is being carried goes on its way.
        """
        intake = take_in(ctx, request.payload, "", ())
        checked = check_form(request.form, ARCHIVE)
        fields = archive_fields(checked)
        archive = _own(ctx, fields.archive_code)
        checks = read_checks(request.checks)
        # Two updates made from one version would silently undo each other.
        if request.supersedes != archive.version:
            raise Rejected(ARCHIVE_VERSION_STALE, current=archive.version)
        version = archive.version + 1
        key = supersede(ctx, archive, checked, fields, intake, checks, version=version)
        return {"object": key, "account": archive.account_id, "version": version}

    @method(
        request=RevokeArchiveRequest,
        rule=KEEPERS,
        errors=(ARCHIVE_REVOKED, *_OWN),
        saves_failure=lambda request: archive_key(request.archive_code),
    )
    def revoke(self, ctx: Context, request: RevokeArchiveRequest) -> Result:
        """Put an archive out of force, with the reason (档案撤销, 2.2.1.4.7.2).

        Nobody is granted it or reads it any more. A version that is being carried goes on its way,
        and the revocation behind it.

        Clauses 2.2.1.6.1.
        """
        archive = _own(ctx, request.archive_code)
        state = withdraw(ctx, archive, request.reason)
        return {"object": archive_key(request.archive_code), "state": state}

    @method(
        request=CarryArchiveRequest,
        rule=KEEPERS,
        errors=(ALREADY_CARRIED, CARRY_FAILED, NEVER_CARRIED, *_OWN, *_ROUTE),
        saves_failure=lambda request: archive_key(request.archive_code),
    )
    def carry(self, ctx: Context, request: CarryArchiveRequest) -> Result:
        """Send the version in force, or the revocation, to the government chain (搬运, 2.2.1.2).

        Clauses 2.2.1.6.1.
        """
        archive = _own(ctx, request.archive_code)
        packet_id = send_archive(ctx, archive, CARRY)
        return {"object": archive_key(request.archive_code), "packet": packet_id.hex()}

    @method(
        request=CompensateArchiveRequest,
        rule=KEEPERS,
        errors=(NOTHING_TO_COMPENSATE, *_OWN, *_ROUTE),
        saves_failure=lambda request: archive_key(request.archive_code),
    )
    def compensate(self, ctx: Context, request: CompensateArchiveRequest) -> Result:
        """Send again what the government chain refused or never took (失败补偿, 2.2.1.2).

        That is the newest version that was sent, or the revocation.

        Clauses 2.2.1.6.1.
        """
        archive = _own(ctx, request.archive_code)
        packet_id = send_archive(ctx, archive, COMPENSATE)
        return {"object": archive_key(request.archive_code), "packet": packet_id.hex()}


def _own(ctx: Context, archive_code: str) -> ArchiveRecord:
    """The archive, which must be at home here and the caller's (the bureau may act on any)."""
    archive = require_archive(ctx, archive_code)
    if archive.home_chain != ctx.chain_id:
        raise Rejected(ARCHIVE_FOREIGN, home=archive.home_chain)
    if archive.keeper_org != ctx.signer.org and BUREAU not in ctx.signer.roles:
        raise Rejected(NOT_ARCHIVE_KEEPER, keeper=archive.keeper_org)
    return archive


def _named_key(form: CommittedForm) -> str:
    named = [one.value for one in form.fields if one.path == "archive_code"]
    return archive_key(named[0]) if named else ""
