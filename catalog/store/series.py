"""Rows of `catalog.datasets` that are series, and those that belong to one."""

from __future__ import annotations

from catalog.audience import Audience
from catalog.dataset import Dataset
from catalog.store.datasets import dataset_of
from policies.database import Tx
from policies.terms import DatasetId, OrganizationId


def series_of_publisher(
    tx: Tx, publisher_id: OrganizationId, audience: Audience, *, limit: int
) -> list[Dataset]:
    """The series of a publisher that the audience sees, by name."""
    rows = tx.execute(
        """
        SELECT dataset.*
          FROM catalog.datasets AS dataset
         WHERE dataset.publisher_id = %(publisher_id)s
           AND dataset.directory ->> 'type_name' = 'series'
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.slug
         LIMIT %(limit)s
        """,
        {"publisher_id": publisher_id, "limit": limit, **_of(audience)},
    )
    return [dataset_of(row) for row in rows]


def members_of(tx: Tx, series_id: DatasetId, audience: Audience, *, limit: int) -> list[Dataset]:
    """The datasets of a series that the audience sees, the latest time covered first."""
    rows = tx.execute(
        """
        SELECT dataset.*
          FROM catalog.datasets AS dataset
         WHERE dataset.directory ? 'in_series'
           AND dataset.directory ->> 'in_series' = %(series_id)s
           AND catalog.is_seen(dataset, %(member_of)s, %(oversees)s, %(departments)s, %(reader)s)
         ORDER BY dataset.directory ->> 'temporal_start' DESC NULLS LAST, dataset.slug
         LIMIT %(limit)s
        """,
        {"series_id": str(series_id), "limit": limit, **_of(audience)},
    )
    return [dataset_of(row) for row in rows]


def _of(audience: Audience) -> dict[str, object]:
    return {
        "member_of": list(audience.member_of),
        "oversees": audience.oversees,
        "departments": audience.is_department,
        "reader": audience.user_id,
    }
