"""Table `policies.images`."""

from __future__ import annotations

from datetime import datetime

from policies.database import Tx
from policies.terms import UserId


def insert_image(
    tx: Tx, sha256: str, *, media_type: str, added_by: UserId | None, at: datetime
) -> None:
    """Say that a blob is a picture that everybody may be handed."""
    tx.execute(
        """
        INSERT INTO policies.images (sha256, media_type, added_by, added_at)
        VALUES (%(sha256)s, %(media_type)s, %(added_by)s, %(at)s)
        ON CONFLICT DO NOTHING
        """,
        {"sha256": sha256, "media_type": media_type, "added_by": added_by, "at": at},
    )


def media_type_of(tx: Tx, sha256: str) -> str | None:
    """The media type of a picture; None where the blob is none."""
    row = tx.execute(
        """
        SELECT media_type
          FROM policies.images
         WHERE sha256 = %(sha256)s
        """,
        {"sha256": sha256},
    ).fetchone()
    return row["media_type"] if row else None
