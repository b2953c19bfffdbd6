"""Table `catalog.open_files`: sizes and digests of files that everybody may fetch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from policies.database import Tx
from policies.terms import VersionId


def insert_open_file(
    tx: Tx, version_id: VersionId, fingerprint: str, *, sha256: str, size_bytes: int
) -> None:
    """Note a file; what is noted already stays, and nobody hears of it again."""
    tx.execute(
        """
        INSERT INTO catalog.open_files AS noted (version_id, view_fingerprint, sha256, size_bytes)
        VALUES (%(version_id)s, %(fingerprint)s, %(sha256)s, %(size_bytes)s)
            ON CONFLICT (version_id, view_fingerprint)
            DO UPDATE SET sha256 = EXCLUDED.sha256,
                          size_bytes = EXCLUDED.size_bytes
                    WHERE noted.sha256 <> EXCLUDED.sha256
        """,
        {
            "version_id": version_id,
            "fingerprint": fingerprint,
            "sha256": sha256,
            "size_bytes": size_bytes,
        },
    )


def open_files_of(tx: Tx, version_ids: Sequence[VersionId]) -> list[dict[str, Any]]:
    """What is noted of these versions, under every view."""
    rows = tx.execute(
        """
        SELECT version_id, view_fingerprint, sha256, size_bytes
          FROM catalog.open_files
         WHERE version_id = ANY (%(version_ids)s)
         ORDER BY version_id, view_fingerprint
        """,
        {"version_ids": list(version_ids)},
    )
    return list(rows)
