"""Table `catalog.saved_searches`; every statement names the person whose searches they are."""

from __future__ import annotations

from datetime import datetime

from psycopg.rows import DictRow

from catalog.saved_search import SavedSearch, SavedSearchId
from policies.database import Tx
from policies.terms import UserId


def lock_searches(tx: Tx, user_id: UserId) -> None:
    """Let one save of a person follow the other, so that their number keeps its bound."""
    tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('saved_searches:' || %(user_id)s, 0))",
        {"user_id": str(user_id)},
    )


def insert_search(tx: Tx, user_id: UserId, *, name: str, query: str, at: datetime) -> SavedSearchId:
    """Add one."""
    row = tx.execute(
        """
        INSERT INTO catalog.saved_searches (user_id, name, query, saved_at, seen_at)
        VALUES (%(user_id)s, %(name)s, %(query)s, %(at)s, %(at)s)
        RETURNING id
        """,
        {"user_id": user_id, "name": name, "query": query, "at": at},
    ).fetchone()
    assert row is not None
    return SavedSearchId(row["id"])


def rename_search(tx: Tx, user_id: UserId, query: str, *, name: str) -> SavedSearchId | None:
    """Name the search of that address anew; None where the person keeps none."""
    row = tx.execute(
        """
        UPDATE catalog.saved_searches
           SET name = %(name)s
         WHERE user_id = %(user_id)s
           AND query = %(query)s
        RETURNING id
        """,
        {"user_id": user_id, "query": query, "name": name},
    ).fetchone()
    return None if row is None else SavedSearchId(row["id"])


def count_searches(tx: Tx, user_id: UserId) -> int:
    """How many a person keeps."""
    row = tx.execute(
        "SELECT count(*) AS searches FROM catalog.saved_searches WHERE user_id = %(user_id)s",
        {"user_id": user_id},
    ).fetchone()
    assert row is not None
    return int(row["searches"])


def searches_of(tx: Tx, user_id: UserId, *, limit: int) -> list[SavedSearch]:
    """A person's searches, the last saved first."""
    rows = tx.execute(
        """
        SELECT id, name, query, saved_at, seen_at
          FROM catalog.saved_searches
         WHERE user_id = %(user_id)s
         ORDER BY saved_at DESC, id DESC
         LIMIT %(limit)s
        """,
        {"user_id": user_id, "limit": limit},
    )
    return [_search(row) for row in rows]


def update_seen(
    tx: Tx, user_id: UserId, search_id: SavedSearchId, *, at: datetime
) -> SavedSearch | None:
    """Count news from now on; None where it is not this person's."""
    row = tx.execute(
        """
        UPDATE catalog.saved_searches
           SET seen_at = %(at)s
         WHERE id = %(id)s
           AND user_id = %(user_id)s
        RETURNING id, name, query, saved_at, seen_at
        """,
        {"id": search_id, "user_id": user_id, "at": at},
    ).fetchone()
    return None if row is None else _search(row)


def delete_search(tx: Tx, user_id: UserId, search_id: SavedSearchId) -> bool:
    """Remove one; whether it was this person's."""
    row = tx.execute(
        """
        DELETE FROM catalog.saved_searches
         WHERE id = %(id)s
           AND user_id = %(user_id)s
        RETURNING id
        """,
        {"id": search_id, "user_id": user_id},
    ).fetchone()
    return row is not None


def _search(row: DictRow) -> SavedSearch:
    return SavedSearch(
        id=SavedSearchId(row["id"]),
        name=row["name"],
        query=row["query"],
        saved_at=row["saved_at"],
        seen_at=row["seen_at"],
    )
