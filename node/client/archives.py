"""Archives (参保档案): register, update, revoke, carry to the government chain, query."""

from collections.abc import Sequence

from node.client.domain import Domain
from node.client.outcome import Receipt, Recorded
from proto.api.archive_pb2 import DESCRIPTOR, ArchiveKey, ArchiveReply, VersionKey, VersionReply
from proto.archive_pb2 import (
    ArchiveCheck,
    CarryArchiveRequest,
    CompensateArchiveRequest,
    RevokeArchiveRequest,
)
from proto.services_pb2 import TraceReply


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
        self, document: bytes, *, checks: Sequence[ArchiveCheck], content: str = ""
    ) -> Recorded:
        """Put a catalogued and checked archive on the chain (档案信息上链)."""
        return self._record("register", document=document, checks=checks, content=content)

    def revoke(self, archive_code: str, *, reason: str) -> Receipt:
        """Put an archive out of force, with the reason (档案撤销)."""
        return self._write("revoke", RevokeArchiveRequest(archive_code=archive_code, reason=reason))

    def update(
        self, document: bytes, *, checks: Sequence[ArchiveCheck], supersedes: int, content: str = ""
    ) -> Recorded:
        """Put a new version in force; the old one stays reachable (档案更新)."""
        return self._record(
            "update", document=document, checks=checks, supersedes=supersedes, content=content
        )

    def get(self, archive_code: str) -> ArchiveReply:
        """An archive as it stands now (档案信息查询)."""
        return self._get("GetArchive", ArchiveKey(archive_code=archive_code), ArchiveReply)

    def trace(self, archive_code: str) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get("TraceArchive", ArchiveKey(archive_code=archive_code), TraceReply)

    def get_version(self, archive_code: str, version: int) -> VersionReply:
        """A version of an archive that was carried or superseded, with how far it got."""
        return self._get(
            "GetVersion", VersionKey(archive_code=archive_code, version=version), VersionReply
        )

    def trace_version(self, archive_code: str, version: int) -> TraceReply:
        """All its events, oldest first, proved complete."""
        return self._get(
            "TraceVersion", VersionKey(archive_code=archive_code, version=version), TraceReply
        )
