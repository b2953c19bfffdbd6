"""Which organisation answers for which rows of `catalog.datasets`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg

from policies.database import Tx
from policies.terms import DatasetId, OrganizationId


def datasets_of(tx: Tx, publisher_id: OrganizationId, *, with_withdrawn: bool) -> list[DatasetId]:
    """Ids of an organisation's datasets, whoever sees them."""
    rows = tx.execute(
        """
        SELECT id
          FROM catalog.datasets
         WHERE publisher_id = %(publisher_id)s
           AND (%(with_withdrawn)s OR state <> 'withdrawn')
         ORDER BY id
        """,
        {"publisher_id": publisher_id, "with_withdrawn": with_withdrawn},
    )
    return [row["id"] for row in rows]


def move(tx: Tx, dataset_ids: Sequence[DatasetId], *, to: OrganizationId, at: datetime) -> bool:
    """Give datasets to another organisation; False, and nothing is changed, where two of them
    would then have one code of the directory.
    """
    try:
        with tx.transaction():
            tx.execute(
                """
                UPDATE catalog.datasets
                   SET publisher_id = %(to)s, modified_at = %(at)s
                 WHERE id = ANY (%(ids)s)
                """,
                {"ids": list(dataset_ids), "to": to, "at": at},
            )
    except psycopg.errors.UniqueViolation:
        return False
    return True
