"""Table `catalog.entry_drafts`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from psycopg.types.json import Jsonb

from policies.database import Tx
from policies.terms import DatasetId, UserId


def upsert_draft(
    tx: Tx,
    user_id: UserId,
    dataset_id: DatasetId | None,
    fields: Mapping[str, str | list[str]],
    *,
    at: datetime,
) -> None:
    """Write somebody's draft over the one before."""
    tx.execute(
        """
        INSERT INTO catalog.entry_drafts (user_id, dataset_id, fields, kept_at)
        VALUES (%(user_id)s, %(dataset_id)s, %(fields)s, %(at)s)
            ON CONFLICT ON CONSTRAINT one_draft_each DO UPDATE
           SET fields = excluded.fields,
               kept_at = excluded.kept_at
        """,
        {"user_id": user_id, "dataset_id": dataset_id, "fields": Jsonb(dict(fields)), "at": at},
    )


def get_draft(
    tx: Tx, user_id: UserId, dataset_id: DatasetId | None
) -> tuple[Mapping[str, str | list[str]], datetime] | None:
    """Somebody's draft and when it was kept; None where there is none."""
    row = tx.execute(
        """
        SELECT fields, kept_at
          FROM catalog.entry_drafts
         WHERE user_id = %(user_id)s
           AND dataset_id IS NOT DISTINCT FROM %(dataset_id)s
        """,
        {"user_id": user_id, "dataset_id": dataset_id},
    ).fetchone()
    return None if row is None else (row["fields"], row["kept_at"])


def delete_draft(tx: Tx, user_id: UserId, dataset_id: DatasetId | None) -> None:
    """Forget somebody's draft."""
    tx.execute(
        """
        DELETE FROM catalog.entry_drafts
         WHERE user_id = %(user_id)s
           AND dataset_id IS NOT DISTINCT FROM %(dataset_id)s
        """,
        {"user_id": user_id, "dataset_id": dataset_id},
    )
