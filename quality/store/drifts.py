"""Table `quality.drifts`, and the past that drift is judged by."""

from __future__ import annotations

from datetime import datetime

from psycopg.types.json import Jsonb

from policies.database import Tx
from policies.terms import VersionId
from quality.drift import Drift, Past, drift_as_json, drift_from_json
from quality.profile import profile_from_json


def put_drift(tx: Tx, version_id: VersionId, drift: Drift, *, at: datetime) -> None:
    """Keep what changed since the version before, in place of an earlier telling."""
    tx.execute(
        """
        INSERT INTO quality.drifts (version_id, body, made_at)
        VALUES (%(version_id)s, %(body)s, %(at)s)
        ON CONFLICT (version_id)
        DO UPDATE SET body = EXCLUDED.body, made_at = EXCLUDED.made_at
        """,
        {"version_id": version_id, "body": Jsonb(drift_as_json(drift)), "at": at},
    )


def drift_of(tx: Tx, version_id: VersionId) -> Drift | None:
    """What changed with a version; None where nothing was compared."""
    row = tx.execute(
        """
        SELECT body
          FROM quality.drifts
         WHERE version_id = %(version_id)s
        """,
        {"version_id": version_id},
    ).fetchone()
    return drift_from_json(row["body"]) if row else None


def past_of(tx: Tx, version_id: VersionId, *, limit: int) -> list[Past]:
    """The whole versions before one of the same distribution with their profiles, newest first.

    A version that was parted from this one, or this one from it, is not another state of the data.
    """
    rows = tx.execute(
        """
        SELECT older.number, older.created_at, profile.body
          FROM catalog.versions AS older
          JOIN catalog.versions AS version ON version.distribution_id = older.distribution_id
          JOIN quality.profiles AS profile ON profile.version_id = older.id
         WHERE version.id = %(version_id)s
           AND older.number < version.number
           AND older.kind <> 'step'
           AND older.id IS DISTINCT FROM version.parent_id
           AND NOT older.is_dropped
         ORDER BY older.number DESC
         LIMIT %(limit)s
        """,
        {"version_id": version_id, "limit": limit},
    )
    return [Past(row["number"], row["created_at"], profile_from_json(row["body"])) for row in rows]
