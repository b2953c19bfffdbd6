"""What datasets hold, in one statement for a whole list of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.audience import Audience
from policies.database import Tx
from policies.terms import DatasetId

Row = dict[str, Any]


def newest_of(tx: Tx, dataset_ids: Sequence[DatasetId], audience: Audience) -> list[Row]:
    """The newest version of each dataset's first distribution that exists for the audience."""
    rows = tx.execute(
        """
        SELECT DISTINCT ON (distribution.dataset_id)
               distribution.dataset_id, version.id, version.number, version.row_count,
               jsonb_array_length(version.columns) AS column_count, version.verdict,
               version.report_id, version.created_at
          FROM catalog.distributions AS distribution
          JOIN catalog.datasets AS dataset ON dataset.id = distribution.dataset_id
          JOIN catalog.versions AS version ON version.distribution_id = distribution.id
         WHERE distribution.dataset_id = ANY (%(dataset_ids)s)
           AND version.kind <> 'document'
           AND (dataset.publisher_id = ANY (%(member_of)s)
                OR (version.state = 'published' AND dataset.state = 'published'))
         ORDER BY distribution.dataset_id, distribution.position, distribution.created_at,
                  distribution.id, version.number DESC
        """,
        {"dataset_ids": list(dataset_ids), "member_of": list(audience.member_of)},
    )
    return list(rows)


def published_rows(tx: Tx) -> int:
    """Rows of the newest published version of every distribution of a published dataset."""
    row = tx.execute(
        """
        SELECT coalesce(sum(row_count), 0) AS rows
          FROM (SELECT DISTINCT ON (version.distribution_id) version.row_count
                  FROM catalog.versions AS version
                  JOIN catalog.distributions AS distribution
                    ON distribution.id = version.distribution_id
                  JOIN catalog.datasets AS dataset ON dataset.id = distribution.dataset_id
                 WHERE version.state = 'published'
                   AND dataset.state = 'published'
                   AND dataset.audience = 'public'
                 ORDER BY version.distribution_id, version.number DESC) AS newest
        """
    ).fetchone()
    assert row is not None, "an aggregate gives one row"
    return int(row["rows"])


def published_by_organization(tx: Tx) -> list[Row]:
    """How many published datasets each organisation has, the most first."""
    rows = tx.execute(
        """
        SELECT publisher_id, count(*) AS datasets
          FROM catalog.datasets
         WHERE state = 'published'
           AND audience = 'public'
         GROUP BY publisher_id
         ORDER BY datasets DESC, publisher_id
        """
    )
    return list(rows)


def newest_published(tx: Tx, limit: int) -> list[DatasetId]:
    """The datasets that were published last, the newest first."""
    rows = tx.execute(
        """
        SELECT id
          FROM catalog.datasets
         WHERE state = 'published'
           AND audience = 'public'
         ORDER BY issued DESC, id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [DatasetId(row["id"]) for row in rows]


def sources_of(tx: Tx, dataset_ids: Sequence[DatasetId], audience: Audience) -> list[Row]:
    """What each of these datasets was made from, by however many steps, of what is published, has
    data and exists for the audience all the way; the oldest data first.
    """
    rows = tx.execute(
        """
        WITH RECURSIVE made_from (made_id, id) AS (
            SELECT made.dataset_id, made.input_id
              FROM catalog.dataset_inputs AS made
              JOIN catalog.datasets AS source ON source.id = made.input_id
             WHERE made.dataset_id = ANY (%(dataset_ids)s)
               AND source.state = 'published'
               AND catalog.is_seen(source, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
             UNION
            SELECT made_from.made_id, made.input_id
              FROM made_from
              JOIN catalog.dataset_inputs AS made ON made.dataset_id = made_from.id
              JOIN catalog.datasets AS source ON source.id = made.input_id
             WHERE source.state = 'published'
               AND catalog.is_seen(source, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
        )
        SELECT made_from.made_id, source.id, source.slug, source.title, source.update_cycle,
               newest.came_at
          FROM made_from
          JOIN catalog.datasets AS source ON source.id = made_from.id
          JOIN LATERAL (SELECT max(version.created_at) AS came_at
                          FROM catalog.distributions AS distribution
                          JOIN catalog.versions AS version
                            ON version.distribution_id = distribution.id
                         WHERE distribution.dataset_id = source.id
                           AND version.state = 'published') AS newest
            ON newest.came_at IS NOT NULL
         WHERE made_from.id <> made_from.made_id
         ORDER BY made_from.made_id, newest.came_at, source.id
        """,
        {
            "dataset_ids": list(dataset_ids),
            "member_of": list(audience.member_of),
            "oversees": audience.oversees,
            "departments": audience.is_department,
            "reader": audience.user_id,
        },
    )
    return list(rows)


def made_from(tx: Tx, dataset_ids: Sequence[DatasetId]) -> list[DatasetId]:
    """Datasets that were made from these, by however many steps."""
    rows = tx.execute(
        """
        WITH RECURSIVE dependents (id) AS (
            SELECT dataset_id
              FROM catalog.dataset_inputs
             WHERE input_id = ANY (%(dataset_ids)s)
             UNION
            SELECT made.dataset_id
              FROM catalog.dataset_inputs AS made
              JOIN dependents ON dependents.id = made.input_id
        )
        SELECT id
          FROM dependents
         ORDER BY id
        """,
        {"dataset_ids": list(dataset_ids)},
    )
    return [row["id"] for row in rows]


def newest_data_after(
    tx: Tx, after: DatasetId | None, *, cycles: Sequence[str], limit: int
) -> list[Row]:
    """Published datasets of these update cycles that have data, and when the last of it came."""
    rows = tx.execute(
        """
        SELECT dataset.id, dataset.update_cycle, newest.came_at
          FROM catalog.datasets AS dataset
          JOIN LATERAL (SELECT max(version.created_at) AS came_at
                          FROM catalog.distributions AS distribution
                          JOIN catalog.versions AS version
                            ON version.distribution_id = distribution.id
                         WHERE distribution.dataset_id = dataset.id
                           AND version.state = 'published') AS newest
            ON newest.came_at IS NOT NULL
         WHERE dataset.state = 'published'
           AND dataset.update_cycle = ANY (%(cycles)s)
           AND (%(after)s::uuid IS NULL OR dataset.id > %(after)s)
         ORDER BY dataset.id
         LIMIT %(limit)s
        """,
        {"cycles": list(cycles), "after": after, "limit": limit},
    )
    return list(rows)
