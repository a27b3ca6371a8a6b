"""Archives (参保档案): register, update, revoke, carry to the government chain, query."""

from collections.abc import Sequence

from node.client.domain import Domain
from node.client.outcome import Receipt
from proto.api.archive_pb2 import DESCRIPTOR, ArchiveKey, ArchiveReply, VersionKey, VersionReply
from proto.archive_pb2 import (
    ArchiveCheck,
    CarryArchiveRequest,
    CompensateArchiveRequest,
    RegisterArchiveRequest,
    RevokeArchiveRequest,
    UpdateArchiveRequest,
)
from proto.services_pb2 import TraceReply
from proto.transaction_pb2 import CommittedForm, SealedPayload


class Archives(Domain):
    """Archives (参保档案)."""

    contract = "archive"
    service = DESCRIPTOR.services_by_name["Archives"]

    def carry(self, archive_code: str) -> Receipt:
        """Send the version in force, or the revocation, to the government chain (搬运)."""
        return self._write("carry", CarryArchiveRequest(archive_code=archive_code))

    def compensate(self, archive_code: str) -> Receipt:
        """Send again what the government chain refused or never took (失败补偿)."""
        return self._write("compensate", CompensateArchiveRequest(archive_code=archive_code))

    def register(
        self,
        form: CommittedForm,
        *,
        payload: SealedPayload,
        account_id: str = "",
        checks: Sequence[ArchiveCheck],
    ) -> Receipt:
        """Put a catalogued and checked archive on the chain (档案信息上链)."""
        return self._write(
            "register",
            RegisterArchiveRequest(
                form=form, payload=payload, account_id=account_id, checks=checks
            ),
        )

    def revoke(self, archive_code: str, *, reason: str) -> Receipt:
        """Put an archive out of force, with the reason (档案撤销)."""
        return self._write("revoke", RevokeArchiveRequest(archive_code=archive_code, reason=reason))

    def update(
        self,
        form: CommittedForm,
        *,
        payload: SealedPayload,
        checks: Sequence[ArchiveCheck],
        supersedes: int,
    ) -> Receipt:
        """Put a new version in force; the old one stays reachable (档案更新)."""
        return self._write(
            "update",
            UpdateArchiveRequest(form=form, payload=payload, checks=checks, supersedes=supersedes),
        )

    def get(self, archive_code: str) -> ArchiveReply:
        """An archive as it stands now (档案信息查询)."""
        return self._get("GetArchive", ArchiveKey(archive_code=archive_code), ArchiveReply)

    def trace(self, archive_code: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceArchive", ArchiveKey(archive_code=archive_code), TraceReply)

    def get_version(self, archive_code: str, version: int) -> VersionReply:
        """A superseded version of an archive."""
        return self._get(
            "GetVersion", VersionKey(archive_code=archive_code, version=version), VersionReply
        )

    def trace_version(self, archive_code: str, version: int) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceVersion", VersionKey(archive_code=archive_code, version=version), TraceReply
        )
