"""Versions of documents in `catalog.versions`, with the names under which their files came."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.rows import DictRow

from catalog.dataset import DistributionId
from catalog.document import Document
from catalog.store.versions import version_of
from policies.database import Tx
from policies.terms import VersionId


def documents_of(
    tx: Tx, distribution_ids: Sequence[DistributionId], *, limit: int
) -> list[Document]:
    """Versions of the documents of these distributions, newest first."""
    rows = tx.execute(
        """
        SELECT version.*, upload.file_name
          FROM catalog.versions AS version
          JOIN catalog.uploads AS upload ON upload.id = version.upload_id
         WHERE version.distribution_id = ANY (%(distribution_ids)s)
           AND version.kind = 'document'
           AND NOT version.is_dropped
         ORDER BY version.created_at DESC, version.number DESC, version.id
         LIMIT %(limit)s
        """,
        {"distribution_ids": list(distribution_ids), "limit": limit},
    )
    return [_document(row) for row in rows]


def newest_left(tx: Tx, distribution_id: DistributionId) -> Document | None:
    """The newest one that was neither withdrawn nor removed; None where none is, or a table is."""
    row = tx.execute(
        """
        SELECT version.*, upload.file_name
          FROM catalog.versions AS version
          JOIN catalog.uploads AS upload ON upload.id = version.upload_id
         WHERE version.distribution_id = %(distribution_id)s
           AND version.kind = 'document'
           AND version.state <> 'withdrawn'
           AND version.removed_at IS NULL
           AND NOT version.is_dropped
           AND NOT EXISTS (SELECT 1
                             FROM catalog.versions AS newer
                            WHERE newer.distribution_id = version.distribution_id
                              AND newer.number > version.number
                              AND newer.kind <> 'document')
         ORDER BY version.number DESC
         LIMIT 1
        """,
        {"distribution_id": distribution_id},
    ).fetchone()
    return None if row is None else _document(row)


def newest_published(tx: Tx, distribution_id: DistributionId) -> Document | None:
    """The one that everybody else reads; None where none is published."""
    row = tx.execute(
        """
        SELECT version.*, upload.file_name
          FROM catalog.versions AS version
          JOIN catalog.uploads AS upload ON upload.id = version.upload_id
         WHERE version.distribution_id = %(distribution_id)s
           AND version.kind = 'document'
           AND version.state = 'published'
           AND version.removed_at IS NULL
           AND NOT version.is_dropped
         ORDER BY version.number DESC
         LIMIT 1
        """,
        {"distribution_id": distribution_id},
    ).fetchone()
    return None if row is None else _document(row)


def document_with_id(tx: Tx, version_id: VersionId) -> Document | None:
    """The document of that version; None where it is a table's."""
    row = tx.execute(
        """
        SELECT version.*, upload.file_name
          FROM catalog.versions AS version
          JOIN catalog.uploads AS upload ON upload.id = version.upload_id
         WHERE version.id = %(id)s
           AND version.kind = 'document'
        """,
        {"id": version_id},
    ).fetchone()
    return None if row is None else _document(row)


def is_file_ended(tx: Tx, distribution_id: DistributionId, sha256: str) -> bool:
    """Whether every version that was read from this file was withdrawn or is no longer kept."""
    row = tx.execute(
        """
        SELECT count(*) > 0
               AND bool_and(version.withdrawn_at IS NOT NULL
                            OR version.removed_at IS NOT NULL) AS is_ended
          FROM catalog.versions AS version
          JOIN catalog.uploads AS upload ON upload.id = version.upload_id
         WHERE version.distribution_id = %(distribution_id)s
           AND upload.blob_sha256 = %(sha256)s
        """,
        {"distribution_id": distribution_id, "sha256": sha256},
    ).fetchone()
    assert row is not None, "an aggregate gives one row"
    return bool(row["is_ended"])


def _document(row: DictRow) -> Document:
    return Document(version_of(row), row["file_name"])
