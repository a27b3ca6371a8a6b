"""Putting a version on the chain: its leaf, and its entry in the series."""

from contracts.framework import Context
from contracts.policy.codes import POLICY_CONFLICT, POLICY_KNOWN, POLICY_SERIES_FULL
from contracts.policy.document import Policy
from contracts.policy.records import (
    PolicyRecord,
    PolicySeries,
    VersionEntry,
    entry_key,
    latest_version,
    policy_key,
    series_key,
    submitted_key,
)
from contracts.publication.region import PROVED, SHARED_HERE, SUBMITTED, claim_region
from faults import Rejected

VERSIONS_MAX = 500


def store_policy(
    ctx: Context,
    policy: Policy,
    home_chain: str,
    origin: str,
    *,
    reference: str = "",
    shared: bool = False,
) -> str:
    """Store a checked version and list it; returns its state key.

    `shared`: its home sent it by itself, so the region must be assigned to that chain here.
    A proved version that stands here with the same content is left as it is. Raises Rejected
    POLICY_KNOWN, POLICY_CONFLICT, POLICY_SERIES_FULL, and about the region's home.
    """
    claim_region(ctx, policy.region, home_chain, SHARED_HERE if shared else origin)
    entry = VersionEntry(
        version=policy.version,
        effective_from=policy.effective_from,
        effective_to=policy.effective_to,
        origin=origin,
        home_chain=home_chain,
        digest=policy.digest(),
    )
    key = entry_key(policy.region, policy.insured_type, entry)
    standing = _standing(ctx, policy, entry, key)
    if standing is not None:
        return standing
    series_at = series_key(policy.region, policy.insured_type)
    series = ctx.load(PolicySeries, series_at) or PolicySeries()
    if len(series.entries) >= VERSIONS_MAX:
        raise Rejected(POLICY_SERIES_FULL, versions=VERSIONS_MAX)
    before = _version_before(series, home_chain, policy.version)
    record = PolicyRecord(
        home_chain=home_chain,
        origin=origin,
        policy=policy,
        supersedes=before,
        recorded_ms=ctx.time_ms,
        reference=reference,
    )
    ctx.store(key, record)
    ctx.emit(key, "record", origin=origin, home=home_chain, digest=entry.digest.hex())
    entries = sorted((*series.entries, entry), key=lambda one: (one.version, one.origin))
    ctx.store(series_at, series.changed(entries=tuple(entries)))
    ctx.emit(series_at, "version", version=policy.version, origin=origin, policy=key)
    if origin == PROVED:
        _judge_submitted(ctx, policy, entry)
    return key


def _standing(ctx: Context, policy: Policy, entry: VersionEntry, key: str) -> str | None:
    """The key where this very content stands already, or None when the version is new."""
    home = policy_key(policy.region, policy.insured_type, policy.version)
    for at in (home, key):
        record = ctx.load(PolicyRecord, at)
        if record is None:
            continue
        if record.policy.digest() != entry.digest:
            raise Rejected(POLICY_CONFLICT, object=at, version=policy.version)
        if entry.origin == SUBMITTED:
            raise Rejected(POLICY_KNOWN, object=at, version=policy.version)
        return at
    return None


def _judge_submitted(ctx: Context, policy: Policy, proved: VersionEntry) -> None:
    """Say in the trace of what the bureau submitted whether its home proved the same."""
    key = submitted_key(policy.region, policy.insured_type, policy.version, proved.home_chain)
    record = ctx.load(PolicyRecord, key)
    if record is not None:
        same = record.policy.digest() == proved.digest
        ctx.emit(key, "proved" if same else "contradicted", digest=proved.digest.hex())


def _version_before(series: PolicySeries, home_chain: str, version: int) -> int:
    lower = tuple(one for one in series.entries if one.version < version)
    return latest_version(series.changed(entries=lower), home_chain)
