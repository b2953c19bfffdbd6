"""Table `quality.masked_copies`: what was found in the masked columns of a version under a view."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from policies.database import Tx
from policies.terms import VersionId
from quality.masks.leak import Leak
from quality.sensitive import SensitiveKind


def insert_leaks(
    tx: Tx, version_id: VersionId, view_fingerprint: str, leaks: Sequence[Leak], *, at: datetime
) -> None:
    """Note what was found; what is noted already stays, since a version never changes."""
    tx.execute(
        """
        INSERT INTO quality.masked_copies (version_id, view_fingerprint, leaks, checked_at)
        VALUES (%(version_id)s, %(view_fingerprint)s, %(leaks)s, %(at)s)
            ON CONFLICT DO NOTHING
        """,
        {
            "version_id": version_id,
            "view_fingerprint": view_fingerprint,
            "leaks": Jsonb([[leak.column, leak.kind.value, leak.valid_count] for leak in leaks]),
            "at": at,
        },
    )


def leaks_of(tx: Tx, version_id: VersionId, view_fingerprint: str) -> tuple[Leak, ...] | None:
    """What was found; None where nobody looked yet."""
    row = tx.execute(
        """
        SELECT leaks
          FROM quality.masked_copies
         WHERE version_id = %(version_id)s
           AND view_fingerprint = %(view_fingerprint)s
        """,
        {"version_id": version_id, "view_fingerprint": view_fingerprint},
    ).fetchone()
    if row is None:
        return None
    return tuple(Leak(column, SensitiveKind(kind), count) for column, kind, count in row["leaks"])
