"""The newest deliveries, with the decisions that allowed them and what was held for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from policies.canonical import Plain
from policies.database import Tx


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One dataset of one receipt."""

    body: str
    at: datetime
    charge: int
    regime: str
    facts: Plain
    held: int | None
    """What was held for the whole receipt; None where nothing was."""


def newest_deliveries(tx: Tx, *, limit: int) -> list[DeliveryRow]:
    """What was delivered under agreements, newest first."""
    rows = tx.execute(
        """
        SELECT receipt.body, receipt.created_at, receipt.charge_microcredits, item.regime,
               decision.facts,
               (SELECT sum(held.amount)::bigint
                  FROM exchange.transfers AS done
                  JOIN exchange.transfers AS held ON held.id = done.pending_id
                 WHERE done.receipt_id = receipt.id
                   AND done.kind = 'post') AS held
          FROM exchange.receipt_items AS item
          JOIN exchange.receipts AS receipt ON receipt.id = item.receipt_id
          JOIN exchange.decisions AS decision ON decision.id = item.decision_id
         WHERE item.agreement_id IS NOT NULL
         ORDER BY receipt.created_at DESC, receipt.id, item.version_id
         LIMIT %(limit)s
        """,
        {"limit": limit},
    )
    return [
        DeliveryRow(
            body=row["body"],
            at=row["created_at"],
            charge=row["charge_microcredits"],
            regime=row["regime"],
            facts=row["facts"],
            held=row["held"],
        )
        for row in rows
    ]


def clause_outcomes(tx: Tx) -> dict[str, tuple[int, int]]:
    """To each clause how often it stands against a listing or request now, and how often asked."""
    rows = tx.execute(
        """
        SELECT one ->> 'clause_id' AS clause_id,
               count(*) FILTER (WHERE one ->> 'outcome' = 'failed') AS refused,
               count(*) FILTER (WHERE one ->> 'outcome' IN ('failed', 'passed')) AS asked
          FROM (SELECT judgement FROM exchange.listings
                 UNION ALL
                SELECT judgement FROM exchange.applications) AS held
         CROSS JOIN LATERAL jsonb_array_elements(held.judgement -> 'results') AS one
         GROUP BY one ->> 'clause_id'
         ORDER BY one ->> 'clause_id'
        """
    )
    return {row["clause_id"]: (row["refused"], row["asked"]) for row in rows}


def count_refusals(tx: Tx, clause_ids: Sequence[str], day: date) -> None:
    """Count one more refusal of each clause; in one order, so that two never wait in a ring."""
    tx.execute(
        """
        INSERT INTO exchange.clause_refusals (clause_id, day, times)
        SELECT clause_id, %(day)s, 1
          FROM unnest(%(ids)s::text[]) AS clause_id
         ORDER BY clause_id
            ON CONFLICT (clause_id, day) DO UPDATE
           SET times = clause_refusals.times + 1
        """,
        {"ids": list(clause_ids), "day": day},
    )


def refusals(tx: Tx) -> dict[str, int]:
    """How often each clause refused, over all days."""
    rows = tx.execute(
        """
        SELECT clause_id, sum(times)::bigint AS times
          FROM exchange.clause_refusals
         GROUP BY clause_id
         ORDER BY clause_id
        """
    )
    return {row["clause_id"]: row["times"] for row in rows}
