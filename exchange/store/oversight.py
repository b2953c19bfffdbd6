"""Counts for those who supervise the exchange."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from exchange.oversight import Counts
from policies.database import Tx


def counts(tx: Tx, *, since: datetime, at: datetime, today: date) -> Counts:
    """The figures of the supervisor's first page."""
    row = tx.execute(
        """
        SELECT (SELECT count(*) FROM exchange.receipts WHERE created_at >= %(since)s)
                   AS deliveries,
               (SELECT coalesce(sum(row_count), 0) FROM exchange.receipts
                 WHERE created_at >= %(since)s)::bigint AS rows,
               (SELECT coalesce(sum(charge_microcredits), 0) FROM exchange.receipts
                 WHERE created_at >= %(since)s)::bigint AS charged_microcredits,
               (SELECT count(*) FROM exchange.decisions
                 WHERE at >= %(since)s AND NOT is_allowed) AS refusals,
               (SELECT count(*) FROM policies.agreements
                 WHERE state = 'active' AND starts_at <= %(at)s AND ends_at > %(at)s)
                   AS agreements_in_force,
               (SELECT count(*) FROM exchange.applications WHERE state = 'submitted')
                   AS applications_open,
               (SELECT count(*) FROM exchange.applications
                 WHERE state = 'submitted' AND due_on < %(today)s AND NOT is_due_provisional)
                   AS applications_overdue,
               (SELECT count(*) FROM exchange.listings WHERE state = 'draft')
                   AS listings_to_open
        """,
        {"since": since, "at": at, "today": today},
    ).fetchone()
    assert row is not None
    return Counts(**row)


def target_exists(tx: Tx, target_kind: str, target_id: UUID) -> bool:
    """Whether there is such an organisation, dataset, listing or agreement."""
    row = tx.execute(
        """
        SELECT CASE %(kind)s
               WHEN 'organization' THEN
                   EXISTS (SELECT 1 FROM policies.organizations WHERE id = %(id)s)
               WHEN 'dataset' THEN EXISTS (SELECT 1 FROM catalog.datasets WHERE id = %(id)s)
               WHEN 'listing' THEN EXISTS (SELECT 1 FROM exchange.listings WHERE id = %(id)s)
               ELSE EXISTS (SELECT 1 FROM policies.agreements WHERE id = %(id)s)
               END AS found
        """,
        {"kind": target_kind, "id": target_id},
    ).fetchone()
    return bool(row and row["found"])
