"""Table `catalog.directory_imports`: spreadsheets that wait for somebody's word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from policies.database import Tx
from policies.terms import OrganizationId, UserId


def insert_import(
    tx: Tx,
    publisher_id: OrganizationId,
    made_by: UserId,
    at: datetime,
    *,
    file_name: str,
    rows: Sequence[Sequence[str]],
) -> UUID:
    """Keep what was read; its id."""
    row = tx.execute(
        """
        INSERT INTO catalog.directory_imports (publisher_id, made_by, made_at, file_name, rows)
        VALUES (%(publisher_id)s, %(made_by)s, %(at)s, %(file_name)s, %(rows)s)
        RETURNING id
        """,
        {
            "publisher_id": publisher_id,
            "made_by": made_by,
            "at": at,
            "file_name": file_name,
            "rows": Jsonb([list(one) for one in rows]),
        },
    ).fetchone()
    assert row is not None
    made: UUID = row["id"]
    return made


def find_import(tx: Tx, import_id: UUID, made_by: UserId) -> dict[str, Any] | None:
    """What `made_by` sent under that id; None where there is nothing (any more)."""
    return tx.execute(
        """
        SELECT id, publisher_id, made_by, made_at, file_name, rows
          FROM catalog.directory_imports
         WHERE id = %(id)s
           AND made_by = %(made_by)s
           FOR UPDATE
        """,
        {"id": import_id, "made_by": made_by},
    ).fetchone()


def delete_import(tx: Tx, import_id: UUID) -> None:
    """Forget what was carried out."""
    tx.execute("DELETE FROM catalog.directory_imports WHERE id = %(id)s", {"id": import_id})


def delete_before(tx: Tx, at: datetime) -> None:
    """Forget what nobody came back for."""
    tx.execute("DELETE FROM catalog.directory_imports WHERE made_at < %(at)s", {"at": at})


def ids_by_code(
    tx: Tx, publisher_id: OrganizationId, codes: Sequence[str], slugs: Sequence[str]
) -> list[dict[str, Any]]:
    """A publisher's datasets with one of these codes or names, and anybody's of these names."""
    return tx.execute(
        """
        SELECT id, slug, publisher_id, coalesce(directory ->> 'gov_code', '') AS code
          FROM catalog.datasets
         WHERE (publisher_id = %(publisher_id)s
                AND state <> 'withdrawn'
                AND directory ->> 'gov_code' = ANY (%(codes)s))
            OR slug = ANY (%(slugs)s)
         ORDER BY id
        """,
        {"publisher_id": publisher_id, "codes": list(codes), "slugs": list(slugs)},
    ).fetchall()


def ids_of_publisher(tx: Tx, publisher_id: OrganizationId, *, limit: int) -> list[UUID]:
    """The publisher's datasets that were not withdrawn, in their order."""
    rows = tx.execute(
        """
        SELECT id
          FROM catalog.datasets
         WHERE publisher_id = %(publisher_id)s
           AND state <> 'withdrawn'
           AND NOT is_purged
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"publisher_id": publisher_id, "limit": limit},
    )
    return [row["id"] for row in rows]
