"""Tables `catalog.blobs` and `catalog.uploads`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.rows import DictRow
from psycopg.types.json import Jsonb

from catalog.dataset import DistributionId
from catalog.version import Failure, Upload, UploadId, UploadState
from catalog.way_in import Way
from policies.database import Tx


def insert_blob(tx: Tx, sha256: str, *, size_bytes: int, at: datetime) -> None:
    """Tell of stored bytes, unless they are known; what was removed is there again."""
    tx.execute(
        """
        INSERT INTO catalog.blobs (sha256, size_bytes, stored_at)
        VALUES (%(sha256)s, %(size_bytes)s, %(at)s)
            ON CONFLICT (sha256) DO UPDATE
           SET removed_at = NULL
        """,
        {"sha256": sha256, "size_bytes": size_bytes, "at": at},
    )


def is_blob_kept(tx: Tx, sha256: str) -> bool:
    """Whether the bytes of an upload are still kept."""
    row = tx.execute(
        """
        SELECT removed_at
          FROM catalog.blobs
         WHERE sha256 = %(sha256)s
        """,
        {"sha256": sha256},
    ).fetchone()
    return row is not None and row["removed_at"] is None


def insert_upload(tx: Tx, upload: Upload) -> None:
    """Add an upload of a known blob."""
    tx.execute(
        """
        INSERT INTO catalog.uploads
               (id, distribution_id, file_name, blob_sha256, uploaded_by, uploaded_at, state,
                wish, parent_id, way)
        VALUES (%(id)s, %(distribution_id)s, %(file_name)s, %(blob_sha256)s, %(uploaded_by)s,
                %(uploaded_at)s, %(state)s, %(wish)s, %(parent_id)s, %(way)s)
        """,
        {
            "id": upload.id,
            "distribution_id": upload.distribution_id,
            "file_name": upload.file_name,
            "blob_sha256": upload.blob_sha256,
            "uploaded_by": upload.uploaded_by,
            "uploaded_at": upload.uploaded_at,
            "state": upload.state,
            "wish": Jsonb(dict(upload.wish)),
            "parent_id": upload.parent_id,
            "way": upload.way,
        },
    )


def get_upload(tx: Tx, upload_id: UploadId) -> Upload | None:
    """The upload; None where there is none."""
    row = tx.execute(
        """
        SELECT upload.id, distribution_id, file_name, blob_sha256, size_bytes, uploaded_by,
               uploaded_at, state, stage, done_permille, attempts, failure, wish, parent_id,
               way
          FROM catalog.uploads AS upload
          JOIN catalog.blobs AS blob ON blob.sha256 = upload.blob_sha256
         WHERE upload.id = %(id)s
        """,
        {"id": upload_id},
    ).fetchone()
    return None if row is None else _upload(row)


def lock_upload(tx: Tx, upload_id: UploadId) -> Upload | None:
    """The upload, which nobody else changes until the transaction ends."""
    row = tx.execute(
        """
        SELECT upload.id, distribution_id, file_name, blob_sha256, size_bytes, uploaded_by,
               uploaded_at, state, stage, done_permille, attempts, failure, wish, parent_id,
               way
          FROM catalog.uploads AS upload
          JOIN catalog.blobs AS blob ON blob.sha256 = upload.blob_sha256
         WHERE upload.id = %(id)s
           FOR UPDATE OF upload
        """,
        {"id": upload_id},
    ).fetchone()
    return None if row is None else _upload(row)


def uploads_of(tx: Tx, distribution_ids: Sequence[DistributionId], *, limit: int) -> list[Upload]:
    """Uploads of these distributions, newest first."""
    rows = tx.execute(
        """
        SELECT upload.id, distribution_id, file_name, blob_sha256, size_bytes, uploaded_by,
               uploaded_at, state, stage, done_permille, attempts, failure, wish, parent_id,
               way
          FROM catalog.uploads AS upload
          JOIN catalog.blobs AS blob ON blob.sha256 = upload.blob_sha256
         WHERE distribution_id = ANY (%(distribution_ids)s)
         ORDER BY uploaded_at DESC, upload.id DESC
         LIMIT %(limit)s
        """,
        {"distribution_ids": list(distribution_ids), "limit": limit},
    )
    return [_upload(row) for row in rows]


def parts_of(tx: Tx, parent_id: UploadId) -> list[Upload]:
    """The uploads that came out of an archive, in their order."""
    rows = tx.execute(
        """
        SELECT upload.id, distribution_id, file_name, blob_sha256, size_bytes, uploaded_by,
               uploaded_at, state, stage, done_permille, attempts, failure, wish, parent_id,
               way
          FROM catalog.uploads AS upload
          JOIN catalog.blobs AS blob ON blob.sha256 = upload.blob_sha256
         WHERE parent_id = %(parent_id)s
         ORDER BY upload.file_name, upload.id
        """,
        {"parent_id": parent_id},
    )
    return [_upload(row) for row in rows]


def update_upload(tx: Tx, upload: Upload) -> None:
    """Write how far the reading of the file has come."""
    failure = upload.failure
    tx.execute(
        """
        UPDATE catalog.uploads
           SET state = %(state)s,
               wish = %(wish)s,
               way = %(way)s,
               stage = %(stage)s,
               done_permille = %(done_permille)s,
               attempts = %(attempts)s,
               failure = %(failure)s
         WHERE id = %(id)s
        """,
        {
            "id": upload.id,
            "state": upload.state,
            "wish": Jsonb(dict(upload.wish)),
            "way": upload.way,
            "stage": upload.stage,
            "done_permille": upload.done_permille,
            "attempts": upload.attempts,
            "failure": None
            if failure is None
            else Jsonb({"code": failure.code, "facts": dict(failure.facts)}),
        },
    )


def advance(tx: Tx, upload_id: UploadId, *, stage: str, done_permille: int) -> None:
    """Write what the job does now, for whoever waits; a finished upload stays as it is."""
    tx.execute(
        """
        UPDATE catalog.uploads
           SET stage = %(stage)s,
               done_permille = %(done_permille)s
         WHERE id = %(id)s
           AND state = 'ingesting'
        """,
        {"id": upload_id, "stage": stage, "done_permille": done_permille},
    )


def unfinished(tx: Tx, *, limit: int) -> list[UploadId]:
    """Uploads whose file is still to be read, oldest first."""
    rows = tx.execute(
        """
        SELECT id
          FROM catalog.uploads
         WHERE state IN ('queued', 'ingesting')
         ORDER BY uploaded_at, id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [row["id"] for row in rows]


def _upload(row: DictRow) -> Upload:
    failure = row["failure"]
    return Upload(
        id=row["id"],
        distribution_id=row["distribution_id"],
        file_name=row["file_name"],
        blob_sha256=row["blob_sha256"],
        size_bytes=row["size_bytes"],
        uploaded_by=row["uploaded_by"],
        uploaded_at=row["uploaded_at"],
        state=UploadState(row["state"]),
        stage=row["stage"],
        done_permille=row["done_permille"],
        attempts=row["attempts"],
        failure=None if failure is None else Failure(failure["code"], failure["facts"]),
        wish=row["wish"],
        parent_id=row["parent_id"],
        way=Way(row["way"]),
    )
