"""Remove the bytes of versions and uploads that have had their time; their records stay.

    ended = ended_versions(tx, default, at=at)
    removed = remove_versions(tx, ended, is_referred_to=..., at=at)      # rows, events
    swept = remove_files(pool, folders, removed)                        # then the bytes

The rows go first. A crash in between leaves files that no version consists of, which the next
sweep finds. A version that receipts refer to is never among them: its row is held while that is
looked at, and whoever writes a receipt holds it too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from catalog import tables
from catalog.audience import may_approve_for, visible
from catalog.dataset import DistributionId
from catalog.errors import ApproverNeeded
from catalog.folders import Folders
from catalog.retention import STEPS_KEPT_FOR, Retention
from catalog.store import datasets as dataset_store
from catalog.store import retention as store
from catalog.store import versions as version_store
from catalog.version import Version
from policies.database import Pool, Tx
from policies.events import Event, EventKind
from policies.party import Actor
from policies.record import record
from policies.roles import SYSTEM
from policies.terms import DatasetId, VersionId

BATCH: int = 500
BLOB_DAYS_MIN: int = 30
"""Uploaded files are kept at least this long, so that a wrong reading can be mended."""
TOLD_MAX: int = 200
"""Of more removed versions an event tells the numbers of the first."""

IsReferredTo = Callable[[Tx, Sequence[VersionId]], Collection[VersionId]]
"""Which of these versions something outside the catalogue refers to."""


def set_retention(
    tx: Tx, dataset_id: DatasetId, rule: Retention, *, by: Actor, at: datetime
) -> None:
    """Decide what is kept of a dataset's older versions.

    Raises: DatasetNotFound, ApproverNeeded.
    """
    dataset = visible(dataset_store.lock_dataset(tx, dataset_id), str(dataset_id), by)
    if not may_approve_for(by, dataset.publisher_id):
        raise ApproverNeeded
    store.set_retention(tx, dataset_id, rule, by=by.user_id, at=at)
    record(
        tx,
        Event(
            kind=EventKind.RETENTION_SET,
            at=at,
            actor=by,
            organization_id=dataset.publisher_id,
            dataset_id=dataset.id,
            subject_id=dataset.id,
            facts={"versions_kept": rule.versions_kept, "days_kept": rule.days_kept},
        ),
    )


def retention_of(tx: Tx, dataset_id: DatasetId) -> Retention | None:
    """What was decided for a dataset; None where the installation's own rule holds."""
    return store.get_retention(tx, dataset_id)


def hold_sweeps(tx: Tx) -> None:
    """Have no sweep remove a file of a table or an upload until the transaction ends."""
    store.hold_sweeps(tx)


def ended_versions(
    tx: Tx, default: Retention, *, at: datetime, dataset_id: DatasetId | None = None
) -> Iterator[Version]:
    """Versions whose retention has ended, whether or not something refers to them; of one dataset,
    where it is named.
    """
    after: VersionId | None = None
    while True:
        batch = store.ended_versions(
            tx,
            default,
            at=at,
            steps_kept_for=STEPS_KEPT_FOR,
            after=after,
            limit=BATCH,
            dataset_id=dataset_id,
        )
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1].id


def remove_versions(
    tx: Tx, ended: Sequence[Version], *, is_referred_to: IsReferredTo, at: datetime
) -> list[Version]:
    """Write that these versions are no longer kept, but for those that are referred to."""
    held = set(store.lock_versions(tx, [version.id for version in ended]))
    kept = set(is_referred_to(tx, list(held))) if held else set()
    gone = [version for version in ended if version.id in held - kept]
    store.mark_removed(tx, [version.id for version in gone], at=at)
    store.forget_files(tx, [version.id for version in gone])
    by_place = sorted(gone, key=lambda version: (version.distribution_id, version.number))
    for distribution_id, versions in groupby(by_place, key=lambda one: one.distribution_id):
        _record(tx, distribution_id, list(versions), at)
    return gone


def remove_files(pool: Pool, folders: Folders, removed: Sequence[Version]) -> int:
    """Remove the files that no version consists of any more; says how many."""
    swept = 0
    for distribution_id in sorted({version.distribution_id for version in removed}):
        table = folders.table_of(distribution_id)
        with pool.connection() as tx:
            store.hold_sweeps(tx)
            dataset_store.lock_distribution(tx, distribution_id)
            kept = version_store.paths_kept(tx, distribution_id)
            numbers = version_store.delta_versions_kept(tx, distribution_id)
            swept += tables.vacuum(table, numbers, kept, storage=folders.storage)
    return swept


def unused_blobs(tx: Tx, default: Retention, *, at: datetime, limit: int = BATCH) -> list[str]:
    """Uploaded files that nothing needs any more, the first of them."""
    days = max(default.days_kept, BLOB_DAYS_MIN)
    return store.unused_blobs(tx, before=at - timedelta(days=days), limit=limit)


def remove_blob(tx: Tx, folders: Folders, sha256: str, default: Retention, *, at: datetime) -> bool:
    """Remove an uploaded file, unless it is needed again or its bytes came anew since."""
    days = max(default.days_kept, BLOB_DAYS_MIN)
    before = at - timedelta(days=days)
    store.hold_sweeps(tx)
    if not store.lock_blob(tx, sha256):
        return False
    if not store.is_unused(tx, sha256, before=before):
        return False
    store.mark_blob_removed(tx, sha256, at=at)
    folders.storage.remove(folders.blobs.path(sha256))
    return True


def _record(
    tx: Tx, distribution_id: DistributionId, versions: Sequence[Version], at: datetime
) -> None:
    distribution = dataset_store.get_distribution(tx, distribution_id)
    assert distribution is not None
    dataset = dataset_store.get_dataset(tx, distribution.dataset_id)
    assert dataset is not None
    record(
        tx,
        Event(
            kind=EventKind.VERSIONS_REMOVED,
            at=at,
            actor=SYSTEM,
            organization_id=dataset.publisher_id,
            dataset_id=dataset.id,
            subject_id=distribution.id,
            facts={
                "distribution_id": str(distribution_id),
                "count": len(versions),
                "versions": [
                    {"number": version.number, "digest": version.digest}
                    for version in versions[:TOLD_MAX]
                ],
            },
        ),
    )
