"""Table `exchange.dispute_steps`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from exchange.dispute_step import DisputeStep, Outcome, Step
from policies.database import Tx
from policies.terms import OrganizationId, UserId

OPEN_MAX = 200


def insert_step(tx: Tx, step: DisputeStep) -> None:
    """Open a step."""
    tx.execute(
        """
        INSERT INTO exchange.dispute_steps
               (application_id, round, step, opened_by, opened_at, ground)
        VALUES (%(application_id)s, %(round)s, %(step)s, %(opened_by)s, %(opened_at)s, %(ground)s)
        """,
        {
            "application_id": step.application_id,
            "round": step.round,
            "step": int(step.step),
            "opened_by": step.opened_by,
            "opened_at": step.opened_at,
            "ground": step.ground,
        },
    )


def close_step(tx: Tx, step: DisputeStep) -> None:
    """Write how a step ended."""
    tx.execute(
        """
        UPDATE exchange.dispute_steps
           SET outcome = %(outcome)s,
               outcome_words = %(outcome_words)s,
               reference = %(reference)s,
               closed_by = %(closed_by)s,
               closed_at = %(closed_at)s
         WHERE application_id = %(application_id)s
           AND round = %(round)s
           AND step = %(step)s
        """,
        {
            "application_id": step.application_id,
            "round": step.round,
            "step": int(step.step),
            "outcome": step.outcome,
            "outcome_words": step.outcome_words,
            "reference": step.reference,
            "closed_by": step.closed_by,
            "closed_at": step.closed_at,
        },
    )


def steps_of(tx: Tx, application_id: UUID) -> list[DisputeStep]:
    """All steps about a request, the first one first; three a round, and rounds are few."""
    rows = tx.execute(
        """
        SELECT *
          FROM exchange.dispute_steps
         WHERE application_id = %(application_id)s
         ORDER BY round, step
        """,
        {"application_id": application_id},
    )
    return [_step(row) for row in rows]


def open_steps(
    tx: Tx, provider_ids: Sequence[OrganizationId], *, with_authority: bool
) -> list[DisputeStep]:
    """Open steps before these providers, and those before the share authority; oldest first."""
    rows = tx.execute(
        """
        SELECT step.*
          FROM exchange.dispute_steps AS step
          JOIN exchange.applications AS application ON application.id = step.application_id
          JOIN exchange.listings AS listing ON listing.id = application.listing_id
          JOIN catalog.datasets AS dataset ON dataset.id = listing.dataset_id
         WHERE step.outcome IS NULL
           AND ((step.step = 1 AND dataset.publisher_id = ANY(%(provider_ids)s))
                OR (step.step > 1 AND %(with_authority)s))
         ORDER BY step.opened_at, step.application_id
         LIMIT %(limit)s
        """,
        {
            "provider_ids": list(provider_ids),
            "with_authority": with_authority,
            "limit": OPEN_MAX,
        },
    )
    return [_step(row) for row in rows]


def _step(row: dict[str, Any]) -> DisputeStep:
    return DisputeStep(
        application_id=row["application_id"],
        round=row["round"],
        step=Step(row["step"]),
        opened_by=UserId(row["opened_by"]),
        opened_at=row["opened_at"],
        ground=row["ground"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        outcome_words=row["outcome_words"],
        reference=row["reference"],
        closed_by=UserId(row["closed_by"]) if row["closed_by"] else None,
        closed_at=row["closed_at"],
    )
