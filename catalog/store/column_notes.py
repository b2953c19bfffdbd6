"""The dictionary of a distribution."""

from __future__ import annotations

from datetime import datetime

from psycopg.types.json import Jsonb

from catalog.column_note import ColumnNote
from catalog.dataset import DistributionId
from policies.database import Tx
from policies.terms import DatasetId, Text, UserId


def notes_of(tx: Tx, distribution_id: DistributionId) -> list[ColumnNote]:
    """All that is said of its columns, by name."""
    rows = tx.execute(
        """
        SELECT name, title, meaning, unit, code_list
          FROM catalog.column_notes
         WHERE distribution_id = %(id)s
         ORDER BY name
        """,
        {"id": distribution_id},
    )
    return [
        ColumnNote(
            row["name"],
            Text(**row["title"]),
            Text(**row["meaning"]),
            row["unit"],
            row["code_list"],
        )
        for row in rows
    ]


def put_note(
    tx: Tx, distribution_id: DistributionId, note: ColumnNote, *, by: UserId, at: datetime
) -> None:
    """Keep what is said of a column, in place of what was said before."""
    tx.execute(
        """
        INSERT INTO catalog.column_notes
               (distribution_id, name, title, meaning, unit, code_list, changed_by, changed_at)
        VALUES (%(id)s, %(name)s, %(title)s, %(meaning)s, %(unit)s, %(code_list)s, %(by)s, %(at)s)
            ON CONFLICT (distribution_id, name)
            DO UPDATE SET title = excluded.title, meaning = excluded.meaning,
                          unit = excluded.unit, code_list = excluded.code_list,
                          changed_by = excluded.changed_by, changed_at = excluded.changed_at
        """,
        {
            "id": distribution_id,
            "name": note.name,
            "title": Jsonb({"zh": note.title.zh, "en": note.title.en}),
            "meaning": Jsonb({"zh": note.meaning.zh, "en": note.meaning.en}),
            "unit": note.unit,
            "code_list": note.code_list,
            "by": by,
            "at": at,
        },
    )


def delete_note(tx: Tx, distribution_id: DistributionId, name: str) -> None:
    """Say nothing of a column any more."""
    tx.execute(
        """
        DELETE FROM catalog.column_notes
         WHERE distribution_id = %(id)s
           AND name = %(name)s
        """,
        {"id": distribution_id, "name": name},
    )


def sharing_lists(
    tx: Tx, distribution_id: DistributionId, *, limit: int
) -> list[tuple[str, DatasetId, str]]:
    """Own column, dataset and column there, of columns whose codes are from the same list."""
    rows = tx.execute(
        """
        SELECT own.name AS own_name, held.dataset_id, other.name AS other_name
          FROM catalog.column_notes AS own
          JOIN catalog.column_notes AS other
            ON other.code_list = own.code_list
           AND other.distribution_id <> own.distribution_id
          JOIN catalog.distributions AS held ON held.id = other.distribution_id
         WHERE own.distribution_id = %(id)s
           AND own.code_list <> ''
         ORDER BY own.name, held.dataset_id, other.name
         LIMIT %(limit)s
        """,
        {"id": distribution_id, "limit": limit},
    )
    return [(row["own_name"], DatasetId(row["dataset_id"]), row["other_name"]) for row in rows]
