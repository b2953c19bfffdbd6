"""Sweep what has had its time: old versions, their files, uploaded files, what the cache holds.

Never what a receipt refers to. An agreement names a listing and no version, so that whoever has one
reads the newest version, which is never removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog import ingest, retain
from catalog.blobs import sweep_arriving
from catalog.dataset import Dataset, DistributionId
from catalog.folders import Folders
from catalog.retention import Keeping, Retention
from catalog.version import Version, VersionState
from exchange.store import receipts as store
from policies.database import Pool, Tx
from policies.terms import VersionId


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed, or would be."""

    versions: int
    bytes_of_versions: int
    """Of their files together; files that other versions share stay."""
    kept_for_receipts: int
    """Versions whose retention has ended and that receipts refer to."""
    files: int
    """Files of tables; 0 in a dry run, which looks at no folder."""
    uploads: int
    cache_bytes: int
    """0 in a dry run."""


def referred_to(tx: Tx, version_ids: Sequence[VersionId]) -> set[VersionId]:
    """Those of these versions that a receipt refers to."""
    return store.versions_with_receipts(tx, version_ids)


def look(pool: Pool, default: Retention, at: datetime) -> Swept:
    """What a sweep would remove now; nothing is changed."""
    with pool.connection() as tx:
        ended = list(retain.ended_versions(tx, default, at=at))
        kept = referred_to(tx, [version.id for version in ended])
        uploads = retain.unused_blobs(tx, default, at=at)
    gone = [version for version in ended if version.id not in kept]
    return Swept(
        versions=len(gone),
        bytes_of_versions=sum(version.size_bytes for version in gone),
        kept_for_receipts=len(kept),
        files=0,
        uploads=len(uploads),
        cache_bytes=0,
    )


def keeping_of(
    tx: Tx, dataset: Dataset, versions: Sequence[Version], default: Retention, *, at: datetime
) -> list[tuple[Version, Keeping]]:
    """Why each of these versions of a dataset is kept, newest first; just what a sweep goes by."""
    ended = {one.id for one in retain.ended_versions(tx, default, at=at, dataset_id=dataset.id)}
    kept = referred_to(tx, list(ended)) if ended else set()
    first: dict[tuple[DistributionId, bool], Version] = {}
    for version in sorted(versions, key=lambda one: one.number, reverse=True):
        if version.is_left:
            first.setdefault((version.distribution_id, False), version)
            if version.state is VersionState.PUBLISHED:
                first.setdefault((version.distribution_id, True), version)
    read = {version.id for version in first.values()}

    def why(version: Version) -> Keeping:
        if version.removed_at is not None:
            return Keeping.REMOVED
        if version.id in ended:
            return Keeping.RECEIPTS if version.id in kept else Keeping.ENDING
        if version.id in read:
            return Keeping.READ
        is_waiting = version.state is VersionState.SUBMITTED
        return Keeping.WAITING if is_waiting else Keeping.RULE

    return [(version, why(version)) for version in versions]


def sweep(pool: Pool, folders: Folders, default: Retention, at: datetime) -> Swept:
    """Remove what has had its time; doing it again, or after a crash, goes on where it was."""
    with pool.connection() as tx:
        ended = list(retain.ended_versions(tx, default, at=at))
        kept = referred_to(tx, [version.id for version in ended])
    wanted = [version for version in ended if version.id not in kept]
    removed: list[Version] = []
    for start in range(0, len(wanted), retain.BATCH):
        with pool.connection() as tx:
            removed += retain.remove_versions(
                tx, wanted[start : start + retain.BATCH], is_referred_to=referred_to, at=at
            )
    files = retain.remove_files(pool, folders, removed)
    files += ingest.sweep_all(pool, folders)
    return Swept(
        versions=len(removed),
        bytes_of_versions=sum(version.size_bytes for version in removed),
        kept_for_receipts=len(kept),
        files=files,
        uploads=_remove_uploads(pool, folders, default, at),
        cache_bytes=_trim(folders),
    )


def _remove_uploads(pool: Pool, folders: Folders, default: Retention, at: datetime) -> int:
    removed = 0
    with pool.connection() as tx:
        unused = retain.unused_blobs(tx, default, at=at)
    for sha256 in unused:
        with pool.connection() as tx:
            removed += retain.remove_blob(tx, folders, sha256, default, at=at)
    return removed


def _trim(folders: Folders) -> int:
    sweep_arriving(folders.blobs)
    return folders.cache.trim()
