"""Table `catalog.quarantines`."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.misfit import KeptAside, Quarantine, SetAsideBy
from policies.database import Tx
from policies.terms import VersionId


def put_quarantine(tx: Tx, quarantine: Quarantine) -> None:
    """Tell of what was set aside, in place of what the same one set aside before."""
    tx.execute(
        """
        INSERT INTO catalog.quarantines
               (version_id, set_aside_by, blob_sha256, value_count, row_count, set_aside_at)
        VALUES (%(version_id)s, %(by)s, %(sha256)s, %(count)s, %(row_count)s, %(at)s)
            ON CONFLICT (version_id, set_aside_by) DO UPDATE
           SET blob_sha256 = excluded.blob_sha256,
               value_count = excluded.value_count,
               row_count = excluded.row_count,
               set_aside_at = excluded.set_aside_at
        """,
        {
            "version_id": quarantine.version_id,
            "by": quarantine.by,
            "sha256": quarantine.kept.sha256,
            "count": quarantine.kept.count,
            "row_count": quarantine.kept.row_count,
            "at": quarantine.at,
        },
    )


def delete_quarantine(tx: Tx, version_id: VersionId, by: SetAsideBy) -> None:
    """Tell no more of what one of the two set aside."""
    tx.execute(
        """
        DELETE FROM catalog.quarantines
         WHERE version_id = %(version_id)s
           AND set_aside_by = %(by)s
        """,
        {"version_id": version_id, "by": by},
    )


def quarantines_of(tx: Tx, version_ids: Sequence[VersionId]) -> list[Quarantine]:
    """What was set aside of these versions."""
    rows = tx.execute(
        """
        SELECT version_id, set_aside_by, blob_sha256, size_bytes, value_count, row_count,
               set_aside_at
          FROM catalog.quarantines AS quarantine
          JOIN catalog.blobs AS blob ON blob.sha256 = quarantine.blob_sha256
         WHERE version_id = ANY (%(version_ids)s)
         ORDER BY version_id, set_aside_by
        """,
        {"version_ids": list(version_ids)},
    )
    return [
        Quarantine(
            version_id=row["version_id"],
            by=SetAsideBy(row["set_aside_by"]),
            kept=KeptAside(
                row["blob_sha256"], row["size_bytes"], row["value_count"], row["row_count"]
            ),
            at=row["set_aside_at"],
        )
        for row in rows
    ]
