"""What taking whole records in needs of the tables beyond single fields: their place, their
controlled terms, and their end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg.errors import ForeignKeyViolation
from psycopg.types.json import Jsonb

from catalog.audience import Audience
from catalog.dataset import Dataset, DistributionId
from catalog.store.datasets import update_entry
from catalog.theme import TermId
from policies.database import Tx
from policies.terms import DatasetId, UserId


def update_place(tx: Tx, dataset: Dataset) -> None:
    """Write the dataset's name in addresses and its publisher."""
    tx.execute(
        """
        UPDATE catalog.datasets
           SET slug = %(slug)s,
               publisher_id = %(publisher_id)s
         WHERE id = %(id)s
        """,
        {"id": dataset.id, "slug": dataset.slug, "publisher_id": dataset.publisher_id},
    )


def revive_dataset(tx: Tx, dataset: Dataset) -> None:
    """Let a record stand again under the id of a purged one that evidence kept."""
    tx.execute(
        """
        UPDATE catalog.datasets
           SET slug = %(slug)s,
               publisher_id = %(publisher_id)s,
               state = %(state)s,
               state_reason = '',
               created_by = %(created_by)s,
               created_at = %(created_at)s,
               issued = NULL,
               is_purged = false
         WHERE id = %(id)s
        """,
        {
            "id": dataset.id,
            "slug": dataset.slug,
            "publisher_id": dataset.publisher_id,
            "state": dataset.state,
            "created_by": dataset.created_by,
            "created_at": dataset.created_at,
        },
    )
    update_entry(tx, dataset)


def replace_terms(tx: Tx, dataset_id: DatasetId, term_ids: Sequence[TermId]) -> bool:
    """Make the dataset's controlled terms be these; whether anything changed."""
    changed = tx.execute(
        """
        WITH gone AS (
            DELETE FROM catalog.dataset_terms
             WHERE dataset_id = %(dataset_id)s
               AND NOT term_id = ANY (%(term_ids)s)
            RETURNING 1
        ), come AS (
            INSERT INTO catalog.dataset_terms (dataset_id, term_id)
            SELECT %(dataset_id)s, unnest(%(term_ids)s::uuid[])
                ON CONFLICT DO NOTHING
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM come) AS changes
        """,
        {"dataset_id": dataset_id, "term_ids": list(term_ids)},
    ).fetchone()
    assert changed is not None, "an aggregate gives one row"
    return bool(changed["changes"])


def remove_distribution(tx: Tx, distribution_id: DistributionId) -> None:
    """Take a distribution away; one that has data or evidence is only hidden."""
    try:
        with tx.transaction():
            tx.execute(
                """
                DELETE FROM catalog.distributions
                 WHERE id = %(id)s
                """,
                {"id": distribution_id},
            )
    except ForeignKeyViolation:
        tx.execute(
            """
            UPDATE catalog.distributions
               SET is_removed = true
             WHERE id = %(id)s
            """,
            {"id": distribution_id},
        )


def delete_dataset(tx: Tx, dataset_id: DatasetId) -> bool:
    """Remove a record with everything that is only its own; False where evidence names it."""
    try:
        with tx.transaction():
            tx.execute(
                """
                WITH held AS (
                    SELECT id FROM catalog.distributions WHERE dataset_id = %(id)s
                ), versions AS (
                    SELECT id FROM catalog.versions
                     WHERE distribution_id IN (SELECT id FROM held)
                ), files AS (
                    DELETE FROM catalog.version_files
                     WHERE version_id IN (SELECT id FROM versions)
                ), no_plugin_data AS (
            DELETE FROM catalog.plugin_data
             WHERE dataset_id = %(id)s
        ), no_versions AS (
                    DELETE FROM catalog.versions WHERE id IN (SELECT id FROM versions)
                ), no_uploads AS (
                    DELETE FROM catalog.uploads
                     WHERE distribution_id IN (SELECT id FROM held)
                ), no_distributions AS (
                    DELETE FROM catalog.distributions WHERE dataset_id = %(id)s
                ), no_inputs AS (
                    DELETE FROM catalog.dataset_inputs
                     WHERE %(id)s IN (dataset_id, input_id)
                ), no_themes AS (
                    DELETE FROM catalog.dataset_themes WHERE dataset_id = %(id)s
                ), no_terms AS (
                    DELETE FROM catalog.dataset_terms WHERE dataset_id = %(id)s
                )
                DELETE FROM catalog.datasets WHERE id = %(id)s
                """,
                {"id": dataset_id},
            )
    except ForeignKeyViolation:
        return False
    return True


