"""Table `catalog.link_checks`: whether addresses of data elsewhere answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from catalog.dataset import DistributionId
from catalog.links.link import Link, LinkCheck, Outcome
from policies.database import Tx
from policies.terms import DatasetId


def links_due(tx: Tx, *, well_before: datetime, broken_before: datetime, limit: int) -> list[Link]:
    """Addresses in published records that nobody looked at since, the longest ago first."""
    rows = tx.execute(
        """
        SELECT distribution.id, distribution.access_url
          FROM catalog.distributions AS distribution
          JOIN catalog.datasets AS dataset ON dataset.id = distribution.dataset_id
          LEFT JOIN catalog.link_checks AS checked
            ON checked.distribution_id = distribution.id
           AND checked.address = distribution.access_url
         WHERE distribution.access_url <> ''
           AND NOT distribution.is_removed
           AND dataset.state = 'published'
           AND NOT dataset.is_purged
           AND coalesce(dataset.directory ->> 'is_classified', 'false') <> 'true'
           AND (checked.checked_at IS NULL
                OR checked.checked_at < CASE WHEN checked.failing_since IS NULL
                                             THEN %(well_before)s::timestamptz
                                             ELSE %(broken_before)s::timestamptz END)
         ORDER BY checked.checked_at NULLS FIRST, distribution.id
         LIMIT %(limit)s
        """,
        {"well_before": well_before, "broken_before": broken_before, "limit": limit},
    )
    return [Link(DistributionId(row["id"]), row["access_url"]) for row in rows]


def put_check(tx: Tx, link: Link, outcome: Outcome, *, status: int | None, at: datetime) -> None:
    """Note what an address said; since when it fails stays until it answers or is another one."""
    tx.execute(
        """
        INSERT INTO catalog.link_checks AS known
               (distribution_id, address, outcome, status, checked_at, failing_since)
        SELECT id, %(address)s, %(outcome)s, %(status)s, %(at)s, %(failing_since)s
          FROM catalog.distributions
         WHERE id = %(distribution_id)s
            ON CONFLICT (distribution_id)
            DO UPDATE SET address = EXCLUDED.address,
                          outcome = EXCLUDED.outcome,
                          status = EXCLUDED.status,
                          checked_at = EXCLUDED.checked_at,
                          failing_since = CASE
                              WHEN EXCLUDED.outcome = 'answered' THEN NULL
                              WHEN known.address = EXCLUDED.address
                                  THEN coalesce(known.failing_since, EXCLUDED.failing_since)
                              ELSE EXCLUDED.failing_since END
        """,
        {
            "distribution_id": link.distribution_id,
            "address": link.address,
            "outcome": outcome,
            "status": status,
            "at": at,
            "failing_since": None if outcome is Outcome.ANSWERED else at,
        },
    )


def checks_of(tx: Tx, dataset_id: DatasetId) -> list[LinkCheck]:
    """What the present addresses of a dataset said, in the order of its distributions."""
    rows = tx.execute(
        """
        SELECT checked.distribution_id, checked.address, checked.outcome, checked.status,
               checked.checked_at, checked.failing_since
          FROM catalog.link_checks AS checked
          JOIN catalog.distributions AS distribution
            ON distribution.id = checked.distribution_id
           AND distribution.access_url = checked.address
         WHERE distribution.dataset_id = %(dataset_id)s
           AND NOT distribution.is_removed
         ORDER BY distribution.position, distribution.created_at, distribution.id
        """,
        {"dataset_id": dataset_id},
    )
    return [_check(row) for row in rows]


def failing_of(tx: Tx, dataset_ids: Sequence[DatasetId]) -> list[tuple[DatasetId, LinkCheck]]:
    """The present addresses of these datasets that did not answer, each with its dataset."""
    rows = tx.execute(
        """
        SELECT distribution.dataset_id, checked.distribution_id, checked.address,
               checked.outcome, checked.status, checked.checked_at, checked.failing_since
          FROM catalog.link_checks AS checked
          JOIN catalog.distributions AS distribution
            ON distribution.id = checked.distribution_id
           AND distribution.access_url = checked.address
         WHERE distribution.dataset_id = ANY (%(dataset_ids)s)
           AND NOT distribution.is_removed
           AND checked.failing_since IS NOT NULL
         ORDER BY distribution.dataset_id, checked.distribution_id
        """,
        {"dataset_ids": list(dataset_ids)},
    )
    return [(DatasetId(row["dataset_id"]), _check(row)) for row in rows]


def _check(row: Mapping[str, Any]) -> LinkCheck:
    return LinkCheck(
        DistributionId(row["distribution_id"]),
        row["address"],
        Outcome(row["outcome"]),
        row["status"],
        row["checked_at"],
        row["failing_since"],
    )
