"""Tables `catalog.search_changes` and `catalog.search_feed`: what an index has still to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from policies.database import Tx
from policies.terms import DatasetId


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the feed: the database it belongs to, and all that was visible then."""

    feed: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Records that changed since a mark, and the mark after them."""

    dataset_ids: Sequence[DatasetId]
    mark: Mark


def mark(tx: Tx) -> Mark:
    """The end of the feed now."""
    row = tx.execute(
        """
        SELECT feed.id || '-' || database.oid AS feed,
               pg_current_snapshot()::text AS snapshot
          FROM catalog.search_feed AS feed
          JOIN pg_database AS database ON database.datname = current_database()
        """
    ).fetchone()
    assert row is not None
    return Mark(row["feed"], row["snapshot"])


def is_followed(tx: Tx, since: Mark) -> bool:
    """Whether nothing that changed since `since` was forgotten, and it is this database's mark."""
    row = tx.execute(
        """
        SELECT feed.id || '-' || database.oid = %(feed)s
               AND pg_snapshot_xmin(%(snapshot)s::pg_snapshot) > feed.forgotten_to
               AND pg_snapshot_xmax(%(snapshot)s::pg_snapshot)
                   <= pg_snapshot_xmax(pg_current_snapshot()) AS is_followed
          FROM catalog.search_feed AS feed
          JOIN pg_database AS database ON database.datname = current_database()
        """,
        {"feed": since.feed, "snapshot": since.snapshot},
    ).fetchone()
    return row is not None and bool(row["is_followed"])


def count_changes(tx: Tx, since: Mark, *, limit: int) -> int:
    """How many changes an index at `since` has not read; counts no further than `limit`.

    What the asking transaction itself changed does not count: nobody else can see it yet.
    """
    row = tx.execute(
        """
        SELECT count(*) AS changes
          FROM (SELECT 1
                  FROM catalog.search_changes
                 WHERE transaction_id >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot)
                   AND NOT pg_visible_in_snapshot(transaction_id, %(snapshot)s::pg_snapshot)
                   AND transaction_id IS DISTINCT FROM pg_current_xact_id_if_assigned()
                 LIMIT %(limit)s) AS unread
        """,
        {"snapshot": since.snapshot, "limit": limit},
    ).fetchone()
    assert row is not None
    return int(row["changes"])


def changes_since(tx: Tx, since: Mark) -> Changes:
    """Every record that changed since `since`, in the order of the first changes."""
    row = tx.execute(
        """
        SELECT pg_current_snapshot()::text AS snapshot,
               ARRAY(SELECT dataset_id
                       FROM catalog.search_changes
                      WHERE transaction_id >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot)
                        AND NOT pg_visible_in_snapshot(transaction_id, %(snapshot)s::pg_snapshot)
                      GROUP BY dataset_id
                      ORDER BY min(number)) AS dataset_ids
        """,
        {"snapshot": since.snapshot},
    ).fetchone()
    assert row is not None
    return Changes(row["dataset_ids"], Mark(since.feed, row["snapshot"]))


def forget_old(tx: Tx, *, kept: int) -> int:
    """Remove all but the last `kept` changes; how many. Indexes further behind are built anew."""
    removed = tx.execute(
        """
        WITH bound AS (
            SELECT max(number) - %(kept)s AS number
              FROM catalog.search_changes
        ), removed AS (
            DELETE FROM catalog.search_changes AS change
             USING bound
             WHERE change.number <= bound.number
               AND change.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
         RETURNING change.transaction_id
        ), last AS (
            SELECT max(transaction_id) AS transaction_id, count(*) AS changes
              FROM removed
        )
        UPDATE catalog.search_feed AS feed
           SET forgotten_to = last.transaction_id
          FROM last
         WHERE last.transaction_id > feed.forgotten_to
     RETURNING last.changes
        """,
        {"kept": kept},
    ).fetchone()
    return 0 if removed is None else int(removed["changes"])


def has_changed_nothing(tx: Tx) -> bool:
    """Whether the transaction wrote nothing so far, and sees what others commit."""
    row = tx.execute(
        """
        SELECT pg_current_xact_id_if_assigned() IS NULL
               AND current_setting('transaction_isolation') = 'read committed' AS is_clean
        """
    ).fetchone()
    return row is not None and bool(row["is_clean"])


def ids_after(tx: Tx, after: DatasetId | None, *, limit: int) -> list[DatasetId]:
    """Ids of all datasets in their order, those after `after`."""
    rows = tx.execute(
        """
        SELECT id
          FROM catalog.datasets
         WHERE %(after)s::uuid IS NULL
            OR id > %(after)s
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"after": after, "limit": limit},
    )
    return [row["id"] for row in rows]


def count_datasets(tx: Tx, *, limit: int) -> int:
    """How many datasets there are; counts no further than `limit`."""
    row = tx.execute(
        """
        SELECT count(*) AS datasets
          FROM (SELECT 1 FROM catalog.datasets LIMIT %(limit)s) AS counted
        """,
        {"limit": limit},
    ).fetchone()
    assert row is not None
    return int(row["datasets"])


def names(tx: Tx, *, limit: int) -> list[str]:
    """Names of this city: of organisations, themes and areas."""
    rows = tx.execute(
        """
        SELECT DISTINCT name
          FROM (SELECT title ->> 'zh' AS name
                  FROM policies.organizations
                 UNION ALL
                SELECT title ->> 'zh'
                  FROM catalog.themes
                 UNION ALL
                SELECT directory ->> 'spatial'
                  FROM catalog.datasets
                 WHERE directory ? 'spatial') AS named
         WHERE name <> ''
         ORDER BY name
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [row["name"] for row in rows]


def vocabulary_names(tx: Tx, *, limit: int) -> dict[UUID, str]:
    """Names of the controlled lists of terms."""
    rows = tx.execute(
        """
        SELECT id, name
          FROM catalog.vocabularies
         ORDER BY id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return {row["id"]: row["name"] for row in rows}


def listen(connection: Connection[TupleRow]) -> None:
    """Hear of changes on this connection."""
    connection.execute("LISTEN weir_search")


def note_changes(tx: Tx, dataset_ids: Sequence[DatasetId]) -> None:
    """Have indexes read these datasets again."""
    tx.execute(
        """
        WITH noted AS (
            INSERT INTO catalog.search_changes (dataset_id)
            SELECT unnest(%(dataset_ids)s::uuid[])
         RETURNING 1
        )
        SELECT pg_notify('weir_search', '')
          FROM (SELECT 1 FROM noted LIMIT 1) AS any_noted
        """,
        {"dataset_ids": list(dataset_ids)},
    )
