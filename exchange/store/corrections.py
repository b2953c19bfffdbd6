"""Table `exchange.corrections`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from exchange.correction import Correction, CorrectionOutcome
from policies.calendar import DueDate
from policies.database import Tx
from policies.terms import DatasetId, OrganizationId, UserId, VersionId

PAGE_MAX = 200
CLOCKS_MAX = 5_000


def insert_correction(tx: Tx, correction: Correction) -> None:
    """Add a complaint."""
    tx.execute(
        """
        INSERT INTO exchange.corrections
               (id, dataset_id, asker_id, asked_by, asked_at, record_reference, fault, due_on,
                is_due_provisional)
        VALUES (%(id)s, %(dataset_id)s, %(asker_id)s, %(asked_by)s, %(asked_at)s,
                %(record_reference)s, %(fault)s, %(due_on)s, %(is_due_provisional)s)
        """,
        {
            "id": correction.id,
            "dataset_id": correction.dataset_id,
            "asker_id": correction.asker_id,
            "asked_by": correction.asked_by,
            "asked_at": correction.asked_at,
            "record_reference": correction.record_reference,
            "fault": correction.fault,
            "due_on": correction.due.day,
            "is_due_provisional": correction.due.is_provisional,
        },
    )


def update_correction(tx: Tx, correction: Correction) -> None:
    """Write a complaint's present state."""
    tx.execute(
        """
        UPDATE exchange.corrections
           SET due_on = %(due_on)s,
               is_due_provisional = %(is_due_provisional)s,
               reminded_days = %(reminded_days)s,
               escalated_at = %(escalated_at)s,
               outcome = %(outcome)s,
               outcome_words = %(outcome_words)s,
               version_id = %(version_id)s,
               closed_by = %(closed_by)s,
               closed_at = %(closed_at)s
         WHERE id = %(id)s
        """,
        {
            "id": correction.id,
            "due_on": correction.due.day,
            "is_due_provisional": correction.due.is_provisional,
            "reminded_days": correction.reminded_days,
            "escalated_at": correction.escalated_at,
            "outcome": correction.outcome,
            "outcome_words": correction.outcome_words,
            "version_id": correction.version_id,
            "closed_by": correction.closed_by,
            "closed_at": correction.closed_at,
        },
    )


def get_correction(tx: Tx, correction_id: UUID) -> Correction | None:
    """The complaint of that id; None where there is none."""
    row = tx.execute(
        """
        SELECT correction.*, dataset.publisher_id AS provider_id
          FROM exchange.corrections AS correction
          JOIN catalog.datasets AS dataset ON dataset.id = correction.dataset_id
         WHERE correction.id = %(id)s
        """,
        {"id": correction_id},
    ).fetchone()
    return _correction(row) if row else None


def lock_correction(tx: Tx, correction_id: UUID) -> Correction | None:
    """The complaint of that id, for a change in this transaction; None where there is none."""
    row = tx.execute(
        """
        SELECT correction.*, dataset.publisher_id AS provider_id
          FROM exchange.corrections AS correction
          JOIN catalog.datasets AS dataset ON dataset.id = correction.dataset_id
         WHERE correction.id = %(id)s
           FOR UPDATE OF correction
        """,
        {"id": correction_id},
    ).fetchone()
    return _correction(row) if row else None


def open_of(tx: Tx, publisher_ids: Sequence[OrganizationId]) -> list[Correction]:
    """What waits for the check of these publishers, the most urgent first."""
    rows = tx.execute(
        """
        SELECT correction.*, dataset.publisher_id AS provider_id
          FROM exchange.corrections AS correction
          JOIN catalog.datasets AS dataset ON dataset.id = correction.dataset_id
         WHERE correction.outcome IS NULL
           AND dataset.publisher_id = ANY(%(ids)s)
         ORDER BY correction.due_on, correction.id
         LIMIT %(limit)s
        """,
        {"ids": list(publisher_ids), "limit": PAGE_MAX},
    )
    return [_correction(row) for row in rows]


def escalated(tx: Tx) -> list[Correction]:
    """What was not checked in time, the oldest first; for the bureau."""
    rows = tx.execute(
        """
        SELECT correction.*, dataset.publisher_id AS provider_id
          FROM exchange.corrections AS correction
          JOIN catalog.datasets AS dataset ON dataset.id = correction.dataset_id
         WHERE correction.outcome IS NULL
           AND correction.escalated_at IS NOT NULL
         ORDER BY correction.due_on, correction.id
         LIMIT %(limit)s
        """,
        {"limit": PAGE_MAX},
    )
    return [_correction(row) for row in rows]


def asked_by(tx: Tx, asker_ids: Sequence[OrganizationId]) -> list[Correction]:
    """What these organisations complained of, the newest first."""
    rows = tx.execute(
        """
        SELECT correction.*, dataset.publisher_id AS provider_id
          FROM exchange.corrections AS correction
          JOIN catalog.datasets AS dataset ON dataset.id = correction.dataset_id
         WHERE correction.asker_id = ANY(%(ids)s)
         ORDER BY correction.asked_at DESC, correction.id
         LIMIT %(limit)s
        """,
        {"ids": list(asker_ids), "limit": PAGE_MAX},
    )
    return [_correction(row) for row in rows]


def ticking(tx: Tx) -> list[Correction]:
    """Open complaints whose time is not known to be up, locked for this transaction."""
    rows = tx.execute(
        """
        SELECT correction.*, dataset.publisher_id AS provider_id
          FROM exchange.corrections AS correction
          JOIN catalog.datasets AS dataset ON dataset.id = correction.dataset_id
         WHERE correction.outcome IS NULL
           AND correction.escalated_at IS NULL
         ORDER BY correction.due_on, correction.id
         LIMIT %(limit)s
           FOR UPDATE OF correction SKIP LOCKED
        """,
        {"limit": CLOCKS_MAX},
    )
    return [_correction(row) for row in rows]


def newest_version_since(tx: Tx, correction: Correction) -> VersionId | None:
    """The newest version published after the complaint; None where there is none."""
    row = tx.execute(
        """
        SELECT version.id
          FROM catalog.versions AS version
          JOIN catalog.distributions AS distribution ON distribution.id = version.distribution_id
         WHERE distribution.dataset_id = %(dataset_id)s
           AND version.state = 'published'
           AND version.created_at > %(asked_at)s
         ORDER BY version.created_at DESC, version.id
         LIMIT 1
        """,
        {"dataset_id": correction.dataset_id, "asked_at": correction.asked_at},
    ).fetchone()
    return VersionId(row["id"]) if row else None


def _correction(row: dict[str, Any]) -> Correction:
    return Correction(
        id=row["id"],
        dataset_id=DatasetId(row["dataset_id"]),
        provider_id=OrganizationId(row["provider_id"]),
        asker_id=OrganizationId(row["asker_id"]),
        asked_by=UserId(row["asked_by"]),
        asked_at=row["asked_at"],
        record_reference=row["record_reference"],
        fault=row["fault"],
        due=DueDate(row["due_on"], row["is_due_provisional"]),
        reminded_days=row["reminded_days"],
        escalated_at=row["escalated_at"],
        outcome=CorrectionOutcome(row["outcome"]) if row["outcome"] else None,
        outcome_words=row["outcome_words"],
        version_id=VersionId(row["version_id"]) if row["version_id"] else None,
        closed_by=UserId(row["closed_by"]) if row["closed_by"] else None,
        closed_at=row["closed_at"],
    )