def empty_dataset(tx: Tx, dataset_id: DatasetId) -> None:
    """Leave nothing of a record but the id that evidence names; its name becomes free."""
    tx.execute(
        """
        WITH no_themes AS (
            DELETE FROM catalog.dataset_themes WHERE dataset_id = %(id)s
        ), no_terms AS (
            DELETE FROM catalog.dataset_terms WHERE dataset_id = %(id)s
        ), no_inputs AS (
            DELETE FROM catalog.dataset_inputs WHERE %(id)s IN (dataset_id, input_id)
        ), no_links AS (
            DELETE FROM catalog.relationships WHERE %(id)s IN (subject_id, object_id)
        ), no_collaborators AS (
            DELETE FROM catalog.collaborators WHERE dataset_id = %(id)s
        ), no_distributions AS (
            UPDATE catalog.distributions
               SET title = '{}',
                   description = '{}',
                   access_url = '',
                   details = '{}',
                   is_removed = true
             WHERE dataset_id = %(id)s
        ), no_versions AS (
            UPDATE catalog.versions
               SET state = 'withdrawn'
             WHERE state = 'published'
               AND distribution_id IN (SELECT id
                                         FROM catalog.distributions
                                        WHERE dataset_id = %(id)s)
        )
        UPDATE catalog.datasets
           SET slug = 'purged-' || id,
               title = %(title)s,
               summary = '{}',
               keywords = '{}',
               directory = '{}',
               state = 'withdrawn',
               state_reason = '',
               reader_ids = '{}',
               editor_ids = '{}',
               is_purged = true
         WHERE id = %(id)s
        """,
        {"id": dataset_id, "title": Jsonb({"zh": "已清除", "en": "Purged"})},
    )


def insert_tombstone(tx: Tx, dataset: Dataset, *, was_public: bool, at: datetime) -> None:
    """Say that a record was here, and since when it is gone."""
    tx.execute(
        """
        INSERT INTO catalog.tombstones (dataset_id, slug, publisher_id, was_public, removed_at)
        VALUES (%(dataset_id)s, %(slug)s, %(publisher_id)s, %(was_public)s, %(at)s)
            ON CONFLICT (dataset_id) DO UPDATE
           SET slug = excluded.slug,
               publisher_id = excluded.publisher_id,
               was_public = excluded.was_public,
               removed_at = excluded.removed_at
        """,
        {
            "dataset_id": dataset.id,
            "slug": dataset.slug,
            "publisher_id": dataset.publisher_id,
            "was_public": was_public,
            "at": at,
        },
    )


def delete_tombstone(tx: Tx, dataset_id: DatasetId) -> None:
    """Forget that a record is gone: it is here again."""
    tx.execute(
        """
        DELETE FROM catalog.tombstones
         WHERE dataset_id = %(dataset_id)s
        """,
        {"dataset_id": dataset_id},
    )


def upsert_collaborator(
    tx: Tx, dataset_id: DatasetId, user_id: UserId, capacity: str, at: datetime
) -> None:
    """Let a person in, in that capacity alone."""
    tx.execute(
        """
        INSERT INTO catalog.collaborators (dataset_id, user_id, capacity, modified_at)
        VALUES (%(dataset_id)s, %(user_id)s, %(capacity)s, %(at)s)
            ON CONFLICT (dataset_id, user_id) DO UPDATE
           SET capacity = excluded.capacity,
               modified_at = excluded.modified_at
        """,
        {"dataset_id": dataset_id, "user_id": user_id, "capacity": capacity, "at": at},
    )


