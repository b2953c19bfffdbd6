"""Table `quality.held_batches`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from psycopg.types.json import Jsonb

from catalog.dataset import DistributionId
from policies.database import Tx
from quality.held.batch import HeldBatch, rule_as_json, rule_from_json

Row = dict[str, Any]


def insert_batch(tx: Tx, batch: HeldBatch) -> None:
    """Keep a batch."""
    tx.execute(
        """
        INSERT INTO quality.held_batches
               (id, distribution_id, version_number, row_count, rules, held_at)
        VALUES (%(id)s, %(distribution_id)s, %(number)s, %(row_count)s, %(rules)s, %(at)s)
        """,
        {
            "id": uuid4(),
            "distribution_id": batch.distribution_id,
            "number": batch.version_number,
            "row_count": batch.row_count,
            "rules": Jsonb([rule_as_json(rule) for rule in batch.rules]),
            "at": batch.at,
        },
    )


def forget_batches(
    tx: Tx, distribution_id: DistributionId, *, before: datetime, kept_max: int
) -> None:
    """Forget those of a table that are too old, and all but the last `kept_max`."""
    tx.execute(
        """
        DELETE FROM quality.held_batches
         WHERE distribution_id = %(id)s
           AND (held_at < %(before)s
                OR id NOT IN (SELECT id
                                FROM quality.held_batches
                               WHERE distribution_id = %(id)s
                               ORDER BY held_at DESC, version_number DESC
                               LIMIT %(kept_max)s))
        """,
        {"id": distribution_id, "before": before, "kept_max": kept_max},
    )


def batches_of(
    tx: Tx, distribution_ids: Sequence[DistributionId], *, since: datetime, limit: int
) -> list[HeldBatch]:
    """The batches of these tables, the newest first."""
    rows = tx.execute(
        """
        SELECT distribution_id, version_number, row_count, rules, held_at
          FROM quality.held_batches
         WHERE distribution_id = ANY(%(ids)s)
           AND held_at >= %(since)s
         ORDER BY held_at DESC, version_number DESC, distribution_id
         LIMIT %(limit)s
        """,
        {"ids": list(distribution_ids), "since": since, "limit": limit},
    )
    return [_batch(row) for row in rows]


def sensitive_columns_of(tx: Tx, distribution_id: DistributionId) -> list[str]:
    """The columns of a table in any version of which something sensitive was recognised."""
    rows = tx.execute(
        """
        SELECT DISTINCT found.column_name
          FROM quality.sensitive_findings AS found
          JOIN catalog.versions AS version ON version.id = found.version_id
         WHERE version.distribution_id = %(id)s
         ORDER BY found.column_name
        """,
        {"id": distribution_id},
    )
    return [str(row["column_name"]) for row in rows]


def _batch(row: Row) -> HeldBatch:
    return HeldBatch(
        distribution_id=DistributionId(row["distribution_id"]),
        version_number=row["version_number"],
        row_count=row["row_count"],
        rules=tuple(rule_from_json(rule) for rule in row["rules"]),
        at=row["held_at"],
    )
