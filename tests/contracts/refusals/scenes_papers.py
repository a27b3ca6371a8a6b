"""Scenes of archives, filings, policies and catalogues."""

from typing import Any

from proto import archive_pb2 as apb
from proto import catalogue_pb2 as cpb
from proto import filing_pb2 as fpb
from proto import policy_pb2 as ppb
from tests.contracts import regions
from tests.contracts.archive import test_archives as archives
from tests.contracts.catalogue import requests as catalogue
from tests.contracts.filing import test_filings as filings
from tests.contracts.harness import PROVINCE, Chain
from tests.contracts.refusals.scene import scene
from tests.contracts.refusals.scenes_people import region, remote_region
from tests.contracts.refusals.stage import Stage

ELSEWHERE = regions.GUANGDONG

# ---- archive


def archive_code(n: int) -> str:
    return f"YB99-CBBG-2024-Y-{n:07d}"


def archived(stage: Stage, n: int) -> Chain:
    request = archives.register(stage.province, archive_code=archive_code(n))
    stage.province.ok("archivist", "archive.register", request)
    return stage.province


def carrying(n: int) -> apb.CarryArchiveRequest:
    return apb.CarryArchiveRequest(archive_code=archive_code(n))


ARCHIVE: dict[str, Any] = {
    "missing": "ARCHIVE_NOT_FOUND",
    "others": {"archivist_b": "NOT_ARCHIVE_KEEPER"},
    "foreign": "ARCHIVE_FOREIGN",
}


@scene("archive.register", "archivist", again="ARCHIVE_EXISTS", missing="OK")
def register_archive(stage: Stage, n: int) -> apb.RegisterArchiveRequest:
    return archives.register(stage.province, archive_code=archive_code(n))


@scene("archive.update", "archivist", again="ARCHIVE_VERSION_STALE", **ARCHIVE)
def update_archive(stage: Stage, n: int) -> apb.UpdateArchiveRequest:
    archived(stage, n)
    return archives.update(stage.province, archive_code=archive_code(n))


@scene("archive.revoke", "archivist", again="ARCHIVE_REVOKED", **ARCHIVE)
def revoke_archive(stage: Stage, n: int) -> apb.RevokeArchiveRequest:
    archived(stage, n)
    return apb.RevokeArchiveRequest(archive_code=archive_code(n), reason="filed twice")


@scene("archive.carry", "archivist", again="CARRY_PENDING", **ARCHIVE)
def carry_archive(stage: Stage, n: int) -> apb.CarryArchiveRequest:
    archived(stage, n)
    return carrying(n)


@scene("archive.compensate", "archivist", again="CARRY_PENDING", **ARCHIVE)
def compensate_archive(stage: Stage, n: int) -> apb.CompensateArchiveRequest:
    archived(stage, n).ok("archivist", "archive.carry", carrying(n))
    stage.lose(stage.province)
    return apb.CompensateArchiveRequest(archive_code=archive_code(n))


# ---- filing


def filing_of(n: int) -> str:
    return f"F-{n}"


def filing(stage: Stage, n: int) -> fpb.RegisterFilingRequest:
    """A person has one filing at a time, so each scene's is of an account of its own."""
    number = 1_000 + n
    stage.account_of(number)
    return filings.register(stage.province, account=number, filing_id=filing_of(n))


def filed(stage: Stage, n: int) -> None:
    stage.province.ok("bureau", "filing.register", filing(stage, n))


FILING: dict[str, Any] = {
    "missing": "FILING_NOT_FOUND",
    "others": {"bureau_b": "NOT_FILING_KEEPER"},
    "foreign": "FILING_FOREIGN",
}


@scene("filing.register", "bureau", again="FILING_EXISTS", missing="ACCOUNT_NOT_FOUND")
def register_filing(stage: Stage, n: int) -> fpb.RegisterFilingRequest:
    return filing(stage, n)


@scene("filing.change", "bureau", again="FILING_VERSION_STALE", **FILING)
def change_filing(stage: Stage, n: int) -> fpb.ChangeFilingRequest:
    filed(stage, n)
    return filings.change(
        stage.province, account=1_000 + n, filing_id=filing_of(n), treatment_region="440300"
    )


@scene("filing.revoke", "bureau", again="FILING_REVOKED", **FILING)
def revoke_filing(stage: Stage, n: int) -> fpb.RevokeFilingRequest:
    filed(stage, n)
    return filings.revoke(name=filing_of(n))


