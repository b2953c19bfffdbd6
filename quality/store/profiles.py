"""Table `quality.profiles`."""

from __future__ import annotations

from datetime import datetime

from psycopg.types.json import Jsonb

from policies.database import Tx
from policies.terms import VersionId
from quality.profile import Profile, profile_as_json, profile_from_json


def put_profile(tx: Tx, version_id: VersionId, profile: Profile, *, at: datetime) -> None:
    """Keep the profile of a version, in place of an earlier one."""
    tx.execute(
        """
        INSERT INTO quality.profiles (version_id, body, made_at)
        VALUES (%(version_id)s, %(body)s, %(at)s)
        ON CONFLICT (version_id)
        DO UPDATE SET body = EXCLUDED.body, made_at = EXCLUDED.made_at
        """,
        {"version_id": version_id, "body": Jsonb(profile_as_json(profile)), "at": at},
    )


def profile_of(tx: Tx, version_id: VersionId) -> Profile | None:
    """The profile of a version; None before it was made."""
    row = tx.execute(
        """
        SELECT body
          FROM quality.profiles
         WHERE version_id = %(version_id)s
        """,
        {"version_id": version_id},
    ).fetchone()
    return profile_from_json(row["body"]) if row else None