def delete_collaborator(tx: Tx, dataset_id: DatasetId, user_id: UserId) -> bool:
    """Let a person out; False where they were not in."""
    gone = tx.execute(
        """
        DELETE FROM catalog.collaborators
         WHERE dataset_id = %(dataset_id)s
           AND user_id = %(user_id)s
        """,
        {"dataset_id": dataset_id, "user_id": user_id},
    )
    return gone.rowcount == 1


def update_let_in(tx: Tx, dataset_id: DatasetId) -> None:
    """Write the people who were let in beside the dataset, where decisions read them."""
    tx.execute(
        """
        UPDATE catalog.datasets
           SET reader_ids = ARRAY(SELECT user_id
                                    FROM catalog.collaborators
                                   WHERE dataset_id = %(id)s
                                   ORDER BY user_id),
               editor_ids = ARRAY(SELECT user_id
                                    FROM catalog.collaborators
                                   WHERE dataset_id = %(id)s
                                     AND capacity IN ('admin', 'editor')
                                   ORDER BY user_id)
         WHERE id = %(id)s
        """,
        {"id": dataset_id},
    )


def collaborators_of(
    tx: Tx, *, dataset_id: DatasetId | None, user_id: UserId | None, limit: int
) -> list[tuple[DatasetId, UserId, str, datetime]]:
    """Who was let in where, in which capacity and when; of one dataset, one person, or both."""
    rows = tx.execute(
        """
        SELECT dataset_id, user_id, capacity, modified_at
          FROM catalog.collaborators
         WHERE (%(dataset_id)s::uuid IS NULL OR dataset_id = %(dataset_id)s)
           AND (%(user_id)s::uuid IS NULL OR user_id = %(user_id)s)
         ORDER BY modified_at, dataset_id, user_id
         LIMIT %(limit)s
        """,
        {"dataset_id": dataset_id, "user_id": user_id, "limit": limit},
    )
    return [
        (row["dataset_id"], row["user_id"], row["capacity"], row["modified_at"]) for row in rows
    ]


def names(
    tx: Tx,
    audience: Audience,
    *,
    states: Sequence[str],
    with_private: bool,
    limit: int | None,
    offset: int,
) -> list[str]:
    """Names of the datasets that the audience sees in these states, sorted."""
    rows = tx.execute(
        """
        SELECT dataset.slug
          FROM catalog.datasets AS dataset
         WHERE dataset.state = ANY (%(states)s)
           AND (%(with_private)s OR dataset.audience = 'public')
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.slug
         LIMIT %(limit)s
        OFFSET %(offset)s
        """,
        {
            "states": list(states),
            "with_private": with_private,
            "limit": limit,
            "offset": offset,
            "member_of": list(audience.member_of),
            "oversees": audience.oversees,
            "departments": audience.is_department,
            "reader": audience.user_id,
        },
    )
    return [row["slug"] for row in rows]


def formats(tx: Tx, containing: str, *, limit: int) -> list[str]:
    """Formats of distributions of public records that contain this, the most frequent first."""
    rows = tx.execute(
        """
        SELECT lower(distribution.format) AS name
          FROM catalog.distributions AS distribution
          JOIN catalog.datasets AS dataset ON dataset.id = distribution.dataset_id
         WHERE NOT distribution.is_removed
           AND distribution.format <> ''
           AND dataset.state = 'published'
           AND dataset.audience = 'public'
           AND position(lower(%(containing)s) IN lower(distribution.format)) > 0
         GROUP BY lower(distribution.format)
         ORDER BY count(*) DESC, lower(distribution.format)
         LIMIT %(limit)s
        """,
        {"containing": containing, "limit": limit},
    )
    return [row["name"] for row in rows]