# ---- policy


def assigned(stage: Stage, n: int) -> str:
    for chain in (stage.province, stage.national):
        regions.assign(chain, region(n), PROVINCE)
    return region(n)


def policy(stage: Stage, n: int) -> ppb.PublishPolicyRequest:
    return ppb.PublishPolicyRequest(policy=regions.policy(region=assigned(stage, n)))


@scene("policy.publish", "bureau", again="POLICY_VERSION", missing="REGION_NOT_ASSIGNED")
def publish_policy(stage: Stage, n: int) -> ppb.PublishPolicyRequest:
    return policy(stage, n)


@scene("policy.share", "bureau", again="SHARE_PENDING", missing="POLICY_NOT_FOUND")
def share_policy(stage: Stage, n: int) -> ppb.SharePolicyRequest:
    stage.province.ok("bureau", "policy.publish", policy(stage, n))
    return ppb.SharePolicyRequest(region=region(n), insured_type="310", version=1)


@scene("policy.request_remote", "bureau", again="QUESTION_PENDING", missing="OK")
def ask_policy(stage: Stage, n: int) -> ppb.RequestRemotePolicyRequest:
    return ppb.RequestRemotePolicyRequest(
        region=remote_region(n), insured_type="310", date="20240816", channel="pn"
    )


@scene(
    "policy.store_remote",
    "bureau",
    again="POLICY_KNOWN",
    missing="OK",
    open=("policy.version",),  # the versions of another region, counted there
)
def store_policy(stage: Stage, n: int) -> ppb.StoreRemotePolicyRequest:
    return ppb.StoreRemotePolicyRequest(
        policy=regions.policy(region=remote_region(n)), home_chain=ELSEWHERE, reference="官网公告"
    )


# ---- catalogue


def draft(stage: Stage, n: int) -> str:
    at = assigned(stage, n)
    stage.province.ok("bureau", "catalogue.begin", catalogue.begin(region=at))
    return at


def filled(stage: Stage, n: int) -> str:
    at = draft(stage, n)
    stage.province.ok("bureau", "catalogue.add", catalogue.add(region=at))
    return at


EDITION: dict[str, Any] = {"missing": "CATALOGUE_NOT_FOUND", "foreign": "REGION_OTHER_HOME"}


@scene(
    "catalogue.begin",
    "bureau",
    again="CATALOGUE_DRAFT_OPEN",
    missing="REGION_NOT_ASSIGNED",
    foreign="REGION_OTHER_HOME",
)
def begin(stage: Stage, n: int) -> cpb.BeginCatalogueRequest:
    return catalogue.begin(region=assigned(stage, n))


@scene("catalogue.add", "bureau", again="CATALOGUE_CHUNK_ORDER", **EDITION)
def add(stage: Stage, n: int) -> cpb.AddCatalogueItemsRequest:
    return catalogue.add(region=draft(stage, n))


@scene("catalogue.publish", "bureau", again="CATALOGUE_NOT_DRAFT", **EDITION)
def publish(stage: Stage, n: int) -> cpb.PublishCatalogueRequest:
    return catalogue.publish(region=filled(stage, n))


@scene("catalogue.abandon", "bureau", again="CATALOGUE_NOT_DRAFT", **EDITION)
def abandon(stage: Stage, n: int) -> cpb.AbandonCatalogueRequest:
    return cpb.AbandonCatalogueRequest(region=draft(stage, n), edition=1, reason="wrong file")


@scene("catalogue.share", "bureau", again="SHARE_PENDING", **EDITION)
def share(stage: Stage, n: int) -> cpb.ShareCatalogueRequest:
    at = filled(stage, n)
    stage.province.ok("bureau", "catalogue.publish", catalogue.publish(region=at))
    return catalogue.share(region=at)


@scene("catalogue.request_remote", "bureau", again="QUESTION_PENDING", missing="OK")
def ask(stage: Stage, n: int) -> cpb.RequestRemoteItemsRequest:
    return catalogue.ask(question_id=f"{n:032x}", region=remote_region(n), channel="pn")


@scene("catalogue.store_remote", "bureau", again="CATALOGUE_ITEM_KNOWN", missing="OK")
def store(stage: Stage, n: int) -> cpb.StoreRemoteItemsRequest:
    return catalogue.submit(region=remote_region(n))
