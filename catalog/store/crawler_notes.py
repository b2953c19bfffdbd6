"""Tables `catalog.task_statuses` and `catalog.term_translations`, which clients of CKAN keep."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import DictRow

from catalog.crawler_notes import TaskStatus, TermTranslation
from policies.database import Tx


def get_status(tx: Tx, status_id: UUID) -> TaskStatus | None:
    """The note of that id."""
    row = tx.execute(
        """
        SELECT id, entity_id, entity_type, task_type, key, value, state, error, last_updated
          FROM catalog.task_statuses
         WHERE id = %(id)s
        """,
        {"id": status_id},
    ).fetchone()
    return _status(row) if row else None


def find_status(tx: Tx, *, entity_id: str, task_type: str, key: str) -> TaskStatus | None:
    """The note about a task on an entity."""
    row = tx.execute(
        """
        SELECT id, entity_id, entity_type, task_type, key, value, state, error, last_updated
          FROM catalog.task_statuses
         WHERE entity_id = %(entity_id)s
           AND task_type = %(task_type)s
           AND key = %(key)s
        """,
        {"entity_id": entity_id, "task_type": task_type, "key": key},
    ).fetchone()
    return _status(row) if row else None


def insert_status(tx: Tx, status: TaskStatus) -> bool:
    """Keep a new note; False where there is one of the same task."""
    added = tx.execute(
        """
        INSERT INTO catalog.task_statuses
               (id, entity_id, entity_type, task_type, key, value, state, error, last_updated)
        VALUES (%(id)s, %(entity_id)s, %(entity_type)s, %(task_type)s, %(key)s, %(value)s,
                %(state)s, %(error)s, %(last_updated)s)
        ON CONFLICT DO NOTHING
        """,
        _columns(status),
    )
    return added.rowcount == 1


def update_status(tx: Tx, status: TaskStatus) -> None:
    """Replace a note."""
    tx.execute(
        """
        UPDATE catalog.task_statuses
           SET entity_id = %(entity_id)s, entity_type = %(entity_type)s,
               task_type = %(task_type)s, key = %(key)s, value = %(value)s, state = %(state)s,
               error = %(error)s, last_updated = %(last_updated)s
         WHERE id = %(id)s
        """,
        _columns(status),
    )


def delete_status(tx: Tx, status_id: UUID) -> None:
    """Remove a note."""
    tx.execute("DELETE FROM catalog.task_statuses WHERE id = %(id)s", {"id": status_id})


def count_statuses(tx: Tx) -> int:
    """How many notes there are."""
    row = tx.execute("SELECT count(*) AS notes FROM catalog.task_statuses").fetchone()
    assert row is not None
    number: int = row["notes"]
    return number


def upsert_translation(tx: Tx, translation: TermTranslation) -> None:
    """Keep a translation in place of an earlier one."""
    tx.execute(
        """
        INSERT INTO catalog.term_translations (term, lang_code, term_translation)
        VALUES (%(term)s, %(lang_code)s, %(term_translation)s)
        ON CONFLICT (term, lang_code) DO UPDATE SET term_translation = EXCLUDED.term_translation
        """,
        {
            "term": translation.term,
            "lang_code": translation.lang_code,
            "term_translation": translation.term_translation,
        },
    )


def translations(
    tx: Tx, terms: Sequence[str] | None, lang_codes: Sequence[str] | None, *, limit: int
) -> list[TermTranslation]:
    """Translations of these terms (None: of all) into these languages (None: into all)."""
    rows = tx.execute(
        """
        SELECT term, lang_code, term_translation
          FROM catalog.term_translations
         WHERE (%(terms)s::text[] IS NULL OR term = ANY (%(terms)s))
           AND (%(lang_codes)s::text[] IS NULL OR lang_code = ANY (%(lang_codes)s))
         ORDER BY term, lang_code
         LIMIT %(limit)s
        """,
        {
            "terms": None if terms is None else list(terms),
            "lang_codes": None if lang_codes is None else list(lang_codes),
            "limit": limit,
        },
    )
    return [TermTranslation(row["term"], row["term_translation"], row["lang_code"]) for row in rows]


def _columns(status: TaskStatus) -> dict[str, object]:
    return {
        "id": status.id,
        "entity_id": status.entity_id,
        "entity_type": status.entity_type,
        "task_type": status.task_type,
        "key": status.key,
        "value": status.value,
        "state": status.state,
        "error": status.error,
        "last_updated": status.last_updated,
    }


def _status(row: DictRow) -> TaskStatus:
    return TaskStatus(
        id=row["id"],
        entity_id=row["entity_id"],
        entity_type=row["entity_type"],
        task_type=row["task_type"],
        key=row["key"],
        value=row["value"],
        state=row["state"],
        error=row["error"],
        last_updated=row["last_updated"],
    )
