# ruff: noqa: S608  What statements are put together with is `VERSION`, a text of the store.
"""Table `catalog.retention`, and which versions and blobs have had their time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from catalog.retention import Retention
from catalog.store.versions import VERSION, version_of
from catalog.version import Version
from policies.database import Tx
from policies.terms import DatasetId, UserId, VersionId


def get_retention(tx: Tx, dataset_id: DatasetId) -> Retention | None:
    """What was decided for a dataset; None where the installation's own rule holds."""
    row = tx.execute(
        """
        SELECT versions_kept, days_kept
          FROM catalog.retention
         WHERE dataset_id = %(dataset_id)s
        """,
        {"dataset_id": dataset_id},
    ).fetchone()
    return Retention(row["versions_kept"], row["days_kept"]) if row else None


def set_retention(
    tx: Tx, dataset_id: DatasetId, rule: Retention, *, by: UserId | None, at: datetime
) -> None:
    """Write what is kept of a dataset's older versions."""
    tx.execute(
        """
        INSERT INTO catalog.retention (dataset_id, versions_kept, days_kept, set_by, set_at)
        VALUES (%(dataset_id)s, %(versions_kept)s, %(days_kept)s, %(by)s, %(at)s)
            ON CONFLICT (dataset_id) DO UPDATE
           SET versions_kept = EXCLUDED.versions_kept,
               days_kept = EXCLUDED.days_kept,
               set_by = EXCLUDED.set_by,
               set_at = EXCLUDED.set_at
        """,
        {
            "dataset_id": dataset_id,
            "versions_kept": rule.versions_kept,
            "days_kept": rule.days_kept,
            "by": by,
            "at": at,
        },
    )


def ended_versions(
    tx: Tx,
    default: Retention,
    *,
    at: datetime,
    steps_kept_for: timedelta,
    after: VersionId | None,
    limit: int,
    dataset_id: DatasetId | None = None,
) -> list[Version]:
    """Versions whose retention has ended, by id; never the newest of all, nor what readers read.

    With `dataset_id` those of one dataset alone. Whether a receipt refers to one is not looked at.
    """
    rows = tx.execute(
        f"""
        SELECT {VERSION}
          FROM catalog.versions AS version
          JOIN (SELECT distribution.id AS place, distribution.dataset_id AS dataset_id,
                       rule.versions_kept, rule.days_kept
                  FROM catalog.distributions AS distribution
                  LEFT JOIN catalog.retention AS rule
                    ON rule.dataset_id = distribution.dataset_id) AS rule
            ON rule.place = version.distribution_id
         WHERE version.removed_at IS NULL
           AND (%(dataset_id)s::uuid IS NULL OR rule.dataset_id = %(dataset_id)s)
           AND (%(after)s::uuid IS NULL OR version.id > %(after)s)
           AND version.state <> 'submitted'
           AND EXISTS (SELECT 1
                         FROM catalog.versions AS newer
                        WHERE newer.distribution_id = version.distribution_id
                          AND newer.number > version.number
                          AND newer.kind <> 'step')
           AND NOT (version.state = 'published'
                    AND NOT EXISTS (SELECT 1
                                      FROM catalog.versions AS newer
                                     WHERE newer.distribution_id = version.distribution_id
                                       AND newer.number > version.number
                                       AND newer.state = 'published'
                                       AND newer.removed_at IS NULL))
           AND CASE version.kind
               WHEN 'step' THEN version.created_at < %(at)s - %(steps_kept_for)s
               ELSE version.created_at
                    < %(at)s - make_interval(days => coalesce(rule.days_kept, %(days_kept)s))
                    AND (SELECT count(*)
                           FROM catalog.versions AS newer
                          WHERE newer.distribution_id = version.distribution_id
                            AND newer.number > version.number
                            AND newer.kind <> 'step'
                            AND newer.removed_at IS NULL)
                        >= coalesce(rule.versions_kept, %(versions_kept)s)
               END
         ORDER BY version.id
         LIMIT %(limit)s
        """,
        {
            "at": at,
            "steps_kept_for": steps_kept_for,
            "versions_kept": default.versions_kept,
            "days_kept": default.days_kept,
            "after": after,
            "limit": limit,
            "dataset_id": dataset_id,
        },
    )
    return [version_of(row) for row in rows]


def hold_sweeps(tx: Tx) -> None:
    """Have no sweep remove a file until the transaction ends."""
    tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('catalog.sweeps', 0))")


def lock_versions(tx: Tx, version_ids: Sequence[VersionId]) -> list[VersionId]:
    """Those of these versions whose bytes are still kept, held against new receipts."""
    rows = tx.execute(
        """
        SELECT id
          FROM catalog.versions
         WHERE id = ANY (%(ids)s)
           AND removed_at IS NULL
         ORDER BY id
           FOR UPDATE
        """,
        {"ids": list(version_ids)},
    )
    return [row["id"] for row in rows]


def mark_removed(tx: Tx, version_ids: Sequence[VersionId], *, at: datetime) -> None:
    """Write that the bytes of these versions are no longer kept."""
    tx.execute(
        """
        UPDATE catalog.versions
           SET removed_at = %(at)s
         WHERE id = ANY (%(ids)s)
        """,
        {"ids": list(version_ids), "at": at},
    )


def forget_files(tx: Tx, version_ids: Sequence[VersionId]) -> None:
    """No longer name the files of these versions; others may consist of some of them."""
    tx.execute(
        """
        DELETE FROM catalog.version_files
         WHERE version_id = ANY (%(ids)s)
        """,
        {"ids": list(version_ids)},
    )


def unused_blobs(tx: Tx, *, before: datetime, limit: int) -> list[str]:
    """Uploaded files that nothing needs, and that are old."""
    rows = tx.execute(
        """
        SELECT sha256
          FROM catalog.blobs AS blob
         WHERE removed_at IS NULL
           AND stored_at < %(before)s
           AND catalog.is_unused(sha256, %(before)s)
         ORDER BY sha256
         LIMIT %(limit)s
        """,
        {"before": before, "limit": limit},
    )
    return [row["sha256"] for row in rows]


def is_unused(tx: Tx, sha256: str, *, before: datetime) -> bool:
    """Whether nothing needs an uploaded file that is old."""
    row = tx.execute(
        """
        SELECT catalog.is_unused(sha256, %(before)s) AND stored_at < %(before)s AS is_unused
          FROM catalog.blobs
         WHERE sha256 = %(sha256)s
           AND removed_at IS NULL
        """,
        {"sha256": sha256, "before": before},
    ).fetchone()
    return row is not None and bool(row["is_unused"])


def lock_blob(tx: Tx, sha256: str) -> bool:
    """Whether the blob is on record; whoever brings the same bytes waits from here on."""
    row = tx.execute(
        """
        SELECT sha256
          FROM catalog.blobs
         WHERE sha256 = %(sha256)s
           FOR UPDATE
        """,
        {"sha256": sha256},
    ).fetchone()
    return row is not None


def mark_blob_removed(tx: Tx, sha256: str, *, at: datetime) -> None:
    """Write that the bytes of an upload are no longer kept."""
    tx.execute(
        """
        UPDATE catalog.blobs
           SET removed_at = %(at)s
         WHERE sha256 = %(sha256)s
        """,
        {"sha256": sha256, "at": at},
    )
