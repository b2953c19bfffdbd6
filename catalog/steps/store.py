"""Tables `catalog.step_tables` and `catalog.table_aliases`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from catalog.dataset import DistributionId
from catalog.steps.table import Definition
from policies.database import Tx


def get_definition(tx: Tx, distribution_id: DistributionId) -> Definition | None:
    """What is said of a table; None where nothing is."""
    row = tx.execute(
        """
        SELECT next_row_id, primary_key, indexes, infos
          FROM catalog.step_tables
         WHERE distribution_id = %(id)s
        """,
        {"id": distribution_id},
    ).fetchone()
    if row is None:
        return None
    return Definition(
        row["next_row_id"],
        tuple(row["primary_key"]),
        tuple(tuple(one) for one in row["indexes"]),
        row["infos"],
    )


def put_definition(tx: Tx, distribution_id: DistributionId, definition: Definition) -> None:
    """Say this of a table from now on."""
    tx.execute(
        """
        INSERT INTO catalog.step_tables
               (distribution_id, next_row_id, primary_key, indexes, infos)
        VALUES (%(id)s, %(next_row_id)s, %(primary_key)s, %(indexes)s, %(infos)s)
        ON CONFLICT (distribution_id) DO UPDATE
           SET next_row_id = excluded.next_row_id,
               primary_key = excluded.primary_key,
               indexes = excluded.indexes,
               infos = excluded.infos
        """,
        {
            "id": distribution_id,
            "next_row_id": definition.next_row_id,
            "primary_key": list(definition.primary_key),
            "indexes": Jsonb([list(one) for one in definition.indexes]),
            "infos": Jsonb(dict(definition.infos)),
        },
    )


def drop(tx: Tx, distribution_id: DistributionId) -> None:
    """Take a table away: its versions stay for the evidence and are read by nobody."""
    tx.execute(
        """
        UPDATE catalog.versions
           SET is_dropped = true
         WHERE distribution_id = %(id)s
           AND NOT is_dropped
        """,
        {"id": distribution_id},
    )
    tx.execute(
        """
        DELETE FROM catalog.step_tables
         WHERE distribution_id = %(id)s
        """,
        {"id": distribution_id},
    )
    put_aliases(tx, distribution_id, ())


def distribution_of_alias(tx: Tx, alias: str) -> DistributionId | None:
    """The table that goes by this name; None where none does."""
    row = tx.execute(
        """
        SELECT distribution_id
          FROM catalog.table_aliases
         WHERE alias = %(alias)s
        """,
        {"alias": alias},
    ).fetchone()
    return None if row is None else DistributionId(row["distribution_id"])


def aliases_of(tx: Tx, distribution_ids: Sequence[DistributionId]) -> list[tuple[str, str]]:
    """Aliases and the ids of their tables, by name."""
    rows = tx.execute(
        """
        SELECT alias, distribution_id
          FROM catalog.table_aliases
         WHERE distribution_id = ANY (%(ids)s)
         ORDER BY alias
        """,
        {"ids": list(distribution_ids)},
    )
    return [(row["alias"], str(row["distribution_id"])) for row in rows]


def put_aliases(tx: Tx, distribution_id: DistributionId, aliases: Sequence[str]) -> list[str]:
    """Have a table go by these names and no others; says those that another one has.

    What was taken away or purged has none any more.
    """
    tx.execute(
        """
        DELETE FROM catalog.table_aliases AS named
         USING catalog.distributions AS held, catalog.datasets AS dataset
         WHERE held.id = named.distribution_id
           AND dataset.id = held.dataset_id
           AND (held.id = %(id)s
                OR (named.alias = ANY (%(aliases)s) AND (held.is_removed OR dataset.is_purged)))
        """,
        {"id": distribution_id, "aliases": list(aliases)},
    )
    rows = tx.execute(
        """
        INSERT INTO catalog.table_aliases (alias, distribution_id)
        SELECT alias, %(id)s
          FROM unnest(%(aliases)s::text[]) AS alias
        ON CONFLICT DO NOTHING
        RETURNING alias
        """,
        {"id": distribution_id, "aliases": list(aliases)},
    )
    added = {row["alias"] for row in rows}
    return [one for one in aliases if one not in added]


def has_published(tx: Tx, distribution_id: DistributionId) -> bool:
    """Whether some version of the table is published."""
    row = tx.execute(
        """
        SELECT 1
          FROM catalog.versions
         WHERE distribution_id = %(id)s
           AND state = 'published'
           AND NOT is_dropped
         LIMIT 1
        """,
        {"id": distribution_id},
    ).fetchone()
    return row is not None


def is_fit_to_offer(tx: Tx, distribution_id: DistributionId) -> bool:
    """Whether what a step would build on was held back by nothing; where there is nothing, yes."""
    row = tx.execute(
        """
        SELECT is_dropped OR offered_under IS NOT NULL OR verdict <> 'blocked' AS is_fit
          FROM catalog.versions
         WHERE distribution_id = %(id)s
         ORDER BY number DESC
         LIMIT 1
        """,
        {"id": distribution_id},
    ).fetchone()
    return row is None or bool(row["is_fit"])


def unsettled(
    tx: Tx, *, quiet_since: datetime, settled_before: datetime, limit: int
) -> list[DistributionId]:
    """Tables whose newest version is a step, that were quiet or long not settled."""
    rows = tx.execute(
        """
        SELECT fed.distribution_id
          FROM catalog.step_tables AS fed
          JOIN LATERAL (SELECT kind, created_at, is_dropped
                          FROM catalog.versions AS version
                         WHERE version.distribution_id = fed.distribution_id
                         ORDER BY number DESC
                         LIMIT 1) AS newest ON true
          LEFT JOIN LATERAL (SELECT created_at
                               FROM catalog.versions AS version
                              WHERE version.distribution_id = fed.distribution_id
                                AND version.kind <> 'step'
                              ORDER BY number DESC
                              LIMIT 1) AS settled ON true
         WHERE newest.kind = 'step'
           AND NOT newest.is_dropped
           AND (newest.created_at < %(quiet_since)s
                OR coalesce(settled.created_at, '-infinity') < %(settled_before)s)
         ORDER BY newest.created_at
         LIMIT %(limit)s
        """,
        {"quiet_since": quiet_since, "settled_before": settled_before, "limit": limit},
    )
    return [DistributionId(row["distribution_id"]) for row in rows]


def tables_seen(
    tx: Tx, member_of: Sequence[UUID], *, limit: int, offset: int
) -> list[tuple[str, str | None]]:
    """Tables whose rows are public or belong to these organisations, and their aliases."""
    rows = tx.execute(
        """
        WITH seen AS (
            SELECT DISTINCT version.distribution_id AS id
              FROM catalog.versions AS version
              JOIN catalog.distributions AS held ON held.id = version.distribution_id
              JOIN catalog.datasets AS dataset ON dataset.id = held.dataset_id
             WHERE NOT version.is_dropped
               AND version.kind <> 'document'
               AND NOT held.is_removed
               AND NOT dataset.is_purged
               AND (dataset.publisher_id = ANY (%(member_of)s)
                    OR (dataset.state = 'published'
                        AND dataset.audience = 'public'
                        AND (version.state = 'published' OR version.offered_under IS NOT NULL))))
        SELECT id::text AS name, NULL AS alias_of
          FROM seen
         UNION ALL
        SELECT alias, distribution_id::text
          FROM catalog.table_aliases
         WHERE distribution_id IN (SELECT id FROM seen)
         ORDER BY 1
         LIMIT %(limit)s
        OFFSET %(offset)s
        """,
        {"member_of": list(member_of), "limit": limit, "offset": offset},
    )
    return [(row["name"], row["alias_of"]) for row in rows]
